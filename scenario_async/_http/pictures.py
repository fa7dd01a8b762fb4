"""Pictures over aiohttp: from a host that is not the service's, to which nothing of a client's signature goes.

That host is named in what the service sends, and not by the user. So it is reached over HTTPS, at public addresses and
without redirects, unless it is where the API itself is: there an emulator serves both. Also where a client has a session
of the user's own, pictures travel over sessions of ours, as that one may have a signature among its headers; proxy and
authorities are the client's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

from yarl import URL

from scenario_async._http.failures import failure_of, lasting, refused
from scenario_async._http.request import USER_AGENT
from scenario_async._http.resolver import Resolver
from scenario_async._http.transport import NO_TIMEOUT, Answer, new_session
from scenario_async._support.network import Network, is_loopback
from scenario_async.errors import (
    FIRST_ERROR_STATUS,
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    ScenarioError,
    drop_frames,
    redact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp
    from aiohttp.abc import ResolveResult

    from scenario_async.settings import Settings

_MOST_ERROR_BYTES: Final = 64 * 1024
_FIRST_STATUS: Final = 200
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Receiver(Protocol):
    """Who takes the file: told of its head, and then given its bytes as they come.

    What it raises passes as it is, if it is a `ScenarioError`.
    """

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of a reply with a file: a 200 or a 206."""
        ...

    async def take(self, chunk: bytes) -> None:
        """Take bytes of the file."""
        ...


class PictureHost:
    """The connections of one download, on one event loop: to be closed at its end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = _origin_of(urlsplit(settings.base_url))
        self._ways: dict[str, tuple[Network, bool]] = {}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def receive(
        self,
        url: str,
        headers: Mapping[str, str],
        receiver: Receiver,
        *,
        timeout: float,  # noqa: ASYNC109 - of the silence between two chunks
    ) -> Answer:
        """Ask for a file, hand its bytes over, and give the reply without them; of an error with its body.

        `timeout` is how many seconds the host may stay silent. Raises `ScenarioError` for an address that is refused,
        and what `Sessions.send` raises.
        """
        network, guarded = self._way_to(url)
        session = self._session(guarded=guarded)
        silence = _Silence(receiver, timeout)
        failure: BaseException | None
        try:
            async with silence.limit:
                return await self._exchanged(session, network, url, headers, silence)
        except ScenarioError as error:
            raise drop_frames(error)  # noqa: B904 - the same error
        except TimeoutError as error:
            failure = error
            if silence.limit.expired():
                failure = APITimeoutError(f"the picture host was silent for {timeout} s")
        except BaseException as error:
            # A kept-alive connection that was closed meanwhile is no matter: aiohttp asks again by itself, as this is a GET.
            failure = failure_of(error, network, stale=False, closed=session.closed, ours=True)
            if failure is None:
                raise
        finally:
            silence.end()
        # Raised out here, it has no context but the caller's own.
        try:
            raise failure
        finally:
            del failure  # it holds this frame, which would hold it

    async def aclose(self) -> None:
        """Close the connections."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    def _session(self, *, guarded: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(guarded)
        if session is None:
            resolver = _GuardedResolver() if guarded else None
            session = self._sessions[guarded] = new_session(resolver=resolver, traced=False)
        return session

    def _way_to(self, url: str) -> tuple[Network, bool]:
        """Find the way to an address, and tell whether names on it are to be guarded; a refused one raises."""
        origin = url[: url.find("/", len("https://"))]
        way = self._ways.get(origin)
        if way is None:
            way = self._ways[origin] = self._found_way(url)
        return way

    def _found_way(self, url: str) -> tuple[Network, bool]:
        try:
            parts = urlsplit(url)
            is_own = _origin_of(parts) == self._own
        except ValueError:
            raise ScenarioError(f"{_shown(url)} is no address of a picture") from None
        if not is_own:
            _check(url, parts)
        settings = self._settings
        network = Network.of(
            f"{parts.scheme}://{parts.netloc}",
            settings.proxy,
            settings.ssl,
            environment=settings.session is None,
        )
        return network, not is_own and network.proxy is None  # a proxy looks names up itself

    async def _exchanged(
        self,
        session: aiohttp.ClientSession,
        network: Network,
        url: str,
        headers: Mapping[str, str],
        receiver: Receiver,
    ) -> Answer:
        async with session.get(
            URL(url, encoded=True),
            headers={"user-agent": USER_AGENT, "accept-encoding": "identity", **network.headers, **headers},
            allow_redirects=False,
            raise_for_status=False,
            timeout=NO_TIMEOUT,
            **network.options,
        ) as response:
            status, replied = response.status, response.headers
            if status < _FIRST_STATUS:
                raise APIResponseValidationError(f"the reply is not HTTP: its status is {status}")
            if status == _PROXY_AUTHENTICATION_REQUIRED and network.proxy is not None:
                raise refused(network, status, response.reason or "")
            if status >= FIRST_ERROR_STATUS:
                return Answer(status, replied, await response.content.read(_MOST_ERROR_BYTES))
            _check_framing(replied)
            await receiver.begin(status, replied)
            async for chunk in response.content.iter_any():
                await receiver.take(chunk)
            return Answer(status, replied, b"")


