"""How classes of this package become types of pydantic's fields, where pydantic is installed.

This module is imported by those who are asked for a schema, which only pydantic does; so nothing else loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import attrs
from pydantic import TypeAdapter
from pydantic_core import core_schema

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


def plain_schema(validate: Callable[[Any], _T], serialize: Callable[[_T], object]) -> core_schema.CoreSchema:
    """Make the schema of a type that takes, checks and gives values by itself.

    `validate` refuses with a `ValueError`, which pydantic puts into its own error. What JSON schemas say is for the
    class: pydantic asks its `__get_pydantic_json_schema__`.
    """
    written = core_schema.plain_serializer_function_ser_schema(serialize)
    return core_schema.no_info_plain_validator_function(validate, serialization=written)


def keywords_schema(cls: type[Any]) -> dict[str, Any]:
    """Give the JSON schema of the keywords that a class declares, with their words."""
    hints = get_type_hints(cls.__init__)
    fields = [field for field in attrs.fields(cls) if "words" in field.metadata]
    properties = {
        field.name: TypeAdapter(hints[field.name]).json_schema() | {"description": field.metadata["words"]}
        for field in fields
    }
    return {"title": cls.__name__, "type": "object", "properties": properties, "additionalProperties": False}
