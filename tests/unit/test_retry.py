"""Retries: which errors, how often, and after how long; time and chance are the tests' own."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from scenario_async._retry import Backoff, RetryBudget, retryable
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
    RateLimitError,
    ScenarioError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def status(
    code: int, cls: type[APIStatusError] | None = None, wait: float | None = None, **headers: str
) -> APIStatusError:
    """Give the error of a status."""
    chosen = cls or STATUS_ERRORS.get(code, InternalServerError if code >= 500 else APIStatusError)
    own = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return chosen(f"{code}", status_code=code, headers=own, retry_after=wait)


async def ignore(_error: APIError, _wait: float) -> None:
    """Take no note of a retry."""


class Trial:
    """A run of attempts that fail as they are told to, on a clock that only sleeping moves."""

    def __init__(self, *errors: BaseException, draw: float = 0.5, deadline: float = math.inf) -> None:
        self.errors = list(errors)
        self.draw = draw
        self.deadline = deadline
        self.now = 0.0
        self.attempts = 0
        self.budget = RetryBudget(100)
        self.slept: list[float] = []
        self.told: list[tuple[APIError, float]] = []

    async def attempt(self) -> str:
        """Fail as long as there are errors left."""
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds

    async def run(self, max_retries: int = 2) -> str:
        """Run to the end."""
        return await Backoff(draw=lambda: self.draw, sleep=self.sleep).run(
            self.attempt,
            max_retries=max_retries,
            budget=self.budget,
            time_left=lambda: self.deadline - self.now,
            on_retry=self.take_note,
        )

    async def take_note(self, error: APIError, wait: float) -> None:
        """Take note of a retry."""
        self.told.append((error, wait))


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
    lambda: DeadlineExceededError("x"),
    lambda: APIResponseValidationError("x"),
    lambda: AuthenticationError("x", status_code=401),
    lambda: InvalidSearchError("x"),
    lambda: ScenarioError("x"),
    lambda: ValueError("x"),
]


@pytest.mark.parametrize("make", RETRIED)
async def test_passing_errors_are_retried(make: Callable[[], APIError]) -> None:
    """What may pass is tried again, and the result of the last attempt counts."""
    assert retryable(make())
    trial = Trial(make(), make())
    assert await trial.run() == "done"
    assert trial.attempts == 3
    assert len(trial.slept) == 2
    assert [type(error) for error, _ in trial.told] == [type(make())] * 2
    assert [wait for _, wait in trial.told] == trial.slept


@pytest.mark.parametrize("make", FINAL)
async def test_other_errors_are_raised_at_once(make: Callable[[], BaseException]) -> None:
    """What would fail again is raised as it is, after one attempt."""
    assert not retryable(make())
    error = make()
    trial = Trial(error)
    with pytest.raises(type(error)) as caught:
        await trial.run()
    assert caught.value is error
    assert (trial.attempts, trial.slept, trial.told) == (1, [], [])


@pytest.mark.parametrize("make", FINAL)
async def test_a_final_error_ends_the_retries(make: Callable[[], BaseException]) -> None:
    """Such an error after a passing one is the end too."""
    error = make()
    trial = Trial(status(503), error)
    with pytest.raises(type(error)) as caught:
        await trial.run()
    assert caught.value is error
    assert (trial.attempts, len(trial.slept)) == (2, 1)


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
async def test_attempts_are_counted(max_retries: int) -> None:
    """There are `max_retries` attempts after the first, and the last error is raised as it is."""
    errors = [status(503) for _ in range(10)]
    trial = Trial(*errors)
    with pytest.raises(InternalServerError) as caught:
        await trial.run(max_retries)
    assert trial.attempts == max_retries + 1
    assert len(trial.slept) == max_retries
    assert caught.value is errors[max_retries]


async def test_success_needs_no_wait() -> None:
    """A first attempt that succeeds is all there is."""
    trial = Trial()
    assert await trial.run() == "done"
    assert (trial.attempts, trial.slept, trial.told) == (1, [], [])


async def test_waits_grow_to_a_ceiling() -> None:
    """Drawn at their longest, waits double from half a second to eight seconds."""
    trial = Trial(*[status(503)] * 8, draw=1.0)
    assert await trial.run(8) == "done"
    assert trial.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


@QUICK
@given(draw=st.floats(0, 1), attempts=st.integers(1, 10_000))
def test_jitter_is_full(draw: float, attempts: int) -> None:
    """A wait lies anywhere between nothing and its ceiling, in proportion to the draw."""
    wait = Backoff(draw=lambda: draw).wait(status(503), attempts)
    ceiling = min(8.0, 0.5 * 2.0 ** min(attempts - 1, 10))
    assert wait == pytest.approx(draw * ceiling)


@pytest.mark.parametrize("wait", [0.0, 0.25, 3.0, 120.0])
async def test_what_the_service_asks_for_is_kept(wait: float) -> None:
    """A wait in the headers is kept exactly, longer than the longest of ours too."""
    trial = Trial(status(429, wait=wait), status(503, wait=wait), draw=0.9)
    assert await trial.run() == "done"
    assert trial.slept == [wait, wait]


@pytest.mark.parametrize(
    ("errors", "deadline", "attempts", "slept"),
    [
        ([status(429, wait=5.0)], 4.9, 1, []),
        ([status(429, wait=5.0)], 5.1, 2, [5.0]),
        ([status(429, wait=3.0), status(429, wait=3.0)], 5.0, 2, [3.0]),
        ([status(503)], 0.4, 1, []),
        ([status(503)], 0.6, 2, [0.5]),
        ([status(503), status(503)], 1.2, 2, [0.5]),
    ],
)
async def test_a_wait_that_does_not_fit_is_the_end(
    errors: Iterable[APIError], deadline: float, attempts: int, slept: list[float]
) -> None:
    """Where the deadline is nearer than the end of a wait, the error comes at once instead."""
    trial = Trial(*errors, draw=1.0, deadline=deadline)
    expected = list(trial.errors)
    if attempts > len(expected):
        assert await trial.run(5) == "done"
    else:
        with pytest.raises(APIError) as caught:
            await trial.run(5)
        assert caught.value is expected[attempts - 1]
    assert trial.attempts == attempts
    assert trial.slept == slept


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), TimeoutError()])
@pytest.mark.parametrize("before", [0, 1])
async def test_what_is_none_of_ours_passes_through(error: BaseException, before: int) -> None:
    """Cancellation and the like are neither retried nor wrapped."""
    trial = Trial(*[status(503)] * before, error)
    with pytest.raises(type(error)) as caught:
        await trial.run()
    assert caught.value is error
    assert trial.attempts == before + 1


async def test_cancelled_while_waiting() -> None:
    """A call that is cancelled in a wait makes no further attempt."""
    trial = Trial(status(503), status(503))
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    backoff = Backoff(draw=lambda: 0.5, sleep=sleep)
    running: asyncio.Task[Any] = asyncio.ensure_future(
        backoff.run(
            trial.attempt, max_retries=2, budget=RetryBudget(9), time_left=lambda: math.inf, on_retry=ignore
        )
    )
    await waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert trial.attempts == 1


async def test_one_backoff_serves_many_calls() -> None:
    """Calls at the same time count for themselves."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    backoff = Backoff(draw=lambda: 1.0, sleep=sleep)
    trials = [Trial(*[RateLimitError("x", status_code=429)] * 2) for _ in range(5)]
    results = await asyncio.gather(*(
        backoff.run(trial.attempt, max_retries=2, budget=RetryBudget(9), time_left=lambda: math.inf, on_retry=ignore)
        for trial in trials
    ))  # fmt: skip
    assert results == ["done"] * 5
    assert [trial.attempts for trial in trials] == [3] * 5
    assert sorted(slept) == [0.5] * 5 + [1.0] * 5


