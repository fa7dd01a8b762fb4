"""An event loop in a thread, for callers that have none; standard library only.

One loop serves the whole process. It starts with the first call, ends with the interpreter, and starts anew
in a forked child. A call's context variables are those of its caller.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")
_EXIT_SECONDS: Final = 2.0


class PortalError(RuntimeError):
    """A call that the portal cannot carry out; the message says why."""


class Portal:
    """Runs coroutines on a loop of its own while the caller waits."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, as a forked child has to: its copy of the thread does not run."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._exiting = False

    def run(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Give the result of the coroutine that `make` gives, or raise its error.

        It is made on the loop, so that none is left unawaited, whenever an interrupt comes. Interrupted (by Ctrl-C
        for instance), this cancels the coroutine, waits for its end, and goes on interrupting. Called on the portal's
        own thread it raises `PortalError` instead of waiting for ever.
        """
        if threading.current_thread() is self._thread:
            raise PortalError("a blocking call on the event loop that would carry it out; await it instead")
        if sys.is_finalizing():
            raise PortalError(
                "a blocking call while the interpreter shuts down, when no thread starts any more"
            )
        job = _Job(make)
        loop = self._started()
        try:
            loop.call_soon_threadsafe(job.start)
            job.done.wait()
        except BaseException:
            loop.call_soon_threadsafe(job.cancel)
            job.done.wait()
            raise
        if job.was_cut_off and self._exiting:
            threading.Event().wait()  # in a daemon thread, which ends here with the program, and not in a traceback
        return job.result()

    def exit(self) -> None:
        """Stop for good, because the program ends."""
        self._exiting = True
        self.stop()

    def stop(self) -> None:
        """End the loop: what is under way is cancelled, and generators are closed."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_EXIT_SECONDS)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is not None:
                return self._loop
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_serve, args=(loop,), name="scenario-async", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the interpreter shuts down, or there are too many threads
                loop.close()
                raise PortalError(f"no thread can be started for the event loop: {error}") from None
            self._loop, self._thread = loop, thread
            return loop


class _Job(Generic[_T]):
    """A coroutine on its way through the portal."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> None:
        self._make = make
        self._task: asyncio.Task[_T] | None = None
        self.done = threading.Event()

    def start(self) -> None:
        if not self.done.is_set():
            self._task = asyncio.get_running_loop().create_task(self._make())
            self._task.add_done_callback(lambda _: self.done.set())

    def cancel(self) -> None:
        """Cancel the task; one whose start was not even asked for ends here."""
        if self._task is not None:
            self._task.cancel()
        else:
            self.done.set()

    @property
    def was_cut_off(self) -> bool:
        """Whether the loop ended before the task did."""
        return self._task is None or self._task.cancelled()

    def result(self) -> _T:
        task, self._task = self._task, None
        if task is None:
            raise PortalError("the portal's loop ended before the call began")
        try:
            return task.result()
        except asyncio.CancelledError:
            raise PortalError("the call was cancelled, because the portal's loop ended") from None


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


portal: Final = Portal()
atexit.register(portal.exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=portal.forget)
