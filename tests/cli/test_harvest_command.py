"""`scenario-async harvest`: searches of a file, what is told, and how it goes on."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]

CSV = 'query,limit,filter,sort_by,public\nknight,50,,,\ncastle,,"kind = ""image""",createdAt:desc,\ndragon,20,,,true\n'


def kept(path: Path, asked: str) -> list[Any]:
    """Ask the file."""
    with closing(sqlite3.connect(path)) as file:
        return file.execute(asked).fetchall()


@pytest.fixture
def folder(served: Emulator, tmp_path: Path) -> Path:
    """Give the folder that commands run in, with searches in it."""
    served.requests.clear()
    (tmp_path / "searches.csv").write_text(CSV)
    return tmp_path


def test_searches_of_a_csv(run: Run, served: Emulator, folder: Path) -> None:
    """A column for each parameter; the price is told first, the same line again asks for nothing."""
    line = ["harvest", "searches.csv", "all.sqlite"]
    code, out, err = run(*line)
    assert code == 0
    [(hits,)] = kept(folder / "all.sqlite", "select count(*) from hits")
    assert out == f"all.sqlite: 3 of 3 searches, {hits} hits ({hits} new, 0 changed)\n"
    assert re.fullmatch(r"about \d+ requests, less than a minute at 100 a minute\n", err)
    asked = {each.body["query"]: each for each in served.requests}
    assert asked["castle"].body["filter"] == 'kind = "image"'
    assert asked["castle"].body["sortBy"] == ["createdAt:desc"]
    assert asked["knight"].body["limit"] == 50
    assert asked["dragon"].body["public"] is True
    served.requests.clear()
    assert run(*line) == (0, out.replace(f"({hits} new", "(0 new"), "")
    assert not served.requests
    code, out, _ = run(*line, "--refresh=full")
    assert (code, out) == (0, f"all.sqlite: 3 of 3 searches, {hits} hits (0 new, 0 changed, 0 gone)\n")
    served.requests.clear()
    assert run(*line, "--refresh")[0] == 0
    assert all("updatedAt" in each.body["filter"] for each in served.requests)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("searches.txt", "knight\n\n castle \n"),
        ("searches.jsonl", '{"query": "knight"}\n"castle"\n'),
        ("-", '{"query": "knight"}\n{"query": "castle"}\n'),
        ("-", "knight\ncastle\n"),
    ],
)
def test_other_files(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    """A text has a query a line, JSON lines an object or a query; both may come from the standard input."""
    if name == "-":
        monkeypatch.setattr("sys.stdin", io.StringIO(content))
    else:
        (folder / name).write_text(content)
    code, out, _ = run("harvest", name, "all.sqlite", "--max-hits", "5")
    assert (code, out) == (0, "all.sqlite: 2 of 2 searches, 10 hits (10 new, 0 changed)\n")
    queries = kept(folder / "all.sqlite", "select json_extract(search, '$.query') from searches")
    assert queries == [("knight",), ("castle",)]


def test_models_and_scans(run: Run, folder: Path) -> None:
    """Other kinds have parameters of their own; a scan reads past the window."""
    (folder / "models.csv").write_text("filter\ntrainingImagesNumber >= 0\n")
    code, out, _ = run("harvest", "models.csv", "all.sqlite", "--kind", "models", "--scan")
    assert code == 0
    assert kept(folder / "all.sqlite", "select how, state from searches") == [("scan", "done")]
    assert out.startswith("all.sqlite: 1 of 1 searches, ")


def test_requests_are_bounded(run: Run, served: Emulator, folder: Path) -> None:
    """The same line goes on."""
    line = ["harvest", "searches.csv", "all.sqlite"]
    code, out, err = run(*line, "--max-requests", "2", "--concurrency", "1")
    assert code == 0
    assert len(served.requests) == 2
    assert "of 3 searches" in out
    assert "stopped after 2 requests (--max-requests): the same line goes on" in err
    assert run(*line)[1].startswith("all.sqlite: 3 of 3 searches")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("query,limt\na,5\n", "searches.csv, line 1, column 'limt': AssetSearch has no such parameter; did you mean limit?"),
        ("query,limit\na,5\nb,x\n", "searches.csv, line 3, column 'limit': 'x' is no number"),
        ("query,public\na,maybe\n", "searches.csv, line 2, column 'public': 'maybe' is neither true nor false"),
        ("query,limit\na,0\n", "searches.csv, line 2, column 'limit': limit is 0"),
        ("query\na,b\n", "searches.csv, line 2: 2 cells for 1 columns"),
        ("query,images\na,b\n", "searches.csv, line 2, column 'images': 'b' is no JSON object"),
        ("query\n\n", "searches.csv has no search in it"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_search(
    run: Run, served: Emulator, folder: Path, content: str, message: str
) -> None:
    """It is named with its line and column, before any request."""
    (folder / "searches.csv").write_text(content)
    code, out, err = run("harvest", "searches.csv", "all.sqlite")
    assert (code, out) == (2, "")
    assert message in err
    assert not served.requests


def test_json_lines_that_are_none(run: Run, folder: Path) -> None:
    """They are named as well."""
    (folder / "a.jsonl").write_text('{"query": "a"}\n{"query"\n')
    assert "a.jsonl, line 2: it is no JSON" in run("harvest", "a.jsonl", "all.sqlite")[2]
    (folder / "a.jsonl").write_text('{"query": "a"}\n5\n')
    assert "a.jsonl, line 2: it is neither an object" in run("harvest", "a.jsonl", "all.sqlite")[2]
    (folder / "a.jsonl").write_text('{"querry": "a"}\n')
    assert "line 1, column 'querry'" in run("harvest", "a.jsonl", "all.sqlite")[2]
    assert "no.csv cannot be read: No such file" in run("harvest", "no.csv", "all.sqlite")[2]


@pytest.mark.parametrize("name", ["all.csv", "all.JSONL", "all.parquet", "all.html", "all.txt"])
def test_a_file_of_another_format(run: Run, served: Emulator, folder: Path, name: str) -> None:
    """A name that promises another format is refused, and the right one is told."""
    (folder / "searches.txt").write_text("knight\n")
    code, out, err = run("harvest", "searches.txt", name)
    assert (code, out) == (2, "")
    assert (
        f"path is {name!r}, but it would be an SQLite file, whatever its name says: write all.sqlite" in err
    )
    assert not (folder / name).exists()
    assert not served.requests


def test_the_others_run(run: Run, folder: Path) -> None:
    """A wrong line and a search that fails are told with their lines, and are the exit code."""
    (folder / "searches.csv").write_text("query,limit\nknight,x\ncat,500\ncastle,5\n")
    code, out, err = run("harvest", "searches.csv", "all.sqlite", "--on-error", "yield", "--max-hits", "3")
    assert code == 1
    assert out == "all.sqlite: 1 of 2 searches, 3 hits (3 new, 0 changed)\n"
    assert "searches.csv, line 2, column 'limit': 'x' is no number\n" in err
    assert "failed: line 3: 400" in err
    assert "not every search is finished: 2 failed; the same line tries again what failed" in err


def test_the_other_json_lines_run(run: Run, folder: Path) -> None:
    """A line that is no JSON, one that is something else, and an unknown parameter are told, each with its line."""
    lines = ('{"query"', "5", '{"querry": "knight"}', '{"query": "knight", "limit": 5}')
    (folder / "a.jsonl").write_text("\n".join(lines))
    code, out, err = run("harvest", "a.jsonl", "all.sqlite", "--on-error", "yield", "--max-hits", "3")
    assert code == 2
    assert out == "all.sqlite: 1 of 1 searches, 3 hits (3 new, 0 changed)\n"
    assert "a.jsonl, line 1: it is no JSON\n" in err
    assert "a.jsonl, line 2: it is neither an object of parameters nor a query\n" in err
    assert "a.jsonl, line 3, column 'querry': AssetSearch has no such parameter; did you mean query?" in err
    assert "not every search is finished: 3 failed" in err


def test_lines_end_where_their_format_says(run: Run, folder: Path) -> None:
    """Other characters that may end a line stand in JSON and in cells as they are."""
    (folder / "a.jsonl").write_text('{"query": "knight\u2028castle"}\n', encoding="utf-8")
    (folder / "a.csv").write_text("query,limit\nkni\x85ght,5\n", encoding="utf-8")
    for name, query in (("a.jsonl", "knight\u2028castle"), ("a.csv", "kni\x85ght")):
        assert run("harvest", name, f"{name}.sqlite", "--max-hits", "3")[0] == 0
        found = kept(folder / f"{name}.sqlite", "select json_extract(search, '$.query') from searches")
        assert found == [(query,)]


def test_what_is_read_further_has_its_price(run: Run, folder: Path) -> None:
    """Also where the searches were finished before; a total at the window is no more than a least."""
    (folder / "all.csv").write_text("filter\nwidth >= 0 OR NOT width >= 0\n")
    line = ["harvest", "all.csv", "all.sqlite"]
    run(*line, "--max-hits", "10")
    code, _, err = run(*line, "--scan")
    assert code == 0
    assert re.fullmatch(
        r"(about \d+ requests|\d+ requests or more), less than a minute at 100 a minute\n", err
    )
    assert kept(folder / "all.sqlite", "select how, state from searches") == [("scan", "done")]


@pytest.mark.parametrize("given", ["x", "0", "-1s", "5 weeks"])
def test_times_that_are_none(run: Run, folder: Path, given: str) -> None:
    """`--watch` says how to write them."""
    code, _, err = run("harvest", str(folder / "searches.csv"), "all.sqlite", f"--watch={given}")
    assert code == 2
    assert f"{given!r} is no time: write 30s, 10m, 2h or 1d" in err


def test_a_file_of_something_else(run: Run, folder: Path) -> None:
    """It is left alone, and the exit code tells of files."""
    with closing(sqlite3.connect(folder / "all.sqlite")) as file:
        file.execute("create table mine (a)")
    code, _, err = run("harvest", "searches.csv", "all.sqlite")
    assert code == 4
    assert "is a database of something else, and is left as it is" in err


def test_what_is_new_is_written_as_it_comes(served: Emulator, folder: Path) -> None:
    """In a process of its own: JSON lines, first of all that the file has not, then of each refresh."""
    command = [
        sys.executable,
        "-m",
        "scenario_async",
        "harvest",
        "searches.csv",
        "all.sqlite",
        "--watch",
        "1s",
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        library = served.library
        known = library.get(first["id"]) or {}
        library.add({**known, "id": "asset_brand_new", "updatedAt": "2031-01-01T00:00:00.000Z"})
        ids = [first["id"]]
        while ids[-1] != "asset_brand_new":
            ids.append(json.loads(process.stdout.readline())["id"])
        process.terminate()
    library.remove("asset_brand_new")
    assert len(ids) == len({*ids})
    assert set(ids) == {id_ for (id_,) in kept(folder / "all.sqlite", "select id from hits")}


def test_a_round_that_fails_by_what_passes_is_followed_by_the_next(served: Emulator, folder: Path) -> None:
    """A service that is down for a while is told of; keys that are wrong end it, as the test behind this one shows."""
    (folder / "searches.csv").write_text("query,limit\nknight,5\n")
    served.faults.clear()
    command = [
        sys.executable,
        "-m",
        "scenario_async",
        "harvest",
        "searches.csv",
        "all.sqlite",
        "--watch",
        "1s",
    ]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        known = served.library.get(json.loads(process.stdout.readline())["id"]) or {}
        served.faults.add("500 x12")
        told = ""
        while "this round failed" not in told:
            told = process.stderr.readline()
            assert told
        served.faults.clear()
        served.library.add({**known, "id": "asset_after_all", "updatedAt": "2031-01-01T00:00:00.000Z"})
        ids = [""]
        while ids[-1] != "asset_after_all":
            ids.append(json.loads(process.stdout.readline())["id"])
        process.terminate()
    served.library.remove("asset_after_all")


def test_a_round_that_fails_writes_what_it_has_found(run: Run, folder: Path) -> None:
    """What is new to the file would not be new to the next round: nobody would ever hear of it."""
    (folder / "searches.csv").write_text("query,limit\nknight,5\ncat,500\n")
    code, out, err = run(
        "harvest", "searches.csv", "all.sqlite", "--watch", "1h", "--max-hits", "3", "--concurrency", "1"
    )
    assert code == 1
    assert "400" in err
    ids = [json.loads(line)["id"] for line in out.splitlines()]
    assert sorted(ids) == sorted(id_ for (id_,) in kept(folder / "all.sqlite", "select id from hits"))
    assert len(ids) == 3
