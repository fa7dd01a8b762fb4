"""From the service's JSON to hits: a cattrs hook for each class, with code that is generated once.

Nothing is converted: a text stays that text, a number that number, and what has another type is refused with
its path. What cattrs generates by itself takes 2.5 times as long, as it calls a hook for every field and then
a frozen class's `__init__`; the code made here checks in place and fills the object directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, TypeVar, cast

import attrs

from scenario_async._http import json as codec
from scenario_async._support.loading import LOADING
from scenario_async.errors import InvalidSearchError, redact
from scenario_async.models import NOTHING, Hit, Record, wire_name

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from cattrs import Converter

_HitT = TypeVar("_HitT", bound=Hit)
_RecordT = TypeVar("_RecordT", bound=Record)
Shape: TypeAlias = Literal["text", "number", "texts", "record", "records"]

_TOO_DEEP: Final = f"is nested more than {codec.MOST_LEVELS} levels deep"
_SHAPES: Final[dict[Any, Shape]] = {str: "text", float: "number", list[str]: "texts"}
_CHECKS: Final[dict[Shape, tuple[str, str]]] = {
    "text": ("type(value) is not str", "a text"),
    "number": ("type(value) is not float and type(value) is not int", "a number"),
    "texts": ("type(value) is not list", "a list of texts"),
}


class MisfitError(TypeError):
    """A value of another type than the service documents; `path` leads to it from where the reading began."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(path, fault)
        self.path = path
        self.fault = fault

    @classmethod
    def of(cls, path: str, expected: str, value: object) -> Self:
        """Tell what is there and what should be."""
        names = {str: "a text", bool: "true or false", int: "a number", float: "a number", dict: "an object"}
        found = "null" if value is None else names.get(cast("type[Any]", type(value)), "a list")
        return cls(path, f"is {found}, but {expected} is expected")

    def under(self, path: str) -> Self:
        """Give the same error as it looks from one step further out."""
        return type(self)(path + self.path, self.fault)

    def __str__(self) -> str:
        return f"{self.path} {self.fault}"


@attrs.frozen(eq=False)
class FieldShape:
    """What a field of a hit looks like in JSON; `record` is the class of what is nested in it."""

    name: str
    wire: str
    shape: Shape
    record: type[Record] | None
    optional: bool


@cache
def shapes_of(cls: Any) -> tuple[FieldShape, ...]:  # noqa: ANN401 - mypy takes no class for a hashable
    """Give the shapes of a class's fields, as its annotations say; `extra` is none of them."""
    attrs.resolve_types(cls)
    return tuple(_shape_of(field) for field in attrs.fields(cls) if field.name != "extra")


def _shape_of(field: attrs.Attribute[Any]) -> FieldShape:
    kind: Any = field.type
    if getattr(kind, "__origin__", None) is not list:
        kind = next((each for each in getattr(kind, "__args__", ()) if each is not NoneType), kind)
    record = next(iter(getattr(kind, "__args__", ())), kind)
    if kind not in _SHAPES and not _is_record(record):
        rule = (
            "a hit has texts (str), numbers (float), lists of texts (list[str]), records and lists of records"
        )
        raise TypeError(f"{field.name} is annotated as {field.type}, but {rule}")
    shape = _SHAPES.get(kind) or ("record" if record is kind else "records")
    optional = field.default is not attrs.NOTHING
    return FieldShape(field.name, wire_name(field.name), shape, None if kind in _SHAPES else record, optional)


def structure_hits(raw: list[Any], hit_class: type[_HitT]) -> list[_HitT]:
    """Make hits of their JSON; `MisfitError` with the path of the first fault: `$.hits[3].ownerId is missing`.

    `raw` is empty afterwards: what was read is let go at once, so that the garbage collector, which counts what is
    there, comes half as often.
    """
    hook = _hook(cast("Hashable", hit_class))
    hits: list[_HitT] = []
    raw.reverse()
    try:
        while raw:
            hits.append(hook(raw.pop()))
    except MisfitError as error:
        misfit = error
    else:
        return hits
    raise misfit.under(f"$.hits[{len(hits)}]")


def sort_out(raw: list[Any], hit_class: type[_HitT]) -> tuple[list[_HitT], list[Any]]:
    """Make hits of those that fit, and give the JSON of the others beside them.

    `MisfitError` for what is nested too deeply to be kept at all.
    """
    hook = _hook(cast("Hashable", hit_class))
    hits: list[_HitT] = []
    misfits: list[Any] = []
    for number, each in enumerate(raw):
        try:
            hits.append(hook(each))
        except MisfitError:
            if codec.too_deep(each):
                raise MisfitError(f"$.hits[{number}]", _TOO_DEEP) from None
            misfits.append(each)
    return hits, misfits


def structure(data: Any, cls: type[_RecordT]) -> _RecordT:  # noqa: ANN401
    """Make one record of JSON that somebody kept; `InvalidSearchError` for what does not fit, with its path."""
    if isinstance(data, cls):
        return data
    plain = dict(cast("Mapping[str, Any]", data)) if isinstance(data, Mapping) else data
    try:
        made: _RecordT = _hook(cast("Hashable", cls))(plain)
    except MisfitError as error:
        fault = str(error)
    else:
        return made
    raise InvalidSearchError(f"data: ${fault}", parameter="data")


