"""An event loop in a thread, for callers that have none; standard library only.

One loop serves the whole process. It starts with the first call, ends with the interpreter, and starts anew in a
forked child. Where it is gone, or no thread can be started any more, a call runs on a loop of its own in the calling
thread, and calls that belong together on one for all of them. A call's context variables are those of its caller.
"""

from __future__ import annotations

import asyncio
import atexit
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from scenario_async._support.lifetimes import reset_after_fork
from scenario_async._support.loading import LOADING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")
_EXIT_SECONDS: Final = 2.0
_CANCELLED: Final = "the call was cancelled: its event loop ended, or what the call ran cancelled it"


class PortalError(RuntimeError):
    """A call that the portal cannot carry out; the message says why."""


class Portal:
    """Runs coroutines on a loop of its own while the caller waits.

    Nothing here is locked: a signal handler or a finaliser may make a call at any moment, also while the loop starts.
    """

    def __init__(self) -> None:
        self.reset_after_fork()
        reset_after_fork(self)

    def reset_after_fork(self) -> None:
        """Start anew: a forked child's copy of the thread does not run."""
        self._running: dict[str, _LoopThread] = {}
        self._exiting = False

    def run(self, make: Callable[[], Coroutine[Any, Any, _T]], series: Series | None = None) -> _T:
        """Give the result of the coroutine that `make` gives, or raise its error.

        It is made on the loop, so that none is left unawaited, whenever an interrupt comes. Interrupted (by Ctrl-C
        for instance), this cancels the coroutine, waits for its end, and goes on interrupting. Called on the portal's
        own thread it raises `PortalError` instead of waiting for ever.
        """
        if isinstance(threading.current_thread(), _LoopThread):
            raise PortalError("a blocking call on the event loop that would carry it out; await it instead")
        if sys.is_finalizing():
            raise PortalError("a blocking call while the interpreter shuts down, when no loop runs any more")
        return self._carry_out(make, series)

    def _carry_out(
        self, make: Callable[[], Coroutine[Any, Any, _T]], series: Series | None, *, to_its_end: bool = False
    ) -> _T:
        """Run a coroutine on the portal's loop, or here; one that goes `to_its_end` is not cancelled by an interrupt."""
        # A handler that came in the middle of an import: the loop might have to wait for what this thread holds.
        here = LOADING.by_this_thread or (series is not None and series.has_loop)
        serving = None if here else self._started()
        job = _Job(make)
        if serving is None or not serving.takes(job, to_its_end=to_its_end):
            return _run_here(make) if series is None else series.run_here(make)
        if job.was_cut_off and self._exiting:
            threading.Event().wait()  # in a daemon thread, which ends here with the program, and not in a traceback
        return job.result()

    def finish(self, make: Callable[[], Coroutine[Any, Any, object]], series: Series | None = None) -> None:
        """Carry out what ends something, also where a finaliser asks: on the portal's own thread it happens soon.

        Interrupted, this lets it go on to its end, or begin once more where it had not begun, and goes on interrupting.
        """
        if sys.is_finalizing():  # the loop has ended, and all that was under way with it
            return
        if isinstance(threading.current_thread(), _LoopThread):
            with suppress(RuntimeError):  # the loop ends just now
                _Job(make).start()
        else:
            try:
                self._carry_out(make, series, to_its_end=True)
            except BaseException:
                self.begin(make)
                raise

    def begin(self, make: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Have the coroutine run soon, for nobody who waits; where no loop runs, there is nothing to run it for."""
        serving = self._running.get("loop")
        if serving is not None:
            with suppress(RuntimeError):  # the loop ends just now
                serving.begin(_Job(make))

    def exit(self) -> None:
        """Stop for good, because the program ends; calls that come later run in their own threads."""
        self._exiting = True
        self.stop()

    def stop(self) -> None:
        """End the loop: what is under way is cancelled, and generators are closed."""
        serving = self._running.pop("loop", None)
        if serving is not None:
            serving.stop()
            serving.join(_EXIT_SECONDS)

    def _started(self) -> _LoopThread | None:
        """Give the thread of the loop; None where there is none and none can be started."""
        serving = self._running.get("loop")
        if serving is not None or self._exiting:
            return serving
        made = _LoopThread()
        try:
            made.start()
            serving = self._running.setdefault("loop", made)
        except RuntimeError:  # the main thread has ended, or there are too many threads
            made.loop.close()
            return None
        except BaseException:
            if self._running.get("loop") is not made:  # interrupted before anybody knew of it
                made.stop()
            raise
        if serving is not made:  # another caller was quicker
            made.stop()
        return serving


class Series:
    """Calls that belong together, as those for the pages of one search.

    Where the portal runs them, there is nothing to it. Where it is gone, they share a loop, on which what is under way
    between two calls lives on, until `close`.
    """

    def __init__(self, through: Portal) -> None:
        self._portal = through
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.RLock()
        self._ended = False

    @property
    def has_loop(self) -> bool:
        """Whether the calls run on a loop of their own."""
        return self._loop is not None

    def run(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do what `Portal.run` does."""
        return self._portal.run(make, self)

    def finish(self, make: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Do what `Portal.finish` does, and let go of the loop: these calls have come to their end."""
        try:
            self._portal.finish(make, self)
        finally:
            self.close()

    def run_here(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run a coroutine on the loop of these calls, in this thread."""
        _check_free()
        with self._lock:
            self._loop = self._loop or asyncio.new_event_loop()
            try:
                return _on(self._loop, make)
            finally:
                if self._ended and not self._loop.is_running():
                    self.close()

    def close(self) -> None:
        """Let go of the loop, if there is one; what is under way on it is cancelled.

        Where a signal handler asks in the middle of a call, that call does it at its end.
        """
        with self._lock:
            if self._loop is None or sys.is_finalizing():
                return
            self._ended = _runs_a_loop()
            if not self._ended:
                loop, self._loop = self._loop, None
                _close(loop)

    def __del__(self) -> None:
        self.close()


class _LoopThread(threading.Thread):
    """The thread that a loop runs in."""

    def __init__(self) -> None:
        super().__init__(name="scenario-async", daemon=True)
        self.loop = asyncio.new_event_loop()

    def run(self) -> None:
        """Serve until the loop is stopped."""
        try:
            self.loop.run_forever()
        finally:
            _close(self.loop)

    def stop(self) -> None:
        """Let the loop end soon."""
        self.loop.call_soon_threadsafe(self.loop.stop)

    def takes(self, job: _Job[Any], *, to_its_end: bool) -> bool:
        """Carry out a job; False if the loop had ended before. Interrupted, this cancels it, or lets it go on."""
        try:
            try:
                self.begin(job)
            except RuntimeError:
                return False
            job.done.wait()
        except BaseException:
            if not to_its_end:
                self.loop.call_soon_threadsafe(job.cancel)
                job.done.wait()
            raise
        return True

    def begin(self, job: _Job[Any]) -> None:
        """Have a job begun; `RuntimeError` if the loop has ended."""
        self.loop.call_soon_threadsafe(job.start)


class _Job(Generic[_T]):
    """A coroutine on its way through the portal.

    `done` is set by the coroutine itself, at its end: a round of the loop earlier than its task could tell.
    """

    def __init__(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> None:
        self._make = make
        self._task: asyncio.Task[None] | None = None
        self._result: _T
        self._error: BaseException | None = None
        self.done = threading.Event()

    def start(self) -> None:
        if not self.done.is_set():
            self._task = asyncio.get_running_loop().create_task(self._carried_out())
            self._task.add_done_callback(self._ended)

    def _ended(self, _task: asyncio.Task[None]) -> None:
        """Tell of a task that was cancelled before its first step: its coroutine never ran."""
        if not self.done.is_set():
            self._error = asyncio.CancelledError()
            self.done.set()

    def cancel(self) -> None:
        """Cancel the task; one whose start was not even asked for ends here."""
        if self._task is not None:
            self._task.add_done_callback(
                lambda _: self.done.set()
            )  # cancelled before it began, it cannot tell
            self._task.cancel()
        else:
            self.done.set()

    async def _carried_out(self) -> None:
        try:
            self._result = await self._make()
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            self._error = error
        self.done.set()

    @property
    def was_cut_off(self) -> bool:
        """Whether the loop ended before the coroutine did."""
        return self._task is None or isinstance(self._error, asyncio.CancelledError)

    def result(self) -> _T:
        if self._task is None:
            raise PortalError("the portal's loop ended before the call began")
        error, self._error, self._task = self._error, None, None
        if error is None:
            return self._result
        if isinstance(error, asyncio.CancelledError):
            raise PortalError(_CANCELLED)
        try:
            raise error
        finally:
            del error  # it holds this frame, which would hold it


def _run_here(make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Run a coroutine on a loop of its own in this thread."""
    _check_free()
    loop = asyncio.new_event_loop()
    try:
        return _on(loop, make)
    finally:
        _close(loop)


def _check_free() -> None:
    """Refuse to run a loop in a thread that runs one already."""
    if _runs_a_loop():
        raise PortalError("this thread is busy with an event loop, and no other one can carry out the call")


def _on(loop: asyncio.AbstractEventLoop, make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Run a coroutine on a loop in this thread; interrupted, cancel it, and go on interrupting at its end."""
    task = loop.create_task(_awaited(make))
    try:
        return loop.run_until_complete(task)
    except asyncio.CancelledError:
        raise PortalError(_CANCELLED) from None
    except BaseException:
        loop.call_soon(loop.stop)
        loop.run_forever()  # what would have ended this run is not to end the next one
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        raise


async def _awaited(make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    return await make()


def _runs_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is under way on a loop that has stopped, close its generators, and close it."""
    try:
        loop.run_until_complete(_wind_up())
    finally:
        loop.close()


async def _wind_up() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


portal: Final = Portal()
atexit.register(portal.exit)
