"""The emulator's lifetime: on the running loop, or on one of its own for code that has none."""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from scenario_async.emulator.access import Access
from scenario_async.emulator.answers import Answers
from scenario_async.emulator.app import Service
from scenario_async.emulator.arrivals import MOST_BYTES, RequestLog
from scenario_async.emulator.faults.base import Fault
from scenario_async.emulator.faults.chance import Chance
from scenario_async.emulator.faults.plan import FaultPlan
from scenario_async.emulator.library import Library
from scenario_async.emulator.quota import Quota, quota_of
from scenario_async.emulator.rules import USUAL, Engine
from scenario_async.emulator.signatures import Signatures

_LAST_PORT: Final = 65535
_BACKLOG: Final = 128
_TURNS: Final = 5
"""The turns of a loop from a connection's acceptance until its server knows it, and can close it."""
_EXTRA: Final = ("numpy", "PIL")
# The application tells of its own failures; what is left is what clients send that is no HTTP.
_UNHEARD: Final = logging.Logger("scenario_async.emulator", logging.CRITICAL)  # noqa: LOG001 - one of nobody's, which nobody hears
# Where to connect to an emulator that listens at every address.
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing listens there for that


class Emulator:
    """A search service in this process, with the service's own semantics.

    `async with Emulator() as emulator:` serves on the running loop at `emulator.base_url`;
    `with Emulator().running() as base_url:` serves from a thread. Port 0 takes any free port. One emulator
    serves once at a time, and may be started again. A `host` that other machines reach needs `allow_remote`.
    `seed` chooses the sample library, if no other library is given, and everything that goes by chance; the
    library may be changed while it is served. `engine` is how it searches, where the service may have chosen otherwise.

    `rate_limit` is True for the documented 100 requests a minute and project, another number a minute, or a
    `Quota`. Answers take `latency` seconds and up to `jitter` more; `failure_rate` is the share of searches
    that fail by chance. `faults` is what the first searches meet: a fault or a script, see `FaultPlan`.
    `requests_kept` is how many requests are remembered, and `request_bytes_kept` how many bytes of their bodies.

    With `urls_expire_after`, the addresses of pictures are signed anew in each answer and open nothing after so many
    seconds; `expire_urls` ends those that were given so far. `pictures_port` serves the pictures at a port of their own,
    as the service does at a host of their own; `requests` has those as well.
    """

    def __init__(
        self,
        library: Library | None = None,
        *,
        api_key: str = "emulator",
        api_secret: str = "emulator",  # noqa: S107 - what it lets in, not what protects anything
        bearer_tokens: Iterable[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
        max_total_hits: int = 1000,
        engine: Engine = USUAL,
        seed: int = 0,
        requests_kept: int = 10_000,
        request_bytes_kept: int = MOST_BYTES,
        rate_limit: bool | int | Quota | None = None,
        latency: float = 0.0,
        jitter: float = 0.0,
        failure_rate: float = 0.0,
        faults: Fault | str = "",
        urls_expire_after: float | None = None,
        pictures_port: int | None = None,
    ) -> None:
        if missing := [name for name in _EXTRA if find_spec(name) is None]:
            raise ImportError(
                f'the emulator needs {", ".join(missing)}, of the extra "emulator"; '
                "in a clone of the repository, run: pip install '.[emulator]'",
                name=missing[0],
            )
        if not (allow_remote or is_loopback(host)):
            raise ValueError(
                f"host {host!r} lets other machines reach the emulator: pass allow_remote=True if they may"
            )
        if not isinstance(library, Library | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"library must be a Library, as Library.load(path) makes one, not {library!r}")
        if not (api_key and api_secret):
            raise ValueError("api_key and api_secret must be texts that are not empty: clients send both")
        if isinstance(bearer_tokens, str):
            raise TypeError("bearer_tokens must be several tokens, [token] for one, not a text")
        for name, number in (("port", port), ("pictures_port", pictures_port or 0)):
            if not 0 <= number <= _LAST_PORT:
                raise ValueError(f"{name} must be from 0 to {_LAST_PORT}, not {number!r}")
        if not isinstance(engine, Engine):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"engine must be an Engine, such as Engine(matching='all'), not {engine!r}")
        if max_total_hits < 0:
            raise ValueError(f"max_total_hits must be a number of hits from 0 up, not {max_total_hits!r}")
        self.library: Library = Library.sample(seed) if library is None else library
        self.requests: RequestLog = RequestLog(requests_kept, request_bytes_kept)
        """The newest requests, in the order of arrival, whatever the answer was."""
        self.faults: FaultPlan = FaultPlan(faults)
        """What the next searches meet."""
        self._signatures = None if urls_expire_after is None else Signatures(urls_expire_after)
        self._service = Service(
            library=self.library,
            access=Access(api_key=api_key, api_secret=api_secret, bearer_tokens=frozenset(bearer_tokens)),
            quota=quota_of(rate_limit),
            faults=self.faults,
            chance=Chance(seed, latency=latency, jitter=jitter, failure_rate=failure_rate),
            answers=Answers(self.library, max_total_hits, engine),
            requests=self.requests,
            signatures=self._signatures,
        )
        self._host = host
        self._port = port
        self._pictures_port = pictures_port
        self._runners: list[web.AppRunner] = []
        self._servers: list[asyncio.Server] = []
        self._origin = ""
        self._pictures = ""

    def __repr__(self) -> str:
        return f"<Emulator at {self.base_url}>" if self._origin else "<Emulator, not serving>"

    @property
    def base_url(self) -> str:
        """The address to give to a client; `RuntimeError` while the emulator is not serving."""
        if not self._origin:
            raise RuntimeError("the emulator is not serving: use `async with` or `running()`")
        return f"{self._origin}/v1"

    @property
    def pictures_url(self) -> str:
        """The origin that serves the pictures; `RuntimeError` while the emulator is not serving."""
        return self._pictures or self.base_url.removesuffix("/v1")

    def expire_urls(self) -> None:
        """Let every address of a picture that was given so far expire now."""
        if self._signatures is None:
            raise RuntimeError("the addresses of this emulator do not expire: pass urls_expire_after=seconds")
        self._signatures.expire_all()

    async def __aenter__(self) -> Self:
        if self._runners:
            raise RuntimeError(f"the emulator is serving already, at {self._origin}")
        try:
            if self._pictures_port is not None:
                self._pictures = await self._serve_at(self._service.delivery(), self._pictures_port)
            elsewhere = None if self._pictures_port is None else lambda: self._pictures
            self._origin = await self._serve_at(self._service.application(elsewhere), self._port)
        except BaseException:
            await self._stop()
            raise
        return self

    async def _serve_at(self, application: web.Application, port: int) -> str:
        """Serve at a port, and give the origin."""
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=_UNHEARD,
            auto_decompress=False,
            # The answer to a client that has gone away is not waited for, nor what runs at the stop.
            handler_cancellation=True,
            shutdown_timeout=0.05,
        )
        self._runners.append(runner)
        try:
            await runner.setup()
            assert runner.server is not None  # noqa: S101 - it was set up
            server = await asyncio.get_running_loop().create_server(
                runner.server, self._host, port, backlog=_BACKLOG
            )
        except OSError as error:
            named = isinstance(error, socket.gaierror) or not error.errno
            told = error.strerror or str(error) if named else os.strerror(error.errno or 0)
            raise OSError(error.errno, f"cannot serve at {self._host}:{port}: {told}") from None
        self._servers.append(server)
        bound, port = server.sockets[0].getsockname()[:2]
        host = _LOOPBACK.get(str(bound), str(bound))
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        runners, self._runners, self._origin, self._pictures = self._runners, [], "", ""
        servers, self._servers = self._servers, []
        # A server that is closed forgets the connections that it accepted a moment before.
        with suppress(NotImplementedError):  # on Windows
            for listening in [each for server in servers for each in server.sockets]:
                asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for server in servers:
            server.close()
        for runner in runners:
            await runner.cleanup()

    @contextmanager
    def running(self) -> Generator[str]:
        """Serve from a thread with a loop of its own, and give the base URL."""
        started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        thread = threading.Thread(target=self._serve, args=(started,), name="scenario-emulator", daemon=True)
        thread.start()
        try:
            base_url, loop, stop = started.result()
            try:
                yield base_url
            finally:
                loop.call_soon_threadsafe(stop.set)
        finally:
            thread.join()

    def _serve(self, started: "Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
        async def serve() -> None:
            stop = asyncio.Event()
            async with self:
                started.set_result((self.base_url, asyncio.get_running_loop(), stop))
                await stop.wait()

        # Debug mode would write to stderr about every callback that takes its time.
        with asyncio.Runner(debug=False) as runner:
            try:
                runner.run(serve())
            except BaseException as error:
                if started.done():
                    raise
                started.set_exception(error)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, as it is reached from itself alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
