"""One attempt over aiohttp: the only place on the client's side that knows it."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary, WeakSet

import aiohttp
import attrs
from aiohttp import http_exceptions
from multidict import CIMultiDict
from yarl import URL

from scenario_async._forks import begins_anew
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
    from collections.abc import AsyncGenerator, Callable

    from aiohttp.abc import AbstractStreamWriter

    from scenario_async._network import Network
    from scenario_async._secret import Secret
    from scenario_async.settings import SessionFactory

_FIRST_STATUS: Final = 200
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_PASSING: Final = (408, 429)
_FAILURES: Final = (aiohttp.ClientError, OSError, ValueError)
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)
_SENT_AGAIN_BY_AIOHTTP: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE")
_FOREIGN: Final[list[object]] = []


class Sessions:
    """What an attempt may travel by on one event loop: kept-alive connections, and a new one.

    `fresh` is there for the one case in which a kept-alive connection turned out to be closed. A session that the
    user gave, or made in a factory, is all there is of it: then `fresh` is that session again.
    """

    def __init__(self, given: aiohttp.ClientSession | None = None) -> None:
        self.ours = given is None
        self.kept_alive = _new_session(force_close=False) if given is None else given
        self._fresh: aiohttp.ClientSession | None = None
        self.connections: WeakSet[object] | None = WeakSet() if self.ours else None

    @property
    def fresh(self) -> aiohttp.ClientSession:
        if not self.ours:
            return self.kept_alive
        if self._fresh is None:
            self._fresh = _new_session(force_close=True)
        return self._fresh

    async def aclose(self) -> None:
        await self.kept_alive.close()
        if self._fresh is not None:
            await self._fresh.close()


class Pool:
    """The sessions of a client and of all that share its connections, for each event loop.

    They are closed by their loop's end (`asyncio.run` does that), by the last owner's disappearance (which is a
    `ResourceWarning`), or by `aclose`, whichever comes first; a session that the user made is never closed.
    """

    closed = True  # until there is something to close

    def __init__(self, session: aiohttp.ClientSession | SessionFactory | None) -> None:
        self._given = session
        self._lock = threading.Lock()
        self._keepers: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[AsyncGenerator[Sessions], Sessions]
        ] = WeakKeyDictionary()
        self.closed = False
        begins_anew(self)

    async def sessions(self) -> Sessions:
        """Give the running loop's sessions."""
        if self.closed:
            raise ScenarioError("this client is closed")
        loop = asyncio.get_running_loop()
        if self._given is not None and isinstance(self._given, aiohttp.ClientSession):
            return self._bound(self._given, loop)
        kept = self._keepers.get(loop)
        if kept is None or kept[1].kept_alive.closed:
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

    def __del__(self) -> None:
        if self.closed or sys.is_finalizing():
            return
        if any(not loop.is_closed() for loop in list(self._keepers)):
            told = "a client was dropped with its connections open; leave it with `with`, or close it"
            warnings.warn(told, ResourceWarning, stacklevel=2)

    def _bound(self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> Sessions:
        if session.closed:
            raise ScenarioError("the session given to this client is closed")
        if getattr(session, "_loop", loop) is not loop:
            rule = "give a factory of sessions instead of a session to use the client on several loops"
            raise ScenarioError(f"this client's session belongs to another event loop; {rule}")
        return Sessions(session)

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> tuple[AsyncGenerator[Sessions], Sessions]:
        keeper = _keeper(cast("SessionFactory | None", self._given))
        sessions = await anext(keeper)  # does not suspend, so no second one is opened meanwhile
        with self._lock:
            for other in [other for other in self._keepers if other.is_closed()]:
                del self._keepers[other]
            self._keepers[loop] = keeper, sessions
        return keeper, sessions


async def _keeper(factory: SessionFactory | None) -> AsyncGenerator[Sessions]:
    """Hold sessions open: a generator, because loops close their generators when they end."""
    made: Any = None if factory is None else factory()
    if factory is not None and not isinstance(made, aiohttp.ClientSession):
        if inspect.iscoroutine(made):
            made.close()
        told = f"session: the factory gave a {type(made).__name__}, but it must give an aiohttp.ClientSession"
        raise ScenarioError(told)
    sessions = Sessions(made)
    try:
        yield sessions
    finally:
        await sessions.aclose()


def _new_session(*, force_close: bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=force_close),  # admission counts requests
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_NO_TIMEOUT,
    )


class _Connection:
    """Whether an attempt used a connection that had been open before, and whether an answer began."""

    __slots__ = ("_known", "_on_leaving", "answered", "reused")

    def __init__(self, sessions: Sessions, on_leaving: Callable[[], None] | None) -> None:
        self._known = sessions.connections
        self._on_leaving = on_leaving
        self.reused = not sessions.ours  # of the user's sessions we cannot know
        self.answered = False

    def used(self, protocol: object) -> None:
        """Take note of the connection over which the request leaves."""
        if self._known is not None:
            self.reused = protocol in self._known
            self._known.add(protocol)
        self.leaves()

    def leaves(self) -> None:
        """Tell, once, that the request leaves."""
        told, self._on_leaving = self._on_leaving, None
        if told is not None:
            told()

    def answers(self) -> None:
        """Take note that an answer begins: so the request has left, whatever became of its body."""
        self.answered = True
        self.leaves()

    def was_stale(self, error: Exception) -> bool:
        """Tell whether the server had closed the connection before the request arrived, as far as one can know."""
        broke = isinstance(error, aiohttp.ClientConnectionError) and not isinstance(
            error, aiohttp.ClientConnectorError
        )
        return broke and self.reused and not self.answered


