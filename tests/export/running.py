"""What the tests of exports do: export over either client, and what is in a folder afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from support.faces import AsyncFace
from support.servers import Answer, Arrived, Script, paged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.faces import Face

    from scenario_async import Export, Search

FORMATS = ("jsonl", "json", "csv", "parquet", "arrow", "sqlite")


def export(face: Face, search: Search[Any], path: Any, **options: Any) -> Export:
    """Export to the end."""
    if isinstance(face, AsyncFace):
        done: Export = face.runner.run(face.client.search.export(search, path, **options))
        return done
    exported: Export = face.client.search.export(search, path, **options)
    return exported


def table_of(face: Face, search: Search[Any], **limits: Any) -> Any:
    """Give the table of all hits."""
    if isinstance(face, AsyncFace):

        async def collect() -> Any:
            return await face.client.search.run(search).collect(**limits)

        return face.runner.run(collect())
    return face.client.search.run(search).collect(**limits)


def failing(library: Sequence[dict[str, Any]], at: int, answer: Answer) -> Script:
    """Give a script that pages through a library, and answers otherwise for the page that begins there."""
    whole = paged(library)

    def script(request: Arrived) -> Answer | dict[str, Any]:
        return answer if request.body.get("offset") == at else whole(request)

    return script


def names(folder: Path) -> list[str]:
    """Give the names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def cancelled_after(face: AsyncFace, seconds: float, search: Search[Any], path: Path) -> Any:
    """Cancel an export after some time, and give the task."""
    task = asyncio.ensure_future(face.client.search.export(search, path))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait({task})
    return task
