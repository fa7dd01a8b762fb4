"""Columns: one thing that is read from every record, with each distinct value kept once.

A test is put to the distinct values, and numpy carries the answers to the records. So a filter over a
hundred thousand records costs what its attribute has of different values.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import MISSING, Path, Record, value_at
from scenario_async.emulator.conditions import Condition, Facet, facets_of, finite, fold, number_of

Mask: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int32]
Reading: TypeAlias = Callable[[Record], object]
"""What is read from a record; equal readings read the same."""

_UNSORTED: Final = -1
# Where a sorted list is parted for an ordering, and whether what is above is meant.
_BISECTIONS: Final[Mapping[str, tuple[Callable[[Sequence[Any], Any], int], bool]]] = {
    "<": (bisect_left, False),
    "<=": (bisect_right, False),
    ">=": (bisect_left, True),
    ">": (bisect_right, True),
}


@attrs.frozen
class Attribute:
    """Reads what stands at a path."""

    path: Path

    def __call__(self, record: Record) -> object:
        """Read a record."""
        return value_at(record, self.path)


class Values:
    """The distinct values of a column, each under its code; only ever added to, so columns may share it."""

    def __init__(self, items: Iterable[object] = ()) -> None:
        self.items: list[object] = list(items)
        self._codes: dict[Hashable, int] = {}
        self._lock = threading.Lock()
        self._facets: Facets | None = None
        self._ranks: NDArray[np.int64] | None = None

    def encode(self, values: Iterable[object]) -> Codes:
        """Give the code of each value."""
        with self._lock:
            return np.fromiter(map(self.code, values), np.int32)

    def code(self, value: object) -> int:
        """Give the code of one value, which nobody else is adding to."""
        key = _key(value)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self.items)
            self.items.append(value)
        return code

    @property
    def facets(self) -> "Facets":
        """What comparisons see of the values so far."""
        facets = self._facets
        if facets is None or len(facets.missing) < len(self.items):
            facets = self._facets = Facets.of(self.items[:])
        return facets

    @property
    def ranks(self) -> NDArray[np.int64]:
        """The rank of each value so far when they are sorted, numbers before texts; -1 for what is neither."""
        ranks = self._ranks
        if ranks is None or len(ranks) < len(self.items):
            ranks = self._ranks = _ranks(self.items[:])
        return ranks


@attrs.frozen(eq=False)
class Column:
    """A value for each position: its code in `values`."""

    values: Values
    codes: Codes

    def where(self, condition: Condition) -> Mask:
        """Tell of each position whether its value passes a condition."""
        return self.values.facets.passing(condition)[self.codes]

    def is_any_of(self, wanted: Sequence[object]) -> Mask:
        """Tell of each position whether its value is one of these."""
        known = self.values.items[:]
        return np.fromiter((value in wanted for value in known), np.bool_, len(known))[self.codes]

    def sort_keys(self, *, descending: bool) -> NDArray[np.int64]:
        """Give each position a number to sort by; what cannot be sorted is last, in either order."""
        ranks = self.values.ranks
        keys: NDArray[np.int64] = np.where(ranks == _UNSORTED, len(ranks), -ranks if descending else ranks)
        return keys[self.codes]

    def extended(self, values: Iterable[object]) -> "Column":
        """Give the column with more values behind it."""
        more = self.values.encode(values)
        return attrs.evolve(self, codes=np.concatenate((self.codes, more))) if len(more) else self


def columns_of(records: Iterable[Record], *readings: Reading) -> list[Column]:
    """Read columns from records, in one go, as a record may have to be made for it."""
    columns = [Values() for _ in readings]
    codes: list[list[int]] = [[] for _ in readings]
    for record in records:
        for reading, values, places in zip(readings, columns, codes, strict=True):
            places.append(values.code(reading(record)))
    return [Column(values, np.array(places, np.int32)) for values, places in zip(columns, codes, strict=True)]


@attrs.frozen(eq=False, kw_only=True)
class Facets:
    """The values of a column as comparisons see them: sorted texts and numbers, and which values have them.

    `owners` and `members` go in pairs: the value `owners[i]` has the facet `members[i]`, texts being
    numbered before numbers.
    """

    texts: Sequence[str]
    numbers: Sequence[float]
    owners: Codes
    members: Codes
    missing: Mask
    null: Mask
    empty: Mask

    @classmethod
    def of(cls, values: Sequence[object]) -> "Facets":
        """Read the facets of values."""
        pairs = [(facet, owner) for owner, value in enumerate(values) for facet in facets_of(value)]
        texts = sorted({facet for facet, _ in pairs if isinstance(facet, str)})
        numbers = sorted({facet for facet, _ in pairs if not isinstance(facet, str)})
        places = {facet: place for place, facet in enumerate([*texts, *numbers])}
        return cls(
            texts=texts,
            numbers=numbers,
            owners=np.fromiter((owner for _, owner in pairs), np.int32, len(pairs)),
            members=np.fromiter((places[facet] for facet, _ in pairs), np.int32, len(pairs)),
            missing=_mask(value is MISSING for value in values),
            null=_mask(value is None for value in values),
            empty=_mask(value in ("", [], {}) for value in values),
        )

    def passing(self, condition: Condition) -> Mask:
        """Tell of each value whether it passes."""
        match condition.test:
            case "EXISTS":
                return ~self.missing
            case "NULL":
                return self.null
            case "EMPTY":
                return self.empty
            case _:
                passed = np.zeros(len(self.missing), np.bool_)
                passed[self.owners[self._chosen(condition)[self.members]]] = True
                return passed

    def _chosen(self, condition: Condition) -> Mask:
        """Tell of each facet whether it is what a condition asks for."""
        chosen = np.zeros(len(self.texts) + len(self.numbers), np.bool_)
        values = [fold(value) for value in condition.values]
        match condition.test:
            case "CONTAINS":
                chosen[: len(self.texts)] = _mask(values[0] in text for text in self.texts)
            case "STARTS":
                length = len(values[0])
                first = bisect_left(self.texts, values[0])
                chosen[first : bisect_right(self.texts, values[0], first, key=lambda text: text[:length])] = (
                    True
                )
            case "TO":
                for least, most in zip(
                    self._borders(">=", values[0]), self._borders("<=", values[1]), strict=True
                ):
                    chosen[max(least[0], most[0]) : min(least[1], most[1])] = True
            case "=" | "IN":
                for value in values:
                    for least, most in zip(
                        self._borders(">=", value), self._borders("<=", value), strict=True
                    ):
                        chosen[least[0] : most[1]] = True
            case ordering:
                for first, last in self._borders(ordering, values[0]):
                    chosen[first:last] = True
        return chosen

    def _borders(self, ordering: str, bound: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Give the stretches of texts and of numbers on one side of a bound: numbers only if it reads as one."""
        bisect, upwards = _BISECTIONS[ordering]
        texts, end = len(self.texts), len(self.texts) + len(self.numbers)
        border = bisect(self.texts, bound)
        number = number_of(bound)
        if number is None:
            return (border, texts) if upwards else (0, border), (texts, texts)
        middle = texts + bisect(self.numbers, number)
        return (border, texts) if upwards else (0, border), (middle, end) if upwards else (texts, middle)


def _key(value: object) -> Hashable:
    """Give what tells a value from others: 1, 1.0 and True are three values, though they are equal."""
    if isinstance(value, list):
        return (list, *map(_key, cast("list[object]", value)))
    if isinstance(value, dict):
        return (dict, repr(cast("object", value)))
    return value if isinstance(value, str) else (type(value), value)


def _mask(answers: Iterable[bool]) -> Mask:
    return np.fromiter(answers, np.bool_)


def _ranks(values: Sequence[object]) -> NDArray[np.int64]:
    sortable = [_sortable(value) for value in values]
    numbers = sorted({value for value in sortable if isinstance(value, float)})
    texts = sorted({value for value in sortable if isinstance(value, str)})
    places = {value: place for place, value in enumerate([*numbers, *texts])}
    return np.fromiter(
        (_UNSORTED if value is None else places[value] for value in sortable), np.int64, len(values)
    )


def _sortable(value: object) -> Facet | None:
    if isinstance(value, int | float):
        return next(iter(finite(value)), None)
    return value if isinstance(value, str) else None
