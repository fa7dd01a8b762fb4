"""Tables for people: every line fits its terminal, and nothing in a hit steers it."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from support.hits import asset

from scenario_async import AssetHit
from scenario_async.cli.grid import Grid


def hit(**metadata: Any) -> AssetHit:
    """Make a hit with these metadata."""
    return AssetHit.from_dict(
        asset("asset_1") | {"metadata": {"kind": "image", **metadata}, "tags": ["a", "b"]}
    )


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a terminal have colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit(width: int) -> None:
    """Texts are cut to what fits, letters of two columns included, and ids never."""
    hits = [hit(prompt="騎士と城" * 30, width=1024.0), hit(prompt="a knight", height=2.5)]
    head, *lines = Grid(AssetHit, None, width=width).lines(hits)
    assert all(cell_len(line) <= width for line in lines)
    assert all(line.startswith("asset_1  image") for line in lines)
    assert lines[0].endswith("…") is (width < 200 or cell_len(lines[0]) == width)
    assert " 1024 " in lines[0]
    assert " 2.5 " in lines[1]
    assert head == f"\x1b[1m{head[4:-4]}\x1b[0m"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Who wants no colours gets none."""
    monkeypatch.setenv(name, value)
    assert "\x1b" not in "".join(Grid(AssetHit, None, width=80).lines([hit()]))


def test_nothing_steers_the_terminal() -> None:
    """Escape codes, line breaks and what turns a line around are shown as blanks."""
    prompt = "red \x1b[31m\x9b31m\r\nnext\u202eturned"
    _, line = Grid(AssetHit, ["id", "metadata.prompt"], width=None).lines([hit(prompt=prompt)])
    assert line == "asset_1  red  [31m 31m  next turned"


def test_a_narrow_terminal() -> None:
    """Where not even the shortest columns fit, some are left out, texts last; ids stay, and so do columns that are named."""
    knight = hit(prompt="a knight near a castle")

    def line(width: int, fields: list[str] | None = None) -> str:
        return list(Grid(AssetHit, fields, width=width).lines([knight]))[1]

    assert line(30) == "asset_1  image  a knight near…"
    assert line(20) == "asset_1  image"
    assert line(10) == line(3) == "asset_1"
    assert line(10, ["id", "metadata.kind"]) == "asset_1  image"


def test_later_pages_keep_the_columns() -> None:
    """The first page sets the widths; what is longer in a pipe is whole all the same."""
    grid = Grid(AssetHit, ["metadata.prompt", "tags", "created_at"], width=None)
    assert [line.split()[0] for line in grid.lines([hit(prompt="short")])] == ["PROMPT", "short"]
    [line] = grid.lines([hit(prompt="much longer than that")])
    assert line.startswith("much longer than that  a, b  20")
    assert list(grid.lines([])) == []
