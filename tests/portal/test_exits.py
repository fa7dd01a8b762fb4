"""The end of programs, of forks and of forgotten clients: silent, but for the one warning that helps."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, Arrived, Server, paged, serving

if TYPE_CHECKING:
    from collections.abc import Generator
    from http.server import BaseHTTPRequestHandler

pytestmark = pytest.mark.any_versions

BEGIN = """
import asyncio, atexit, gc, logging, multiprocessing, os, sys, threading, time
from scenario_async import AssetSearch, AsyncScenario, Scenario, ScenarioError

logging.getLogger("asyncio").setLevel(logging.ERROR)  # development mode warns of each slow step
options = dict(api_key="a", api_secret="b", base_url=sys.argv[1])
client = Scenario(**options)
searches = [AssetSearch(query=str(number), limit=5) for number in range(20)]

def find(client=client, query="q"):
    return client.search.asset_search(query=query, limit=5)

"""


@pytest.fixture
def server() -> Generator[Server]:
    """Serve sixty hits, and let a query for `slow` hang."""
    pages = paged(assets(60))

    def script(request: Arrived) -> Answer | dict[str, Any]:
        return Answer(behave=_hang) if request.body["query"] == "slow" else pages(request)

    with serving(script) as started:
        yield started


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # ends when the client goes away


def _run(program: str, server: Server, *warnings: str) -> subprocess.CompletedProcess[str]:
    rules = [part for rule in ("error", *warnings) for part in ("-W", rule)]
    command = [sys.executable, "-X", "dev", *rules, "-c", BEGIN + program, server.base_url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


ENDS = {
    "a client of the module, left open": "find(); print('done')",
    "a running iteration": "held = find().iter_hits(prefetch=3); next(held); print('done')",
    "an async iteration held in a global": """
async def main():
    global held, aclient
    aclient = AsyncScenario(**options)
    held = aclient.search.asset_search(query="q", limit=5).iter_pages(prefetch=3)
    await anext(held)
asyncio.run(main())
print('done')
""",
    "a fan-out held in a global": "held = client.search.fan_out(searches); next(held); print('done')",
    "an async fan-out held in a global": """
async def main():
    global held
    held = AsyncScenario(**options).search.fan_out(searches)
    await anext(held)
asyncio.run(main())
print('done')
""",
    "a pending task": """
async def main():
    global task
    aclient = AsyncScenario(**options)
    task = asyncio.create_task(aclient.request("POST", "/search/assets", json={"query": "slow"}))
    await asyncio.sleep(0.1)
asyncio.run(main())
print('done')
""",
    "a daemon thread within a call": """
def wait():
    try:
        find(client, "slow")
    except ScenarioError:
        pass
threading.Thread(target=wait, daemon=True).start()
time.sleep(0.2)
print('done')
""",
    "a daemon thread that goes on and on": """
def endless():
    try:
        while True:
            find()
    except ScenarioError:
        pass
for _ in range(5):
    threading.Thread(target=endless, daemon=True).start()
time.sleep(0.2)
print('done')
""",
    "a call at exit": "find(); atexit.register(lambda: print('done' if len(find().hits) == 5 else 'nothing'))",
    "a close at exit": "find(); atexit.register(client.close); print('done')",
    "a forked child": """
find()
child = os.fork()
if child == 0:
    find()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
find()
print('done')
""",
    "a forked child that uses nothing": """
find()
held = find().iter_hits(prefetch=2)
next(held)
child = os.fork()
if child == 0:
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print('done')
""",
    "inside a running loop, as in a notebook": """
async def notebook():
    global held
    held = find().iter_hits(prefetch=2)
    next(held)
    sys.exit(0 if print('done') is None else 1)
asyncio.run(notebook())
""",
    "an error that nobody catches": """
held = find().iter_pages(prefetch=2)
next(held)
print('done')
sys.excepthook = lambda *_: None
raise LookupError
""",
}


NEVER_CLOSED = ("an async fan-out held in a global", "a pending task")


@pytest.mark.parametrize("situation", ENDS)
def test_the_end_is_silent(server: Server, situation: str) -> None:
    """No warning, no destroyed task, no ignored exception, and not later than the program itself.

    A client that goes with a function or a task, though nobody closed it, may be told of.
    """
    left_open = "ignore:a client was dropped:ResourceWarning"
    done = _run(ENDS[situation], server, *([left_open] if situation in NEVER_CLOSED else []))
    assert done.stderr == ""
    assert done.stdout == "done\n"
    assert done.returncode == (1 if "nobody catches" in situation else 0)


FORGOTTEN = {
    "iterations of the blocking client": """
