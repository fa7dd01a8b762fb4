"""Hits in SQL, with the standard library: a table of JSON by id, and a view of flat columns for each class of hits.

A hit stands once. Written again, `last_seen` moves; the rest of its row is written only where the hit has changed.
`score`, which a search gives and not the hit, is no change.
"""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scenario_async._tables.rows import batched, cells, moment
from scenario_async._tables.schema import EXTRA, columns_of, kind_of
from scenario_async._tables.texts import json_text, mended, moment_text
from scenario_async.errors import WriteError
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from scenario_async._tables.formats import Layout
    from scenario_async._tables.schema import Column
    from scenario_async.models import Hit

_BATCH: Final = 500
_PATIENCE: Final = 60.0
_COLUMNS: Final = ("id", "kind", "data", "created_at", "updated_at", "first_seen", "last_seen")
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS hits (
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at TEXT,
  updated_at TEXT,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  PRIMARY KEY (id, kind)
);
CREATE TABLE IF NOT EXISTS extras (
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  extra TEXT NOT NULL,
  PRIMARY KEY (id, kind)
)
"""
_ADD: Final = """
INSERT INTO hits (id, kind, data, created_at, updated_at, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id, kind) DO NOTHING
"""
_CHANGE: Final = """
UPDATE hits SET data = ?3, created_at = ?4, updated_at = ?5
WHERE id = ?1 AND kind = ?2 AND json_remove(data, '$.score') IS NOT json_remove(?3, '$.score')
"""
_SEE: Final = "UPDATE hits SET last_seen = ?3 WHERE id = ?1 AND kind = ?2 AND last_seen < ?3"
_FORGET: Final = "DELETE FROM extras WHERE id = ? AND kind = ?"
_REMEMBER: Final = "INSERT INTO extras (id, kind, extra) VALUES (?, ?, ?)"


class Upserted(NamedTuple):
    """How many hits were new to a database, and how many it had with other content."""

    new: int
    changed: int


def write(path: Path, hits: Iterable[Hit], layout: Layout) -> None:
    """Bring a database up to date, in one transaction; make one of an empty file."""
    seen = layout.seen or moment_text(datetime.now(UTC))
    with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        prepare(connection, str(path))
        upsert(connection, hits, seen)
        connection.execute("COMMIT")


def prepare(connection: sqlite3.Connection, name: str) -> None:
    """Make the tables and views where they are missing; `WriteError` for a database of something else."""
    there = [row[1] for row in connection.execute("PRAGMA table_info(hits)")]
    others = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if there != list(_COLUMNS) and (there or others):
        raise WriteError(
            f"{name} is a database of something else, and is left as it is: name another file",
            code=errno.EEXIST,
        )
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    for search in ENDPOINTS:
        connection.execute(view(search.hit_class))


def upsert(connection: sqlite3.Connection, hits: Iterable[Hit], seen: str) -> Upserted:
    """Add hits and change those that are there; one that comes twice stands there as it came last."""
    new = changed = 0
    for batch in batched(hits, _BATCH):
        for row, extra in _rows(batch, seen):
            added = connection.execute(_ADD, row).rowcount
            altered = 0 if added else connection.execute(_CHANGE, row[:5]).rowcount
            if not added:
                connection.execute(_SEE, (*row[:2], seen))
            if altered:
                connection.execute(_FORGET, row[:2])
            if extra is not None and (added or altered):
                connection.execute(_REMEMBER, (*row[:2], extra))
            new, changed = new + added, changed + altered
    return Upserted(new, changed)


def _rows(hits: Sequence[Hit], seen: str) -> Iterable[tuple[tuple[Any, ...], str | None]]:
    by_class: dict[type[Hit], list[Hit]] = {}
    for hit in hits:
        by_class.setdefault(type(hit), []).append(hit)
    for hit_class, alike in by_class.items():
        kind = kind_of(hit_class)
        [extras] = cells(alike, [columns_of(hit_class)[-1]])
        for hit, extra in zip(alike, extras, strict=True):
            times = [
                None if (time := moment(text)) is None else moment_text(time)
                for text in (hit.created_at, hit.updated_at)
            ]
            yield (mended(hit.id), kind, json_text(hit.to_dict()), *times, seen, seen), extra


def view(hit_class: type[Hit]) -> str:
    """Give the statement that makes the view of a class of hits, with its flat columns."""
    kind = kind_of(hit_class)
    columns = ",\n  ".join(f'{_expression(column)} AS "{column.name}"' for column in columns_of(hit_class))
    joined = "hits LEFT JOIN extras ON extras.id = hits.id AND extras.kind = hits.kind"
    return (
        f"CREATE VIEW IF NOT EXISTS {kind}s AS SELECT\n  {columns}\nFROM {joined}\nWHERE hits.kind = '{kind}'"
    )


def _expression(column: Column) -> str:
    if column.name == EXTRA:
        return "extras.extra"
    if column.name in _COLUMNS:
        return f"hits.{column.name}"
    if column.many:
        source = f"json_each(hits.data, '$.{column.wire[0]}')"
        texts = f"json_group_array({_inside('value', column.wire[1:])})"
        return f"(SELECT {texts} FROM {source})"  # noqa: S608 - made of our own field names alone
    found = _inside("hits.data", column.wire)
    return f"CAST({found} AS DOUBLE)" if column.kind == "number" else found


def _inside(source: str, wire: tuple[str, ...]) -> str:
    """Give the value at a path: with `->>` where SQLite has it (3.38), as DuckDB reads that the same way."""
    path = f"'$.{'.'.join(wire)}'"
    if sqlite3.sqlite_version_info >= (3, 38):
        return f"({source} ->> {path})"
    return f"json_extract({source}, {path})"
