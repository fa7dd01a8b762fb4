"""The lines of docs/command-line.md do what the page says, here with the emulator.

`WRITE_OUTPUTS=1 pytest -n 0 tests/docs/test_command_line.py` writes what they print anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import scenario_async
from scenario_async import __version__
from scenario_async.cli.emulating import make_emulator, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_versions  # other versions of click word their help otherwise

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
FENCE = re.compile(r"^```sh\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
SERVICE = "https://api.cloud.scenario.com/v1"


@attrs.frozen
class Example:
    """Lines for a shell, and what the page says that they print, if it says so."""

    lines: str
    output: str | None


def examples() -> Iterator[Any]:
    """Give every example with the line that it stands at."""
    text = PAGE.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield pytest.param(Example(found[1], found[2]), id=str(text.count("\n", 0, found.start(1)) + 1))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give an environment with the command, uninstalled as well, that leads to an emulator."""
    programs = tmp_path_factory.mktemp("programs")
    run = "from scenario_async.cli import main; main()"
    for name, words in (("scenario-async", ["-c", run]), ("python", [])):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *words])} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    emulator = make_emulator()
    with emulator.running() as base_url:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("SCENARIO_")}
        yield (
            plain
            | dict(variables(base_url))
            | {
                "PYTHONPATH": str(Path(scenario_async.__file__).parents[1]),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "NO_PROXY": "127.0.0.1",
                "COLUMNS": "80",
            }
        )


@pytest.mark.parametrize("example", list(examples()))
def test_lines(example: Example, environment: dict[str, str], tmp_path: Path) -> None:
    """Every example ends well, and prints what the page says."""
    home = environment | {"HOME": str(tmp_path)}
    done = subprocess.run(
        ["/bin/bash", "-e", "-o", "pipefail", "-c", example.lines],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        cwd=tmp_path,
        env=home,
        timeout=120,
    )
    printed = done.stdout.decode()
    assert done.returncode == 0, printed
    printed = re.sub(r"request id \w+", "request id …", printed)
    printed = printed.replace(environment["SCENARIO_BASE_URL"], SERVICE)
    printed = printed.replace(str(tmp_path), "/home/me")
    printed = printed.replace(f"scenario-async/{__version__}", "scenario-async/0.1.0")
    if example.output is None:
        return
    if "WRITE_OUTPUTS" in os.environ:
        write(example, printed)
    else:
        assert printed == example.output


def write(example: Example, output: str) -> None:
    """Write into the page what an example prints."""
    before = f"{example.lines}```\n\n```text\n"
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(before + (example.output or "")) == 1, "no example stands on the page twice"
    PAGE.write_text(text.replace(before + (example.output or ""), before + output), encoding="utf-8")


def test_the_page_is_found() -> None:
    """The page has examples, and no fence escapes the search for them."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("```sh") == len(FENCE.findall(text)) > 8
