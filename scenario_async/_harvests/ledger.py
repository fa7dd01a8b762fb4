"""The ledger of a harvest: which search is finished, which page is next, who is at work; one thread at a time uses it."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from uuid import uuid4

import attrs

from scenario_async._exports.lines import lines_of
from scenario_async._harvests.merging import attached, merge
from scenario_async._harvests.tables import opened
from scenario_async._tables.sqlite import Upserted, upsert
from scenario_async._tables.texts import mended, moment_text
from scenario_async._tables.writing import told

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from scenario_async.models import Hit

Refresh: TypeAlias = Literal["", "new", "full"]
"""What a harvest does about searches that are finished: nothing, ask for what is new, or read all again."""
How: TypeAlias = Literal["read", "scan"]
"""How a search is read: page by page, or by a scan."""
_LEASE: Final = 60.0
"""Seconds after which a search is taken from who shows no sign of life; a dead process of this machine is known at once."""
_STALE: Final = timedelta(days=1)
"""A refresh that nobody went on with for so long is not joined: what it asked for then is no longer new."""
_COMPLETE: Final = ("exhausted", "empty_page")
"""The ends that show that there is nothing else."""


@attrs.frozen(kw_only=True)
class Wanted:
    """A search that a harvest is asked for, as far as its ledger has to know."""

    key: str
    kind: str
    text: str
    scan: bool
    max_hits: int | None
    can_be_since: bool
    """Whether what is new can be asked for alone."""


@attrs.define(kw_only=True)
class Job:
    """A search that this harvest has taken on: how to read it, and where it stands."""

    number: int
    how: How
    round: int
    place: str | None
    since: str | None
    """The moment since which hits are asked for, None for all of them."""
    hits: int
    pages: int
    base: int = 0
    """The place of the first hit of this round."""


@attrs.frozen(kw_only=True)
class Portion:
    """A page to be written: its hits, where to go on, and why there is nothing behind it."""

    job: Job
    hits: Sequence[Hit]
    place: str | None
    requests: int
    is_page: bool = True
    end: str | None = None


class Ledger:
    """A harvest's file, with the eyes of one process that works on it."""

    def __init__(self, path: Path, refresh: Refresh) -> None:
        self.path = path
        self._refresh = refresh
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._file: sqlite3.Connection | None = None
        self._run: int | None = None
        self.seen = _now()

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
                self._run = found[0]
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
            told = file.execute(_ROW, (number,)).fetchone()
            row: dict[str, Any] = dict(zip(_COLUMNS, told, strict=True))
            if row["owner"] not in (None, self._owner) and _lives(row["owner"], row["owned_at"]):
                return "taken"
            job = self._job(file, row, wanted)
            if job is None:
                return "finished"
            file.execute(_TAKE, (
                job.how, job.round, job.place, job.since, job.hits, job.pages, wanted.max_hits, self._owner, time.time(),
                _now(), number,
            ))  # fmt: skip
            return job

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
        job.place, job.since, job.hits, job.base = None, None, 0, 0
        with self._changes() as file:
            file.execute(
                "UPDATE searches SET place = NULL, since = NULL, hits = 0 WHERE number = ? AND owner = ?",
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
                file.execute("UPDATE runs SET finished_at = ? WHERE number = ?", (_now(), self._run))

    def unread(self, numbers: Iterable[int]) -> list[int]:
        """Give which of these searches are still to be read, or to be read again."""
        done = "SELECT number FROM searches WHERE state = 'done' AND coalesce(run, 0) >= ?"
        with told(self.path):
            finished = {number for (number,) in self._open_file().execute(done, (self._run or 0,))}
        return [number for number in numbers if number not in finished]

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
                self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._file = None

    def _job(self, file: sqlite3.Connection, row: dict[str, Any], wanted: Wanted) -> Job | None:
        """Give what is to be done about a search, None if nothing is."""
        how: How = "scan" if wanted.scan else "read"
        names = [field.name for field in attrs.fields(Job) if field.name in row]
        job = Job(**{name: row[name] for name in names})
        if row["state"] == "waiting":
            job.how = how
        elif row["state"] != "done":
            if job.how != how:  # now it is to be read another way
                job.how, job.place = how, None
        elif job.how != "scan" and wanted.scan and row["stopped_because"] not in _COMPLETE:
            job.how, job.place = "scan", None
        elif self._run is not None and (row["run"] or 0) < self._run:
            self._begin_again(file, job, row, wanted)
        elif not _goes_further(row, wanted.max_hits):
            return None
        job.base = self._base(file, job)
        return job

    def _begin_again(self, file: sqlite3.Connection, job: Job, row: dict[str, Any], wanted: Wanted) -> None:
        """Turn a job that was done into its next round: what is new since, or all of it once more."""
        job.round, job.hits, job.pages, job.place, job.since = job.round + 1, 0, 0, None, None
        job.how = "scan" if wanted.scan else "read"
        if self._refresh == "new" and wanted.can_be_since and row["stopped_because"] in _COMPLETE:
            [latest] = file.execute(_LATEST, (wanted.kind, job.number)).fetchone()
            job.since = latest

    def _owns(self, file: sqlite3.Connection, job: Job) -> bool:
        """Tell whether a search is still ours: one whose harvest shows no sign of life may be taken over."""
        [owner] = file.execute("SELECT owner FROM searches WHERE number = ?", (job.number,)).fetchone()
        return bool(owner == self._owner)

    def _base(self, file: sqlite3.Connection, job: Job) -> int:
        if job.since is None:
            return 0
        before = "SELECT coalesce(max(place) + 1, 0) FROM found WHERE search = ? AND round < ?"
        return int(file.execute(before, (job.number, job.round)).fetchone()[0])

    def _write(self, file: sqlite3.Connection, portion: Portion) -> Upserted:
        job, hits = portion.job, portion.hits
        done = Upserted(0, 0)
        if hits:
            lines = lines_of(hits).decode().split("\n")
            lines.pop()
            done = upsert(file, hits, self.seen, lines)
        first = job.base + job.hits
        rows = [(job.number, mended(hit.id), first + place, job.round) for place, hit in enumerate(hits)]
        file.executemany(_FOUND if job.since is None else _FOUND_SINCE, rows)
        if portion.is_page:
            page = (job.number, job.round, job.pages, len(hits), done.new, done.changed, _now())
            file.execute("REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)", page)
            job.pages += 1
        job.hits += len(hits)
        job.place = portion.place
        file.execute(_ADVANCE, (job.place, job.pages, job.hits, portion.requests, job.number))
        if portion.end is not None:
            file.execute(_DONE, (portion.end, _now(), self._run, job.number))
            if job.since is None and portion.end in _COMPLETE:
                file.execute(_GONE, (_now(), job.number, job.round))
        return done

    def merge(self, part: Path, numbers: Mapping[str, int]) -> Upserted:
        """Bring in a harvest that was made elsewhere; see `merging`."""
        with told(self.path), attached(self._open_file(), part), self._changes() as file:
            return merge(file, numbers)

    def gone(self) -> int:
        """Give how many hits no search finds any more, since this harvest began."""
        with told(self.path):
            return int(self._open_file().execute(_ALL_GONE, (self.seen,)).fetchone()[0])

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


_COLUMNS: Final = (
    "number", "state", "how", "round", "place", "since", "hits", "pages", "max_hits", "stopped_because", "run", "owner",
    "owned_at",
)  # fmt: skip
_ROW: Final = f"SELECT {', '.join(_COLUMNS)} FROM searches WHERE number = ?"  # noqa: S608 - our own names
_TAKE: Final = """
UPDATE searches SET state = 'reading', how = ?, round = ?, place = ?, since = ?, hits = ?, pages = ?, max_hits = ?,
  owner = ?, owned_at = ?, started_at = ?, finished_at = NULL, error = NULL, stopped_because = NULL
WHERE number = ?
"""
_FOUND: Final = """
INSERT INTO found (search, hit, place, round) VALUES (?, ?, ?, ?)
ON CONFLICT (search, hit) DO UPDATE SET place = excluded.place, round = excluded.round, gone_at = NULL
"""
_FOUND_SINCE: Final = """
INSERT INTO found (search, hit, place, round) VALUES (?, ?, ?, ?)
ON CONFLICT (search, hit) DO UPDATE SET round = excluded.round, gone_at = NULL
"""
_ADVANCE: Final = (
    "UPDATE searches SET place = ?, pages = ?, hits = ?, requests = requests + ? WHERE number = ?"
)
_DONE: Final = """
UPDATE searches SET state = 'done', stopped_because = ?, finished_at = ?, run = ?, owner = NULL WHERE number = ?
"""
_FAILED: Final = """
UPDATE searches SET state = 'failed', error = ?, requests = requests + ?, owner = NULL WHERE number = ? AND owner = ?
"""
_JOINED: Final = """
SELECT number FROM runs WHERE refresh = :refresh AND finished_at IS NULL AND (
  started_at > :recent
  OR EXISTS (SELECT 1 FROM searches WHERE run = runs.number AND finished_at > :recent)
) ORDER BY number DESC
"""
_GONE: Final = "UPDATE found SET gone_at = ? WHERE search = ? AND round < ? AND gone_at IS NULL"
_ALL_GONE: Final = """
SELECT count(DISTINCT hit) FROM found AS lost WHERE gone_at >= ?
AND NOT EXISTS (SELECT 1 FROM found WHERE found.hit = lost.hit AND found.gone_at IS NULL)
"""
_LATEST: Final = """
SELECT max(hits.updated_at) FROM found JOIN hits ON hits.id = found.hit AND hits.kind = ? WHERE found.search = ?
"""
_HITS: Final = """
SELECT count(DISTINCT hit) FROM found JOIN asked ON asked.number = found.search WHERE gone_at IS NULL
"""


def _now() -> str:
    return moment_text(datetime.now(UTC))


def _goes_further(row: dict[str, Any], max_hits: int | None) -> bool:
    """Tell whether more hits are asked for than a search was read up to."""
    if row["stopped_because"] != "max_hits" or row["max_hits"] is None:
        return False
    return max_hits is None or max_hits > int(row["max_hits"])


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
