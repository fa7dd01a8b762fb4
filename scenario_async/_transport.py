"""One attempt over aiohttp: the only place on the client's side that knows it."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary, WeakSet

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from scenario_async._wire import Reply, Request, request_id
from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    ScenarioError,
    redact,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from scenario_async.settings import Secret, SessionFactory

_MOST_STALE: Final = 100
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)


_POOLS: Final[WeakSet[Pool]] = WeakSet()
_FOREIGN: Final[list[object]] = []


def _after_fork() -> None:
    for pool in list(_POOLS):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Pool:
    """The sessions of a client and of all that share its connections, one for each event loop.

    Each is closed by its loop's end (`asyncio.run` does that), by the last owner's disappearance, or by
    `aclose`, whichever comes first; a session that the user made is never closed.
    """

    def __init__(self, session: aiohttp.ClientSession | SessionFactory | None) -> None:
        self._given = session
        self._lock = threading.Lock()
        self._keepers: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[AsyncGenerator[aiohttp.ClientSession], aiohttp.ClientSession]
        ] = WeakKeyDictionary()
        self.closed = False
        _POOLS.add(self)

    async def session(self) -> aiohttp.ClientSession:
        """Give the running loop's session."""
        if self.closed:
            raise ScenarioError("this client is closed")
        loop = asyncio.get_running_loop()
        if self._given is not None and isinstance(self._given, aiohttp.ClientSession):
            return self._bound(self._given, loop)
        kept = self._keepers.get(loop)
        if kept is None or kept[1].closed:
            kept = await self._opened(loop)
        return kept[1]

    async def aclose(self) -> None:
        """Close every session of ours; those of other running loops close on their own loop soon."""
        self.closed = True
        with self._lock:
            kept = list(self._keepers.items())
            self._keepers.clear()
        here = asyncio.get_running_loop()
        for loop, (keeper, _) in kept:
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(keeper.aclose(), loop)

    def forget(self) -> None:
        """Let go of all sessions without closing them: they belong to the process that was forked."""
        _FOREIGN.extend(self._keepers.values())
        self._keepers = WeakKeyDictionary()
        self._lock = threading.Lock()

    def _bound(
        self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop
    ) -> aiohttp.ClientSession:
        if session.closed:
            raise ScenarioError("the session given to this client is closed")
        if getattr(session, "_loop", loop) is not loop:
            rule = "give a factory of sessions instead of a session to use the client on several loops"
            raise ScenarioError(f"this client's session belongs to another event loop; {rule}")
        return session

    async def _opened(
        self, loop: asyncio.AbstractEventLoop
    ) -> tuple[AsyncGenerator[aiohttp.ClientSession], aiohttp.ClientSession]:
        keeper = _keeper(cast("SessionFactory | None", self._given))
        session = await anext(keeper)  # does not suspend, so no second one is opened meanwhile
        with self._lock:
            for other in [other for other in self._keepers if other.is_closed()]:
                del self._keepers[other]
            self._keepers[loop] = keeper, session
        return keeper, session


async def _keeper(factory: SessionFactory | None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Hold a session open: a generator, because loops close their generators when they end."""
    session: Any = _new_session() if factory is None else factory()
    if not isinstance(session, aiohttp.ClientSession):
        if inspect.iscoroutine(session):
            session.close()
        told = (
            f"session: the factory gave a {type(session).__name__}, but it must give an aiohttp.ClientSession"
        )
        raise ScenarioError(told)
    try:
        yield session
    finally:
        await session.close()


def _new_session() -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),  # admission counts requests
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_NO_TIMEOUT,
        trace_configs=[trace],
    )


class _Connection:
    """Whether an attempt used a connection that had been open before, and whether an answer began."""

    __slots__ = ("answered", "reused")

    def __init__(self) -> None:
        self.reused = False
        self.answered = False

    @property
    def was_stale(self) -> bool:
        return self.reused and not self.answered


async def _note_reuse(_session: object, context: Any, _params: object) -> None:  # noqa: ANN401
    connection = context.trace_request_ctx
    if isinstance(connection, _Connection):
        connection.reused = True


async def send(
    session: aiohttp.ClientSession, request: Request, authorization: Secret | None, *, most_bytes: int
) -> Reply:
    """Send a request and read the whole reply, whatever its status.

    A kept-alive connection that the server closed meanwhile is replaced at once: the request did not arrive.
    Raises `APIConnectionError`, or `APIResponseValidationError` for a reply that is too large or no HTTP.
    """
    for _ in range(_MOST_STALE):
        connection = _Connection()
        try:
            return await _exchange(session, request, authorization, most_bytes, connection)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as error:
            if not (connection.was_stale and isinstance(error, aiohttp.ClientConnectionError)):
                raise _translated(error) from without_frames(error)
        except (aiohttp.ClientError, ValueError) as error:  # their texts and attributes hold URL and headers
            raise _translated(error) from None
    raise APIConnectionError("every kept-alive connection was closed by the server")


async def _exchange(
    session: aiohttp.ClientSession,
    request: Request,
    authorization: Secret | None,
    most_bytes: int,
    connection: _Connection,
) -> Reply:
    async with session.request(
        request.method,
        URL(request.url, encoded=True),
        data=request.body,
        headers=_signed(request.headers, authorization),
        allow_redirects=False,
        raise_for_status=False,
        timeout=_NO_TIMEOUT,
        trace_request_ctx=connection,
    ) as response:
        connection.answered = True
        content = await _body(response, most_bytes)
        headers = CIMultiDict(response.headers)
        return Reply(status=response.status, headers=headers, request_id=request_id(headers), content=content)


def _signed(headers: dict[str, str], authorization: Secret | None) -> dict[str, str]:
    if authorization is None or "authorization" in headers:
        return headers
    return headers | {"authorization": authorization.reveal()}


async def _body(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    received = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        if received > most_bytes:
            response.close()
            rule = f"the reply is larger than max_response_bytes ({most_bytes})"
            raise APIResponseValidationError(rule, request_id=request_id(response.headers))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _translated(error: Exception) -> APIError:
    told = redact(str(error) or type(error).__name__)
    if isinstance(error, aiohttp.ClientResponseError):
        return APIResponseValidationError(f"the reply is not HTTP: {redact(error.message)}")
    if isinstance(error, aiohttp.ClientPayloadError) and "decode" in told:
        return APIResponseValidationError(f"the reply's body cannot be decompressed: {told}")
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientConnectionError, OSError)):
        return APIConnectionError(f"the connection failed: {told}")
    return APIConnectionError(f"the reply broke off: {told}")
