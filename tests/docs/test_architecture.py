"""The page on the architecture says what the code does."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import paged, serving

import scenario_async
from scenario_async import AsyncScenario

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = Path(scenario_async.__file__).parent
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def _between(begin: str, end: str) -> str:
    return PAGE.partition(f"<!-- {begin} -->")[2].partition(f"<!-- {end} -->")[0]


ROOMS = re.findall(r"^(\w+) {2,}\S", _between("rooms begin", "rooms end"), re.MULTILINE)
STEPS = re.findall(r"^\d+\. `([\w/]+\.py)`: `([\w.<>]+)`", _between("steps begin", "steps end"), re.MULTILINE)


def _imports(file: Path) -> set[str]:
    """Give the rooms that a file imports, wherever it does, but for type checkers."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "not TYPE_CHECKING"):
            waiting += node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else node.body
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scenario_async"):
            rest = (node.module or "").split(".")[1:]
            found |= {rest[0]} if rest else {alias.name for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return found


def _room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_rooms_are_those_of_the_package() -> None:
    """None is missing, and none is invented."""
    there = {
        _room_of(file)
        for file in PACKAGE.rglob("*.py")
        if file.name != "__main__.py" and file != PACKAGE / "__init__.py"
    }
    assert sorted(ROOMS) == sorted(there)


DOORS = {"models": {"_http", "_support"}, "pages": {"_tables"}, "_tables": {"_looks", "_gallery"}}
"""What a low room opens above itself, when it is used: a hit reads and describes itself, a page gives a table, which
shows itself."""


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_down_the_list_only(room: str) -> None:
    """A room imports itself and what stands below; the emulator, itself and the version alone."""
    files = [
        file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py" and _room_of(file) == room
    ]
    for file in files:
        imported = {each for each in _imports(file) if each in ROOMS} - DOORS.get(room, set())
        if room == "emulator":
            assert imported <= {"emulator", "_version"}, file
        elif room in ("cli", "testing"):
            assert imported <= {*ROOMS[ROOMS.index(room) :]}, file
        else:
            assert imported <= {*ROOMS[ROOMS.index(room) :]} - {"emulator"}, file


def test_the_linter_checks_the_same_order() -> None:
    """What stands side by side there may stand in any order here."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = told["tool"]["importlinter"]["contracts"][0]["layers"]
    flat = [room.strip() for layer in layers for room in layer.split("|")]
    assert flat == [room for room in ROOMS if room != "emulator"]


def test_a_call_takes_the_steps_in_their_order() -> None:
    """Measured over one search that is warm."""
    entered: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(PACKAGE):
            entered.append((file.relative_to(PACKAGE).as_posix(), frame.f_code.co_qualname))

    async def main(base_url: str) -> None:
        async with AsyncScenario(api_key="a", api_secret="b", base_url=base_url) as client:
            await client.search.asset_search(query="cat")
            before = sys.getprofile()
            sys.setprofile(note)
            try:
                await client.search.asset_search(query="cat")
            finally:
                sys.setprofile(before)

    with serving(paged(assets(5))) as server:
        asyncio.run(main(server.base_url))
    assert len(STEPS) == 10
    first_entered = [entered.index(step) for step in STEPS]
    assert first_entered == sorted(first_entered)
