"""Stretches of time that are read by offsets and parted until each fits the engine's window, in whatever order hits come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from scenario_async._scans.plan import TEXT, TRUTH, Plan
from scenario_async._scans.through import read_apart, read_through

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scenario_async._scans.plan import Item, Steps


@attrs.frozen(kw_only=True)
class Stretch:
    """Values from `low` to `high`, both included unless it begins `past` the one and ends `before` the other.

    None is no bound.
    """

    low: str | None = attrs.field(default=None, validator=TEXT)
    past: bool = attrs.field(default=False, validator=TRUTH)
    high: str | None = attrs.field(default=None, validator=TEXT)
    before: bool = attrs.field(default=False, validator=TRUTH)


@attrs.frozen(kw_only=True)
class Stack:
    """What is still to be read, the next one last; `compared` once it is known how the service compares."""

    stretches: tuple[Stretch, ...] = (Stretch(),)
    compared: bool = attrs.field(default=False, validator=TRUTH)

    def to_json(self) -> dict[str, Any]:
        """Give what a token has of it."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read it from there; `TypeError` for what it cannot be."""
        stretches = tuple(Stretch(**each) for each in content["stretches"])
        return cls(stretches=stretches, compared=content["compared"])


class Windows(Plan):
    """A plan that parts what does not fit; `mark` tells where it stands, once it has begun."""

    mark: Stack | None = None

    def again_from(self, mark: Stack | None) -> Callable[[str], bool]:
        """Give what tells whether a hit of some value, which was delivered, may come again from a mark."""
        hold = [self._holds(each) for each in (Stack() if mark is None else mark).stretches]
        return lambda value: any(holds(self.order(value)) for holds in hold)

    def is_past(self, mark: Stack | None, last: str | None) -> bool:
        """Tell whether nothing can come again of hits up to some value."""
        return mark is not None and last is not None and not mark.stretches

    def steps(self) -> Steps:
        """Read on from the mark, or from the beginning."""
        if self.mark is None:
            self.mark = Stack()
        while self.mark.stretches:
            *left, stretch = self.mark.stretches
            conditions, holds = self._conditions(stretch), self._holds(stretch)
            read = yield from read_through(self, conditions, holds)
            self.count_window()
            compared = self.mark.compared
            if read.edge:
                if not compared:
                    yield from self.compare([item.value for item in read.items])
                    compared = True
                halves = self._parted(stretch, read.items)
                if halves:
                    left += halves
                else:
                    yield from read_apart(self, conditions, holds, read.items, self.parts)
            self.mark = Stack(stretches=tuple(left), compared=compared)

    def _parted(self, stretch: Stretch, items: Sequence[Item]) -> list[Stretch]:
        """Part a stretch in the middle of what could be seen of it, the earlier part last; nothing for an instant."""
        keys = sorted((self.key(item.value) for item in items), key=str.lower)
        least, most = keys[0], keys[-1]
        if least.lower() != most.lower():
            middle = keys[len(keys) // 2]
            if middle.lower() == most.lower():
                middle = max((key for key in keys if key.lower() < most.lower()), key=str.lower)
            earlier = attrs.evolve(stretch, high=middle, before=False)
            return [attrs.evolve(stretch, low=middle, past=True), earlier]
        begins = stretch.low is not None and not stretch.past and self.order(stretch.low) == self.order(least)
        ends = (
            stretch.high is not None and not stretch.before and self.order(stretch.high) == self.order(least)
        )
        if begins and ends:
            return []
        later = [] if ends else [attrs.evolve(stretch, low=least, past=True)]
        earlier_ones = [] if begins else [attrs.evolve(stretch, high=least, before=True)]
        return [*later, Stretch(low=least, high=least), *earlier_ones]

    def _conditions(self, stretch: Stretch) -> tuple[str, ...]:
        conditions: list[str] = []
        if stretch.low is not None:
            conditions.append(self.beyond(stretch.low) if stretch.past else self.at_least(stretch.low))
        if stretch.high is not None:
            conditions.append(self.below(stretch.high) if stretch.before else self.at_most(stretch.high))
        return tuple(conditions)

    def _holds(self, stretch: Stretch) -> Callable[[str], bool]:
        low = None if stretch.low is None else self.order(stretch.low)
        high = None if stretch.high is None else self.order(stretch.high)

        def holds(value: str) -> bool:
            if low is not None and (value < low or (stretch.past and value == low)):
                return False
            return high is None or value < high or (not stretch.before and value == high)

        return holds
