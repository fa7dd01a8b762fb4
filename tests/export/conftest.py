"""Both clients, and servers with scripts."""

from __future__ import annotations

import pytest
from flow.conftest import connect, serve

from scenario_async._calls.retries import Backoff

__all__ = ["connect", "serve"]


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait between attempts."""
    monkeypatch.setattr(Backoff, "instant", True)
