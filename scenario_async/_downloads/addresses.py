"""Addresses of pictures: what is asked for is appended to them, and when they expire."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs

from scenario_async._support import checks
from scenario_async.errors import ScenarioError, redact

_FORMATS: Final = ("jpeg", "png", "webp", "avif", "tiff", "origin", "auto", "glb", "obj", "fbx")
_FORMAT: Final = checks.one_of(*_FORMATS)
_MOST_QUALITY: Final = 100
_SHORT: Final = {"jpg": "jpeg", "tif": "tiff"}
_SEEN: Final = frozenset({"jpeg", "png", "webp", "avif", "tiff"})
_AS_THEY_ARE: Final = {
    "assets": "it is the address of the original, as original_assets=True asks for it",
    "thumbnails": "it is the address of a thumbnail",
}


@attrs.frozen
class Rendition:
    """How pictures are to come: None for as they are."""

    width: int | None = None
    format: str | None = None
    quality: int | None = None
    query: str = attrs.field(init=False)
    """What is appended; empty for nothing."""

    def __attrs_post_init__(self) -> None:
        given = {"width": self.width, "format": self.format, "quality": self.quality}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        object.__setattr__(self, "query", query)

    @classmethod
    def checked(cls, width: object, format: object, quality: object) -> Rendition:
        """Take what a caller gave; `InvalidSearchError` for what the service does not know."""
        most = checks.integer(quality, "quality", least=1)
        if most is not None and most > _MOST_QUALITY:
            checks.refuse("quality", quality, f"it must be {_MOST_QUALITY} or less")
        named = _SHORT.get(format.lower(), format.lower()) if isinstance(format, str) else format
        if named is not None:
            _FORMAT(named, "format")
        return cls(checks.integer(width, "width", least=1), cast("str | None", named), most)

    @property
    def is_picture(self) -> bool:
        """Whether what comes is a picture, whatever it is made of."""
        return self.format in _SEEN

    def of(self, url: str) -> str:
        """Append to an address; `ScenarioError` if that cannot help."""
        if not self.query:
            return url
        folder = urlsplit(url).path.split("/")[1:2]
        if folder and (reason := _AS_THEY_ARE.get(folder[0])):
            asked = self.query.partition("=")[0]
            raise ScenarioError(f"{asked} cannot be asked for of {redact(url.partition('?')[0])}: {reason}")
        plain = url.partition("#")[0]
        return f"{plain}{'&' if '?' in plain else '?'}{self.query}"


def is_original(url: str) -> bool:
    """Tell whether an address is that of an original."""
    return urlsplit(url).path.startswith("/assets/")


def expires_at(url: str) -> float | None:
    """Read from an address when it expires, in seconds since 1970; None if it does not tell."""
    if "Policy=" not in url and "Expires=" not in url:
        return None
    with suppress(ValueError, TypeError, LookupError, AttributeError, RecursionError):
        given = parse_qs(urlsplit(url).query)
        if "Expires" in given:
            return float(given["Expires"][0])
        policy: Any = json.loads(b64decode(given["Policy"][0].replace("_", "="), b"-~"))
        until = policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]
        return float(until)
    return None
