"""Hits in columns, for people: every column as wide as the first page needs, and in a terminal as wide as fits."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from rich.cells import cell_len, set_cell_size

from scenario_async._tables.rows import cells
from scenario_async._tables.schema import columns_named
from scenario_async._tables.unsigned import unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scenario_async._tables.schema import Column
    from scenario_async.models import Hit

USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "AssetHit": ("id", "metadata.kind", "metadata.width", "metadata.height", "created_at", "metadata.prompt"),
    "ModelHit": ("id", "name", "type", "created_at", "short_description"),
    "WorkflowHit": ("id", "name", "status", "created_at", "description"),
}
"""The columns that are shown where none are named."""
_GAP: Final = "  "
_LEAST: Final = 8
_TEXTS: Final = frozenset({"text", "texts"})
_BOLD: Final = "\x1b[1m{}\x1b[0m"


class Grid:
    """Makes lines of hits; the first lines are the names of the columns. A `width` of None cuts nothing.

    Where the usual columns do not fit at all, some are left out, those of texts last; columns that were named stay.
    """

    def __init__(self, hit_class: type[Hit], fields: Sequence[str] | None, *, width: int | None) -> None:
        self._columns = list(columns_named(hit_class, fields or USUAL[hit_class.__name__]))
        self._all_stay = bool(fields) or width is None
        self._width = width
        self._moment = "%Y-%m-%d %H:%M" if fields else "%Y-%m-%d"
        self._widths: list[int] = []

    def lines(self, hits: Sequence[Hit]) -> Iterator[str]:
        """Give the lines of a page."""
        shown = [unsigned(hit) for hit in hits]
        if not self._widths and shown:
            self._widths = self._widths_for(shown)
            while self._is_too_wide(self._widths) and not self._all_stay and len(self._columns) > 1:
                del self._columns[self._least_missed()]
                self._widths = self._widths_for(shown)
            yield self._bold(self._line(self._names()))
        for row in self._rows(shown):
            yield self._line(row)

    def _names(self) -> tuple[str, ...]:
        return tuple(_title(column) for column in self._columns)

    def _rows(self, hits: Sequence[Hit]) -> list[tuple[str, ...]]:
        found = cells(hits, self._columns)
        return list(zip(*([_text(cell, self._moment) for cell in column] for column in found), strict=True))

    def _widths_for(self, hits: Sequence[Hit]) -> list[int]:
        needed = zip(self._names(), *self._rows(hits), strict=True)
        return self._fitting([max(map(cell_len, each)) for each in needed])

    def _is_too_wide(self, widths: Sequence[int]) -> bool:
        return self._width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > self._width

    def _least_missed(self) -> int:
        """Choose the last column that is no text, else the last one; the first, the id, stays."""
        return max(range(1, len(self._columns)), key=lambda at: (self._columns[at].kind not in _TEXTS, at))

    def _fitting(self, widths: list[int]) -> list[int]:
        """Make the widest columns narrower until all fit; ids stay whole, as they are for copying."""
        fitting = list(widths)
        while self._is_too_wide(fitting):
            widest = max(
                range(len(fitting)), key=lambda place: (self._can_shrink(place, fitting), fitting[place])
            )
            if not self._can_shrink(widest, fitting):
                break
            fitting[widest] -= 1
        return fitting

    def _can_shrink(self, place: int, widths: Sequence[int]) -> bool:
        column = self._columns[place]
        return column.kind in _TEXTS and column.name != "id" and widths[place] > _LEAST

    def _line(self, row: Sequence[str]) -> str:
        padded = [self._cell(text, width) for text, width in zip(row, self._widths, strict=True)]
        return _GAP.join(padded).rstrip()

    def _cell(self, text: str, width: int) -> str:
        length = cell_len(text)
        if length <= width:
            return text + " " * (width - length)
        if self._width is None:
            return text
        return set_cell_size(text, width - 1) + "…"

    def _bold(self, line: str) -> str:
        plain = self._width is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return line if plain else _BOLD.format(line)


def _title(column: Column) -> str:
    return column.name.removeprefix("metadata_").upper()


def _text(value: Any, moment: str) -> str:  # noqa: ANN401
    """Give a cell as text on one line, in which nothing steers a terminal."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime(moment)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        value = ", ".join(map(str, cast("list[Any]", value)))  # type: ignore[redundant-cast]
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(each if each.isprintable() else " " for each in text)
