"""Both clients, and an emulator with small pictures whose addresses expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from download.running import Downloads, library
from flow.conftest import connect, serve

from scenario_async._calls.retries import Backoff
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.faces import Connect

__all__ = ["connect", "serve"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait between attempts; what is to wait says so."""
    monkeypatch.setattr(Backoff, "instant", True)


@pytest.fixture
def emulator() -> Emulator:
    """Give an emulator of twelve small pictures, whose addresses expire in an hour."""
    return Emulator(library(12), urls_expire_after=3600)


@pytest.fixture
def base_url(emulator: Emulator) -> Generator[str]:
    """Run it."""
    with emulator.running() as url:
        yield url


@pytest.fixture
def downloads(connect: Connect, emulator: Emulator, base_url: str, tmp_path: Path) -> Downloads:
    """Give what these tests do, over a client of either kind."""
    return Downloads(connect(base_url), emulator, tmp_path / "pictures")
