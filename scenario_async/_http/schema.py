"""The JSON schema of hits, as the service documents them: for OpenAPI descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._http.structure import shapes_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from scenario_async._http.structure import FieldShape, Shape
    from scenario_async.models import Record

_PLAIN: Final[dict[Shape, dict[str, Any]]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "texts": {"type": "array", "items": {"type": "string"}},
}


def json_schema(cls: type[Record]) -> dict[str, Any]:
    """Give the JSON schema of what `to_dict` of a class gives; fields that the service adds later are allowed."""
    fields = shapes_of(cast("Hashable", cls))
    return {
        "title": cls.__name__,
        "description": (cls.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {field.wire: _schema_of(field) for field in fields},
        "required": [field.wire for field in fields if not field.optional],
    }


def _schema_of(field: FieldShape) -> dict[str, Any]:
    if field.record is None:
        return _PLAIN[field.shape]
    nested = json_schema(field.record)
    return {"type": "array", "items": nested} if field.shape == "records" else nested
