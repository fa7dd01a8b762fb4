"""The records of one kind at one moment, as a search sees them: by position, in columns."""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import MISSING, Path, Schema
from scenario_async.emulator.columns import Attribute, Column, Mask, Reading, columns_of
from scenario_async.emulator.meanings import MeaningIndex
from scenario_async.emulator.rows import Rows, Shelf, every
from scenario_async.emulator.texts import TextIndex, Texts

Ranks: TypeAlias = NDArray[np.int64]


class Catalogue:
    """What was made of the rows that were laid down together, for all the tables that they are part of."""

    def __init__(self, rows: Rows, schema: Schema) -> None:
        self._rows = rows
        self._texts = Texts(tuple(schema.searched))
        self._weights = tuple(schema.searched.values())
        # What every search or nearly every one reads, and is therefore read together.
        paths = (("privacy",), ("ownerId",), ("score",), ("thumbnail", "assetId"))
        self._usual: tuple[Reading, ...] = (self._texts, *map(Attribute, paths))
        self._columns: dict[Reading, Column] = {}
        self._words: TextIndex | None = None
        self._meanings: MeaningIndex | None = None
        # A column read twice at a time would have its values twice.
        self._lock = threading.RLock()

    def column(self, reading: Reading, *others: Reading) -> Column:
        """Give a column of the rows; if it must be read, others that will be wanted are read with it."""
        with self._lock:
            column = self._columns.get(reading)
            return self._read(reading, others) if column is None else column

    def _read(self, reading: Reading, others: Sequence[Reading]) -> Column:
        from scenario_async.emulator.variations import Variations  # noqa: PLC0415 - few libraries are that large

        if isinstance(self._rows, Variations):
            self._columns[reading] = self._rows.column(reading)
        else:
            together = dict.fromkeys((reading, *others, *self._usual))
            wanted: list[Reading] = [each for each in together if each not in self._columns]
            self._columns |= dict(zip(wanted, columns_of(every(self._rows), *wanted), strict=True))
        return self._columns[reading]

    @property
    def texts(self) -> Texts:
        """Reads what is searched by words."""
        return self._texts

    @property
    def words(self) -> TextIndex:
        """The words of the distinct texts."""
        with self._lock:
            if self._words is None:
                self._words = TextIndex(self.column(self._texts).values, self._weights)
            return self._words

    @property
    def meanings(self) -> MeaningIndex:
        """The meanings of the distinct texts."""
        with self._lock:
            if self._meanings is None:
                self._meanings = MeaningIndex(self.column(self._texts).values, self._weights)
            return self._meanings


class Table:
    """A shelf in columns; positions are the shelf's."""

    def __init__(self, shelf: Shelf, catalogue: Catalogue, project_id: str) -> None:
        self.shelf = shelf
        self.catalogue = catalogue
        self._project_id = project_id
        self._columns: dict[Reading, Column] = {}

    def column(self, reading: Reading, *others: Reading) -> Column:
        """Give a column of all positions; `others` are those that will be wanted next."""
        column = self._columns.get(reading)
        if column is None:
            base = self.catalogue.column(reading, *others)
            column = self._columns[reading] = base.extended(map(reading, self.shelf.added))
        return column

    def attribute(self, path: Path) -> Column:
        """Give the column of an attribute."""
        return self.column(Attribute(path))

    def scope(self, *, public: bool) -> Mask:
        """Tell of each position whether a search of this scope sees it."""
        return self._public if public else self._own

    @cached_property
    def _public(self) -> Mask:
        return self._there & self.attribute(("privacy",)).is_any_of(["public"])

    @cached_property
    def _own(self) -> Mask:
        owners = self.attribute(("ownerId",))
        return self._there & owners.is_any_of([self._project_id, MISSING])

    @cached_property
    def _there(self) -> Mask:
        there = np.ones(self.shelf.size, np.bool_)
        there[list(self.shelf.gone)] = False
        return there

    @cached_property
    def standing(self) -> Ranks:
        """The rank of each position where nothing else decides: by score, then in the order of arrival."""
        places = np.arange(self.shelf.size)
        places[len(self.shelf.base) :] = self.shelf.places
        order = np.lexsort((places, self.attribute(("score",)).sort_keys(descending=True)))
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        return ranks

    @cached_property
    def thumbnails(self) -> Mapping[str, int]:
        """Which asset ids are shown as a thumbnail, and at which position first."""
        column = self.attribute(("thumbnail", "assetId"))
        codes, positions = np.unique(column.codes, return_index=True)
        known = zip((column.values.items[code] for code in codes.tolist()), positions.tolist(), strict=True)
        return {id_: position for id_, position in known if isinstance(id_, str)}