page = find()
for make in (lambda: page.iter_hits(prefetch=3), lambda: page.iter_pages(), lambda: client.search.fan_out(searches)):
    iteration = make()
    next(iteration)
    del iteration
    gc.collect()
del page
find()
client.close()
""",
    "iterations that never began": """
page = find()
page.iter_hits()
page.iter_pages(prefetch=2)
client.search.fan_out(searches)
gc.collect()
client.close()
""",
    "pagers of the async client": """
async def main():
    async with AsyncScenario(**options) as client:
        client.search.asset_search(query="q").iter_hits(prefetch=2)
        client.search.fan_out(searches)
        for make in (
            lambda: client.search.asset_search(query="q", limit=5).iter_hits(prefetch=3),
            lambda: client.search.asset_search(query="q", limit=5).iter_pages(prefetch=3),
            lambda: client.search.fan_out(searches),
        ):
            iteration = make()
            await anext(iteration)
            del iteration
            gc.collect()
            async with asyncio.timeout(10):
                while len(asyncio.all_tasks()) > 1:
                    await asyncio.sleep(0.005)
asyncio.run(main())
""",
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_forgotten_iterations_are_silent(server: Server, what: str) -> None:
    """Garbage collection closes them without a word."""
    done = _run(FORGOTTEN[what] + "\nprint('done')", server)
    assert done.stderr == ""
    assert done.stdout == "done\n"


TOLD = "ResourceWarning: a client was dropped with its connections open"
DROPPED = {
    "a client in use": (1, "del client, find"),
    "a client that was derived from, with the derived one": (
        1, "derived = client.with_options(timeout=5)\nfind(derived)\ndel client, derived, find",
    ),
    "a derived client alone": (0, "find(client.with_options(timeout=5))\ngc.collect()\nclient.close()"),
    "the first client, while a derived one is there": (
        0, "derived = client.with_options(timeout=5)\nfind(derived)\ndel client, find\ngc.collect()",
    ),
    "a closed client": (0, "client.close()\ndel client, find"),
    "a client left by `with`": (0, "with client:\n    pass\ndel client, find"),
    "a client that made no call": (0, "other = Scenario(**options)\ndel other"),
    "a client at the end of the program": (0, "pass"),
}  # fmt: skip


@pytest.mark.parametrize("what", DROPPED)
def test_a_dropped_client_is_told_of_once(server: Server, what: str) -> None:
    """Only where connections are open and nobody can close them any more, and before the program ends."""
    count, program = DROPPED[what]
    done = _run(f"find()\n{program}\ngc.collect()\ngc.collect()\nprint('done')", server, "always")
    assert done.stdout == "done\n"
    warned = [line for line in done.stderr.splitlines() if "Warning" in line]
    assert len(warned) == count
    assert all(TOLD in line for line in warned)
    assert all(word not in done.stderr for word in ("Unclosed", "unclosed", "destroyed", "ignored"))


def test_forks_in_the_middle_of_use(server: Server) -> None:
    """Children that are born while threads search get their own connections; the threads go on."""
    program = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads about is what this is about

stop = threading.Event()
found = []

def use():
    while not stop.is_set():
        found.append(len(find().hits))

def child():
    assert len(list(find().iter_hits(prefetch=2))) == 60
    with Scenario(**options) as other:
        assert len(find(other).hits) == 5

threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
context = multiprocessing.get_context("fork")
for _ in range(3):
    children = [context.Process(target=child) for _ in range(3)]
    for each in children:
        each.start()
    for each in children:
        each.join(20)
    assert [each.exitcode for each in children] == [0] * 3, [each.exitcode for each in children]
before = len(found)
while len(found) < before + 20:
    time.sleep(0.01)
stop.set()
for thread in threads:
    thread.join()
assert set(found) == {5}
client.close()
print('done')
"""
    done = _run(program, server)
    assert done.stderr == ""
    assert done.stdout == "done\n"
