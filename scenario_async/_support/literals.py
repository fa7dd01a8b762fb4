"""Values as the filter language spells them, so that each is read back as itself; and whether a text of it is whole.

Scalars of numpy and pandas are spelled as the Python values that they are; they are known by what they have, and
neither package is imported.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from operator import eq
from typing import Any, Final, Literal, NoReturn, Protocol, SupportsIndex, TypeAlias, cast

from scenario_async.errors import InvalidSearchError


class Scalar(Protocol):
    """What type checkers know numpy's scalars by: they have no dimensions, as arrays do, and give a Python value."""

    @property
    def ndim(self) -> Literal[0]:
        """Have no dimensions."""
        ...

    def item(self, /) -> Any:  # noqa: ANN401 - whatever it holds
        """Give the Python value."""
        ...


Value: TypeAlias = str | float | bool | date | datetime | Scalar
"""What an attribute is compared with, such as a text, a number or a date; a `datetime` without a time zone is UTC."""
_BRACKETS: Final = re.compile(r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | [()"'] """, re.DOTALL | re.VERBOSE)
"""What opens and closes in a filter: quoted texts, whole where they can be, and parentheses."""


_DATE_IN_WORDS: Final = (  # compiled when it is first used: an import has no need of it
    r"(?ai)\b(yesterday|today|tomorrow|now|ago|last|past|next|this|since|(mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(second|minute|hour|day|week|month|year)s?|jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?"
    r"|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)\b"
    r"|^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|^\d{4}[./]\d|^\d{8}$|^[+-]?\d+\s?[smhdw]$"
)


def is_date_in_words(value: object) -> bool:
    """Tell whether a text means a date, but in a form that the service would compare letter by letter."""
    return (
        isinstance(value, str)
        and re.match(r"[0-9]{4}(-[0-9]{2}|$)", value) is None
        and re.search(_DATE_IN_WORDS, value) is not None
    )


def literal(value: object, name: str) -> str:
    """Spell a value, or raise `InvalidSearchError` with `name`, the attribute that it is compared with."""
    if isinstance(value, str):
        escaped = str.__str__(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _of_datetime(value, name)
    if isinstance(value, date):
        return f'"{date.isoformat(value)}"'
    return _number(value, name)


def _number(value: object, name: str) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value).replace("e+", "e")
    if kind := _numpy_kind(value):
        return _of_numpy(value, kind, name)
    if not isinstance(value, SupportsIndex) or isinstance(value, type):
        _refuse(value, name)
    try:
        return str(value.__index__())
    except TypeError:  # what has the method may still be no number
        _refuse(value, name)
    except ValueError:  # Python writes no number of more than 4300 digits
        message = f"filter: {name} is compared with a whole number of too many digits"
        raise InvalidSearchError(message, parameter="filter") from None


def _of_datetime(value: datetime, name: str) -> str:
    if not eq(value, value):  # pandas' NaT is a datetime, of no moment
        _refuse(value, name)
    # The attributes of derived classes can be relied on, their methods cannot: pandas' round, warn or refuse.
    clock = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    moment = datetime(*clock, tzinfo=value.tzinfo, fold=value.fold)
    nanosecond = getattr(value, "nanosecond", 0) % 1000
    return _moment(moment, name, finer=f"{nanosecond:03}" if nanosecond else "")


def _moment(moment: datetime, name: str, *, finer: str = "") -> str:
    """Spell a moment in UTC; `finer` are the digits that follow its microseconds."""
    known = moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment
    try:
        shown = known.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        _refuse_year(moment, name)
    exact = "microseconds" if finer or shown.microsecond % 1000 else "milliseconds"
    return f'"{shown.isoformat(timespec=exact)}{finer}Z"'


def _numpy_kind(value: object) -> str | None:
    """Give the letter that numpy has for the kind of a scalar or an array, None for anything else."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    return kind if isinstance(kind, str) else None


def _of_numpy(value: object, kind: str, name: str) -> str:
    # A duration would give a number in some units, and an array of one item gives its item.
    if kind not in "biufUM" or getattr(value, "ndim", None) != 0:
        _refuse(value, name)
    plain: object = cast("Any", value).item()
    if kind == "M" and isinstance(plain, int):  # nanoseconds and finer, or no year that Python has
        return _of_digits(str(value), name)
    if not isinstance(plain, (str, int, float, date)):  # NaT, or a float that Python has no room for
        _refuse(None if plain is None else value, name, shown=str(value))
    return literal(plain, name)


def _of_digits(text: str, name: str) -> str:
    """Spell a moment that numpy has written: 26 characters reach to the microseconds."""
    try:
        moment = datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)
    except ValueError:
        _refuse_year(text, name)
    finer = text[26:]
    return _moment(moment, name, finer=finer if finer.strip("0") else "")


def _refuse_year(moment: object, name: str) -> NoReturn:
    message = f"filter: {name} is compared with {moment}, which in UTC is no year from 1 to 9999"
    raise InvalidSearchError(message, parameter="filter") from None


def _refuse(value: object, name: str, *, shown: str | None = None) -> NoReturn:
    kinds = "take a finite str, int, float, bool, date or datetime"
    kind = type(value).__name__
    if value is None or isinstance(value, datetime) or kind == "NAType":
        told = f"cannot be compared with {shown or ('NaT' if isinstance(value, datetime) else str(value))}"
        kinds += "; `is_null()` and `is_empty()` ask for what has no value"
    elif isinstance(value, float):
        told = f"cannot be compared with {float.__repr__(value)}"
    else:
        told = f"is compared with a wrong type, {kind}"
    raise InvalidSearchError(f"filter: {name} {told}; {kinds}", parameter="filter")


def open_end(text: str) -> str | None:
    """Tell what a text opens and does not close, or the other way round; None if it is whole."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        sign, number = found[0], found.start() + 1
        if sign in "\"'":
            return f"the quote at character {number} is not closed"
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return f"the parenthesis at character {number} closes none"
    return "a parenthesis is not closed" if depth else None
