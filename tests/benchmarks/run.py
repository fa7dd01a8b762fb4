"""Measure this package beside the official SDK and the floor, in one run, and print the ratios.

The floor is bare aiohttp with orjson and no types. Ratios are what counts: the machine's own speed cancels out,
and the sides take turns, so that a busy moment hits both. Writes `bench.json` if that is the first argument.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from page import PAGE

from scenario_async import AssetSearch, AsyncScenario, Scenario
from scenario_async._wire import Reply, read_page
from scenario_async.pages import Position

CONTENT = orjson.dumps(PAGE)
ROUNDS = 7
KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}
Side = Callable[[], float]


def compared(sides: dict[str, Side]) -> dict[str, float]:
    """Give each side's median seconds; the sides take turns."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(ROUNDS):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: statistics.median(times) for name, times in taken.items()}


def timed(work: Callable[[], object], times: int = 1) -> Side:
    """Make a side that does some work so many times and gives the seconds of one."""

    def side() -> float:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - began) / times

    return side


def decoding() -> dict[str, float]:
    """Bytes to a page of 100 hits."""
    from scenario_sdk._models import construct_type  # noqa: PLC0415 - heavy, and measured elsewhere
    from scenario_sdk.pagination import AsyncSearchHitsOffset  # noqa: PLC0415
    from scenario_sdk.types import SearchAssetSearchResponse  # noqa: PLC0415

    search, position = AssetSearch(query="q"), Position(False, 0, 100)  # noqa: FBT003
    reply = Reply(status=200, headers={}, request_id=None, content=CONTENT)
    official: Any = AsyncSearchHitsOffset[SearchAssetSearchResponse]
    return compared(
        {
            "ours": timed(lambda: read_page(reply, search, position, invalid_hits="raise"), 20),
            "official": timed(lambda: construct_type(type_=official, value=json.loads(CONTENT)), 3),
            "floor": timed(lambda: orjson.loads(CONTENT), 20),
        }
    )


def fanning_out(port: int) -> dict[str, float]:
    """One search of 100 hits, 16 at once."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415
    from scenario_sdk import DefaultAioHttpClient  # noqa: PLC0415

    url = f"http://127.0.0.1:{port}/v1"

    async def sixteen_at_once(one: Callable[[], Awaitable[object]], count: int) -> float:
        left = iter(range(count))

        async def worker() -> None:
            for _ in left:
                await one()

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(16)))
        return (time.perf_counter() - began) / count

    async def ours() -> float:
        async with AsyncScenario(**KEYS, base_url=url) as client:

            async def one() -> None:
                assert len((await client.search.asset_search(query="q", limit=100)).hits) == 100

            return await sixteen_at_once(one, 400)

    async def official() -> float:
        async with Official(**KEYS, base_url=url, http_client=DefaultAioHttpClient()) as client:

            async def one() -> None:
                assert len((await client.search.asset_search(query="q", limit=100, offset=0)).hits) == 100

            return await sixteen_at_once(one, 64)

    async def floor() -> float:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one() -> None:
                body = orjson.dumps({"query": "q", "limit": 100, "offset": 0})
                async with session.post(f"{url}/search/assets", data=body) as reply:
                    assert len(orjson.loads(await reply.read())["hits"]) == 100

            return await sixteen_at_once(one, 400)

    return compared(
        {
            "ours": lambda: asyncio.run(ours()),
            "official": lambda: asyncio.run(official()),
            "floor": lambda: asyncio.run(floor()),
        }
    )


def blocking(port: int) -> dict[str, float]:
    """One blocking search; the floor is our own async call."""
    from scenario_sdk import Scenario as Official  # noqa: PLC0415

    url = f"http://127.0.0.1:{port}/v1"

    async def awaited() -> float:
        async with AsyncScenario(**KEYS, base_url=url) as client:
            began = time.perf_counter()
            for _ in range(100):
                await client.search.asset_search(query="q", limit=100)
            return (time.perf_counter() - began) / 100

    with Scenario(**KEYS, base_url=url) as ours, Official(**KEYS, base_url=url) as official:
        return compared(
            {
                "ours": timed(lambda: ours.search.asset_search(query="q", limit=100), 100),
                "official": timed(lambda: official.search.asset_search(query="q", limit=100, offset=0), 10),
                "floor": lambda: asyncio.run(awaited()),
            }
        )


def importing() -> dict[str, float]:
    """`import` in a fresh process, beyond the start of Python; the floor is `import aiohttp`."""

    def side(code: str) -> Side:
        measured = f"import time; b = time.perf_counter(); {code}; print(time.perf_counter() - b)"
        command = [sys.executable, "-c", measured]
        return lambda: float(subprocess.run(command, check=True, capture_output=True).stdout)

    return compared(
        {
            "ours": side("import scenario_async; scenario_async.preload()"),
            "official": side(
                "import scenario_sdk; scenario_sdk.AsyncScenario(api_key='a', api_secret='b').search"
            ),
            "floor": side("import aiohttp"),
        }
    )


def building() -> dict[str, float]:
    """A client, without its first request."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415

    return compared(
        {
            "ours": timed(lambda: AsyncScenario(**KEYS), 50),
            "official": timed(lambda: Official(**KEYS), 3),
        }
    )


def main() -> None:
    """Measure everything, print the table, and write the figures if asked to."""
    here = Path(__file__).parent
    with subprocess.Popen(
        [sys.executable, "server.py"], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        rows = {
            "decode a page of 100 hits": decoding(),
            "16 searches at once, 100 hits each": fanning_out(port),
            "blocking search, 100 hits (floor: our async call)": blocking(port),
            "import all (floor: aiohttp)": importing(),
            "build a client": building(),
        }
        server.communicate()
    print(f"{'':50} {'ours':>10} {'official':>10} {'floor':>10} {'x official':>11} {'of floor':>9}")
    for name, row in rows.items():
        ours, official, floor = row["ours"], row["official"], row.get("floor")
        shown = f"{floor * 1e3:8.3f}ms {floor / ours:9.2f}" if floor else ""
        print(f"{name:50} {ours * 1e3:8.3f}ms {official * 1e3:8.3f}ms {' ' * 0}{shown[:10]:>10} "
              f"{official / ours:10.1f}x {shown[10:]:>9}")  # fmt: skip
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
