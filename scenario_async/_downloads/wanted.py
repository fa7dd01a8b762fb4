"""What there is to download behind what a caller gives: hits, mappings like them, or ids of assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import attrs

from scenario_async._downloads.addresses import is_original
from scenario_async._downloads.manifest import Key
from scenario_async._support import checks
from scenario_async._support.hints import is_async
from scenario_async._tables.unsigned import unsigned, unsigned_json
from scenario_async.errors import ScenarioError
from scenario_async.models import AssetHit, Hit, Thumbnail, url_repr

_SHOWN_BY: Final = ("thumbnail", "after", "before")
_SEEN: Final = frozenset({"image", "image-hdr"})
_RULE: Final = "it must be several hits, mappings with an id, or ids of assets; put a single one into a list"


@attrs.frozen(kw_only=True)
class Wanted:
    """A file to download: of the hit `id`, and behind the `url` of the asset `asset_id`.

    `url` is None where only the service can tell. `is_picture` says that nothing but a picture can come.
    """

    given: Any = attrs.field(repr=False)
    key: Key
    asset_id: str
    url: str | None = attrs.field(repr=url_repr)
    is_picture: bool
    mime_type: str
    values: Mapping[str, str | int] = attrs.field(repr=False)
    missing: str | None = None
    """Why there is nothing to download."""

    @property
    def original(self) -> bool:
        """Whether it is the original that is wanted, without the service's transformations."""
        return self.url is not None and is_original(self.url)


def check_several(hits: object) -> None:
    """Refuse what is one hit, or one id, and would be taken apart, and what nothing can be read of."""
    kind = type(hits).__name__
    several = isinstance(hits, Iterable) or is_async(hits)
    if not several or isinstance(hits, (str, bytes, Mapping, Hit)):
        checks.refuse("hits", hits if isinstance(hits, str) else kind, _RULE)


def wanted(given: object, index: int, rendition: str) -> Wanted:
    """Read what a caller gave; `InvalidSearchError` for what is nothing to download."""
    hit = given if isinstance(given, Hit) else getattr(given, "hit", given)  # of `fan_out`
    if isinstance(hit, Hit):
        return _of_hit(hit, index, rendition)
    if isinstance(hit, str) and hit and "/" not in hit:
        checks.text(hit, "hits")
        return _of_mapping(given, {"id": hit}, index, rendition)
    if isinstance(hit, Mapping):
        return _of_mapping(given, cast("Mapping[str, Any]", hit), index, rendition)
    return checks.refuse("hits", type(given).__name__, _RULE, part="an item")


def _of_hit(hit: Hit, index: int, rendition: str) -> Wanted:
    if isinstance(hit, AssetHit):
        kind = hit.metadata.kind or ""
        name, mime_type = hit.metadata.name, hit.mime_type
        shown: Thumbnail | None = Thumbnail(asset_id=hit.id, url=hit.url)
    else:
        kind = type(hit).__name__.removesuffix("Hit").lower()
        name, mime_type = getattr(hit, "name", None), "image/*"
        shown = next((found for each in _SHOWN_BY if (found := getattr(hit, each, None)) is not None), None)
    missing = (
        None
        if shown is not None
        else f"{hit.id}, of the kind {kind}, has no thumbnail: there is nothing to download"
    )
    return Wanted(
        given=hit,
        key=Key(hit.id, rendition),
        asset_id=hit.id if shown is None else shown.asset_id,
        url=None if shown is None else shown.url,
        is_picture=kind in _SEEN or mime_type.startswith("image/"),
        mime_type=mime_type,
        values=_values(hit.id, name, index, kind, hit.created_at),
        missing=missing,
    )


def _of_mapping(given: object, hit: Mapping[str, Any], index: int, rendition: str) -> Wanted:
    id_, url, thumbnail = hit.get("id"), hit.get("url"), hit.get("thumbnail")
    if not isinstance(id_, str) or not id_:
        checks.refuse("hits", given, "it must have an id", part="a mapping")
    asset_id, mime_type = id_, _text(hit, "mimeType")
    if url is None and isinstance(thumbnail, Mapping):
        shown = cast("Mapping[str, Any]", thumbnail)
        asset_id, url, mime_type = _text(shown, "assetId") or id_, shown.get("url"), "image/*"
    inner = hit.get("metadata")
    metadata: Mapping[str, Any] = cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else {}
    kind = _text(metadata, "kind") or _text(hit, "kind") or id_.partition("_")[0]
    return Wanted(
        given=given,
        key=Key(id_, rendition),
        asset_id=asset_id,
        url=url if isinstance(url, str) and url else None,
        is_picture=kind in _SEEN or mime_type.startswith("image/"),
        mime_type=mime_type,
        values=_values(
            id_, _text(metadata, "name") or _text(hit, "name"), index, kind, _text(hit, "createdAt")
        ),
    )


def _values(id_: str, name: str | None, index: int, kind: str, created: str) -> dict[str, str | int]:
    """Give what a template's fields stand for."""
    return {"id": id_, "name": name or id_, "index": index, "kind": kind or "asset", "created": created[:10]}


def _text(mapping: Mapping[str, Any], name: str) -> str:
    value = mapping.get(name)
    return value if isinstance(value, str) else ""


def described(given: object) -> dict[str, Any]:
    """Give the JSON of a hit for a file beside its picture, without what signs an address."""
    if isinstance(given, Hit):
        return unsigned(given).to_dict()
    return cast("dict[str, Any]", unsigned_json({"id": given} if isinstance(given, str) else given))


def nothing_to_download(wanted: Wanted) -> ScenarioError:
    """Give the error of a hit that has no file."""
    return ScenarioError(wanted.missing or "")
