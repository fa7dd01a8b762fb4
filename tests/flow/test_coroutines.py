"""A pager as a coroutine: what asyncio, anyio and people do with one."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from support.hits import assets
from support.servers import answers, paged

from scenario_async import AssetHit, AssetSearch, AsyncScenario, AsyncSearchPage, ScenarioError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.servers import Serve, Server

LIBRARY = assets(25)


@pytest.fixture
def server(serve: Serve) -> Server:
    """Give a server of 25 assets."""
    return serve(paged(LIBRARY))


@pytest.fixture
async def client(server: Server) -> AsyncGenerator[AsyncScenario]:
    """Give a client of it."""
    async with AsyncScenario(api_key="emulator", api_secret="emulator", base_url=server.base_url) as opened:
        yield opened


def _is_first_page(page: object) -> bool:
    return isinstance(page, AsyncSearchPage) and len(cast("AsyncSearchPage[AssetHit]", page).hits) == 20


async def test_it_is_one_to_tasks(client: AsyncScenario) -> None:
    """`create_task`, `TaskGroup`, `wait`, `wait_for`, `gather` and `shield` take it, and give the first page."""
    find = client.search.asset_search
    pager = find(query="a")
    assert isinstance(pager, Coroutine)
    assert asyncio.iscoroutine(pager)
    assert _is_first_page(await asyncio.create_task(pager))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(find(query=str(number)), name=str(number)) for number in range(3)]
    assert all(_is_first_page(task.result()) for task in tasks)
    done, _ = await asyncio.wait([asyncio.ensure_future(find(query="a"))])
    assert _is_first_page(done.pop().result())
    assert _is_first_page(await asyncio.wait_for(find(query="a"), 5))
    assert all(_is_first_page(page) for page in await asyncio.gather(find(query="a"), find(query="b")))
    assert _is_first_page(await asyncio.shield(find(query="a")))


def test_it_runs_by_itself(server: Server) -> None:
    """`asyncio.run` takes it."""
    client = AsyncScenario(api_key="emulator", api_secret="emulator", base_url=server.base_url)
    with asyncio.Runner() as runner:
        assert _is_first_page(runner.run(client.search.asset_search(query="a")))
        runner.run(client.aclose())


async def test_another_thread_can_hand_it_over(client: AsyncScenario) -> None:
    """`run_coroutine_threadsafe` takes it."""
    loop = asyncio.get_running_loop()

    def from_thread() -> Any:
        return asyncio.run_coroutine_threadsafe(client.search.asset_search(query="a"), loop).result(5)

    with ThreadPoolExecutor(1) as pool:
        assert _is_first_page(await loop.run_in_executor(pool, from_thread))


async def test_anyio_starts_it(client: AsyncScenario, server: Server) -> None:
    """`start_soon` of anyio takes a function that gives one."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: client.search.asset_search(query="a"))
        group.start_soon(client.search.run, AssetSearch(query="b"))
    assert sorted(request.body["query"] for request in server.requests) == ["a", "b"]


async def test_it_has_the_name_of_its_method(client: AsyncScenario) -> None:
    """Names of tasks in debuggers and logs come from it; it shows its search, and no address."""
    pager = client.search.model_search(query="a")
    assert (pager.__name__, pager.__qualname__) == ("model_search", "model_search")  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - as of other coroutines
    assert repr(pager) == "<SearchPager of ModelSearch(query='a')>"
    task = asyncio.create_task(pager)
    assert "model_search" in repr(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_task_ends_its_call(client: AsyncScenario, server: Server) -> None:
    """Cancelling reaches the request that is under way; the pager can be used again."""
    pager = client.search.asset_search(query="a")
    task = asyncio.create_task(pager)
    while not server.requests:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _is_first_page(await asyncio.create_task(pager))


async def test_a_second_task_gets_a_clear_error(client: AsyncScenario) -> None:
    """The first one is not disturbed."""
    pager = client.search.asset_search(query="a")
    first, second = asyncio.create_task(pager), asyncio.create_task(pager)
    with pytest.raises(
        RuntimeError, match="another task runs this pager already: make a pager for each task"
    ):
        await second
    assert _is_first_page(await first)


async def test_awaiting_and_tasks_can_follow_each_other(client: AsyncScenario) -> None:
    """A pager is a search, which may be sent again."""
    pager = client.search.asset_search(query="a")
    for _ in range(2):
        assert _is_first_page(await pager)
        assert _is_first_page(await asyncio.create_task(pager))


async def test_an_error_comes_out_of_its_task(serve: Serve) -> None:
    """The error of the call is the task's."""
    server = serve(answers({"hits": "none"}))
    async with AsyncScenario(api_key="emulator", api_secret="emulator", base_url=server.base_url) as client:
        with pytest.raises(ScenarioError, match="is no list"):
            await asyncio.create_task(client.search.asset_search(query="a"))


@pytest.mark.parametrize("made_by", ["a method", "a token"])
def test_one_that_is_never_used_says_so(made_by: str) -> None:
    """Like a coroutine that nobody awaits, with what to do."""
    client = AsyncScenario(api_key="a", api_secret="b")
    search = AssetSearch(query="cat")
    first = client.search.run(search)
    token = first.resume_token
    first.close()

    def forgets() -> None:
        if made_by == "a token":
            client.search.resume(token, search)
        else:
            client.search.asset_search(query="cat")

    with pytest.warns(
        RuntimeWarning, match=r"AssetSearch\(query='cat'\) was never sent: `await` its pager"
    ) as told:
        forgets()
    assert [warning.filename for warning in told] == [__file__]


async def test_one_that_was_used_or_closed_is_silent(client: AsyncScenario) -> None:
    """Awaiting, iterating, entering, running and closing are uses; so are a refused iteration and a task that never ran."""
    find = client.search.asset_search
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await find(query="a")
        async for _ in find(query="a"):
            break
        find(query="a").iter_pages()
        find(query="a").close()
        async with find(query="a"):
            pass
        asyncio.create_task(find(query="a")).cancel()
        with pytest.raises(ScenarioError, match="max_hits"):
            find(query="a").iter_hits(max_hits=-1)
        await asyncio.sleep(0)
        gc.collect()


def test_it_can_be_driven_by_hand(server: Server) -> None:
    """`send`, `throw` and `close` are those of a coroutine; without a loop of asyncio there is a way out."""
    client = AsyncScenario(api_key="emulator", api_secret="emulator", base_url=server.base_url)
    pager = client.search.asset_search(query="a")
    with pytest.raises(ScenarioError, match="needs a running event loop of asyncio; under trio"):
        pager.send(None)
    pager = client.search.asset_search(query="a")

    async def by_hand() -> None:
        with pytest.raises(KeyError, match="of the caller"):
            pager.throw(KeyError("of the caller"))
        assert pager.send(None) is not None  # it waits for the network
        pager.close()
        await client.aclose()

    asyncio.run(by_hand())


@pytest.mark.parametrize("begin", ["iter_hits", "iter_pages"])
def test_an_iteration_without_a_loop_of_asyncio_has_the_same_way_out(begin: str) -> None:
    """As under trio."""
    client = AsyncScenario(api_key="a", api_secret="b", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(ScenarioError, match="needs a running event loop of asyncio; under trio"):
        anext(getattr(client.search.asset_search(query="a"), begin)()).__await__().send(None)