class _Body(bytes):
    """A request's body, which tells its connection when it is written: the head waits for it and leaves with it."""

    connection: _Connection


class _BodyPayload(aiohttp.BytesPayload):
    """What aiohttp makes of a `_Body`."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        cast("_Body", self._value).connection.used(getattr(writer, "protocol", None))
        await super().write_with_length(writer, content_length)


aiohttp.PAYLOAD_REGISTRY.register(_BodyPayload, _Body, order=aiohttp.payload.Order.try_first)


async def send(
    sessions: Sessions,
    request: Request,
    authorization: Secret | None,
    *,
    network: Network,
    most_bytes: int,
    on_leaving: Callable[[], None] | None = None,
    fresh: bool = False,
) -> Reply | None:
    """Send a request and read the whole reply, whatever its status; `on_leaving` is called as it leaves.

    None means that the server had closed the kept-alive connection, so that a `fresh` one is worth trying at once.
    Raises `APIConnectionError`, or `APIResponseValidationError` for a reply that is too large or no HTTP.
    """
    headers = network.headers() | _signed(request.headers, authorization)
    connection = _Connection(sessions, on_leaving)
    session = sessions.fresh if fresh else sessions.kept_alive
    try:
        return await _Exchange(request, headers, network, most_bytes).over(session, connection)
    except RuntimeError:  # aiohttp's word for a connection that this side closed
        if not session.closed:
            raise
        raise APIConnectionError("the client was closed during the call") from None
    except _FAILURES as error:
        if connection.was_stale(error) and not fresh:
            return None
        raise _translated(error, network) from _cause(error)
    except ScenarioError:
        raise
    except Exception as error:
        if sessions.ours or type(error).__module__ == "builtins":  # the latter are mistakes in a program
            raise
        told = f"the connection failed: {type(error).__name__}: {redact(str(error))}"
        raise APIConnectionError(told) from None  # of a connector's own, for SOCKS perhaps


@attrs.frozen
class _Exchange:
    """A request on its way, signed."""

    request: Request
    headers: dict[str, str] = attrs.field(repr=False)
    network: Network
    most_bytes: int

    async def over(self, session: aiohttp.ClientSession, connection: _Connection) -> Reply:
        body = None
        if self.request.body is None and self.request.method in _SENT_AGAIN_BY_AIOHTTP:
            connection.leaves()
        else:
            body = _Body(self.request.body or b"")
            body.connection = connection
        async with session.request(
            self.request.method,
            URL(self.request.url, encoded=True),
            data=body,
            headers=self.headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=_NO_TIMEOUT,
            **self.network.options(),
        ) as response:
            connection.answers()
            if response.status < _FIRST_STATUS:  # 1xx are gone by now, so a server made this up
                raise APIResponseValidationError(f"the reply is not HTTP: its status is {response.status}")
            if response.status == _PROXY_AUTHENTICATION_REQUIRED and self.network.proxy is not None:
                raise _refused(self.network, response.status, response.reason or "")
            content = await _body(response, self.most_bytes)
            headers = CIMultiDict(response.headers)
            return Reply(
                status=response.status, headers=headers, request_id=request_id(headers), content=content
            )


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


def _translated(error: Exception, network: Network) -> APIError:
    """Make our error of one of aiohttp's or the system's."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused(network, error.status, error.message)
    if isinstance(error, aiohttp.ClientResponseError):
        return APIResponseValidationError(f"the reply is not HTTP: {redact(error.message)}")
    if isinstance(error, aiohttp.ClientPayloadError):
        return _broken_off(error)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientConnectorCertificateError)):
        return _unconnected(error, network)
    if isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str):
        return APIConnectionError("the connection failed: the server closed it within the head of its reply")
    return APIConnectionError(f"the connection failed: {redact(str(error) or type(error).__name__)}")


def _broken_off(error: aiohttp.ClientPayloadError) -> APIError:
    cause, told = error.__cause__, redact(str(error))
    if isinstance(cause, http_exceptions.ContentEncodingError) or "decode" in told:
        reason = redact(cause.message) if isinstance(cause, http_exceptions.ContentEncodingError) else told
        return APIResponseValidationError(f"the reply's body cannot be decompressed: {reason}")
    incomplete = http_exceptions.PayloadEncodingError
    if isinstance(cause, http_exceptions.BadHttpMessage) and not isinstance(cause, incomplete):
        return APIResponseValidationError(f"the reply is not HTTP: {redact(cause.message)}")
    return APIConnectionError(f"the reply broke off: {told}")


def _unconnected(
    error: aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError, network: Network
) -> APIConnectionError:
    """Tell what was not reached; aiohttp's own text would show the TLS context."""
    place = f"{error.host}:{error.port}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = f"is not trusted: {redact(str(error.certificate_error))}; ssl= names other authorities"
        return _lasting(APIConnectionError(f"the certificate of {place} {reason}"))
    reason = redact(str(error.os_error))
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        shown = "" if network.proxy is None else f" {network.proxy.url}"
        return APIConnectionError(f"the proxy{shown} cannot be reached: {reason}")
    return APIConnectionError(f"the connection failed: {place}: {reason}")


def _refused(network: Network, status: int, reason: str) -> APIConnectionError:
    error = APIConnectionError(network.refusal(status, reason))
    return error if status >= 500 or status in _PASSING else _lasting(error)  # noqa: PLR2004


def _lasting(error: APIConnectionError) -> APIConnectionError:
    error.transient = False
    return error


def _cause(error: Exception) -> Exception | None:
    """Give what may be chained to our error: other errors of aiohttp hold URL and headers in texts and attributes."""
    speaks_of_connections = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError)
    return without_frames(error) if isinstance(error, speaks_of_connections) else None
