"""The explorer's server: it checks who asks before it looks at what is asked, and ends at once when it is to end."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import socket
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import attrs
from aiohttp import web

from scenario_async._tables.texts import json_text
from scenario_async.client import AsyncScenario
from scenario_async.explore.desk import MOST_BYTES, Desk
from scenario_async.explore.finds import Finds
from scenario_async.explore.guard import HOST, Guard
from scenario_async.explore.meter import Meter
from scenario_async.explore.page import page_of, policy
from scenario_async.explore.picks import Exported

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from scenario_async import RateLimit

PORT: Final = 8910
"""Where it is, unless that is taken or another one is named."""
_NEIGHBOURS: Final = 20
_GRACE: Final = 0.05
_TURNS: Final = 5
"""The turns of a loop from a connection's acceptance until its server knows it."""
_FORBIDDEN: Final = "This is somebody's explorer. Open the whole address that it printed when it started.\n"
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_KEPT: Final = {"Cache-Control": "private, max-age=3600"}
_log: Final = logging.getLogger(__name__)


def bound(port: int | None) -> socket.socket:
    """Give a socket at a port of the loopback: the one that is named, or the first free one from the usual one on.

    Raises `OSError` where the named one is taken.
    """
    wanted: Sequence[int] = [*range(PORT, PORT + _NEIGHBOURS), 0] if port is None else [port]
    for number in wanted:
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":  # where it would let two listen at one port
            # Connections of an explorer that has just ended keep nobody from its port.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, number))
            taken.listen(128)
        except OSError as error:
            taken.close()
            if error.errno != errno.EADDRINUSE or number == wanted[-1]:
                raise
        else:
            return taken
    raise AssertionError  # the last one raises by itself


@attrs.frozen(eq=False)
class Service:
    """What answers requests: a guard, a page, and a desk."""

    guard: Guard
    desk: Desk
    page: str

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, or refuse it before anything else looks at it."""
        rest = self.guard.admitted(request.path, lambda name: request.headers.getall(name, ()))
        if rest is None:
            return web.Response(status=403, text=_FORBIDDEN, headers=_ALWAYS)
        if request.method in {"GET", "HEAD"}:
            return await self._given(*_halves(rest))
        if request.method == "POST":
            return await self._asked(request, rest)
        return web.Response(status=405, headers={**_ALWAYS, "Allow": "GET, POST"})

    async def _asked(self, request: web.BaseRequest, rest: str) -> web.StreamResponse:
        body = await _body(request)
        if body is None:
            megabytes = MOST_BYTES // 2**20
            return _json(
                {"error": {"what": "This is too large.", "message": f"{megabytes} MB are the most."}}
            )
        if rest == "download":
            return await self._download(request, body)
        if rest == "export":
            return _saved(await self.desk.export(body))
        return _json(await self.desk.answer(rest, body))

    async def _given(self, name: str, identifier: str) -> web.Response:
        if not name:
            headers = {**_ALWAYS, "Content-Security-Policy": f"{policy()}; frame-ancestors 'none'"}
            return web.Response(text=self.page, content_type="text/html", headers=headers)
        finds = self.desk.finds
        if name in {"thumbnail", "large"}:
            look = await (finds.thumbnail if name == "thumbnail" else finds.large)(identifier)
            if look is None:  # which a browser takes for a picture that is not there, and complains to nobody
                return web.Response(status=204, headers=_ALWAYS)
            return web.Response(body=look.content, content_type=look.mime_type, headers={**_ALWAYS, **_KEPT})
        return web.Response(status=404, text="There is no such thing here.\n", headers=_ALWAYS)

    async def _download(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={**_ALWAYS, "Content-Type": "application/jsonl"})
        await response.prepare(request)
        async with aclosing(self.desk.download(body)) as told:
            async for each in told:
                await response.write(f"{json.dumps(each)}\n".encode())
        await response.write_eof()
        return response


def _halves(rest: str) -> tuple[str, str]:
    name, _, identifier = rest.partition("/")
    return name, identifier


def _json(answer: Any) -> web.Response:  # noqa: ANN401
    return web.Response(text=json_text(answer), content_type="application/json", headers=_ALWAYS)


def _saved(file: Exported | dict[str, Any]) -> web.Response:
    if not isinstance(file, Exported):
        return _json(file)
    headers = {**_ALWAYS, "Content-Disposition": f'attachment; filename="{file.name}"'}
    return web.Response(body=file.content, content_type="application/octet-stream", headers=headers)


async def _body(request: web.BaseRequest) -> bytes | None:
    """Read a body, None if it is too large."""
    content = bytearray()
    async for chunk in request.content.iter_any():
        content += chunk
        if len(content) > MOST_BYTES:
            return None
    return bytes(content)


@asynccontextmanager
async def serving(
    at: socket.socket, rate_limit: RateLimit, folder: Path, *, emulator: bool = False
) -> AsyncGenerator[Guard]:
    """Serve the explorer at a socket for a while, and give the guard, which knows its address.

    A search whose page has left is cancelled, and gives its place in the quota back if it has not gone out.
    """
    meter = Meter(rate_limit)
    guard = Guard(at.getsockname()[1])
    async with AsyncScenario(rate_limit=rate_limit, **meter.hooks) as client:
        finds = Finds(client)
        service = Service(guard, Desk(client, meter, folder, finds), page_of(folder, emulator=emulator))
        server = web.Server(service.handle, access_log=None, logger=_log, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=_GRACE)
        try:
            await runner.setup()
            await web.SockSite(runner, at).start()
            yield guard
        finally:
            await _stopped(runner, at)
            await finds.aclose()


async def _stopped(runner: web.ServerRunner, at: socket.socket) -> None:
    """End a server with all its connections; asyncio would forget those that it accepted a moment before."""
    with suppress(NotImplementedError):  # on Windows
        asyncio.get_running_loop().remove_reader(at)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    with suppress(asyncio.TimeoutError):
        await runner.cleanup()
