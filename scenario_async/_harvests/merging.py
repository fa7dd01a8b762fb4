"""Harvests made elsewhere, brought into the file that asked for them."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from scenario_async._tables.sqlite import Upserted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Mapping
    from pathlib import Path

_PREPARED: Final = (
    "DROP TABLE IF EXISTS temp.same",
    "DROP TABLE IF EXISTS temp.changed",
    "CREATE TEMP TABLE same (there INTEGER PRIMARY KEY, here INTEGER)",
    """
    CREATE TEMP TABLE changed AS SELECT theirs.id, theirs.kind FROM part.hits AS theirs
    JOIN main.hits AS mine ON mine.id = theirs.id AND mine.kind = theirs.kind
    WHERE json_remove(mine.data, '$.score') IS NOT json_remove(theirs.data, '$.score')
    """,
)
_STEPS: Final = (
    "DELETE FROM main.extras WHERE (id, kind) IN (SELECT id, kind FROM changed)",
    """
    UPDATE main.hits AS mine SET data = theirs.data, created_at = theirs.created_at, updated_at = theirs.updated_at
    FROM part.hits AS theirs JOIN changed ON changed.id = theirs.id AND changed.kind = theirs.kind
    WHERE mine.id = theirs.id AND mine.kind = theirs.kind
    """,
    """
    UPDATE main.hits AS mine SET last_seen = theirs.last_seen FROM part.hits AS theirs
    WHERE mine.id = theirs.id AND mine.kind = theirs.kind AND mine.last_seen < theirs.last_seen
    """,
    """
    INSERT INTO main.hits (id, kind, data, created_at, updated_at, first_seen, last_seen)
    SELECT id, kind, data, created_at, updated_at, first_seen, last_seen FROM part.hits WHERE true ORDER BY rowid
    ON CONFLICT (id, kind) DO NOTHING
    """,
    """
    INSERT INTO main.extras (id, kind, extra) SELECT id, kind, extra FROM part.extras WHERE true
    ON CONFLICT (id, kind) DO NOTHING
    """,
    """
    UPDATE main.searches SET round = round + 1 WHERE number IN (SELECT here FROM same)
    """,
    """
    INSERT INTO main.found (search, hit, place, round)
    SELECT same.here, hit, place, (SELECT round FROM main.searches WHERE number = same.here) FROM part.found
    JOIN same ON same.there = part.found.search WHERE true
    ON CONFLICT (search, hit) DO UPDATE SET place = excluded.place, round = excluded.round, gone_at = NULL
    """,
    """
    INSERT OR REPLACE INTO main.pages (search, round, page, hits, new, changed, read_at)
    SELECT same.here, (SELECT round FROM main.searches WHERE number = same.here), page, hits, new, changed, read_at
    FROM part.pages JOIN same ON same.there = part.pages.search
    """,
    """
    UPDATE main.searches AS mine SET state = theirs.state, how = theirs.how, place = theirs.place, pages = theirs.pages,
      hits = theirs.hits, requests = mine.requests + theirs.requests, max_hits = theirs.max_hits,
      stopped_because = theirs.stopped_because, complete = theirs.complete, reach = theirs.reach,
      since = theirs.since, read_to = coalesce(theirs.read_to, mine.read_to), error = theirs.error, started_at = theirs.started_at,
      finished_at = theirs.finished_at
    FROM part.searches AS theirs JOIN same ON same.there = theirs.number WHERE mine.number = same.here
    """,
    """
    UPDATE main.found AS lost SET gone_at = mine.finished_at FROM main.searches AS mine JOIN same ON same.here = mine.number
    WHERE lost.search = mine.number AND lost.round < mine.round AND lost.gone_at IS NULL AND mine.complete
    """,
    """
    UPDATE main.found AS others SET place = others.place + mine.hits FROM main.searches AS mine JOIN same ON same.here = mine.number
    WHERE others.search = mine.number AND others.round < mine.round AND others.gone_at IS NULL
    """,
)


def merge(file: sqlite3.Connection, numbers: Mapping[str, int]) -> Upserted:
    """Bring the hits and searches of a harvest that is `attached` in; it may be done twice.

    `numbers` are those of the searches here, by their keys without the project.
    """
    for statement in _PREPARED:
        file.execute(statement)
    theirs = file.execute("SELECT number, key FROM part.searches").fetchall()
    same = [
        (there, numbers[without_project(key)]) for there, key in theirs if without_project(key) in numbers
    ]
    file.executemany("INSERT INTO same VALUES (?, ?)", same)
    [changed] = file.execute("SELECT count(*) FROM changed").fetchone()
    [before] = file.execute("SELECT count(*) FROM main.hits").fetchone()
    for statement in _STEPS:
        file.execute(statement)
    [after] = file.execute("SELECT count(*) FROM main.hits").fetchone()
    return Upserted(after - before, changed)


def without_project(key: str) -> str:
    """Give the key of a search without its project: a worker may have that from its own environment."""
    return key.rpartition(":")[0]


@contextmanager
def attached(file: sqlite3.Connection, part: Path) -> Generator[None]:
    """Have another file at hand as `part`; no transaction may be open before and after."""
    file.execute("ATTACH ? AS part", (str(part),))
    try:
        yield
    finally:
        with closing(file.cursor()) as cursor:
            cursor.execute("DETACH part")
