"""What a search leaves behind: nothing that only the garbage collector could free."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, answers, paged, serving

from scenario_async import AssetHit, AssetSearch, AsyncScenario, Hit, Scenario, ScenarioError
from scenario_async._calls.call import Call
from scenario_async._support.portal import portal

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.servers import Arrived

KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}
SEARCHES = [AssetSearch(query=str(number), limit=100) for number in range(40)]
EACH = 100


@contextmanager
def collector_off() -> Generator[int]:
    """Switch the collector off, after it has taken what there is, and tell how many hits are left alive."""
    gc.collect()
    gc.disable()
    try:
        yield alive()
    finally:
        gc.enable()


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """Let what is made once for all hits be there."""
    with serving(paged(assets(1))) as server, Scenario(**KEYS, base_url=server.base_url) as client:
        client.search.asset_search(query="q")


def alive() -> int:
    """Count the hits that are in memory."""
    return sum(isinstance(each, Hit) for each in gc.get_objects())


async def _fanned_out(client: AsyncScenario, order: Any) -> int:
    found = 0
    async for each in client.search.fan_out(SEARCHES, concurrency=16, max_hits=EACH, order=order):
        assert isinstance(each.hit, AssetHit)
        found += 1
    return found


async def _iterated(client: AsyncScenario, _: Any) -> int:
    found = 0
    async for _ in client.search.run(SEARCHES[0]).iter_hits(max_hits=4000, prefetch=3):
        found += 1
    return found


async def _fanned_out_blocked(base_url: str) -> int:
    def work() -> int:
        with Scenario(**KEYS, base_url=base_url) as client:
            return sum(1 for _ in client.search.fan_out(SEARCHES, concurrency=16, max_hits=EACH))

    return await asyncio.to_thread(work)


@pytest.mark.parametrize("order", ["completed", "submitted"])
@pytest.mark.parametrize("read", [_fanned_out, _iterated])
def test_no_hit_is_left_to_the_collector(read: Any, order: str) -> None:
    """4,000 hits come and go while the collector is off."""
    with serving(paged(assets(4000))) as server, collector_off() as before:

        async def main() -> int:
            async with AsyncScenario(**KEYS, base_url=server.base_url) as client:
                found: int = await read(client, order)
                return found

        assert asyncio.run(main()) == 4000
        assert alive() == before


def test_no_hit_of_a_blocking_fan_out_is_left_to_the_collector() -> None:
    """The same calls, over the loop of the portal."""
    with serving(paged(assets(4000))) as server, collector_off() as before:
        assert asyncio.run(_fanned_out_blocked(server.base_url)) == 4000
        assert alive() == before


@pytest.mark.parametrize("status", [200, 400, 503])
def test_a_client_goes_with_its_last_reference(status: int) -> None:
    """No call, whether it succeeded, failed, or was tried again, holds it in a cycle."""
    answer = Answer(b'{"hits": []}', status=status, headers={"retry-after-ms": "1"})

    async def main(base_url: str) -> weakref.ref[Any]:
        client = AsyncScenario(**KEYS, base_url=base_url)
        for _ in range(2):
            with suppress(ScenarioError):
                await client.search.asset_search(query="q")
        await client.aclose()
        return weakref.ref(vars(client)["_caller"])

    with serving(answers(answer)) as server, collector_off():
        assert asyncio.run(main(server.base_url))() is None


def test_a_fan_out_that_is_given_up_leaves_nothing() -> None:
    """Closed in the middle, it frees what was under way."""

    async def main(base_url: str) -> None:
        async with AsyncScenario(**KEYS, base_url=base_url) as client:
            fan_out = client.search.fan_out(SEARCHES, concurrency=8, max_hits=EACH)
            await anext(fan_out)
            await fan_out.aclose()

    with serving(paged(assets(4000))) as server, collector_off() as before:
        asyncio.run(main(server.base_url))
        assert alive() == before


class _Failing:
    """A limiter that lets nobody pass."""

    async def acquire(self) -> None:
        raise LookupError("no place")

    def cool_down(self, seconds: float) -> None: ...


@pytest.mark.parametrize("options", [{"coalesce": True}, {"deadline": 0.05}, {"rate_limit": _Failing()}])
def test_no_failure_holds_its_call(options: dict[str, Any]) -> None:
    """A call that failed goes with its error, however it failed."""
    release = threading.Event()

    def script(_: Arrived) -> Answer:
        release.wait(0.2 if "deadline" in options else 0)
        return Answer({"reason": "bad"}, status=400)

    def calls() -> int:
        return sum(isinstance(each, Call) for each in gc.get_objects())

    async def main(base_url: str) -> int:
        before = calls()  # of tests that ran in this process earlier
        async with AsyncScenario(**KEYS, base_url=base_url, **options) as client:
            for _ in range(3):
                with suppress(ScenarioError, LookupError):
                    await client.search.asset_search(query="q")
            await asyncio.sleep(0)
            return calls() - before

    with serving(script) as server, collector_off():
        assert asyncio.run(main(server.base_url)) == 0


def test_a_sync_fan_out_is_collected_on_the_thread_of_the_portal(recwarn: pytest.WarningsRecorder) -> None:
    """Where a finaliser may not wait, what is under way ends soon."""

    def collect(_: object) -> None:
        gc.collect()

    async def others() -> int:
        return len(asyncio.all_tasks()) - 1

    with (
        serving(paged(assets(300))) as server,
        Scenario(**KEYS, base_url=server.base_url, on_request=collect) as client,
        collector_off(),
    ):
        found = client.search.fan_out(SEARCHES, concurrency=4)
        next(found)
        in_a_cycle: list[Any] = [found]
        in_a_cycle.append(in_a_cycle)
        del found, in_a_cycle
        client.search.asset_search(query="q")
        for _ in range(200):
            if portal.run(others) == 0:
                break
            time.sleep(0.01)
        assert portal.run(others) == 0
    assert not recwarn.list
