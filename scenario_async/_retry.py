"""Which error is worth another attempt, and after how long; tenacity does the going round.

Nothing here knows of HTTP connections: an attempt is an awaitable that gives a result or raises.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

import attrs

from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    DeadlineExceededError,
    PlanLimitError,
    RateLimitError,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from scenario_async.errors import GaveUp

_T = TypeVar("_T")
Retrying: TypeAlias = Callable[[APIError, float], Awaitable[None]]

_RETRY_COST: Final = 5
_TIMEOUT_COST: Final = 10
_SUCCESS_REFILL: Final = 1
_RETRIED_STATUSES: Final = frozenset({408, 409, 429})
_FIRST_SERVER_ERROR: Final = 500


def retryable(error: BaseException | None) -> bool:
    """Tell whether the same request may fare better the next time."""
    if isinstance(error, (PlanLimitError, DeadlineExceededError)):
        return False
    if isinstance(error, APIStatusError):
        told = error.headers.get("x-should-retry", "").strip().lower()
        if told in ("true", "false"):
            return told == "true"
        return error.status_code in _RETRIED_STATUSES or error.status_code >= _FIRST_SERVER_ERROR
    return isinstance(error, APIConnectionError) and error.transient


class RetryBudget:
    """What a client may spend on retries, so that a service in trouble is not flooded with them.

    The figures are those of the AWS SDKs' standard mode: a retry costs 5, after a timeout 10; its success gives
    that back, and a success at the first attempt gives 1. Full, it pays for so many `retries`; `False` is a budget
    without end. A 429 costs nothing, because its cool-down paces what follows, unless it asks for none.
    """

    def __init__(self, retries: int) -> None:
        self._most = math.inf if retries is False else retries * _RETRY_COST
        self._left = self._most

    def spend(self, error: BaseException | None) -> int | None:
        """Take what a retry after this error costs, and give that; None when there is too little left."""
        if isinstance(error, RateLimitError) and error.retry_after != 0:
            return 0
        cost = _TIMEOUT_COST if isinstance(error, APITimeoutError) else _RETRY_COST
        if cost > self._left:
            return None
        self._left -= cost
        return cost

    def refill(self, amount: int = _SUCCESS_REFILL) -> None:
        """Take note of a success: of a first attempt, or of a retry that had cost so much."""
        if self._left < self._most:  # two threads at once may lose a success, which costs nobody anything
            self._left = min(self._most, self._left + amount)


@attrs.frozen
class Backoff:
    """How long to wait: what the service asks for, else exponential with full jitter.

    The n-th wait is anywhere between 0 and `first * 2 ** (n - 1)` seconds, at most `longest`. `draw` gives a
    number from 0 to 1, `sleep` waits for so many seconds.
    """

    first: float = 0.5
    longest: float = 8.0
    draw: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    def wait(self, error: BaseException | None, attempts: int) -> float:
        """Give the seconds to wait after so many attempts, the last of which ended in this error."""
        asked = error.retry_after if isinstance(error, APIStatusError) else None
        if asked is not None:
            return asked
        ceiling = min(self.longest, self.first * 2.0 ** min(attempts - 1, 60))
        return self.draw() * ceiling

    async def run(
        self,
        attempt: Callable[[], Awaitable[_T]],
        *,
        max_retries: int,
        budget: RetryBudget,
        time_left: Callable[[], float],
        on_retry: Retrying,
    ) -> _T:
        """Attempt until it succeeds, cannot succeed, a wait would outlast `time_left()`, or the budget is spent.

        The last attempt's error is raised as it is; its `gave_up_because` tells which of these it was. tenacity
        is loaded by the first failure, not before.
        """
        try:
            result = await attempt()
        except APIError as error:
            if not retryable(error):
                raise
            if max_retries == 0:
                error.gave_up_because = "max_retries"
                raise
            first = error
        else:
            budget.refill()
            return result
        return await _Retries(self, attempt, max_retries, budget, time_left, on_retry, first).run()


@attrs.define
class _Retries(Generic[_T]):
    """All that follows the failure of a first attempt."""

    backoff: Backoff
    attempt: Callable[[], Awaitable[_T]]
    max_retries: int
    budget: RetryBudget
    time_left: Callable[[], float]
    on_retry: Retrying
    failed: APIError | None
    spent: int = 0

    async def run(self) -> _T:
        from tenacity import AsyncRetrying, retry_if_exception  # noqa: PLC0415 - 50 ms, and only failures need it

        async def sleep(seconds: float) -> None:
            await self.backoff.sleep(seconds)

        retrying: Any = AsyncRetrying(
            retry=retry_if_exception(retryable),
            wait=lambda state: self.backoff.wait(_error_of(state), state.attempt_number),
            stop=self._gives_up,
            before_sleep=self._tell,
            sleep=sleep,
            reraise=True,
        )
        result: _T = await retrying(self._next_attempt)
        self.budget.refill(self.spent)
        return result

    async def _next_attempt(self) -> _T:
        failed, self.failed = self.failed, None
        if failed is not None:
            raise failed
        return await self.attempt()

    def _gives_up(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        reason = self._reason(state, error)
        if reason is not None and isinstance(error, APIError):
            error.gave_up_because = reason
        return reason is not None

    def _reason(self, state: RetryCallState, error: BaseException | None) -> GaveUp | None:
        if state.attempt_number > self.max_retries:
            return "max_retries"
        if state.upcoming_sleep > self.time_left():
            return "deadline"
        spent = self.budget.spend(error)
        if spent is None:
            return "retry_budget"
        self.spent = spent
        return None

    async def _tell(self, state: RetryCallState) -> None:
        error = _error_of(state)
        if isinstance(error, APIError):
            await self.on_retry(error, state.upcoming_sleep)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