# --- the budget -----------------------------------------------------------------------------------------


def unavailable() -> BaseException:
    """Give the error that a service in trouble answers with."""
    return status(503)


def spend_all(budget: RetryBudget, error: BaseException) -> int:
    """Count the retries that a budget still pays for."""
    count = 0
    while count < 10_000 and budget.spend(error) is not None:
        count += 1
    return count


@pytest.mark.parametrize("retries", [1, 7, 100])
def test_a_budget_pays_for_so_many_retries(retries: int) -> None:
    """Full, it holds what it was made for; after timeouts it holds half."""
    assert spend_all(RetryBudget(retries), unavailable()) == retries
    assert spend_all(RetryBudget(retries), APITimeoutError("x")) == retries // 2


def test_a_budget_without_end() -> None:
    """`False` pays for everything."""
    budget = RetryBudget(False)  # noqa: FBT003 - the setting's own value
    assert spend_all(budget, unavailable()) == 10_000
    budget.refill()
    assert spend_all(budget, unavailable()) == 10_000


def test_429_costs_nothing() -> None:
    """Its cool-down paces what follows already."""
    budget = RetryBudget(1)
    assert spend_all(budget, status(429)) == 10_000
    assert spend_all(budget, unavailable()) == 1


def test_five_successes_pay_for_a_retry() -> None:
    """Refilled by successes, and never beyond what it holds when full."""
    budget = RetryBudget(2)
    assert spend_all(budget, unavailable()) == 2
    for _ in range(4):
        budget.refill()
    assert budget.spend(unavailable()) is None
    budget.refill()
    assert spend_all(budget, unavailable()) == 1
    for _ in range(100):
        budget.refill()
    assert spend_all(budget, unavailable()) == 2


async def test_a_retry_that_succeeds_gives_back_its_cost() -> None:
    """So a few passing failures never use up the budget."""
    trial = Trial()
    trial.budget = RetryBudget(1)
    for _ in range(20):
        trial.errors = [unavailable()]
        assert await trial.run() == "done"
    assert trial.attempts == 40


async def test_a_spent_budget_ends_the_retries_at_once() -> None:
    """The error says why there was no other attempt, and nothing is waited for."""
    trial = Trial(unavailable(), unavailable())
    trial.budget = RetryBudget(1)
    with pytest.raises(InternalServerError) as caught:
        await trial.run()
    assert (trial.attempts, len(trial.slept)) == (2, 1)
    assert caught.value.gave_up_because == "retry_budget"
    assert "retry budget is spent" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "max_retries", "deadline", "reason"),
    [
        (lambda: status(503), 0, math.inf, "max_retries"),
        (lambda: status(503), 2, math.inf, "max_retries"),
        (lambda: status(429, wait=9.0), 2, 5.0, "deadline"),
        (lambda: status(400), 2, math.inf, None),
        (lambda: status(429, PlanLimitError), 2, math.inf, None),
    ],
)
async def test_an_error_tells_why_there_was_no_other_attempt(
    error: Callable[[], APIError], max_retries: int, deadline: float, reason: str | None
) -> None:
    """None where another attempt could not help."""
    trial = Trial(*(error() for _ in range(5)), deadline=deadline)
    with pytest.raises(APIError) as caught:
        await trial.run(max_retries)
    assert caught.value.gave_up_because == reason


async def test_a_thousand_searches_of_a_service_that_is_down() -> None:
    """Once the budget is spent each costs one request."""
    trial = Trial()
    trial.budget = RetryBudget(100)
    for _ in range(1000):
        trial.errors = [unavailable() for _ in range(3)]
        with pytest.raises(InternalServerError):
            await trial.run()
    assert trial.attempts == 1100
