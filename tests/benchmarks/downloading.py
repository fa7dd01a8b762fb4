"""Small pictures, 16 at once, from a server in another process: into a folder, and by bare aiohttp into files of its own.

The floor gets each file with a plain loop and writes it in a thread, as one would: no names, no manifest, no digest and
no retries, but laid down on the disk before it counts, because a file that a power cut empties is not downloaded.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from sides import KEYS, Figure, compared

from scenario_async import AsyncScenario

if TYPE_CHECKING:
    from collections.abc import Generator

COUNT = 1000
WIDTH = 16


@contextmanager
def folder() -> Generator[Path]:
    """Give an empty folder, for a while: in memory where that is possible, as disks differ from second to second."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    place = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    try:
        yield Path(place)
    finally:
        shutil.rmtree(place)


async def ours(origin: str) -> float:
    """Give the seconds of one picture through `download`."""
    hits: list[dict[str, Any]] = [
        {"id": f"asset_{number}", "url": f"{origin}/assets-transform/{number}"} for number in range(COUNT)
    ]
    with folder() as place:
        async with AsyncScenario(**KEYS, base_url=f"{origin}/v1") as client:
            began = time.perf_counter()
            saved = [
                item
                async for item in client.download(hits, place, concurrency=WIDTH)
                if item.status == "saved"
            ]
            taken = time.perf_counter() - began
    assert len(saved) == COUNT
    return taken / COUNT


def keep(path: Path, content: bytes) -> None:
    """Write a file, and have it laid down."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


async def floor(origin: str) -> float:
    """Give the seconds of one picture through bare aiohttp."""
    left = iter(range(COUNT))
    with folder() as place:

        async def worker(session: aiohttp.ClientSession) -> None:
            for number in left:
                async with session.get(f"{origin}/assets-transform/{number}") as reply:
                    content = await reply.read()
                await asyncio.to_thread(keep, place / f"{number}.png", content)

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            began = time.perf_counter()
            await asyncio.gather(*(worker(session) for _ in range(WIDTH)))
            taken = time.perf_counter() - began
        assert len(list(place.iterdir())) == COUNT
    return taken / COUNT


def figures(url: str) -> list[Figure]:
    """Compare the rates."""
    origin = url.removesuffix("/v1")
    taken = compared(
        {"ours": lambda: asyncio.run(ours(origin)), "floor": lambda: asyncio.run(floor(origin))}, rounds=5
    )
    name = f"downloads of {COUNT} small pictures, to the floor"
    return [Figure(name=name, value=taken["floor"] / taken["ours"], goal=0.7, at_least=True, sides=taken)]
