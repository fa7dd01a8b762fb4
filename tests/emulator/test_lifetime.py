"""The emulator's life: how it starts, stops, starts again, and what it says when it can't."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientConnectionError, ClientSession
from emulator.records import asset
from emulator.talk import Talk, basic

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from collections.abc import Generator


EVERYWHERE = "0.0.0.0"  # noqa: S104 - for a moment, and without anything to see


def small() -> Emulator:
    """Give an emulator of one asset."""
    return Emulator(Library([asset("asset_1")]))


async def answers(session: ClientSession, base_url: str) -> bool:
    """Tell whether a search at this address finds the one asset."""
    return await Talk(session, base_url).ids(query="") == ["asset_1"]


@pytest.fixture
def taken() -> Generator[int]:
    """Give a port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_it_serves_within_a_loop(session: ClientSession) -> None:
    """`async with` gives the emulator, which is at its base URL until the end."""
    emulator = small()
    async with emulator as entered:
        assert entered is emulator
        assert emulator.base_url.startswith("http://127.0.0.1:")
        assert emulator.base_url.endswith("/v1")
        base_url = emulator.base_url
        assert await answers(session, base_url)
    with pytest.raises(ClientConnectionError):
        await answers(session, base_url)


async def test_it_serves_from_a_thread(session: ClientSession) -> None:
    """`running()` gives the base URL, and leaves no thread behind."""
    emulator = small()
    with emulator.running() as base_url:
        assert base_url == emulator.base_url
        assert "scenario-emulator" in {thread.name for thread in threading.enumerate()}
        assert await answers(session, base_url)
    assert "scenario-emulator" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ClientConnectionError):
        await answers(session, base_url)


async def test_it_is_nowhere_while_it_does_not_serve() -> None:
    """The base URL is asked for too early, or too late."""
    emulator = small()
    with pytest.raises(RuntimeError, match="not serving"):
        _ = emulator.base_url
    async with emulator:
        pass
    with pytest.raises(RuntimeError, match="not serving"):
        _ = emulator.base_url


@pytest.mark.parametrize("rounds", [3])
async def test_it_can_be_started_again(session: ClientSession, rounds: int) -> None:
    """In either way, and the requests of all runs are kept."""
    emulator = small()
    for _ in range(rounds):
        async with emulator:
            assert await answers(session, emulator.base_url)
        with emulator.running() as base_url:
            assert await answers(session, base_url)
    assert len(emulator.requests) == 2 * rounds


async def test_it_serves_once_at_a_time(session: ClientSession) -> None:
    """A second start is refused and does the first one no harm."""
    emulator = small()
    async with emulator:
        with pytest.raises(RuntimeError, match=f"serving already, at {emulator.base_url[:-3]}"):
            await emulator.__aenter__()
        with pytest.raises(RuntimeError, match="serving already"), emulator.running():
            pass
        assert await answers(session, emulator.base_url)


async def test_several_serve_at_once(session: ClientSession) -> None:
    """Each has its own port and its own library."""
    library = Library([asset("asset_2")])
    with small().running() as first, Emulator(library).running() as second:
        async with small() as third:
            assert len({first, second, third.base_url}) == 3
            assert await answers(session, first)
            assert await Talk(session, second).ids(query="") == ["asset_2"]
            assert await answers(session, third.base_url)


async def test_a_port_of_choice(session: ClientSession, unused_tcp_port: int) -> None:
    """It serves where it is told to, and the port is free afterwards."""
    for _ in range(2):
        async with Emulator(Library([asset("asset_1")]), port=unused_tcp_port) as emulator:
            assert emulator.base_url == f"http://127.0.0.1:{unused_tcp_port}/v1"
            assert await answers(session, emulator.base_url)


