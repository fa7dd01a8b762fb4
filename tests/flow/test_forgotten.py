"""What is used before it is awaited, read by the wrong loop, or shared by threads; and what all that shows of itself."""

from __future__ import annotations

import asyncio
import inspect
import re
import ssl
import threading
from collections import Counter
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import create_autospec

import pytest
import trio
from support.hits import assets
from support.servers import answers, paged

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    ConfigurationError,
    InvalidSearchError,
    Scenario,
    ScenarioError,
)
from scenario_async.emulator import Emulator, Library, Quota
from scenario_async.testing import make_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path

    from support.servers import Serve

LIBRARY = assets(230)
SEARCH = AssetSearch(query="a")
KEYS: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}


@pytest.fixture
async def client(serve: Serve) -> AsyncGenerator[Any]:
    """Give a client of a server of 230 assets."""
    async with AsyncScenario(**KEYS, base_url=serve(paged(LIBRARY)).base_url) as opened:
        yield opened


def _calls(client: Any, page: Any) -> dict[str, Any]:
    """Make every call that is to be awaited, by the name that it has for itself."""
    return {
        "with_raw_response.asset_search": client.search.with_raw_response.asset_search(query="a"),
        "AsyncScenario.request": client.request("GET", "/assets/a"),
        "AsyncSearches.estimate": client.search.estimate(SEARCH),
        "AsyncSearches.export": client.search.export(SEARCH, "-"),
        "AsyncSearches.harvest": client.search.harvest([SEARCH], "all.sqlite"),
        "AsyncSearchPage.get_next_page": page.get_next_page(),
        "AsyncSearchPage.collect": page.collect(),
        "SearchPager.collect": client.search.run(SEARCH).collect(),
    }


@pytest.mark.filterwarnings("ignore:AssetSearch:RuntimeWarning")
async def test_a_call_that_was_not_awaited_says_so(client: Any) -> None:
    """Whatever its result is used for; and it shows its name."""
    for name, call in _calls(client, await client.search.run(SEARCH)).items():
        assert repr(call) == f"<coroutine {name}>"
        with pytest.raises(
            AttributeError, match=rf"{name}\(\) was not awaited, so it has no 'json': write `await`"
        ):
            call.json()
        for use in ("__iter__", "__getitem__", "__aiter__", "__enter__"):
            with pytest.raises(TypeError, match=rf"{re.escape(name)}\(\): write `await` before the call"):
                getattr(call, use)(0)
        assert not hasattr(call, "hits")
        call.close()


async def test_what_a_raw_reply_gives_is_awaited_as_well(client: Any) -> None:
    """As with the official SDK's, and as easily forgotten."""
    reply = await client.search.with_raw_response.run(SEARCH)
    for method in (reply.json, reply.parse, reply.read, reply.text):
        call = method()
        with pytest.raises(TypeError, match=rf"AsyncAPIResponse\.{method.__name__}\(\): write `await`"):
            call["hits"]
        call.close()
    assert len((await reply.json())["hits"]) == 20


