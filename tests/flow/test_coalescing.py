"""`coalesce=True`: identical searches that are in flight at once are one request."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, Arrived, Serve, Server, paged

from scenario_async import AsyncScenario, Scenario, ScenarioError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}
PAGES = paged(assets(60))


class Gate:
    """A script that answers nothing before it is opened, and then like any other."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.opened = threading.Event()
        self.answer = answer

    def __call__(self, request: Arrived) -> Answer | dict[str, Any]:
        """Wait, and answer."""
        assert self.opened.wait(10)
        return self.answer or PAGES(request)


@pytest.fixture
def gate() -> Gate:
    """Give a closed gate."""
    return Gate()


@pytest.fixture
def server(serve: Serve, gate: Gate) -> Server:
    """Serve what is behind the gate."""
    return serve(gate)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[AsyncScenario]:
    """Give a client that coalesces."""
    async with AsyncScenario(**KEYS, base_url=server.base_url, coalesce=True, max_retries=0) as opened:
        yield opened


async def arrived(server: Server, count: int) -> None:
    """Wait until so many requests came in, and for some more turns of the loop."""
    async with asyncio.timeout(10):
        while len(server.requests) < count:
            await asyncio.sleep(0.005)
    for _ in range(10):
        await asyncio.sleep(0)


async def first_page(client: AsyncScenario, query: str = "q") -> Any:
    """Search once."""
    return await client.search.asset_search(query=query)


async def test_identical_searches_are_one_request(server: Server, gate: Gate, client: AsyncScenario) -> None:
    """Each caller gets its own page, with lists of its own."""
    tasks = [asyncio.create_task(first_page(client)) for _ in range(20)]
    other = asyncio.create_task(first_page(client, "other"))
    await arrived(server, 2)
    gate.opened.set()
    pages = await asyncio.gather(*tasks)
    assert len((await other).hits) == 20
    assert sorted(body["query"] for body in server.bodies()) == ["other", "q"]
    assert all([hit.id for hit in page.hits] == [hit.id for hit in pages[0].hits] for page in pages)
    assert len({id(page) for page in pages}) == len({id(page.hits) for page in pages}) == 20


async def test_what_is_over_is_asked_anew(server: Server, gate: Gate, client: AsyncScenario) -> None:
    """It is no cache: only what is in flight is shared."""
    gate.opened.set()
    for _ in range(3):
        await first_page(client)
    assert len(server.requests) == 3


async def test_who_gives_up_leaves_the_others_alone(
    server: Server, gate: Gate, client: AsyncScenario
) -> None:
    """Also the one whose request it was."""
    tasks = [asyncio.create_task(first_page(client)) for _ in range(3)]
    await arrived(server, 1)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.wait(tasks[:2])
    gate.opened.set()
    assert len((await tasks[2]).hits) == 20
    assert tasks[0].cancelled()
    assert len(server.requests) == 1


async def test_when_all_give_up_so_does_the_request(
    server: Server, gate: Gate, client: AsyncScenario
) -> None:
    """And who comes right afterwards does not get the cancellation of those before."""
    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(first_page(client)) for _ in range(3)]
    await arrived(server, 1)
    for task in tasks:
        task.cancel()
    await asyncio.sleep(0)
    late = asyncio.create_task(first_page(client))
    await asyncio.wait(tasks)
    gate.opened.set()
    assert len((await late).hits) == 20
    assert len(server.requests) == 2
    async with asyncio.timeout(5):
        while asyncio.all_tasks() != before:
            await asyncio.sleep(0.005)


async def test_an_error_is_raised_to_each_as_its_own(
    server: Server, gate: Gate, client: AsyncScenario
) -> None:
    """Of the same class and text, with all that it carries, and no object in common."""
    gate.answer = Answer({"reason": "no"}, status=400, headers={"x-request-id": "req_1"})
    tasks = [asyncio.create_task(first_page(client)) for _ in range(5)]
    await arrived(server, 1)
    gate.opened.set()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert {(type(error).__name__, str(error), getattr(error, "request_id", None)) for error in errors} == {
        ("BadRequestError", str(errors[0]), "req_1")
    }
    assert len({id(error) for error in errors}) == 5
    assert len(server.requests) == 1


async def test_other_clients_and_other_requests_share_nothing(
    server: Server, gate: Gate, client: AsyncScenario
) -> None:
    """A derived client may have other keys, and a free request may do something."""
    derived = client.with_options(api_key="c", api_secret="d")
    tasks = [asyncio.create_task(first_page(each)) for each in (client, derived)]
    tasks += [
        asyncio.create_task(client.request("POST", "/search/assets", json={"query": "q"})) for _ in range(2)
    ]
    await arrived(server, 4)
    gate.opened.set()
    await asyncio.gather(*tasks)
    assert len({request.headers["authorization"] for request in server.requests}) == 2


async def test_it_is_off_by_default(server: Server, gate: Gate) -> None:
    """Each search is a request of its own."""
    async with AsyncScenario(**KEYS, base_url=server.base_url) as client:
        tasks = [asyncio.create_task(first_page(client)) for _ in range(3)]
        await arrived(server, 3)
        gate.opened.set()
        await asyncio.gather(*tasks)


def test_threads_of_the_blocking_client_share_too(server: Server, gate: Gate) -> None:
    """They run on one loop."""
    found: list[int] = []
    with Scenario(**KEYS, base_url=server.base_url, coalesce=True) as client:

        def find() -> None:
            found.append(len(client.search.asset_search(query="q").hits))

        threads = [threading.Thread(target=find) for _ in range(8)]
        for thread in threads:
            thread.start()
        asyncio.run(arrived(server, 1))
        threading.Event().wait(0.2)  # for the last of them to have joined
        gate.opened.set()
        for thread in threads:
            thread.join()
    assert found == [20] * 8
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", [1, "yes"])
def test_it_is_true_or_false(value: Any) -> None:
    """Anything else is refused by name."""
    with pytest.raises(ScenarioError, match="coalesce"):
        AsyncScenario(**KEYS, coalesce=value)
