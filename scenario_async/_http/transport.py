"""Over aiohttp: a client's sessions on each event loop, and one attempt over one of them."""

from __future__ import annotations

import asyncio
import inspect
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import aiohttp
import attrs
from multidict import CIMultiDict
from yarl import URL

from scenario_async._http.failures import failure_of, refused
from scenario_async._http.inflating import ENCODINGS, Inflater, UndecodableError, too_large
from scenario_async._http.reply import request_id
from scenario_async._http.resolver import Resolver
from scenario_async._support.lifetimes import KeptOpen, reset_after_fork
from scenario_async.errors import (
    FIRST_ERROR_STATUS,
    APIResponseValidationError,
    ScenarioError,
    drop_frames,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Mapping

    from scenario_async._http.request import Request
    from scenario_async._support.network import Network
    from scenario_async._support.secret import Secret
    from scenario_async.settings import SessionFactory

_FIRST_STATUS: Final = 200
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)
"""aiohttp's own clocks are off: a call and its attempts have theirs."""
_LONGEST_LINE: Final = 64 * 1024
"""Bytes of a header that a reply may have; aiohttp takes 8,190, and gateways send more."""


class OpenCall(Protocol):
    """A call under way, which the end of its client ends."""

    def client_closed(self) -> Coroutine[Any, Any, None] | None:
        """End the call, from whatever thread; give what there is to wait for, if it is on the running loop."""
        ...


class Sessions:
    """What an attempt may travel by on one event loop: kept-alive connections, and a new one.

    `fresh` is there for the one case in which a kept-alive connection turned out to be closed. A session that the
    user gave, or made in a factory, is all there is of it: then `fresh` is that session again.
    """

    def __init__(self, given: aiohttp.ClientSession | None = None) -> None:
        self.ours = given is None
        self.kept_alive = new_session(force_close=False) if given is None else given
        self._fresh: aiohttp.ClientSession | None = None

    @property
    def fresh(self) -> aiohttp.ClientSession:
        if not self.ours:
            return self.kept_alive
        if self._fresh is None:
            self._fresh = new_session(force_close=True)
        return self._fresh

    async def send(
        self,
        request: Request,
        authorization: Secret | None,
        *,
        network: Network,
        most_bytes: int,
        fresh: bool = False,
    ) -> Answer:
        """Send a request and read the whole answer, whatever its status; `fresh` asks for a new connection.

        Raises `APIConnectionError`, or `APIResponseValidationError` for an answer that is too large or no HTTP.
        """
        session = self.fresh if fresh else self.kept_alive
        exchange = Exchange(reused=not self.ours)  # of the user's sessions we cannot know
        try:
            return await _exchanged(
                session, request, authorization, network=network, most_bytes=most_bytes, exchange=exchange
            )
        except ScenarioError as error:
            raise drop_frames(error)  # noqa: B904 - the same error
        except BaseException as error:
            stale = exchange.reused and not (exchange.begun or fresh)
            failure = failure_of(error, network, stale=stale, closed=session.closed, ours=self.ours)
            if failure is None:
                raise
        # Raised out here, it has no context but the caller's own.
        try:
            raise failure
        finally:
            del failure  # it holds this frame, which would hold it

    async def aclose(self) -> None:
        try:
            await self.kept_alive.close()
        finally:
            if self._fresh is not None:
                await self._fresh.close()


