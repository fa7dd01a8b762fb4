"""Columns: one thing that is read from every record, with each distinct value kept once.

A test is put to the distinct values, and numpy carries the answers to the records. So a filter over a
hundred thousand records costs what its attribute has of different values.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeAlias, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import Path, Record, value_at
from scenario_async.emulator.conditions import Condition, Facet, finite
from scenario_async.emulator.facets import Facets

Mask: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int32]
Reading: TypeAlias = Callable[[Record], object]
"""What is read from a record; equal readings read the same."""


@attrs.frozen
class Attribute:
    """Reads what stands at a path."""

    path: Path

    def __call__(self, record: Record) -> object:
        """Read a record."""
        return value_at(record, self.path)


class Values:
    """The distinct values of a column, each at its code."""

    def __init__(self, items: Sequence[object]) -> None:
        self.items = items

    @cached_property
    def facets(self) -> Facets:
        """What comparisons see of the values."""
        return Facets.of(self.items)

    @cached_property
    def sorting(self) -> "Sorting":
        """The values in order."""
        return Sorting.of(self.items)


@attrs.frozen(eq=False)
class Part:
    """The values of positions that follow one another: their codes in `values`."""

    values: Values
    codes: Codes


@attrs.frozen(eq=False)
class Column:
    """A value for each position, in one part or in two: of the records laid down first, and of those added."""

    parts: tuple[Part, ...]

    def where(self, conditions: Sequence[Condition], *, every: bool) -> Mask:
        """Tell of each position whether its value passes all of some conditions (`every`), or one of them."""
        return self._each(lambda values: values.facets.passing(conditions, every=every))

    def is_any_of(self, wanted: Sequence[object]) -> Mask:
        """Tell of each position whether its value is one of these."""
        return self._each(lambda values: _mask(value in wanted for value in values.items))

    def sort_keys(self, *, descending: bool) -> NDArray[np.float64]:
        """Give each position a number to sort by; what cannot be sorted is last, in either order."""
        first = self.parts[0].values.sorting
        keys = self._each(lambda values: values.sorting.ranks_among(first))
        return np.where(np.isnan(keys), np.inf, -keys if descending else keys)

    def _each(self, of_values: Callable[[Values], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([of_values(part.values)[part.codes] for part in self.parts])


def parts_of(records: Iterable[Record], *readings: Reading) -> list[Part]:
    """Read parts of columns from records, in one go, as a record may have to be made for it."""
    known: list[dict[Hashable, int]] = [{} for _ in readings]
    items: list[list[object]] = [[] for _ in readings]
    codes: list[list[int]] = [[] for _ in readings]
    for record in records:
        for place, reading in enumerate(readings):
            value = reading(record)
            code = known[place].setdefault(_key(value), len(items[place]))
            if code == len(items[place]):
                items[place].append(value)
            codes[place].append(code)
    return [
        Part(Values(values), np.array(places, np.int32)) for values, places in zip(items, codes, strict=True)
    ]


@attrs.frozen(eq=False)
class Sorting:
    """Values in their order: so many `numbers`, then texts; `ranks` has the place of each value, or NaN."""

    order: Sequence[Any]
    numbers: int
    ranks: NDArray[np.float64]

    @classmethod
    def of(cls, values: Sequence[object]) -> "Sorting":
        """Sort values."""
        sortable = [_sortable(value) for value in values]
        numbers = sorted({value for value in sortable if isinstance(value, float)})
        texts = sorted({value for value in sortable if isinstance(value, str)})
        order = [*numbers, *texts]
        places = {value: place for place, value in enumerate(order)}
        ranks = np.fromiter(
            (np.nan if value is None else places[value] for value in sortable), np.float64, len(sortable)
        )
        return cls(order, len(numbers), ranks)

    def ranks_among(self, other: "Sorting") -> NDArray[np.float64]:
        """Give the ranks that the values have among others: what is not there has its place between two."""
        if self is other:
            return self.ranks
        places = np.empty(len(self.order) + 1)
        for place, value in enumerate(self.order):
            stretch = (0, other.numbers) if place < self.numbers else (other.numbers, len(other.order))
            found = bisect_left(other.order, value, *stretch)
            there = found < stretch[1] and other.order[found] == value
            places[place] = found if there else found - 1 + (place + 1) / len(places)
        places[-1] = np.nan
        return places[np.nan_to_num(self.ranks, nan=len(self.order)).astype(np.intp)]


def _key(value: object) -> Hashable:
    """Give what tells a value from others: 1, 1.0 and True are three values, though they are equal."""
    if isinstance(value, list):
        return (list, *map(_key, cast("list[object]", value)))
    if isinstance(value, dict):
        return (dict, repr(cast("object", value)))
    return value if isinstance(value, str) else (type(value), value)


def _mask(answers: Iterable[bool]) -> Mask:
    return np.fromiter(answers, np.bool_)


def _sortable(value: object) -> Facet | None:
    if isinstance(value, int | float):
        return next(iter(finite(value)), None)
    return value if isinstance(value, str) else None
