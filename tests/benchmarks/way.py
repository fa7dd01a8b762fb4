"""The way of a call through this package: one warm awaited search of five hits, as `sys.setprofile` sees it."""

from __future__ import annotations

import ast
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sides import KEYS, Figure

import scenario_async
from scenario_async import AsyncScenario

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = Path(scenario_async.__file__).parent
CORE_ROOMS = ("_calls", "_http", "_paging", "_support")
Visit = tuple[str, str, int]


async def visited(url: str) -> list[Visit]:
    """Give the functions of this package that are entered, in order: file, name and first line."""
    visits: list[Visit] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(PACKAGE):
            visits.append((str(file), frame.f_code.co_qualname, frame.f_code.co_firstlineno))

    async with AsyncScenario(**KEYS, base_url=url) as client:
        for _ in range(3):
            await client.search.asset_search(query="q", limit=5)
        sys.setprofile(note)
        try:
            page = await client.search.asset_search(query="q", limit=5)
        finally:
            sys.setprofile(None)
    assert page.hits
    return visits


def longest_function() -> int:
    """Give the lines of the longest function of the rooms that a call goes through."""
    files = [*PACKAGE.glob("*.py"), *(file for room in CORE_ROOMS for file in (PACKAGE / room).glob("*.py"))]
    longest = 0
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not file.name.startswith(
                "_fact"
            ):
                longest = max(longest, (node.end_lineno or 0) - node.lineno + 1)
    return longest


def figures(url: str) -> list[Figure]:
    """Count files, functions and changes of file."""
    visits = asyncio.run(visited(url))
    changes = sum(visit[0] != before[0] for visit, before in zip(visits[1:], visits, strict=False))
    counted = (
        ("the way of a call: files", len({visit[0] for visit in visits}), 16, 12),
        ("the way of a call: functions", len(set(visits)), 80, 60),
        ("the way of a call: changes of file", changes, 60, 40),
        ("longest function, in lines", longest_function(), 60, None),
    )
    return [
        Figure(name=name, value=value, goal=goal, reach=reach, unit="", at_least=False)
        for name, value, goal, reach in counted
    ]
