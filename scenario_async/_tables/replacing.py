"""What stands where a file is to be: what is not replaced, and what SQLite keeps beside a database."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from scenario_async.errors import WriteError

if TYPE_CHECKING:
    from pathlib import Path

_BESIDE: Final = ("-journal", "-wal", "-shm")
_SIGN: Final = b"SQLite format 3\0"
_OF_A_HARVEST: Final = "SELECT count(*) = 3 FROM sqlite_schema WHERE name IN ('hits', 'searches', 'found')"
_PATIENCE: Final = 5.0
_IN_USE: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that is there, unless it may be overwritten, and one that is no file, or a harvest's."""
    if not os.path.lexists(target):
        return
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "no file"
        raise WriteError(f"{target} is {kind}, and is left as it is: name a file", code=errno.EISDIR)
    if _is_harvest(target):
        way = "name another file, or remove it first"
        raise WriteError(
            f"{target} is the file of a harvest, which nothing replaces: {way}", code=errno.EEXIST
        )
    if not overwrite:
        raise WriteError(exists(target), code=errno.EEXIST)


def exists(target: Path) -> str:
    """Say that a target is there already."""
    return f"{target} is there already, and is left as it is: pass overwrite=True, or name another file"


def _is_harvest(target: Path) -> bool:
    """Tell whether a file knows which searches it is of, which nothing else does."""
    try:
        with target.open("rb") as file:
            if file.read(len(_SIGN)) != _SIGN:
                return False
        with closing(sqlite3.connect(target, timeout=_PATIENCE)) as file:
            return bool(file.execute(_OF_A_HARVEST).fetchone()[0])
    except (OSError, sqlite3.DatabaseError) as error:
        _refuse_in_use(target, error)
        return False


def settle(database: Path) -> None:
    """Bring an old database to rest, and remove what SQLite has beside it, before another one takes its name.

    SQLite would take that for the new one's: it would write pages of the old one over it. Whatever can be read of the old
    one is in it then, so that it stays whole if the new one does not come.
    """
    if not any(map(os.path.lexists, beside(database))):
        return
    if database.is_file():
        try:
            with closing(sqlite3.connect(database, timeout=_PATIENCE, isolation_level=None)) as old:
                old.execute("PRAGMA journal_mode = DELETE").fetchone()
                old.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:  # but for one in use, it is no database, or nobody may write to it
            _refuse_in_use(database, error)
    remove_beside(database)


def beside(database: Path) -> list[Path]:
    """Give where SQLite keeps what belongs to a database."""
    return [database.with_name(database.name + suffix) for suffix in _BESIDE]


def remove_beside(database: Path) -> None:
    """Remove what a writer left beside a database that is gone, or is to go."""
    for each in beside(database):
        with suppress(FileNotFoundError):
            each.unlink()


def _refuse_in_use(database: Path, error: Exception) -> None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _IN_USE:
        way = "end what works on it, or name another file"
        raise WriteError(f"{database} is in use, and is left as it is: {way}", code=errno.EBUSY) from error
