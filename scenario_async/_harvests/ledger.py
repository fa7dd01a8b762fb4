"""The ledger of a harvest: which search is finished, which page is next, who is at work; one thread at a time uses it."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import uuid4

from scenario_async._harvests.jobs import COLUMNS, next_job, now
from scenario_async._harvests.merging import attached, merge
from scenario_async._harvests.tables import opened
from scenario_async._tables.sqlite import Upserted, insert, upsert
from scenario_async._tables.texts import all_mended, moment_text
from scenario_async._tables.writing import told

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from scenario_async._harvests.jobs import Job, Portion, Refresh, Wanted

_LEASE: Final = 60.0
"""Seconds after which a search is taken from who shows no sign of life; a dead process of this machine is known at once."""
_STALE: Final = timedelta(days=1)
"""A refresh that nobody went on with for so long is not joined: what it asked for then is no longer new."""


class Ledger:
    """A harvest's file, with the eyes of one process that works on it."""

    def __init__(self, path: Path, refresh: Refresh) -> None:
        self.path = path
        self._refresh: Refresh = refresh
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._file: sqlite3.Connection | None = None
        self._run: int | None = None
        self.seen = now()
        self._began = self.seen

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._file is not None

    def open(self) -> None:
        """Open the file, and join a refresh that was not finished, or begin one."""
        with told(self.path):
            self._file = opened(self.path)
        if not self._refresh:
            return
        with self._changes() as file:
            recent = moment_text(datetime.now(UTC) - _STALE)
            found = file.execute(_JOINED, {"refresh": self._refresh, "recent": recent}).fetchone()
            if found is not None:
                self._run, self._began = found
            else:
                begin = "INSERT INTO runs (refresh, started_at) VALUES (?, ?)"
                self._run = file.execute(begin, (self._refresh, self.seen)).lastrowid

    def register(self, searches: Iterable[Wanted]) -> list[int]:
        """Take searches down, and give their numbers; one that is there already keeps its own."""
        numbers: list[int] = []
        with self._changes() as file:
            for each in searches:
                file.execute(
                    "INSERT INTO searches (key, kind, search) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
                    (each.key, each.kind, each.text),
                )
                [number] = file.execute("SELECT number FROM searches WHERE key = ?", (each.key,)).fetchone()
                numbers.append(number)
        return numbers

    def take(self, number: int, wanted: Wanted) -> Job | Literal["finished", "taken"]:
        """Take a search on, unless it is finished, or another harvest is at work on it."""
        with self._changes() as file:
            row = _named(file.execute(_ROW, (number,)).fetchone())
            if row["owner"] not in (None, self._owner) and _lives(row["owner"], row["owned_at"]):
                return "taken"
            job = next_job(row, wanted, self._run, self._refresh)
            if job is None:
                return "finished"
            self._look_back(file, job)
            file.execute(_TAKE, (
                job.how, job.round, job.place, job.since, job.hits, job.pages, job.run, job.reach, wanted.max_hits,
                self._owner, time.time(), now(), number,
            ))  # fmt: skip
            return job

    def is_behind(self, job: Job) -> bool:
        """Tell whether a search is to be asked again, as its round was begun before this refresh."""
        return self._run is not None and (job.run or 0) < self._run

    def seen_in(self, job: Job) -> list[str]:
        """Give the ids that a job has read already."""
        asked = "SELECT hit FROM found WHERE search = ? AND round = ?"
        with told(self.path):
            return [hit for (hit,) in self._open_file().execute(asked, (job.number, job.round))]

    def write(self, portions: Sequence[Portion]) -> list[Upserted | None]:
        """Write pages, in one transaction; what it gives counts what was new and what changed, page by page.

        None stands for a page that is not written, as another harvest has taken its search over meanwhile.
        """
        with self._changes() as file:
            return [self._write(file, each) if self._owns(file, each.job) else None for each in portions]

    def read_all(self, job: Job) -> None:
        """Read a search from its beginning, and not only what is new."""
        job.place, job.since, job.hits, job.reach, job.witnesses = None, None, 0, None, ()
        with self._changes() as file:
            file.execute(
                "UPDATE searches SET place = NULL, since = NULL, reach = NULL, hits = 0 WHERE number = ? AND owner = ?",
                (job.number, self._owner),
            )

    def fail(self, job: Job, error: str, requests: int) -> None:
        """Take down why a search failed; the next harvest tries it again from where it stands."""
        with self._changes() as file:
            file.execute(_FAILED, (error, requests, job.number, self._owner))

    def live(self) -> None:
        """Show that this harvest is at work."""
        with self._changes() as file:
            file.execute("UPDATE searches SET owned_at = ? WHERE owner = ?", (time.time(), self._owner))

    def end(self, *, finished: bool) -> None:
        """Let others have what is not finished; a refresh that went through all of it is over."""
        with self._changes() as file:
            file.execute("UPDATE searches SET owner = NULL WHERE owner = ?", (self._owner,))
            if finished and self._run is not None:
                file.execute("UPDATE runs SET finished_at = ? WHERE number = ?", (now(), self._run))

    def unread(self, wanted: Mapping[int, Wanted]) -> list[int]:
        """Give which of these searches are still to be read, or to be read again, or further."""
        with told(self.path):
            rows = {row[0]: row for row in self._open_file().execute(_ROWS)}
        return [
            number
            for number, each in wanted.items()
            if next_job(_named(rows[number]), each, self._run, self._refresh) is not None
        ]

    def counted(self, numbers: Iterable[int]) -> int:
        """Give how many different hits these searches find."""
        with self._changes() as file:
            file.execute("CREATE TEMP TABLE IF NOT EXISTS asked (number INTEGER PRIMARY KEY)")
            file.execute("DELETE FROM asked")
            file.executemany("INSERT OR IGNORE INTO asked VALUES (?)", [(each,) for each in numbers])
            [hits] = file.execute(_HITS).fetchone()
        return int(hits)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with suppress(Exception), closing(self._file):
                self._file.execute(
                    "PRAGMA busy_timeout = 0"
                )  # who reads the file meanwhile is not waited for
                self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._file = None

    def _owns(self, file: sqlite3.Connection, job: Job) -> bool:
        """Tell whether a search is still ours: one whose harvest shows no sign of life may be taken over."""
        [owner] = file.execute("SELECT owner FROM searches WHERE number = ?", (job.number,)).fetchone()
        return bool(owner == self._owner)

    def _look_back(self, file: sqlite3.Connection, job: Job) -> None:
        """Find out what was there before a job of what is new."""
        if job.since is None:
            return
        [job.next_place] = file.execute(_NEXT_PLACE, (job.number,)).fetchone()
        asked = {"search": job.number, "kind": job.kind, "since": job.since, "day": job.since[:10]}
        known = file.execute(_WITNESSES, asked).fetchall()
        if not known and job.place is None:
            job.since = job.since[
                :10
            ]  # nothing would show how moments are compared, and days are always right
        if not any(round_ == job.round for _, round_ in known):
            job.witnesses = {hit for hit, _ in known}

    def _write(self, file: sqlite3.Connection, portion: Portion) -> Upserted:
        job, hits = portion.job, portion.hits
        done = upsert(file, portion.rows, self.seen)
        first = job.hits if job.since is None else job.next_place
        ids = all_mended([hit.id for hit in hits])
        rows = [(job.number, identifier, place, job.round) for place, identifier in enumerate(ids, first)]
        job.next_place += len(hits)
        insert(file, _FOUND if job.since is None else _FOUND_SINCE, rows)
        if portion.is_page:
            page = (job.number, job.round, job.pages, len(hits), done.new, done.changed, now())
            file.execute("REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)", page)
            job.pages += 1
        job.hits += len(hits)
        job.place, job.reach = portion.place, portion.reach or job.reach
        file.execute(_ADVANCE, (job.place, job.pages, job.hits, job.reach, portion.requests, job.number))
        if portion.end is not None:
            done_with = {"end": portion.end, "complete": portion.complete, "at": now(), "number": job.number}
            file.execute(_DONE, done_with)
            if job.since is None:
                self._settle_others(file, portion)
        return done

    def _settle_others(self, file: sqlite3.Connection, portion: Portion) -> None:
        """Say of hits of earlier rounds that they are gone; if they may still be there, let them have their own places."""
        job = portion.job
        if portion.complete:
            file.execute(_GONE, (now(), job.number, job.round))
        else:
            file.execute(_BEHIND, (job.hits, job.number, job.round))

    def merge(self, part: Path, numbers: Mapping[str, int]) -> Upserted:
        """Bring in a harvest that was made elsewhere; see `merging`."""
        with told(self.path), attached(self._open_file(), part), self._changes() as file:
            return merge(file, numbers)

    def gone(self) -> int:
        """Give how many hits no search finds any more, since this refresh began, in whichever call."""
        with told(self.path):
            return int(self._open_file().execute(_ALL_GONE, (self._began,)).fetchone()[0])

    @contextmanager
    def _changes(self) -> Generator[sqlite3.Connection]:
        """Give the file in a transaction; `WriteError` for what stands in the way."""
        file = self._open_file()
        with told(self.path):
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    def _open_file(self) -> sqlite3.Connection:
        assert self._file is not None  # noqa: S101 - it was opened
        return self._file


