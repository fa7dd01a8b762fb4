"""Hits in SQL, with the standard library: a table of JSON by id, and a view of flat columns for each class of hits.

A hit stands once. Written again, `last_seen` moves; the rest of its row is written only where the hit has changed.
`score`, which a search gives and not the hit, is no change.
"""

from __future__ import annotations

import errno
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scenario_async._tables.rows import are_usual, batched, cells, leftover, moment
from scenario_async._tables.schema import EXTRA, columns_of, kind_of
from scenario_async._tables.texts import all_mended, json_text, mended, moment_text
from scenario_async.errors import WriteError
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from scenario_async._tables.formats import Layout
    from scenario_async._tables.schema import Column
    from scenario_async.models import Hit

_BATCH: Final = 500
_IN_ONE: Final = 100
"""Rows of a statement: of seven columns, as many as any SQLite takes."""
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
_ADD: Final = (
    "INSERT INTO hits (id, kind, data, created_at, updated_at, first_seen, last_seen)",
    "ON CONFLICT (id, kind) DO NOTHING",
)
_CHANGE: Final = """
UPDATE hits SET data = :data, created_at = :created_at, updated_at = :updated_at
WHERE id = :id AND kind = :kind AND json_remove(data, '$.score') IS NOT json_remove(:data, '$.score')
"""
_CHANGED: Final = ("id", "kind", "data", "created_at", "updated_at")
_SEE: Final = "UPDATE hits SET last_seen = ? WHERE id = ? AND kind = ? AND last_seen < ?"
_FORGET: Final = "DELETE FROM extras WHERE id = ? AND kind = ?"
_REMEMBER: Final = "INSERT INTO extras (id, kind, extra) VALUES (?, ?, ?)"


_ZERO: Final = "\\u0000"
"""U+0000 as it stands in JSON, unless a backslash is in front of it."""
_WHOLE: Final = (
    f"(CASE WHEN instr(extras.extra, '{_ZERO}') > 0 "
    rf"THEN replace(replace(hits.data, '\\', '\u005c'), '{_ZERO}', '\ufffd') ELSE hits.data END)"
)
"""The JSON of a hit without U+0000, where SQLite ends a text; that it is there, the extras tell."""
_LARGEST: Final = sys.float_info.max


class Upserted(NamedTuple):
    """How many hits were new to a database, and how many it had with other content."""

    new: int
    changed: int


class Rows(NamedTuple):
    """Hits of one class as rows, each id once, and by id what no column of a view holds."""

    kind: str
    rows: dict[str, tuple[Any, ...]]
    extras: dict[str, str]


def write(path: Path, hits: Iterable[Hit], layout: Layout) -> None:
    """Bring a database up to date, in one transaction; make one of an empty file."""
    seen = layout.seen or moment_text(datetime.now(UTC))
    with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        prepare(connection, str(path))
        upsert(connection, rows_of(hits), seen)
        connection.execute("COMMIT")


def prepare(connection: sqlite3.Connection, name: str) -> None:
    """Make the tables and views where they are missing; `WriteError` for a database of something else."""
    refuse_others(connection, name)
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    for search in ENDPOINTS:
        connection.execute(view(search.hit_class))


def refuse_others(connection: sqlite3.Connection, name: str) -> None:
    """Raise `WriteError` for a database of something else, without a change to it."""
    there = [row[1] for row in connection.execute("PRAGMA table_info(hits)")]
    others = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if there != list(_COLUMNS) and (there or others):
        raise WriteError(
            f"{name} is a database of something else, and is left as it is: name another file",
            code=errno.EEXIST,
        )


def rows_of(hits: Iterable[Hit], lines: Sequence[str] | None = None) -> Iterator[Rows]:
    """Make rows of hits, as `upsert` takes them; `lines` are the JSON texts of the hits, by those who have them."""
    given = None if lines is None else iter(lines)
    for batch in batched(hits, _BATCH):
        texts = (
            [json_text(hit.to_dict()) for hit in batch] if given is None else list(islice(given, len(batch)))
        )
        for alike, told in _by_class(batch, texts):
            yield from _rows_of(alike, told)


def _by_class(hits: Sequence[Hit], texts: Sequence[str]) -> Iterable[tuple[Sequence[Hit], Sequence[str]]]:
    """Part hits by their class, each with its texts."""
    classes = {type(hit) for hit in hits}
    if len(classes) < 2:  # noqa: PLR2004 - as nearly always
        return [(hits, texts)] if hits else []
    places = {each: [place for place, hit in enumerate(hits) if type(hit) is each] for each in classes}
    return [
        ([hits[place] for place in which], [texts[place] for place in which]) for which in places.values()
    ]


