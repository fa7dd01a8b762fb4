"""The programs under docs/examples/, run as a reader would: in a process of their own, with the environment only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scenario_async

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(?!0\b)\d+")
_PATIENCE = 60.0


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip a test where one of these modules is not installed; the groups `test` and `guides` bring them all."""
    missing = [each for each in modules if not _is_there(each)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False


def environment(base_url: str, **more: str) -> dict[str, str]:
    """Give an environment that leads to the emulator at `base_url`, and to no proxy or service of the machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SCENARIO_") and not name.lower().endswith("_proxy")
    }
    package = Path(scenario_async.__file__).parents[1]  # also where it is not installed
    ours = {
        "PYTHONPATH": os.pathsep.join([str(package), str(EXAMPLES)]),
        "PYTHONUNBUFFERED": "1",
        "SCENARIO_BASE_URL": base_url,
        "SCENARIO_SDK_API_KEY": "emulator",
        "SCENARIO_SDK_API_SECRET": "emulator",
    }
    return kept | ours | more


def run(
    name: str, *arguments: str, base_url: str, cwd: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
        cwd=cwd,
        env=environment(base_url, **more),
    )


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds, for a minute at most."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


@contextmanager
def started(command: list[str], base_url: str, cwd: Path, **more: str) -> Generator[Path]:
    """Run a command of Python's `-m` beside the test, and give the file of what it prints."""
    log = cwd / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment(base_url, **more),
        )
    try:
        yield log
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE / 4)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def web_server(command: list[str], base_url: str, cwd: Path, **more: str) -> Generator[str]:
    """Run a web server that prints where it listens, and give that address."""
    with started(command, base_url, cwd, **more) as log:
        eventually(lambda: _ADDRESS.search(log.read_text(encoding="utf-8")))
        found = _ADDRESS.search(log.read_text(encoding="utf-8"))
        assert found is not None
        yield found[0]
