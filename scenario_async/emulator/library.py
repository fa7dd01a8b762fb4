"""The records that an emulator searches."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
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
    `replace`, never in place.
    """

    def __init__(
        self,
        assets: Iterable[Record] = (),
        models: Iterable[Record] = (),
        workflows: Iterable[Record] = (),
        *,
        project_id: str | None = None,
    ) -> None:
        given: Mapping[Kind, Iterable[Record]] = {"assets": assets, "models": models, "workflows": workflows}
        self._records: dict[Kind, dict[str, Record]] = {kind: {} for kind in KINDS}
        self._indexes: dict[tuple[Kind, bool], Index] = {}
        self._pictured_records: Mapping[str, Record] | None = None
        for kind, records in given.items():
            self.add(*records, kind=kind)
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
        twin._records = {kind: dict(records) for kind, records in self._records.items()}  # noqa: SLF001
        # Shared until one of the two changes: then that one starts another.
        twin._indexes, twin._pictured_records = self._indexes, self._pictured_records  # noqa: SLF001
        return twin

    def records(self, kind: Kind) -> tuple[Record, ...]:
        """Give every record of a kind, in the order of their arrival."""
        return tuple(self._records[kind].values())

    def get(self, id: str, kind: Kind = "assets") -> Record | None:
        """Give one record, or None."""
        return self._records[kind].get(id)

    def add(self, *records: Record, kind: Kind = "assets") -> None:
        """Add records; `ValueError` when one has no id or one that is taken."""
        for record in records:
            if not isinstance(record.get("id"), str):
                raise ValueError(f"a record of {kind} has no id: {record!r}")  # noqa: TRY004 - no matter of types
            if record["id"] in self._records[kind]:
                raise ValueError(f"{record['id']} is in {kind} already")
            self._records[kind][record["id"]] = record
        self._changed()

    def replace(self, *records: Record, kind: Kind = "assets") -> None:
        """Put records in the place of those with their ids; `KeyError` when there is none."""
        for record in records:
            if record["id"] not in self._records[kind]:
                raise KeyError(record["id"])
            self._records[kind][record["id"]] = record
        self._changed()

    def remove(self, *ids: str, kind: Kind = "assets") -> None:
        """Remove records; `KeyError` when there is none of that id."""
        for id_ in ids:
            del self._records[kind][id_]
        self._changed()

    def index(self, kind: Kind, *, public: bool) -> Index:
        """Give the index that a search of this kind and scope reads."""
        index = self._indexes.get((kind, public))
        if index is None:
            seen = [record for record in self.records(kind) if self._is_in(record, public=public)]
            # Bound to what is pictured now, because copies share the index.
            index = self._indexes[kind, public] = Index(kind, seen, partial(_look, self._pictured()))
        return index

    def sees(self, id: str) -> bool:
        """Tell whether there is an asset or a thumbnail of this id, own or public."""
        record = self.get(id) or self._pictured().get(id)
        return record is not None and any(self._is_in(record, public=public) for public in (False, True))

    def picture(self, asset_id: str) -> Picture | None:
        """Give the picture behind an asset, or behind the thumbnail of any record; None if there is none."""
        record = self._pictured().get(asset_id)
        return None if record is None else picture_of(record)

    def _pictured(self) -> Mapping[str, Record]:
        """Map the id of each image, and of each thumbnail that is no record itself, to what it shows."""
        if self._pictured_records is None:
            records = [record for kind in KINDS for record in self.records(kind)]
            thumbnails = {id_: record for record in records if (id_ := _thumbnail_id(record))}
            images = {record["id"]: record for record in self.records("assets") if _is_image(record)}
            self._pictured_records = thumbnails | images
        return self._pictured_records

    def _is_in(self, record: Record, *, public: bool) -> bool:
        if public:
            return bool(record.get("privacy") == "public")
        return bool(record.get("ownerId", self.project_id) == self.project_id)

    def _changed(self) -> None:
        self._indexes = {}
        self._pictured_records = None


def _look(pictured: Mapping[str, Record], record: Record) -> Picture | None:
    shown = record if _is_image(record) else pictured.get(_thumbnail_id(record))
    return None if shown is None else picture_of(shown)


def _is_image(record: Record) -> bool:
    return record.get("mimeType") in IMAGE_TYPES


def _thumbnail_id(record: Record) -> str:
    thumbnail = cast("Mapping[str, str]", record.get("thumbnail") or {})
    return thumbnail.get("assetId", "")