async def test_an_address_of_the_newer_kind(session: ClientSession) -> None:
    """An IPv6 address has brackets in the base URL."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    async with Emulator(Library([asset("asset_1")]), host="::1") as emulator:
        assert emulator.base_url.startswith("http://[::1]:")
        assert await answers(session, emulator.base_url)


async def test_a_taken_port_is_an_error_that_names_it(taken: int) -> None:
    """So it is for both ways to start, and afterwards it can be tried again."""
    emulator = Emulator(Library(), port=taken)
    for _ in range(2):
        with pytest.raises(OSError, match=f"cannot serve at 127.0.0.1:{taken}: .*in use"):
            await emulator.__aenter__()
        with pytest.raises(OSError, match=f"cannot serve at 127.0.0.1:{taken}: .*in use"), emulator.running():
            pass
        with pytest.raises(RuntimeError, match="not serving"):
            _ = emulator.base_url


async def test_a_host_that_is_not_there_is_an_error_that_names_it() -> None:
    """As is a host of another machine."""
    with pytest.raises(OSError, match=r"cannot serve at 192\.0\.2\.1:0: "):
        await Emulator(Library(), host="192.0.2.1", allow_remote=True).__aenter__()


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "192.0.2.1", "emulator.example"])
def test_other_machines_are_let_in_only_on_purpose(host: str) -> None:
    """An address that others reach is refused with the way to allow it."""
    with pytest.raises(ValueError, match="lets other machines reach the emulator: pass allow_remote=True"):
        Emulator(Library(), host=host)


@pytest.mark.parametrize(
    ("keywords", "error", "told"),
    [
        (
            {"library": []},
            TypeError,
            r"library must be a Library, as Library.load\(path\) makes one, not \[\]",
        ),
        ({"library": "hits.json"}, TypeError, "library must be a Library"),
        ({"api_key": ""}, ValueError, "api_key and api_secret must be texts that are not empty"),
        ({"api_secret": None}, ValueError, "api_key and api_secret must be texts that are not empty"),
        ({"bearer_tokens": "token"}, TypeError, r"bearer_tokens must be several tokens, \[token\] for one"),
        ({"port": 70000}, ValueError, "port must be from 0 to 65535, not 70000"),
        ({"max_total_hits": -5}, ValueError, "max_total_hits must be a number of hits from 0 up, not -5"),
        ({"faults": 503}, TypeError, "faults must be a fault, such as faults.Status"),
    ],
)
def test_wrong_keywords_are_named(keywords: dict[str, Any], error: type[Exception], told: str) -> None:
    """Before anything is served, with the rule and the way out."""
    with pytest.raises(error, match=told):
        Emulator(**keywords)


async def test_a_name_that_nobody_knows_is_an_error_that_says_so() -> None:
    """And not a number of the resolver's."""
    emulator = Emulator(Library(), host="emulator.invalid", allow_remote=True)
    with pytest.raises(OSError, match=r"cannot serve at emulator\.invalid:0: ") as caught:
        await emulator.__aenter__()
    assert "Unknown error" not in str(caught.value)


async def test_what_is_no_http_makes_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    """It is refused, and the program around the emulator hears nothing of it."""
    async with Emulator(Library()) as emulator:
        host, port = emulator.base_url.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"NONSENSE\r\n\r\n")
        assert (await reader.read(12)).endswith(b" 400")
        writer.close()
    assert not caplog.records


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_is_let_in(host: str) -> None:
    """Loopback has many names."""
    assert Emulator(Library(), host=host).requests == []


@pytest.mark.parametrize(("host", "origin"), [(EVERYWHERE, "http://127.0.0.1:"), ("::", "http://[::1]:")])
async def test_every_address_is_reached_at_loopback(session: ClientSession, host: str, origin: str) -> None:
    """The base URL is one that can be connected to."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, 0), family=family).close()
    except OSError:
        pytest.skip(f"no {host} here")
    async with Emulator(Library([asset("asset_1")]), host=host, allow_remote=True) as emulator:
        assert emulator.base_url.startswith(origin)
        assert await answers(session, emulator.base_url)


async def test_other_faults_at_the_start_are_raised_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left half started."""

    async def cancelled(*args: Any) -> None:
        raise asyncio.CancelledError

    emulator = small()
    with monkeypatch.context() as patch:
        patch.setattr("aiohttp.web.AppRunner.setup", cancelled)
        with pytest.raises(asyncio.CancelledError):
            await emulator.__aenter__()
    async with emulator:
        assert emulator.base_url


@pytest.mark.parametrize("way", ["loop", "thread"])
async def test_a_fault_of_the_user_is_raised_as_it_is(way: str) -> None:
    """The emulator stops, and says nothing of its own."""
    emulator = small()

    async def fail() -> None:
        if way == "loop":
            async with emulator:
                raise ZeroDivisionError
        with emulator.running():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(RuntimeError, match="not serving"):
        _ = emulator.base_url


