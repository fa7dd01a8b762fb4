"""Hits as CSV: RFC 4180 with line feeds, in UTF-8.

Nothing is an empty cell, an empty text is `""`; where there is one column both are `""`, as readers skip empty lines. Lists
are JSON. A text that a spreadsheet would run as a formula has an apostrophe in front, and a text that has one there
already gets another, so that taking one away gives the text back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from scenario_async._tables.rows import batched, cells
from scenario_async._tables.texts import json_text, moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from scenario_async._tables.formats import Layout
    from scenario_async._tables.schema import Column
    from scenario_async.models import Hit

_BATCH: Final = 1000
# Signs that begin a formula, in full width as well, which spreadsheets read the same way.
_RUN: Final = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
_QUOTED: Final = re.compile(r'[,"\r\n\';\t]|^\s|\s$')


def write(file: BinaryIO, hits: Iterable[Hit], layout: Layout) -> None:
    """Write a line of names, and a line for each hit."""
    file.write((",".join(column.name for column in layout.columns) + "\n").encode())
    nothing = "" if layout.columns[1:] else '""'
    for batch in batched(hits, _BATCH):
        columns = zip(layout.columns, cells(batch, layout.columns), strict=True)
        written = [list(_cells(column, found, nothing)) for column, found in columns]
        file.write("".join(",".join(row) + "\n" for row in zip(*written, strict=True)).encode())


def _cells(column: Column, found: list[Any], nothing: str) -> Iterator[str]:
    for value in found:
        if value is None:
            yield nothing
        elif column.kind == "moment":
            yield moment_text(value)
        elif column.kind == "number":
            yield repr(value)
        else:
            yield text_cell(value if column.kind == "text" else json_text(value))


def text_cell(text: str) -> str:
    """Give a text as a cell that no spreadsheet runs."""
    if not text:
        return '""'
    if _RUN.match(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
