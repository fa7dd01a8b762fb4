"""One call, from the first wait to the whole reply: signing, admission, attempts, deadline."""

from __future__ import annotations

import asyncio
import math
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from scenario_async import _transport
from scenario_async._coalescing import Flights
from scenario_async._limits import Admission, Waiting
from scenario_async._loops import PerLoop
from scenario_async._network import Network
from scenario_async._observing import Hooks, Observer
from scenario_async._retry import Backoff, RetryBudget, retryable
from scenario_async._signing import Signer
from scenario_async._transport import Pool
from scenario_async._wire import Reply, Request, status_error
from scenario_async.errors import (
    APIError,
    APITimeoutError,
    CleanFrames,
    DeadlineExceededError,
    PlanLimitError,
    RateLimitError,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._secret import Secret
    from scenario_async._transport import Sessions
    from scenario_async.settings import Settings

_FIRST_ERROR_STATUS: Final = 300
_T = TypeVar("_T")


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
    """Makes calls for one client; `pool`, `budget` and the parts of `admission` may be shared with others."""

    rules: Rules
    pool: Pool
    admission: Admission
    signer: Signer
    budget: RetryBudget
    hooks: Hooks
    network: Network
    flights: Flights | None
    backoff: Backoff = attrs.field(factory=Backoff)
    turns: PerLoop[asyncio.Lock] = attrs.field(factory=lambda: PerLoop(asyncio.Lock))

    @classmethod
    def of(cls, settings: Settings) -> Caller:
        """Make a caller that shares nothing."""
        return cls(
            rules=Rules.of(settings),
            pool=Pool(settings.session),
            admission=Admission.of(settings.max_concurrency, settings.rate_limit),
            signer=Signer(settings),
            budget=RetryBudget(settings.retry_budget),
            hooks=Hooks.of(settings),
            network=Network.of(
                settings.base_url, settings.proxy, settings.ssl, environment=settings.session is None
            ),
            flights=Flights() if settings.coalesce else None,
        )

    async def call(self, request: Request) -> Reply:
        """Give the reply, which has a status below 300, or raise an `APIError` without frames of ours."""
        with CleanFrames():
            return await _Call(self, request).run()

    async def search(self, request: Request) -> Reply:
        """Make the call of a search, which may share the reply of an identical one."""
        if self.flights is None:
            return await self.call(request)
        with CleanFrames():
            return await self.flights.send(request, self.call)

    async def in_turn(self, work: Callable[[], _T]) -> _T:
        """Do work that takes a millisecond, once in each round of the loop, so that others get a word in."""
        turn = self.turns.get()
        await turn.acquire()
        try:
            return work()
        finally:
            asyncio.get_running_loop().call_soon(turn.release)


class _Call:
    """What one call knows of itself."""

    def __init__(self, caller: Caller, request: Request) -> None:
        rules = caller.rules
        self._caller = caller
        self._timeout = rules.timeout if request.timeout is None else request.timeout
        self._deadline = rules.deadline if request.deadline is None else request.deadline
        self._now = asyncio.get_running_loop().time
        self._started = self._now()
        self._attempt_seconds: list[float] = []
        self._waiting = Waiting()
        self._token_renewed = False
        self._failed: APIError | None = None
        self._doing = "before it could leave"
        self._observer = Observer(caller.hooks, request, self._waiting)
        traced = self._observer.headers()
        self._request = attrs.evolve(request, headers=traced | request.headers) if traced else request

    async def run(self) -> Reply:
        reply: Reply | None = None
        failure: BaseException | None = None
        try:
            reply = await self._within_deadline()
        except APIError as error:
            failure = error
            self._describe(error)
            raise
        except BaseException as error:
            failure = error
            raise
        else:
            return reply
        finally:
            self._observer.over(reply, failure, self._now() - self._started)
            del failure  # it holds this frame, which holds it

    async def _within_deadline(self) -> Reply:
        limit = asyncio.timeout(self._deadline)
        try:
            async with limit if self._deadline is not None else nullcontext():
                reply = await self._caller.backoff.run(
                    self._attempt,
                    max_retries=self._caller.rules.max_retries,
                    budget=self._caller.budget,
                    time_left=self._time_left,
                    on_retry=self._on_retry,
                )
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"the call outlasted its deadline of {self._deadline} s {self._doing}"
        else:
            return attrs.evolve(
                reply,
                attempts=len(self._attempt_seconds),
                attempt_seconds=tuple(self._attempt_seconds),
                elapsed=self._now() - self._started,
                queued=self._waiting.queued.seconds,
            )
        late = DeadlineExceededError(message)
        late.retry_after = self._caller.admission.cool_down.left() or None
        raise late from self._failed

    def _describe(self, error: APIError) -> None:
        self._caller.signer.hide_in(error)
        error.method = self._request.method
        error.url = self._request.place
        error.attempts = len(self._attempt_seconds)
        error.attempt_seconds = tuple(self._attempt_seconds)
        error.queued = self._waiting.queued.seconds
        error.elapsed = self._now() - self._started
        error.retryable = retryable(error) or isinstance(error, DeadlineExceededError)

    async def _attempt(self) -> Reply:
        signer, admission = self._caller.signer, self._caller.admission
        while True:
            authorization = await signer.authorization()
            self._doing = "while it waited for its turn"
            async with admission.admitted(self._time_left, self._waiting) as let_go:
                sessions = await self._caller.pool.sessions()
                number = len(self._attempt_seconds) + 1
                self._doing = f"before attempt {number}"
                await self._observer.leaving()
                await let_go.renewed()
                self._doing = f"in attempt {number}"
                reply = await self._timed(sessions, authorization, let_go.leaves)
                while reply is None:
                    await let_go.again()
                    reply = await self._timed(sessions, authorization, let_go.leaves, fresh=True)
            self._doing = f"after attempt {number}"
            error = None if reply.status < _FIRST_ERROR_STATUS else status_error(reply)
            if isinstance(error, RateLimitError) and not isinstance(error, PlanLimitError):
                await admission.hold_back(error.retry_after or 0)
            await self._observer.answered(reply, self._attempt_seconds[-1])
            if error is None:
                return reply
            if self._token_renewed or not signer.renews(error, authorization):
                raise error
            self._token_renewed = True

    async def _timed(
        self,
        sessions: Sessions,
        authorization: Secret | None,
        on_leaving: Callable[[], None] | None,
        *,
        fresh: bool = False,
    ) -> Reply | None:
        """Send once, within `timeout`; the clock starts here, with a slot in hand. None is no attempt: see `send`."""
        began = self._now()
        reply: Reply | None = None
        failure: BaseException | None = None
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                reply = await _transport.send(
                    sessions,
                    self._request,
                    authorization,
                    network=self._caller.network,
                    most_bytes=self._caller.rules.max_response_bytes,
                    on_leaving=on_leaving,
                    fresh=fresh,
                )
                return reply and self._caller.signer.hidden_in(reply)
        except TimeoutError as error:
            failure = error
            if not limit.expired():
                raise
        except BaseException as error:
            failure = error
            raise
        finally:
            if reply is not None or failure is not None:
                self._attempt_seconds.append(self._now() - began)
                status = None if reply is None else reply.status
                self._observer.ended(self._attempt_seconds[-1], status=status, error=failure)
            del failure  # it holds this frame, which holds it
        raise APITimeoutError(f"the attempt outlasted its timeout of {self._timeout} s")

    def _time_left(self) -> float:
        return math.inf if self._deadline is None else self._started + self._deadline - self._now()

    async def _on_retry(self, error: APIError, wait: float) -> None:
        self._describe(error)
        self._failed = without_frames(error)
        self._doing = "while it waited to try again"
        if isinstance(error, RateLimitError) and error.retry_after is None:
            await self._caller.admission.hold_back(wait)
        await self._observer.retrying(error, wait)
