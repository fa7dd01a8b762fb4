"""The records of one kind at one moment, as a search sees them: by position, in columns."""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import MISSING, Path, Schema
from scenario_async.emulator.columns import Attribute, Column, Mask, Part, Reading, parts_of
from scenario_async.emulator.meanings import MeaningIndex
from scenario_async.emulator.queries import Query, parsed
from scenario_async.emulator.ranks import Ranks, Relevance
from scenario_async.emulator.rows import Records, Rows, Shelf, every
from scenario_async.emulator.rules import Engine
from scenario_async.emulator.seeds import Seeds, may_be_seeds
from scenario_async.emulator.texts import TextIndex, Texts

if TYPE_CHECKING:
    from scenario_async.emulator.words import Boundaries

Places: TypeAlias = NDArray[np.int64]


class Catalogue:
    """What is made of records that were laid down or added together; whatever is not used is not made."""

    def __init__(self, rows: Rows, schema: Schema) -> None:
        self.rows = rows
        self._texts = Texts(tuple(schema.searched))
        self._weights = tuple(schema.searched.values())
        self._seeds = None if schema.seeds is None else Attribute(schema.seeds)
        # What every search or nearly every one reads, and is therefore read together.
        paths = (("privacy",), ("ownerId",), ("score",), ("thumbnail", "assetId"))
        self._usual: tuple[Reading, ...] = (self._texts, *map(Attribute, paths))
        self._parts: dict[Reading, Part] = {}
        self._words: dict[Boundaries, TextIndex] = {}
        self._meanings: MeaningIndex | None = None
        # Nothing is to be made twice, by two searches at a time.
        self._lock = threading.RLock()

    def part(self, reading: Reading, *others: Reading) -> Part:
        """Give the part of a column; if it must be read, others that will be wanted are read with it."""
        with self._lock:
            part = self._parts.get(reading)
            return self._read(reading, others) if part is None else part

    def _read(self, reading: Reading, others: Sequence[Reading]) -> Part:
        from scenario_async.emulator.variations import Variations  # noqa: PLC0415 - few libraries are that large

        if isinstance(self.rows, Variations):
            self._parts[reading] = self.rows.part(reading)
        else:
            together = dict.fromkeys((reading, *others, *self._usual))
            wanted: list[Reading] = [each for each in together if each not in self._parts]
            self._parts |= dict(zip(wanted, parts_of(every(self.rows), *wanted), strict=True))
        return self._parts[reading]

    def ranks(self, asked: Query, engine: Engine) -> Ranks:
        """Rank the records by the words of a query."""
        texts, boundaries = self.part(self._texts), engine.boundaries
        with self._lock:
            index = self._words.get(boundaries)
            if index is None:
                index = self._words[boundaries] = TextIndex(texts.values, self._weights, boundaries)
        if self._seeds is not None and may_be_seeds(asked):
            return index.search(asked, engine, Seeds(self.part(self._seeds), texts.codes))
        return index.search(asked, engine).at(texts.codes)

    def nearness(self, query: str) -> Relevance:
        """Give each record its nearness to the meaning of a query."""
        texts = self.part(self._texts)
        with self._lock:
            if self._meanings is None:
                self._meanings = MeaningIndex(texts.values, self._weights)
        return self._meanings.search(query)[texts.codes]


class Table:
    """A shelf in columns; positions are the shelf's."""

    def __init__(self, shelf: Shelf, base: Catalogue, schema: Schema, project_id: str) -> None:
        self.shelf = shelf
        self.project_id = project_id
        added = [Catalogue(Records(shelf.added), schema)] if shelf.added else []
        self._catalogues = (base, *added)
        self._columns: dict[Reading, Column] = {}

    def column(self, reading: Reading, *others: Reading) -> Column:
        """Give a column of all positions; `others` are those that will be wanted next."""
        column = self._columns.get(reading)
        if column is None:
            parts = (catalogue.part(reading, *others) for catalogue in self._catalogues)
            column = self._columns[reading] = Column(tuple(parts))
        return column

    def attribute(self, path: Path) -> Column:
        """Give the column of an attribute."""
        return self.column(Attribute(path))

    def ranks(self, query: str, engine: Engine) -> Ranks | None:
        """Rank the positions by the words of a query, or give None when it asks for nothing."""
        asked = parsed(query, engine.boundaries)
        if asked.is_empty:
            return None
        return Ranks.together([catalogue.ranks(asked, engine) for catalogue in self._catalogues])

    def nearness(self, query: str) -> Relevance:
        """Give each position its nearness to the meaning of a query."""
        return np.concatenate([catalogue.nearness(query) for catalogue in self._catalogues])

    def scope(self, *, public: bool) -> Mask:
        """Tell of each position whether a search of this scope sees it."""
        return self._public if public else self._own

    @cached_property
    def there(self) -> Mask:
        """Which positions are those of records that are not gone."""
        there = np.ones(self.shelf.size, np.bool_)
        there[list(self.shelf.gone)] = False
        return there

    @cached_property
    def _public(self) -> Mask:
        return self.there & self.attribute(("privacy",)).is_any_of(["public"])

    @cached_property
    def _own(self) -> Mask:
        owners = self.attribute(("ownerId",))
        return self.there & owners.is_any_of([self.project_id, MISSING])

    @cached_property
    def standing(self) -> Places:
        """The rank of each position where nothing else decides: by score, then in the order of arrival."""
        places = np.arange(self.shelf.size)
        places[len(self.shelf.base) :] = self.shelf.places
        order = np.lexsort((places, self.attribute(("score",)).sort_keys(descending=True)))
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        return ranks

    @cached_property
    def thumbnails(self) -> Mapping[str, int]:
        """Which asset ids are shown as a thumbnail, and at which position: one that a search sees, if any does."""
        shown: dict[str, int] = {}
        begin = 0
        seen = self._own | self._public
        for part in self.attribute(("thumbnail", "assetId")).parts:
            positions = np.flatnonzero(self.there[begin : begin + len(part.codes)])
            positions = positions[np.argsort(~seen[begin + positions], kind="stable")]
            codes, first = np.unique(part.codes[positions], return_index=True)
            for code, position in zip(codes.tolist(), (begin + positions[first]).tolist(), strict=True):
                id_ = part.values.items[code]
                if isinstance(id_, str) and (id_ not in shown or not seen[shown[id_]]):
                    shown[id_] = position
            begin += len(part.codes)
        return shown
