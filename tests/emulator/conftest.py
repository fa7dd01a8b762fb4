"""An emulator for each file, and a session with it for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from emulator.talk import Talk

from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give the emulator of this file, with the sample library unless the file says otherwise."""
    return Emulator()


@pytest.fixture(scope="module")
def base_url(emulator: Emulator) -> Generator[str]:
    """Run the file's emulator."""
    with emulator.running() as url:
        yield url


@pytest.fixture
async def session() -> AsyncGenerator[ClientSession]:
    """Open a session for one test."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
def talk(session: ClientSession, base_url: str) -> Talk:
    """Talk to the file's emulator."""
    return Talk(session, base_url)