@pytest.mark.parametrize("way", ["loop", "thread"])
async def test_it_does_not_wait_for_idle_clients(session: ClientSession, way: str) -> None:
    """A connection that is kept alive doesn't keep it from stopping."""
    emulator = small()
    if way == "loop":
        await emulator.__aenter__()
        assert await answers(session, emulator.base_url)
        start = perf_counter()
        await emulator.__aexit__(None, None, None)
    else:
        with emulator.running() as base_url:
            assert await answers(session, base_url)
            start = perf_counter()
    assert perf_counter() - start < 10


async def test_it_does_not_wait_for_a_search_in_flight(session: ClientSession) -> None:
    """What still runs when it stops is cut off; aiohttp by itself would wait for a minute."""
    emulator = small()
    async with emulator:
        body = asyncio.Event()

        async def never() -> Any:
            yield b"{"
            body.set()
            await asyncio.Event().wait()

        sending = asyncio.create_task(
            session.post(
                f"{emulator.base_url}/search/assets", data=never(), headers={"Authorization": basic()}
            )
        )
        await body.wait()
        start = perf_counter()
    assert perf_counter() - start < 10
    with pytest.raises(ClientConnectionError):
        await sending


PROGRAM = """
import asyncio, json
from urllib.request import Request, urlopen
from base64 import b64encode
from scenario_async.emulator import Emulator

def ask(base_url, path="search/assets", **body):
    headers = {"Authorization": "Basic " + b64encode(b"emulator:emulator").decode()}
    with urlopen(Request(f"{base_url}/{path}", json.dumps(body).encode(), headers)) as reply:
        return json.load(reply)

def tour(base_url):
    hit = ask(base_url, query="knight", filter="kind = image")["hits"][0]
    with urlopen(hit["url"]) as reply:
        reply.read()
    assert ask(base_url, image=hit["id"], imageSemanticRatio=0)["hits"][0]["id"] == hit["id"]

with Emulator().running() as base_url:
    tour(base_url)

async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # a slow machine is no fault
    async with Emulator() as emulator:
        await asyncio.to_thread(tour, emulator.base_url)

asyncio.run(main())

async def disturbed():
    asyncio.get_running_loop().slow_callback_duration = 60
    async with Emulator(faults="drop, half, hang x2, drip pause=60") as emulator:
        asking = [asyncio.to_thread(ask, emulator.base_url, query="") for _ in range(5)]
        waiting = asyncio.gather(*asking, return_exceptions=True)
        while len(emulator.requests) < 5:
            await asyncio.sleep(0.01)
        # Apart from the others, a client goes away by itself.
        port = int(emulator.base_url.split(":")[2].split("/")[0])
        emulator.faults.add("hang")
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/search/assets HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 0\\r\\n\\r\\n")
        while len(emulator.requests) < 6:
            await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
    assert all(isinstance(answer, Exception) for answer in await waiting)

asyncio.run(disturbed())
print("done")
"""


def test_it_is_silent() -> None:
    """With every warning an error and Python's checks on, nothing is said, from the start to the end."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


@pytest.mark.parametrize("missing", [["numpy"], ["PIL"], ["numpy", "PIL"]])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, missing: list[str]) -> None:
    """What is not installed is named, with the line that installs it."""

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name in missing else importlib.util.find_spec(name, package)

    monkeypatch.setattr("scenario_async.emulator.server.find_spec", find_spec)
    with pytest.raises(ImportError) as caught:
        Emulator()
    assert caught.value.name == missing[0]
    assert str(caught.value) == (
        f'the emulator needs {", ".join(missing)}, of the extra "emulator"; '
        "in a clone of the repository, run: pip install '.[emulator]'"
    )


def test_importing_it_loads_none_of_the_extra() -> None:
    """Numpy and Pillow are loaded when a search first needs them."""
    program = (
        "import sys, scenario_async.emulator as e; e.Emulator(); print({'numpy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("turns", range(5))
async def test_connections_that_came_a_moment_before_its_end_are_closed(turns: int) -> None:
    """However far they have come: none is forgotten, which would warn of a socket that nobody closed."""
    loop = asyncio.get_running_loop()
    async with Emulator() as emulator:
        address = urlsplit(emulator.base_url)
        came = [socket.create_connection((address.hostname, address.port)) for _ in range(5)]
        for _ in range(turns):
            await asyncio.sleep(0)
    gc.collect()
    for each in came:
        each.settimeout(0)
        with each, suppress(ConnectionResetError):
            assert await asyncio.wait_for(loop.sock_recv(each, 1), 10) == b""
