"""Both type checkers accept the right uses and refuse every wrong one."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.any_versions  # the session `types` runs it

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WRONG = HERE / "wrong.py"
MARKED = {number for number, line in enumerate(WRONG.read_text().splitlines(), 1) if line.endswith("# E")}


def _run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return done.stdout


def _pyright(file: Path, folder: Path) -> set[int]:
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed here; the session `types` has it")
    (folder / file.name).write_text(file.read_text())
    settings = {"typeCheckingMode": "strict", "include": ["."], "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    told = json.loads(
        _run("pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(folder))
    )
    assert told["summary"]["filesAnalyzed"] == 1
    return {
        each["range"]["start"]["line"] + 1
        for each in told["generalDiagnostics"]
        if each["severity"] == "error"
    }


def _mypy(file: Path, _: Path) -> set[int]:
    if find_spec("mypy") is None:
        pytest.skip("mypy is not installed here; the session `types` has it")
    told = _run("mypy", "--strict", "--no-error-summary", "--hide-error-context", str(file))
    errors = [
        line
        for line in told.splitlines()
        if ": error:" in line and line.startswith(str(file.relative_to(ROOT)))
    ]
    return {int(line.split(":")[1]) for line in errors}


@pytest.mark.parametrize("check", [_pyright, _mypy], ids=["pyright", "mypy"])
def test_every_wrong_use_is_an_error(check: Callable[[Path, Path], set[int]], tmp_path: Path) -> None:
    """No wrong use slips through, and no right one around it is refused."""
    assert check(WRONG, tmp_path) == MARKED


@pytest.mark.parametrize("check", [_pyright, _mypy], ids=["pyright", "mypy"])
def test_right_uses_have_exactly_these_types(check: Callable[[Path, Path], set[int]], tmp_path: Path) -> None:
    """`assert_type` holds for what a caller gets."""
    assert check(HERE / "right.py", tmp_path) == set()
