"""`scenario-async scan`: every hit, into a pipe or a file, and how it goes on."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from scenario_async.cli.emulating import make_emulator
from scenario_async.emulator import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Give an emulator that shows 150 hits of a search."""
    emulator = make_emulator(library=Library.sample(size=1000), max_total_hits=150)
    with emulator.running():
        yield emulator


def test_every_hit_past_the_window(run: Run, served: Emulator) -> None:
    """As JSON lines, each once; the price is told when the first page is in."""
    code, out, err = run("scan", "assets", "--where", "kind=image")
    ids = [json.loads(line)["id"] for line in out.splitlines()]
    images = [each for each in served.library.records("assets") if each["metadata"]["kind"] == "image"]
    own = [each["id"] for each in images if each["ownerId"] == served.library.project_id]
    assert (code, sorted(ids)) == (0, sorted(own))
    assert len(ids) > 150
    assert err == "about 150 hits: 2 requests, less than a minute at 100 a minute\n"


def test_into_a_file_that_goes_on(run: Run, served: Emulator, tmp_path: Path) -> None:
    """After so many requests it stops, and says how to go on; the file is there once it is whole."""
    line = ["scan", "assets", "--where", "kind=image", "--output", "images.csv"]
    code, out, err = run(*line, "--max-requests", "5")
    assert (code, out) == (0, "")
    assert "stopped after 5 requests (--max-requests)" in err
    assert "the same line with --resume goes on behind them" in err
    assert not (tmp_path / "images.csv").exists()
    served.requests.clear()
    assert run(*line, "--resume")[0] == 0
    asked = len(served.requests)
    with (tmp_path / "images.csv").open() as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert len(ids) == len({*ids}) > 150
    served.requests.clear()
    assert run(*line, "--overwrite")[0] == 0
    assert asked < len(served.requests)
    code, _, err = run(*line)
    assert (code, "is there already" in err) == (4, True)


def test_what_a_scan_sets_itself_is_no_option(run: Run, served: Emulator) -> None:
    """Sorting and paging are its own."""
    for name in ("--limit", "--offset", "--page", "--hits-per-page", "--sort-by"):
        code, _, err = run("scan", "models", name, "5")
        assert (code, "No such option" in err) == (2, True)
    assert not served.requests


def test_a_search_goes_by_words_as_well(run: Run, served: Emulator) -> None:
    """It stops behind the first page."""
    served.requests.clear()
    code, out, err = run("scan", "assets", "knight", "--max-requests", "1")
    assert (code, len(served.requests)) == (0, 1)
    assert len(out.splitlines()) > 50
    assert "with --output FILE, the same line could go on with --resume" in err
