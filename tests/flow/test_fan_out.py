"""Many searches at once: order, limits, errors, memory, threads."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

import pytest
from support.hits import assets, model
from support.servers import Answer, Arrived, paged

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    FanOutEnd,
    FanOutError,
    FanOutHit,
    InvalidSearchError,
    ModelSearch,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from support.faces import Connect
    from support.servers import Serve

LIBRARY = assets(25)
IDS = [hit["id"] for hit in LIBRARY]


def _script(request: Arrived) -> Any:
    if request.body["query"] == "bad":
        return Answer({"reason": "bad"}, status=400)
    if request.path.endswith("models"):
        return {"hits": [model()], "limit": 100, "offset": 0}
    return paged(LIBRARY)(request)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
@pytest.mark.parametrize("order", ["completed", "submitted"])
def test_every_hit_of_every_search_comes_once(
    connect: Connect, serve: Serve, order: str, concurrency: int
) -> None:
    """Each search is read to its end; hits of one search keep their order."""
    face = connect(serve(_script).base_url)
    searches = [AssetSearch(query=str(number), limit=10) for number in range(12)]
    found = face.fan_out(searches, concurrency=concurrency, order=order)
    for index, search in enumerate(searches):
        own = [each for each in found if each.index == index]
        assert [each.hit.id for each in own if isinstance(each, FanOutHit)] == IDS
        assert all(each.search is search for each in own)
    if order == "submitted":
        assert [each.index for each in found] == sorted(each.index for each in found)


def test_mixed_kinds_and_a_limit_for_each(connect: Connect, serve: Serve) -> None:
    """Searches of several kinds go together; `max_hits` counts for each."""
    face = connect(serve(_script).base_url)
    found = face.fan_out([AssetSearch(query="a"), ModelSearch(query="m"), AssetSearch(query="b")], max_hits=2)
    assert sorted((each.index, each.hit.id) for each in found if isinstance(each, FanOutHit)) == [
        (0, IDS[0]), (0, IDS[1]), (1, "model_1"), (2, IDS[0]), (2, IDS[1]),
    ]  # fmt: skip


def test_no_searches_give_no_hits(connect: Connect, serve: Serve) -> None:
    """An empty input ends at once."""
    assert connect(serve(_script).base_url).fan_out([]) == []


@pytest.mark.parametrize("order", ["completed", "submitted"])
def test_an_error_is_raised_as_itself(connect: Connect, serve: Serve, order: str) -> None:
    """The first error ends the fan-out, not wrapped in a group."""
    face = connect(serve(_script).base_url)
    searches = [AssetSearch(query="a"), AssetSearch(query="bad"), AssetSearch(query="c")]
    with pytest.raises(BadRequestError, match="bad"):
        face.fan_out(searches, order=order)


@pytest.mark.parametrize("order", ["completed", "submitted"])
@pytest.mark.parametrize("on_error", ["raise", "yield"])
def test_each_end_can_be_an_item(connect: Connect, serve: Serve, order: str, on_error: str) -> None:
    """With `ends=True` each search says when it is finished, how many hits it gave and why, also where it found none."""

    def script(request: Arrived) -> Any:
        return {"hits": []} if request.body["query"] == "none" else _script(request)

    face = connect(serve(script).base_url)
    words = ["all", "none", "some"] + ["bad"] * (on_error == "yield")
    searches = [AssetSearch(query=word, limit=10) for word in words]
    options = {"order": order, "on_error": on_error, "ends": True}
    found = face.fan_out(searches, **options)
    ends = {each.index: each for each in found if isinstance(each, FanOutEnd)}
    assert {index: (end.hits, end.stopped_because) for index, end in ends.items()} == {
        0: (25, "exhausted"), 1: (0, "empty_page"), 2: (25, "exhausted"),
    }  # fmt: skip
    for index, end in ends.items():
        own = [each for each in found if each.index == index]
        assert own[-1] is end
        assert len(own) == end.hits + 1
        assert end.search is searches[index]
    assert [each.index for each in found if isinstance(each, FanOutError)] == [3] * (on_error == "yield")
    limited = face.fan_out(searches[:1], **options, max_hits=3)
    assert isinstance(limited[-1], FanOutEnd)
    assert (limited[-1].hits, limited[-1].stopped_because) == (3, "max_hits")


def test_ends_are_asked_for(connect: Connect, serve: Serve) -> None:
    """By default there are hits alone; what is no bool is refused at the call."""
    face = connect(serve(_script).base_url)
    found = face.fan_out([AssetSearch(query="a")])
    assert [type(each) for each in found] == [FanOutHit] * 25
    with pytest.raises(InvalidSearchError, match="ends is 'yes'"):
        face.fan_out([], ends="yes")


@pytest.mark.parametrize("order", ["completed", "submitted"])
def test_an_error_can_be_an_item(connect: Connect, serve: Serve, order: str) -> None:
    """With `on_error="yield"` the others go on."""
    face = connect(serve(_script).base_url)
    searches = [AssetSearch(query="a"), AssetSearch(query="bad"), AssetSearch(query="c")]
    found = face.fan_out(searches, order=order, on_error="yield")
    errors = [each for each in found if isinstance(each, FanOutError)]
    assert [(each.index, each.search, type(each.error)) for each in errors] == [
        (1, searches[1], BadRequestError)
    ]
    assert len(found) == 51


@pytest.mark.parametrize(
    "options", [{"concurrency": 0}, {"max_hits": -1}, {"order": "random"}, {"on_error": "ignore"}]
)
def test_options_are_checked_at_the_call(connect: Connect, serve: Serve, options: dict[str, Any]) -> None:
    """A wrong option is refused before anything is sent."""
    server = serve(_script)
    with pytest.raises(InvalidSearchError, match=next(iter(options))):
        connect(server.base_url).fan_out([AssetSearch(query="a")], **options)
    assert server.requests == []


def test_what_is_no_search_is_refused(connect: Connect, serve: Serve) -> None:
    """A query text in place of a search value is an error, also with `on_error="yield"`."""
    wrong: Any = ["knight"]
    with pytest.raises(InvalidSearchError, match="AssetSearch"):
        connect(serve(_script).base_url).fan_out(wrong, on_error="yield")


@pytest.mark.parametrize("order", ["completed", "submitted"])
def test_searches_are_read_only_as_places_free_up(connect: Connect, serve: Serve, order: str) -> None:
    """An input far larger than the memory is no problem: it is read on demand."""
    server = serve(_script)
    ahead: list[int] = []

    def endless() -> Iterator[AssetSearch]:
        for number in range(40):
            ahead.append(number - len(server.requests))
            yield AssetSearch(query=str(number), limit=100)

    found = connect(server.base_url).fan_out(endless(), concurrency=4, order=order)
    assert len(found) == 40 * 25
    assert max(ahead) <= 5


def test_the_sync_client_reads_its_input_in_the_calling_thread(serve: Serve) -> None:
    """A database cursor, which belongs to its thread, can feed a fan-out."""
    database = sqlite3.connect(":memory:")
    database.execute("create table words (word text)")
    database.executemany("insert into words values (?)", [(str(number),) for number in range(9)])
    rows = database.execute("select word from words")
    with Scenario(api_key="a", api_secret="b", base_url=serve(_script).base_url) as client:
        found = list(client.search.fan_out((AssetSearch(query=word) for (word,) in rows), max_hits=1))
    assert {each.search.query for each in found} == {str(number) for number in range(9)}
    database.close()


def test_an_error_of_the_input_passes_through(connect: Connect, serve: Serve) -> None:
    """What the caller's iterable raises reaches the caller."""

    def broken() -> Iterator[AssetSearch]:
        yield AssetSearch(query="a")
        raise LookupError("no more words")

    with pytest.raises(LookupError, match="no more words"):
        connect(serve(_script).base_url).fan_out(broken(), on_error="yield")


