"""The way to the service: which proxy, and whose certificates.

An explicit proxy always counts. Without one the variables HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY do, in
either case, except for a base URL on this machine; the settings of the operating system and `.netrc` never do.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import attrs

from scenario_async._support import checks
from scenario_async._support.secret import Secret, basic_authorization
from scenario_async.errors import ConfigurationError, ScenarioError, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PORTS: Final = {"http": 80, "https": 443}
_EXAMPLE: Final = "http://user:password@host:3128"
_HOST: Final = r"[\w.-]+"
_HASHED_CERTIFICATE: Final = r"(?a)[0-9a-f]{8}\.\d+"
_PROXY_AUTHENTICATION_REQUIRED: Final = 407


@attrs.frozen(eq=False)
class Authorities:
    """The certificate authorities of a file or directory, loaded; it pickles as its path."""

    path: str
    context: ssl.SSLContext = attrs.field(repr=False)

    @classmethod
    def load(cls, path: str) -> Authorities:
        """Load them; these are then the only ones trusted.

        Raises `ConfigurationError` with the path and the reason.
        """
        loaded = _loaded(path)
        if isinstance(loaded, str):
            shown = "a certificate or secret itself, not its path" if "-----" in path else repr(path)
            raise ConfigurationError(f"ssl is {shown}, but it cannot be used: {loaded}", parameter="ssl")
        return cls(path, loaded)

    def __reduce__(self) -> tuple[Callable[[str], Authorities], tuple[str]]:
        return Authorities.load, (self.path,)


TLS: TypeAlias = ssl.SSLContext | Authorities


@attrs.frozen(eq=False)
class Proxy:
    """An HTTP proxy: its URL, which may be shown, what it is told of who asks, and where it was named."""

    url: str
    authorization: Secret | None = None
    named_by: str = attrs.field(default="proxy= names this proxy: correct it, or leave it out", repr=False)
    """What to look at where it does not work."""

    def without_credentials(self) -> Proxy:
        """Give the same proxy without its user name and password, for a pickle.

        Requests still go through it, and not around it: if it needs them, it refuses, and the error says so.
        """
        return attrs.evolve(self, authorization=None)


NO_PROXY: Final = Proxy("")
"""Stands for going straight to the service, whatever the environment names."""


def tls(value: TLS | str | os.PathLike[str] | None) -> TLS | None:
    """Take a context, or the path of certificate authorities, which are loaded; what it gave passes.

    Raises `ConfigurationError`; an empty text counts as not given.
    """
    if value is None or isinstance(value, Authorities):
        return value
    if isinstance(value, ssl.SSLContext):
        if value.protocol is ssl.PROTOCOL_TLS_SERVER:
            checks.refuse(
                "ssl", value, "it must be a context for clients, as ssl.create_default_context() gives"
            )
        return value
    if not isinstance(cast("object", value), (str, os.PathLike)):
        rule = (
            "it must be the path of a file or directory of certificate authorities, or an ssl.SSLContext; "
            "verification cannot be switched off here, only in a context of your own"
        )
        checks.refuse("ssl", value, rule)
    path = os.fsdecode(value)
    return Authorities.load(path) if path else None


def refuse_to_pickle(tls: TLS | None) -> None:
    """Raise for a context, which cannot travel."""
    if isinstance(tls, ssl.SSLContext):
        raise ScenarioError(
            "a client with an SSLContext of its own cannot be pickled; give ssl the path of a file or directory "
            "of certificate authorities"
        )


def proxy(value: Proxy | str | None) -> Proxy | None:
    """Take the URL of an HTTP proxy; what it gave passes, and an empty text counts as not given.

    Raises `ConfigurationError`, which shows nothing of the URL but its scheme.
    """
    if value is None or isinstance(value, Proxy):
        return value
    if not isinstance(cast("object", value), str):
        checks.refuse("proxy", type(value).__name__, f"it must be a str like {_EXAMPLE}")
    return _parsed(value, "proxy") if value else None


@attrs.frozen(eq=False)
class Network:
    """How the requests of one client travel.

    `proxy` is None where they go straight to the service, `ssl` None where aiohttp's own context will do.
    `tunnels` tells that the proxy sees only CONNECT, because what goes through it is HTTPS.
    """

    proxy: Proxy | None = None
    ssl: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    tunnels: bool = True
    options: Mapping[str, Any] = attrs.field(init=False, repr=False)
    """Keywords of aiohttp's `request`. No URL among them holds credentials, because aiohttp's errors show it."""
    headers: dict[str, str] = attrs.field(init=False, repr=False)
    """Headers to add to each request: a proxy that does not tunnel reads them there.

    aiohttp itself would tell such a proxy who asks in the first request of a connection only.
    """

    def __attrs_post_init__(self) -> None:
        options: dict[str, Any] = {}
        if self.ssl is not None:
            options["ssl"] = self.ssl
        if self.proxy is not None:
            options["proxy"] = self.proxy.url
            if self.tunnels:
                options["proxy_headers"] = self._credentials()
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "headers", {} if self.tunnels else self._credentials())

    @classmethod
    def of(cls, base_url: str, proxy: Proxy | None, tls: TLS | None, *, environment: bool = True) -> Network:
        """Find the way to a base URL; without a proxy, `environment` lets its variables name one.

        Raises `ConfigurationError` for a variable that counts here and cannot be used.
        """
        if proxy is None and environment:
            proxy = _environment_proxy(urlsplit(base_url))
        elif proxy is not None and not proxy.url:
            proxy = None
        context = tls.context if isinstance(tls, Authorities) else tls
        return cls(proxy, context, urlsplit(base_url).scheme == "https")

    def refusal(self, status: int, reason: str) -> str:
        """Tell that the proxy, not the service, refused, and what may help."""
        shown = "" if self.proxy is None else self.proxy.url
        refused = f"the proxy {shown} refused the request: {status} {redact(reason)}".rstrip()
        if status != _PROXY_AUTHENTICATION_REQUIRED:
            return refused
        if self._credentials():
            return f"{refused}; it does not accept the user name and password that it was given"
        return f"{refused}; it wants a user name and password, as in {_EXAMPLE}"

    def _credentials(self) -> dict[str, str]:
        if self.proxy is None or self.proxy.authorization is None:
            return {}
        return {"proxy-authorization": self.proxy.authorization.in_plain_text}


def check_base_url(url: str, example: str, *, allow_http: bool) -> None:
    """Refuse a base URL that cannot be one, holds a secret, or would show keys to others on the way."""

    def refuse(fault: str) -> NoReturn:
        raise ConfigurationError(f"base_url {fault}", parameter="base_url")

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        message = f"base_url {redact(url)!r} is no URL: {error}"
        raise ConfigurationError(message, parameter="base_url") from None
    if parts.username is not None or parts.password is not None or "@" in url:
        refuse("holds credentials; pass api_key and api_secret instead")
    if parts.scheme not in ("http", "https") or not host:
        refuse(f"is {redact(url)!r}, but it must be like {example}")
    if any(not "!" <= character <= "~" or character in '"<>\\^`{|}' for character in url):
        refuse(
            "holds a space, a line break or another character that no URL has; other letters are written as punycode "
            "in the host, and as %xx in the path"
        )
    if "?" in url or "#" in url:
        shown = redact(url.partition("#")[0])
        refuse(f"is {shown!r} and more, but it must have no query string and no fragment")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        refuse(f"is {url!r}, which sends keys unprotected; use https, or allow_http=True")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _loaded(path: str) -> ssl.SSLContext | str:
    """Give a context that trusts what is there, or the reason why there is none."""
    directory = os.path.isdir(path)  # noqa: PTH112 - the path stays as it was given
    cafile, capath = (None, path) if directory else (path, None)
    try:
        context = ssl.create_default_context(cafile=cafile, capath=capath)
        names = os.listdir(path) if directory else []  # noqa: PTH208
    except ssl.SSLError as error:
        return f"no PEM file of certificates ({error.reason or error})"
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    if directory and not any(re.fullmatch(_HASHED_CERTIFICATE, name) for name in names):
        return "the directory holds no certificate as `openssl rehash` names them"
    context.set_alpn_protocols(["http/1.1"])
    return context


def _environment_proxy(base: SplitResult) -> Proxy | None:
    """Find the proxy that the environment has for a base URL, as urllib reads it.

    A value without a scheme is an HTTP proxy, as for curl. NO_PROXY is matched with and without the port.
    """
    host = base.hostname or ""
    proxies = getproxies_environment()
    scheme = base.scheme if base.scheme in proxies else "all"
    given = proxies.get(scheme)
    address = f"{host}:{base.port or _PORTS[base.scheme]}"
    # With a proxy in the environment, `proxy_bypass` asks nothing else on any system.
    if not given or is_loopback(host) or proxy_bypass(address):
        return None
    variable = f"{scheme.upper()}_PROXY"
    way_out = f"; pass proxy=, or put {host} into NO_PROXY to go without"
    named_by = (
        f"the variable {variable} names this proxy: correct it, or put {host} into NO_PROXY to go without"
    )
    found = _parsed(given if "://" in given else f"http://{given}", variable, way_out)
    return attrs.evolve(found, named_by=named_by)


def _parsed(url: str, source: str, way_out: str = "") -> Proxy:
    """Take a proxy's URL apart; nothing that may be part of a password is shown."""

    def refuse(reason: str) -> NoReturn:
        message = f"{source} {reason}, but it must be like {_EXAMPLE}{way_out}"
        raise ConfigurationError(message, parameter=source)

    if any(character.isspace() or not character.isprintable() for character in url):
        refuse("holds a space, a line break or another character that no URL has")
    parts = _split(url)
    if parts is None:
        refuse("is no URL: its host or port cannot be read (in a password / ? # are %2F %3F %23)")
    if "://" not in url:
        refuse("has no scheme")
    if parts.scheme not in _PORTS:
        refuse(_scheme_fault(parts.scheme))
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        refuse("holds more than a host and a port (in a password / ? # are %2F %3F %23)")
    if not _is_host(parts.hostname or ""):
        refuse("names no host")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if ":" in user:
        refuse("has a user name with a colon, which HTTP cannot carry")
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if not user and not password:
        return Proxy(shown)
    return Proxy(shown, Secret(basic_authorization(Secret(user), Secret(password))))


def _scheme_fault(scheme: str) -> str:
    fault = f"has the scheme {scheme!r}" if scheme else "has no scheme"
    if scheme.startswith("socks"):
        fault += " (for a SOCKS proxy give session= a factory of sessions with a SOCKS connector, e.g. aiohttp-socks)"
    return fault


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # its text shows what it takes for a port, which may be half a password
        return None
    return parts


def _is_host(host: str) -> bool:
    if re.fullmatch(_HOST, host):
        return True
    try:
        return ipaddress.ip_address(host).version == 6  # noqa: PLR2004
    except ValueError:
        return False
