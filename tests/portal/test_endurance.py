"""A thousand calls given up, in every phase of a call: no slot, place, task or connection stays behind."""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.hits import assets
from support.servers import paged, serving

from scenario_async import AssetSearch, AsyncScenario, RateLimit, Scenario, ScenarioError
from scenario_async._support.portal import portal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from scenario_async._endpoints import AsyncSearches

pytestmark = pytest.mark.long

KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}
MANY = 1000
SLOTS = 40


def _http(body: Any, status: str = "200 OK", *headers: str) -> bytes:
    content = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status}",
        "content-type: application/json",
        f"content-length: {len(content)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


@attrs.define(eq=False)
class Service:
    """A service on the test's own loop that can hold its answers back: `base_url`, and what is under way.

    `script` gives the bytes to answer a request's body with, or None to leave it unanswered.
    """

    base_url: str
    script: Any
    requests: int = 0
    open_connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.open_connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                body = json.loads(await reader.readexactly(length) or b"{}")
                self.requests += 1
                answer = self.script(body)
                if answer is not None:
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()


@asynccontextmanager
async def service(script: Any) -> AsyncGenerator[Service]:
    """Run such a service on a free port of the loopback."""
    running = Service("", script)
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0, backlog=256)
    running.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield running
    finally:
        server.close()


PAGE = _http({"hits": assets(1), "limit": 20, "offset": 0})


async def _cancelled(calls: list[asyncio.Task[Any]]) -> None:
    """Give calls up, and see that each of them ends so."""
    for call in calls:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in done] == [asyncio.CancelledError] * len(calls)


def _calls(client: AsyncScenario, count: int = MANY) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(client.request("POST", "/search/assets", json={})) for _ in range(count)]


async def _until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def _all_slots_are_free(client: AsyncScenario, running: Service) -> None:
    """As many calls as there are slots are on their way at once, and the one after them waits."""
    begun = running.requests
    running.script = _silence
    calls = _calls(client, SLOTS + 1)
    await _until(lambda: running.requests - begun == SLOTS)
    await asyncio.sleep(0.05)
    assert running.requests - begun == SLOTS
    await _cancelled(calls)
    running.script = _good
    assert len((await client.search.asset_search(query="q")).hits) == 1


def _good(_: Any) -> bytes:
    return PAGE


def _silence(_: Any) -> None:
    pass


def _later(_: Any) -> bytes:
    return _http({"reason": "later"}, "503 Later", "retry-after: 30")


def _half(_: Any) -> bytes:
    return PAGE[:-10]


@pytest.mark.parametrize(
    ("script", "under_way"), [(_silence, SLOTS), (_half, SLOTS), (_later, MANY)]
)  # fmt: skip
async def test_calls_cancelled_while_they_queue_and_wait_for_a_reply(script: Any, under_way: int) -> None:
    """Before the head, within the body, and between attempts: with most of them in the line for a slot."""
    async with (
        service(script) as running,
        AsyncScenario(
            **KEYS, base_url=running.base_url, max_concurrency=SLOTS, retry_budget=False, timeout=30
        ) as client,
    ):
        tasks = asyncio.all_tasks()
        calls = _calls(client)
        await _until(lambda: running.requests == under_way)
        await asyncio.sleep(0.05)
        await _cancelled(calls)
        await _until(lambda: running.open_connections == 0 or under_way == MANY)
        await _all_slots_are_free(client, running)
        await _until(lambda: len(asyncio.all_tasks() - tasks) <= running.open_connections)


