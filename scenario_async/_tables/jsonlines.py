"""Hits as JSON: a line for each, or all in one list; as the service sends them, or flat."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from scenario_async._tables.rows import batched, dicts
from scenario_async._tables.texts import json_text, moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from scenario_async._tables.formats import Layout
    from scenario_async.models import Hit

_BATCH: Final = 1000


def write(file: BinaryIO, hits: Iterable[Hit], layout: Layout) -> None:
    """Write a line of JSON for each hit."""
    file.writelines(f"{text}\n".encode() for text in _texts(hits, layout))


def write_list(file: BinaryIO, hits: Iterable[Hit], layout: Layout) -> None:
    """Write one list, a line for each hit in it."""
    file.write(b"[")
    between = "\n"
    for text in _texts(hits, layout):
        file.write(f"{between}{text}".encode())
        between = ",\n"
    file.write(b"\n]\n" if between != "\n" else b"]\n")


def jsonable(row: dict[str, Any]) -> dict[str, Any]:
    """Give a flat row with its timestamps as texts."""
    return {name: moment_text(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _texts(hits: Iterable[Hit], layout: Layout) -> Iterator[str]:
    if not layout.flat:
        for hit in hits:
            yield json_text(hit.to_dict())
        return
    for batch in batched(hits, _BATCH):
        for row in dicts(batch, layout.columns):
            yield json_text(jsonable(row))
