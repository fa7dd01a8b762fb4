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
_QUERY: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s?\"'<>]+)\?([^\s\"'<>]*)")
_SIGNED: Final = re.compile(
    r"(?:^|[&;])(?:signature|policy|key-pair-id|sig|token|access_token|awsaccesskeyid|x-(?:amz|goog)-[a-z-]+)=",
    re.IGNORECASE,
)


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


def _field(field: FieldShape, value: Any) -> Any:  # noqa: ANN401
    if field.shape == "text":
        return _text(value, is_url=field.wire == "url") if "?" in value else value
    if field.shape == "texts":
        return _json(value, is_url=False) if any("?" in each for each in value) else value
    if field.shape == "record":
        return unsigned(value)
    if field.shape == "records":
        return [unsigned(each) for each in value]
    return value


def _text(text: str, *, is_url: bool) -> str:
    return text.partition("?")[0] if is_url else _QUERY.sub(_without_signature, text)


def _without_signature(found: re.Match[str]) -> str:
    return found[1] if _SIGNED.search(found[2]) else found[0]


def _json(value: object, *, is_url: bool) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _text(value, is_url=is_url)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {name: _json(each, is_url=name.lower().endswith("url")) for name, each in pairs}
    if isinstance(value, list):
        return [_json(each, is_url=is_url) for each in cast("list[object]", value)]
    return value