@cache
def _hook(hit_class: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    return cast("Callable[[Any], Any]", converter().get_structure_hook(hit_class))


@cache
def converter() -> Converter:
    """Give cattrs' converter with our hooks, which loads cattrs when it is first asked for."""
    with LOADING:
        from cattrs import Converter  # noqa: PLC0415 - the first page may be one that is read without it

    made = Converter(detailed_validation=False)
    made.register_structure_hook_factory(_is_record, _record_hook)
    return made


def _is_record(cls: Any) -> bool:  # noqa: ANN401
    return isinstance(cls, type) and issubclass(cls, Record)


def _record_hook(cls: type[Record], converter: Converter) -> Callable[[Any, Any], Any]:
    """Generate the function that makes a record of its JSON."""
    fields = shapes_of(cast("Hashable", cls))
    known = frozenset(field.wire for field in fields)
    names: dict[str, Any] = {
        "Misfit": MisfitError,
        "cls": cls,
        "Loose": loose(cls),
        "NOTHING": NOTHING,
        "all_known": known.issuperset,
        "unknown": partial(_unknown, known),
    }
    for field in fields:
        if field.record is not None:
            names[f"structure_{field.record.__name__}"] = converter.get_structure_hook(field.record)
    lines = ["def structure(source, _=None):"]
    lines += _lines(1, "if type(source) is not dict:", "    raise Misfit.of('', 'an object', source)")
    lines += _lines(1, "get, made, absent = source.get, Loose(), 0", "try:")
    for field in fields:
        lines += _lines(2, *_read(field))
    lines += _lines(
        1, "except KeyError as missing:", "    raise Misfit('.' + missing.args[0], 'is missing') from None"
    )
    # What is absent and what is there are all fields, or there are nulls or unknown fields.
    nothing_more = f"len(source) + absent == {len(fields)} or all_known(source)"
    lines += _lines(1, f"made.extra = NOTHING if {nothing_more} else unknown(source)")
    lines += _lines(1, "made.__class__ = cls", "return made")
    exec("\n".join(lines), names)  # noqa: S102 - made of our own field names alone
    return cast("Callable[[Any, Any], Any]", names["structure"])


def _unknown(known: frozenset[str], source: dict[str, Any]) -> dict[str, Any]:
    """Give the fields that nobody here knows; `MisfitError` if one is nested too deeply to be kept."""
    extra = {name: value for name, value in source.items() if name not in known}
    for name, value in extra.items():
        if type(value) in (dict, list) and codec.too_deep(value):
            raise MisfitError(f".{redact(name)}", _TOO_DEEP)
    return extra


def _read(field: FieldShape) -> list[str]:
    """Give the lines that read a field and check it."""
    name, wire = field.name, field.wire
    if field.record is None:
        lines = [*_checks(field), f"made.{name} = value"]
    else:
        lines = _records(field, field.record)
    if not field.optional:
        return [f"value = source[{wire!r}]", *lines]
    absent = ["if value is None:", f"    made.{name} = None", "    absent += 1"]
    return [f"value = get({wire!r})", *absent, "else:", *_lines(1, *lines)]


def _checks(field: FieldShape) -> list[str]:
    """Give the lines that check a value which is not absent."""
    wrong, expected = _CHECKS[field.shape]
    lines = [f"if {wrong}:", f"    raise Misfit.of('.{field.wire}', {expected!r}, value)"]
    if field.shape == "texts":
        lines += ["for each in value:", "    if type(each) is not str:"]
        lines += [f"        raise Misfit.of(f'.{field.wire}[{{value.index(each)}}]', 'a text', each)"]
    return lines


def _records(field: FieldShape, record: type[Record]) -> list[str]:
    """Give the lines that make a record of a value, or a list of records."""
    name, wire, hook = field.name, field.wire, f"structure_{record.__name__}"
    if field.shape == "record":
        return [
            "try:",
            f"    made.{name} = {hook}(value)",
            "except Misfit as misfit:",
            f"    raise misfit.under('.{wire}') from None",
        ]
    return [
        "if type(value) is not list:",
        f"    raise Misfit.of('.{wire}', 'a list', value)",
        f"made.{name} = []",
        "for each in value:",
        "    try:",
        f"        made.{name}.append({hook}(each))",
        "    except Misfit as misfit:",
        f"        raise misfit.under(f'.{wire}[{{len(made.{name})}}]') from None",
    ]


def _lines(depth: int, *lines: str) -> list[str]:
    return ["    " * depth + line for line in lines]


def loose(cls: type[Any]) -> type[Any]:
    """Give a class of the same layout that is not frozen: an object is filled as that, and then becomes a `cls`.

    Plain assignment to a slot is several times as fast as any way around a frozen class's `__setattr__`; and to become
    what one derives from takes half the time of becoming a twin.
    """
    plain = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"Loose{cls.__name__}", (cls,), {**plain, "__slots__": ()})
