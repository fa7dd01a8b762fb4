"""`POST /assets/get-bulk`: assets by their ids."""

from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async.emulator.attributes import value_at
from scenario_async.emulator.errors import bad_request, shortened
from scenario_async.emulator.hits import hit_of

if TYPE_CHECKING:
    from scenario_async.emulator.attributes import Record
    from scenario_async.emulator.library import Library
    from scenario_async.emulator.signatures import Signatures

MOST_IDS: Final = 200
# What hits have and assets have not.
_OF_HITS: Final = ("teamId", "score", "content", "transcription")


def asked_ids(body: object) -> list[str]:
    """Read the ids of a request's body; 400 for what is none, and for more than 200."""
    ids = cast("dict[str, object]", body).get("assetIds") if isinstance(body, dict) else None
    if not isinstance(ids, list):
        raise bad_request('"assetIds" must be an array')
    given = cast("list[object]", ids)
    if not 1 <= len(given) <= MOST_IDS:
        raise bad_request(f'"assetIds" must contain from 1 to {MOST_IDS} items')
    if wrong := [place for place, id_ in enumerate(given) if not isinstance(id_, str)]:
        raise bad_request(f'"assetIds[{wrong[0]}]" must be a string')
    if repeated := next((id_ for place, id_ in enumerate(given) if id_ in given[:place]), None):
        raise bad_request(f'"assetIds" contains {shortened(str(repeated))} twice')
    return cast("list[str]", given)


def found_assets(
    library: "Library", ids: list[str], *, origin: str, original: bool, signatures: "Signatures | None"
) -> list[dict[str, Any]]:
    """Give the assets of these ids, in their order; one that is not there, or not visible, is left out.

    The picture that stands for a record, and is no asset of the library, is one as well.
    """
    assets: list[dict[str, Any]] = []
    for id_ in ids:
        if library.sees(id_):
            record = library.get(id_) or _thumbnail(id_)
            asset = hit_of(record, "assets", origin=origin, original=original, signatures=signatures)
            kind = value_at(record, ("metadata", "kind"))
            more = {"kind": kind if isinstance(kind, str) else "image", "status": "success"}
            kept = {name: value for name, value in asset.items() if name not in _OF_HITS}
            assets.append({**kept, **more, "properties": {}, "editCapabilities": []})
    return assets


def _thumbnail(id_: str) -> "Record":
    return {
        "id": id_,
        "metadata": {"kind": "image"},
        "mimeType": "image/png",
        "url": f"/assets-transform/{id_}",
    }