_ROWS: Final = f"SELECT {', '.join(COLUMNS)} FROM searches"  # noqa: S608 - our own names
_ROW: Final = f"{_ROWS} WHERE number = ?"
_TAKE: Final = """
UPDATE searches SET state = 'reading', how = ?, round = ?, place = ?, since = ?, hits = ?, pages = ?, run = ?,
  reach = ?, max_hits = ?, owner = ?, owned_at = ?, started_at = ?, finished_at = NULL, error = NULL, stopped_because = NULL
WHERE number = ?
"""
_FOUND: Final = (
    "INSERT INTO found (search, hit, place, round)",
    "ON CONFLICT (search, hit) DO UPDATE SET place = excluded.place, round = excluded.round, gone_at = NULL",
)
_FOUND_SINCE: Final = (
    "INSERT INTO found (search, hit, place, round)",
    "ON CONFLICT (search, hit) DO UPDATE SET round = excluded.round, gone_at = NULL",
)
_ADVANCE: Final = (
    "UPDATE searches SET place = ?, pages = ?, hits = ?, reach = ?, requests = requests + ? WHERE number = ?"
)
_DONE: Final = """
UPDATE searches SET state = 'done', stopped_because = :end, complete = :complete, finished_at = :at, owner = NULL,
  read_to = CASE WHEN :complete THEN nullif(max(coalesce(read_to, ''), coalesce(reach, '')), '') ELSE read_to END
WHERE number = :number
"""
_FAILED: Final = """
UPDATE searches SET state = 'failed', error = ?, requests = requests + ?, owner = NULL WHERE number = ? AND owner = ?
"""
_JOINED: Final = """
SELECT number, started_at FROM runs WHERE refresh = :refresh AND finished_at IS NULL AND (
  started_at > :recent
  OR EXISTS (SELECT 1 FROM searches WHERE run = runs.number AND finished_at > :recent)
) ORDER BY number DESC
"""
_NEXT_PLACE: Final = "SELECT coalesce(max(place) + 1, 0) FROM found WHERE search = ?"
_BEHIND: Final = "UPDATE found SET place = place + ? WHERE search = ? AND round < ? AND gone_at IS NULL"
_GONE: Final = "UPDATE found SET gone_at = ? WHERE search = ? AND round < ? AND gone_at IS NULL"
_ALL_GONE: Final = """
SELECT count(DISTINCT hit) FROM found AS lost WHERE gone_at >= ?
AND NOT EXISTS (SELECT 1 FROM found WHERE found.hit = lost.hit AND found.gone_at IS NULL)
"""
_WITNESSES: Final = """
SELECT found.hit, found.round FROM found JOIN hits ON hits.id = found.hit AND hits.kind = :kind
WHERE found.search = :search AND found.gone_at IS NULL AND hits.updated_at >= :since AND hits.updated_at LIKE :day || '%'
ORDER BY found.round DESC LIMIT 1000
"""
_HITS: Final = """
SELECT count(DISTINCT hit) FROM found JOIN asked ON asked.number = found.search WHERE gone_at IS NULL
"""


def _named(row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(COLUMNS, row, strict=True))


def _lives(owner: str, owned_at: float | None) -> bool:
    """Tell whether a harvest is still at work: its process is there, and has shown a sign of life."""
    host, pid, _ = owner.rsplit(":", 2)
    if host == socket.gethostname() and os.name == "posix":
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass
    return owned_at is not None and time.time() - owned_at < _LEASE
