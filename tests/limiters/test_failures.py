"""Stores that fail, forks, pickles, secrets and open ends, with a real file and a real Redis."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest

from scenario_async import InvalidSearchError, ScenarioError
from scenario_async.limiters import ProcessRateLimit, _shared

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from limiters.conftest import RedisServer, Shared

PROGRAM = """
import asyncio, logging, os, pickle, sys, traceback

logging.getLogger("asyncio").setLevel(logging.ERROR)  # how slow a busy machine is does not matter

limiter = pickle.loads(sys.stdin.buffer.read())

async def take(times):
    for _ in range(times):
        await asyncio.wait_for(limiter.acquire(), 10)

async def full():
    try:
        await asyncio.wait_for(limiter.acquire(), 0.05)
    except TimeoutError:
        return
    sys.exit("more than the quota")

async def fork_meanwhile():
    await take(1)
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(take(1))
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        await asyncio.sleep(0.01)
    await take(1)

asyncio.run(take(1))
asyncio.run(fork_meanwhile())
asyncio.run(full())
"""


WAITING = """
import asyncio, logging, pickle, sys
from scenario_async import AsyncScenario

logging.getLogger("asyncio").setLevel(logging.ERROR)
limiter = pickle.loads(sys.stdin.buffer.read())

async def main():
    global waiting
    await limiter.acquire()
    client = AsyncScenario(api_key="a", api_secret="b", base_url="http://127.0.0.1:9/v1", rate_limit=limiter)
    search = client.search.asset_search(query="q")
    waiting = [asyncio.ensure_future(search.iter_pages().__anext__()) for _ in range(10)]
    await asyncio.sleep(0.2)

asyncio.run(main())
"""


@pytest.fixture
def redis_limiter() -> Any:
    """Give the class, where the extra is installed."""
    pytest.importorskip("redis", reason="the redis extra is not installed")
    from scenario_async.limiters import RedisRateLimit  # noqa: PLC0415 - it needs an extra

    return RedisRateLimit


def run(program: str, limiter: Any) -> tuple[int, str]:
    """Run a program with a limiter, and give its exit code and what it has to complain about."""
    strict = ("-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning")
    command = [sys.executable, *strict, "-c", program]
    done = subprocess.run(command, input=pickle.dumps(limiter), capture_output=True, timeout=60, check=False)
    return done.returncode, done.stderr.decode()


def test_a_forked_child_shares_the_quota_and_nothing_is_left_open(shared: Shared) -> None:
    """Parent and child take four places of four, over connections of their own, without a warning."""
    assert run(PROGRAM, shared(4, 3600)) == (0, "")


def test_a_program_that_ends_while_searches_wait_is_silent(shared: Shared) -> None:
    """The queue is tidied up before the event loop is closed."""
    assert run(WAITING, shared(1, 3600)) == (0, "")


def test_a_copy_by_pickle_shares_the_store(shared: Shared) -> None:
    """It keeps everything that it was told."""
    limiter = shared(1, 3600.0, on_failure="open")
    copied = pickle.loads(pickle.dumps(limiter))  # noqa: S301 - made on this very line
    assert repr(copied) == repr(limiter)
    asyncio.run(limiter.acquire())

    async def full() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(copied.acquire(), 0.05)

    asyncio.run(full())


async def test_redis_that_goes_away(
    new_redis: Callable[[], RedisServer], redis_limiter: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Closed fails and names the server without its password; open goes on."""
    server = new_redis()
    closed = redis_limiter(server.url, 5, 3600)
    opened = redis_limiter(server.url, 5, 3600, on_failure="open")
    await closed.acquire()
    server.stop()
    with pytest.raises(
        ScenarioError, match=r"Redis at 127\.0\.0\.1:\d+ cannot be kept.*on_failure"
    ) as caught:
        await closed.acquire()
    with pytest.raises(ScenarioError, match="cannot be kept"):
        await closed.cool_down(5)
    for _ in range(5):
        await opened.acquire()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(closed)
    assert "s3cr3t" not in told
    assert "goes on at its own pace" in caplog.text
    await closed.aclose()
    await opened.aclose()


