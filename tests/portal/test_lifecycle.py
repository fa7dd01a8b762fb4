"""One client in many places: loops, threads, processes, and the end of the program."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from support.hits import assets
from support.servers import Answer, Server, paged, serving

from scenario_async import AssetSearch, AsyncScenario, Scenario, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Generator

KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}


@pytest.fixture
def server() -> Generator[Server]:
    """Serve sixty hits."""
    with serving(paged(assets(60))) as started:
        yield started


async def _first(client: AsyncScenario) -> str:
    return (await client.search.asset_search(query="q")).hits[0].id


def test_one_async_client_across_three_loops(server: Server) -> None:
    """`asyncio.run` may come and go."""
    client = AsyncScenario(**KEYS, base_url=server.base_url)
    assert [asyncio.run(_first(client)) for _ in range(3)] == ["asset_00000"] * 3


def test_one_async_client_on_loops_of_several_threads(server: Server) -> None:
    """Each loop has a session of its own, at the same time."""
    client = AsyncScenario(**KEYS, base_url=server.base_url)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(_first(client)))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["asset_00000"] * 5


def test_one_sync_client_in_fifty_threads(server: Server) -> None:
    """Threads share connections and the loop."""
    with Scenario(**KEYS, base_url=server.base_url) as client:
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda: found.append(client.search.asset_search(query="q").hits[0].id))
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == ["asset_00000"] * 50


def test_the_sync_client_inside_a_running_loop(server: Server) -> None:
    """A notebook may call it; it blocks the notebook's loop."""

    async def notebook() -> str:
        with Scenario(**KEYS, base_url=server.base_url) as client:
            return client.search.asset_search(query="q").hits[0].id

    assert asyncio.run(notebook()) == "asset_00000"


def test_a_fork_keeps_the_client(server: Server) -> None:
    """The child opens connections of its own; the parent's stay as they are."""
    with Scenario(**KEYS, base_url=server.base_url) as client:
        assert client.search.asset_search(query="q").hits
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if len(list(client.search.asset_search(query="q", limit=10))) == 60 else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.search.asset_search(query="q").hits


