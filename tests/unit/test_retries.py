"""Retries: which errors, how often, and after how long, on an event loop where time is free."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import itertools
import math
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limiters.timeless import now, timeless
from multidict import CIMultiDict

from scenario_async import AsyncScenario, testing
from scenario_async._calls.retries import Backoff, Retried, RetryBudget, retryable, retrying
from scenario_async._http.failures import StaleConnectionError
from scenario_async.errors import (
    STATUS_ERRORS,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    DeadlineExceededError,
    InternalServerError,
    InvalidSearchError,
    PlanLimitError,
    ScenarioError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._calls.call import Caller

QUICK = settings(max_examples=80, deadline=None)
instant_retries = testing.instant_retries


def status(
    code: int, cls: type[APIStatusError] | None = None, wait: float | None = None, **headers: str
) -> APIStatusError:
    """Give the error of a status."""
    chosen = cls or STATUS_ERRORS.get(code, InternalServerError if code >= 500 else APIStatusError)
    own = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return chosen(f"{code}", status_code=code, headers=own, retry_after=wait)


class Trial(Retried[str]):
    """A call whose attempts fail as they are told to."""

    def __init__(
        self,
        *errors: BaseException,
        max_retries: int = 2,
        draw: float = 0.5,
        deadline: float = math.inf,
        budget: RetryBudget | None = None,
    ) -> None:
        self.errors = list(errors)
        self.budget = budget or RetryBudget(100)
        self.came_at: list[float] = []
        self.told: list[tuple[APIError, float]] = []
        self.fresh: list[bool] = []
        self._ends_at = now() + deadline
        self._renewed = False
        self._caller = cast(
            "Caller",
            SimpleNamespace(
                backoff=Backoff(draw=lambda: draw),
                budget=self.budget,
                settings=SimpleNamespace(max_retries=max_retries),
            ),
        )

    async def attempt(self) -> str:
        """Fail as long as there are errors left."""
        self.came_at.append(now())
        self.fresh.append(self.over_fresh_connection)
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def time_left(self) -> float:
        """How many seconds the deadline leaves."""
        return self._ends_at - now()

    def renews_token(self, error: APIError) -> bool:
        """Renew it once."""
        renews = isinstance(error, AuthenticationError) and "token" in error.message and not self._renewed
        self._renewed |= renews
        return renews

    async def retrying(self, error: APIError, pause: float) -> None:
        """Take note of a retry."""
        self.told.append((error, pause))

    async def run(self) -> str:
        """Run to the end, and raise the error that no attempt follows."""
        outcome = await self.settled()
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, str)
        return outcome

    @property
    def pauses(self) -> list[float]:
        """The seconds between attempts."""
        return [round(later - earlier, 6) for earlier, later in itertools.pairwise(self.came_at)]


RETRIED: list[Callable[[], APIError]] = [
    lambda: APIConnectionError("x"),
    lambda: APITimeoutError("x"),
    lambda: status(408),
    lambda: status(409),
    lambda: status(429),
    lambda: status(500),
    lambda: status(502),
    lambda: status(503),
    lambda: status(599),
    lambda: status(400, x_should_retry="true"),
    lambda: status(404, X_Should_Retry=" TRUE "),
    lambda: status(500, x_should_retry="perhaps"),
]


def _lasting() -> APIConnectionError:
    error = APIConnectionError("a certificate that is not trusted")
    error.transient = False
    return error


FINAL: list[Callable[[], BaseException]] = [
    lambda: status(300),
    lambda: status(302),
    lambda: status(400),
    lambda: status(401),
    lambda: status(402),
    lambda: status(403),
    lambda: status(404),
    lambda: status(410),
    lambda: status(422),
    lambda: status(429, x_should_retry="false"),
    lambda: status(500, X_Should_Retry="False"),
    lambda: status(400, x_should_retry="1"),
    lambda: status(429, PlanLimitError),
    lambda: status(429, PlanLimitError, wait=1.0),
    lambda: status(429, PlanLimitError, x_should_retry="true"),
    _lasting,
    lambda: DeadlineExceededError("x"),
    lambda: APIResponseValidationError("x"),
    lambda: InvalidSearchError("x"),
    lambda: ScenarioError("x"),
    lambda: ValueError("x"),
    TimeoutError,
    asyncio.CancelledError,
    KeyboardInterrupt,
]


@pytest.mark.parametrize("make", RETRIED)
@timeless
async def test_passing_errors_are_retried(make: Callable[[], APIError]) -> None:
    """What may pass is tried again, and the result of the last attempt counts."""
    assert retryable(make())
    trial = Trial(make(), make())
    assert await trial.run() == "done"
    assert len(trial.came_at) == 3
    assert [type(error) for error, _ in trial.told] == [type(make())] * 2
    assert [pause for _, pause in trial.told] == trial.pauses


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("make", FINAL)
@timeless
async def test_other_errors_are_the_end(make: Callable[[], BaseException], before: int) -> None:
    """What would fail again, and what is none of ours, is raised as it is, first or after a retry."""
    error = make()
    assert not retryable(error)
    trial = Trial(*[status(503)] * before, error)
    with pytest.raises(type(error)) as caught:
        await trial.run()
    assert caught.value is error
    assert (len(trial.came_at), len(trial.told)) == (before + 1, before)
    assert getattr(error, "gave_up_because", None) is None


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
@timeless
async def test_attempts_are_counted(max_retries: int) -> None:
    """There are `max_retries` attempts after the first, and the last error is raised as it is."""
    errors = [status(503) for _ in range(10)]
    trial = Trial(*errors, max_retries=max_retries)
    with pytest.raises(InternalServerError) as caught:
        await trial.run()
    assert len(trial.came_at) == max_retries + 1
    assert caught.value is errors[max_retries]


@timeless
async def test_waits_grow_to_a_ceiling() -> None:
    """Drawn at their longest, waits double from half a second to eight seconds."""
    trial = Trial(*[status(503)] * 8, draw=1.0, max_retries=8)
    assert await trial.run() == "done"
    assert trial.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


@QUICK
@given(draw=st.floats(0, 1), attempts=st.integers(1, 10_000))
def test_jitter_is_full(draw: float, attempts: int) -> None:
    """A wait lies anywhere between nothing and its ceiling, in proportion to the draw."""
    wait = Backoff(draw=lambda: draw).wait(status(503), attempts)
    ceiling = min(8.0, 0.5 * 2.0 ** min(attempts - 1, 10))
    assert wait == pytest.approx(draw * ceiling)


@pytest.mark.parametrize("wait", [0.0, 0.25, 120.0])
@timeless
async def test_what_the_service_asks_for_is_kept(wait: float) -> None:
    """A wait in the headers is kept exactly, longer than the longest of ours too."""
    trial = Trial(status(429, wait=wait), status(503, wait=wait), draw=0.9)
    assert await trial.run() == "done"
    assert trial.pauses == [wait, wait]


@pytest.mark.parametrize(
    ("errors", "deadline", "attempts", "pauses"),
    [
        ([status(429, wait=5.0)], 4.9, 1, []),
        ([status(429, wait=5.0)], 5.1, 2, [5.0]),
        ([status(429, wait=3.0), status(429, wait=3.0)], 5.0, 2, [3.0]),
        ([status(503)], 0.4, 1, []),
        ([status(503)], 0.6, 2, [0.5]),
        ([status(503), status(503)], 1.2, 2, [0.5]),
    ],
)
@timeless
async def test_a_wait_that_does_not_fit_is_the_end(
    errors: list[APIError], deadline: float, attempts: int, pauses: list[float]
) -> None:
    """Where the deadline is nearer than the end of a wait, the error comes at once instead."""
    trial = Trial(*errors, draw=1.0, deadline=deadline, max_retries=5)
    if attempts > len(errors):
        assert await trial.run() == "done"
    else:
        with pytest.raises(APIError) as caught:
            await trial.run()
        assert caught.value is errors[attempts - 1]
        assert caught.value.gave_up_because == "deadline"
    assert trial.pauses == pauses


@timeless
async def test_what_costs_nothing_happens_at_once() -> None:
    """A closed connection and a token to be renewed are no retries: no wait, no charge, and no limit reached."""
    refused = status(401)
    refused.message = "the token has expired"
    trial = Trial(StaleConnectionError("x"), refused, status(503), max_retries=1, budget=RetryBudget(1))
    assert await trial.run() == "done"
    assert trial.pauses == [0, 0, 0.25]
    assert trial.fresh == [False, True, True, True]
    assert (trial.retries, len(trial.told), trial.budget.left) == (1, 1, 0)


@timeless
async def test_cancelled_while_waiting() -> None:
    """A call that is cancelled in a wait makes no further attempt."""
    trial = Trial(status(503, wait=60.0))
    running = asyncio.create_task(trial.run())
    await asyncio.sleep(30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(trial.came_at) == 1


@timeless
async def test_calls_at_the_same_time_count_for_themselves() -> None:
    """What retries is one object for all calls, and keeps nothing of them."""
    assert retrying(asyncio.sleep) is retrying(asyncio.sleep)
    trials = [Trial(*[status(429)] * 2, draw=1.0) for _ in range(5)]
    assert await asyncio.gather(*(trial.run() for trial in trials)) == ["done"] * 5
    assert [trial.pauses for trial in trials] == [[0.5, 1.0]] * 5


@timeless
async def test_a_call_without_a_failure_has_no_need_of_tenacity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first attempt is made before tenacity is imported."""
    retrying.cache_clear()
    monkeypatch.setitem(sys.modules, "tenacity", None)
    assert await Trial().run() == "done"
    with pytest.raises(ImportError):
        await Trial(status(500)).run()


