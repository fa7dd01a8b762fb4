"""From the service's JSON to hits: cattrs hooks, with code generated once for each class.

Nothing is converted: a text stays that text, a number that number, and what has another type is refused with
its path. What cattrs generates by itself takes 2.5 times as long, as it calls a hook for every field and then
a frozen class's `__init__`; the code made here checks in place and fills the object directly.
"""

from __future__ import annotations

from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

import attrs
from cattrs import Converter

from scenario_async import _json
from scenario_async.errors import redact
from scenario_async.models import NOTHING, Hit, Record, wire_name

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_HitT = TypeVar("_HitT", bound=Hit)

_REPEATED: Final = frozenset(
    ["author_id", "description", "mime_type", "model_id", "negative_prompt", "owner_id", "prompt", "team_id"]
)
"""Texts that many hits of a page have in common, and that are kept once for all of them."""
_IN_A_ROW: Final = _REPEATED | {
    "aspect_ratio", "base_model_id", "collection_ids", "kind", "model_type", "privacy", "scheduler", "tags", "type",
}  # fmt: skip
"""What hits have in common with the one before them, and that is kept once as long as it does not change."""
_OWN_ID: Final = "asset_id"
"""What a hit's own thumbnail repeats of the hit: its id."""
_TOO_DEEP: Final = f"is nested more than {_json.MOST_LEVELS} levels deep"
_CHECKS: Final[dict[Any, tuple[str, str]]] = {
    str: ("type(value) is not str", "a text"),
    float: ("type(value) is not float and type(value) is not int", "a number"),
    list[str]: ("type(value) is not list", "a list of texts"),
}


class MisfitError(TypeError):
    """A value of another type than the service documents; `path` leads to it from where the reading began."""

    def __init__(self, path: str, told: str) -> None:
        super().__init__(path, told)
        self.path = path
        self.told = told

    @classmethod
    def of(cls, path: str, expected: str, value: object) -> Self:
        """Tell what is there and what should be."""
        names = {str: "a text", bool: "true or false", int: "a number", float: "a number", dict: "an object"}
        found = "null" if value is None else names.get(cast("type[Any]", type(value)), "a list")
        return cls(path, f"is {found}, but {expected} is expected")

    def under(self, path: str) -> Self:
        """Give the same error as it looks from one step further out."""
        return type(self)(path + self.path, self.told)

    def __str__(self) -> str:
        return f"{self.path} {self.told}"


def structure_hits(raw: list[Any], hit_class: type[_HitT]) -> list[_HitT]:
    """Make hits of their JSON; `MisfitError` with the path of the first fault: `$.hits[3].ownerId is missing`.

    `raw` is empty afterwards: what was read is let go at once, so that the garbage collector, which counts what is
    there, comes half as often.
    """
    hook, before = _hook(cast("Hashable", hit_class))
    share = dict[Any, Any]().setdefault
    hits: list[_HitT] = []
    raw.reverse()
    try:
        while raw:
            hits.append(before := hook(raw.pop(), share, before))
    except MisfitError as error:
        raise error.under(f"$.hits[{len(hits)}]") from None
    return hits


def sort_out(raw: list[Any], hit_class: type[_HitT]) -> tuple[list[_HitT], list[Any]]:
    """Make hits of those that fit, and give the JSON of the others beside them.

    `MisfitError` for what is nested too deeply to be kept at all.
    """
    hook, before = _hook(cast("Hashable", hit_class))
    share = dict[Any, Any]().setdefault
    hits: list[_HitT] = []
    misfits: list[Any] = []
    for number, each in enumerate(raw):
        try:
            hits.append(before := hook(each, share, before))
        except MisfitError:
            if _json.too_deep(each):
                raise MisfitError(f"$.hits[{number}]", _TOO_DEEP) from None
            misfits.append(each)
    return hits, misfits


@cache
def _hook(hit_class: Any) -> tuple[Callable[..., Any], Any]:  # noqa: ANN401
    """Give the function that makes a hit, and what comes before the first one."""
    return _converter().get_structure_hook(hit_class), _blank(hit_class)


def _blank(cls: type[Record]) -> Any:  # noqa: ANN401
    """Give a record that has nothing in common with any other."""
    made = _loose(cls)()
    for field in attrs.fields(cls):
        setattr(made, field.name, object() if field.name in _IN_A_ROW else None)
    return made


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook_factory(_is_record, _record_hook)
    return converter


def _is_record(cls: Any) -> bool:  # noqa: ANN401
    return isinstance(cls, type) and issubclass(cls, Record)


