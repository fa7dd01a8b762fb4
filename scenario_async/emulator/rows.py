"""Records at rest: where they stand, how they are found by id, and what changed since they were laid down.

Nothing here changes once it is made. A search works on what it was given, whatever happens meanwhile.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol, cast, overload

import attrs

from scenario_async.emulator.attributes import Record


class Rows(Protocol):
    """Many records, each at its position; a record may be made when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> Record: ...

    def find(self, id: str, /) -> int | None:
        """Give the position of the record with this id."""
        ...

    def pictured(self, position: int, /) -> Record:
        """Give the record whose picture is that of the one at a position."""
        ...


def every(rows: Rows) -> Iterator[Record]:
    """Give the records one after the other."""
    return map(rows.__getitem__, range(len(rows)))


class Records:
    """Records that are there."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, position: int) -> Record:
        return self._records[position]

    def find(self, id: str) -> int | None:
        """Give the position of the record with this id."""
        return self._positions.get(id)

    def pictured(self, position: int) -> Record:
        """Give the record at a position."""
        return self[position]

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        return {record["id"]: position for position, record in enumerate(self._records)}


class EncodedRecords:
    """Records as JSON texts, each read when it is asked for: a third of the memory of read ones."""

    def __init__(self, texts: Sequence[bytes], positions: Mapping[str, int]) -> None:
        self._texts = texts
        self._positions = positions

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, position: int) -> Record:
        return cast("Record", json.loads(self._texts[position]))

    def find(self, id: str) -> int | None:
        """Give the position of the record with this id."""
        return self._positions.get(id)

    def pictured(self, position: int) -> Record:
        """Give the record at a position."""
        return self[position]


@attrs.frozen(eq=False)
class Shelf:
    """All records of a kind: those laid down together, then those added, without those that are gone.

    A record that replaces another one stands at a position of its own, and keeps the other's place in
    `order`.
    """

    base: Rows
    added: Sequence[Record] = ()
    places: Sequence[int] = ()
    """For each record added, its place in the order of arrival."""
    positions: Mapping[str, int] = attrs.field(factory=dict[str, int])
    """Where the records added stand."""
    gone: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """How many positions there are, those of records that are gone included."""
        return len(self.base) + len(self.added)

    def __getitem__(self, position: int) -> Record:
        known = len(self.base)
        return self.base[position] if position < known else self.added[position - known]

    def find(self, id: str) -> int | None:
        """Give the position of the record with this id."""
        position = self.positions.get(id)
        if position is None:
            position = self.base.find(id)
        return None if position in self.gone else position

    def pictured(self, position: int) -> Record:
        """Give the record whose picture is that of the one at a position."""
        return self.base.pictured(position) if position < len(self.base) else self[position]

    def place(self, position: int) -> int:
        """Give the place of a position in the order of arrival."""
        known = len(self.base)
        return position if position < known else self.places[position - known]

    def adding(self, records: Sequence[Record]) -> "Shelf":
        """Give the shelf with these records behind all others."""
        return self._with(records, range(self.size, self.size + len(records)), self.gone)

    def replacing(self, records: Mapping[int, Record]) -> "Shelf":
        """Give the shelf with other records in the place of those at some positions."""
        places = [self.place(position) for position in records]
        return self._with(list(records.values()), places, self.gone | records.keys())

    def removing(self, positions: Iterable[int]) -> "Shelf":
        """Give the shelf without the records at some positions."""
        return attrs.evolve(self, gone=self.gone.union(positions))

    def _with(self, records: Sequence[Record], places: Sequence[int], gone: frozenset[int]) -> "Shelf":
        positions = {record["id"]: self.size + number for number, record in enumerate(records)}
        return Shelf(
            base=self.base,
            added=(*self.added, *records),
            places=(*self.places, *places),
            positions={**self.positions, **positions},
            gone=gone,
        )

    @cached_property
    def order(self) -> Sequence[int]:
        """The positions of the records that are not gone, in the order of arrival."""
        if not self.added and not self.gone:
            return range(self.size)
        return sorted((place for place in range(self.size) if place not in self.gone), key=self.place)


class ShelfView(Sequence[Record]):
    """The records of a shelf in the order of arrival, each made when it is asked for."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __len__(self) -> int:
        return len(self._shelf.order)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        if isinstance(index, slice):
            return [self._shelf[position] for position in self._shelf.order[index]]
        return self._shelf[self._shelf.order[index]]

    def __iter__(self) -> Iterator[Record]:
        return map(self._shelf.__getitem__, self._shelf.order)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        others = cast("Sequence[object]", other)
        return len(self) == len(others) and all(map(lambda one, two: one == two, self, others))

    def __hash__(self) -> int:
        return id(self._shelf)

    def __repr__(self) -> str:
        return f"<{len(self)} records>"
