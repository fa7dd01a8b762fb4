"""Measure the emulator: how long searches take over large libraries, what they weigh, and replies a second.

Each library is served by a process of its own. Writes the figures as JSON if a file is the first argument.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.engine import search
from scenario_async.emulator.parameters import read_search
from scenario_async.emulator.subjects import PALETTES, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Generator

AUTH = {"Authorization": aiohttp.encode_basic_auth("emulator", "emulator")}
FILTER = "width >= 1024 AND tags = landscape AND NOT nsfw = violence"
SEARCHES = 60
REPLIES = 3000
CONNECTIONS = 16


def serve(source: str) -> None:
    """Serve a sample of a size, or a file, until the standard input ends; then tell of time and memory."""
    library = Library.sample(size=int(source)) if source.isdigit() else Library.load(source)
    with Emulator(library).running() as base_url:
        print(base_url, flush=True)
        for _ in sys.stdin:
            used = resource.getrusage(resource.RUSAGE_SELF)
            scale = 1 if sys.platform == "darwin" else 1024
            print(used.ru_utime + used.ru_stime, used.ru_maxrss * scale, flush=True)


class Served:
    """A library in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()

    def used(self) -> tuple[float, float]:
        """Give the seconds of processor time and the bytes of memory that it has used."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seconds, memory = self._process.stdout.readline().split()
        return float(seconds), float(memory)


@contextmanager
def serving(source: str) -> Generator[Served]:
    """Run `serve`."""
    with subprocess.Popen(
        [sys.executable, __file__, "--serve", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Served(process)
        process.communicate()


async def searching(base_url: str) -> dict[str, float]:
    """Text and filter, other words in each search: the first one, and the median of the others."""
    chance = random.Random(1)
    taken: list[float] = []
    async with aiohttp.ClientSession(headers=AUTH) as session:
        for _ in range(SEARCHES + 1):
            query = f"{chance.choice(list(PALETTES))} {chance.choice(SUBJECTS)}"
            began = time.perf_counter()
            async with session.post(
                f"{base_url}/search/assets", json={"query": query, "filter": FILTER}
            ) as reply:
                assert reply.status == 200
                await reply.read()
            taken.append(time.perf_counter() - began)
    return {"first": taken[0], "median": statistics.median(taken[1:])}


async def replying(base_url: str, *, anew: bool) -> None:
    """Ask for 20 hits over several connections: the same ones again and again, or others `anew` each time."""
    left = iter(range(REPLIES))
    async with aiohttp.ClientSession(headers=AUTH) as session:

        async def ask() -> None:
            for number in left:
                # A filter that lets all through, but is not the last one's.
                body = {"query": "knight"} | ({"filter": f"width != -{number}"} if anew else {})
                async with session.post(f"{base_url}/search/assets", json=body) as reply:
                    assert len((await reply.json())["hits"]) == 20

        await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))


def distinct(file: Path, number: int) -> None:
    """Write assets of which no two have the same texts."""
    chance = random.Random(2)
    words = [
        "".join(chance.choices("abcdefghijklmnoprstuvwy", k=chance.randrange(4, 9))) for _ in range(20_000)
    ]
    with file.open("w", encoding="utf-8") as lines:
        for place, record in enumerate(Library.sample(size=number).records("assets")):
            metadata: dict[str, Any] = {**record["metadata"], "name": f"Asset {place}"}
            if "prompt" in metadata:
                metadata["prompt"] = " ".join([metadata["prompt"], *chance.choices(words, k=6)])
            lines.write(json.dumps({**record, "metadata": metadata}) + "\n")


def filtering(number: int) -> float:
    """Give the seconds of this thread that a filter of many conditions takes, without the network."""
    library = Library.sample()
    long = " OR ".join(f"name = x{each}" for each in range(number))
    request = read_search({"filter": long}, SCHEMAS["assets"])
    began = time.thread_time()
    search(library, "assets", request, max_total_hits=1000)
    return time.thread_time() - began


def main() -> None:
    """Measure everything and print it beside the goals."""
    rows: list[tuple[str, float, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "distinct.jsonl")
        distinct(file, 100_000)
        for name, source in (
            ("100,000 assets of the sample", "100000"),
            ("100,000 assets with texts of their own, from a file", str(file)),
            ("1,000,000 assets of the sample", "1000000"),
        ):
            with serving(source) as served:
                taken = asyncio.run(searching(served.url))
                rows += [
                    (f"{name}: first search", taken["first"], "s", ""),
                    (f"{name}: text and filter, median", taken["median"] * 1e3, "ms", "< 25"),
                    (f"{name}: memory", served.used()[1] / 1e9, "GB", "< 3"),
                ]
    for name, anew in (("the same 20 hits", False), ("20 hits, another search each time", True)):
        with serving("600") as served:
            asyncio.run(replying(served.url, anew=anew))
            before, began = served.used()[0], time.perf_counter()
            asyncio.run(replying(served.url, anew=anew))
            rows += [
                (f"{name}: replies a second", REPLIES / (time.perf_counter() - began), "", ""),
                (
                    f"{name}: replies a second of the emulator's own time",
                    REPLIES / (served.used()[0] - before),
                    "",
                    "" if anew else ">= 1500",
                ),
            ]
    rows.append(("a filter of 60,000 conditions", min(filtering(60_000) for _ in range(3)), "s", "< 1"))
    for name, figure, unit, goal in rows:
        print(f"{name:75} {figure:9.2f} {unit:2} {goal}")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({name: figure for name, figure, *_ in rows}, indent=2))


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1:2] == ["--serve"] else main()
