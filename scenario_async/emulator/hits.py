"""Records as a reply shows them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async.emulator.attributes import SCHEMAS, Kind, Record

if TYPE_CHECKING:
    from scenario_async.emulator.signatures import Signatures

PICTURED: Final = ("thumbnail", "before", "after")


def hit_of(
    record: Record, kind: Kind, *, origin: str, original: bool, signatures: "Signatures | None" = None
) -> dict[str, Any]:
    """Give the hit of a record: hidden keys left out, and its own paths under `origin`.

    `original` asks for pictures without the service's transformations, which live in another folder. `signatures` sign
    the addresses anew.
    """
    hit = {key: value for key, value in record.items() if key not in SCHEMAS[kind].hidden}
    if "url" in hit:
        hit["url"] = _absolute(hit["url"], origin, signatures, original=original)
    for key in PICTURED:
        if isinstance(shown := hit.get(key), Mapping) and "url" in shown:
            picture = cast("Mapping[str, Any]", shown)
            hit[key] = {**picture, "url": _absolute(picture["url"], origin, signatures, original=original)}
    return hit


def _absolute(url: object, origin: str, signatures: "Signatures | None", *, original: bool) -> object:
    if not isinstance(url, str) or not url.startswith("/"):
        return url
    address = origin + (url.replace("/assets-transform/", "/assets/", 1) if original else url)
    if signatures is None or url.startswith("/thumbnails/"):
        return address
    return signatures.signed(address.partition("?")[0])
