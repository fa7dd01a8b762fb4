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
        message = f"{text!r} is no condition; write NAME=VALUE, or with != > >= < <= in its place"
        raise click.BadParameter(message, param_hint=_HINT)
    name, sign, value = found.groups()
    numbers, texts = _attributes(hit_class)
    attribute = _attribute(name, numbers | texts)
    compared = _value(value, attribute, is_number=attribute.rpartition(".")[2] in numbers)
    made: Filter = _OPERATORS[sign](F[attribute], compared)
    return made


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
        message = f"{name!r} is no attribute that is known; did you mean {near[0]!r}? --filter takes any name"
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
    if len(text) >= _QUOTED and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
