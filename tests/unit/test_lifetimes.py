"""What is kept open for each event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from scenario_async._support.lifetimes import KeptOpen

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


async def test_a_close_that_was_interrupted_can_be_done_again() -> None:
    """What it did not come to is closed by the next one, on the loop that it belongs to."""
    closed = threading.Event()
    here = threading.get_ident()

    async def keeper() -> AsyncGenerator[int]:
        try:
            yield threading.get_ident()
        finally:
            if threading.get_ident() == here:
                await asyncio.Event().wait()
            else:
                closed.set()

    kept = KeptOpen(keeper)
    elsewhere = asyncio.new_event_loop()
    thread = threading.Thread(target=elsewhere.run_forever)
    thread.start()
    try:
        assert await kept.opened() == here
        other = asyncio.run_coroutine_threadsafe(kept.opened(), elsewhere)
        assert await asyncio.to_thread(other.result, 10) == thread.ident
        closing = asyncio.create_task(kept.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert kept.any_open
        await kept.aclose()
        assert await asyncio.to_thread(closed.wait, 10)
        assert not kept.any_open
    finally:
        elsewhere.call_soon_threadsafe(elsewhere.stop)
        await asyncio.to_thread(thread.join, 10)
        elsewhere.close()


async def test_what_a_loop_that_ended_had_is_let_go_of() -> None:
    """A loop closes its generators itself; here nothing of it stays."""

    async def keeper() -> AsyncGenerator[object]:
        yield object()

    kept = KeptOpen(keeper)
    await asyncio.to_thread(asyncio.run, _opened(kept))
    assert not kept.any_open
    first = await kept.opened()
    assert list(kept.open.values()) == [first]
    await kept.aclose()
    assert not kept.open


async def _opened(kept: KeptOpen[object]) -> None:
    await kept.opened()
