"""Filters as Python expressions: `(F.kind == "image") & (F.width >= 1024)`.

A filter renders the service's filter language with every value quoted so that it is read back as that value.
Only forms that the service is known to accept are rendered where there is a choice: `is_in` and
`contains_any` become an `OR` of `=`, `between` becomes two comparisons.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final, NoReturn, SupportsIndex, TypeAlias, cast

import attrs

from scenario_async.errors import InvalidSearchError
from scenario_async.models import wire_name

Value: TypeAlias = str | float | bool | date | datetime
"""What an attribute is compared with; a naive `datetime` is taken as UTC."""

_KEYWORDS: Final = frozenset({
    "AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH",
    "_geo", "_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geoDistance", "_geoPoint",
})  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_OR, _AND, _NOT, _ATOM = range(4)


@attrs.frozen(repr=False)
class Filter:
    """A condition on hits; `str(filter)` is what travels.

    Combine with `&`, `|` and `~`. Python's `and`, `or`, `not` and chained comparisons raise `TypeError`,
    because they would drop a part of the condition.
    """

    _text: str
    _binding: int = attrs.field(default=_ATOM, eq=False)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Filter({self._text!r})"

    def __and__(self, other: Filter) -> Filter:
        return (
            _joined("AND", [self, other], _AND)
            if isinstance(cast("object", other), Filter)
            else NotImplemented
        )

    def __or__(self, other: Filter) -> Filter:
        return (
            _joined("OR", [self, other], _OR) if isinstance(cast("object", other), Filter) else NotImplemented
        )

    def __invert__(self) -> Filter:
        return Filter(f"NOT {self.inside(_ATOM)}", _NOT)

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH)

    def inside(self, binding: int) -> str:
        """Give the text for a place that binds so tightly, in parentheses if need be."""
        return self._text if self._binding >= binding else f"({self._text})"


_NO_TRUTH: Final = (
    "a filter is neither true nor false: use & | ~ instead of `and`, `or`, `not`, "
    "`between` instead of a chained comparison, `contains_any` instead of `in`"
)


class Field:
    """An attribute that hits are filtered by; `F.width` and `F["width"]` make one.

    Each comparison gives a `Filter`. Values are `str`, `int`, `float`, `bool`, `date` and `datetime`;
    None, NaN and infinities are refused with `InvalidSearchError`.
    """

    __slots__ = ("_name",)
    __hash__ = object.__hash__

    def __init__(self, name: str) -> None:
        if not isinstance(cast("object", name), str):
            message = f"filter: an attribute name is a {type(name).__name__}, but it must be a str"
            raise InvalidSearchError(message, parameter="filter")
        if not _NAME.fullmatch(name) or name in _KEYWORDS:
            rule = (
                "is a word of the filter language" if name in _KEYWORDS else "may only have A-Z a-z 0-9 _ . -"
            )
            raise InvalidSearchError(f"filter: attribute name {name[:80]!r} {rule}", parameter="filter")
        self._name = name

    def __repr__(self) -> str:
        return f"F[{self._name!r}]"

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compared("=", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compared("!=", value)

    def __gt__(self, value: Value) -> Filter:
        return self._compared(">", value)

    def __ge__(self, value: Value) -> Filter:
        return self._compared(">=", value)

    def __lt__(self, value: Value) -> Filter:
        return self._compared("<", value)

    def __le__(self, value: Value) -> Filter:
        return self._compared("<=", value)

    def is_in(self, *values: Value | Iterable[Value]) -> Filter:
        """Equal one of these values, given one by one or as one iterable."""
        return self._any("is_in", values)

    def not_in(self, *values: Value | Iterable[Value]) -> Filter:
        """Equal none of these values; hits without the attribute match too."""
        return ~self._any("not_in", values)

    def between(self, low: Value, high: Value) -> Filter:
        """Lie between two values, both included."""
        return (self >= low) & (self <= high)

    def exists(self) -> Filter:
        """Have the attribute, be it null or empty (not documented by the service)."""
        return Filter(f"{self._name} EXISTS")

    def is_null(self) -> Filter:
        """Have the attribute with the value null (not documented by the service)."""
        return Filter(f"{self._name} IS NULL")

    def is_empty(self) -> Filter:
        """Have the attribute with an empty text or list."""
        return Filter(f"{self._name} IS EMPTY")

    def contains(self, text: str) -> Filter:
        """Have this text anywhere in the attribute's text."""
        return self._compared("CONTAINS", text)

    def starts_with(self, text: str) -> Filter:
        """Have this text at the start of the attribute's text."""
        return self._compared("STARTS WITH", text)

    def contains_any(self, *values: Value | Iterable[Value]) -> Filter:
        """Have at least one of these values in a list, such as `tags`."""
        return self._any("contains_any", values)

    def contains_all(self, *values: Value | Iterable[Value]) -> Filter:
        """Have every one of these values in a list, such as `tags`."""
        return _joined("AND", self._equalities("contains_all", values), _AND)

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_TRUTH)

    def __contains__(self, value: object) -> NoReturn:
        raise TypeError(_NO_TRUTH)

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self!r} is an attribute's name and has no items")

    def _compared(self, operator: str, value: Value) -> Filter:
        return Filter(f"{self._name} {operator} {_rendered(value, self._name)}")

    def _any(self, method: str, values: tuple[Value | Iterable[Value], ...]) -> Filter:
        equalities = self._equalities(method, values)
        if len(equalities) == 1:
            return equalities[0]
        return Filter(f"({_joined('OR', equalities, _OR)})")

    def _equalities(self, method: str, values: tuple[Value | Iterable[Value], ...]) -> list[Filter]:
        flat = cast("tuple[Value, ...]", values)
        if (
            len(values) == 1
            and isinstance(values[0], Iterable)
            and not isinstance(values[0], (str, bytes, bytearray, Field))
        ):
            flat = tuple(values[0])
        if not flat:
            message = f"filter: {self._name}.{method}() needs at least one value"
            raise InvalidSearchError(message, parameter="filter")
        return [self._compared("=", value) for value in flat]


