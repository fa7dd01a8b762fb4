"""The records that an emulator searches."""

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast

import attrs

from scenario_async.emulator.attributes import KINDS, SCHEMAS, Kind, Record, value_at
from scenario_async.emulator.errors import shortened
from scenario_async.emulator.loading import Progress, read_rows
from scenario_async.emulator.rows import Records, Rows, Shelf, ShelfView
from scenario_async.emulator.sample import DEFAULT_PROJECT, sample_records
from scenario_async.emulator.subjects import IMAGE_TYPES, AnyPicture, picture_of

if TYPE_CHECKING:
    from scenario_async.emulator.looks import Looks
    from scenario_async.emulator.table import Catalogue, Table

SAMPLE_SIZE: Final = 600
"""Assets in the sample, unless another size is asked for."""

_SIZES: Final = range(100, 1_000_001)
_TEMPLATES: Final = 4000
# So many changes are kept beside the records that were there first, and as many as there were of these.
_CHANGES: Final = 200
_versions: Final = count()


class Library:
    """Assets, models and workflows, each a mapping as the service sends them in its hits.

    A search without `public` sees the records that `project_id` owns, one with it those whose `privacy`
    is public. Without a `project_id` the library's is the `ownerId` of the first record given. A URL that
    begins with `/` is served by the emulator itself. Records are taken as they are: change them through
    `replace`, never in place. A change shows in the next search; it may be made from any one thread.
    """

    def __init__(
        self,
        assets: Iterable[Record] = (),
        models: Iterable[Record] = (),
        workflows: Iterable[Record] = (),
        *,
        project_id: str | None = None,
        files: Mapping[str, AnyPicture] | None = None,
    ) -> None:
        given: Mapping[Kind, Iterable[Record]] = {"assets": assets, "models": models, "workflows": workflows}
        self._lay({kind: Records(_checked(given[kind], kind)) for kind in KINDS}, project_id, files or {})

    @classmethod
    def sample(cls, seed: int = 0, *, size: int = SAMPLE_SIZE) -> Self:
        """Make the sample library, which is the same for the same seed and size.

        It holds `size` assets (100 to 1,000,000) of every kind, models and workflows, seven in ten of them
        own and the others public ones of others. Beyond 4,000, assets are variations of earlier ones, made
        when they are asked for.
        """
        if size not in _SIZES:
            raise ValueError(f"size is {size!r}: a sample has {_SIZES[0]:,} to {_SIZES[-1]:,} assets")
        return cls._of_sample(seed, size).copy()

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, project_id: str | None = None, progress: Progress | None = None
    ) -> Self:
        """Make a library of a file of hits (JSON, JSONL with one a line, or SQLite) or of a folder of pictures.

        A SQLite file is one that an export or a harvest has made.

        `progress` is told now and then how much is done, and of how much. What is neither is a
        `ValueError` that says where and why, what cannot be read an `OSError`.
        """
        source = Path(path)
        if not source.is_dir():
            return cls._of_rows(read_rows(source, progress), project_id)
        from scenario_async.emulator.features import fault_of, prepare  # noqa: PLC0415 - it loads numpy and Pillow
        from scenario_async.emulator.folders import read_folder  # noqa: PLC0415 - it loads Pillow

        folder = read_folder(source, project_id=project_id or DEFAULT_PROJECT, progress=progress)
        prepare(list(folder.files.values()), progress)
        folder = folder.sifted(source, fault_of)
        library = cls(folder.records, project_id=project_id or DEFAULT_PROJECT, files=folder.files)
        library.skipped = folder.skipped
        return library

    @classmethod
    @lru_cache(maxsize=8)
    def _of_sample(cls, seed: int, size: int) -> Self:
        records = sample_records(seed, min(size, _TEMPLATES))
        rows: dict[Kind, Rows] = {kind: Records(records[kind]) for kind in KINDS}
        if size > _TEMPLATES:
            from scenario_async.emulator.variations import Variations  # noqa: PLC0415 - it loads numpy

            rows["assets"] = Variations(records["assets"], size, seed)
        return cls._of_rows(rows, None)

    @classmethod
    def _of_rows(
        cls,
        rows: Mapping[Kind, Rows],
        project_id: str | None,
        files: Mapping[str, AnyPicture] | None = None,
    ) -> Self:
        library = cls.__new__(cls)
        library._lay(rows, project_id, files or {})  # noqa: SLF001
        return library

    def _lay(
        self, rows: Mapping[Kind, Rows], project_id: str | None, files: Mapping[str, AnyPicture]
    ) -> None:
        self._shelves = {kind: Shelf(rows[kind]) for kind in KINDS}
        self._catalogues: dict[Kind, Catalogue] = {}
        self._tables: dict[Kind, Table] = {}
        self._looks: dict[Kind, Looks] = {}
        self._shown = _Shown(files)
        self._version = next(_versions)
        self.skipped: Mapping[Path, str] = {}
        """The files of a folder that are not served, and why."""
        self.project_id: str = project_id or next(
            (
                record["ownerId"]
                for kind in KINDS
                for record in self.records(kind)
                if isinstance(record.get("ownerId"), str)
            ),
            DEFAULT_PROJECT,
        )

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.records(kind)):,} {kind}" for kind in KINDS)
        return f"<{type(self).__name__} of {counts}>"

    def copy(self) -> Self:
        """Make a library of the same records that can be changed on its own."""
        twin = copy(self)
        twin._part()  # noqa: SLF001
        return twin

    def _part(self) -> None:
        """Share nothing that comes but what is made of the rows below all changes."""
        self._shelves, self._tables, self._looks = (
            dict(self._shelves),
            dict(self._tables),
            dict(self._looks),
        )

    def records(self, kind: Kind) -> Sequence[Record]:
        """Give every record of a kind, in the order of their arrival."""
        return ShelfView(self._shelves[kind])

    @property
    def state(self) -> Hashable:
        """What is equal as long as the records stay as they are."""
        return self._version, self.project_id

    def get(self, id: str, kind: Kind = "assets") -> Record | None:
        """Give one record, or None."""
        shelf = self._shelves[kind]
        position = shelf.find(id)
        return None if position is None else shelf[position]

    def add(self, *records: Record, kind: Kind = "assets") -> None:
        """Add records; `ValueError`, and none is added, when one has no id or one that is taken.

        What is no record is a `TypeError`, here and in `replace`.
        """
        shelf = self._shelves[kind]
        checked = _checked(records, kind)
        if taken := next((record["id"] for record in checked if shelf.find(record["id"]) is not None), None):
            raise ValueError(f"{taken} is in {kind} already")
        self._change(kind, shelf.adding(checked))

    def replace(self, *records: Record, kind: Kind = "assets") -> None:
        """Put records in the place of those with their ids; `KeyError`, and no change, when there is none."""
        shelf = self._shelves[kind]
        self._change(kind, shelf.replacing({_found(shelf, _id(record, kind)): record for record in records}))

    def remove(self, *ids: str, kind: Kind = "assets") -> None:
        """Remove records; `KeyError`, and no change, when there is none of an id."""
        shelf = self._shelves[kind]
        self._change(kind, shelf.removing([_found(shelf, id_) for id_ in ids]))

    def _change(self, kind: Kind, shelf: Shelf) -> None:
        if len(shelf.added) + len(shelf.gone) > max(_CHANGES, len(shelf.base)):
            # Laid down anew, so that what is gone is forgotten; not in what copies share.
            shelf = Shelf(Records(list(ShelfView(shelf))))
            self._catalogues = {known: each for known, each in self._catalogues.items() if known != kind}
        self._shelves[kind] = shelf
        self._version = next(_versions)

    def table(self, kind: Kind) -> "Table":
        """Give the records of a kind as searches see them now."""
        from scenario_async.emulator.table import Catalogue, Table  # noqa: PLC0415 - it loads numpy

        shelf = self._shelves[kind]
        table = self._tables.get(kind)
        if table is None or table.shelf is not shelf or table.project_id != self.project_id:
            catalogue = self._catalogues.get(kind)
            if catalogue is None or catalogue.rows is not shelf.base:
                catalogue = self._catalogues[kind] = Catalogue(shelf.base, SCHEMAS[kind])
            table = self._tables[kind] = Table(shelf, catalogue, SCHEMAS[kind], self.project_id)
        return table

    def sees(self, id: str) -> bool:
        """Tell whether there is an asset or a thumbnail of this id, own or public."""
        record = self.get(id) or _showing(id, map(self.table, KINDS))
        return record is not None and any(self._is_in(record, public=public) for public in (False, True))

    def picture(self, asset_id: str) -> AnyPicture | None:
        """Give the picture behind an asset, or behind the thumbnail of any record; None if there is none."""
        return self._pictures()(asset_id)

    def _pictures(self) -> Callable[[str], AnyPicture | None]:
        """Give what finds pictures as they are now, whatever changes meanwhile."""
        shelf, tables = self._shelves["assets"], list["Table"]()

        def find(asset_id: str) -> AnyPicture | None:
            position = shelf.find(asset_id)
            if position is not None:
                shown = self._shown(shelf.pictured(position))
                if not isinstance(shown, str):
                    return shown
            if not tables:
                tables.extend(map(self.table, KINDS))
            record = _showing(asset_id, tables)
            return None if record is None else picture_of(record)

        return find

    def looks(self, kind: Kind, table: "Table") -> "Looks":
        """Give what the records of a kind look like, by their positions in a table of it."""
        from scenario_async.emulator.looks import Looks  # noqa: PLC0415 - it loads numpy and Pillow

        assets = self._shelves["assets"]
        looks = self._looks.get(kind)
        if looks is None or (looks.table, looks.assets) != (table, assets):
            looks = self._looks[kind] = Looks(table, assets, table.column(self._shown), self._pictures())
        return looks

    def size(self, kind: Kind) -> int:
        """Give about how many records of a kind there are, those that went lately included."""
        return self._shelves[kind].size

    def _is_in(self, record: Record, *, public: bool) -> bool:
        if public:
            return bool(record.get("privacy") == "public")
        return bool(record.get("ownerId", self.project_id) == self.project_id)