class _Silence:
    """Ends what waits for a host that says nothing for some seconds; while the disk is at work, nobody waits for it.

    There is one timer, which looks when it is due whether something was heard since.
    """

    def __init__(self, receiver: Receiver, seconds: float) -> None:
        self._receiver = receiver
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._timer = self._loop.call_later(seconds, self._look)
        self.limit = asyncio.timeout(None)

    def _look(self) -> None:
        left = self._heard + self._seconds - self._loop.time()
        if left <= 0:
            self.limit.reschedule(self._loop.time())
        else:
            self._timer = self._loop.call_later(min(left, self._seconds), self._look)

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        self._heard = math.inf
        await self._receiver.begin(status, headers)
        self._heard = self._loop.time()

    async def take(self, chunk: bytes) -> None:
        self._heard = math.inf
        await self._receiver.take(chunk)
        self._heard = self._loop.time()

    def end(self) -> None:
        self._timer.cancel()


class _GuardedResolver(Resolver):
    """Looks names up, and refuses those of machines that are not public."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        for each in found:
            if not is_public(each["host"]):
                raise _private(host, each["host"])
        return found


def is_public(address: str) -> bool:
    """Tell whether an address is one of the internet, and not of this machine or a network around it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner: Any = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _check(url: str, parts: SplitResult) -> None:
    """Refuse an address that nobody but an attacker would give a picture."""
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or "@" in parts.netloc:
        raise ScenarioError(
            f"{_shown(url)} is refused: pictures come over https, or from where base_url is, and without credentials"
        )
    literal = _literal(host)
    if is_loopback(host) or (literal is not None and not is_public(literal)):
        raise _private(host, literal or "this machine")


def _literal(host: str) -> str | None:
    """Give the address that a host is written as, in any of the ways that systems read."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _private(host: str, address: str) -> APIConnectionError:
    named = host if host == address else f"{host} ({address})"
    return lasting(
        APIConnectionError(
            f"the picture host {redact(named)} is refused: it is no public address, and not that of base_url"
        )
    )


def _origin_of(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)


def _check_framing(headers: Mapping[str, str]) -> None:
    """Refuse a body of which nobody could tell whether it is whole, or what its bytes are."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise APIResponseValidationError(f"the file is encoded ({redact(encoding)}), which was not asked for")
    if "content-length" not in headers and "chunked" not in headers.get("transfer-encoding", "").lower():
        raise APIResponseValidationError("the reply does not tell how long the file is, so it may be torn")


def _shown(url: str) -> str:
    return redact(url.partition("?")[0])
