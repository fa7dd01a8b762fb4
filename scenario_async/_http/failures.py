"""What goes wrong on the way, as errors of ours: every failure of aiohttp has one."""

from __future__ import annotations

import asyncio
from traceback import walk_tb
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import http_exceptions

from scenario_async.errors import APIConnectionError, APIError, APIResponseValidationError, redact

if TYPE_CHECKING:
    from scenario_async._support.network import Network

_FAILURES: Final = (aiohttp.ClientError, OSError, ValueError)
_PASSING: Final = (408, 429)
_KNOWN: Final = (
    "aiohttp",
    "aiohappyeyeballs",
    "asyncio",
    "builtins",
    "concurrent",
    "scenario_async",
    "socket",
    "ssl",
    "uvloop",
)


class StaleConnectionError(APIConnectionError):
    """The server had closed a kept-alive connection before the request arrived: over a new one it may pass."""


def closed_meanwhile() -> APIConnectionError:
    """Give the error of a call whose client was closed while it was under way."""
    return lasting(APIConnectionError("the client was closed during the call"))


def failure_of(
    error: BaseException, network: Network, *, stale: bool, closed: bool, ours: bool
) -> BaseException | None:
    """Give what to raise in place of what aiohttp raised; None for what is to pass as it is.

    `stale` tells that a connection was used which the server may have closed before, `closed` that this side closed its
    session, `ours` that the session is not one of the user's own.
    """
    if isinstance(error, asyncio.CancelledError):
        return asyncio.CancelledError(*error.args)  # the frames of that one hold headers
    if closed and isinstance(error, (RuntimeError, *_FAILURES)):  # the former is aiohttp's word for it
        return closed_meanwhile()
    if isinstance(error, _FAILURES):
        if stale and _broke(error):
            return StaleConnectionError("the connection failed: the server had closed it")
        failure = _translated(error, network)
        if (cause := _cause_of(error)) is not None:
            failure.__cause__ = cause
        return failure
    if ours or not isinstance(error, Exception) or type(error).__module__ == "builtins":
        return None  # mistakes in a program
    # A connector of the user's own has errors of its own, for SOCKS perhaps.
    return APIConnectionError(f"the connection failed: {type(error).__name__}: {redact(str(error))}")


def _broke(error: Exception) -> bool:
    """Tell whether an open connection failed, rather than the making of one."""
    return isinstance(error, aiohttp.ClientConnectionError) and not isinstance(
        error, aiohttp.ClientConnectorError
    )


def _translated(error: Exception, network: Network) -> APIError:
    """Make our error of one of aiohttp's or the system's."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return refused(network, error.status, error.message)
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
    cause, reason = error.__cause__, redact(str(error))
    if isinstance(cause, http_exceptions.ContentEncodingError) or "decode" in reason:
        reason = redact(cause.message) if isinstance(cause, http_exceptions.ContentEncodingError) else reason
        return APIResponseValidationError(f"the reply's body cannot be decompressed: {reason}")
    incomplete = http_exceptions.PayloadEncodingError
    if isinstance(cause, http_exceptions.BadHttpMessage) and not isinstance(cause, incomplete):
        return APIResponseValidationError(f"the reply is not HTTP: {redact(cause.message)}")
    return APIConnectionError(f"the reply broke off: {reason}")


def _unconnected(
    error: aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError, network: Network
) -> APIConnectionError:
    """Tell what was not reached; aiohttp's own text would show the TLS context."""
    address = f"{error.host}:{error.port}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = f"is not trusted: {redact(str(error.certificate_error))}; ssl= names other authorities"
        return lasting(APIConnectionError(f"the certificate of {address} {reason}"))
    reason = redact(str(error.os_error))
    if isinstance(error, aiohttp.ClientProxyConnectionError) or _is_proxy(network, error):
        shown = "" if network.proxy is None else f" {network.proxy.url}"
        return _of_proxy(network, f"the proxy{shown} cannot be reached: {reason}")
    return APIConnectionError(f"the connection failed: {address}: {reason}")


def _is_proxy(network: Network, error: aiohttp.ClientConnectorError) -> bool:
    """Tell whether it is the proxy that was not reached: of one whose name is not known, aiohttp does not say so."""
    if network.proxy is None:
        return False
    parts = urlsplit(network.proxy.url)
    return error.host == parts.hostname and error.port == (
        parts.port or (443 if parts.scheme == "https" else 80)
    )


def _of_proxy(network: Network, message: str) -> APIConnectionError:
    """Make an error of the proxy, which says where it was named."""
    error = APIConnectionError(message)
    error.hint = "" if network.proxy is None else network.proxy.named_by
    return error


def refused(network: Network, status: int, reason: str) -> APIConnectionError:
    """Make the error of a proxy that refused a request."""
    error = _of_proxy(network, network.refusal(status, reason))
    return error if status >= 500 or status in _PASSING else lasting(error)  # noqa: PLR2004


def lasting(error: APIConnectionError) -> APIConnectionError:
    """Note on an error that the same connection would fail again."""
    error.transient = False
    return error


def _cause_of(error: Exception) -> BaseException | None:
    """Give what may be chained to our error: errors of connections, without the frames that hold headers and bodies.

    Others of aiohttp hold the URL and headers in texts and attributes. What is not of aiohttp or Python is nobody's to
    change, and stays out.
    """
    if not isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError)):
        return None
    if not _is_known(error):
        return None
    link: BaseException = error
    while True:
        link.__traceback__ = link.__context__ = None
        following = link.__cause__
        if following is None or not _is_known(following):
            link.__cause__ = None
            return error
        link = following


def _is_known(error: BaseException) -> bool:
    """Tell whether an error is aiohttp's, or one of Python's classes that came through no other code."""
    if isinstance(error, aiohttp.ClientError):
        return type(error).__module__.startswith("aiohttp.")
    modules = [type(error).__module__]
    modules += [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    return all(module.partition(".")[0] in _KNOWN for module in modules)