class Fields:
    """The place where filters begin: `F.created_at` is the attribute createdAt, `F["metadata.type"]` is verbatim."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return Field(wire_name(name))

    def __getitem__(self, name: str) -> Field:
        return Field(name)


F: Final = Fields()


def to_filter_text(value: str | Filter | None) -> str | None:
    """Take a filter in either form; other types are refused with `InvalidSearchError`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(cast("object", value), Filter):
        return str(value)
    message = f"filter is a {type(value).__name__}; pass a str or an expression of F"
    raise InvalidSearchError(message, parameter="filter")


def _joined(word: str, parts: list[Filter], binding: int) -> Filter:
    if len(parts) == 1:
        return parts[0]
    return Filter(f" {word} ".join(part.inside(binding) for part in parts), binding)


def _rendered(value: Value, name: str) -> str:
    if isinstance(value, str):
        text = str.__str__(value)
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f'"{_utc(value, name)}Z"'
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    return _number(value, name)


def _utc(moment: datetime, name: str) -> str:
    known = moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment
    try:
        shown = known.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):  # Python has no year 0 and no year 10000
        message = f"filter: {name} is compared with {moment}, which in UTC is no year from 1 to 9999"
        raise InvalidSearchError(message, parameter="filter") from None
    return shown.isoformat(timespec="microseconds" if shown.microsecond % 1000 else "milliseconds")


def _number(value: object, name: str) -> str:
    if isinstance(value, SupportsIndex) and not isinstance(value, type):
        try:
            return str(value.__index__())
        except ValueError:  # Python writes no number of more than 4300 digits
            message = f"filter: {name} is compared with a whole number of too many digits"
            raise InvalidSearchError(message, parameter="filter") from None
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value).replace("e+", "e")
    rule = (
        "cannot be compared with"
        if isinstance(value, (float, type(None)))
        else "is compared with a wrong type,"
    )
    kinds = "str, int, float, bool, date or datetime"
    shown: Any = value if isinstance(value, (float, type(None))) else type(value).__name__
    raise InvalidSearchError(f"filter: {name} {rule} {shown}; take a finite {kinds}", parameter="filter")
