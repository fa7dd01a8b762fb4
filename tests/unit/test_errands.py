"""Blocking work beside a loop: what is slow holds back nothing else, and what was given up is waited for."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial

from scenario_async._support.errands import Errands


async def test_what_is_slow_holds_nothing_back() -> None:
    """What was done before it is told, and what came after it is done by another thread."""
    errands, slow = Errands(2, "test"), threading.Event()
    before = asyncio.ensure_future(errands.do(lambda: "before"))
    held = asyncio.ensure_future(errands.do(lambda: slow.wait(30)))
    after = asyncio.ensure_future(errands.do(lambda: "after"))
    try:
        async with asyncio.timeout(20):
            assert await before == "before"
            assert await after == "after"
        assert not held.done()
    finally:
        slow.set()
    assert await held
    errands.close()


async def test_what_nobody_waits_for_is_done_all_the_same() -> None:
    """Work goes to its end where its caller was cancelled, and `settled` waits for that."""
    errands, begun, go_on = Errands(1, "test"), threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        go_on.wait(30)
        done.append("first")

    doing = asyncio.ensure_future(errands.do(work))
    following = asyncio.ensure_future(errands.do(lambda: done.append("second")))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    for task in (doing, following):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    settled = asyncio.ensure_future(errands.settled())
    await asyncio.sleep(0)
    assert not settled.done()
    go_on.set()
    await settled
    assert done == ["first", "second"]
    errands.close()
    await errands.settled()


async def test_threads_end_when_it_is_closed() -> None:
    """Also where one is slow to hear of it: none is started to help."""
    for _ in range(20):
        errands = Errands(4, "ends")
        await asyncio.gather(*(errands.do(partial(time.sleep, 0.001)) for _ in range(12)))
        errands.close()
    async with asyncio.timeout(20):
        while any("ends" in thread.name for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