async def test_redis_that_never_answers(redis_limiter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait ends with an error, whatever Redis does."""
    monkeypatch.setattr(_shared, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limiter = redis_limiter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with pytest.raises(ScenarioError, match=r"no answer within 0\.2 s"):
            await limiter.acquire()
        await limiter.aclose()


async def test_a_wrong_password_is_not_repeated(redis_url: str, redis_limiter: Any) -> None:
    """The error says what Redis said."""
    limiter = redis_limiter(redis_url.replace("s3cr3t", "h1dd3n"))
    with pytest.raises(ScenarioError, match="AuthenticationError") as caught:
        await limiter.acquire()
    assert "h1dd3n" not in "".join(traceback.format_exception(caught.value))
    await limiter.aclose()


@pytest.mark.parametrize("obstacle", ["folder", "missing", "foreign"])
async def test_a_file_that_cannot_be_used(
    tmp_path: Path, obstacle: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Closed fails and names the file; open goes on; a file of something else stays as it is."""
    path = tmp_path / "quota" / "file"
    if obstacle == "folder":
        path.mkdir(parents=True)
    elif obstacle == "foreign":
        path.parent.mkdir()
        path.write_bytes(b"a diary, and no database" * 100)
    with pytest.raises(ScenarioError, match=r"the file '.*file' cannot be kept: \w+Error: .*on_failure"):
        await ProcessRateLimit(path).acquire()
    await ProcessRateLimit(path, on_failure="open").acquire()
    assert "goes on at its own pace" in caplog.text
    if obstacle == "foreign":
        assert path.read_bytes() == b"a diary, and no database" * 100


@pytest.fixture
def locked(tmp_path: Path) -> Generator[Path]:
    """Give a quota file that another one has locked."""
    path = tmp_path / "locked"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield path


async def test_a_file_that_is_locked_holds_up_only_those_who_ask_it(locked: Path, tmp_path: Path) -> None:
    """Another file and a fork have nothing to wait for meanwhile, and the lock's end is noticed."""
    waiting = asyncio.ensure_future(ProcessRateLimit(locked).acquire())
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await ProcessRateLimit(tmp_path / "free").acquire()
    async with asyncio.timeout(10):
        forked = await asyncio.create_subprocess_exec(sys.executable, "-c", "", preexec_fn=lambda: None)
        await forked.wait()
    assert not waiting.done()
    assert time.monotonic() - began < 1.5, "the lock is waited for during 2 seconds"
    with pytest.raises(ScenarioError, match="database is locked"):
        await waiting


def test_a_lock_that_ends_is_waited_for(tmp_path: Path) -> None:
    """Processes that ask at one moment answer one after the other."""
    path = tmp_path / "quota"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        threading.Timer(0.2, other.rollback).start()
        asyncio.run(ProcessRateLimit(path).acquire())


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """What would take every row and keep none is refused."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ScenarioError, match="it is no regular file"):
        asyncio.run(ProcessRateLimit(tmp_path / "pipe").acquire())


async def test_a_client_of_the_users_own(redis_url: str, redis_limiter: Any) -> None:
    """It is used, never closed, never shown, and does not travel in a pickle."""
    from redis.asyncio import Redis  # noqa: PLC0415 - it needs an extra

    async with cast("Any", Redis).from_url(redis_url, decode_responses=True) as client:
        limiter = redis_limiter(client, 2, 3600, key="own")
        async with limiter:
            await limiter.acquire()
        await limiter.acquire()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire(), 0.05)
        assert await client.ping()
        assert "s3cr3t" not in repr(limiter)
        assert "127.0.0.1" in repr(limiter)
        with pytest.raises(ScenarioError, match="give it a URL"):
            pickle.dumps(limiter)


async def test_a_closed_limiter_opens_anew(redis_url: str, redis_limiter: Any) -> None:
    """`aclose` may come twice, and is no end."""
    limiter = redis_limiter(redis_url, key="again")
    for _ in range(2):
        await limiter.acquire()
        await limiter.aclose()
        await limiter.aclose()


@pytest.mark.parametrize(
    "url",
    ["redis://:pa/s3cr3t@host", "redis://:pa#s3cr3t@host", "redis://user:12/s3cr3t@host", "http://:s3cr3t@host",
     "s3cr3t"],
)  # fmt: skip
def test_an_unusable_url_is_refused_without_repeating_it(url: str, redis_limiter: Any) -> None:
    """It may hold a password, wherever one was put."""
    with pytest.raises(ScenarioError, match="redis is no URL like redis://") as caught:
        redis_limiter(url)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "value"),
    [("path", 5), ("path", ""), ("requests", 0), ("requests", "5"), ("per", -1), ("on_failure", "raise")],
)
def test_what_a_file_limiter_takes(tmp_path: Path, name: str, value: object) -> None:
    """What is wrong is refused by name."""
    options = {"path": tmp_path / "quota", name: value}
    with pytest.raises(InvalidSearchError, match=name):
        ProcessRateLimit(**cast("Any", options))


@pytest.mark.parametrize(("name", "value"), [("redis", 5), ("requests", 0), ("key", 5), ("on_failure", "no")])
def test_what_a_redis_limiter_takes(redis_limiter: Any, name: str, value: object) -> None:
    """What is wrong is refused by name."""
    with pytest.raises(InvalidSearchError, match=name):
        redis_limiter(**{"redis": "redis://localhost", name: value})


def test_without_the_extra() -> None:
    """The message says what to install, and the file's limiter is there all the same."""
    program = (
        "import sys; sys.modules['redis'] = sys.modules['redis.asyncio'] = None\n"
        "from scenario_async.limiters import ProcessRateLimit\n"
        "try:\n    from scenario_async.limiters import RedisRateLimit\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == (
        'RedisRateLimit needs redis, of the extra "redis"; '
        "in a clone of the repository, run: pip install '.[redis]'\n"
    )