@pytest.mark.parametrize("order", ["completed", "submitted"])
async def test_a_cancellation_by_a_limiter_ends_the_fan_out(
    serve: Serve, order: Literal["completed", "submitted"]
) -> None:
    """A search that was cancelled from outside is neither lost nor waited for."""

    class Cancelling:
        async def acquire(self) -> None:
            raise asyncio.CancelledError

        def cool_down(self, seconds: float) -> None: ...

    address = serve(_script).base_url
    async with AsyncScenario(
        api_key="a", api_secret="b", base_url=address, rate_limit=Cancelling()
    ) as client:
        found = client.search.fan_out(
            [AssetSearch(query="a"), AssetSearch(query="b")], order=order, on_error="yield"
        )
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(anext(found), 20)


async def test_a_cancellation_by_the_input_ends_the_fan_out(serve: Serve) -> None:
    """An input whose own task was cancelled is over, and the taker hears of it."""

    async def searches() -> AsyncIterator[AssetSearch]:
        yield AssetSearch(query="a")
        raise asyncio.CancelledError

    async with AsyncScenario(api_key="a", api_secret="b", base_url=serve(_script).base_url) as client:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(anext(client.search.fan_out(searches())), 20)


async def test_an_async_input_that_is_slow_holds_nothing_up(serve: Serve) -> None:
    """Hits of the first search arrive while the next search is awaited."""
    arrived = asyncio.Event()

    async def searches() -> AsyncIterator[AssetSearch]:
        yield AssetSearch(query="a")
        await arrived.wait()
        yield AssetSearch(query="b")

    async with AsyncScenario(api_key="a", api_secret="b", base_url=serve(_script).base_url) as client:
        found: list[int] = []
        async for each in client.search.fan_out(searches()):
            found.append(each.index)
            arrived.set()
    assert found == [0] * 25 + [1] * 25


async def test_closing_cancels_what_is_under_way(serve: Serve) -> None:
    """After `break` no task is left and nothing more is asked for."""
    release = threading.Event()

    def script(request: Arrived) -> Any:
        if request.body["query"] != "0":
            release.wait(20)
        return paged(LIBRARY)(request)

    server = serve(script)
    async with AsyncScenario(api_key="a", api_secret="b", base_url=server.base_url) as client:
        before = asyncio.all_tasks()
        searches = [AssetSearch(query=str(number)) for number in range(30)]
        async with aclosing(client.search.fan_out(searches, concurrency=6)) as found:
            async for _ in found:
                break
        assert asyncio.all_tasks() == before
        async for _ in client.search.fan_out(searches, concurrency=6):
            break
        for _ in range(10):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
    release.set()
    assert len(server.requests) <= 12


def test_leaving_the_sync_fan_out_early_cancels_too(serve: Serve) -> None:
    """A closed generator leaves the client usable."""
    with Scenario(api_key="a", api_secret="b", base_url=serve(_script).base_url) as client:
        found = client.search.fan_out(AssetSearch(query=str(number), limit=1) for number in range(1000))
        assert next(found).hit.id == IDS[0]
        found.close()
        assert client.search.asset_search(query="x").hits


async def test_a_slow_consumer_stops_the_fetching(serve: Serve) -> None:
    """Of each search under way one page waits, and no more is asked for."""
    server = serve(_script)
    async with AsyncScenario(api_key="a", api_secret="b", base_url=server.base_url) as client:
        searches = [AssetSearch(query=str(number), limit=1) for number in range(4)]
        async with aclosing(client.search.fan_out(searches, concurrency=4)) as found:
            await anext(found)
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert len(server.requests) <= 4 + 1
