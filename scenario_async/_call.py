"""One call, from the first wait to the whole reply: signing, admission, attempts, deadline."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Final

import attrs

from scenario_async import _transport
from scenario_async._limits import Admission
from scenario_async._retry import Backoff
from scenario_async._signing import Signer
from scenario_async._transport import Pool
from scenario_async._wire import Reply, Request, status_error
from scenario_async.errors import (
    APIError,
    APIStatusError,
    APITimeoutError,
    CleanFrames,
    DeadlineExceededError,
    PlanLimitError,
    RateLimitError,
)

if TYPE_CHECKING:
    import aiohttp

    from scenario_async.settings import Secret, Settings

_LOG: Final = logging.getLogger("scenario_async")
_LOG.addHandler(logging.NullHandler())
_FIRST_ERROR_STATUS: Final = 300


@attrs.frozen
class Rules:
    """What of the settings each call looks at; not the settings themselves, which are the client that owns the caller."""

    timeout: float
    deadline: float | None
    max_retries: int
    max_response_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Take them from the settings."""
        return cls(settings.timeout, settings.deadline, settings.max_retries, settings.max_response_bytes)


@attrs.frozen(eq=False)
class Caller:
    """Makes calls for one client; `pool` and the parts of `admission` may be shared with others."""

    rules: Rules
    pool: Pool
    admission: Admission
    signer: Signer
    backoff: Backoff = attrs.field(factory=Backoff)

    @classmethod
    def of(cls, settings: Settings) -> Caller:
        """Make a caller that shares nothing."""
        admission = Admission.of(settings.max_concurrency, settings.rate_limit)
        return cls(Rules.of(settings), Pool(settings.session), admission, Signer(settings))

    async def call(self, request: Request) -> Reply:
        """Give the reply, which has a status below 300, or raise an `APIError` without frames of ours."""
        call = _Call(self, request)
        with CleanFrames():
            try:
                reply = await call.within_deadline()
            except APIError as error:
                call.describe(error)
                _LOG.info("%s %s failed: %s", request.method, request.place, error)
                raise
        _LOG.info(
            "%s %s -> %s in %.3f s, %s attempts, request id %s",
            request.method, request.place, reply.status, reply.elapsed, reply.attempts, reply.request_id,
        )  # fmt: skip
        return reply


class _Call:
    """What one call knows of itself."""

    def __init__(self, caller: Caller, request: Request) -> None:
        rules = caller.rules
        self._caller = caller
        self._request = request
        self._timeout = rules.timeout if request.timeout is None else request.timeout
        self._deadline = rules.deadline if request.deadline is None else request.deadline
        self._now = asyncio.get_running_loop().time
        self._started = self._now()
        self._attempt_seconds: list[float] = []
        self._token_renewed = False

    async def within_deadline(self) -> Reply:
        limit = asyncio.timeout(self._deadline)
        try:
            async with limit:
                reply = await self._caller.backoff.run(
                    self._attempt,
                    max_retries=self._caller.rules.max_retries,
                    time_left=self._time_left,
                    on_retry=self._on_retry,
                )
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"the call outlasted its deadline of {self._deadline} s"
        else:
            return attrs.evolve(
                reply, attempts=len(self._attempt_seconds), elapsed=self._now() - self._started
            )
        raise DeadlineExceededError(message)

    def describe(self, error: APIError) -> None:
        self._caller.signer.hide_in(error)
        error.method = self._request.method
        error.url = self._request.place
        error.attempts = len(self._attempt_seconds)
        error.attempt_seconds = tuple(self._attempt_seconds)
        error.elapsed = self._now() - self._started

    async def _attempt(self) -> Reply:
        signer = self._caller.signer
        while True:
            authorization = await signer.authorization()
            async with self._caller.admission.admitted(self._time_left):
                session = await self._caller.pool.session()
                reply = await self._timed(session, authorization)
            if reply.status < _FIRST_ERROR_STATUS:
                return reply
            error = status_error(reply)
            if not self._token_renewed and signer.renews(error, authorization):
                self._token_renewed = True
                continue
            if (
                isinstance(error, RateLimitError)
                and not isinstance(error, PlanLimitError)
                and error.retry_after
            ):
                self._caller.admission.hold_back(error.retry_after)
            raise error

    async def _timed(self, session: aiohttp.ClientSession, authorization: Secret | None) -> Reply:
        """Send once, within `timeout`; the clock starts here, with a slot in hand."""
        began = self._now()
        most_bytes = self._caller.rules.max_response_bytes
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await _transport.send(session, self._request, authorization, most_bytes=most_bytes)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._attempt_seconds.append(self._now() - began)
        raise APITimeoutError(f"the attempt outlasted its timeout of {self._timeout} s")

    def _time_left(self) -> float:
        return math.inf if self._deadline is None else self._started + self._deadline - self._now()

    def _on_retry(self, error: APIError, wait: float) -> None:
        if isinstance(error, RateLimitError) and error.retry_after is None:
            self._caller.admission.hold_back(wait)
        status = f" (status {error.status_code})" if isinstance(error, APIStatusError) else ""
        _LOG.debug(
            "%s %s: %s%s, next attempt in %.2f s",
            self._request.method, self._request.place, type(error).__name__, status, wait,
        )  # fmt: skip
