"""Which error is worth another attempt, and after how long; tenacity does the going round.

Nothing here knows of HTTP connections: an attempt is an awaitable that gives a result or raises.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import attrs

from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    DeadlineExceededError,
    PlanLimitError,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

_T = TypeVar("_T")
OnRetry: TypeAlias = Callable[[APIError, float], None]

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
    return isinstance(error, APIConnectionError)


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
        time_left: Callable[[], float],
        on_retry: OnRetry,
    ) -> _T:
        """Attempt until it succeeds, cannot succeed, or a wait would outlast `time_left()`.

        The last attempt's error is raised as it is. tenacity is loaded by the first failure, not before.
        """
        try:
            return await attempt()
        except APIError as error:
            if max_retries == 0 or not retryable(error):
                raise
            first = error
        return await self._run_again(first, attempt, max_retries, time_left, on_retry)

    async def _run_again(
        self,
        failed: APIError,
        attempt: Callable[[], Awaitable[_T]],
        max_retries: int,
        time_left: Callable[[], float],
        on_retry: OnRetry,
    ) -> _T:
        from tenacity import AsyncRetrying, retry_if_exception  # noqa: PLC0415 - 50 ms, and only failures need it

        past: list[APIError] = [failed]

        async def next_attempt() -> _T:
            if past:
                raise past.pop()
            return await attempt()

        def spent(state: RetryCallState) -> bool:
            return state.attempt_number > max_retries or state.upcoming_sleep > time_left()

        def tell(state: RetryCallState) -> None:
            error = _error_of(state)
            if isinstance(error, APIError):
                on_retry(error, state.upcoming_sleep)

        async def sleep(seconds: float) -> None:
            await self.sleep(seconds)

        retrying: Any = AsyncRetrying(
            retry=retry_if_exception(retryable),
            wait=lambda state: self.wait(_error_of(state), state.attempt_number),
            stop=spent,
            before_sleep=tell,
            sleep=sleep,
            reraise=True,
        )
        result: _T = await retrying(next_attempt)
        return result


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
