"""A quota that the processes of one machine share, over a file."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import attrs

from scenario_async._annotations import evaluable
from scenario_async._calls.quota import Quota, RateLimit
from scenario_async._support import checks
from scenario_async._support.threads import in_thread
from scenario_async.limiters._shared import (
    LEASE,
    Answer,
    OnFailure,
    SharedQueue,
    Ticket,
    checked_on_failure,
    checked_per,
    checked_requests,
    window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from scenario_async._calls.quota import Place, Waiter

_BUSY: Final = 2.0
_PAUSE: Final = (0.001, 0.005)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS scenario_departures (ticket TEXT PRIMARY KEY, at REAL);
CREATE INDEX IF NOT EXISTS scenario_departures_at ON scenario_departures (at);
CREATE TABLE IF NOT EXISTS scenario_line (number INTEGER PRIMARY KEY AUTOINCREMENT, ticket TEXT UNIQUE, seen REAL);
CREATE TABLE IF NOT EXISTS scenario_cool_down (until REAL, length REAL)
"""

# SQLite's locks do not survive a fork in the middle of a transaction, so forks wait for its end.
_AT_WORK: Final = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_AT_WORK.acquire, after_in_parent=_AT_WORK.release, after_in_child=_AT_WORK.release
    )


def _path(value: str | os.PathLike[str]) -> str:
    if not value or not isinstance(cast("object", value), str | os.PathLike):
        checks.refuse("path", value, "it must be the path of a file that all processes share")
    return os.path.abspath(value)  # noqa: PTH100 - symbolic links stay as they are


