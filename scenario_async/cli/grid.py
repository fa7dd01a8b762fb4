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
_BOLD: Final = "\x1b[1m{}\x1b[0m"


class Grid:
    """Makes lines of hits; the first lines are the names of the columns. A `width` of None cuts nothing."""

    def __init__(self, hit_class: type[Hit], fields: Sequence[str] | None, *, width: int | None) -> None:
        self._columns = columns_named(hit_class, fields or USUAL[hit_class.__name__])
        self._width = width
        self._moment = "%Y-%m-%d %H:%M" if fields else "%Y-%m-%d"
        self._widths: list[int] = []

    def lines(self, hits: Sequence[Hit]) -> Iterator[str]:
        """Give the lines of a page."""
        shown = [unsigned(hit) for hit in hits]
        columns = zip(self._columns, cells(shown, self._columns), strict=True)
        rows = list(
            zip(*([_text(cell, self._moment) for cell in found] for _, found in columns), strict=True)
        )
        if not self._widths and rows:
            names = tuple(_title(column) for column in self._columns)
            self._widths = self._fitting(
                [max(map(cell_len, each)) for each in zip(names, *rows, strict=True)]
            )
            yield self._bold(self._line(names))
        for row in rows:
            yield self._line(row)

    def _fitting(self, widths: list[int]) -> list[int]:
        """Make the widest columns narrower until all fit; ids stay whole, as they are for copying."""
        if self._width is None:
            return widths
        fitting = list(widths)
        while sum(fitting) + len(_GAP) * (len(fitting) - 1) > self._width:
            widest = max(
                range(len(fitting)), key=lambda place: (self._can_shrink(place, fitting), fitting[place])
            )
            if not self._can_shrink(widest, fitting):
                break
            fitting[widest] -= 1
        return fitting

    def _can_shrink(self, place: int, widths: Sequence[int]) -> bool:
        column = self._columns[place]
        return column.kind in {"text", "texts"} and column.name != "id" and widths[place] > _LEAST

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
