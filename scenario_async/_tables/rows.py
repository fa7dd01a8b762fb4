"""The cells of flat columns.

What a column cannot hold as the service sent it is not lost: it stands in the column `extra` too, in the place that it
has in the service's JSON. That is what this version does not know, timestamps that are none or finer than microseconds,
and integers that no float64 is equal to.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import compress, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from scenario_async._http.structure import shapes_of
from scenario_async._tables.schema import EXTRA, is_moment
from scenario_async._tables.texts import json_text, mended
from scenario_async.models import Record

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from scenario_async._http.structure import FieldShape
    from scenario_async._tables.schema import Column
    from scenario_async.models import Hit

_T = TypeVar("_T")
_EXACT: Final = 2**53
"""Up to here every integer is a float64."""
_MICROSECONDS: Final = len("2025-01-16T11:19:41.579123Z")
_FINER: Final = re.compile(r"[.,]\d{6}0*[1-9]")


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Cut what comes into lists of one size, however it was cut before; the last may be shorter."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def cells(hits: Sequence[Hit], columns: Sequence[Column]) -> list[list[Any]]:
    """Give the cells of each column: str, int or float, list of str, aware datetime of UTC, or None."""
    reading = _Reading(hits)
    return [reading.extra() if column.name == EXTRA else reading.cells(column) for column in columns]


def moment(text: str) -> datetime | None:
    """Give a timestamp of the service as an instant of UTC; None if it is none."""
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is UTC:
            return parsed
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class _Reading:
    """Hits that are read column by column; each record in them is looked up once."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = hits
        self._records: dict[tuple[str, ...], list[Any]] = {(): list(hits)}

    def cells(self, column: Column) -> list[Any]:
        """Give the cells of a column."""
        owners, name = self._at(column.path[:-1]), column.path[-1]
        if column.many:
            return [[mended_cell(getattr(each, name)) for each in owner] for owner in owners]
        found = _attribute(owners, name)
        if column.kind == "text":
            return _whole_texts(found)
        if column.kind == "moment":
            return [None if text is None else moment(text) for text in found]
        if column.kind == "texts":
            return [None if texts is None else _whole_texts(texts) for texts in found]
        return found

    def extra(self) -> list[str | None]:
        """Give what no other column holds, as JSON text; None where there is nothing."""
        more = self._has_more(type(self._hits[0]), ()) if self._hits else []
        found: list[str | None] = [None] * len(self._hits)
        for place in compress(range(len(found)), more):
            rest = leftover(self._hits[place])
            found[place] = json_text(rest) if rest else None
        return found

    def _at(self, path: tuple[str, ...]) -> list[Any]:
        """Give the records, or lists of records, that stand at a path, None where there is none."""
        if path not in self._records:
            self._records[path] = _attribute(self._at(path[:-1]), path[-1])
        return self._records[path]

    def _has_more(self, cls: type[Record], path: tuple[str, ...]) -> list[bool]:
        """Tell of each hit whether something at a path, or below it, may not be in a column."""
        owners = self._at(path)
        more = [bool(extra) for extra in _attribute(owners, "extra")]
        for field in shapes_of(cast("Hashable", cls)):
            if field.record is None:
                found = _misfits(field, owners)
            elif field.shape == "record":
                found = self._has_more(field.record, (*path, field.name))
            else:
                lists = self._at((*path, field.name))
                found = [any(map(leftover, records or ())) for records in lists]
            if any(found):
                more = [one or other for one, other in zip(more, found, strict=True)]
        return more


def _attribute(owners: list[Any], name: str) -> list[Any]:
    try:
        return list(map(attrgetter(name), owners))
    except AttributeError:  # of None
        return [None if owner is None else getattr(owner, name) for owner in owners]


def _misfits(field: FieldShape, owners: list[Any]) -> Iterable[bool]:
    if field.shape != "number" and not is_moment(field):
        return ()
    return [value is not None and not _fits(field, value) for value in _attribute(owners, field.name)]


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


def leftover(record: Record) -> dict[str, Any]:
    """Give of a record's JSON what is in no column as the service sent it."""
    found: dict[str, Any] = {}
    for field in shapes_of(cast("Hashable", type(record))):
        value = getattr(record, field.name)
        if value is None:
            continue
        if field.record is None:
            if not _fits(field, value):
                found[field.wire] = value
        elif field.shape == "record":
            rest = leftover(value)
            found |= {field.wire: rest} if rest else {}
        else:
            rests = [leftover(each) for each in value]
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


def mended_cell(text: str) -> str:
    """Give a text of whole characters; most are, and cost next to nothing."""
    return text if text.isascii() else mended(text)


def _whole_texts(texts: list[str | None]) -> list[str | None]:
    try:
        "".join(filter(None, texts)).encode()
    except UnicodeEncodeError:
        return [None if text is None else mended(text) for text in texts]
    return texts


def dicts(hits: Sequence[Hit], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Give a row for each hit, with every column."""
    names = [column.name for column in columns]
    rows = zip(*cells(hits, columns), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]