@evaluable
@attrs.frozen(eq=False)
class ProcessRateLimit(Quota):
    """A quota that processes of one machine keep together: at most `requests` in any `per` seconds of all of them.

    All give the same figures and the same `path`: a file on a local disk that is made on first use, and that is no
    file of anything else. First come, first served; the cool-down after a 429 of one process holds back all.
    What a process that dies had waited for is free again after 10 seconds.

    If the file cannot be used, `on_failure="closed"` raises `ScenarioError`, and `"open"` lets each process go
    on under this quota by itself until the file can be used again.

    It serves several clients, event loops and threads, works in a forked child, and pickles.
    """

    path: str = attrs.field(converter=_path)
    requests: int = attrs.field(default=100, converter=checked_requests)
    per: float = attrs.field(default=60.0, converter=checked_per)
    on_failure: OnFailure = attrs.field(default="closed", kw_only=True, converter=checked_on_failure)
    _queue: SharedQueue = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        quota = RateLimit(self.requests, self.per)
        queue = SharedQueue(
            File(self.path, quota), quota, name=f"the file {self.path!r}", on_failure=self.on_failure
        )
        object.__setattr__(self, "_queue", queue)

    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one; a cancelled wait takes nothing."""
        return await self._queue.take(waiter)

    async def cool_down(self, seconds: float) -> None:
        """Hold back every process for so long; a longer cool-down that runs already stays."""
        await self._queue.cool_down(seconds)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.path, self.requests, self.per, on_failure=self.on_failure), ()


class File:
    """The queue in a SQLite file, which is opened for each question, so that no handle outlives a fork.

    The clock counts from the machine's start and is the same for all its processes: it does not jump as the wall
    clock does. A moment still to come was therefore written before a reboot, and the file starts anew.
    """

    failures: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error, OSError)

    def __init__(self, path: str, quota: RateLimit, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._requests = quota.requests
        self._window = window(quota.per)
        self._now = now

    async def ask(self, ticket: Ticket) -> Answer:
        """Grant a ticket at this moment, or say how long it takes."""
        return await in_thread(lambda: self._ask(ticket), "quota")

    async def give_back(self, ticket: Ticket) -> None:
        """Forget a ticket, granted or not."""
        await in_thread(lambda: self._give_back(ticket), "quota")

    async def count(self, ticket: Ticket) -> None:
        """Let a ticket that was granted count from now on."""
        await in_thread(lambda: self._count(ticket), "quota")

    async def hold(self, seconds: float) -> None:
        """Grant nothing for so long; a longer cool-down that runs already stays."""
        await in_thread(lambda: self._hold(seconds), "quota")

    def _ask(self, ticket: Ticket) -> Answer:
        with self._opened() as (file, now):
            if ticket.given_up:  # by one who was cancelled while this thread had not begun
                return Answer(0.0)
            file.execute("DELETE FROM scenario_departures WHERE at <= ?", (now - self._window,))
            file.execute("DELETE FROM scenario_line WHERE seen <= ?", (now - LEASE,))
            file.execute("DELETE FROM scenario_cool_down WHERE until <= ?", (now,))
            wait = self._wait(file, now, self._ahead(file, ticket.name, now))
            for until, length in file.execute("SELECT until, length FROM scenario_cool_down"):
                if until - now > wait:
                    return Answer(until - now, length)
            if wait > 0:
                return Answer(wait)
            file.execute("DELETE FROM scenario_line WHERE ticket = ?", (ticket.name,))
            file.execute("INSERT INTO scenario_departures VALUES (?, ?)", (ticket.name, now))
            return Answer(0.0)

    def _ahead(self, file: sqlite3.Connection, name: str, now: float) -> int:
        """Give the number of those who wait before a ticket; 0 if it takes a departure anew that it had."""
        if file.execute("DELETE FROM scenario_departures WHERE ticket = ?", (name,)).rowcount:
            return 0
        file.execute(
            "INSERT INTO scenario_line (ticket, seen) VALUES (?, ?) "
            "ON CONFLICT (ticket) DO UPDATE SET seen = excluded.seen",
            (name, now),
        )
        before = (
            "SELECT count(*) FROM scenario_line "
            "WHERE number < (SELECT number FROM scenario_line WHERE ticket = ?)"
        )
        return int(file.execute(before, (name,)).fetchone()[0])

    def _wait(self, file: sqlite3.Connection, now: float, ahead: int) -> float:
        departures = int(file.execute("SELECT count(*) FROM scenario_departures").fetchone()[0])
        lapsing = departures + ahead - self._requests
        if lapsing < 0:
            return 0.0
        oldest_first = "SELECT at FROM scenario_departures ORDER BY at LIMIT 1 OFFSET ?"
        row = file.execute(oldest_first, (lapsing,)).fetchone()
        return self._window if row is None else float(row[0]) + self._window - now

    def _give_back(self, ticket: Ticket) -> None:
        with self._opened() as (file, _):
            file.execute("DELETE FROM scenario_line WHERE ticket = ?", (ticket.name,))
            file.execute("DELETE FROM scenario_departures WHERE ticket = ?", (ticket.name,))

    def _count(self, ticket: Ticket) -> None:
        with self._opened() as (file, now):
            file.execute("REPLACE INTO scenario_departures VALUES (?, ?)", (ticket.name, now))

    def _hold(self, seconds: float) -> None:
        with self._opened() as (file, now):
            file.execute("DELETE FROM scenario_cool_down WHERE until < ?", (now + seconds,))
            file.execute(
                "INSERT INTO scenario_cool_down SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM scenario_cool_down)",
                (now + seconds, seconds),
            )

    @contextmanager
    def _opened(self) -> Generator[tuple[sqlite3.Connection, float]]:
        """Give the file in a transaction that excludes all others, and the time."""
        file = self._begun()
        try:
            with file:
                for table in _TABLES.split(";"):
                    file.execute(table)
                now = self._now()
                self._forget_other_boots(file, now)
                yield file, now
        finally:
            file.close()
            _AT_WORK.release()

    def _begun(self) -> sqlite3.Connection:
        """Begin the transaction, with `_AT_WORK` held; it is free while another process has the file."""
        if os.path.exists(self._path) and not os.path.isfile(self._path):  # noqa: PTH110, PTH113 - a str all along
            raise OSError("it is no regular file")
        until = time.monotonic() + _BUSY
        while True:
            _AT_WORK.acquire()
            try:
                return self._tried()
            except BaseException as error:
                _AT_WORK.release()
                busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > until:
                    raise
            time.sleep(random.uniform(*_PAUSE))  # noqa: S311 - no secret

    def _tried(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        try:
            # Nobody waits for the disk: what a loss of power takes away was worth a window's length.
            file.execute("PRAGMA synchronous = OFF")
            file.execute("BEGIN IMMEDIATE")
            file.execute(f"PRAGMA busy_timeout = {_BUSY * 1000:.0f}")  # the end waits for those who only look
        except BaseException:
            file.close()
            raise
        return file

    def _forget_other_boots(self, file: sqlite3.Connection, now: float) -> None:
        still_to_come = (
            "SELECT 1 FROM scenario_departures WHERE at > ? "
            "UNION ALL SELECT 1 FROM scenario_line WHERE seen > ? "
            "UNION ALL SELECT 1 FROM scenario_cool_down WHERE until - length > ? + 0.001"
        )
        if file.execute(still_to_come, (now, now, now)).fetchone() is not None:
            for table in ("scenario_departures", "scenario_line", "scenario_cool_down"):
                file.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this very line