@attrs.frozen(eq=False)
class _Shown:
    """Reads what a record shows: its own picture, else the id of its thumbnail, else None."""

    files: Mapping[str, AnyPicture]

    def __call__(self, record: Record) -> AnyPicture | str | None:
        if (file := self.files.get(record["id"])) is not None:
            return file
        if str(record.get("mimeType")) in IMAGE_TYPES:
            return picture_of(record)
        thumbnail = value_at(record, ("thumbnail", "assetId"))
        return thumbnail if isinstance(thumbnail, str) else None


def _checked(records: Iterable[Record], kind: Kind) -> list[Record]:
    """Give records that each have an id of their own, or raise `ValueError`."""
    known: dict[str, Record] = {}
    for record in records:
        id_ = _id(record, kind)
        if id_ in known:
            raise ValueError(f"{id_} is in {kind} already")
        known[id_] = record
    return list(known.values())


def _id(record: object, kind: Kind) -> str:
    if not isinstance(record, Mapping):
        raise TypeError(
            f"a record of {kind} must be a mapping, as the service sends it in a hit "
            f"({{'id': 'asset_1', ...}}), not {shortened(repr(record))}"
        )
    if not isinstance(id_ := cast("Record", record).get("id"), str):
        raise ValueError(f"a record of {kind} has no id: {record!r}")  # noqa: TRY004 - no matter of types
    return id_


def _showing(thumbnail_id: str, tables: "Iterable[Table]") -> Record | None:
    """Give the record that has an asset as its thumbnail."""
    for table in tables:
        position = table.thumbnails.get(thumbnail_id)
        if position is not None:
            return table.shelf.pictured(position)
    return None


def _found(shelf: Shelf, id_: str) -> int:
    if (position := shelf.find(id_)) is None:
        raise KeyError(id_)
    return position
