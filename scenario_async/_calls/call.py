"""One call, from the first wait to the whole reply: deadline, token, admission, attempts, retries, report."""

from __future__ import annotations

import asyncio
import math
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from scenario_async._calls.admission import Admission, Passage, slots_of
from scenario_async._calls.coalescing import Flights
from scenario_async._calls.retries import Backoff, Retried, RetryBudget, retryable
from scenario_async._http.advice import advice
from scenario_async._http.failures import StaleConnectionError, closed_meanwhile
from scenario_async._http.reply import Reply, request_id, status_error
from scenario_async._http.signing import Signer
from scenario_async._http.transport import Answer, Pool
from scenario_async._observing.observer import Observer
from scenario_async._support.lifetimes import no_loop
from scenario_async._support.network import Network
from scenario_async.errors import (
    FIRST_ERROR_STATUS,
    APIError,
    APITimeoutError,
    DeadlineExceededError,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
)
from scenario_async.settings import CREDENTIALS, signs

if TYPE_CHECKING:
    from scenario_async._http.request import Request
    from scenario_async._http.transport import Sessions
    from scenario_async._support.lifetimes import PerLoop
    from scenario_async._support.secret import Secret
    from scenario_async.settings import Settings

_LONG_PAGES_A_ROUND: Final = 4
_FRESH_TOKEN: Final = 10.0  # of the 60 seconds that the service's tokens live
_NO_CLOCK: Final = asyncio.Timeout(None)
"""Takes the place of a call's own clock when the call is over, as that one would keep the whole task alive."""


