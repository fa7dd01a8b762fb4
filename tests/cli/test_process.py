"""The installed command as a process: in pipes, in a terminal, and where there is trouble."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from cli.driving import BY_ITSELF, COMMAND, Terminal, in_pipes, in_terminal, surroundings
from cli.files import rows

from scenario_async import F, Scenario
from scenario_async.cli.search import KINDS
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = ("--where", "kind=image")


def found(**parameters: Any) -> list[Any]:
    """Give the hits that the SDK itself finds."""
    with Scenario() as client:
        return client.search.asset_search(**parameters).collect().hits


@pytest.mark.parametrize("name", ["table", "jsonl", "json", "csv", "parquet", "arrow", "sqlite"])
def test_a_refused_search_writes_nothing(served: Emulator, name: str) -> None:
    """Where the service refuses, the standard output stays empty in every format."""
    served.faults.add("403")
    done = in_pipes("search", "assets", "knight", "--format", name)
    assert (done.returncode, done.stdout) == (1, b"")


@pytest.mark.parametrize("name", ["jsonl", "json", "csv", "parquet", "arrow", "sqlite"])
def test_formats_in_a_pipe(served: Emulator, name: str, tmp_path: Path) -> None:
    """Every format holds all hits of several pages, as other libraries read it."""
    done = in_pipes("search", "assets", "knight", "--all", "--limit", "30", "--format", name)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b"about 58 hits: 2 requests, less than a minute at 100 a minute\n"
    expected = [(hit.id, hit.metadata.width) for hit in found(query="knight")]
    path = tmp_path / "hits"
    path.write_bytes(done.stdout)
    read = rows(name, path)
    assert set(read) == set(expected) if name == "sqlite" else read == expected
    assert len(read) == len(expected)


def test_the_first_line_is_out_when_the_first_page_is_in(served: Emulator) -> None:
    """A reader of JSON lines need not wait for the second page."""
    served.faults.add("ok")
    served.faults.repeat("hang")
    running = subprocess.Popen(
        [*COMMAND, "search", "assets", *IMAGES, "--all"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
    )
    try:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["id"].startswith("asset_")
        assert running.poll() is None
    finally:
        running.kill()
        running.communicate()


def test_a_reader_that_leaves(served: Emulator) -> None:
    """A broken pipe is silent, and no failure."""
    line = " ".join([*COMMAND, "search", "assets", *IMAGES, "--all", "| head -n 1; echo ${PIPESTATUS[0]}"])
    done = subprocess.run(
        ["/bin/bash", "-c", line], capture_output=True, text=True, timeout=60, check=True, env=surroundings()
    )
    first, code = done.stdout.splitlines()
    assert json.loads(first)["id"].startswith("asset_")
    assert code == "0"
    assert done.stderr == "about 284 hits: 3 requests, less than a minute at 100 a minute\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")  # noqa: PTH110
@pytest.mark.parametrize("name", ["jsonl", "json", "csv", "parquet", "table"])
def test_no_space_left(served: Emulator, name: str) -> None:
    """Output that cannot be written ends with 4 and one line, an object of JSON where JSON was asked for."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, "search", "assets", "knight", "--format", name],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
            env=surroundings(),
        )
    assert done.returncode == 4
    if name.startswith("json"):
        assert json.loads(done.stderr) == {
            "error": "could not write the standard output: No space left on device",
            "fix": "write to another place",
            "retryable": False,
        }
    else:
        assert done.stderr.decode() == (
            "Error: could not write the standard output: No space left on device; write to another place\n"
        )