# --- the budget -----------------------------------------------------------------------------------------


def spend_all(budget: RetryBudget, error: BaseException) -> int:
    """Count the retries that a budget still pays for."""
    count = 0
    while count < 10_000 and budget.spend(error) is not None:
        count += 1
    return count


@pytest.mark.parametrize("retries", [1, 7, 100])
def test_a_budget_pays_for_so_many_retries(retries: int) -> None:
    """Full, it holds what it was made for; after timeouts it holds half."""
    assert spend_all(RetryBudget(retries), status(503)) == retries
    assert spend_all(RetryBudget(retries), APITimeoutError("x")) == retries // 2


def test_a_budget_without_end() -> None:
    """`False` pays for everything."""
    budget = RetryBudget(False)  # noqa: FBT003 - the setting's own value
    assert spend_all(budget, status(503)) == 10_000
    budget.refill()
    assert spend_all(budget, status(503)) == 10_000


def test_429_costs_nothing() -> None:
    """Its cool-down slows down what follows already, unless it asks for none."""
    budget = RetryBudget(2)
    assert spend_all(budget, status(429)) == spend_all(budget, status(429, wait=3.0)) == 10_000
    assert spend_all(budget, status(429, wait=0.0)) == 2


def test_five_successes_pay_for_a_retry() -> None:
    """Refilled by successes, and never beyond what it holds when full."""
    budget = RetryBudget(2)
    assert spend_all(budget, status(503)) == 2
    for _ in range(4):
        budget.refill()
    assert budget.spend(status(503)) is None
    budget.refill()
    assert spend_all(budget, status(503)) == 1
    for _ in range(100):
        budget.refill()
    assert spend_all(budget, status(503)) == 2


