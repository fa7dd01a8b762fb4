"""What becomes of picks: a file in a format of the package, or their own files in a folder."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs

from scenario_async._tables import formats
from scenario_async._tables.optional import found
from scenario_async._tables.table import HitTable
from scenario_async.errors import redact

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from scenario_async.client import AsyncScenario
    from scenario_async.models import Hit


def exports() -> list[str]:
    """Give the names of the formats that can be written here."""
    known = {**formats.FORMATS, **formats.OF_TABLES}
    usable = [name for name, each in known.items() if not each.needs or found(each.needs) is not None]
    return [*usable, formats.PAGE]


@attrs.frozen
class Exported:
    """A file to be saved: its name, and what is in it."""

    name: str
    content: bytes


async def exported(hits: Sequence[Hit], format: str, client: AsyncScenario) -> Exported:
    """Write hits of one class to a file; what shows pictures loads them before."""
    table: HitTable[Any] = HitTable(hits)
    if formats.is_page("", format) or format in formats.OF_TABLES:
        await table.load_thumbnails(client)
    name = f"picks.{format}"
    return Exported(name, await asyncio.to_thread(_written, table, format, name))


def _written(table: HitTable[Any], format: str, name: str) -> bytes:
    with TemporaryDirectory(prefix="scenario-async-") as folder:
        path = Path(folder) / name
        table.write(path, format)
        return path.read_bytes()


async def downloaded(
    hits: Sequence[Hit], folder: Path, client: AsyncScenario
) -> AsyncGenerator[dict[str, Any]]:
    """Download the files of hits, telling of each; in the end how many there are."""
    counts = {"saved": 0, "present": 0, "failed": 0}
    async with aclosing(client.download(hits, folder)) as downloads:
        async for each in downloads:
            counts[each.status] += 1
            error = None if each.error is None else redact(each.error.message)
            yield {**counts, "of": len(hits), "id": each.hit.id, "error": error}
    yield {**counts, "of": len(hits), "folder": str(folder), "done": True}
