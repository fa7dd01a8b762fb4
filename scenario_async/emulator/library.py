"""The records that an emulator searches."""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Final, Self, cast

from scenario_async.emulator.attributes import KINDS, Kind, Record
from scenario_async.emulator.index import Index
from scenario_async.emulator.sample import sample_records
from scenario_async.emulator.subjects import IMAGE_TYPES, Picture, picture_of

_DEFAULT_PROJECT: Final = "proj_emulator"


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
    ) -> None:
        self._contents = _Contents({kind: {} for kind in KINDS})
        self.add(*assets)
        self.add(*models, kind="models")
        self.add(*workflows, kind="workflows")
        self.project_id = project_id or next(
            (record["ownerId"] for kind in KINDS for record in self.records(kind) if "ownerId" in record),
            _DEFAULT_PROJECT,
        )

    @classmethod
    def sample(cls, seed: int = 0) -> Self:
        """Make the sample library, which is the same for the same seed.

        It holds hundreds of own assets of every kind, models and workflows, and public ones of others.
        """
        return cls._of_sample(seed).copy()

    @classmethod
    @cache
    def _of_sample(cls, seed: int) -> Self:
        records = sample_records(seed)
        return cls(records["assets"], records["models"], records["workflows"])

    def copy(self) -> Self:
        """Make a library of the same records that can be changed on its own."""
        twin = type(self)(project_id=self.project_id)
        twin._contents = self._contents  # noqa: SLF001
        return twin

    def records(self, kind: Kind) -> tuple[Record, ...]:
        """Give every record of a kind, in the order of their arrival."""
        return tuple(self._contents.records[kind].values())

    def get(self, id: str, kind: Kind = "assets") -> Record | None:
        """Give one record, or None."""
        return self._contents.records[kind].get(id)

    def add(self, *records: Record, kind: Kind = "assets") -> None:
        """Add records; `ValueError`, and none is added, when one has no id or one that is taken."""
        known = dict(self._contents.records[kind])
        for record in records:
            if not isinstance(id_ := record.get("id"), str):
                raise ValueError(f"a record of {kind} has no id: {record!r}")  # noqa: TRY004 - no matter of types
            if id_ in known:
                raise ValueError(f"{id_} is in {kind} already")
            known[id_] = record
        self._change(kind, known)

    def replace(self, *records: Record, kind: Kind = "assets") -> None:
        """Put records in the place of those with their ids; `KeyError`, and no change, when there is none."""
        known = dict(self._contents.records[kind])
        for record in records:
            if record["id"] not in known:
                raise KeyError(record["id"])
            known[record["id"]] = record
        self._change(kind, known)

    def remove(self, *ids: str, kind: Kind = "assets") -> None:
        """Remove records; `KeyError`, and no change, when there is none of an id."""
        known = dict(self._contents.records[kind])
        for id_ in ids:
            del known[id_]
        self._change(kind, known)

    def index(self, kind: Kind, *, public: bool) -> Index:
        """Give the index that a search of this kind and scope reads."""
        contents = self._contents
        index = contents.indexes.get((kind, public))
        if index is None:
            records = contents.records[kind].values()
            seen = [record for record in records if self._is_in(record, public=public)]
            index = contents.indexes[kind, public] = Index(kind, seen, contents.look)
        return index

    def sees(self, id: str) -> bool:
        """Tell whether there is an asset or a thumbnail of this id, own or public."""
        record = self.get(id) or self._contents.pictured.get(id)
        return record is not None and any(self._is_in(record, public=public) for public in (False, True))

    def picture(self, asset_id: str) -> Picture | None:
        """Give the picture behind an asset, or behind the thumbnail of any record; None if there is none."""
        record = self._contents.pictured.get(asset_id)
        return None if record is None else picture_of(record)

    def _is_in(self, record: Record, *, public: bool) -> bool:
        if public:
            return bool(record.get("privacy") == "public")
        return bool(record.get("ownerId", self.project_id) == self.project_id)

    def _change(self, kind: Kind, records: Mapping[str, Record]) -> None:
        self._contents = _Contents({**self._contents.records, kind: records})


class _Contents:
    """All records at one time, and what was made of them so far.

    A change to a library gives it other contents. So copies can share them, and a search that is under way
    leaves nothing stale behind.
    """

    def __init__(self, records: Mapping[Kind, Mapping[str, Record]]) -> None:
        self.records = records
        self.indexes: dict[tuple[Kind, bool], Index] = {}

    @cached_property
    def pictured(self) -> Mapping[str, Record]:
        """The id of each image, and of each thumbnail that is no record itself, with what it shows."""
        records = [record for kind in KINDS for record in self.records[kind].values()]
        thumbnails = {id_: record for record in records if (id_ := _thumbnail_id(record))}
        return thumbnails | {
            id_: record for id_, record in self.records["assets"].items() if _is_image(record)
        }

    def look(self, record: Record) -> Picture | None:
        """Give the picture that a record is or shows as its thumbnail, if there is one."""
        shown = record if _is_image(record) else self.pictured.get(_thumbnail_id(record))
        return None if shown is None else picture_of(shown)


def _is_image(record: Record) -> bool:
    return record.get("mimeType") in IMAGE_TYPES


def _thumbnail_id(record: Record) -> str:
    thumbnail = cast("Mapping[str, str]", record.get("thumbnail") or {})
    return thumbnail.get("assetId", "")