async def test_calls_cancelled_while_they_connect() -> None:
    """A handshake that is never answered holds no slot once it is given up."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0, backlog=256)
    mute = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    context = ssl.create_default_context()
    async with (
        service(_good) as running,
        AsyncScenario(**KEYS, base_url=mute, ssl=context, max_concurrency=SLOTS) as client,
    ):
        for _ in range(3):
            calls = _calls(client, MANY // 3)
            await asyncio.sleep(0.1)
            await _cancelled(calls)
        await _all_slots_are_free(client.with_options(base_url=running.base_url), running)
    server.close()


async def test_calls_cancelled_in_the_line_for_the_pace() -> None:
    """They take no place of the pace, and the turnstile lets the next ones through."""
    async with (
        service(_good) as running,
        AsyncScenario(
            **KEYS,
            base_url=running.base_url,
            max_concurrency=SLOTS,
            rate_limit=RateLimit(requests=5, per=5.0),
        ) as client,
    ):
        began = time.monotonic()
        calls = _calls(client)
        await _until(lambda: running.requests == 5)
        await asyncio.gather(*calls[:5])
        await _cancelled(calls[5:])
        assert time.monotonic() - began < 5
        await asyncio.gather(*_calls(client, 5))
        assert 5 <= time.monotonic() - began < 30
        assert running.requests == 10
        await _all_slots_are_free(client.with_options(rate_limit=RateLimit(requests=MANY)), running)


async def test_calls_cancelled_in_a_cool_down() -> None:
    """The cool-down goes on for those who come later, and ends for them."""
    limited = [_http({"reason": "slow down"}, "429 Slow", "retry-after-ms: 600")]

    def script(_: Any) -> bytes:
        return limited.pop() if limited else PAGE

    async with (
        service(script) as running,
        AsyncScenario(**KEYS, base_url=running.base_url, max_concurrency=SLOTS) as client,
    ):
        began = time.monotonic()
        first = _calls(client, 1)
        await _until(lambda: running.requests == 1)
        await asyncio.sleep(0.05)
        await _cancelled(first + _calls(client))
        assert running.requests == 1
        assert len((await client.search.asset_search(query="q")).hits) == 1
        assert 0.6 <= time.monotonic() - began < 8
        await _all_slots_are_free(client, running)


PAGES = AssetSearch(query="q", limit=5)
SEARCHES = [AssetSearch(query=f"{number}", limit=5) for number in range(50)]


def _begun(search: AsyncSearches, way: str) -> AsyncGenerator[object]:
    if way == "hits":
        return search.run(PAGES).iter_hits(prefetch=6)
    if way == "pages":
        return search.run(PAGES).iter_pages(prefetch=6)
    return search.fan_out(SEARCHES, order="completed" if way == "a fan-out" else "submitted")


@pytest.mark.parametrize("way", ["hits", "pages", "a fan-out", "a fan-out in order"])
async def test_breaking_out_leaves_no_task_and_no_request(way: str) -> None:
    """What was fetched ahead is given up a few turns later, and its connections are closed."""
    first = {"hits": assets(5), "limit": 5, "offset": 0, "estimatedTotalHits": 500}
    asked: set[str] = set()

    def script(body: Any) -> bytes | None:  # the first page of the first search, and nothing after it
        if body.get("offset") or asked:
            return None
        asked.add(body["query"])
        return _http(first)

    async with service(script) as running, AsyncScenario(**KEYS, base_url=running.base_url) as client:
        before = asyncio.all_tasks()
        async for _ in _begun(client.search, way):
            await _until(lambda: running.requests > 1)
            break
        gc.collect()
        own = running.open_connections  # the service has a task for each of its connections
        await _until(lambda: len(asyncio.all_tasks() - before) <= running.open_connections)
        await _until(lambda: running.open_connections < own)
        running.script = _good
        assert len((await client.search.asset_search(query="q")).hits) == 1


async def _tasks_of_the_portal() -> int:
    return len(asyncio.all_tasks()) - 1


@pytest.mark.parametrize("closed", [True, False])
def test_breaking_out_of_a_blocking_iteration_leaves_nothing(*, closed: bool) -> None:
    """Closed or forgotten: the loop in the thread has nothing to do any more."""
    with serving(paged(assets(500))) as server, Scenario(**KEYS, base_url=server.base_url) as client:
        page = client.search.asset_search(query="q", limit=5)
        for iteration in (
            page.iter_hits(prefetch=5),
            page.iter_pages(prefetch=5),
            client.search.fan_out(SEARCHES),
        ):
            for _ in iteration:
                break
            if closed:
                iteration.close()
        del iteration
        gc.collect()
        ends = time.monotonic() + 5
        while portal.run(_tasks_of_the_portal) and time.monotonic() < ends:
            time.sleep(0.01)
        assert portal.run(_tasks_of_the_portal) == 0
        assert client.search.asset_search(query="q").hits


def test_a_client_closed_while_fifty_threads_use_it() -> None:
    """Each of them gets its hits or an error of ours, soon."""
    outcomes: list[str] = []

    def use(client: Scenario) -> None:
        try:
            while True:
                assert len(client.search.asset_search(query="q", limit=5).hits) == 5
        except ScenarioError as error:
            outcomes.append(str(error))

    with serving(paged(assets(60))) as server:
        client = Scenario(**KEYS, base_url=server.base_url, max_retries=1)
        threads = [threading.Thread(target=use, args=(client,), daemon=True) for _ in range(50)]
        for thread in threads:
            thread.start()
        while len(server.requests) < 100:
            time.sleep(0.01)
        client.close()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
    assert len(outcomes) == 50
    assert all("closed" in outcome for outcome in outcomes)
    assert portal.run(_tasks_of_the_portal) == 0


def test_a_client_closed_on_another_loop_than_it_was_used_on() -> None:
    """The connections of the other loop close on that loop, soon and in silence."""
    with serving(paged(assets(60))) as server:
        client = AsyncScenario(**KEYS, base_url=server.base_url)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        async def use() -> Any:
            await client.search.asset_search(query="q")
            return (await client._caller.pool.sessions()).kept_alive  # pyright: ignore[reportPrivateUsage]

        async def tasks() -> int:
            return len(asyncio.all_tasks()) - 1

        session = asyncio.run_coroutine_threadsafe(use(), loop).result(10)
        asyncio.run(client.aclose())
        ends = time.monotonic() + 5
        while not session.closed and time.monotonic() < ends:
            time.sleep(0.005)
        assert session.closed
        with pytest.raises(ScenarioError, match="closed"):
            asyncio.run_coroutine_threadsafe(use(), loop).result(10)
        assert asyncio.run_coroutine_threadsafe(tasks(), loop).result(10) == 0
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
