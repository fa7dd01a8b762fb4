"""Files of hits, read by libraries that are not ours."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_PARQUET: Any = import_module("pyarrow.parquet")
_IPC: Any = import_module("pyarrow.ipc")


def rows(name: str, path: Path) -> list[tuple[Any, Any]]:
    """Give the ids and widths in a file of a format."""
    if name in {"jsonl", "json"}:
        text = path.read_text(encoding="utf-8")
        hits = json.loads(text) if name == "json" else [json.loads(line) for line in text.splitlines()]
        return [(hit["id"], hit["metadata"].get("width")) for hit in hits]
    if name == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            read = list(csv.DictReader(file))
        return [(row["id"], float(row["metadata_width"]) if row["metadata_width"] else None) for row in read]
    if name == "sqlite":
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT id, metadata_width FROM assets").fetchall()
    if name == "parquet":
        table = _PARQUET.read_table(path)
    else:
        with path.open("rb") as file:
            table = _IPC.open_file(file).read_all()
    return [(row["id"], row["metadata_width"]) for row in table.to_pylist()]
