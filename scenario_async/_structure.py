"""From the service's JSON to hits: cattrs hooks, with code generated once for each class.

Nothing is converted: a text stays that text, a number that number, and what has another type is refused with
its path. What cattrs generates by itself takes 2.5 times as long, as it calls a hook for every field and then
a frozen class's `__init__`; the code made here checks in place and fills the object directly.
"""

from __future__ import annotations

from functools import cache, partial
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
_TOO_DEEP: Final = f"is nested more than {_json.MOST_LEVELS} levels deep"
_TEXT: Final = "type({value}) is not str"
_NUMBER: Final = "type({value}) is not float and type({value}) is not int"
_CHECKS: Final[dict[Any, tuple[str, str]]] = {
    str: (_TEXT, "a text"),
    str | None: (_TEXT + " and {value} is not None", "a text"),
    float: (_NUMBER, "a number"),
    float | None: (_NUMBER + " and {value} is not None", "a number"),
    list[str]: ("type({value}) is not list", "a list of texts"),
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
    hook = _hook(cast("Hashable", hit_class))
    share = dict[Any, Any]().setdefault
    hits: list[_HitT] = []
    raw.reverse()
    try:
        while raw:
            hits.append(hook(raw.pop(), share))
    except MisfitError as error:
        raise error.under(f"$.hits[{len(hits)}]") from None
    return hits


def sort_out(raw: list[Any], hit_class: type[_HitT]) -> tuple[list[_HitT], list[Any]]:
    """Make hits of those that fit, and give the JSON of the others beside them.

    `MisfitError` for what is nested too deeply to be kept at all.
    """
    hook = _hook(cast("Hashable", hit_class))
    share = dict[Any, Any]().setdefault
    hits: list[_HitT] = []
    misfits: list[Any] = []
    for number, each in enumerate(raw):
        try:
            hits.append(hook(each, share))
        except MisfitError:
            if _json.too_deep(each):
                raise MisfitError(f"$.hits[{number}]", _TOO_DEEP) from None
            misfits.append(each)
    return hits, misfits


@cache
def _hook(hit_class: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    return _converter().get_structure_hook(hit_class)


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook_factory(_is_record, _record_hook)
    return converter


def _is_record(cls: Any) -> bool:  # noqa: ANN401
    return isinstance(cls, type) and issubclass(cls, Record)


def _record_hook(cls: type[Record], converter: Converter) -> Callable[[Any, Any], Any]:
    """Generate the function that makes a record of its JSON; what it is given beside that is a page's `share`."""
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
    lines = ["def structure(source, share):"]
    lines += _lines(1, "if type(source) is not dict:", "    raise Misfit.of('', 'an object', source)")
    lines += _lines(1, "get = source.get", "made = Loose()", "try:")
    for field in fields:
        wire = wire_name(field.name)
        read = f"source[{wire!r}]" if field.default is attrs.NOTHING else f"get({wire!r})"
        checked = _checked(field, wire, names, converter)
        if field.name in _REPEATED:
            lines += _lines(2, f"value = {read}", *checked, f"made.{field.name} = share(value, value)")
        else:
            lines += _lines(2, f"made.{field.name} = value = {read}", *checked)
    lines += _lines(
        1, "except KeyError as missing:", "    raise Misfit('.' + missing.args[0], 'is missing') from None"
    )
    lines += _lines(1, "made.extra = NOTHING if all_known(source) else unknown(source)")
    lines += _lines(1, "made.__class__ = cls", "return made")
    exec("\n".join(lines), names)  # noqa: S102 - made of our own field names alone
    return cast("Callable[[Any, Any], Any]", names["structure"])


def _unknown(known: frozenset[str], source: dict[str, Any]) -> dict[str, Any]:
    """Give the fields that nobody here knows; `MisfitError` if one is nested too deeply to be kept."""
    extra = {name: value for name, value in source.items() if name not in known}
    for name, value in extra.items():
        if type(value) in (dict, list) and _json.too_deep(value):
            raise MisfitError(f".{redact(name)}", _TOO_DEEP)
    return extra


def _checked(field: Any, wire: str, names: dict[str, Any], converter: Converter) -> list[str]:  # noqa: ANN401
    """Give the lines that check a field's value, and make records of it where it holds some."""
    if field.type in _CHECKS:
        wrong, expected = _CHECKS[field.type]
        refuse = f"    raise Misfit.of('.{wire}', {expected!r}, value)"
        lines = [f"if {wrong.format(value='value')}:", refuse]
        if field.type == list[str]:
            lines += ["for each in value:", "    if type(each) is not str:"]
            lines += [f"        raise Misfit.of(f'.{wire}[{{value.index(each)}}]', 'a text', each)"]
        return lines
    inner = next((each for each in getattr(field.type, "__args__", ()) if _is_record(each)), field.type)
    hook = f"structure_{inner.__name__}"
    names[hook] = converter.get_structure_hook(inner)
    if getattr(field.type, "__origin__", None) is list:
        return [
            "if type(value) is not list:",
            f"    raise Misfit.of('.{wire}', 'a list', value)",
            f"made.{field.name} = []",
            "for each in value:",
            "    try:",
            f"        made.{field.name}.append({hook}(each, share))",
            "    except Misfit as misfit:",
            f"        raise misfit.under(f'.{wire}[{{len(made.{field.name})}}]') from None",
        ]
    return [
        "if value is not None:" if field.type is not inner else "if True:",
        "    try:",
        f"        made.{field.name} = {hook}(value, share)",
        "    except Misfit as misfit:",
        f"        raise misfit.under('.{wire}') from None",
    ]


def _lines(depth: int, *lines: str) -> list[str]:
    return ["    " * depth + line for line in lines]


def _loose(cls: type[Record]) -> type[Any]:
    """Give a class of the same layout that is not frozen: an object is filled as that, and then becomes a `cls`.

    Plain assignment to a slot is several times as fast as any way around a frozen class's `__setattr__`.
    """
    plain = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    plain["__slots__"] = cast("Any", cls).__slots__
    return type(f"Loose{cls.__name__}", (cast("type[Any]", cls.__base__),), plain)
