"""What a scan asks for, and what it makes of the replies, without any I/O.

A plan is a generator: it yields an `Ask`, is sent what was `Got`, and returns once it is proved that nothing is left.
What cannot be proved raises `UnprovenError`. Whoever carries a plan out delivers every hit that was not there before,
but for those of a probe.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, Literal, TypeAlias, TypeVar

import attrs

from scenario_async._support.literals import literal

_T = TypeVar("_T")
_FAR: Final = 1_000_000
"""An offset beyond every window: the service says which place it takes in its stead."""
_CANDIDATES: Final = 3
TEXT: Final = attrs.validators.optional(attrs.validators.instance_of(str))
"""What a bound in a token may be."""
TRUTH: Final = attrs.validators.instance_of(bool)
"""What a flag in a token may be."""


@attrs.frozen(kw_only=True)
class Ask:
    """A request: conditions beside the search's own, the order by the scanned attribute, and a place."""

    conditions: tuple[str, ...] = ()
    order: Literal["asc", "desc"] | None = None
    offset: int = 0
    size: int
    probes: bool = False
    """Whether it is asked to learn about the engine: its hits are delivered when their turn comes."""
    may_fail: bool = False
    """Whether a refusal tells as much as a reply."""


@attrs.frozen
class Item:
    """A hit: its id, its value of the scanned attribute, and whether it had come before."""

    id: str
    value: str
    known: bool
    hit: Any = attrs.field(default=None, repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Got:
    """A reply: `received` counts all of its hits; `limit`, `offset` and `total` are what it says of itself."""

    items: Sequence[Item] = ()
    received: int = 0
    limit: int | None = None
    offset: int | None = None
    total: int | None = None


Steps: TypeAlias = Generator[Ask, Got, None]
Part: TypeAlias = tuple[str, Callable[[Any], "str | None"]]
"""An attribute that tells hits of one instant apart, and how to read it from a hit."""


class UnprovenError(Exception):
    """A plan cannot prove that it has every hit; its text says why."""


class Plan:
    """What the ways to read have in common: how values are compared, and what is known of the engine.

    Values are compared as texts, as the engine does, and bounds are the service's own texts. `by_date` compares dates
    alone, for engines that compare the rest wrongly: the key of a value is then its date. `reached` is a number of hits
    that the engine's window is known to have.
    """

    def __init__(self, attribute: str, size: int, parts: Sequence[Part] = ()) -> None:
        self.attribute = attribute
        self.size = size
        self.parts: tuple[Part, ...] = tuple(parts)
        self.by_date: bool = False
        self.window: int | None = None
        self.windows: int = 0
        self.reached: int = size
        self._looked: bool = False

    def count_window(self) -> None:
        """Take note of another stretch that was read."""
        self.windows += 1

    def learned(self) -> dict[str, Any]:
        """Give what was found out about the engine, as a token has it."""
        return {"dates": self.by_date, "window": self.window, "looked": self._looked, "reached": self.reached}

    def know(self, learned: Mapping[str, Any]) -> None:
        """Take over what was found out; `TypeError` for what it cannot be."""
        self.by_date, self.window = bool(learned["dates"]), of_type(int, learned.get("window"))
        self.reached = max(of_type(int, learned.get("reached")) or 0, self.size)
        self._looked = bool(learned.get("looked"))

    # How values are compared.

    def key(self, value: str) -> str:
        """Give the part of a value that is compared: bounds are keys."""
        return value[:10] if self.by_date else value

    def order(self, value: str) -> str:
        """Give what a value, or a key, is ordered by."""
        return self.key(value).lower()

    def at_least(self, key: str) -> str:
        """Give the condition for a key and all behind it."""
        return self._compared(">=", key)

    def beyond(self, key: str) -> str:
        """Give the condition for all behind a key."""
        return self._compared(">=", _day_after(key)) if self.by_date else self._compared(">", key)

    def at_most(self, key: str) -> str:
        """Give the condition for a key and all before it."""
        return self._compared("<", _day_after(key)) if self.by_date else self._compared("<=", key)

    def below(self, key: str) -> str:
        """Give the condition for all before a key."""
        return self._compared("<", key)

    def instant(self, key: str) -> tuple[str, str]:
        """Give the conditions for a key alone."""
        return self.at_least(key), self.at_most(key)

    def _compared(self, operator: str, key: str) -> str:
        return f"{self.attribute} {operator} {literal(key, self.attribute)}"

    # What is known of the engine.

    def full(self, got: Got) -> int:
        """Give how many hits a page has that may have others behind it."""
        sizes = [self.size, got.limit, self.window]
        return min(size for size in sizes if size is not None and size > 0)

    def may_follow(self, got: Got, depth: int) -> bool:
        """Tell whether there may be hits behind a page that ends at a depth: a short one is no end if a total says more."""
        if got.received >= self.full(got):
            return True
        return got.received > 0 if got.total is None else got.total > depth

    def is_edge(self, depth: int) -> bool:
        """Tell whether a reading that ended after so many hits may have ended at the engine's window."""
        if self.window is not None:
            return depth >= self.window
        return depth >= self.reached

    def look_for_window(self) -> Steps:
        """Find out how large the window is: an engine takes an offset beyond it for its end, and says so."""
        if self._looked:
            return
        self._looked = True
        got = yield Ask(offset=_FAR, size=1, probes=True, may_fail=True)
        if got.offset is not None and 0 < got.offset < _FAR:
            self.window = got.offset

    def check(self, got: Got, holds: Callable[[str], bool]) -> None:
        """Raise `UnprovenError` if a hit is outside of what was asked for."""
        for item in got.items:
            if not holds(self.order(item.value)):
                raise UnprovenError(
                    f"the service compares {self.attribute} wrongly: it gave a hit of {item.value} where that was excluded"
                )

    def check_order(self, got: Got) -> None:
        """Raise `UnprovenError` if the hits are not in order."""
        values = [item.value.lower() for item in got.items]
        if any(values[place] > values[place + 1] for place in range(len(values) - 1)):
            raise UnprovenError(
                f"the service does not sort by {self.attribute}, so hits may hide between others"
            )

    def compare(self, values: Sequence[str]) -> Steps:
        """Find out whether the service compares values as they are, or else by their dates, by some that are there."""
        for value in _few(values):
            got = yield Ask(conditions=self.instant(value), size=self.size, probes=True)
            if got.items:
                if all(item.value.lower() == value.lower() for item in got.items):
                    return
                break
        self.by_date = True
        for day in _few([_date(value, self.attribute) for value in values]):
            got = yield Ask(conditions=self.instant(day), size=self.size, probes=True)
            if got.items:
                if all(item.value[:10] == day for item in got.items):
                    return
                break
        raise UnprovenError(f"the service compares {self.attribute} neither as it is nor by its date")


def of_type(kind: type[_T], value: object) -> _T | None:
    """Give a value of a token that is of a type, or None; `TypeError` for any other."""
    if value is None or isinstance(value, kind):
        return value
    raise TypeError


def _few(values: Sequence[str]) -> list[str]:
    """Give some of the different values: the last one, the first one, and one between."""
    each = list(dict.fromkeys(values))
    return list(dict.fromkeys([each[-1], each[0], each[len(each) // 2]]))[:_CANDIDATES] if each else []


def _date(value: str, attribute: str) -> str:
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise UnprovenError(f"the service compares {attribute} wrongly, and {value!r} has no date") from None


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
