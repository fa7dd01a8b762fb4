"""What is chosen in the page as conditions of the filter language: values of facets, and what the builder adds."""

from __future__ import annotations

import operator
import re
from datetime import date, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from scenario_async._support import checks
from scenario_async.filters import F, Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_MOST: Final = 200
_MONTH: Final = re.compile(r"\d{4}-\d\d", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)
_QUOTED: Final = re.compile(r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' """, re.DOTALL | re.VERBOSE)
_EDGES: Final = (512, 1024, 2048)
EVERYTHING: Final = F.created_at >= date(2000, 1, 1)
"""What stands for a filter where nothing was asked for: the service wants to be asked for something."""


def _any(filters: Iterable[Filter]) -> Filter:
    return reduce(lambda one, other: one | other, filters)


def _all(filters: Iterable[Filter]) -> Filter:
    return reduce(lambda one, other: one & other, filters)


def every(filters: Sequence[Filter]) -> Filter | None:
    """Join filters that all have to hold; None where there are none."""
    return _all(filters) if filters else None


def _of_model(what: str, value: str) -> Filter:
    if what == "model":
        return F.parent_model_id == value
    return (F.model_id == value) | (F.base_model_id == value)


def _of_kind(what: str, value: str) -> Filter:
    return ~F.kind.exists() if what == "asset" and value == "other" else F.kind == value


def _of_size(_what: str, value: str) -> Filter:
    """Bound the longer side: above the edge before this one, and not above this one."""
    edge = next((each for each in _EDGES if str(each) == value), None)
    below = [each for each in _EDGES if edge is None or each < edge]
    parts: list[Filter] = []
    if below:
        parts.append((F.width > below[-1]) | (F.height > below[-1]))
    if edge is not None:
        parts += [F.width <= edge, F.height <= edge]
    return _all(parts)


def _of_month(_what: str, value: str) -> Filter:
    try:
        start = date.fromisoformat(f"{value if _MONTH.fullmatch(value) else ''}-01")
        end = (start + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        checks.refuse("date", value, "it must be a month, such as 2025-12")
    return (F.created_at >= start) & (F.created_at < end)


_FACETS: Final[Mapping[str, Callable[[str, str], Filter]]] = {
    "kind": _of_kind,
    "type": lambda _, value: F.type == value,
    "model": _of_model,
    "capability": lambda _, value: F.capabilities == value,
    "status": lambda _, value: F.status == value,
    "tag": lambda _, value: F.tags == value,
    "size": _of_size,
    "date": _of_month,
}
"""What the page's facets say, by their names in `facets.js`."""


def of_facets(what: str, chosen: Mapping[str, Sequence[str]]) -> list[Filter]:
    """Give a condition for each facet: its values are alternatives."""
    return [
        _any([make(what, value) for value in chosen[name][:_MOST]])
        for name, make in _FACETS.items()
        if chosen.get(name)
    ]


_COMPARED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TESTED: Final[Mapping[str, Callable[[Any, str], Filter]]] = {
    "CONTAINS": lambda field, text: field.contains(text),
    "STARTS WITH": lambda field, text: field.starts_with(text),
    "EXISTS": lambda field, _: field.exists(),
    "IS EMPTY": lambda field, _: field.is_empty(),
}
OPERATORS: Final = (*_COMPARED, *_TESTED)
"""How the builder compares."""
JOINS: Final = ("and", "or", "and not")
"""How the builder adds a condition to what is there."""


def condition(attribute: str, sign: str, text: str) -> Filter:
    """Make a condition; what reads as a number is one, but for a seed, which is a text."""
    field = F[attribute]
    if sign in _TESTED:
        return _TESTED[sign](field, text)
    if sign not in _COMPARED:
        checks.refuse("operator", sign, f"it must be one of {', '.join(OPERATORS)}")
    value: str | float = text
    if _NUMBER.fullmatch(text) and attribute != "seed":
        value = float(text) if "." in text else int(text)
    compared: Filter = _COMPARED[sign](field, value)
    return compared


def added(text: str, more: Filter, join: str) -> str:
    """Add a condition to a filter."""
    if join == "and not":
        more = ~more
    if not text.strip():
        return str(more)
    if join == "or":
        return str(Filter(text) | more)
    alternatives = re.search(r"\bOR\b", _QUOTED.sub("", text))
    return str(Filter(text) & more) if alternatives else f"{text.strip()} AND {more}"
