"""The entry point: what it loads, what it lacks, and how it leaves."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from scenario_async import __version__
from scenario_async.cli import app, main, typed
from scenario_async.cli.search import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL = "in a clone of the repository, run: pip install '.[cli]'"
HEAVY = {"rich", "aiohttp", "numpy", "PIL", "scenario_async.emulator", "scenario_async.client"}

COMMANDS = ["search", "download", "scan", "harvest", "explore", "doctor", "demo", "serve", "completion"]


@pytest.mark.parametrize("name", ["click", "rich"])
def test_missing_extra(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without the extra, one line tells what to install."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == f'the command line needs {name}, of the extra "cli"; {INSTALL}'


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_missing_emulator_extra(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Without the emulator's extra, one line tells what to install."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    code, out, err = run(command)
    assert (code, out) == (1, "")
    assert err == f'Error: the emulator needs numpy, of the extra "cli"; {INSTALL}\n'


def test_version(run: Callable[..., tuple[int, str, str]]) -> None:
    """`--version` gives the package's."""
    assert run("--version") == (0, f"scenario-async {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["demo", "--help"],
        ["serve", "-h"],
        ["doctor", "-h"],
        ["download", "-h"],
        ["completion", "-h"],
        ["search", "-h"],
        *(["search", kind, "-h"] for kind in KINDS),
    ],
)
def test_help(run: Callable[..., tuple[int, str, str]], arguments: list[str]) -> None:
    """Every help has examples and keeps to 80 columns."""
    code, out, _ = run(*arguments)
    assert code == 0
    assert "Examples:\n    scenario-async " in out
    assert max(map(len, out.splitlines())) <= 80


def test_help_names_every_command(run: Callable[..., tuple[int, str, str]]) -> None:
    """What the help lists can be run."""
    _, out, _ = run("--help")
    listed = [line.split()[0] for line in out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()]
    assert listed == COMMANDS
    for name in listed:
        assert run(name, "--help")[0] == 0


def test_completion(run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell can complete the names of the commands."""
    monkeypatch.setenv("_SCENARIO_ASYNC_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "scenario-async ")
    monkeypatch.setenv("COMP_CWORD", "1")
    _, out, _ = run()
    assert out.split() == [f"plain,{name}" for name in COMMANDS]


def test_help_loads_little() -> None:
    """`--help` waits for nothing that it does not need."""
    program = (
        "import atexit, sys; from scenario_async.cli import main; "
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); sys.argv[1:] = ['--help']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.startswith("Usage: scenario-async ")
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments", [["seek"], ["--fast"], ["serve", "--port", "70000"], ["demo", "castle"]]
)
def test_wrong_usage(run: Callable[..., tuple[int, str, str]], arguments: list[str]) -> None:
    """What cannot be understood ends with 2 and says so."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err


def test_as_a_module() -> None:
    """`python -m scenario_async` is the same program, under the name that it was called by."""
    command = [sys.executable, "-m", "scenario_async"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.startswith("Usage: python -m scenario_async ")
    done = subprocess.run([*command, "seek"], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an activated environment a name is enough; else it is the path, short where that is possible."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "scenario-async"):
        (programs / name).write_text("", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setattr("sys.executable", str(programs / "python"))
    monkeypatch.setenv("PATH", str(programs))
    assert typed("scenario-async") == "scenario-async"
    assert typed("scenario-async", anew=True) == str(programs / "scenario-async")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed("scenario-async") == str(programs / "scenario-async")
    monkeypatch.chdir(tmp_path)
    assert typed("python") == ".venv/bin/python"
    assert typed("python", anew=True) == str(programs / "python")
    (programs / "scenario-async").unlink()
    assert typed("scenario-async") == ".venv/bin/python -m scenario_async"


def test_the_extra_brings_every_command() -> None:
    """Who installs `cli` has the emulator as well, and `all` has every extra."""
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    extras = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert "scenario-async[emulator]" in extras["cli"]
    [everything] = extras.pop("all")
    assert set(everything.removeprefix("scenario-async[").removesuffix("]").split(",")) == set(extras)


def test_interrupted_while_loading(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before there is a command ends with 130, too."""

    def interrupted(**_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "app", interrupted)
    assert run() == (130, "", "")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["search", "knight", "--ids"], "scenario-async search assets knight --ids`"),
        (["scan", "red", "knight", "--ids"], "scenario-async scan assets 'red knight' --ids`"),
        (["search", "asset", "red"], "did you mean `scenario-async search assets red`?"),
        (["serach", "assets"], "did you mean `scenario-async search assets`?"),
        (["export", "x"], "did you mean `scenario-async search assets QUERY --all --output hits.csv`?"),
        (["models", "x"], "did you mean `scenario-async search models QUERY`?"),
        (["knight"], "`scenario-async search assets knight` searches for it; --help lists the commands"),
    ],
)
def test_commands_that_there_are_not(
    run: Callable[..., tuple[int, str, str]], line: list[str], told: str
) -> None:
    """The refusal names the nearest command, or the line that was meant."""
    code, out, err = run(*line)
    assert (code, out) == (2, "")
    assert "No such command" in err
    assert told in err