def _record_hook(cls: type[Record], converter: Converter) -> Callable[..., Any]:
    """Generate the function that makes a record of its JSON.

    Beside that it is given a page's `share`, the record `before` it, whose values it takes over where they are equal,
    and the id of the hit that is its `owner`.
    """
    attrs.resolve_types(cls)
    fields = [field for field in attrs.fields(cls) if field.name != "extra"]
    known = frozenset(wire_name(field.name) for field in fields)
    names: dict[str, Any] = {
        "Misfit": MisfitError,
        "cls": cls,
        "Loose": _loose(cls),
        "NOTHING": NOTHING,
        "all_known": known.issuperset,
        "unknown": partial(_unknown, known),
    }
    lines = ["def structure(source, share, before, owner=None):"]
    lines += _lines(1, "if type(source) is not dict:", "    raise Misfit.of('', 'an object', source)")
    lines += _lines(1, "get, made, absent = source.get, Loose(), 0", "try:")
    for field in fields:
        lines += _lines(2, *_read(field, names, converter))
    lines += _lines(
        1, "except KeyError as missing:", "    raise Misfit('.' + missing.args[0], 'is missing') from None"
    )
    # What is absent and what is there are all fields, or there are nulls or unknown fields.
    nothing_more = f"len(source) + absent == {len(fields)} or all_known(source)"
    lines += _lines(1, f"made.extra = NOTHING if {nothing_more} else unknown(source)")
    lines += _lines(1, "made.__class__ = cls", "return made")
    exec("\n".join(lines), names)  # noqa: S102 - made of our own field names alone
    return cast("Callable[..., Any]", names["structure"])


def _unknown(known: frozenset[str], source: dict[str, Any]) -> dict[str, Any]:
    """Give the fields that nobody here knows; `MisfitError` if one is nested too deeply to be kept."""
    extra = {name: value for name, value in source.items() if name not in known}
    for name, value in extra.items():
        if type(value) in (dict, list) and _json.too_deep(value):
            raise MisfitError(f".{redact(name)}", _TOO_DEEP)
    return extra


def _read(field: Any, names: dict[str, Any], converter: Converter) -> list[str]:  # noqa: ANN401
    """Give the lines that read a field: checked, unless it is what it was before."""
    name, wire = field.name, wire_name(field.name)
    kind = next((each for each in getattr(field.type, "__args__", ()) if each is not NoneType), field.type)
    kind = field.type if getattr(field.type, "__origin__", None) is list else kind
    there = "owner" if name == _OWN_ID else f"before.{name}"
    new = "share(value, value)" if name in _REPEATED else "value"
    if kind in _CHECKS:
        lines = [*_checks(kind, wire), f"made.{name} = {new}"]
    else:
        lines = _records(name, wire, kind, names, converter)
    if name in _IN_A_ROW or name == _OWN_ID:
        kept = f"{there}.copy()" if kind == list[str] else there
        lines = [f"if value == {there}:", f"    made.{name} = {kept}", "else:", *_lines(1, *lines)]
    if field.default is not attrs.NOTHING:
        absent = ["if value is None:", f"    made.{name} = None", "    absent += 1"]
        return [f"value = get({wire!r})", *absent, "else:", *_lines(1, *lines)]
    return [f"value = source[{wire!r}]", *lines, *(["owner = value"] if name == "id" else [])]


def _checks(kind: Any, wire: str) -> list[str]:  # noqa: ANN401
    """Give the lines that check a value which is not absent."""
    wrong, expected = _CHECKS[kind]
    lines = [f"if {wrong}:", f"    raise Misfit.of('.{wire}', {expected!r}, value)"]
    if kind == list[str]:
        lines += ["for each in value:", "    if type(each) is not str:"]
        lines += [f"        raise Misfit.of(f'.{wire}[{{value.index(each)}}]', 'a text', each)"]
    return lines


def _records(
    name: str,
    wire: str,
    kind: Any,  # noqa: ANN401
    names: dict[str, Any],
    converter: Converter,
) -> list[str]:
    """Give the lines that make a record of a value, or a list of records."""
    record = next(iter(getattr(kind, "__args__", ())), kind)
    hook, blank = f"structure_{record.__name__}", f"no_{record.__name__}"
    names[hook] = converter.get_structure_hook(record)
    names[blank] = _blank(record)
    if record is kind:
        return [
            "try:",
            f"    made.{name} = {hook}(value, share, before.{name} or {blank}, owner)",
            "except Misfit as misfit:",
            f"    raise misfit.under('.{wire}') from None",
        ]
    return [
        "if type(value) is not list:",
        f"    raise Misfit.of('.{wire}', 'a list', value)",
        f"made.{name} = []",
        "for each in value:",
        "    try:",
        f"        made.{name}.append({hook}(each, share, {blank}, owner))",
        "    except Misfit as misfit:",
        f"        raise misfit.under(f'.{wire}[{{len(made.{name})}}]') from None",
    ]


def _lines(depth: int, *lines: str) -> list[str]:
    return ["    " * depth + line for line in lines]


def _loose(cls: type[Record]) -> type[Any]:
    """Give a class of the same layout that is not frozen: an object is filled as that, and then becomes a `cls`.

    Plain assignment to a slot is several times as fast as any way around a frozen class's `__setattr__`; and to become
    what one derives from takes half the time of becoming a twin.
    """
    plain = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"Loose{cls.__name__}", (cast("type[Any]", cls),), {**plain, "__slots__": ()})
