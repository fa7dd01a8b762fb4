"""What pydantic asks of a class that is used as a field or response type; pydantic itself asks, and is never imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_type_hints

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


def own_schema(cls: type[Any], read: Callable[[Any], Any], write: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Give the core schema of a class that reads and writes itself, and has a `__get_pydantic_json_schema__`.

    `read` makes an object of what came, or raises `ValueError`; `write` gives what JSON can carry.
    """
    from pydantic_core import core_schema  # noqa: PLC0415 - whoever asks has it

    def validated(value: object) -> Any:  # noqa: ANN401
        return value if isinstance(value, cls) else read(value)

    written = core_schema.plain_serializer_function_ser_schema(write)
    return core_schema.no_info_plain_validator_function(validated, serialization=written)


def keywords_schema(cls: type[Any]) -> dict[str, Any]:
    """Give the JSON schema of the keywords that a class declares, with their words."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    hints = get_type_hints(cls.__init__)
    fields = [field for field in attrs.fields(cls) if "words" in field.metadata]
    properties = {
        field.name: TypeAdapter(hints[field.name]).json_schema() | {"description": field.metadata["words"]}
        for field in fields
    }
    return {"title": cls.__name__, "type": "object", "properties": properties, "additionalProperties": False}