EVERY = [
    ["search", "assets", "knight", "--count"],
    ["search", "assets", "knight", "--dry-run"],
    ["search", "assets", "--help"],
    ["scan", "assets", "knight"],
    ["doctor"],
    ["demo"],
    ["--version"],
]
"""Command lines that write on the standard output, each in its own way."""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")  # noqa: PTH110
@pytest.mark.parametrize("line", EVERY, ids=" ".join)
def test_no_space_left_for_whatever_it_is(served: Emulator, line: list[str]) -> None:
    """Each command ends with 4, and says what could not be written."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, *line],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
            env=surroundings(),
        )
    told = "Error: could not write the standard output: No space left on device; write to another place"
    assert (done.returncode, done.stderr.decode().splitlines()[-1].partition("; with")[0]) == (4, told)


@pytest.mark.parametrize("line", [["scan", "assets", "knight"], ["demo"]], ids=" ".join)
def test_a_reader_that_leaves_any_command(served: Emulator, line: list[str]) -> None:
    """It ends with 0, as the others do, and without a word of that."""
    shell = " ".join([*COMMAND, *line, "2>&1", "| head -n 1; echo ${PIPESTATUS[0]}"])
    done = subprocess.run(
        ["/bin/bash", "-c", shell], capture_output=True, text=True, timeout=60, check=True, env=surroundings()
    )
    assert (done.stdout.splitlines()[-1], done.stderr) == ("0", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")  # noqa: PTH110
def test_what_cannot_be_said_costs_no_hit(served: Emulator) -> None:
    """The price and other lines of the standard error are left out where that takes no more."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, "search", "assets", *IMAGES, "--all", "--ids"],
            stdout=subprocess.PIPE, stderr=full, check=False, timeout=60, env=surroundings(),
        )  # fmt: skip
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 284)


@pytest.mark.parametrize("line", ["search assets knight", "scan assets knight"])
def test_a_closed_output(served: Emulator, line: str) -> None:
    """Where there is no standard output, that is said, with 4."""
    shell = " ".join([*COMMAND, line, ">&-"])
    done = subprocess.run(
        ["/bin/sh", "-c", shell], stderr=subprocess.PIPE, check=False, timeout=60, env=surroundings()
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (4, 1)
    assert b"it is closed" in done.stderr


def test_a_count_that_engines_cut_says_so(served: Emulator) -> None:
    """The number stands alone on the standard output; that there may be more is said beside it."""
    command = [*COMMAND, "search", "assets", "--where", "kind!=3d", "--count"]
    with Emulator(Library.sample(3, size=3000)).running() as base_url:
        told = surroundings() | {"SCENARIO_BASE_URL": base_url}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=told)
    assert done.stdout == "1000\n"
    assert done.stderr.startswith("1,000 hits or more, as engines count no further: `scan` reads every hit")


def test_the_table_in_a_terminal(served: Emulator) -> None:
    """A terminal gets a table that fits, with a head in bold, and is told that there is more."""
    code, shown = in_terminal("search", "assets", "knight", COLUMNS="80")
    assert code == 0
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert lines[0].split()[:2] == ["ID", "KIND"]
    assert shown.startswith("\x1b[1m")
    assert max(map(len, lines[:-1])) <= 80
    assert [line.split()[0] for line in lines[1:-1]] == [hit.id for hit in found(query="knight")[:20]]
    assert lines[-1] == "20 of about 58 hits; --all reads all of them"


def test_no_color(served: Emulator) -> None:
    """With NO_COLOR the same table has no colours."""
    _, shown = in_terminal("search", "assets", "knight", NO_COLOR="1")
    assert "\x1b[" not in shown


def test_progress_in_a_terminal(served: Emulator, tmp_path: Path) -> None:
    """While results go to a file, the terminal shows hits, pages, the rate and what is left of the quota."""
    output = tmp_path / "out.jsonl"
    code, shown = in_terminal("search", "assets", *IMAGES, "--all", output=str(output))
    assert code == 0
    assert re.search(r"284 hits · 3 pages · [\d,]+ hits/s · quota left 97", shown)
    assert len(output.read_text(encoding="utf-8").splitlines()) == 284


def test_progress_leaves_results_alone(served: Emulator) -> None:
    """Where results go to the same terminal, every id stands on a line of its own there."""
    code, shown = in_terminal("search", "assets", *IMAGES, "--all", "--ids")
    assert code == 0
    assert "quota left" in shown
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)
    ids = re.findall(r"(?m)^\r?(asset_\S{22})\r$", plain)
    assert ids == [hit.id for hit in found(filter=F.kind == "image")]


