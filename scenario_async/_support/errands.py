"""Blocking work beside an event loop, in thousands of small pieces: in a few threads that stay.

A thread for each piece of work would cost more than the work. There is one at first; others come where work waits because
the disk takes its time. Where no thread starts any more, the work is done in place.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_MOST: Final = 32
_PATIENCE: Final = 0.008
"""After so many seconds, another thread is started for work that waits, and the loop is told of what is done."""
_TOGETHER: Final = 8
"""The loop is told of so many results at once, as each time that it is woken costs time."""


class Errands:
    """Threads of one purpose, on one loop, at most as many as pieces of work are under way; `close` lets them end."""

    def __init__(self, most: int, name: str) -> None:
        self._name = name
        self._most = min(most, _MOST)
        self._loop = asyncio.get_running_loop()
        self._asked: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._threads = 0
        self._taken = 0.0
        self._told = False
        self._under_way = 0
        self._idle = asyncio.Event()
        self._looking: asyncio.TimerHandle | None = None

    async def do(self, work: Callable[[], _T]) -> _T:
        """Give the result of a blocking call, or raise its error; cancelled, this leaves the work to its end."""
        if self._asked.empty():
            self._taken = time.perf_counter()
        if not self._threads and not self._start():
            return work()
        settled: asyncio.Future[_T] = self._loop.create_future()
        self._under_way += 1
        self._asked.put((work, settled))
        if self._looking is None:
            self._looking = self._loop.call_later(_PATIENCE, self._look)
        return await settled

    async def settled(self) -> None:
        """Wait for the end of what is under way, also of what nobody waits for any more."""
        while self._under_way:
            self._idle.clear()
            await self._idle.wait()

    def close(self) -> None:
        """Let the threads end after what they were given."""
        for _ in range(self._threads):
            self._asked.put(None)
        self._threads = 0

    def _start(self) -> bool:
        """Start another thread; False if there is none, and none can be started."""
        try:
            threading.Thread(target=self._work, name=f"scenario-async-{self._name}", daemon=True).start()
        except RuntimeError:  # the program is ending, or there are too many threads
            return bool(self._threads)
        self._threads += 1
        return True

    def _look(self) -> None:
        """Tell what is done, and get help where work waits: what is done just now may take its time."""
        self._looking = None
        self._settle()
        waits = not self._asked.empty() and time.perf_counter() - self._taken > _PATIENCE
        if waits and 0 < self._threads < self._most:  # there is none where this was closed
            self._start()
        if self._under_way:
            self._looking = self._loop.call_later(_PATIENCE, self._look)

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            self._taken = time.perf_counter()
            work, settled = asked
            result, failure = None, None
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
                failure = error
            self._done.append((settled, result, failure))
            del asked, work, settled, result, failure
            # Woken for each, the loop would contend with this thread for the interpreter all the time.
            enough = self._asked.empty() or len(self._done) >= _TOGETHER
            if not self._told and (enough or time.perf_counter() - self._taken > _PATIENCE):
                self._told = True
                with suppress(RuntimeError):  # the loop was closed over the one who waits
                    self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self._told = False
        while self._done:
            settled, result, failure = self._done.popleft()
            self._under_way -= 1
            if settled.done():  # cancelled
                continue
            if failure is None:
                settled.set_result(result)
            else:
                settled.set_exception(failure)
        if not self._under_way:
            self._idle.set()
