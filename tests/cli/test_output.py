"""`--output`: files that appear whole or not at all, and are gone on with after an interruption."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli.driving import BY_ITSELF, COMMAND, Terminal, in_pipes, in_terminal, surroundings
from cli.files import rows

from scenario_async import F, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from scenario_async.emulator import Emulator

    Run = Callable[..., tuple[int, str, str]]

IMAGES = ("search", "assets", "--where", "kind=image", "--all")
PRICE = "about 284 hits: 3 requests, less than a minute at 100 a minute\n"


def expected() -> list[tuple[Any, Any]]:
    """Give ids and widths, as the SDK itself finds them."""
    with Scenario() as client:
        hits = client.search.asset_search(filter=F.kind == "image").collect()
    return [(hit.id, hit.metadata.width) for hit in hits]


def folder(path: Path) -> list[str]:
    """Give what is in a folder."""
    return sorted(each.name for each in path.iterdir())


@pytest.mark.parametrize("name", ["jsonl", "json", "csv", "parquet", "arrow", "sqlite"])
def test_every_format(run: Run, served: Emulator, tmp_path: Path, name: str) -> None:
    """The suffix names the format; the file has every hit, as other libraries read it, and nothing else is left."""
    assert run(*IMAGES, "--output", f"hits.{name}") == (0, "", PRICE)
    assert len(served.requests) == 3
    read = rows(name, tmp_path / f"hits.{name}")
    assert sorted(read, key=str) == sorted(expected(), key=str)
    assert name == "sqlite" or read == expected()
    assert folder(tmp_path) == [f"hits.{name}"]


def test_a_format_that_is_named(run: Run, served: Emulator, tmp_path: Path) -> None:
    """`--format` names the format where the suffix says something else; `--flat` and `--fields` count as usual."""
    assert run(*IMAGES, "--output", "hits.txt", "--format", "json", "--flat")[0] == 0
    flat = json.loads((tmp_path / "hits.txt").read_text(encoding="utf-8"))
    assert [(row["id"], row["metadata_width"]) for row in flat] == expected()
    assert run(*IMAGES, "--output", "ids.csv", "--fields", "id")[0] == 0
    assert (tmp_path / "ids.csv").read_text(encoding="utf-8").splitlines() == [
        "id",
        *(id_ for id_, _ in expected()),
    ]


@pytest.mark.parametrize("options", [[], ["--fields", "id"]])
def test_a_file_that_is_there(run: Run, served: Emulator, tmp_path: Path, options: list[str]) -> None:
    """It is left alone, and nothing is asked, with 4; `--overwrite` replaces it."""
    target = tmp_path / "hits.csv"
    target.write_text("mine", encoding="utf-8")
    code, out, err = run(*IMAGES, "--output", "hits.csv", *options)
    assert (code, out) == (4, "")
    assert "hits.csv is there already, and is left as it is: pass --overwrite" in err
    assert err.count("\n") == 1
    assert target.read_text(encoding="utf-8") == "mine"
    assert not served.requests
    assert run(*IMAGES, "--output", "hits.csv", "--overwrite", *options)[0] == 0
    assert len(target.read_text(encoding="utf-8").splitlines()) == 285
    assert folder(tmp_path) == ["hits.csv"]


@pytest.mark.parametrize("options", [[], ["--fields", "id"]])
def test_a_folder_that_is_not_there(run: Run, served: Emulator, options: list[str]) -> None:
    """What to do is told, with 4."""
    code, _, err = run(*IMAGES, "--output", "none/hits.csv", *options)
    assert code == 4
    assert "No such file or directory" in err
    assert err.endswith("make its folder first\n")


def test_without_the_library(run: Run, served: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library is missing, its install line is told before anything is asked."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, err = run(*IMAGES, "--output", "hits.parquet")
    assert code == 1
    assert err == (
        'Error: writing .parquet needs pyarrow, of the extra "export"; '
        "in a clone of the repository, run: pip install '.[export]'\n"
    )
    assert not served.requests


def test_one_page(run: Run, served: Emulator, tmp_path: Path) -> None:
    """Without --all it is one page, as on the screen."""
    assert run("search", "assets", "knight", "--output", "hits.jsonl") == (0, "", "")
    assert len(rows("jsonl", tmp_path / "hits.jsonl")) == 20
    assert run("search", "assets", "knight", "--limit", "7", "--output", "less.jsonl") == (0, "", "")
    assert len(rows("jsonl", tmp_path / "less.jsonl")) == 7
    assert len(served.requests) == 2


def test_max_requests(run: Run, served: Emulator, tmp_path: Path) -> None:
    """Stopped by requests, it says what is left."""
    code, _, err = run(*IMAGES, "--max-requests", "2", "--output", "hits.jsonl")
    assert code == 0
    assert (
        err.splitlines()[-1]
        == "stopped after 2 requests (--max-requests), 200 hits in hits.jsonl; a larger --max-requests with --overwrite reads more"
    )
    assert len(served.requests) == 2
    assert len(rows("jsonl", tmp_path / "hits.jsonl")) == 200


@pytest.mark.long
@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_an_interruption_and_going_on(served: Emulator, tmp_path: Path, name: str) -> None:
    """Ctrl-C keeps what was read, says so, and leaves nothing under the name; with --resume only the rest is asked for."""
    line = [*IMAGES, "--output", f"hits.{name}"]
    served.faults.add("ok")
    served.faults.repeat("hang")
    terminal = Terminal(line, folder=tmp_path)
    terminal.read_until(b"100 hits")
    terminal.interrupt()
    code, shown = terminal.ended()
    assert code == 130
    assert re.search(
        r"interrupted; .*100 hits.* are kept .*the same line with --resume goes on there\r\n$", shown
    )
    assert f"hits.{name}" not in folder(tmp_path)
    served.faults.clear()
    served.requests.clear()
    done = in_pipes(*line, folder=tmp_path)
    assert done.returncode == 4
    assert b"--resume goes on there" in done.stderr
    done = in_pipes(*line, "--resume", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [request.body["offset"] for request in served.requests] == [100, 200]
    assert folder(tmp_path) == [f"hits.{name}"]
    whole = in_pipes(*IMAGES, "--output", f"whole.{name}", folder=tmp_path)
    assert whole.returncode == 0
    assert (tmp_path / f"hits.{name}").read_bytes() == (tmp_path / f"whole.{name}").read_bytes()


def test_a_failure_and_going_on(run: Run, served: Emulator, tmp_path: Path) -> None:
    """A refusal in the middle keeps what was read as well, and is told as JSON where that is asked for."""
    served.faults.add("ok")
    served.faults.add("403")
    code, _, err = run(*IMAGES, "--output", "hits.jsonl", "--format", "jsonl")
    assert code == 1
    told = json.loads(err.splitlines()[-1])
    assert told["fix"] == "100 hits are kept: the same line with --resume goes on behind them"
    assert "hits.jsonl" not in folder(tmp_path)
    assert run(*IMAGES, "--output", "hits.jsonl", "--format", "jsonl", "--resume")[0] == 0
    assert rows("jsonl", tmp_path / "hits.jsonl") == expected()


@pytest.mark.parametrize("options", [[], ["--fields", "id,url,metadata.prompt,metadata.width"]])
def test_no_space_left(served: Emulator, tmp_path: Path, options: list[str]) -> None:
    """A file that does not fit ends with 4 and one line, and nothing stands under its name."""
    line = shlex.join([*COMMAND, *IMAGES, "--output", "hits.csv", *options])
    done = subprocess.run(
        ["/bin/bash", "-c", f"ulimit -f 8; exec {line}"],
        capture_output=True,
        check=False,
        timeout=60,
        env=surroundings(),
        cwd=tmp_path,
    )
    assert done.returncode == 4
    last = done.stderr.decode().splitlines()[-1]
    assert re.match(r"Error: could not write .*: File too large; ", last)
    assert "hits.csv" not in folder(tmp_path)


def test_what_a_terminal_shows(served: Emulator, tmp_path: Path) -> None:
    """The price, how far it is, and in the end what is where."""
    code, shown = in_terminal(*IMAGES, "--output", "hits.csv", folder=tmp_path)
    assert code == 0
    assert shown.startswith(PRICE.strip())
    assert re.search(r"284 hits · 3 pages · [\d,]+ hits/s · quota left 97", shown)
    assert shown.rstrip().endswith("hits.csv has 284 hits")
    _, shown = in_terminal("search", "assets", "knight", "--output", "one.csv", folder=tmp_path)
    assert shown.strip() == "one.csv has 20 hits; there may be more: --all reads all of them"


@pytest.mark.parametrize("options", [[], ["--fields", "id"]])
def test_a_kill(served: Emulator, tmp_path: Path, options: list[str]) -> None:
    """Killed at a moment of its own choosing, it leaves nothing under the name."""
    served.faults.add("ok")
    served.faults.repeat("hang")
    running = subprocess.Popen(
        [*BY_ITSELF, *COMMAND, *IMAGES, "--output", "hits.csv", *options],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
        cwd=tmp_path,
    )
    try:
        assert running.stderr is not None
        assert running.stderr.readline().startswith(b"about 284 hits")
    finally:
        running.kill()
        running.communicate()
    assert "hits.csv" not in folder(tmp_path)
