"""Where the picture of a hit may be had, small: addresses in the order in which they are worth a request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from scenario_async._downloads.addresses import Rendition, expires_at
from scenario_async._looks.thumbnails import SIDE
from scenario_async.models import AssetHit, WorkflowHit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scenario_async.models import Hit

_SIGNING: Final = ("Signature=", "Policy=", "Expires=")


def addresses_of(hit: Hit, side: int = SIDE) -> tuple[list[str], bool]:
    """Give the addresses of a hit's picture, so wide, that are still good, and whether others have expired."""
    found: list[str] = []
    expired = False
    for url in _candidates(hit):
        until = expires_at(url)
        if until is not None and until <= time.time():
            expired = True
        else:
            found.append(_sized(url, Rendition(width=side, format="webp")))
    return list(dict.fromkeys(found)), expired


def is_signed(url: str) -> bool:
    """Tell whether an address opens something by a signature, which ends some day."""
    return any(name in url for name in _SIGNING)


def _candidates(hit: Hit) -> Iterable[str]:
    """Give what shows a hit: what can be made small by the host comes first, an original last."""
    thumbnail = [] if hit.thumbnail is None else [hit.thumbnail.url]
    if isinstance(hit, AssetHit):
        own = [hit.url] if hit.mime_type.lower().startswith("image/") else []
        original = bool(own) and _path(own[0]).startswith("/assets/")
        urls = thumbnail + own if original else own + thumbnail
    elif isinstance(hit, WorkflowHit):
        urls = thumbnail + [each.url for each in (hit.after, hit.before) if each is not None]
    else:
        urls = thumbnail
    return [url for url in urls if url]


def _sized(url: str, rendition: Rendition) -> str:
    """Ask for a picture of a size where that can be asked for."""
    return rendition.of(url) if _path(url).startswith("/assets-transform/") else url


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
