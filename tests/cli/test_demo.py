"""The tour: every step runs, shows its code, and shows what it found."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from scenario_async import AsyncScenario, ScenarioError
from scenario_async.cli import tour
from scenario_async.cli.emulating import environment
from scenario_async.cli.listing import Listing
from scenario_async.cli.screen import Screen
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scenario_async import FanOutHit, Hit, SearchPage
    from scenario_async.cli.tour import Show

STEPS = (tour.by_words, *tour.STEPS, tour.blocking)


class Noted:
    """What the steps found, in the place of a screen."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Note a text."""
        self.notes.append(text)

    def hits(self, page: SearchPage[Hit]) -> None:
        """Note the hits of one page."""
        self.ids += [hit.id for hit in page.hits]

    def fan_out(self, found: Sequence[FanOutHit[Hit]]) -> None:
        """Note the hits of several searches."""
        self.ids += [each.hit.id for each in found]

    def pages(self, pages: Sequence[SearchPage[Hit]]) -> None:
        """Note the first and the last hit of each page."""
        self.ids += [hit.id for page in pages for hit in (page.hits[0], page.hits[-1])]


@pytest.fixture(scope="module")
def found() -> dict[str, Noted]:
    """Run each step against an emulator of the test's own."""
    noted = {step.__name__: Noted() for step in STEPS}

    async def run() -> None:
        await tour.by_words(noted["by_words"])
        async with AsyncScenario() as client:
            for step in tour.STEPS:
                await step(client, noted[step.__name__])

    with Emulator().running() as base_url, environment(base_url):
        asyncio.run(run())
        tour.blocking(noted["blocking"])
    return noted


def test_it_shows_what_every_step_found(
    run: Callable[..., tuple[int, str, str]],
    found: dict[str, Noted],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The demo ends well within ten seconds, shows each step's hits and leaves no file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    began = time.monotonic()
    code, out, err = run("demo")
    assert time.monotonic() - began < 10
    assert (code, err) == (0, "")
    assert not list(tmp_path.iterdir())
    parts = re.split(r"(?m)^\d\. ", out)
    assert len(parts) == len(STEPS) + 1
    for part, step in zip(parts[1:], STEPS, strict=True):
        noted = found[step.__name__]
        assert len(noted.ids) >= 5
        assert [text for text in [*noted.ids, *noted.notes] if text not in part] == []
    assert "stopped because: exhausted" in out
    assert "scenario-async serve\n" in out
    assert out.endswith("export SCENARIO_SDK_API_KEY=... SCENARIO_SDK_API_SECRET=...\n")


def test_it_shows_the_code_that_runs(run: Callable[..., tuple[int, str, str]]) -> None:
    """The code of every step stands in the output line by line, and nothing is wider than 80 columns."""
    _, out, _ = run("demo")
    for step in STEPS:
        code = Listing.of(step).code
        assert "".join(f"    {line}\n" for line in code.splitlines()) in out
    assert max(map(len, out.splitlines())) <= 80


def test_it_is_plain_text_without_a_terminal(run: Callable[..., tuple[int, str, str]]) -> None:
    """A file or a pipe gets no control codes."""
    assert "\x1b" not in run("demo")[1]


@pytest.mark.parametrize("no_color", [False, True])
def test_colours(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, *, no_color: bool
) -> None:
    """A terminal gets colours, unless NO_COLOR is set."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    colours = re.findall(r"\x1b\[[\d;]*\b[39][0-7]m", run("demo")[1])
    assert bool(colours) is not no_color


def test_ids_stay_whole_in_a_narrow_terminal(
    run: Callable[..., tuple[int, str, str]], found: dict[str, Noted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be copied is not cut, however narrow the terminal is."""
    monkeypatch.setenv("COLUMNS", "40")
    _, out, _ = run("demo")
    assert all(id_ in out for id_ in found["several_at_once"].ids)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_lacks_letters(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A letter that the output cannot hold is replaced."""
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding=encoding) as output:
        monkeypatch.setattr("sys.stdout", output)
        Screen().note("a dragon\N{HORIZONTAL ELLIPSIS}")
        output.flush()
        assert written.getvalue() == b"\n  a dragon?\n"


def test_an_output_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard output that a program has put in the place of the usual one will do."""
    monkeypatch.setattr("sys.stdout", output := io.StringIO())
    Screen().note("a dragon")
    assert output.getvalue() == "\n  a dragon\n"


def test_the_users_account_stays_out_of_it(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that names an account, a project and a service changes nothing, and is left alone."""
    monkeypatch.setenv("SCENARIO_BASE_URL", "https://api.invalid/v1")
    monkeypatch.setenv("SCENARIO_SDK_JWT", "token")
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_of_the_user")
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "Authorization: Bearer token")
    before = dict(os.environ)
    assert run("demo")[0] == 0
    assert dict(os.environ) == before


@pytest.mark.parametrize("error", [ScenarioError("the service is away"), OSError("the disk is full")])
def test_a_failure(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A step that fails ends the tour with 1 and a line that tells why."""

    async def failing(_client: AsyncScenario, _show: Show) -> None:
        """Fail."""
        raise error

    monkeypatch.setattr(tour, "STEPS", (failing,))
    code, _, err = run("demo")
    assert (code, err) == (1, f"Error: {error}\n")


@pytest.mark.usefixtures("interruptible")
def test_an_interruption(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the tour with 130 and without a traceback."""

    async def interrupted(_client: AsyncScenario, _show: Show) -> None:
        """Press Ctrl-C."""
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(30)

    monkeypatch.setattr(tour, "STEPS", (interrupted,))
    code, _, err = run("demo")
    assert (code, err) == (130, "interrupted\n")
