"""The tour: every program runs as it is shown, and can be pasted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import attrs
import pytest
from cli.driving import in_terminal

import scenario_async
from scenario_async import ScenarioError
from scenario_async.cli import _tour as tour
from scenario_async.cli import demo
from scenario_async.cli.emulating import environment, variables
from scenario_async.cli.listing import Listing
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LISTINGS = list(tour.listings())
VARYING = re.compile(r"\d+\.\d+")
EMULATOR = "http://127.0.0.1:8900/v1"


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Give the address of an emulator as `scenario-async serve` runs it."""
    with Emulator().running() as url:
        yield url


@pytest.fixture
def starting_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give a function that puts one program in the place of those of the tour."""

    def arrange(code: str) -> None:
        listing = attrs.evolve(LISTINGS[0], code=code)
        monkeypatch.setattr(demo, "listings", lambda: [listing])

    return arrange


def parts(output: str) -> list[str]:
    """Give what stands under the heading of each program."""
    _, *steps = re.split(r"(?m)^\d\. .*\n", output.partition("Three things to type next")[0])
    return steps


def indented(code: str) -> str:
    """Give a text as the screen shows it."""
    return "".join(f"    {line}".rstrip() + "\n" for line in code.splitlines())


@pytest.mark.long
@pytest.mark.parametrize("listing", LISTINGS, ids=tour.STEPS)
def test_every_program_can_be_pasted(listing: Listing, base_url: str, tmp_path: Path) -> None:
    """What the demo shows is a whole program: in a file of its own it runs, with the variables that serve prints."""
    file = tmp_path / "pasted.py"
    file.write_text(listing.code, encoding="utf-8")
    surroundings = os.environ | variables(base_url)
    surroundings |= {"PYTHONPATH": str(Path(scenario_async.__file__).parents[1]), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, file],
        capture_output=True,
        text=True,
        check=False,
        env=surroundings,
        cwd=tmp_path,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_it_shows_the_code_and_what_it_prints(
    run: Callable[..., tuple[int, str, str]],
    base_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Each program stands there line by line, then what it prints; it takes few seconds, and leaves no file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    began = time.monotonic()
    code, out, err = run("demo")
    assert time.monotonic() - began < 20
    assert (code, err) == (0, "")
    assert not list(tmp_path.iterdir())
    for part, listing in zip(parts(out), LISTINGS, strict=True):
        with environment(base_url):
            listing.run()
        code_and_output = indented(listing.code) + "\n" + indented(capsys.readouterr().out)
        assert VARYING.sub("0", part).endswith(VARYING.sub("0", code_and_output) + "\n")


def test_its_figures(run: Callable[..., tuple[int, str, str]]) -> None:
    """A search is a matter of milliseconds, `fan_out` beats one by one, and trouble is survived."""
    _, out, _ = run("demo")
    [first] = re.findall(r"found in ([\d.]+) s", out)
    [one_by_one] = re.findall(r"one by one: ([\d.]+) s", out)
    [together] = re.findall(r"fan_out: +([\d.]+) s", out)
    assert float(first) < 1
    assert float(one_by_one) >= 0.6
    assert float(together) < float(one_by_one)
    assert re.search(
        r"InternalServerError\n +again in .*\n +RateLimitError\n +again in 1\.0 s\n +20 hits\n", out
    )
    assert "found twice: 0" in out


def test_it_ends_with_three_things_to_type(run: Callable[..., tuple[int, str, str]], base_url: str) -> None:
    """The last lines start a service, lead to it, and search it: the search finds something."""
    _, out, _ = run("demo")
    lines = out.partition("Three things to type next")[2].splitlines()
    serve, *exports, search = [line.strip() for line in lines if line.startswith("    ")]
    assert serve.endswith(("scenario-async serve --port 8900", "scenario_async serve --port 8900"))
    assert exports == [f"export {name}={value}" for name, value in variables(EMULATOR).items()]
    assert max(map(len, exports)) <= 52
    assert search.endswith(" search models knight")
    command = "; ".join([*exports, search]).replace(EMULATOR, base_url)
    found = Path(scenario_async.__file__).parents[1]
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(found)},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Knight" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 40])
def test_it_fits(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """No program is wider than 80 columns; in 40, texts, and what is printed of hits, fit; ids stay whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = run("demo")
    shown, _, end = out.partition("Three things to type next")
    assert end
    code = {line.strip() for listing in LISTINGS for line in listing.code.splitlines()}
    lines = [line for line in shown.splitlines() if columns == 80 or line.strip() not in code]
    filters = [line for line in lines if "AND" in line]  # a line to copy, which the terminal breaks
    assert max(len(line) for line in lines if line not in filters) <= columns
    assert len(re.findall(r"(?m)^ *asset_[\w-]{22}\b", shown)) == 9


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 40])
def test_step(
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
) -> None:
    """With --step a terminal of 24 lines shows all: no more than 23 rows come between two waits."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setattr("sys.stdin", Inputs())
    code, out, _ = run("demo", "--step")
    assert code == 0
    rest = out.partition("[Enter] see the first program\n")[2]
    assert rest.count("[Enter] run it\n") == rest.count("[Enter] go on\n") == len(LISTINGS)
    for shown in re.split(r"\[Enter\] .*\n", out):
        rows = sum(1 + max(len(line) - 1, 0) // columns for line in shown.splitlines())
        assert rows <= 22  # one more is the hint, one the cursor


class Inputs:
    """A reader who presses Enter, as often as the demo asks, or only a few times."""

    def __init__(self, times: int = 1000) -> None:
        self._left = times

    def readline(self) -> str:
        """Press Enter, or end the input."""
        self._left -= 1
        return "\n" if self._left >= 0 else ""


def test_step_without_more_input(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the input ends, nothing waits any longer, and all of the tour comes."""
    monkeypatch.setattr("sys.stdin", Inputs(2))
    code, out, _ = run("demo", "--step")
    assert code == 0
    assert out.count("[Enter]") == 3
    assert "Three things to type next" in out


