"""The tables of a harvest's file: the hits of `_tables.sqlite`, and what was asked for them."""

from __future__ import annotations

import errno
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from scenario_async._tables.sqlite import prepare, refuse_others
from scenario_async.errors import WriteError

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
_PATIENCE: Final = 60.0
_PAUSE: Final = 0.01
_PRIMARY: Final = 0xFF
"""The bits of an error's code that tell its kind; the others tell more of it."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS searches (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  search TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  how TEXT NOT NULL DEFAULT 'read',
  round INTEGER NOT NULL DEFAULT 0,
  since TEXT,
  place TEXT,
  pages INTEGER NOT NULL DEFAULT 0,
  hits INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0,
  max_hits INTEGER,
  stopped_because TEXT,
  complete INTEGER,
  reach TEXT,
  read_to TEXT,
  error TEXT,
  run INTEGER,
  owner TEXT,
  owned_at REAL,
  started_at TEXT,
  finished_at TEXT
);
CREATE TABLE IF NOT EXISTS found (
  search INTEGER NOT NULL REFERENCES searches (number),
  hit TEXT NOT NULL,
  place INTEGER NOT NULL,
  round INTEGER NOT NULL,
  gone_at TEXT,
  PRIMARY KEY (search, hit)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS found_hit ON found (hit);
CREATE TABLE IF NOT EXISTS pages (
  search INTEGER NOT NULL REFERENCES searches (number),
  round INTEGER NOT NULL,
  page INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  new INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  read_at TEXT NOT NULL,
  PRIMARY KEY (search, round, page)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
  number INTEGER PRIMARY KEY,
  refresh TEXT NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT
)
"""
_LATER: Final = {"complete": "INTEGER", "reach": "TEXT", "read_to": "TEXT"}
"""Columns of `searches` that files of earlier days have not."""


def opened(path: Path) -> sqlite3.Connection:
    """Open a harvest's file, or make one; `WriteError` for a file of something else, or of another version."""
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        # A file of something else is not changed, not even in how it is journaled.
        connection.execute("BEGIN")
        _look_at(connection, path)
        connection.execute("COMMIT")
        # Hits are long rows: pages of a new file have room for several, which is a tenth of the time.
        connection.execute("PRAGMA page_size = 16384")
        # A killed process loses nothing, a loss of power the last pages; readers and other writers go on meanwhile.
        _patiently(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        _prepare(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Execute what SQLite refuses at once, whatever its timeout, while another process opens the same file."""
    ends_at = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _look_at(connection: sqlite3.Connection, path: Path) -> bool:
    """Tell whether there are the tables of a harvest; `WriteError` for something else."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'searches'").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if there is not None and version != VERSION:
        raise WriteError(
            f"{path} is a harvest of version {version}, and this package knows version {VERSION}; it is left as it is: "
            "name another file",
            code=errno.EEXIST,
        )
    refuse_others(connection, str(path))
    return there is not None


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    there = _look_at(connection, path)
    prepare(connection, str(path))
    if not there:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    columns = {row[1] for row in connection.execute("PRAGMA table_info(searches)")}
    for name, kind in _LATER.items():
        if name not in columns:
            connection.execute(f"ALTER TABLE searches ADD COLUMN {name} {kind}")