def test_binary_formats_and_terminals(served: Emulator) -> None:
    """What no terminal can show is refused there, before anything is asked."""
    code, shown = in_terminal("search", "assets", "knight", "--format", "parquet")
    assert code == 2
    assert "name a file with --output, or lead it into a pipe" in shown
    assert not served.requests


def test_an_interruption(served: Emulator) -> None:
    """Ctrl-C ends with 130, and says how many hits are out and how to go on."""
    last = found(filter=F.kind == "image")[99].id.encode()
    served.faults.add("ok")
    served.faults.repeat("hang")
    terminal = Terminal(["search", "assets", *IMAGES, "--all", "--ids"])
    terminal.read_until(last + b".*100 hits")  # of the progress, which comes back when the page is out
    terminal.interrupt()
    code, shown = terminal.ended()
    assert code == 130
    assert "interrupted; 100 hits are out: --offset 100 goes on" in shown
    assert "Traceback" not in shown


def test_a_signal_in_a_pipe(served: Emulator) -> None:
    """SIGINT sent to the process does the same; what was printed is whole lines."""
    served.faults.add("ok")
    served.faults.repeat("hang")
    running = subprocess.Popen(
        [*BY_ITSELF, *COMMAND, "search", "assets", *IMAGES, "--all"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
    )
    try:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(100)]
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        rest, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert rest == b""
    assert all(json.loads(line) for line in lines)
    assert err.decode().splitlines()[-1] == "interrupted; 100 hits are out: --offset 100 goes on"


@pytest.mark.parametrize("options", [["--output", "hits.csv"], ["--ids"], []])
def test_a_terminal_that_closes(served: Emulator, tmp_path: Path, options: list[str]) -> None:
    """Where progress is shown on it, nothing stumbles over that: the exit code is 129."""
    served.faults.add("ok")
    served.faults.repeat("hang")
    terminal = Terminal(["search", "assets", *IMAGES, "--all", *options], folder=tmp_path)
    terminal.read_until(b"quota left")
    assert terminal.closed() == 129


@pytest.mark.parametrize("closed", ["download - --to x", "harvest - x.sqlite"])
def test_a_standard_input_that_is_closed(served: Emulator, tmp_path: Path, closed: str) -> None:
    """It is told, as a usage that cannot be meant."""
    line = f"{' '.join(COMMAND)} {closed} <&-"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        check=False,
        env=surroundings(),
        cwd=tmp_path,
        timeout=60,
    )
    assert done.returncode == 2
    assert b"the standard input is closed: lead something into it, or name a file" in done.stderr


