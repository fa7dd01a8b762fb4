"""Who may try again, after which failure and after how long: tenacity asks here after every attempt that failed.

There are three reasons for another attempt: a failure that may pass (it waits, and spends the client's budget), a
kept-alive connection that turned out to be closed, and a token that was refused and can be renewed. The last two cost
nothing, and happen at once.
"""

from __future__ import annotations

import asyncio
import math
import random
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

import attrs

from scenario_async._http.failures import StaleConnectionError
from scenario_async._support.loading import LOADING
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
    from collections.abc import Awaitable, Callable

    from tenacity import AsyncRetrying, RetryCallState

    from scenario_async._calls.call import Caller
    from scenario_async.errors import GaveUp

_T = TypeVar("_T")
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
        asked = error.headers.get("x-should-retry", "").strip().lower()
        if asked in ("true", "false"):
            return asked == "true"
        return error.status_code in _RETRIED_STATUSES or error.status_code >= _FIRST_SERVER_ERROR
    return isinstance(error, APIConnectionError) and error.transient


class RetryBudget:
    """What a client may spend on retries, so that a service in trouble is not flooded with them.

    The figures are those of the AWS SDKs' standard mode: a retry costs 5, after a timeout 10; its success gives
    that back, and a success at the first attempt gives 1. Full, it pays for so many `retries`; `False` is a budget
    without end. A 429 costs nothing, because its cool-down slows down what follows, unless it asks for none.
    """

    def __init__(self, retries: int) -> None:
        self.most: float = math.inf if retries is False else retries * _RETRY_COST
        self.left = self.most

    def spend(self, error: BaseException | None) -> int | None:
        """Take what a retry after this error costs, and give that; None when there is too little left."""
        if isinstance(error, RateLimitError) and error.retry_after != 0:
            return 0
        cost = _TIMEOUT_COST if isinstance(error, APITimeoutError) else _RETRY_COST
        if cost > self.left:
            return None
        self.left -= cost
        return cost

    def refill(self, amount: int | None = None) -> None:
        """Take note of a success: of a first attempt (None), or of a retry that had cost so much."""
        # Two threads at once may lose a success, which costs nobody anything.
        self.left = min(self.most, self.left + (_SUCCESS_REFILL if amount is None else amount))


@attrs.frozen(eq=False)
class Backoff:
    """How long to wait: what the service asks for, else exponential with full jitter.

    The n-th wait is anywhere between 0 and `first * 2 ** (n - 1)` seconds, at most `longest`. `draw` gives a
    number from 0 to 1, `sleep` waits for so many seconds.
    """

    instant: ClassVar[bool] = False
    """Whether failures let nobody wait, neither here nor by a cool-down: tests set it, for all clients at once."""

    first: float = 0.5
    longest: float = 8.0
    draw: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    def asked(self, error: BaseException | None) -> float | None:
        """Give the seconds that the service asks to wait; None when it does not, or nobody is to wait."""
        return error.retry_after if isinstance(error, APIStatusError) and not self.instant else None

    def wait(self, error: BaseException | None, attempts: int) -> float:
        """Give the seconds to wait after so many attempts, the last of which ended in this error."""
        asked = self.asked(error)
        if asked is not None or self.instant:
            return asked or 0.0
        ceiling = min(self.longest, self.first * 2.0 ** min(attempts - 1, 60))
        return self.draw() * ceiling


