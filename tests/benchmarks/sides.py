"""How two sides are measured: in turns, so that a busy moment of the machine hits both, and by their best or median."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}
ROUNDS = 7
Side: TypeAlias = Callable[[], float]


@attrs.frozen
class Figure:
    """What was measured: a value that is to be at least, or at most, its goal; `told` says how it came about."""

    name: str
    value: float
    goal: float
    unit: str
    at_least: bool
    told: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def reached(self) -> float:
        """How much of the goal is reached; 1 and above is all of it."""
        return self.value / self.goal if self.at_least else self.goal / max(self.value, 1e-9)


def at_least(name: str, value: float, goal: float, unit: str, told: str = "") -> Figure:
    """Tell of a value that should be large."""
    return Figure(name, value, goal, unit, at_least=True, told=told)


def at_most(name: str, value: float, goal: float, unit: str, told: str = "") -> Figure:
    """Tell of a value that should be small."""
    return Figure(name, value, goal, unit, at_least=False, told=told)


def compared(sides: dict[str, Side], rounds: int = ROUNDS) -> dict[str, float]:
    """Give each side's median seconds."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(rounds):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: statistics.median(times) for name, times in taken.items()}


def timed(work: Callable[[], object], times: int = 1) -> Side:
    """Make a side that does some work so many times and gives the seconds of one."""

    def side() -> float:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - began) / times

    return side


def milliseconds(seconds: dict[str, float]) -> str:
    """Show what each side took."""
    return ", ".join(f"{name} {each * 1e3:.2f} ms" for name, each in seconds.items())
