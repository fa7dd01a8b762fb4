"""The command line, run in this process as its entry point runs it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from scenario_async.cli import main
from scenario_async.cli.emulating import make_emulator, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from scenario_async.emulator import Emulator


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int | str | None, str, str]]:
    """Give a function that runs a command line and gives its exit code, its output and its errors."""
    for name in os.environ:
        if name.startswith("SCENARIO_") or name in {"FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> tuple[int | str | None, str, str]:
        monkeypatch.setattr("sys.argv", ["scenario-async", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


@pytest.fixture
def interruptible() -> Generator[None]:
    """Let SIGINT raise `KeyboardInterrupt`, whatever the tests were started from."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Give a running emulator of a module's own, with the keys that the commands use."""
    emulator = make_emulator()
    with emulator.running():
        yield emulator


@pytest.fixture
def served(
    run: Callable[..., tuple[int | str | None, str, str]],
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Generator[Emulator]:
    """Lead the commands to it by the environment, in a folder of their own, and give it with an empty list of requests."""
    for name, value in variables(emulator.base_url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    emulator.requests.clear()
    yield emulator
    emulator.faults.clear()
