"""Both clients, each behind the same face."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from support.faces import AsyncFace, Connect, Face, SyncFace
from support.servers import Serve, serving

from scenario_async import AsyncScenario, Scenario

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Generator[Connect]:
    """Give a function that opens a client of either kind; all are closed at the end."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())

        def opened(base_url: str, **options: Any) -> Face:
            keywords: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator", "base_url": base_url}
            keywords |= options
            face: Face
            if request.param == "async":
                face = AsyncFace(AsyncScenario(**keywords), runner)
            else:
                face = SyncFace(Scenario(**keywords))
            stack.callback(face.close)
            return face

        yield opened


@pytest.fixture
def serve() -> Generator[Serve]:
    """Give a function that starts a server with a script; all are stopped at the end."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(serving(script))
