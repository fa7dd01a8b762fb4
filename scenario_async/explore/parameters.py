"""Parameters of searches as a page shows them, and what is typed there as keywords: both follow from the search classes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from scenario_async._support import checks
from scenario_async.filters import Fields
from scenario_async.images import Images
from scenario_async.models import wire_name
from scenario_async.searches import ENDPOINTS, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scenario_async.searches import Search

Control: TypeAlias = Literal["text", "number", "switch", "json", "list"]
"""What a parameter is typed into."""
BY_ITSELF: Final = frozenset({"query", "filter", "image", "images"})
"""What has a place of its own in the page: the search box, the filter, the pictures."""
_SIMPLE: Final[Mapping[Any, Control]] = {str: "text", int: "number", float: "number", bool: "switch"}
_NAMED: Final = re.compile(r"`([^`]*)`")


@attrs.frozen
class Parameter:
    """A parameter: its name, its words, and what it is typed into."""

    name: str
    words: str
    control: Control

    @classmethod
    def of(cls, field: attrs.Attribute[Any]) -> Parameter:
        """Take it from the field of a search class."""
        words = _NAMED.sub(r"\1", str(field.metadata["words"]))
        return cls(field.name, words[0].upper() + words[1:], control_of(kind_of(field)))


def control_of(kind: Any) -> Control:  # noqa: ANN401 - a type, as annotations have it
    """Give what a value of a type is typed into."""
    origin = getattr(kind, "__origin__", kind)
    return _SIMPLE.get(origin) or ("list" if origin is tuple else "json")


def parameters_of(search_class: type[Search[Any]]) -> list[Parameter]:
    """Give what a search takes besides words, a filter and pictures."""
    return [Parameter.of(field) for field in attrs.fields(search_class) if field.name not in BY_ITSELF]


def takes_pictures(search_class: type[Search[Any]]) -> bool:
    """Tell whether a search takes pictures."""
    return any(kind_of(field) is Images for field in attrs.fields(search_class))


def attributes_of(search_class: type[Search[Any]]) -> list[str]:
    """Give the service's names of what its hits can be filtered by, as documented."""
    from scenario_async._tables.schema import columns_of  # noqa: PLC0415 - a page that is never opened has no need of it

    there = {column.wire[-1] for column in columns_of(search_class.hit_class) if column.wire}
    return sorted({wire_name(name) for name in Fields.__annotations__} & there)


def described() -> list[dict[str, Any]]:
    """Describe every kind of search, as the page needs it."""
    return [
        {
            "what": each.kind,
            "pictures": takes_pictures(each),
            "parameters": [attrs.asdict(parameter) for parameter in parameters_of(each)],
            "attributes": attributes_of(each),
        }
        for each in ENDPOINTS
    ]


def keywords_of(search_class: type[Search[Any]], typed: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Give the keywords of a search for what was typed, each a list of texts; one that it does not take is left out.

    What makes no sense is left to the search class, which refuses it by its rule.
    """
    return dict(_keywords(search_class, typed))


def _keywords(
    search_class: type[Search[Any]], typed: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Any]]:
    for parameter in parameters_of(search_class):
        given = [each.strip() for each in typed.get(parameter.name, ()) if each.strip()]
        if not given:
            continue
        if parameter.control == "list":
            yield parameter.name, [part for each in given for part in re.split(r"[\s,]+", each) if part]
        else:
            yield parameter.name, _value(parameter, given[-1])


def _value(parameter: Parameter, text: str) -> Any:  # noqa: ANN401
    if parameter.control == "text":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if (
        parameter.control == "json"
        and isinstance(value, str)
        and not text.startswith('"')
        and text[0] in "{["
    ):
        checks.refuse(parameter.name, text, 'it must be JSON, such as {"name": "value"}')
    return value
