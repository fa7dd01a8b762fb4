"""The blocking client for as long as Python runs: after the main thread's end, at exit, under other loops, within others' code."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.hits import assets
from support.programs import needs
from support.servers import Server, paged, serving

from scenario_async import AssetSearch, Scenario
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from collections.abc import Generator

BEGIN = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

def told(what):
    print(what, len(find().hits), flush=True)

at_the_end = []
atexit.register(lambda: [each() for each in at_the_end])
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


WHOLE = """
import tempfile
from pathlib import Path
from scenario_async import AssetSearch

def everything():
    folder = Path(tempfile.mkdtemp())
    search = AssetSearch(query="q", limit=25)
    print(sum(1 for _ in client.search.asset_search(query="q", limit=25).iter_hits()))
    print(sum(len(page.hits) for page in client.search.asset_search(query="q", limit=25).iter_pages(prefetch=2)))
    print(len(client.search.asset_search(query="q", limit=25).collect()))
    print(sum(1 for _ in client.search.fan_out([search, search])))
    print(client.search.export(search, folder / "all.jsonl").hits)
    print(client.search.harvest([search], folder / "all.sqlite").hits)
"""
"""What takes more than one call: whatever is under way between two of them has to live on."""


@pytest.mark.parametrize(
    "ending",
    [
        "threading.Thread(target=lambda: (threading.main_thread().join(), time.sleep(0.2), everything())).start()",
        "atexit.register(everything)",
        "at_the_end.append(everything)",
    ],
    ids=["a thread after the main one", "a handler at exit", "a handler that was there before our import"],
)
@pytest.mark.parametrize("words", [(), ("warm",)])
def test_what_takes_many_calls_is_whole(server: Server, ending: str, words: tuple[str, ...]) -> None:
    """Each hit comes, whatever has ended already, on a loop that runs on or on one of the calls' own."""
    done = _run(f"{WHOLE}\n{ending}", server, *words)
    assert done.stderr == ""
    assert done.stdout.split() == ["60", "60", "60", "120", "60", "60"]


def test_an_iteration_goes_on_after_the_loop_has_ended(server: Server) -> None:
    """It was begun before the end of the program, and goes on where it was, with pages asked for ahead or without."""
    program = """
begun = [find().iter_hits(), find().iter_hits(prefetch=2)]
taken = [len([next(each) for _ in range(7)]) for each in begun]
time.sleep(0.2)  # pages that were asked for ahead have come
at_the_end.append(lambda: print(*[7 + sum(1 for _ in each) for each in begun], *[each.stopped_because for each in begun]))
"""
    done = _run(program, server)
    assert (done.stdout.split(), done.stderr) == (["60", "60", "empty_page", "empty_page"], "")


def test_a_scan_goes_on_after_the_loop_has_ended() -> None:
    """A page that had come is not lost, and the proof stays one."""
    program = """
from scenario_async import AssetSearch
scan = client.search.scan(AssetSearch(filter="kind = image"), prefetch=1)
taken = len([next(scan) for _ in range(25)])
time.sleep(0.5)  # the page that was asked for ahead has come
at_the_end.append(lambda: print(taken + sum(1 for _ in scan), scan.report.complete))
"""
    with Emulator(Library.sample(3, size=900)).running() as base_url:
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", BEGIN.replace('api_key="a", api_secret="b"', 'api_key="emulator", api_secret="emulator"') + program, base_url],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        with Scenario(api_key="emulator", api_secret="emulator", base_url=base_url) as client:
            whole = sum(1 for _ in client.search.scan(AssetSearch(filter="kind = image")))
    assert whole > 200
    assert (done.stdout.split(), done.stderr) == ([str(whole), "True"], "")


def test_a_fan_out_whose_loop_has_ended_says_so(server: Server) -> None:
    """What was under way ended with the loop: it is an error of ours, and not a silent end."""
    program = """
from scenario_async import AssetSearch, ScenarioError
begun = client.search.fan_out([AssetSearch(query="q", limit=5)] * 9, concurrency=2)
next(begun)
def go_on():
    try:
        print(sum(1 for _ in begun))
    except ScenarioError as error:
        print("its event loop ended" in str(error))
at_the_end.append(go_on)
"""
    done = _run(program, server)
    assert (done.stdout.split(), done.stderr) == (["True"], "")


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


AMID = """
import os, signal
from scenario_async import AssetSearch, ScenarioError

def handler(*_):
    try:
        print(len(find().hits))
    except ScenarioError as error:
        print("preload()" in str(error))

signal.signal(signal.SIGUSR1, handler)

def interrupt(frame, event, _):
    if event == "call" and frame.f_code.co_name == "<module>" and frame.f_code.co_filename.endswith(module):
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGUSR1)

sys.setprofile(interrupt)
"""
"""A signal comes while a module is being imported on first use, and its handler makes a call."""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there is no such signal here")
@pytest.mark.parametrize("words", [(), ("warm",)])
@pytest.mark.parametrize(
    ("module", "call"),
    [
        (
            "_paging/fan_out.py",
            "print(sum(1 for _ in client.search.fan_out([AssetSearch(query='q', limit=5)])))",
        ),
        ("_support/moved.py", "print(hasattr(client.search, 'assets') or 60)"),
    ],
)
def test_a_handler_in_the_middle_of_an_import(
    server: Server, module: str, call: str, words: tuple[str, ...]
) -> None:
    """Its call is carried out, and nothing waits for ever for the lock of what is imported."""
    done = _run(f"module = {module!r}{AMID}{call}", server, *words)
    assert (done.stdout.split(), done.stderr) == (["5", "60"], "")


@needs("msgspec")
@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there is no such signal here")
def test_a_handler_in_the_middle_of_importing_what_it_needs_itself(server: Server) -> None:
    """What is half there serves no call: the error says what to do, and the call that was interrupted goes on."""
    done = _run(f"module = 'msgspec/__init__.py'{AMID}print(sum(1 for _ in find()))", server)
    assert (done.stdout.split(), done.stderr) == (["True", "60"], "")
