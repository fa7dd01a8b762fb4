"""What an import may load: a written budget, so that start-up grows only when somebody decides that it should."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

import pytest

STANDARD = "the standard library"
ROOMS = {
    "": "_annotations _version client errors events filters images models pages searches settings sync",
    "_endpoints": "raw",
    "_calls": "admission call coalescing quota retries",
    "_http": "advice failures inflating json reply request resolver signing structure transport typed",
    "_observing": "hooks logs observer telemetry",
    "_paging": "fan_out iteration page pager position prefetch token",
    "_support": "checks counting hints items lifetimes literals loading logger network portal secret threads",
}
# How many modules of each package; some room is left for other versions of Python and of the dependencies.
IMPORT = {"scenario_async": 2, STANDARD: 40}
PRELOAD = {
    "scenario_async": 57,
    "attrs": 8,
    "cattrs": 26,
    "tenacity": 16,
    "msgspec": 14,
    STANDARD: 12,
    "tornado": 12,  # which tenacity loads where it is installed
    "typing_extensions": 1,  # which cattrs loads, and aiohttp before it up to Python 3.12
}


def loaded(program: str, before: str = "") -> dict[str, list[str]]:
    """Give the modules that a program loads in a fresh interpreter, beyond what `before` loads, by package."""
    told = f"import sys; {before}\nb = set(sys.modules)\n{program}\nprint(*sorted(set(sys.modules) - b))"
    command = [sys.executable, "-c", told]
    names = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        package = name.partition(".")[0]
        standard = package in sys.stdlib_module_names or package.startswith("_sysconfigdata")
        found[STANDARD if standard else package].append(name)
    return found


def beyond(found: dict[str, list[str]], budget: dict[str, int]) -> dict[str, list[str]]:
    """Give the modules of each package that has more than the budget allows."""
    return {
        package: names
        for package, names in found.items()
        if len(names) > budget.get(package, 0)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("program", "before", "budget"),
    [
        ("import scenario_async", "", IMPORT),
        ("import scenario_async; scenario_async.preload()", "import aiohttp", PRELOAD),
    ],
    ids=["import", "preload"],
)
def test_imports_keep_to_the_budget(program: str, before: str, budget: dict[str, int]) -> None:
    """`import` loads next to nothing, and `preload()` little beyond aiohttp; what is too much is named."""
    found = loaded(program, before)
    entered = {f"{room}.{name}".lstrip(".") for room, names in ROOMS.items() for name in names.split()}
    new = {name.partition(".")[2] for name in found["scenario_async"]} - entered - ROOMS.keys()
    assert not new, (
        f"new modules of our own: {sorted(new)}; import them when they are used, or enter them here"
    )
    excess = beyond(found, budget)
    assert not excess, (
        f"beyond the budget: {excess}; import them when they are used, or raise the budget here"
    )


def test_the_budget_sees_what_is_too_much() -> None:
    """A module that nobody entered is found and named."""
    found = loaded("import scenario_async; import wave")
    assert beyond({**found, "numpy": ["numpy", "numpy.linalg"]}, IMPORT) == {
        "numpy": ["numpy", "numpy.linalg"]
    }
    assert "wave" in beyond(found, {**IMPORT, STANDARD: 0})[STANDARD]
