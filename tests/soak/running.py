"""The soak: many searches at once, for a while, of a service of which a tenth goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import attrs
from soak.outcomes import CANCELLED, Known, Tally
from soak.resources import Complaints, Held, Memory, taken_slots
from soak.searching import AsyncSearcher, SyncSearcher

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    F,
    ModelSearch,
    Scenario,
    Search,
    WorkflowSearch,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

SERVER: Final = Path(__file__).with_name("serving.py")
SEARCHERS: Final = 56
THREADS: Final = 8
LONGEST_ROUND: Final = 6.0
LEAST_ROUNDS: Final = 3
LIMITS: Final[dict[str, Any]] = {
    "api_key": "emulator",
    "api_secret": "emulator",
    "timeout": 0.5,
    "deadline": 10,
    "max_concurrency": 32,
}
SINCE: Final = 'createdAt > "2000"'
SEARCHES: Final[tuple[Search[Any], ...]] = (
    AssetSearch(filter=SINCE),
    AssetSearch(filter=SINCE, limit=75),
    AssetSearch(filter=F.kind == "image", hits_per_page=60),
    AssetSearch(filter=F.width >= 1024, sort_by=["createdAt:desc"], limit=10),
    AssetSearch(query="castle", limit=20),
    ModelSearch(filter=SINCE, limit=15),
    WorkflowSearch(filter=SINCE),
)
# What a run of some length may keep more at its end, for caches that fill late.
MORE_BLOCKS: Final = 3000
MORE_BYTES: Final = 4 * 2**20


@attrs.frozen
class Report:
    """What a soak found."""

    tally: Tally
    seconds: float
    before: Held
    after: Held
    memory: Sequence[Memory]
    breaches: Sequence[str]

    def growth(self) -> tuple[float, float]:
        """Give by how many blocks and bytes the last third of the rounds lies above the second."""
        third = len(self.memory) // 3
        second, last = self.memory[third : 2 * third], self.memory[2 * third :]
        blocks = median(each.blocks for each in last) - median(each.blocks for each in second)
        resident = median(each.resident for each in last) - median(each.resident for each in second)
        return blocks, resident

    def lines(self) -> Iterator[str]:
        """Write the table."""
        tally, (blocks, resident) = self.tally, self.growth()
        rows: list[tuple[str, object]] = [
            ("searches", f"{tally.searches:,} in {self.seconds:.1f} s"),
            *((f"  {outcome}", f"{times:,}") for outcome, times in tally.outcomes.most_common()),
            ("requests", f"{tally.requests:,}"),
            ("retries", f"{tally.retries:,}"),
            ("tasks", f"{self.before.tasks} -> {self.after.tasks}"),
            ("file descriptors", f"{self.before.descriptors} -> {self.after.descriptors}"),
            ("sockets", f"{self.before.sockets} -> {self.after.sockets}"),
            ("memory", f"{self.memory[-1].resident / 2**20:.1f} MiB, {self.memory[-1].blocks:,} blocks"),
            ("  last third above second", f"{resident / 2**20:+.2f} MiB, {blocks:+,.0f} blocks"),
        ]
        return (f"{name:<32}{value}" for name, value in rows)


async def soak(seconds: float, seed: int) -> Report:
    """Search for so long, and give what was found."""
    complaints = Complaints()
    complaints.listen()
    tally = Tally()
    with _serving(seed) as server, ThreadPoolExecutor(THREADS) as threads:
        before = Held.now()
        options: dict[str, Any] = {**LIMITS, **tally.hooks(), "base_url": server.base_url}
        began = time.monotonic()
        async with AsyncScenario(**options) as client:
            with Scenario(**options, max_retries=0) as blocking:  # so that failures are seen, too
                patient = client.with_options(timeout=30, deadline=60).search
                known = [Known(search, [hit.id async for hit in patient.run(search)]) for search in SEARCHES]
                server.go_wrong()
                run = _Run(known, client, blocking, tally, threads, seed)
                memory = await run.rounds(seconds)
        after = await Held.settled(before)
    report = Report(
        tally, time.monotonic() - began, before, after, memory, [*tally.breaches, *complaints.told]
    )
    return attrs.evolve(report, breaches=[*report.breaches, *_excesses(report)])


class _Server:
    """The emulator's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.base_url = self._line()

    def go_wrong(self) -> None:
        """Let a tenth of the searches fail from now on."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def _serving(seed: int) -> Generator[_Server]:
    command = [sys.executable, str(SERVER), str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield _Server(process)
        process.communicate()  # closes its input, which ends it


@attrs.frozen
class _Run:
    known: Sequence[Known]
    client: AsyncScenario
    blocking: Scenario
    tally: Tally
    threads: ThreadPoolExecutor
    seed: int

    async def rounds(self, seconds: float) -> list[Memory]:
        """Go through rounds, with a rest after each: what is held then is held for nothing."""
        number = max(LEAST_ROUNDS, round(seconds / LONGEST_ROUND))
        memory: list[Memory] = []
        resting = Held.now().tasks
        for each in range(number):
            await self._round(each, seconds / number)
            await asyncio.sleep(0.05)
            if (tasks := (await self._rested(resting))) > resting:
                self.tally.breach(f"round {each}: {tasks - resting} tasks are left over")
            if taken := await taken_slots(self.client, self.blocking):
                self.tally.breach(f"round {each}: {taken} slots were not given back")
            memory.append(Memory.now(self.tally.searches))
        return memory

    async def _rested(self, resting: int) -> int:
        until = time.monotonic() + 2
        while (tasks := Held.now().tasks) > resting and time.monotonic() < until:
            await asyncio.sleep(0.02)
        return tasks

    async def _round(self, number: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        loop = asyncio.get_running_loop()
        seeds = [f"{self.seed} {number} {each}" for each in range(SEARCHERS + THREADS)]
        blocking = [
            SyncSearcher(self.known, Random(text), self.tally, client=self.blocking)
            for text in seeds[SEARCHERS:]
        ]
        searchers = [
            AsyncSearcher(self.known, Random(text), self.tally, client=self.client)
            for text in seeds[:SEARCHERS]
        ]
        await asyncio.gather(
            *(searcher.run(until) for searcher in searchers),
            *(loop.run_in_executor(self.threads, searcher.run, until) for searcher in blocking),
        )


def _excesses(report: Report) -> Iterator[str]:
    if report.after != report.before:
        yield f"held before {report.before}, and still held after {report.after}"
    if not all(report.tally.outcomes[each] for each in ("answered", "left early", CANCELLED)):
        yield f"an outcome never came: {dict(report.tally.outcomes)}"
    blocks, resident = report.growth()
    if blocks > MORE_BLOCKS:
        yield f"memory grows: {blocks:,.0f} blocks more in the last third of the rounds than in the second"
    if resident > MORE_BYTES:
        yield f"memory grows: {resident / 2**20:.1f} MiB more in the last third of the rounds than in the second"
