"""Records as a reply shows them."""

from collections.abc import Mapping
from typing import Any, Final, cast

from scenario_async.emulator.attributes import SCHEMAS, Kind, Record

PICTURED: Final = ("thumbnail", "before", "after")


def hit_of(record: Record, kind: Kind, *, origin: str, original: bool) -> dict[str, Any]:
    """Give the hit of a record: hidden keys left out, and its own paths under `origin`.

    `original` asks for pictures without the service's transformations, which live in another folder.
    """
    hit = {key: value for key, value in record.items() if key not in SCHEMAS[kind].hidden}
    if "url" in hit:
        hit["url"] = _absolute(hit["url"], origin, original=original)
    for key in PICTURED:
        if isinstance(shown := hit.get(key), Mapping) and "url" in shown:
            picture = cast("Mapping[str, Any]", shown)
            hit[key] = {**picture, "url": _absolute(picture["url"], origin, original=original)}
    return hit


def _absolute(url: object, origin: str, *, original: bool) -> object:
    if not isinstance(url, str) or not url.startswith("/"):
        return url
    return origin + (url.replace("/assets-transform/", "/assets/", 1) if original else url)
