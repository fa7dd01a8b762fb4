"""The line on the scheduler keeps the promise of the other shared quotas, question by question."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import RateLimit
from scenario_async.dask.line import Line
from scenario_async.limiters._shared import LEASE, Ticket
from scenario_async.limiters.process import File

ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "give_back", "count", "hold"]),
        st.integers(0, 5),
        st.floats(0, 4).map(lambda seconds: round(seconds, 2)),
    ),
    max_size=40,
)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


@ANY
@given(requests=st.integers(1, 4), per=st.sampled_from([0.5, 3.0, 20.0]), steps=STEPS)
def test_it_answers_as_the_file_of_one_machine_does(
    tmp_path_factory: pytest.TempPathFactory, requests: int, per: float, steps: list[tuple[str, int, float]]
) -> None:
    """Whatever is asked, given back, counted anew and held back, and whenever."""
    clock = Clock()
    line = Line(requests, per, clock)
    file = File(str(tmp_path_factory.mktemp("quota") / "file"), RateLimit(requests, per), clock)
    for do, which, pause in steps:
        clock.time = round(clock.time + pause, 2)
        ticket = Ticket(name=f"ticket {which}")
        if do == "ask":
            there = file._ask(ticket)
            assert line.ask(ticket.name) == pytest.approx((there.wait, there.cool_down))
        elif do == "hold":
            file._hold(pause)
            line.hold(pause)
        else:
            getattr(file, f"_{do}")(ticket)
            getattr(line, do)(ticket.name)


@ANY
@given(
    requests=st.integers(1, 4),
    per=st.floats(0.01, 100),
    pauses=st.lists(st.floats(0, 60), min_size=1, max_size=30),
)
def test_it_keeps_the_quota_for_any_arrivals(requests: int, per: float, pauses: list[float]) -> None:
    """However requests arrive, no window of that length sees more than it may."""
    clock = Clock()
    line = Line(requests, per, clock)
    granted_at: list[float] = []
    for number, pause in enumerate(pauses):
        clock.time += pause
        while (wait := line.ask(str(number))[0]) > 0:
            clock.time += min(wait, 5.0)
        granted_at.append(clock.time)
    for earlier, later in zip(granted_at, granted_at[requests:], strict=False):
        assert later - earlier >= per * 0.999_999


def test_the_dead_hold_nobody_up_for_long() -> None:
    """A ticket that nobody asks with loses its turn, and one that asks in time keeps it."""
    clock = Clock()
    line = Line(1, 5, clock)
    assert line.ask("first")[0] == 0
    for ticket in ("dead", "late"):
        assert line.ask(ticket)[0] > 0
    clock.time += LEASE - 1
    assert line.ask("late")[0] > 0, "the first in the queue may still come"
    clock.time += 1
    assert line.ask("late")[0] == 0
