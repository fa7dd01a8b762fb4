"""`--where kind=image`: conditions that a shell needs no quoting for, checked before anything is asked."""

from __future__ import annotations

import operator
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import click

from scenario_async.filters import F, Fields, Filter
from scenario_async.models import wire_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scenario_async.models import Hit

_CONDITION: Final = re.compile(r"\s*([A-Za-z0-9_.-]+?)\s*(!=|>=|<=|==|=|>|<)\s*(.*?)\s*", re.DOTALL)
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_ANOTHER: Final = re.compile(
    rf"(?:\s|&|\||,|;)\s*{_NAME}\s*(?:!=|[<>=])"
    rf"|\s(?i:and|or)\s+(?:(?i:not)\s+)?{_NAME}\s+(?:IS|IN|NOT|EXISTS|CONTAINS|STARTS)\b"
)
"""A second condition behind the first."""
_LISTING: Final = frozenset({"=", "==", "!="})
_WRITTEN: Final = frozenset({
    "name", "prompt", "negativePrompt", "text", "description", "maintainer", "modelProvider", "subProcessor",
})  # fmt: skip
"""What people write, where a comma is a part of the text."""
_HINT: Final = "'--where'"
_NEAR: Final = 0.7
_QUOTED: Final = 2


def filter_of(text: str | None, conditions: Sequence[str], hit_class: type[Hit]) -> str | None:
    """Join a filter and conditions with AND; None where there is neither."""
    parts = [] if text is None else [Filter(text)]
    parts += [condition(each, hit_class) for each in conditions]
    if not parts:
        return None
    joined, *others = parts
    for each in others:
        joined &= each
    return str(joined)


def condition(text: str, hit_class: type[Hit]) -> Filter:
    """Read one condition; a usage error for what is none, or for an attribute that looks misspelt."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        message = f"{text!r} is not a condition; write NAME=VALUE (or use !=, >, >=, <, <=); --filter takes the whole filter language"
        raise click.BadParameter(message, param_hint=_HINT)
    name, sign, value = found.groups()
    _refuse_another(text, value, quoted=f'{name}{sign}"{value}"')
    numbers, texts = _attributes(hit_class)
    attribute = _attribute(name, numbers | texts)
    last = attribute.rpartition(".")[2]
    listed = [value] if last in _WRITTEN else _listed(value, sign)
    compared = [_value(each, attribute, is_number=last in numbers) for each in listed]
    field = F[attribute]
    if len(compared) > 1:
        return field.not_in(*compared) if sign == "!=" else field.is_in(*compared)
    made: Filter = _OPERATORS[sign](field, compared[0])
    return made


def _refuse_another(text: str, value: str, *, quoted: str) -> None:
    """Refuse a value that holds a second condition, which would be searched for as a text."""
    if not _is_quoted(value) and _ANOTHER.search(value) is not None:
        message = (
            f"{text!r} is more than one condition: give --where once for each, or write all of it as --filter; "
            f"for a text that reads so, put it between quotes: {quoted!r}"
        )
        raise click.BadParameter(message, param_hint=_HINT)


def _is_quoted(value: str) -> bool:
    return len(value) >= _QUOTED and value[0] == value[-1] and value[0] in "\"'"


def _listed(value: str, sign: str) -> list[str]:
    """Give the values that stand between commas, any of which counts; a value between quotes is one."""
    if "," not in value or _is_quoted(value):
        return [value]
    values = [each.strip() for each in value.split(",")]
    wrong = "" if sign in _LISTING else "several values go with = and != only"
    wrong = wrong or ("" if all(values) else "there is nothing on one side of a comma")
    if wrong:
        message = (
            f"{sign}{value}: {wrong}; a value with a comma in it stands between quotes: '{sign}\"{value}\"'"
        )
        raise click.BadParameter(message, param_hint=_HINT)
    return values


def _attributes(hit_class: type[Hit]) -> tuple[set[str], set[str]]:
    """Give the service's names of what can be compared: numbers, and the rest."""
    from scenario_async._tables.schema import columns_named  # noqa: PLC0415 - only where there are conditions

    columns = [column for column in columns_named(hit_class, None) if column.wire]
    numbers = {column.wire[-1] for column in columns if column.kind == "number"}
    texts = {column.wire[-1] for column in columns} - numbers
    return numbers, texts | {wire_name(name) for name in Fields.__annotations__} - numbers


def _attribute(name: str, known: set[str]) -> str:
    attribute = name if "." in name else wire_name(name)
    if attribute in known or "." in attribute:
        return attribute
    near = get_close_matches(attribute, sorted(known), n=1, cutoff=_NEAR)
    if near:
        message = f"{name!r} is not a known attribute; did you mean {near[0]!r}? --filter takes any name"
        raise click.BadParameter(message, param_hint=_HINT)
    return attribute


def _value(text: str, attribute: str, *, is_number: bool) -> str | float:
    if is_number:
        for read in (int, float):
            try:
                return read(text)
            except ValueError:
                continue
        message = f"{attribute} is a number, and {text!r} is none"
        raise click.BadParameter(message, param_hint=_HINT)
    return text[1:-1] if _is_quoted(text) else text
