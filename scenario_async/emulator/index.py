"""One index of the service: the records of one kind that one scope of search sees."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from scenario_async.emulator.attributes import SCHEMAS, Kind, Record
from scenario_async.emulator.subjects import Picture
from scenario_async.emulator.words import WordIndex

if TYPE_CHECKING:
    from scenario_async.emulator.features import LookIndex


class Index:
    """Records in the order that they have without a query: by score, then by id.

    A record's place in `records` is its position, by which the parts of the index know it. Each part is
    made when it is first used. `picture_of` tells what a record looks like.
    """

    def __init__(
        self, kind: Kind, records: Iterable[Record], picture_of: Callable[[Record], Picture | None]
    ) -> None:
        self._kind: Kind = kind
        self._picture_of = picture_of
        self.records: tuple[Record, ...] = tuple(
            sorted(records, key=lambda record: (-(record.get("score") or 0), record["id"]))
        )

    @cached_property
    def words(self) -> WordIndex:
        """The words of the records, for text search."""
        return WordIndex(self.records, SCHEMAS[self._kind].searched)

    @cached_property
    def looks(self) -> "LookIndex":
        """The looks of the records, for search by picture."""
        from scenario_async.emulator.features import LookIndex  # noqa: PLC0415 - it loads numpy and Pillow

        return LookIndex([self._picture_of(record) for record in self.records])
