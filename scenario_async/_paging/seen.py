"""The ids of a long iteration, in little memory."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARTS: Final = 256
_LAST_PART: Final = _PARTS - 1
_FIRST_SIZE: Final = 16
_FULLEST: Final = 0.6
_FEW: Final = 20_000
"""So many are kept in a set, which is quicker."""


class CompactIds:
    """Ids that were seen, of each only its hash of 64 bits: a million of them take 17 MB, where a set takes 130.

    That two ids of a million have the same hash, so that one of them is missed, happens once in thirty million times.
    It is cut into parts that grow by themselves, so that none of them holds up the loop for long.
    """

    def __init__(self) -> None:
        self._few: set[int] | None = set()
        self._parts = [_empty(_FIRST_SIZE) for _ in range(_PARTS)]
        self._counts = [0] * _PARTS

    def __len__(self) -> int:
        return sum(self._counts) if self._few is None else len(self._few)

    def __contains__(self, identifier: str) -> bool:
        return not self.isdisjoint((identifier,))

    def isdisjoint(self, ids: Iterable[str]) -> bool:
        """Tell whether none of these was seen."""
        if self._few is not None:
            return self._few.isdisjoint(map(hash, ids))
        parts = self._parts
        for identifier in ids:
            value = hash(identifier) or 1  # 0 is an empty cell
            part = parts[value & _LAST_PART]
            last = len(part) - 1
            cell = (value >> 8) & last
            while found := part[cell]:
                if found == value:
                    return False
                cell = (cell + 1) & last
        return True

    def add(self, identifier: str) -> None:
        """Take note of one."""
        self.update((identifier,))

    def update(self, ids: Iterable[str]) -> None:
        """Take note of these."""
        if self._few is None:
            self._take(map(hash, ids))
            return
        self._few.update(map(hash, ids))
        if len(self._few) > _FEW:
            few, self._few = self._few, None
            self._take(few)

    def _take(self, values: Iterable[int]) -> None:
        parts, counts = self._parts, self._counts
        for each in values:
            value = each or 1
            number = value & _LAST_PART
            part = parts[number]
            last = len(part) - 1
            cell = (value >> 8) & last
            while found := part[cell]:
                if found == value:
                    break
                cell = (cell + 1) & last
            else:
                part[cell] = value
                counts[number] += 1
                if counts[number] > last * _FULLEST:
                    parts[number] = _larger(part)


def _empty(size: int) -> array[int]:
    return array("q", bytes(8 * size))


def _larger(part: array[int]) -> array[int]:
    larger = _empty(2 * len(part))
    last = len(larger) - 1
    for value in filter(None, part):
        cell = (value >> 8) & last
        while larger[cell]:
            cell = (cell + 1) & last
        larger[cell] = value
    return larger
