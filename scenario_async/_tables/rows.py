"""The cells of flat columns.

What a column cannot hold as the service sent it is not lost: it stands in the column `extra` too, in the place that it
has in the service's JSON. That is what this version does not know, timestamps that are none or finer than microseconds,
and integers that no float64 is equal to.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from itertools import chain, filterfalse, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from scenario_async._http.structure import shapes_of
from scenario_async._tables.schema import EXTRA, is_moment
from scenario_async._tables.texts import json_text, mended

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from scenario_async._http.structure import FieldShape
    from scenario_async._tables.schema import Column
    from scenario_async.models import Hit, Record

_T = TypeVar("_T")
_EXACT: Final = 2**53
"""Up to here every integer is a float64."""
_MICROSECONDS: Final = len("2025-01-16T11:19:41.579123Z")
_FINER: Final = re.compile(r"[.,]\d{6}0*[1-9]")
_AS_USUAL: Final = re.compile(
    r"(?a)(?:[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z )*+"
)
"""Timestamps as the service writes them, on days that every month has, with a blank behind each."""
_USUAL_LENGTH: Final = len("2025-01-16T11:19:41.579Z ")


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Cut what comes into lists of one size, however it was cut before; the last may be shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def cells(hits: Sequence[Hit], columns: Sequence[Column]) -> list[list[Any]]:
    """Give the cells of each column: str, int or float, list of str, aware datetime of UTC, or None."""
    return [whole(column, found) for column, found in zip(columns, raw_cells(hits, columns), strict=True)]


def raw_cells(hits: Sequence[Hit], columns: Sequence[Column]) -> list[list[Any]]:
    """Give the same, but texts may hold half a character: for those who would notice, and can do without the search."""
    reading = _Reading(hits)
    return [reading.extra() if column.name == EXTRA else reading.cells(column) for column in columns]


def whole(column: Column, found: list[Any]) -> list[Any]:
    """Give the cells of a column with whole characters only; nearly all are, which is told fast."""
    if column.kind not in ("text", "texts"):
        return found
    given: Iterable[Any] = found if column.kind == "text" else chain.from_iterable(filter(None, found))
    if _are_whole(filter(None, given)):
        return found
    if column.kind == "text":
        return [None if text is None else mended(text) for text in found]
    return [None if texts is None else [mended(text) for text in texts] for texts in found]


def moment(text: str) -> datetime | None:
    """Give a timestamp of the service as an instant of UTC; None if it is none."""
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is UTC:
            return parsed
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def are_usual(texts: Sequence[str | None]) -> bool:
    """Tell whether all timestamps are written as the service does: told in no time, and true of nearly all."""
    given = [text for text in texts if text is not None]
    joined = " ".join([*given, ""])
    # A text with a blank in it would be told by the length.
    whole = len(given) == len(texts) and len(joined) == _USUAL_LENGTH * len(texts)
    return whole and _AS_USUAL.fullmatch(joined) is not None


class _Reading:
    """Hits that are read column by column; what stands at a path is looked up once."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = hits
        self._found: dict[tuple[str, ...], list[Any]] = {(): list(hits)}
        self._parsed: dict[tuple[str, ...], list[datetime | None]] = {}

    def cells(self, column: Column) -> list[Any]:
        """Give the cells of a column."""
        if column.many:
            owners, name = self._at(column.path[:-1]), column.path[-1]
            return [[getattr(each, name) for each in owner] for owner in owners]
        return self._moments(column.path) if column.kind == "moment" else self._at(column.path)

    def extra(self) -> list[str | None]:
        """Give what no other column holds, as JSON text; None where there is nothing."""
        found: list[str | None] = [None] * len(self._hits)
        if self._hits and self._has_more(type(self._hits[0]), ()):
            for place, hit in enumerate(self._hits):
                rest = leftover(hit)
                found[place] = json_text(rest) if rest else None
        return found

    def _at(self, path: tuple[str, ...]) -> list[Any]:
        """Give what stands at a path in each hit, None where there is nothing."""
        if path not in self._found:
            self._found[path] = _attribute(self._at(path[:-1]), path[-1])
        return self._found[path]

    def _moments(self, path: tuple[str, ...]) -> list[datetime | None]:
        if path not in self._parsed:
            self._parsed[path] = [None if text is None else moment(text) for text in self._at(path)]
        return self._parsed[path]

    def _has_more(self, cls: type[Record], path: tuple[str, ...]) -> bool:
        """Tell whether something at a path, or below it, may be in no column; it is told fast where nothing is."""
        owners = self._at(path)
        if any(_attribute(owners, "extra")):
            return True
        for field in shapes_of(cast("Hashable", cls)):
            here = (*path, field.name)
            if field.shape == "record":
                more = self._has_more(cast("type[Record]", field.record), here)
            elif field.shape == "records":
                more = any(map(leftover, chain.from_iterable(filter(None, self._at(here)))))
            elif field.shape == "number":
                more = not _all_exact(self._at(here))
            elif is_moment(field):
                texts: list[str | None] = self._at(here)
                more = not are_usual(texts) and (
                    None in self._moments(here) or max(map(len, filter(None, texts))) > _MICROSECONDS
                )
            else:
                continue
            if more:
                return True
        return False


