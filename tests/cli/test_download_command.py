"""`scenario-async download`: what is fetched, what is told, and how it goes on."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from download.running import library

from scenario_async.cli.emulating import make_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Give an emulator with a few small pictures."""
    emulator = make_emulator(library=library(6))
    with emulator.running():
        yield emulator


def names(folder: Path) -> list[str]:
    """Give the names of the pictures in a folder."""
    return sorted(file.name for file in folder.iterdir() if file.name != "manifest.jsonl")


def test_what_a_search_finds(run: Run, served: Emulator, tmp_path: Path) -> None:
    """The path of each file is written when it is there; the same line again fetches nothing anew."""
    line = ["download", "--where", "kind=image", "--all", "--to", "pictures"]
    code, out, err = run(*line)
    assert (code, err) == (0, "")
    assert names(tmp_path / "pictures") == [f"asset_{number:05}.png" for number in range(6)]
    written = sorted(out.splitlines())
    assert written == [str(tmp_path / "pictures" / name) for name in names(tmp_path / "pictures")]
    served.requests.clear()
    assert sorted(run(*line)[1].splitlines()) == written
    assert [request.method for request in served.requests] == ["POST"]


def test_options_travel(run: Run, served: Emulator, tmp_path: Path) -> None:
    """Names, the size and the format of pictures are as asked for, and so are files beside them."""
    line = ["download", "knight", "--to", "pictures", "--name", "{kind}-{id}", "--width", "16"]
    code, _, _ = run(*line, "--picture-format", "jpeg", "--quality", "50", "--concurrency", "2", "--sidecar")
    assert code == 0
    assert names(tmp_path / "pictures") == ["image-asset_00000.jpg", "image-asset_00000.jpg.json"] or names(
        tmp_path / "pictures"
    ) == ["image-asset_00000.jpg", "image-asset_00000.json"]
    asked = [request.query for request in served.requests if request.method == "GET"]
    assert {name: asked[0][name] for name in ("width", "format", "quality")} == {
        "width": "16",
        "format": "jpeg",
        "quality": "50",
    }


@pytest.mark.parametrize("form", ["jsonl", "ids"])
@pytest.mark.parametrize("way", ["from", "query", "stdin"])
def test_hits_that_are_there(
    run: Run, served: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, form: str, way: str
) -> None:
    """Hits come from a file or the standard input, as JSON lines or as ids, without another search."""
    options = ["--ids"] if form == "ids" else []
    _, lines, _ = run("search", "assets", "--where", "kind=image", "--max-hits", "3", *options)
    (tmp_path / "hits.jsonl").write_text(lines + "\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    served.requests.clear()
    given = {"from": ["--from", "hits.jsonl"], "query": ["-"], "stdin": ["--from", "-"]}[way]
    code, out, err = run("download", *given, "--to", "pictures")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == len(names(tmp_path / "pictures")) == 3
    assert not [request for request in served.requests if "/search/" in request.path]


def test_some_fail(run: Run, served: Emulator, tmp_path: Path) -> None:
    """What fails is told with its id, all else arrives, and the end is 1; again, only that is fetched."""
    served.faults.add("404", kind="pictures")
    line = ["download", "--where", "kind=image", "--to", "pictures", "--concurrency", "1"]
    code, out, err = run(*line)
    assert (code, len(out.splitlines())) == (1, 5)
    failed, last = err.splitlines()
    assert failed.startswith("failed: asset_0000")
    assert last == "Error: not every file is there: 5 saved, 1 failed; the same line tries again what failed"
    assert run(*line)[0] == 0
    assert len(names(tmp_path / "pictures")) == 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["knight"], "Missing option '--to'"),
        (["--to", "x"], "nothing to search for"),
        (
            ["knight", "--from", "hits.jsonl", "--to", "x"],
            "QUERY is for a search, and the hits come from hits.jsonl",
        ),
        (["--all", "--from", "hits.jsonl", "--to", "x"], "--all is for a search"),
        (["--where", "kind=image", "--from", "-", "--to", "x"], "--filter is for a search"),
        (["--from", "none.jsonl", "--to", "x"], "none.jsonl cannot be read: No such file or directory"),
        (["--from", "broken.jsonl", "--to", "x"], "line 2 of broken.jsonl is no JSON"),
        (["--from", "numbers.jsonl", "--to", "x"], "line 1 of numbers.jsonl is no hit: it needs an id"),
        (["--from", "latin.jsonl", "--to", "x"], "latin.jsonl cannot be read: it is not UTF-8"),
        (["knight", "--to", "x", "--name", "{other}"], "it may have the fields {id} {name}"),
        (["knight", "--to", "x", "--picture-format", "bmp"], "format is 'bmp'"),
    ],
)
def test_what_is_refused(run: Run, served: Emulator, tmp_path: Path, arguments: list[str], told: str) -> None:
    """What cannot be meant ends with 2 and the reason."""
    (tmp_path / "broken.jsonl").write_text('{"id": "asset_00001"}\n{"id": ', encoding="utf-8")
    (tmp_path / "numbers.jsonl").write_text('{"name": "no id"}\n', encoding="utf-8")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    code, _, err = run("download", *arguments)
    assert code == 2
    assert told in err


def test_a_folder_that_cannot_be(run: Run, served: Emulator, tmp_path: Path) -> None:
    """Where a file is in the way, or nothing may be written, that is told, and nothing is half there."""
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    code, _, err = run("download", "knight", "--to", "taken")
    assert code == 2
    assert "'taken' is a file" in err
    code, _, err = run("download", "knight", "--to", "taken/below")
    assert code == 4
    assert "taken/below: Not a directory" in err


def test_max_requests(run: Run, served: Emulator, tmp_path: Path) -> None:
    """A search for a download has its price and its end, too."""
    line = [
        "download",
        "--where",
        "kind=image",
        "--limit",
        "2",
        "--all",
        "--max-requests",
        "2",
        "--to",
        "pictures",
    ]
    code, out, err = run(*line)
    assert (code, len(out.splitlines())) == (0, 4)
    assert err.splitlines() == [
        "about 4 hits: 2 requests, less than a minute at 100 a minute",
        "stopped after 2 requests (--max-requests), 4 hits; about 2 are left: --offset 4 goes on",
    ]


def test_from_an_emulator(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No account is needed for a try."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(
        "download", "knight", "--where", "kind=image", "--max-hits", "1", "--to", "x", "--emulator"
    )
    assert (code, len(out.splitlines())) == (0, 1)
    manifest = json.loads((tmp_path / "x" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert manifest["status"] == "saved"
