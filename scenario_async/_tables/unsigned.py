"""Hits without the signatures of their URLs: a signed URL is a credential for as long as it lasts, and a file lasts longer.

What is written to files goes through here. So a file may be shown and shared, and the same hits give the same bytes on
another day, when the service has signed them anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from scenario_async._http.structure import shapes_of
from scenario_async.models import Record

if TYPE_CHECKING:
    from collections.abc import Hashable

    from scenario_async._http.structure import FieldShape

_RecordT = TypeVar("_RecordT", bound=Record)
_NAMES: Final = (
    r"(?:signature|policy|key-pair-id|sig|token|access_token|awsaccesskeyid|x-(?:amz|goog)-[a-z-]+)(?:=|%3d)"
)
_BETWEEN: Final = r"(?:&amp;|%26|[&;])"
_ASKS: Final = r"(?:\?|%3f)"
_WORD: Final = re.compile(r"[^\s\"'<>]+")
_NEXT: Final = re.compile(r"(?i)(?<=[)\]}])(?=[(\[{]*[a-z][a-z0-9+.-]*://)")
"""Where another address begins behind brackets, without a blank between them."""
_QUERY: Final = re.compile(rf"(?i){_ASKS}")
_SIGNED: Final = re.compile(rf"(?i)(?:{_ASKS}|{_BETWEEN}){_NAMES}[\w.~%+/=-]*(?:{_BETWEEN}[\w.~%+/=-]*)*")
_NAMED: Final = re.compile(rf"(?:\?|&|;|%3[fF]|%26)(?i:{_NAMES})".encode())
"""Every alternative begins with a character that has no case: such a beginning is found ten times as fast."""


def may_be_signed(content: bytes) -> bool:
    """Tell whether a text, in UTF-8, may hold a signed URL."""
    # One character is found a hundred times as fast as two.
    asks = b"?" in content or (b"%" in content and b"%3" in content)
    return asks and _NAMED.search(content) is not None


def unsigned(record: _RecordT) -> _RecordT:
    """Give a record whose URLs are without their query string, and whose texts hold no signed URL."""
    changes: dict[str, Any] = {}
    for field in shapes_of(cast("Hashable", type(record))):
        value = getattr(record, field.name)
        if value is None:
            continue
        changed = _field(field, value)
        if changed is not value:
            changes[field.name] = changed
    if record.extra:
        changes["extra"] = _json(record.extra, is_url=False)
    return attrs.evolve(record, **changes) if changes else record


def unsigned_json(value: object) -> Any:  # noqa: ANN401 - JSON, as it was given
    """Give JSON whose URLs are without their query string, and whose texts hold no signed URL."""
    return _json(value, is_url=False)


def _field(field: FieldShape, value: Any) -> Any:  # noqa: ANN401
    if field.shape == "text":
        return _text(value, is_url=field.wire == "url") if _may_ask(value) else value
    if field.shape == "texts":
        return _json(value, is_url=False) if any(map(_may_ask, value)) else value
    if field.shape == "record":
        return unsigned(value)
    if field.shape == "records":
        return [unsigned(each) for each in value]
    return value


def _may_ask(text: str) -> bool:
    return "?" in text or "%3" in text


def _text(text: str, *, is_url: bool) -> str:
    text = text.partition("?")[0] if is_url else text
    return _WORD.sub(_without_signatures, text) if _may_ask(text) else text


def _without_signatures(word: re.Match[str]) -> str:
    return "".join(map(_without_signature, _NEXT.split(word[0]))) if _may_ask(word[0]) else word[0]


def _without_signature(address: str) -> str:
    """Give an address, also one without a host, without its query if that is signed; what stands behind it stays."""
    asks = _QUERY.search(address)
    if asks is None or not ("/" in address[: asks.start()] or "%2f" in address[: asks.start()].lower()):
        return address
    signed = list(_SIGNED.finditer(address, asks.start()))
    return address[: asks.start()] + address[signed[-1].end() :] if signed else address


def _json(value: object, *, is_url: bool) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _text(value, is_url=is_url)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {
            _text(name, is_url=False): _json(each, is_url=name.lower().endswith("url"))
            for name, each in pairs
        }
    if isinstance(value, list):
        return [_json(each, is_url=is_url) for each in cast("list[object]", value)]
    return value
