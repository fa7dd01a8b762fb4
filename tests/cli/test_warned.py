"""Warnings, refusals and paths at the command line: one line each, with a way out that can be typed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from download.running import library

from scenario_async.cli.emulating import make_emulator
from scenario_async.cli.signals import EndedError, interruption
from scenario_async.cli.warned import plainly_warned

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]

IMAGES = ("--where", "kind=image", "--all")
TOLD = "the hits end where search engines stop to show them, so there may be more: {} reads them all"
SCAN = TOLD.format("scenario-async scan …, with the same options,")


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Give an emulator that shows 1,000 of 1,100 hits."""
    emulator = make_emulator(library=library(1100, side=4), max_total_hits=1000)
    with emulator.running():
        yield emulator


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["search", "assets", *IMAGES, "--ids"], SCAN),
        (["search", "assets", *IMAGES, "--output", "hits.csv"], SCAN),
        (["search", "assets", *IMAGES, "--output", "ids.csv", "--fields", "id"], SCAN),
        (["harvest", "searches.jsonl", "all.sqlite"], TOLD.format("--scan")),
        (
            ["download", *IMAGES, "--to", "pictures"],
            TOLD.format("scenario-async scan assets … | scenario-async download - --to FOLDER"),
        ),
    ],
)
def test_the_window_is_told_in_one_line(
    run: Run, served: Emulator, tmp_path: Path, arguments: list[str], told: str
) -> None:
    """Neither a place in a library nor a line of its code is in it."""
    (tmp_path / "searches.jsonl").write_text('{"filter": "kind = \\"image\\""}\n', encoding="utf-8")
    code, _, err = run(*arguments)
    priced, line = err.splitlines()
    assert (code, line) == (0, told)
    assert "requests" in priced


def test_other_warnings(capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder) -> None:
    """Those of this package are a line as well, and those of others stay what they are."""
    import scenario_async  # noqa: PLC0415 - as a place that a warning may come from

    with plainly_warned(lambda: "search"):
        warnings.showwarning("mine", UserWarning, scenario_async.__file__, 1)
        warnings.showwarning("theirs", UserWarning, "/elsewhere/x.py", 1)
    assert capsys.readouterr().err.splitlines()[:1] == ["mine"]


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("400", "--dry-run of a search shows what was asked"),
        ("plan-limit", "the plan has no more of this: waiting does not help"),
        ("404", "check the ids that were given, and that they are of this project"),
        (
            "html",
            "check SCENARIO_BASE_URL, and what is in between, such as a proxy; scenario-async doctor tells more",
        ),
    ],
)
def test_a_refusal_keeps_its_own_way_out(run: Run, served: Emulator, status: str, fix: str) -> None:
    """To call it again is none."""
    served.faults.add(status)
    code, _, err = run("search", "assets", *IMAGES, "--output", "hits.csv")
    assert code == 1
    assert err.rstrip().endswith(f"; {fix}")
    assert "again" not in err


def test_a_journal_is_told_of_by_options(run: Run, served: Emulator) -> None:
    """One that was begun with another bound, or with none."""
    everything, some = ["--all"], ["--max-hits", "150"]
    for name, first, then, told in (
        ("a.csv", everything, some, "no --max-hits"),
        ("b.csv", some, everything, "--max-hits 150"),
    ):
        served.faults.add("ok, 403")
        assert run("search", "assets", *IMAGES[:2], *first, "--output", name)[0] == 1
        code, _, err = run("search", "assets", *IMAGES[:2], *then, "--output", name, "--resume")
        assert code == 4
        assert f"is the journal of {told} (100 hits)" in err
        assert "pass --overwrite (without --resume)" in err


@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        (["--sheet", "nodir/a.png"], (4, "could not write nodir/a.png: No such file or directory")),
        (["--gallery", "nodir/a.html"], (4, "could not write nodir/a.html: No such file or directory")),
        (["--output", "nodir/a.csv", "--fields", "id"], (4, "nodir/a.csv: No such file or directory")),
        (["--sheet", "taken/a.png"], (4, "could not write taken/a.png: Not a directory")),
        (["--sheet", "."], (2, "--sheet writes a PNG: name a file, such as sheet.png")),
        (["--sheet", ""], (2, "Invalid value for '--sheet': it is empty")),
        (["--output", ""], (2, "Invalid value for '--output': it is empty")),
    ],
)
def test_a_place_that_cannot_be_is_refused_first(
    run: Run, served: Emulator, tmp_path: Path, arguments: list[str], ending: tuple[int, str]
) -> None:
    """Before any request, and with nothing about what could be read on."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    code, out, err = run("search", "assets", "--where", "kind=image", *arguments)
    assert (code, out) == (ending[0], "")
    assert ending[1] in err
    assert "goes on" not in err
    assert not served.requests


def test_an_empty_folder_is_not_this_one(run: Run, served: Emulator) -> None:
    """As a variable that is not set gives it."""
    code, _, err = run("download", "knight", "--to", "")
    assert (code, "Invalid value for '--to': it is empty" in err) == (2, True)
    assert not served.requests


def test_what_comes_of_an_interruption_is_one() -> None:
    """An error of a terminal that was closed meanwhile, but no other."""
    ended = EndedError(1)
    gone, other = OSError(5, "Input/output error"), ValueError("x")
    gone.__context__ = other.__context__ = ended
    assert interruption(ended) is interruption(gone) is ended
    assert interruption(other) is interruption(OSError(5, "x")) is None