@attrs.frozen(eq=False)
class Caller:
    """Makes calls for one client: its settings, and the parts that it may share with others."""

    settings: Settings = attrs.field(repr=False)
    pool: Pool
    admission: Admission
    signer: Signer
    budget: RetryBudget
    network: Network
    flights: Flights | None
    backoff: Backoff = attrs.field(factory=Backoff)
    turns: PerLoop[asyncio.Semaphore] = attrs.field(factory=lambda: slots_of(_LONG_PAGES_A_ROUND))
    closed: threading.Event = attrs.field(factory=threading.Event)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Make a caller that shares nothing."""
        return cls(
            settings=settings,
            pool=Pool(settings.session),
            admission=Admission(slots_of(settings.max_concurrency), rate_limit=settings.rate_limit),
            signer=Signer(settings),
            budget=RetryBudget(settings.retry_budget),
            network=Network.of(
                settings.base_url, settings.proxy, settings.ssl, environment=settings.session is None
            ),
            flights=Flights() if settings.coalesce else None,
        )

    def sharing(self, settings: Settings, changed: set[str]) -> Self:
        """Make a caller with other settings that shares all parts which do not depend on what changed."""
        fresh = self.of(settings)
        signs_anew = changed & {*CREDENTIALS} or (
            "default_headers" in changed and signs(settings.default_headers)
        )
        admission = Admission(
            slots=fresh.admission.slots if "max_concurrency" in changed else self.admission.slots,
            cool_down=self.admission.cool_down,
            rate_limit=settings.rate_limit,
            queue=fresh.admission.queue if "rate_limit" in changed else self.admission.queue,
        )
        return attrs.evolve(
            fresh,
            pool=fresh.pool if "session" in changed else self.pool,
            admission=admission,
            signer=fresh.signer if signs_anew else self.signer,
            budget=fresh.budget if "retry_budget" in changed else self.budget,
            backoff=self.backoff,
            turns=self.turns,
        )

    @property
    def is_closed(self) -> bool:
        """Whether the client makes no more calls: it was closed, or its connections were."""
        return self.closed.is_set() or self.pool.closed

    def check_open(self) -> None:
        """Raise `ScenarioError` if the client makes no more calls."""
        if self.closed.is_set() or self.pool.closed:
            raise ScenarioError("this client is closed")

    async def search(self, request: Request) -> Reply:
        """Make the call of a search, which may share the reply of an identical one."""
        if self.flights is None:
            return await Call(self, request).reply()
        return await self.flights.send(request, self.call)

    async def call(self, request: Request) -> Reply:
        """Give the reply, which has a status below 300, or raise an `APIError`."""
        return await Call(self, request).reply()


class Call(Retried["Answer | BaseException"]):
    """One call: what it asks for, what it waits for, and what it has tried so far."""

    def __init__(self, caller: Caller, request: Request) -> None:
        settings = caller.settings
        self._caller = caller
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise no_loop() from None
        self._began = self._loop.time()
        self._timeout = settings.timeout if request.timeout is None else request.timeout
        self._deadline = settings.deadline if request.deadline is None else request.deadline
        self._clock = asyncio.timeout(self._deadline)
        self._passage = Passage(caller.admission, self._clock)
        self._observer = Observer(settings, request)
        self._request = self._observer.request
        self._attempts: list[float] = []
        self._signed_with: Secret | None = None
        self._token_renewed = False
        self._request_id: str | None = None
        self._failed: APIError | None = None
        self._paused_since = math.inf
        self._doing = "before it could leave"

    async def reply(self) -> Reply:
        """Make the call within its deadline, and report how it ended."""
        outcome: Answer | Reply | BaseException | None = None
        self._caller.check_open()
        self._caller.pool.calls.add(self)
        try:
            async with self._clock:
                outcome = await self.settled()
                if isinstance(outcome, Answer):
                    outcome = self._replied(outcome)
                elif isinstance(outcome, asyncio.CancelledError):
                    raise outcome  # noqa: TRY301 - the clock is to see it
        except TimeoutError as error:
            outcome = None if self._clock.expired() else error
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            outcome = error
        self._caller.pool.calls.discard(self)
        outcome = outcome or self._why_it_ended()
        self._end_pause()
        self._failed = None  # its frames hold this call
        self._clock = self._passage.clock = _NO_CLOCK  # the other holds this task, which may hold an error
        if isinstance(outcome, APIError):
            self._describe(outcome)
            outcome.hint = outcome.hint or advice(
                outcome, self._caller.settings, self._request, self._signed_with
            )
        self._observer.ended(outcome, self._times())
        if isinstance(outcome, Reply):
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # it holds this frame, which would hold it

    async def attempt(self) -> Answer | BaseException:
        """Make one attempt, and give what no other may follow: raised, it would stay in a cycle with tenacity's state."""
        try:
            return await self._attempt()
        except APIError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again in `reply`
            return error

    async def _attempt(self) -> Answer:
        """Make one attempt: sign it, wait for admission, send it, and judge what comes back."""
        caller, passage, observer = self._caller, self._passage, self._observer
        self._end_pause()
        self._signed_with = None
        self._signed_with = await caller.signer.authorization()
        self._doing = "while it waited for its turn"
        async with passage:
            if self._token_renewed:  # it may have expired in the queue, and no call renews one twice
                self._doing = "while it asked for a token"
                self._signed_with = await caller.signer.authorization(max_age=_FRESH_TOKEN)
            sessions = await caller.pool.sessions()
            number = len(self._attempts) + 1
            self._doing = f"before attempt {number}"
            await observer.sending(number, self._times())
            await passage.starts()
            self._signed_with = caller.signer.latest(self._signed_with)
            self._doing = f"in attempt {number}"
            answer = await self._sent(sessions)
        self._doing = f"after attempt {number}"
        self._request_id = request_id(answer.headers)
        if self._request_id is not None:
            self._request_id = caller.signer.hidden_in(self._request_id)
        error = None if answer.status < FIRST_ERROR_STATUS else status_error(answer)
        if isinstance(error, RateLimitError) and not isinstance(error, PlanLimitError):
            await caller.admission.hold_back(caller.backoff.asked(error) or 0)
        await observer.answered(number, answer, self._attempts[-1], self._request_id)
        if error is None:
            return answer
        try:
            raise error
        finally:
            del error  # it holds this frame, which would hold it

    async def _sent(self, sessions: Sessions) -> Answer:
        """Send once, within `timeout`: the clock starts here, with a slot in hand."""
        outcome: Answer | BaseException
        clock = asyncio.timeout(self._timeout)
        began = self._loop.time()
        try:
            async with clock:
                outcome = await sessions.send(
                    self._request,
                    self._signed_with,
                    network=self._caller.network,
                    most_bytes=self._caller.settings.max_response_bytes,
                    fresh=self.over_fresh_connection,
                )
        except TimeoutError as error:
            outcome = error
            if clock.expired():
                outcome = APITimeoutError(f"the attempt outlasted its timeout of {self._timeout} s")
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            outcome = error
        self._passage.ends()
        if not isinstance(outcome, StaleConnectionError):  # which counts as no attempt
            self._attempts.append(self._loop.time() - began)
            self._observer.attempted(len(self._attempts), self._attempts[-1], outcome)
        if isinstance(outcome, Answer):
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # it holds this frame, which would hold it

    def time_left(self) -> float:
        """How many seconds the deadline leaves."""
        return self._passage.time_left()

    def renews_token(self, error: APIError) -> bool:
        """Tell whether the token was refused and a new one will be asked for; true once a call."""
        renews = self._signed_with is not None and self._caller.signer.renews(error, self._signed_with)
        first, self._token_renewed = not self._token_renewed, self._token_renewed or renews
        return renews and first

    async def retrying(self, error: APIError, pause: float) -> None:
        """Take note that an attempt failed and another follows after a pause."""
        self._describe(error)
        self._failed = error
        self._doing = "while it waited to try again"
        if isinstance(error, RateLimitError) and error.retry_after is None:
            await self._caller.admission.hold_back(pause)
        await self._observer.retrying(len(self._attempts), error, pause)
        self._paused_since = self._loop.time()

    def _end_pause(self) -> None:
        """Count a pause after a 429 as what it was: a cool-down."""
        if isinstance(self._failed, RateLimitError):
            self._passage.count("cool_down", self._paused_since)
        self._paused_since = math.inf

    def client_closed(self) -> None:
        """End the call, from whatever thread."""

        def end() -> None:
            with suppress(RuntimeError):  # it has ended meanwhile
                self._clock.reschedule(self._loop.time())

        with suppress(RuntimeError):  # its loop was closed over it
            self._loop.call_soon_threadsafe(end)

    def _why_it_ended(self) -> APIError:
        """Give the error of a call whose clock struck: by its deadline, a cool-down, or the end of its client."""
        if self._caller.pool.closed:
            return closed_meanwhile()
        if self._passage.refused is not None:
            return self._passage.refused
        late = DeadlineExceededError(f"the call outlasted its deadline of {self._deadline} s {self._doing}")
        late.retry_after = self._caller.admission.cool_down.left() or None
        if self._failed is not None:
            late.__cause__ = self._failed
        return late

    def _replied(self, answer: Answer) -> Reply:
        budget = self._caller.budget
        if budget.left < budget.most:
            budget.refill(self.cost)
        return Reply(
            status=answer.status,
            headers=answer.headers,
            request_id=self._request_id,
            method=self._request.method,
            url=self._request.address,
            content=answer.content,
            call_id=self._observer.call_id,
            **self._times(),
        )

    def _describe(self, error: APIError) -> None:
        """Tell in an error of which call it is, and what became of that."""
        self._caller.signer.hide_in(error)
        error.method, error.url = self._request.method, self._request.address
        if error.request_id is not None:
            error.request_id = self._caller.signer.hidden_in(error.request_id)
        for name, value in self._times().items():
            setattr(error, name, value)
        error.retryable = retryable(error) or isinstance(error, DeadlineExceededError)

    def _times(self) -> dict[str, Any]:
        """Give `CALL_TIMES`, as they are now."""
        waited = self._passage.waited
        return {
            "attempts": len(self._attempts),
            "attempt_seconds": tuple(self._attempts),
            "waited_for_slot": waited["slot"],
            "waited_for_quota": waited["quota"],
            "waited_for_cool_down": waited["cool_down"],
            "elapsed": self._loop.time() - self._began,
        }