async def test_a_call_is_a_coroutine_to_all_others(client: Any) -> None:
    """Tasks, task groups and mocks take it; errors and cancellations reach it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.search.with_raw_response.run(SEARCH))
        other = group.create_task(client.search.estimate(SEARCH))
    assert task.result().status_code == 200
    assert other.result().hits == 230
    assert "AsyncSearches.estimate" in repr(other)
    call: Any = client.search.estimate(SEARCH)
    assert inspect.isawaitable(cast("object", call))
    assert call.__name__ == "estimate"
    assert call.cr_running is False
    call.close()
    waiting = asyncio.ensure_future(client.search.estimate(SEARCH))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    mock: Any = create_autospec(client.request, return_value="made up")
    assert await mock("GET", "/assets/a") == "made up"


@pytest.mark.filterwarnings("error")
async def test_a_call_that_nobody_awaits_warns(client: Any) -> None:
    """As any coroutine does."""
    with pytest.warns(RuntimeWarning, match=r"coroutine 'AsyncScenario.request' was never awaited"):
        client.request("GET", "/assets/a")


async def test_with_in_place_of_async_with(client: Any) -> None:
    """A pager is left with `async with`."""
    pager = client.search.run(SEARCH)
    with pytest.raises(TypeError, match="SearchPager: write `async with` in place of `with`"), pager:
        pass
    pager.close()


async def test_for_in_place_of_async_for(client: Any, tmp_path: Path) -> None:
    """A fan-out and a download of the async client are read with `async for`."""
    for name, items in (
        ("AsyncSearches.fan_out", client.search.fan_out([SEARCH])),
        ("AsyncScenario.download", client.download([], tmp_path)),
    ):
        with pytest.raises(TypeError, match=rf"{name}\(\): write `async for` in place of `for`"):
            list(items)
    async for each in client.search.fan_out([SEARCH], max_hits=1):
        assert each.index == 0


def test_a_page_that_is_there_is_not_taken_for_one_to_await(serve: Serve) -> None:
    """What serves both clients asks so; Python's own message names the class, and with it the client."""
    with Scenario(**KEYS, base_url=serve(paged(LIBRARY)).base_url) as client:
        page: Any = client.search.run(SEARCH)

        async def wrong() -> None:
            await page

        with pytest.raises(TypeError, match="SyncSearchPage"):
            asyncio.run(wrong())
    assert not inspect.isawaitable(page)
    assert not isinstance(page, AsyncIterable)


def _gives(items: Any) -> Callable[[], Any]:
    async def first() -> Any:
        async for each in items():
            return each
        return None

    return first


@pytest.mark.filterwarnings("error")
@pytest.mark.filterwarnings("ignore:AssetSearch:RuntimeWarning")
@pytest.mark.parametrize(
    "name",
    ["await", "for", "prefetch", "fan_out", "download", "scan", "export", "harvest", "estimate", "collect", "request", "raw", "with", "aclose"],
)  # fmt: skip
def test_trio_is_told_of_the_other_client(name: str, tmp_path: Path) -> None:
    """Each way into the async client names `Scenario`, and leaves nothing behind that was never awaited."""
    client: Any = make_client([])
    search = client.search

    async def entered() -> None:
        async with client:
            pass

    async def awaited() -> Any:
        return await search.run(SEARCH)

    ways: dict[str, Callable[[], Any]] = {
        "await": awaited,
        "for": _gives(lambda: search.run(SEARCH)),
        "prefetch": _gives(lambda: search.run(SEARCH).iter_pages(prefetch=2)),
        "fan_out": _gives(lambda: search.fan_out([SEARCH])),
        "download": _gives(lambda: client.download([], tmp_path)),
        "scan": _gives(lambda: search.scan(AssetSearch(filter="kind = image"))),
        "export": lambda: search.export(SEARCH, tmp_path / "hits.jsonl"),
        "harvest": lambda: search.harvest([SEARCH], tmp_path / "all.sqlite"),
        "estimate": lambda: search.estimate(SEARCH),
        "collect": lambda: search.run(SEARCH).collect(),
        "request": lambda: client.request("GET", "/assets/a"),
        "raw": lambda: search.with_raw_response.run(SEARCH),
        "with": entered,
        "aclose": client.aclose,
    }

    async def main() -> Any:
        return await ways[name]()

    with pytest.raises(
        ScenarioError, match="under trio, and where no loop runs, use Scenario, in a thread of its own"
    ):
        trio.run(main)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("order", ["completed", "submitted"])
def test_several_threads_may_share_a_fan_out(serve: Serve, order: Any) -> None:
    """Each hit goes to one of them, and all of them end."""
    taken: Counter[tuple[int, str]] = Counter()
    failures: list[BaseException] = []
    with Scenario(**KEYS, base_url=serve(paged(LIBRARY)).base_url) as client:
        items = client.search.fan_out([SEARCH, AssetSearch(query="b")], order=order)

        def take() -> None:
            try:
                taken.update((item.index, item.hit.id) for item in items)
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                failures.append(error)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert failures == []
    assert taken == Counter((index, hit["id"]) for index in range(2) for hit in LIBRARY)