@pytest.mark.long
def test_step_in_a_terminal(
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    starting_with: Callable[[str], None],
) -> None:
    """In a terminal the hint is taken away again, with the line of the Enter."""
    starting_with("print('found')")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdin", Inputs())
    _, out, _ = run("demo", "--step")
    assert out.count("[Enter] ") == out.count("\x1b[1A\x1b[2K\x1b[1A\x1b[2K") == 3


@pytest.mark.long
def test_pause(
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    starting_with: Callable[[str], None],
) -> None:
    """With --pause the tour waits by itself, in the same places, and asks for nothing."""
    starting_with("print('found')")
    waits: list[float] = []
    monkeypatch.setattr("scenario_async.cli.pauses.time", SimpleNamespace(sleep=waits.append))
    code, out, _ = run("demo", "--pause", "2.5")
    assert code == 0
    assert waits == [2.5, 2.5, 2.5]
    assert "[Enter]" not in out


def test_step_and_pause_exclude_each_other(run: Callable[..., tuple[int, str, str]]) -> None:
    """One waits for the reader, the other does not."""
    code, _, err = run("demo", "--step", "--pause", "1")
    assert code == 2
    assert "give one of them" in err


def test_it_is_plain_text_without_a_terminal(run: Callable[..., tuple[int, str, str]]) -> None:
    """A file or a pipe gets no control codes."""
    assert "\x1b" not in run("demo")[1]


@pytest.mark.parametrize("no_color", [False, True])
def test_colours(
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    starting_with: Callable[[str], None],
    *,
    no_color: bool,
) -> None:
    """A terminal gets colours, unless NO_COLOR is set."""
    starting_with("print('found')")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    colours = re.findall(r"\x1b\[[\d;]*\b[39][0-7]m", run("demo")[1])
    assert bool(colours) is not no_color


def test_the_users_account_stays_out_of_it(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that names an account, a project, a service and proxies changes nothing, and is left alone."""
    monkeypatch.setenv("SCENARIO_BASE_URL", "https://api.invalid/v1")
    monkeypatch.setenv("SCENARIO_SDK_JWT", "token")
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_of_the_user")
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "Authorization: Bearer token")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr("urllib.request._opener", None)  # it would keep the proxy for other tests
    before = dict(os.environ)
    assert run("demo")[0] == 0
    assert dict(os.environ) == before


@pytest.mark.parametrize("error", [ScenarioError("the service is away"), OSError("the disk is full")])
def test_a_failure(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A program that fails ends the tour with 1 and a line that tells why."""

    def failing(_listing: Listing) -> None:
        raise error

    monkeypatch.setattr(Listing, "run", failing)
    code, _, err = run("demo")
    assert (code, err) == (1, f"Error: {error}\n")


@pytest.mark.usefixtures("interruptible")
def test_an_interruption(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the tour with 130 and without a traceback."""

    def interrupted(_listing: Listing) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Listing, "run", interrupted)
    code, _, err = run("demo")
    assert (code, err) == (130, "interrupted\n")


@pytest.mark.long
@pytest.mark.parametrize("no_color", ["", "1"])
def test_pictures_in_a_terminal(no_color: str) -> None:
    """A terminal with colours sees what the sheet shows, as half blocks with captions; another one does not."""
    code, shown = in_terminal("demo", COLORTERM="truecolor", TERM="xterm-256color", NO_COLOR=no_color)
    assert code == 0
    after = shown.partition(" pixels")[2].partition("Survive")[0]
    assert ("\u2580" in after) == (not no_color)
    assert ("1 Violet Knight 004" in after) == (not no_color)
