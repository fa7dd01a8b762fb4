"""How sides are measured: in turns, so that a busy moment of the machine hits all, and by the best of their turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}
ROUNDS = 7
Side: TypeAlias = Callable[[], float]


@attrs.frozen(kw_only=True)
class Figure:
    """What was measured: a `value` that is to be at least, or at most, its `goal`.

    `reach` is what would be better still. `sides` is what `ours`, `official` and `floor` took, in `side_unit`.
    """

    name: str
    value: float
    goal: float
    at_least: bool
    unit: str = "x"
    reach: float | None = None
    sides: dict[str, float] = attrs.field(factory=dict[str, float])
    side_unit: str = "ms"

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def reached(self) -> float:
        """How much of the goal is reached; 1 and above is all of it."""
        return self.value / self.goal if self.at_least else self.goal / max(self.value, 1e-9)


def compared(sides: dict[str, Side], rounds: int = ROUNDS) -> dict[str, float]:
    """Give each side's best, in milliseconds: what else the machine does can only add to it."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(rounds):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: min(times) * 1e3 for name, times in taken.items()}


def timed(work: Callable[[], object], times: int = 1) -> Side:
    """Make a side that does some work so many times and gives the seconds of one."""

    def side() -> float:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - began) / times

    return side