@pytest.mark.usefixtures("instant_retries")
def test_nobody_waits_where_retries_are_instant() -> None:
    """Whatever the service asks for, by clients that were there before too."""
    backoff = Backoff(draw=lambda: 1.0)
    for error in (status(503), status(503, wait=9.0), status(429, wait=9.0), APITimeoutError("late")):
        assert (backoff.wait(error, 3), backoff.asked(error)) == (0.0, None)


def test_the_wait_that_the_service_asks_for() -> None:
    """Errors without a status ask for none."""
    assert Backoff().asked(status(503, wait=9.0)) == Backoff().wait(status(503, wait=9.0), 1) == 9.0
    assert Backoff().asked(status(503)) is Backoff().asked(APITimeoutError("late")) is None


@pytest.mark.usefixtures("instant_retries")
async def test_a_retry_that_succeeds_gives_back_its_cost(http: Any) -> None:
    """So a few passing failures never use up the budget."""
    base_url = "https://api.example.com/v1"
    async with AsyncScenario(api_key="a", api_secret="b", base_url=base_url, retry_budget=1) as client:
        for _ in range(20):
            http.get(f"{base_url}/x", status=503)
            http.get(f"{base_url}/x", payload={})
            assert (await client.request("GET", "x")).attempts == 2


@pytest.mark.parametrize(
    ("make", "options", "reason"),
    [
        (lambda: status(503), {"max_retries": 0}, "max_retries"),
        (lambda: status(503), {}, "max_retries"),
        (lambda: status(429, wait=9.0), {"deadline": 5.0}, "deadline"),
        (lambda: status(503), {"budget": RetryBudget(1)}, "retry_budget"),
        (lambda: status(400), {}, None),
        (lambda: status(429, PlanLimitError), {}, None),
    ],
)
@timeless
async def test_an_error_tells_why_there_was_no_other_attempt(
    make: Callable[[], APIError], options: dict[str, Any], reason: str | None
) -> None:
    """None where another attempt could not help."""
    with pytest.raises(APIError) as caught:
        await Trial(*(make() for _ in range(5)), **options).run()
    assert caught.value.gave_up_because == reason