class Pool:
    """The sessions of a client and of all that share its connections, for each event loop.

    They are closed by their loop's end (`asyncio.run` does that), by the last owner's disappearance (which is a
    `ResourceWarning`), or by `aclose`, whichever comes first; a session that the user made is never closed. `aclose`
    ends the `calls` under way.
    """

    closed: bool = True  # until there is something to close

    def __init__(self, session: aiohttp.ClientSession | SessionFactory | None) -> None:
        self._given = session
        # A session is made on its loop, and the client most often beside it; else by its first call.
        self._bound_to = _running_loop() if isinstance(session, aiohttp.ClientSession) else None
        self._kept = KeptOpen(lambda: _keeper(cast("SessionFactory | None", session)))
        self.reset_after_fork()
        self.closed = False
        reset_after_fork(self)

    def reset_after_fork(self) -> None:
        """Forget the calls under way, which go on in the parent."""
        self.calls: set[OpenCall] = set()

    async def sessions(self) -> Sessions:
        """Give the running loop's sessions."""
        if self.closed:
            raise ScenarioError("this client is closed")
        if self._given is not None and isinstance(self._given, aiohttp.ClientSession):
            return self._bound(self._given, asyncio.get_running_loop())
        sessions = self._kept.open.get(asyncio.get_running_loop())
        if sessions is None or sessions.kept_alive.closed:
            sessions = await self._kept.opened()
        return sessions

    async def aclose(self) -> None:
        """End the calls under way and close every session of ours; those of other running loops close there, soon."""
        self.closed = True
        endings = [call.client_closed() for call in list(self.calls)]
        await asyncio.sleep(0)  # the calls of this loop end before their connections do
        await asyncio.gather(*filter(None, endings), return_exceptions=True)
        await self._kept.aclose()

    def __del__(self) -> None:
        if self.closed or sys.is_finalizing():
            return
        if self._kept.any_open:
            advice = "a client was dropped with its connections open; leave it with `with`, or close it"
            warnings.warn(advice, ResourceWarning, stacklevel=2)

    def _bound(self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> Sessions:
        if session.closed:
            raise ScenarioError("the session given to this client is closed")
        self._bound_to = self._bound_to or loop
        if self._bound_to is not loop:
            rule = "give a factory of sessions instead of a session to use the client on several loops"
            raise ScenarioError(f"this client's session belongs to another event loop; {rule}")
        return Sessions(session)


async def _keeper(factory: SessionFactory | None) -> AsyncGenerator[Sessions]:
    """Hold sessions open."""
    made: Any = None if factory is None else factory()
    if factory is not None and not isinstance(made, aiohttp.ClientSession):
        if inspect.iscoroutine(made):
            made.close()
        mistake = f"the factory gave a {type(made).__name__}, but it must give an aiohttp.ClientSession"
        raise ScenarioError(f"session: {mistake}")
    sessions = Sessions(made)
    try:
        yield sessions
    finally:
        await sessions.aclose()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def new_session(
    *, force_close: bool = False, resolver: Resolver | None = None, traced: bool = True
) -> aiohttp.ClientSession:
    """Open a session of ours: no cookies, no clocks, nothing decompressed, and as many connections as are asked for.

    One that is `traced` takes an `Exchange` with each request.
    """
    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # admission counts requests
            force_close=force_close,
            resolver=resolver or Resolver(),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=NO_TIMEOUT,
        auto_decompress=False,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        trace_configs=[tracing] if traced else [],
    )


@attrs.define(eq=False)
class Exchange:
    """What one attempt knows of its connection: whether it was `reused`, and whether a reply was `begun` over it."""

    reused: bool
    begun: bool = False


async def _note_reuse(_: object, context: Any, __: object) -> None:  # noqa: ANN401 - aiohttp passes a namespace
    context.trace_request_ctx.reused = True


@attrs.frozen(eq=False)
class Answer:
    """A whole reply, as it came: header names in any case, the body decompressed."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)


async def _exchanged(
    session: aiohttp.ClientSession,
    request: Request,
    authorization: Secret | None,
    *,
    network: Network,
    most_bytes: int,
    exchange: Exchange,
) -> Answer:
    async with session.request(
        request.method,
        URL(request.url, encoded=True),
        data=request.body,
        headers=_headers(session, request, authorization, network),
        allow_redirects=False,
        raise_for_status=False,
        timeout=NO_TIMEOUT,
        trace_request_ctx=exchange,
        **network.options,
    ) as response:
        exchange.begun = True
        if response.status < _FIRST_STATUS:  # 1xx are gone by now, so a server made this up
            raise APIResponseValidationError(f"the reply is not HTTP: its status is {response.status}")
        if response.status == _PROXY_AUTHENTICATION_REQUIRED and network.proxy is not None:
            raise refused(network, response.status, response.reason or "")
        try:
            content = await _body(session, response, most_bytes)
        except APIResponseValidationError as error:
            if isinstance(error, UndecodableError) and response.status >= FIRST_ERROR_STATUS:
                content = b""  # the status tells enough
            else:
                refusal = APIResponseValidationError(error.message)
                refusal.request_id = request_id(response.headers)
                raise refusal from None
        return Answer(response.status, CIMultiDict(response.headers), content)


def _headers(
    session: aiohttp.ClientSession, request: Request, authorization: Secret | None, network: Network
) -> dict[str, str]:
    headers = network.headers | request.headers
    if authorization is not None:
        headers.setdefault("authorization", authorization.in_plain_text)
    if not session.auto_decompress:  # which a session of the user's own may do as it likes
        headers.setdefault("accept-encoding", ENCODINGS)
    return headers


async def _body(session: aiohttp.ClientSession, response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    packed = encoding not in ("", "identity") and not session.auto_decompress
    inflater = Inflater(encoding, most_bytes) if packed else None
    chunks: list[bytes] = []
    received = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        if received > most_bytes:
            raise too_large(most_bytes)
        chunks.append(chunk if inflater is None else inflater.inflate(chunk))
    if inflater is not None:
        inflater.end()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