class Retried(ABC, Generic[_T]):
    """What a call makes of its failures. tenacity asks it after each attempt that failed.

    `retries` counts those that were made, `cost` is what the last one took from the budget, None before the first.
    """

    retries = 0
    cost: int | None = None
    over_fresh_connection = False
    first_failure: APIError | None = None
    """The error of the first attempt, which is made without tenacity and raised again for it: it goes on from there."""
    _at_once = False
    _caller: Caller

    @abstractmethod
    async def attempt(self) -> _T:
        """Make one attempt; an `APIError` may be followed by another."""

    async def settled(self) -> _T | APIError:
        """Make attempt after attempt; give what the last one gave, or the error that none follows.

        The first one is made without tenacity: most calls need no more, and so neither its import nor its time.
        """
        try:
            return await self.attempt()
        except APIError as error:
            self.first_failure = error
        return _let_go(await retrying(self._caller.backoff.sleep)(_attempted, self))

    @abstractmethod
    def time_left(self) -> float:
        """How many seconds the deadline leaves."""

    @abstractmethod
    def renews_token(self, error: APIError) -> bool:
        """Tell whether the token was refused and a new one will be asked for; true once a call."""

    @abstractmethod
    async def retrying(self, error: APIError, pause: float) -> None:
        """Take note that an attempt failed and another follows after a pause."""

    def pause_after(self, error: APIError) -> float:
        """Give the seconds until another attempt, if there is to be one."""
        stale = isinstance(error, StaleConnectionError)
        self.over_fresh_connection = self.over_fresh_connection or stale  # so that it happens once a call
        self._at_once = stale or self.renews_token(error)
        return 0.0 if self._at_once else self._caller.backoff.wait(error, self.retries + 1)

    def gives_up(self, error: APIError, pause: float) -> bool:
        """Tell whether there is none, and note on the error why, if it might have helped."""
        if self._at_once:
            return False
        if not retryable(error):
            return True
        error.gave_up_because = self._reason(error, pause)
        return error.gave_up_because is not None

    async def before_pause(self, error: APIError, pause: float) -> None:
        """Count the retry."""
        if not self._at_once:
            self.retries += 1
            await self.retrying(error, pause)

    def _reason(self, error: APIError, pause: float) -> GaveUp | None:
        if self.retries >= self._caller.settings.max_retries:
            return "max_retries"
        if pause > self.time_left():
            return "deadline"
        cost = self._caller.budget.spend(error)
        if cost is None:
            return "retry_budget"
        self.cost = cost
        return None


@cache
def retrying(sleep: Callable[[float], Awaitable[object]]) -> AsyncRetrying:
    """Give what makes attempt after attempt of a call: an async function of a `Retried`, which is its one argument.

    It gives what the function gives, or the error that no attempt follows. One serves all calls, as it keeps nothing
    of them between two attempts; one for each would stay alive in a cycle, with its call, until the collector comes.
    """
    with LOADING:
        from tenacity import AsyncRetrying, retry_if_exception_type  # noqa: PLC0415 - an import has no need of it

    return AsyncRetrying(
        retry=retry_if_exception_type(APIError),
        wait=lambda state: _call_of(state).pause_after(_error_of(state)),
        stop=lambda state: _call_of(state).gives_up(_error_of(state), state.upcoming_sleep),
        before_sleep=_before_sleep,
        sleep=cast("Any", sleep),  # which gives nothing in tenacity's types, and is awaited all the same
        retry_error_callback=_error_of,
    )


async def _attempted(call: Retried[_T]) -> _T:
    """Make another attempt, or fail as the first one did."""
    failure, call.first_failure = call.first_failure, None
    try:
        if failure is not None:
            raise failure
        return await call.attempt()
    finally:
        del failure  # it holds this frame, which would hold it


def _call_of(state: RetryCallState) -> Retried[Any]:
    call: Retried[Any] = state.args[0]
    return call


def _error_of(state: RetryCallState) -> APIError:
    """Give the error of an attempt, without the frame of tenacity that caught it, which holds this very state."""
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, APIError)  # noqa: S101 - of no other is anybody asked
    trace = error.__traceback__
    if trace is not None and trace.tb_frame.f_globals["__name__"].startswith("tenacity"):
        error.__traceback__ = trace.tb_next
    return error


def _let_go(outcome: _T | APIError) -> _T | APIError:
    """Give what tenacity gave, and empty its frame, which has ended.

    From Python 3.12 on, the frames of an error keep alive the frame that called them: this one holds the error.
    """
    trace = outcome.__traceback__ if isinstance(outcome, APIError) else None
    caller = None if trace is None else trace.tb_frame.f_back
    if caller is not None and caller.f_globals["__name__"].startswith("tenacity"):
        caller.clear()
    return outcome


async def _before_sleep(state: RetryCallState) -> None:
    await _call_of(state).before_pause(_error_of(state), state.upcoming_sleep)
