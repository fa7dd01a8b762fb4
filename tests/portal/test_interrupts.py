"""Ctrl-C, as a terminal sends it: the call ends, the connection closes, the client goes on, nothing is printed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import attrs
import pytest
from support.hits import assets
from support.servers import Answer, Arrived, Server, serving

if TYPE_CHECKING:
    from collections.abc import Generator
    from http.server import BaseHTTPRequestHandler

pytestmark = pytest.mark.any_versions

PROGRAM = """
import asyncio, logging, sys
import aiohttp
from scenario_async import AssetSearch, RateLimit, Scenario

phase, base_url = sys.argv[1:]
logging.getLogger("asyncio").setLevel(logging.ERROR)  # development mode warns of each slow step


class SlowToClose(aiohttp.TCPConnector):
    def close(self, *, abort_ssl=False):
        async def closing():
            print("begun", flush=True)
            await asyncio.sleep(30)
        return closing()


class SlowToGiveUp:
    async def acquire(self):
        if phase == "twice":
            try:
                await asyncio.sleep(30)
            finally:
                await asyncio.sleep(3)

    def cool_down(self, seconds):
        pass


options = {}
if phase == "pace":
    options["rate_limit"] = RateLimit(requests=1, per=3.0)
if phase == "twice":
    options["rate_limit"] = SlowToGiveUp()
if phase == "close":
    options["session"] = lambda: aiohttp.ClientSession(connector=SlowToClose())
client = Scenario(api_key="a", api_secret="b", base_url=base_url, **options)


def search(query="hang"):
    return client.search.asset_search(query=query, limit=5)


def pace():
    search("good")
    print("begun", flush=True)
    search("good")


def twice():
    print("begun", flush=True)
    search("good")


def close():
    search("good")
    client.close()


def in_a_running_loop():
    async def notebook():
        search()
    loop = asyncio.new_event_loop()  # asyncio.run has an idea of its own of the first Ctrl-C
    try:
        loop.run_until_complete(notebook())
    finally:
        loop.close()


phases = {
    "search": search,
    "iteration": lambda: list(search("hang later").iter_hits()),
    "prefetching iteration": lambda: list(search("hang later").iter_pages(prefetch=3)),
    "fan-out": lambda: list(client.search.fan_out(AssetSearch(query="hang") for _ in range(20))),
    "retry wait": lambda: search("retry"),
    "request": lambda: client.request("POST", "/search/assets", json={"query": "hang"}),
    "running loop": in_a_running_loop,
    "pace": pace,
    "twice": twice,
    "close": close,
}
try:
    phases[phase]()
except KeyboardInterrupt:
    print("interrupted", flush=True)
if phase != "close":
    if phase == "twice":
        phase = "over"
    print(len(search("good").hits), flush=True)
"""


@attrs.define(eq=False)
class Scene:
    """A server, and what it noticed of hanging requests."""

    server: Server | None = None
    reached: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0))
    gone: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0))

    def script(self, request: Arrived) -> Any:
        """Answer, hang, or ask to come again."""
        query, offset = request.body["query"], request.body.get("offset", 0)
        if query == "retry":
            self.reached.release()
            return Answer({"reason": "later"}, status=503, headers={"retry-after": "30"})
        if query == "hang" or (query == "hang later" and offset >= 10):
            return Answer(behave=self._hang)
        return {"hits": assets(5, offset), "limit": 5, "offset": offset, "estimatedTotalHits": 500}

    def _hang(self, handler: BaseHTTPRequestHandler) -> None:
        self.reached.release()
        assert handler.rfile.read(1) == b""  # the client went away
        handler.close_connection = True
        self.gone.release()


@contextmanager
def _running(phase: str, base_url: str) -> Generator[subprocess.Popen[str]]:
    """Run the program; a terminal's Ctrl-C reaches it though this process may ignore it."""
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", PROGRAM, phase, base_url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def _ended(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """Read what is left; `communicate` would not see what came together with a line that was read before."""
    assert process.stdout is not None
    assert process.stderr is not None
    too_late = threading.Timer(20, process.kill)
    too_late.start()
    out, told = process.stdout.read(), process.stderr.read()
    too_late.cancel()
    return out.strip(), told, process.wait()


HANGING = ("search", "iteration", "prefetching iteration", "fan-out", "request", "running loop")


@pytest.mark.parametrize("phase", [*HANGING, "retry wait"])
def test_ctrl_c_ends_what_waits_for_the_service(phase: str) -> None:
    """It comes out within a second, the server sees the connections close, and the next search works."""
    scene = Scene()
    with serving(scene.script) as server, _running(phase, server.base_url) as process:
        assert scene.reached.acquire(timeout=20)
        time.sleep(0.1)  # for those that start several
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert _line(process.stdout) == "interrupted"
        assert time.monotonic() - began < 2
        if phase != "retry wait":
            assert scene.gone.acquire(timeout=5)
        assert _ended(process) == ("5", "", 0)
        assert server.in_flight == 0


def test_ctrl_c_ends_a_wait_for_the_pace() -> None:
    """The place in the line is free again, and the pace holds on."""
    with serving(Scene().script) as server, _running("pace", server.base_url) as process:
        assert _line(process.stdout) == "begun"
        time.sleep(0.2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert _line(process.stdout) == "interrupted"
        assert time.monotonic() - began < 2
        assert _ended(process) == ("5", "", 0)
        assert time.monotonic() - began > 2
        assert len(server.requests) == 2


def test_ctrl_c_ends_a_close_that_hangs() -> None:
    """Nobody has to wait for connections that do not want to close."""
    with serving(Scene().script) as server, _running("close", server.base_url) as process:
        assert _line(process.stdout) == "begun"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert _line(process.stdout) == "interrupted"
        assert time.monotonic() - began < 2
        assert process.wait(20) == 0


def test_a_second_ctrl_c_waits_for_nothing() -> None:
    """The first one lets what was called clean up; the second one comes out at once."""
    with serving(Scene().script) as server, _running("twice", server.base_url) as process:
        assert _line(process.stdout) == "begun"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert _line(process.stdout) == "interrupted"
        assert time.monotonic() - began < 2
        assert _ended(process) == ("5", "", 0)
