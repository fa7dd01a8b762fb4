"""A scan of a million assets through a window of 1,000: its requests, and what it holds of a hit; the server is in another process."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from typing import Final

import emulating
from sides import Figure

from scenario_async import AssetSearch, AsyncScenario, ScanReport

SIZE: Final = 1_000_000
OWN: Final = 0.7
"""The share of a sample that a search without `public` sees."""
WARM: Final = 100_000
"""After how many hits memory is looked at for the first time."""
PAGE: Final = 100


def peak() -> int:
    """Give the most bytes that this process has had in memory."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


async def scanned(url: str) -> tuple[ScanReport, float, float]:
    """Scan all; give the report, the bytes of a hit that the process grew by, and the seconds."""
    hits = warm = 0
    began = time.perf_counter()
    async with AsyncScenario(api_key="emulator", api_secret="emulator", base_url=url) as client:
        scan = client.search.scan(AssetSearch(filter="createdAt >= 2000"), prefetch=1)
        async for _ in scan:
            hits += 1
            if hits == WARM:
                warm = peak()
        assert scan.report.complete
        assert hits == scan.report.hits > 0.9 * OWN * SIZE
    return scan.report, (peak() - warm) / (hits - WARM), time.perf_counter() - began


def figures() -> list[Figure]:
    """Count the requests beside the fewest possible, and weigh a hit."""
    with emulating.serving(str(SIZE)) as served:
        report, weight, seconds = asyncio.run(scanned(served.url))
    print(f"scanned {report.hits:,} hits in {report.requests:,} requests and {seconds:.0f} s")
    return [
        Figure(
            name=f"requests of a scan of {SIZE:,} assets, to the fewest possible",
            value=report.requests / (report.hits / PAGE),
            goal=1.03,
            reach=1.01,
            at_least=False,
        ),
        Figure(name="memory that a scan holds of a hit", value=weight, goal=60, at_least=False, unit="B"),
    ]
