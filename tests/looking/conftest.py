"""Both clients, and a browser where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flow.conftest import connect, serve
from looking.browsing import BROWSERS, Looking, browser_path, hit, table_of

from scenario_async._calls.retries import Backoff

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from playwright.sync_api import Browser

__all__ = ["connect", "serve"]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait between attempts."""
    monkeypatch.setattr(Backoff, "instant", True)


# For a module, and not for the session: its event loop would be in the way of tests that run their own.
@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Start the browser; tests of pages are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = browser_path()
    if path is None:
        pytest.skip(
            f"no browser: none of {', '.join(BROWSERS)} on the path, and SCENARIO_CHROMIUM names none"
        )
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def looking(browser: Browser) -> Generator[Looking]:
    """Give what opens pages; in the end none may have written to the console, failed, or asked for anything."""
    looking = Looking(browser)
    yield looking
    complaints = [each for viewer in looking.viewers for each in viewer.complaints]
    looking.close()
    assert complaints == []


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a gallery of 120 hits."""
    return table_of(hit(number) for number in range(120)).gallery(
        tmp_path_factory.mktemp("gallery") / "hits.html", title="Evenings"
    )