def _rows_of(hits: Sequence[Hit], texts: Sequence[str]) -> Iterator[Rows]:
    kind, ids = kind_of(type(hits[0])), all_mended([hit.id for hit in hits])
    created, updated = _times([hit.created_at for hit in hits]), _times([hit.updated_at for hit in hits])
    made = zip(ids, repeat(kind), texts, created, updated, strict=False)
    rows: dict[str, tuple[Any, ...]] = {}
    begins = 0
    for place, (identifier, row) in enumerate(zip(ids, made, strict=True)):
        if identifier in rows:  # as it came first, and then as it came later
            yield Rows(kind, rows, _extras(hits[begins:place], texts[begins:place]))
            begins, rows = place, {}
        rows[identifier] = row
    yield Rows(kind, rows, _extras(hits[begins:], texts[begins:]))


def upsert(connection: sqlite3.Connection, hits: Iterable[Rows], seen: str) -> Upserted:
    """Add hits and change those that are there; one that comes twice stands there as it came last."""
    new = changed = 0
    for some in hits:
        added, altered = _upsert(connection, some, seen)
        new, changed = new + added, changed + altered
    return Upserted(new, changed)


def _upsert(connection: sqlite3.Connection, hits: Rows, seen: str) -> Upserted:
    """Add those that are new in one go, and look at the others one by one."""
    kind, rows, extras = hits
    marks = ", ".join("?" * len(rows))
    asked = f"SELECT id FROM hits WHERE kind = ? AND id IN ({marks})"  # noqa: S608 - question marks alone
    there = {each for (each,) in connection.execute(asked, (kind, *rows))}
    added = [(*row, seen, seen) for identifier, row in rows.items() if identifier not in there]
    insert(connection, _ADD, added)
    altered = {
        identifier
        for identifier in there
        if connection.execute(_CHANGE, dict(zip(_CHANGED, rows[identifier], strict=True))).rowcount
    }
    _each(connection, _SEE, [(seen, identifier, kind, seen) for identifier in there])
    _each(connection, _FORGET, [(identifier, kind) for identifier in altered])
    remembered = [
        (identifier, kind, extra)
        for identifier, extra in extras.items()
        if identifier in altered or identifier not in there
    ]
    _each(connection, _REMEMBER, remembered)
    return Upserted(len(added), len(altered))


def _each(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:  # it would let go of the interpreter's lock even for none
        connection.executemany(statement, rows)


def insert(
    connection: sqlite3.Connection, statement: tuple[str, str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert rows by what stands before `VALUES` and behind them, many at a time.

    `executemany` lets go of the interpreter's lock for each row, and a busy event loop is slow to give it back.
    """
    into, conflicts = statement
    for batch in batched(rows, _IN_ONE):
        marks = ", ".join([f"({', '.join('?' * len(batch[0]))})"] * len(batch))
        connection.execute(f"{into} VALUES {marks} {conflicts}", tuple(chain.from_iterable(batch)))


def _extras(hits: Sequence[Hit], texts: Sequence[str]) -> dict[str, str]:
    """Give what no column of a view holds, by id: what no flat one does, and texts that SQLite would cut off."""
    [extras] = cells(hits, [columns_of(type(hits[0]))[-1]])
    found = {mended(hit.id): extra for hit, extra in zip(hits, extras, strict=True) if extra is not None}
    for hit in (hit for hit, text in zip(hits, texts, strict=True) if "\\" in text and _ZERO in text):
        if rest := leftover(hit, without_zeros=True):
            found[mended(hit.id)] = json_text(rest)
    return found


def _times(texts: Sequence[str]) -> list[str | None]:
    if are_usual(texts):
        return [f"{text[:-1]}000Z" for text in texts]
    moments = map(moment, texts)
    return [None if found is None else moment_text(found) for found in moments]


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
        source = f"json_each({_WHOLE}, '$.{column.wire[0]}')"
        texts = f"json_group_array({_inside('value', column.wire[1:])})"
        return f"(SELECT {texts} FROM {source})"  # noqa: S608 - made of our own field names alone
    if column.kind != "number":
        return _inside(_WHOLE if column.kind == "text" else "hits.data", column.wire)
    number = f"CAST({_inside('hits.data', column.wire)} AS DOUBLE)"
    return f"CASE WHEN abs({number}) <= {_LARGEST} THEN {number} END"


def _inside(source: str, wire: tuple[str, ...]) -> str:
    """Give the value at a path: with `->>` where SQLite has it (3.38), as DuckDB reads that the same way."""
    path = f"'$.{'.'.join(wire)}'"
    if sqlite3.sqlite_version_info >= (3, 38):
        return f"({source} ->> {path})"
    return f"json_extract({source}, {path})"
