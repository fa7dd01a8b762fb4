"""`--show` and `--sheet`: pictures in the terminal, and in a file; none where they do not belong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from cli.driving import in_pipes, in_terminal
from PIL import Image
from tables.kept import without

from scenario_async import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]

KNIGHTS = ("search", "assets", "knight", "--emulator", "--limit", "2")


def test_show_in_a_terminal() -> None:
    """Half blocks with captions, and then the table as ever."""
    code, shown = in_terminal(*KNIGHTS, "--show", COLORTERM="truecolor")
    assert code == 0
    pictures, caption, table = re.split(r"(1 Violet Knight 004.*\r\n)", shown)
    assert "▀" in pictures
    assert "\x1b[38;2;" in pictures
    assert "2 an emerald" in caption
    assert table.count("asset_") == 2
    assert "▀" not in table


def test_the_next_page_numbers_on() -> None:
    """A number stands for one hit."""
    code, shown = in_terminal(
        "search", "assets", "knight", "--emulator", "--limit", "2", "--max-hits", "5", "--show=blocks"
    )
    assert code == 0
    assert re.findall(r"(?:^|  )(\d) [aA-Z]", shown, re.MULTILINE) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("how", "begin"), [("kitty", "\x1b_Ga=T,f=100,q=2,"), ("iterm", "\x1b]1337;File=inline=1;")]
)
def test_show_as_is_chosen(how: str, begin: str) -> None:
    """The protocol that is named, whatever the terminal says."""
    code, shown = in_terminal(*KNIGHTS, f"--show={how}")
    assert code == 0
    assert shown.count(begin) == 1
    assert "▀" not in shown


@pytest.mark.parametrize("how", ["--show", "--show=blocks", "--show=kitty", "--show=iterm"])
def test_no_picture_goes_into_a_pipe(how: str) -> None:
    """What comes out are the lines that come without the option, and nothing is said."""
    done = in_pipes(*KNIGHTS, how, TERM="xterm-kitty", KITTY_WINDOW_ID="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["mimeType"] for line in done.stdout.splitlines()] == ["image/jpeg", "image/png"]


def test_a_terminal_without_colours_is_told(tmp_path: Path) -> None:
    """It shows the table, and says which option writes a file."""
    code, shown = in_terminal(*KNIGHTS, "--show", NO_COLOR="1")
    assert code == 0
    assert "\x1b[38" not in shown
    assert "no pictures are shown here" in shown
    assert "--sheet FILE.png" in shown


def test_a_sheet(run: Run, served: Emulator, tmp_path: Path) -> None:
    """All hits that were read, in one file; nothing else is printed, and what is there stays."""
    assert run("search", "assets", "knight", "--max-hits", "30", "--sheet", "knights.png") == (0, "", "")
    with Scenario() as client:
        table = client.search.asset_search(query="knight").collect(max_hits=30)
        with Image.open(tmp_path / "knights.png") as image:
            assert image.size == table.sheet().size
    requests = len(served.requests)
    code, _, err = run("search", "assets", "knight", "--sheet", "knights.png")
    assert code == 4
    assert "knights.png is there already" in err
    assert len(served.requests) == requests, "that is told before anything is asked"
    assert run("search", "models", "knight", "--sheet", "knights.png", "--overwrite") == (0, "", "")
    assert [each.name for each in tmp_path.iterdir()] == ["knights.png"]


def test_a_sheet_beside_what_is_printed(run: Run, served: Emulator, tmp_path: Path) -> None:
    """Ids or a format that are asked for are printed as well; `--output` knows the suffix; nothing found is a sheet."""
    code, out, err = run("search", "assets", "knight", "--limit", "2", "--ids", "--sheet", "a.png")
    assert (code, err, out.count("asset_")) == (0, "", 2)
    code, out, _ = run("search", "assets", "knight", "--limit", "2", "--format", "json", "--sheet", "b.png")
    assert (code, len(json.loads(out))) == (0, 2)
    assert run("search", "assets", "knight", "--limit", "2", "--output", "c.png") == (0, "", "")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "c.png").read_bytes()
    assert run("search", "assets", "--where", "width>99999", "--sheet", "d.png") == (0, "", "")
    with Image.open(tmp_path / "d.png") as image:
        assert image.format == "PNG"


def test_a_sheet_that_is_too_large(
    run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which option reads fewer hits, and leaves nothing."""
    monkeypatch.setattr("scenario_async._looks.sheet._MOST_PIXELS", 1000)
    code, _, err = run("search", "assets", "knight", "--sheet", "a.png")
    assert code == 1
    assert "a sheet of 20 hits would be too large: --max-hits 1000 reads fewer" in err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--show", "--count"], "--show and --count exclude each other"),
        (["--show", "--ids"], "--show goes with the table"),
        (["--show", "--format", "csv"], "--show goes with the table"),
        (["--sheet", "a.png", "--count"], "--sheet and --count exclude each other"),
        (["--sheet", "a.png", "--output", "b.csv"], "--sheet and --output exclude each other"),
        (["--sheet", "a.png", "--gallery", "b.html"], "--sheet and --gallery exclude each other"),
        (["--sheet", "a.jpg"], "--sheet writes a PNG: a.png"),
        (["--show=sixel"], "'sixel' is not one of 'auto', 'blocks', 'kitty', 'iterm'"),
        (["--format", "png"], "'png' is not one of 'table'"),
    ],
)
def test_what_does_not_go_together_is_refused(
    run: Run, served: Emulator, arguments: list[str], said: str
) -> None:
    """Before anything is asked."""
    code, _, err = run("search", "assets", "knight", *arguments)
    assert code == 2
    assert said in err
    assert served.requests == []


def test_without_pillow_the_extra_is_named(run: Run, served: Emulator) -> None:
    """Before anything is asked."""
    with without("PIL", "PIL.Image"):
        code, _, err = run("search", "assets", "knight", "--sheet", "a.png")
    assert code == 1
    assert 'needs Pillow, of the extra "cli"' in err
    assert served.requests == []
