"""The event loop in a thread, by itself."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from scenario_async._support.portal import (
    Portal,
    PortalError,
    _Job,  # pyright: ignore[reportPrivateUsage]
    portal,
)

if TYPE_CHECKING:
    from collections.abc import Generator

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD", default="none")


@pytest.fixture
def own() -> Generator[Portal]:
    """Give a portal of this test's own."""
    made = Portal()
    yield made
    made.stop()


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_a_coroutine_runs_and_gives_its_result(own: Portal) -> None:
    """The caller waits and gets what the coroutine returns."""
    assert own.run(partial(_double, 21)) == 42


def test_an_error_is_raised_in_the_caller(own: Portal) -> None:
    """What the coroutine raises is raised where it was called."""

    async def fail() -> None:
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        own.run(fail)
    assert own.run(partial(_double, 1)) == 2


def test_fifty_threads_share_one_loop(own: Portal) -> None:
    """The loop is started once, however many ask at the same time."""
    results: list[int] = []
    loops: set[int] = set()

    async def note(number: int) -> int:
        loops.add(id(asyncio.get_running_loop()))
        return await _double(number)

    def call(number: int) -> None:
        results.append(own.run(partial(note, number)))

    threads = [threading.Thread(target=call, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [2 * number for number in range(50)]
    assert len(loops) == 1


def test_context_variables_reach_the_coroutine(own: Portal) -> None:
    """A trace id that the caller has set is seen inside."""

    async def read() -> str:
        return WORD.get()

    token = WORD.set("traced")
    try:
        assert own.run(read) == "traced"
    finally:
        WORD.reset(token)


def test_it_works_where_a_loop_runs(own: Portal) -> None:
    """A notebook's loop is blocked meanwhile, and that is all."""

    async def notebook() -> int:
        return own.run(partial(_double, 4))

    assert asyncio.run(notebook()) == 8


def test_a_call_from_its_own_loop_is_an_error(own: Portal) -> None:
    """Waiting there would be waiting for ever."""

    async def nested() -> int:
        return own.run(partial(_double, 1))

    with pytest.raises(RuntimeError, match="await it instead"):
        own.run(nested)


def test_an_interrupt_cancels_the_coroutine_and_leaves_the_portal_usable(
    own: Portal, request: pytest.FixtureRequest
) -> None:
    """Ctrl-C ends the call, after the coroutine has ended."""
    ended = threading.Event()
    began = threading.Event()

    async def endless() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.set()

    def interrupt() -> None:
        began.wait(5)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    thread = threading.Thread(target=interrupt)
    thread.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        own.run(endless)
    thread.join()
    assert ended.is_set()
    assert time.monotonic() - started < 10
    assert own.run(partial(_double, 3)) == 6


async def _busy_for(seconds: float) -> None:
    asyncio.get_running_loop().call_soon(time.sleep, seconds)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that send signals")
def test_an_interrupt_before_the_coroutine_has_begun_ends_the_call(own: Portal) -> None:
    """Start and end reach a loop that is busy in the same moment, and the caller does not wait for ever."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        own.run(partial(_busy_for, 1.0))
        began = time.monotonic()
        signal.setitimer(
            signal.ITIMER_REAL, 0.3, 10.0
        )  # the second one ends the test where the first did not
        with pytest.raises(KeyboardInterrupt):
            own.run(partial(_double, 21))
        assert time.monotonic() - began < 8
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert own.run(partial(_double, 21)) == 42


def test_stopping_cancels_what_is_under_way(own: Portal) -> None:
    """Those who wait are told, and the next call starts anew."""
    began = threading.Event()
    told: list[BaseException] = []

    async def endless() -> None:
        began.set()
        await asyncio.sleep(60)

    def call() -> None:
        try:
            own.run(endless)
        except RuntimeError as error:
            told.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    began.wait(5)
    own.stop()
    thread.join(5)
    assert "cancelled" in str(told[0])
    assert own.run(partial(_double, 2)) == 4


def test_a_forked_child_starts_anew() -> None:
    """The child has no thread, and makes its own."""
    assert portal.run(partial(_double, 5)) == 10
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if portal.run(partial(_double, 6)) == 12 else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert portal.run(partial(_double, 7)) == 14


def test_where_no_thread_starts_a_call_runs_in_its_own(own: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loop of its own, unless one runs there already; the portal works once threads start again."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def where() -> int:
        return threading.get_ident()

    async def nested() -> int:
        return own.run(where)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert [own.run(where) for _ in range(2)] == [threading.get_ident()] * 2
        with pytest.raises(PortalError, match="this thread is busy with an event loop"):
            asyncio.run(nested())
    assert own.run(where) != threading.get_ident()


def test_an_interrupt_ends_a_call_in_its_own_thread(own: Portal) -> None:
    """The coroutine is cancelled, and has ended, before the interrupt goes on."""
    ended: list[str] = []

    async def interrupted() -> None:
        asyncio.get_running_loop().call_later(0.05, signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("ended")

    own.exit()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            own.run(interrupted)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == ["ended"]


async def test_a_job_that_is_cancelled_before_its_first_step_ends() -> None:
    """An interrupt right after a call began cancels a coroutine that never ran; who waits for it is let go."""
    job = _Job(asyncio.Event().wait)
    job.start()
    job.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert job.done.is_set()
    assert job.was_cut_off
    with pytest.raises(PortalError):
        job.result()