@cache
def _reader(name: str) -> Callable[[list[Any]], list[Any]]:
    """Make the function that reads an attribute of each: with its name in it, it takes three quarters of the time."""
    made: Callable[[list[Any]], list[Any]] = eval(f"lambda owners: [each.{name} for each in owners]")  # noqa: S307 - of our own field names alone
    return made


def _attribute(owners: list[Any], name: str) -> list[Any]:
    try:
        return _reader(name)(owners)
    except AttributeError:  # of None
        return [None if owner is None else getattr(owner, name) for owner in owners]


def _all_exact(found: list[float | None]) -> bool:
    """Tell whether no number is so large that it may be no float64; a NaN leaves it open."""
    given = list(filter(None, found))
    return not given or (max(given) <= _EXACT and min(given) >= -_EXACT)


def _fits(field: FieldShape, value: Any) -> bool:  # noqa: ANN401
    """Tell whether a column holds a value as it is."""
    if field.shape == "number":
        return type(value) is float or -_EXACT <= value <= _EXACT or _is_float(value)
    if is_moment(field):
        return moment(value) is not None and (len(value) <= _MICROSECONDS or not _FINER.search(value))
    return True


def _is_float(number: int) -> bool:
    try:
        return float(number) == number
    except OverflowError:
        return False


def leftover(record: Record, *, without_zeros: bool = False) -> dict[str, Any]:
    """Give of a record's JSON what is in no column as the service sent it; `without_zeros` for columns of no U+0000."""
    found: dict[str, Any] = {}
    for field in shapes_of(cast("Hashable", type(record))):
        value = getattr(record, field.name)
        if value is None:
            continue
        if field.record is None:
            if not _fits(field, value) or (without_zeros and field.shape == "text" and "\0" in value):
                found[field.wire] = value
        elif field.shape == "record":
            rest = leftover(value, without_zeros=without_zeros)
            found |= {field.wire: rest} if rest else {}
        else:
            rests = [leftover(each, without_zeros=without_zeros) for each in value]
            found |= {field.wire: rests} if any(rests) else {}
    return found | {name: value for name, value in record.extra.items() if value is not None}


def numbers(found: Iterable[Any]) -> list[float | None]:
    """Give the cells of a column of numbers as float64; None for what is beyond all of them."""
    return list(map(_number, found))


def _number(value: float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def _are_whole(texts: Iterable[str]) -> bool:
    try:
        "".join(filterfalse(str.isascii, texts)).encode()
    except UnicodeEncodeError:
        return False
    return True


def dicts(hits: Sequence[Hit], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Give a row for each hit, with every column."""
    names = [column.name for column in columns]
    rows = zip(*cells(hits, columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]
