"""The blocking client for as long as Python runs: after the main thread's end, at exit, under other loops, within others' code."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.hits import assets
from support.servers import Server, paged, serving

if TYPE_CHECKING:
    from collections.abc import Generator

BEGIN = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

def told(what):
    print(what, len(find().hits), flush=True)

atexit.register(lambda: told("before") if "before" in sys.argv else None)

import logging
from scenario_async import Scenario

logging.getLogger("asyncio").setLevel(logging.ERROR)  # development mode warns of each slow step
KEYS = dict(bearer_auth=lambda: "token") if "token" in sys.argv else dict(api_key="a", api_secret="b")
client = Scenario(**KEYS, base_url=sys.argv[1].replace("127.0.0.1", "localhost"), deadline=20)

def find():
    return client.search.asset_search(query="q", limit=5)

if "warm" in sys.argv:
    find()
"""
"""A client that reaches its server by name; `warm` lets its loop run already, `token` signs with a plain callable."""

LATE = {
    "a thread after the main one": """
def late():
    threading.main_thread().join()
    time.sleep(0.2)
    told("late")
    told("again")
    print(sum(1 for _ in find().iter_hits(prefetch=2)))
threading.Thread(target=late).start()
""",
    "jobs of an executor": """
def late():
    time.sleep(0.2)
    told("late")
pool = ThreadPoolExecutor(1)
pool.submit(late)
pool.submit(lambda: told("again"))
pool.submit(lambda: print(sum(1 for _ in find().iter_hits(prefetch=2))))
""",
    "a handler at exit": """
atexit.register(lambda: print(sum(1 for _ in find().iter_hits(prefetch=2))))
atexit.register(told, "again")
atexit.register(told, "late")
""",
}


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Serve sixty hits."""
    with serving(paged(assets(60))) as started:
        yield started


def _run(program: str, server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", BEGIN + program, server.base_url, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [(), ("warm",), ("token",), ("warm", "token")])
@pytest.mark.parametrize("situation", LATE)
def test_calls_after_the_main_thread_has_ended(
    server: Server, situation: str, words: tuple[str, ...]
) -> None:
    """By host name, with plain token callables, over a loop that runs already or none yet, in silence."""
    done = _run(LATE[situation], server, *words)
    assert done.stderr == ""
    assert done.stdout.split() == ["late", "5", "again", "5", "60"]


@pytest.mark.parametrize("words", [("before",), ("before", "warm")])
def test_a_handler_at_exit_that_was_there_before_our_import(server: Server, words: tuple[str, ...]) -> None:
    """It runs after the loop has ended."""
    done = _run("", server, *words)
    assert (done.stdout.split(), done.stderr) == (["before", "5"], "")


@pytest.mark.parametrize("words", [(), ("warm",)])
def test_a_policy_that_changes_under_it(server: Server, words: tuple[str, ...]) -> None:
    """The loop goes on as it is, the next one is of the new kind, and the end is silent."""
    program = """
import asyncio, warnings
warnings.simplefilter("ignore", DeprecationWarning)
class Policy(asyncio.DefaultEventLoopPolicy):
    pass
asyncio.set_event_loop_policy(Policy())
told("late")
asyncio.set_event_loop_policy(None)
told("again")
"""
    done = _run(program, server, *words)
    assert (done.stdout.split(), done.stderr) == (["late", "5", "again", "5"], "")


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed")
@pytest.mark.parametrize("words", [(), ("warm",)])
def test_uvloop_installed_before_or_after_the_first_call(server: Server, words: tuple[str, ...]) -> None:
    """`uvloop.install()` is one line in many programs."""
    program = """
import uvloop, warnings
warnings.simplefilter("ignore", DeprecationWarning)
uvloop.install()
told("late")
"""
    done = _run(program, server, *words)
    assert (done.stdout.split(), done.stderr) == (["late", "5"], "")


def test_calls_of_signal_handlers_while_the_loop_starts(server: Server) -> None:
    """The handler interrupts the very call that starts the loop, and makes one itself."""
    program = """
import signal
from scenario_async._support.portal import portal
made = []
signal.signal(signal.SIGALRM, lambda *_: made.append(len(find().hits)))
for number in range(40):
    portal.stop()
    signal.setitimer(signal.ITIMER_REAL, 0.0001 + 0.0003 * (number % 10))
    find()
    while len(made) <= number:
        time.sleep(0.001)
print(len(made), set(made))
"""
    done = _run(program, server)
    assert (done.stdout.split(), done.stderr) == (["40", "{5}"], "")


def test_calls_of_finalisers_while_the_loop_starts(server: Server) -> None:
    """The collector may come at any allocation, also in the middle of a start."""
    program = """
import gc
from scenario_async._support.portal import portal
made = []
class Dropped:
    def __init__(self):
        self.itself = self
    def __del__(self):
        try:
            made.append(len(find().hits))
        except Exception as error:  # on the loop's own thread a blocking call is an error
            made.append(type(error).__name__)
gc.set_threshold(3, 2, 2)
for _ in range(30):
    portal.stop()
    Dropped()
    find()
gc.set_threshold(700, 10, 10)
gc.collect()
print(len(made))
"""
    done = _run(program, server)
    assert (done.stdout.split(), done.stderr) == (["30"], "")
