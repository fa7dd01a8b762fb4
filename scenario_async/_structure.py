"""From the service's JSON to hits, through cattrs hooks that are built once.

Nothing is converted: a text stays that text, a number that number, and what has another type is refused.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs
from cattrs import ClassValidationError, Converter, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from scenario_async.models import (
    AssetHit,
    AssetMetadata,
    Concept,
    Hit,
    MetadataThumbnail,
    ModelHit,
    Record,
    Thumbnail,
    WorkflowHit,
    wire_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_HitT = TypeVar("_HitT", bound=Hit)
_RECORDS: tuple[type[Record], ...] = (
    Thumbnail,
    MetadataThumbnail,
    Concept,
    AssetMetadata,
    AssetHit,
    ModelHit,
    WorkflowHit,
)


def structure_hits(raw: list[Any], hit_class: type[_HitT]) -> list[_HitT]:
    """Make hits of their JSON; any exception means that one does not fit, and `fault` tells which."""
    hook = _hook(cast("Hashable", hit_class))
    return [hook(each, hit_class) for each in raw]


def sort_out(raw: list[Any], hit_class: type[_HitT]) -> tuple[list[_HitT], list[Any]]:
    """Make hits of those that fit, and give the JSON of the others beside them."""
    hits: list[_HitT] = []
    misfits: list[Any] = []
    for each in raw:
        try:
            hits += structure_hits([each], hit_class)
        except Exception:  # noqa: BLE001 - whatever cattrs meets in a stranger's JSON
            misfits.append(each)
    return hits, misfits


def fault(raw: list[Any], hit_class: type[Hit]) -> str:
    """Tell the first thing that does not fit, with its path: `$.hits[3].ownerId is missing`."""
    converter = _converter(detailed=True)
    for index, each in enumerate(raw):
        try:
            converter.structure(each, hit_class)
        except Exception as error:  # noqa: BLE001 - whatever cattrs meets in a stranger's JSON
            return _located(error, f"$.hits[{index}]")
    return "$.hits does not fit"


def _located(error: BaseException, path: str) -> str:
    if isinstance(error, ClassValidationError):
        noted, bare = error.group_exceptions()
        for inner, note in noted:
            return _located(inner, f"{path}.{wire_name(note.name)}")
        return _located(bare[0], path)
    if isinstance(error, IterableValidationError):
        inner, place = error.group_exceptions()[0][0]
        return _located(inner, f"{path}[{place.index}]")
    if isinstance(error, KeyError):
        return f"{path} is missing"
    return f"{path} {error}"


class _MisfitError(TypeError):
    """A value of another type than the service documents."""

    def __init__(self, expected: str, value: object) -> None:
        names: dict[type, str] = {
            str: "a text",
            bool: "true or false",
            int: "a number",
            float: "a number",
            dict: "an object",
        }
        found = "null" if value is None else names.get(type(value), "a list")
        super().__init__(f"is {found}, but {expected} is expected")


def _text(value: object, _: object) -> object:
    if type(value) is not str:
        raise _MisfitError("a text", value)
    return value


def _optional_text(value: object, _: object) -> object:
    if value is not None and type(value) is not str:
        raise _MisfitError("a text", value)
    return value


def _number(value: object, _: object) -> object:
    if type(value) is not int and type(value) is not float:
        raise _MisfitError("a number", value)
    return value


def _optional_number(value: object, _: object) -> object:
    if value is not None and type(value) is not int and type(value) is not float:
        raise _MisfitError("a number", value)
    return value


def _texts(value: object, _: object) -> object:
    if type(value) is not list:
        raise _MisfitError("a list of texts", value)
    for each in cast("list[object]", value):
        if type(each) is not str:
            raise _MisfitError("only texts in the list", each)
    return cast("list[object]", value)


def _record_hook(cls: type[Record], converter: Converter) -> Callable[[Any, Any], Record]:
    names = {field.name: wire_name(field.name) for field in attrs.fields(cls) if field.name != "extra"}
    overrides = {name: override(rename=wire) for name, wire in names.items()}
    known = frozenset(names.values())
    build = cast(
        "Callable[[Any, Any], Record]",
        make_dict_structure_fn(cls, converter, extra=override(omit=True), **overrides),  # type: ignore[arg-type]
    )

    def structure(value: Any, _: object) -> Record:  # noqa: ANN401
        if type(value) is not dict:
            raise _MisfitError("an object", value)
        record = build(value, cls)
        fields = cast("dict[str, Any]", value)
        if not fields.keys() <= known:
            unknown = {name: each for name, each in fields.items() if name not in known}
            object.__setattr__(record, "extra", unknown)
        return record

    return structure


def _list_hook(converter: Converter) -> Callable[[Any, Any], list[Any]]:
    def structure(value: Any, cls: Any) -> list[Any]:  # noqa: ANN401
        if type(value) is not list:
            raise _MisfitError("a list", value)
        items = cast("Any", tuple)[cls.__args__[0], ...]
        return list(converter.structure(value, items))

    return structure


@cache
def _converter(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook_func(lambda cls: cls == (str | None), _optional_text)
    converter.register_structure_hook_func(lambda cls: cls == (float | None), _optional_number)
    converter.register_structure_hook_func(lambda cls: cls == list[str], _texts)
    converter.register_structure_hook_func(lambda cls: cls == list[Concept], _list_hook(converter))
    for (
        cls
    ) in _RECORDS:  # those within others come first: a hook takes the hooks of its fields when it is built
        converter.register_structure_hook(cls, _record_hook(cls, converter))
    return converter


@cache
def _hook(hit_class: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    return _converter(detailed=False).get_structure_hook(hit_class)