def test_a_fan_out_is_a_generator(serve: Serve) -> None:
    """`close`, `send` and `throw` do what they do to one, also from within its own input."""
    with Scenario(**KEYS, base_url=serve(paged(LIBRARY)).base_url) as client:
        items = client.search.fan_out([SEARCH])
        assert [next(items).hit.id, items.send(None).hit.id] == [hit["id"] for hit in LIBRARY[:2]]
        with pytest.raises(KeyError):
            items.throw(KeyError())
        assert list(items) == []
        ended = client.search.fan_out([SEARCH])
        next(ended)
        ended.close()
        assert list(ended) == []

        def feeding() -> Iterator[AssetSearch]:
            yield SEARCH
            next(own)

        own = client.search.fan_out(feeding(), max_hits=1)
        with pytest.raises(ValueError, match="already executing"):
            list(own)


@pytest.mark.filterwarnings("ignore:AssetSearch:RuntimeWarning")
async def test_no_place_in_memory_is_shown(client: Any, serve: Serve, tmp_path: Path) -> None:
    """Whatever somebody prints, at a prompt or in a log, is the same in the next run."""
    page = await client.search.run(SEARCH)
    pager = client.search.run(SEARCH)
    calls = _calls(client, page)
    shown = [pager, aiter(pager), aiter(page), pager.iter_pages(), client.search.fan_out([SEARCH])]
    shown += [client.download([], tmp_path), client.search.scan(SEARCH), aiter(client.search.scan(SEARCH))]
    with Scenario(**KEYS, base_url=serve(answers({"hits": []})).base_url) as blocking:
        shown += [
            blocking.search.fan_out([SEARCH]),
            blocking.download([], tmp_path),
            blocking.search.scan(SEARCH),
        ]
        shown += [iter(blocking.search.run(SEARCH)), blocking.search, blocking.search.with_raw_response]
    shown += [
        Emulator(),
        Library.sample(),
        Quota(30),
        Emulator().requests,
        client,
        client.search,
        *calls.values(),
    ]
    texts = [repr(each) for each in shown]
    assert [text for text in texts if " at 0x" in text] == []
    assert {
        "<AsyncSearches.fan_out>",
        "<SyncSearches.fan_out>",
        "<AsyncScenario.download>",
        "<Scenario.download>",
    } < {*texts}
    assert {
        "<AsyncIteration of AssetSearch(query='a')>",
        "<Emulator, not serving>",
        "Quota(30, per=60.0)",
    } < {*texts}
    async with Emulator() as emulator:
        assert repr(emulator) == f"<Emulator at {emulator.base_url}>"
    for call in calls.values():
        call.close()
    pager.close()


class Omit:
    """What stands for a value that is not given, elsewhere."""


def test_no_place_in_memory_is_in_a_message() -> None:
    """Objects that have no words of their own are shown by their class."""
    wrong: Any = Omit()
    with pytest.raises(
        InvalidSearchError, match=r"limit is <\S*Omit object>, but it must be an int; leave limit out"
    ):
        AssetSearch(query="x", limit=wrong)
    with pytest.raises(InvalidSearchError, match=r"sort_by is <\S*Omit object>, but") as caught:
        AssetSearch(query="x", sort_by=[wrong])
    assert " at 0x" not in str(caught.value)
    with pytest.raises(
        ConfigurationError, match=r"ssl is <ssl.SSLContext object>, but it must be a context for clients"
    ):
        Scenario(**KEYS, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with pytest.raises(ConfigurationError, match=r"rate_limit is <\S*Omit object>, but"):
        Scenario(**KEYS, rate_limit=wrong)
