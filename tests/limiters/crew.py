"""Processes that share a limiter: what they do, and what they tell of it."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from emulator.records import PROJECT, asset

import scenario_async
from scenario_async import AsyncScenario
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from scenario_async import RateLimiter

SIZE = 4
_START: list[Any] = []

Crew: TypeAlias = Callable[..., list[Any]]
"""Runs a function of this module in every process at once, and gives what each returned."""


def library() -> Library:
    """Give one asset."""
    return Library([asset("asset_1")], project_id=PROJECT)


def begin(barrier: Any) -> None:
    """Load what the first search would."""
    _START.append(barrier)
    scenario_async.preload()


@contextmanager
def gathered() -> Generator[Crew]:
    """Start the processes; they end with the block."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(SIZE)
    with ProcessPoolExecutor(SIZE, mp_context=context, initializer=begin, initargs=(barrier,)) as pool:

        def together(task: Callable[..., Any], *arguments: Any) -> list[Any]:
            jobs = [pool.submit(_together, task, *arguments) for _ in range(SIZE)]
            return [job.result(60) for job in jobs]

        with Emulator(library()).running() as base_url:  # first searches take longer, on both sides
            together(search, None, base_url, 1)
        yield together


def _together(task: Callable[..., Any], *arguments: Any) -> Any:
    _START[0].wait(60)
    return task(*arguments)


def search(limiter: RateLimiter | None, base_url: str, times: int) -> int:
    """Search so many times at once, without a second attempt, and give how many were answered."""

    async def searches() -> int:
        async with AsyncScenario(
            api_key="emulator", api_secret="emulator", base_url=base_url, rate_limit=limiter, max_retries=0
        ) as client:
            pages = await asyncio.gather(
                *(client.search.asset_search(query="", limit=1) for _ in range(times))
            )
        return sum(bool(page.hits) for page in pages)

    return asyncio.run(searches())


def restless(limiter: RateLimiter, times: int) -> int:
    """Give up waiting at every moment that there is, and give how many were let go all the same."""

    async def waits() -> int:
        let_go = 0
        for number in range(times):
            wait = asyncio.ensure_future(limiter.acquire())
            for _ in range(number % 7):
                await asyncio.sleep(0)
            await asyncio.sleep(0.0005 * (number % 5))
            wait.cancel()
            await asyncio.wait([wait])
            let_go += not wait.cancelled()
        return let_go

    return asyncio.run(waits())


def in_threads(limiter: RateLimiter, threads: int, times: int) -> None:
    """Wait on several event loops at once, in a thread each."""

    async def waits() -> None:
        await asyncio.gather(*(limiter.acquire() for _ in range(times)))

    started = [threading.Thread(target=lambda: asyncio.run(waits())) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