def test_a_pipe_that_stays_open(served: Emulator, tmp_path: Path) -> None:
    """Each file is told when it is there, not when the next line comes; a mark of UTF-8 at the beginning does no harm."""
    ids = [hit.id for hit in found(filter='kind = "image"')[:3]]
    with subprocess.Popen(
        [*COMMAND, "download", "-", "--to", "pictures"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=surroundings(), cwd=tmp_path,
    ) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            for number, each in enumerate(ids):
                running.stdin.write((b"" if number else b"\xef\xbb\xbf") + f"{each}\n".encode())
                running.stdin.flush()
                assert each.encode() in running.stdout.readline()
            running.stdin.close()
            assert running.wait(60) == 0
        finally:
            running.kill()


@pytest.mark.parametrize(("end", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_ends_a_process(served: Emulator, tmp_path: Path, end: signal.Signals, code: int) -> None:
    """A request to end, or a terminal that closes, leaves no half file behind, and says what is kept as JSON if asked."""
    served.faults.add("ok")
    served.faults.repeat("hang")
    line = [
        "search",
        "assets",
        *IMAGES,
        "--all",
        "--output",
        "out.jsonl",
        "--fields",
        "id",
        "--format",
        "jsonl",
    ]
    running = subprocess.Popen(
        [*BY_ITSELF, *COMMAND, *line],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
        cwd=tmp_path,
    )
    try:
        assert running.stderr is not None
        assert running.stderr.readline().startswith(b"about 284 hits")
        running.send_signal(end)
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == code
    assert json.loads(err) == {
        "error": "interrupted",
        "fix": "out.jsonl is as it was: run the same line again",
        "retryable": True,
    }
    assert list(tmp_path.iterdir()) == []


def test_nothing_listens() -> None:
    """Where nobody answers, that is 3, and worth another try."""
    done = in_pipes(
        *("search", "assets", "knight", "--format", "jsonl"),
        SCENARIO_BASE_URL="http://127.0.0.1:9/v1",
        SCENARIO_SDK_JWT="token-of-mine",
        NO_PROXY="127.0.0.1",
    )
    assert (done.returncode, done.stdout) == (3, b"")
    told = json.loads(done.stderr)
    assert sorted(told) == ["error", "fix", "retryable"]
    assert told["retryable"] is True
    assert "the connection failed" in told["error"]
    assert b"token-of-mine" not in done.stderr


def test_a_key_that_is_refused(served: Emulator) -> None:
    """The service's refusal is 1, and says what to look at."""
    done = in_pipes("search", "assets", "knight", SCENARIO_SDK_API_SECRET="secret-of-mine")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: 401 ")
    assert b"scenario-async doctor tells more" in done.stderr
    assert b"secret-of-mine" not in done.stderr


def test_wrong_usage_as_json() -> None:
    """Also a line that cannot be understood is answered in JSON where that was asked for."""
    done = in_pipes("search", "assets", "--format=json", "--no-such-option")
    assert (done.returncode, done.stdout) == (2, b"")
    assert json.loads(done.stderr)["error"].startswith("No such option")


def test_the_emulator_needs_no_account(tmp_path: Path) -> None:
    """`--emulator` answers, whatever the environment says."""
    done = in_pipes(
        "search", "models", "knight", "--emulator", "--ids", SCENARIO_BASE_URL="https://api.invalid/v1"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"model_")


HEAVY = {"PIL", "aiohttp", "asyncio", "attrs", "cattrs", "numpy", "pyarrow", "rich", "tenacity"}


@pytest.mark.parametrize(
    ("words", "allowed"), [("", set[str]()), ("search assets", {"attrs"}), ("scan assets", {"attrs"})]
)
def test_help_loads_little(words: str, allowed: set[str]) -> None:
    """`--help` is there at once, because it imports none of what a search does."""
    program = f"""
import sys
from scenario_async.cli import main
sys.argv = ["scenario-async", *"{words} --help".split()]
try:
    main()
finally:
    print(*{{name.partition(".")[0] for name in sys.modules}}, file=sys.stderr)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=surroundings(), timeout=60)
    assert done.stdout.startswith("Usage: ")
    assert {*done.stderr.split()} & HEAVY <= allowed


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("scenario-async se", ["search", "serve"]),
        ("scenario-async search ", sorted(KINDS)),
        ("scenario-async search assets --format j", ["json", "jsonl"]),
        ("scenario-async search assets --image-", ["--image-semantic-ratio"]),
    ],
)
def test_completion_in_bash(words: str, expected: list[str]) -> None:
    """What `completion bash` prints completes commands, options and values in a real bash."""
    script = in_pipes("completion", "bash").stdout.decode()
    folder = os.path.dirname(COMMAND[0])  # noqa: PTH120
    begun = '""' if words.endswith(" ") else ""
    program = (
        f"{script}\nCOMP_WORDS=({words} {begun})\n"
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_scenario_async_completion scenario-async\n"
        "printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["/bin/bash", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=surroundings(PATH=f"{folder}:{os.environ['PATH']}"),
    )
    assert sorted(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_of_other_shells(shell: str) -> None:
    """The lines for zsh and fish name the command and the variable that it listens to."""
    done = in_pipes("completion", shell)
    assert done.returncode == 0
    assert b"_SCENARIO_ASYNC_COMPLETE=" + shell.encode() + b"_complete" in done.stdout