def test_a_spawned_process_gets_the_client_by_pickle(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys come from the child's environment."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "a")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "b")
    client = Scenario(base_url=server.base_url, timeout=7)
    code = (
        "import pickle, sys\n"
        "client = pickle.loads(sys.stdin.buffer.read())\n"
        "print(client.timeout, len(client.search.asset_search(query='q').hits))\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        input=pickle.dumps(client),
        capture_output=True,
        check=True,
    )
    assert done.stdout.split() == [b"7", b"20"]
    assert done.stderr == b""


@pytest.mark.parametrize("kind", [AsyncScenario, Scenario])
def test_credentials_stay_out_of_a_pickle(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They travel only where the client was told so."""
    for name in ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT"):
        monkeypatch.delenv(name, raising=False)
    options: dict[str, Any] = {
        "api_key": "k3y",
        "api_secret": "s3cr3t",
        "default_headers": {"X-Token": "t0ken"},
    }
    content = pickle.dumps(kind(**options, project_id="proj_x"))
    for secret in (b"k3y", b"s3cr3t", b"t0ken"):
        assert secret not in content
    with pytest.raises(ScenarioError, match="SCENARIO_SDK_API_KEY"):
        pickle.loads(content)  # noqa: S301 - our own
    monkeypatch.setenv("SCENARIO_SDK_JWT", "jwt")
    assert pickle.loads(content).project_id == "proj_x"  # noqa: S301 - our own
    whole = pickle.loads(pickle.dumps(kind(**options, pickle_credentials=True)))  # noqa: S301 - our own
    assert whole.default_headers == {"X-Token": "t0ken"}
    assert whole.api_key.in_plain_text == "k3y"


async def test_a_session_of_the_users_own_is_never_closed(server: Server) -> None:
    """It belongs to whoever made it, and binds the client to its loop."""
    async with aiohttp.ClientSession() as session:
        client = AsyncScenario(**KEYS, base_url=server.base_url, session=session)
        assert await _first(client) == "asset_00000"
        await client.aclose()
        assert not session.closed
        with pytest.raises(ScenarioError, match="pickled"):
            pickle.dumps(AsyncScenario(**KEYS, session=session))
        bound = AsyncScenario(**KEYS, base_url=server.base_url, session=session)
        await _first(bound)
        told = await asyncio.to_thread(_error_on_another_loop, bound)
        assert "another event loop" in told


def _error_on_another_loop(client: AsyncScenario) -> str:
    with pytest.raises(ScenarioError) as caught:
        asyncio.run(_first(client))
    return str(caught.value)


async def test_a_dropped_client_closes_its_connections(server: Server) -> None:
    """A client left open is told of, once, and what it had open is closed all the same."""
    client = AsyncScenario(**KEYS, base_url=server.base_url)
    await _first(client)
    session = (await client._caller.pool.sessions()).kept_alive  # pyright: ignore[reportPrivateUsage]
    left = [client]
    del client
    with pytest.warns(ResourceWarning, match="dropped with its connections open") as told:
        left.clear()
    assert len(told) == 1
    for _ in range(20):
        await asyncio.sleep(0.005)
        if session.closed:
            break
    assert session.closed


async def test_breaking_out_of_an_iteration_leaves_nothing(server: Server) -> None:
    """No task and no prefetch is left a few loop turns later."""
    async with AsyncScenario(**KEYS, base_url=server.base_url) as client:
        await _first(client)
        before = asyncio.all_tasks()
        pager = client.search.asset_search(query="q", limit=5)
        async for _ in pager.iter_hits(prefetch=6):
            break
        for _ in range(10):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
        async with client.search.asset_search(query="q", limit=5) as opened:
            iteration = opened.iter_pages(prefetch=6)
            await anext(iteration)
        assert asyncio.all_tasks() == before
        with pytest.raises(StopAsyncIteration):
            await anext(iteration)


LEFT_OPEN = "ignore:a client was dropped:ResourceWarning"
PROGRAM = """
import asyncio, logging, sys
logging.getLogger("asyncio").setLevel(logging.ERROR)  # development mode warns of each slow step
from scenario_async import AssetSearch, AsyncScenario, Scenario

options = dict(api_key="a", api_secret="b", base_url=sys.argv[1])
left_open = Scenario(**options)
held = left_open.search.fan_out(AssetSearch(query=str(number), limit=5) for number in range(20))
next(held)
print(left_open.search.asset_search(query="q").hits[0].id)
iteration = iter(left_open.search.asset_search(query="q", limit=5).iter_hits(prefetch=3))
print(next(iteration).id)

async def main():
    client = AsyncScenario(**options)
    print((await client.search.asset_search(query="q")).hits[0].id)
    async for hit in client.search.asset_search(query="q", limit=5).iter_hits(prefetch=4):
        break

asyncio.run(main())
asyncio.run(main())


async def fail(iterate):
    client = AsyncScenario(**options)
    async for _ in iterate(client.search):
        raise LookupError

searches = [AssetSearch(query=str(number), limit=5) for number in range(20)]
for iterate in (
    lambda search: search.fan_out(searches),
    lambda search: search.asset_search(query="q", limit=5).iter_hits(prefetch=2),
    lambda search: search.asset_search(query="q", limit=5).iter_pages(prefetch=2),
):
    try:
        asyncio.run(fail(iterate))
    except LookupError:
        pass
"""


def test_the_end_of_the_program_is_silent(server: Server) -> None:
    """In development mode nothing is told but that clients were left open, and that only where they were dropped."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-W", LEFT_OPEN, "-c", PROGRAM, server.base_url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.split() == ["asset_00000"] * 4


def test_closing_an_iteration_of_the_sync_client(server: Server) -> None:
    """A closed iteration ends, and the client goes on."""
    with Scenario(**KEYS, base_url=server.base_url) as client:
        with client.search.asset_search(query="q", limit=5).iter_hits(prefetch=3) as iteration:
            assert next(iteration).id == "asset_00000"
        assert list(iteration) == []
        assert client.search.asset_search(query="q").hits


def test_the_sync_client_refuses_to_block_its_own_loop() -> None:
    """A callback that runs on the client's loop must not wait for that loop."""

    async def token() -> str:
        return str(Scenario(**KEYS, base_url="http://127.0.0.1:1").search.asset_search(query="q"))

    def script(_: object) -> Answer:
        return Answer({"hits": []})

    with serving(script) as started, Scenario(bearer_auth=token, base_url=started.base_url) as client:
        with pytest.raises(ScenarioError) as caught:
            client.search.asset_search(query="q")
        assert "await it instead" in str(caught.value.__cause__)


@pytest.mark.parametrize("kind", [AsyncScenario, Scenario])
def test_a_copy_keeps_its_credentials(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copying is not pickling: nothing is read from the environment."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "other")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "other")
    client = kind(api_key="own", api_secret="own", base_url="http://127.0.0.1:1/v1")
    for twin in (copy.copy(client), copy.deepcopy(client), copy.deepcopy({"client": client})["client"]):
        assert type(twin) is kind
        assert twin.api_key.in_plain_text == "own"


def test_a_pickled_page_keeps_its_hits_and_says_how_to_go_on(server: Server) -> None:
    """Another process has no way to the service but a client of its own."""
    with Scenario(**KEYS, base_url=server.base_url) as client:
        page = client.search.asset_search(query="q", limit=20)
        twin = pickle.loads(pickle.dumps(page))  # noqa: S301 - our own
        assert [hit.id for hit in twin.hits] == [hit.id for hit in page.hits]
        with pytest.raises(ScenarioError, match="resume"):
            twin.get_next_page()
        assert client.search.resume(twin.resume_token, twin.search).hits[0].id == "asset_00020"


def test_a_factory_that_makes_no_session() -> None:
    """What is no session is refused by name."""

    async def factory() -> aiohttp.ClientSession:
        raise AssertionError("never awaited")

    for wrong in (lambda: 5, factory):
        with (
            Scenario(**KEYS, session=cast("Any", wrong)) as client,
            pytest.raises(ScenarioError, match="session"),
        ):
            client.search.asset_search(query="q")


async def test_a_session_that_is_closed_already() -> None:
    """It is told as such, and not as an error of another library."""
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(ScenarioError, match="closed"):
        await AsyncScenario(**KEYS, session=session).search.asset_search(query="q")


def test_dropped_clients_say_so_once_each(server: Server) -> None:
    """A client per function call, never closed, is one warning of ours each time, and none of aiohttp's."""
    code = (
        "import gc, sys\n"
        "from scenario_async import Scenario\n"
        "def find():\n"
        "    client = Scenario(api_key='a', api_secret='b', base_url=sys.argv[1])\n"
        "    return client.search.asset_search(query='q').hits[0].id\n"
        "for _ in range(3):\n"
        "    find()\n"
        "    gc.collect()\n"
        "print('done')\n"
    )
    command = [sys.executable, "-X", "dev", "-W", "always", "-c", code, server.base_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "done\n"
    warned = [line for line in done.stderr.splitlines() if "Warning" in line]
    assert len(warned) == 3
    assert all("ResourceWarning: a client was dropped with its connections open" in line for line in warned)
    assert "aiohttp" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_search_value_crosses_processes() -> None:
    """Searches pickle and compare."""
    search = AssetSearch(query="q", images={"like": ["asset_a"]}, sort_by=["createdAt:desc"])
    assert pickle.loads(pickle.dumps(search)) == search  # noqa: S301 - our own
