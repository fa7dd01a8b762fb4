"""Blocking work beside an event loop, in a thread for each piece of it.

asyncio's own executor is gone as soon as the main thread has ended, while other threads go on making calls. Where no
thread starts any more, the work is done in place.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


async def in_thread(work: Callable[[], _T], name: str) -> _T:
    """Give the result of a blocking call, or raise its error; cancelled, this leaves the thread to its end."""
    loop = asyncio.get_running_loop()
    settled: asyncio.Future[Callable[[], _T]] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        outcome = context.run(_outcome, work)
        with suppress(RuntimeError):  # the loop was closed over the one who waited
            loop.call_soon_threadsafe(_settle, settled, outcome)

    try:
        threading.Thread(target=run, name=f"scenario-async-{name}", daemon=True).start()
    except RuntimeError:  # the program is ending, or there are too many threads
        return work()
    return (await settled)()


def _settle(settled: asyncio.Future[_T], outcome: _T) -> None:
    if not settled.done():
        settled.set_result(outcome)


def _outcome(work: Callable[[], _T]) -> Callable[[], _T]:
    """Do the work, and give a function that gives its result or raises its error: no future takes a StopIteration."""
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
        failure = error
    else:
        return lambda: result

    def fail() -> _T:
        nonlocal failure
        try:
            raise failure
        finally:
            del failure  # its traceback holds this frame

    return fail
