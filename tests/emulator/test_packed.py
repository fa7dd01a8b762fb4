"""The emulator where its files are not files: in a zip, and in a program that PyInstaller made."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

import scenario_async
from scenario_async._pyinstaller import hook_dirs

pytestmark = pytest.mark.any_versions

PACKAGE = Path(scenario_async.__file__).parent
PROGRAM = """
import json

import scenario_async
from scenario_async import F, Scenario
from scenario_async.emulator import Emulator

with Emulator().running() as base_url:
    with Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client:
        search = client.search.asset_search
        hit = search(query="castle", filter=F.kind == "image", limit=1).hits[0]
        like = search(image=hit.id, limit=1).hits[0]
        print(json.dumps([hit.metadata.kind, like.id == hit.id, scenario_async.__file__]))
"""
NEEDED = {
    *("aiohappyeyeballs", "aiohttp", "aiosignal", "attr", "attrs", "cattr", "cattrs", "frozenlist", "idna"),
    *("multidict", "numpy", "PIL", "propcache", "scenario_async", "tenacity", "typing_extensions", "yarl"),
    *("altgraph", "packaging", "PyInstaller", "_pyinstaller_hooks_contrib", "setuptools", "pkg_resources"),
}


def test_it_works_from_a_zip(tmp_path: Path) -> None:
    """A search with a filter, and one by a drawn picture, which reads the shapes of subjects."""
    packed = tmp_path / "packed.zip"
    with ZipFile(packed, "w") as file:
        for path in PACKAGE.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                file.write(path, Path("scenario_async") / path.relative_to(PACKAGE))
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packed)!r})\n{PROGRAM}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    kind, same, loaded = json.loads(done.stdout)
    assert (kind, same) == ("image", True)
    assert loaded.startswith(str(packed))


@pytest.mark.long
def test_it_works_frozen(tmp_path: Path) -> None:
    """PyInstaller takes along what the package's hook names; what else is installed here is left out."""
    pytest.importorskip("PyInstaller")
    (tmp_path / "program.py").write_text(PROGRAM)
    others = sorted(packages_distributions().keys() - NEEDED - {""})
    command = [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", "--noconfirm", "--onedir"]
    command += ["--paths", str(PACKAGE.parent), "--additional-hooks-dir", *hook_dirs()]
    command += [part for name in others if name.isidentifier() for part in ("--exclude-module", name)]
    made = subprocess.run(
        [*command, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )
    assert made.returncode == 0, made.stderr[-2000:]
    program = tmp_path / "dist" / "program" / f"program{sysconfig.get_config_var('EXE') or ''}"
    done = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kind, same, loaded = json.loads(done.stdout)
    assert (kind, same) == ("image", True)
    assert loaded.startswith(str(program.parent))
