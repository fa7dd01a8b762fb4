"""Suites of somebody else's, written by a test and run by pytest."""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scenario_async
from scenario_async import AsyncScenario, testing
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SETTINGS = """
[pytest]
addopts = --strict-markers --strict-config
filterwarnings = error
"""
LOOPS = """
asyncio_mode = {mode}
asyncio_default_fixture_loop_scope = function
"""


@pytest.fixture(scope="session")
def loaded() -> None:
    """Load all that a suite may use: pytester forgets what an inner run loads, and numpy loads only once."""
    scenario_async.preload()

    async def search() -> None:
        async with (
            Emulator() as emulator,
            AsyncScenario(base_url=emulator.base_url, api_key="emulator", api_secret="emulator") as client,
        ):
            await client.search.asset_search(query="knight", filter="width > 1", query_semantic_ratio=0.5)

    asyncio.run(search())
    testing.make_asset()


@pytest.fixture
def suite(loaded: None, pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Give a function that runs one test file with the plugin, in this process, where a warning is an error.

    `mode` is that of pytest-asyncio, None does without it.
    """

    def run(source: str, *arguments: str, mode: str | None = "auto") -> pytest.RunResult:
        pytester.makeini(SETTINGS + (LOOPS.format(mode=mode) if mode else ""))
        pytester.makepyfile(source)
        without = ["-p", "no:scenario", *(() if mode else ("-p", "no:asyncio"))]
        return pytester.runpytest_inprocess(*without, *arguments, plugins=[testing])

    return run


@pytest.fixture(scope="session")
def announced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that says what an installed package says of its entry points."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"{name} = {place}" for name, place in project["entry-points"]["pytest11"].items()]
    folder = tmp_path_factory.mktemp("installed")
    told = folder / "scenario_async-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: scenario-async\nVersion: 1\n")
    (told / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    return folder


@pytest.fixture
def installed_suite(
    announced: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Give a function that runs a test file, or the files that are there, with the package installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (announced, ROOT))))

    def run(source: str | None, *arguments: str) -> pytest.RunResult:
        if source is not None:
            pytester.makeini(SETTINGS + LOOPS.format(mode="auto"))
            pytester.makepyfile(source)
        return pytester.runpytest_subprocess(*arguments, timeout=120)

    return run
