"""`--gallery`: a page to look through, made at the command line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]

KNIGHTS = ("search", "assets", "knight", "--where", "kind=image", "--max-hits", "7")


def data_of(path: Path) -> Any:
    """Give what a page has about its hits."""
    found = re.search(r'id="hits">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize(
    "options",
    [("--gallery", "x.html"), ("--output", "x.html"), ("--output", "x.html", "--format", "html")],
    ids=lambda options: options[0],
)
def test_a_page_of_hits_and_their_thumbnails(
    run: Run, served: Emulator, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """By its option, or by the name of the file; its title is what was searched for."""
    code, out, err = run(*KNIGHTS, *options)
    assert (code, out, err) == (0, "", "")
    data = data_of(tmp_path / "x.html")
    assert data["about"]["title"] == "knight"
    assert len(data["hits"]) == 7
    assert all(isinstance(each, list) for each in data["looks"])
    assert [each.name for each in tmp_path.iterdir()] == ["x.html"]


def test_a_page_that_is_there_stays(run: Run, served: Emulator, tmp_path: Path) -> None:
    """And nothing is asked for; `--overwrite` replaces it."""
    target = tmp_path / "x.html"
    target.write_text("mine", encoding="utf-8")
    code, _, err = run(*KNIGHTS, "--gallery", "x.html")
    assert (code, len(served.requests)) == (4, 0)
    assert "x.html is there already" in err
    assert target.read_text(encoding="utf-8") == "mine"
    assert run(*KNIGHTS, "--gallery", "x.html", "--overwrite")[0] == 0
    assert len(data_of(target)["hits"]) == 7


def test_nothing_found_is_a_page_as_well(run: Run, served: Emulator, tmp_path: Path) -> None:
    """Of no hits."""
    assert run("search", "models", "--where", "type=none", "--gallery", "x.html")[0] == 0
    assert data_of(tmp_path / "x.html")["hits"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--gallery", "x.html", "--output", "x.csv"), "--output and --gallery exclude each other"),
        (("--gallery", "x.html", "--ids"), "--ids and --gallery exclude each other"),
        (("--gallery", "x.html", "--fields", "id"), "--fields is for rows"),
        (("--output", "x.html", "--resume"), "--resume is for rows"),
        (("--gallery", "x.html", "--format", "csv"), "leave out --format csv"),
        (("--format", "html"), "name it with --output"),
    ],
)
def test_options_that_contradict_each_other(
    run: Run, served: Emulator, options: tuple[str, ...], words: str
) -> None:
    """They are usage errors, before anything is asked for."""
    code, _, err = run(*KNIGHTS, *options)
    assert (code, len(served.requests)) == (2, 0)
    assert words in err
