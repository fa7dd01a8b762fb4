"""The explorer as the tests of its page have it: in this process, over an emulator or a small server."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from scenario_async import RateLimit
from scenario_async.explore.server import bound, serving

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from looking.browsing import Looking, Viewer

    from scenario_async.explore.guard import Guard

PLENTY = 100_000
_PATIENCE = 30


@attrs.frozen
class Explorer:
    """A running explorer: its address, and where its downloads go."""

    address: str
    folder: Path

    def visit(self, looking: Looking, fragment: str = "", **options: Any) -> Viewer:
        """Open its page."""
        return looking.visit(self.address, fragment, **options)


@contextmanager
def explorer(folder: Path, rate_limit: int = PLENTY) -> Generator[Explorer]:
    """Run the explorer in a thread, with the account that the environment names."""
    loop = asyncio.new_event_loop()
    started: list[Guard] = []
    stop = asyncio.Event()
    ready = threading.Event()

    async def run() -> None:
        async with serving(bound(0), RateLimit(rate_limit), folder) as guard:
            started.append(guard)
            ready.set()
            await stop.wait()

    def serve() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        assert ready.wait(_PATIENCE), "the explorer did not start"
        yield Explorer(started[0].address, folder)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_PATIENCE)


def wait_for_status(viewer: Viewer, words: str) -> None:
    """Wait until the page says how many hits there are."""
    viewer.page.wait_for_function(
        "words => document.querySelector('#status').textContent === words", arg=words
    )


def wait_for_hits(viewer: Viewer) -> None:
    """Wait until what was asked for is there."""
    viewer.page.wait_for_function(
        "() => document.documentElement.dataset.busy === 'false' && document.querySelector('.tile')"
    )
