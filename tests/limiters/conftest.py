"""A Redis of its own, four processes, and a limiter of either kind that nobody else shares."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import attrs
import pytest
from limiters.crew import Crew, gathered

from scenario_async.limiters import ProcessRateLimit

if TYPE_CHECKING:
    from pathlib import Path

    from scenario_async.limiters import RedisRateLimit

PASSWORD = "s3cr3t"


@attrs.define(eq=False)
class RedisServer:
    """A running `redis-server`, which may be stopped."""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it, if it runs."""
        self.process.terminate()
        self.process.wait(10)


Limiter: TypeAlias = "ProcessRateLimit | RedisRateLimit"
Shared: TypeAlias = Callable[..., Limiter]
"""Makes limiters that share one store, as several processes would, with the figures that is given."""


@pytest.fixture
def new_redis(tmp_path: Path) -> Generator[Callable[[], RedisServer]]:
    """Give the way to a Redis that only this test uses."""
    started: list[RedisServer] = []

    def start() -> RedisServer:
        started.append(_started(tmp_path))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Start a Redis for all tests, which keep apart by their keys."""
    server = _started(tmp_path_factory.mktemp("redis"))
    yield server.url
    server.stop()


@pytest.fixture(params=["process", "redis"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Shared:
    """Give the maker of limiters that share a store, of either kind."""
    if request.param == "process":
        return lambda *figures, **options: ProcessRateLimit(tmp_path / "quota.db", *figures, **options)
    url = request.getfixturevalue("redis_url")
    key = uuid4().hex

    def made(*figures: Any, **options: Any) -> Limiter:
        from scenario_async.limiters import RedisRateLimit  # noqa: PLC0415 - it needs an extra

        return RedisRateLimit(url, *figures, key=key, **options)

    return made


@pytest.fixture(scope="session")
def crew() -> Generator[Crew]:
    """Start four processes."""
    with gathered() as together:
        yield together


def _started(folder: Path) -> RedisServer:
    pytest.importorskip("redis", reason="the redis extra is not installed")
    command = shutil.which("redis-server")
    if command is None:
        pytest.skip("there is no redis-server on the PATH")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"--port {port} --bind 127.0.0.1 --requirepass {PASSWORD} --appendonly no --dir {folder}"
    process = subprocess.Popen([command, *options.split(), "--save", ""], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return RedisServer(f"redis://:{PASSWORD}@127.0.0.1:{port}/0", process)
    process.kill()
    process.wait(10)
    pytest.fail(f"redis-server did not start on port {port}: exit code {process.returncode}")
