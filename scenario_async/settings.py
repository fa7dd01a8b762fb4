"""What a client can be told, once for both clients.

An explicit value wins over the environment; None counts as not given. Keys, tokens and headers never print,
and they are left out of a pickle unless `pickle_credentials` says otherwise.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast, runtime_checkable
from urllib.parse import urlsplit

import attrs

from scenario_async import _checks, _network
from scenario_async._network import is_loopback
from scenario_async._secret import Secret
from scenario_async.errors import ScenarioError, redact

if TYPE_CHECKING:
    import aiohttp

    from scenario_async._network import TLS, Proxy
    from scenario_async.events import OnRequest, OnResponse, OnRetry

SERVICE_URL: Final = "https://api.cloud.scenario.com/v1"
_CREDENTIALS: Final = ("api_key", "api_secret", "bearer_auth")
_UNPICKLED: Final = (*_CREDENTIALS, "default_headers")

TokenSource: TypeAlias = Callable[[], "str | Awaitable[str]"]
SessionFactory: TypeAlias = "Callable[[], aiohttp.ClientSession]"


@runtime_checkable
class RateLimiter(Protocol):
    """What `rate_limit` takes: something that lets requests go at its own pace.

    One limiter may serve several clients, event loops and threads at once.
    """

    async def acquire(self) -> None:
        """Return when a request may leave; a cancelled wait takes nothing."""
        ...

    def cool_down(self, seconds: float) -> Awaitable[None] | None:
        """Take note that the service asked, with a 429, to send nothing for this long.

        It may be async: the client awaits what it gives.
        """
        ...


def _secret(value: str | Secret | None) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    if not isinstance(cast("object", value), str):
        raise ScenarioError(f"a key, secret or token is a {type(value).__name__}, but it must be a str")
    if not value.isprintable():  # which lone surrogates are not either
        raise ScenarioError(
            "a key, secret or token holds a line break or another character that no header can carry"
        )
    return Secret(value) if value else None


def _bearer(value: str | Secret | TokenSource | None) -> Secret | TokenSource | None:
    if callable(value):
        return value
    return _secret(value)


def _base_url(value: str | None) -> str:
    given = _checks.text(value, "base_url")
    return (given or os.environ.get("SCENARIO_BASE_URL") or SERVICE_URL).rstrip("/")


def _project_id(value: str | None) -> str | None:
    given = _checks.text(value, "project_id")
    return given or _checks.text(os.environ.get("SCENARIO_PROJECT_ID"), "SCENARIO_PROJECT_ID") or None


def _allow_http(value: bool | None) -> bool:  # noqa: FBT001
    return bool(_checks.truth(value, "allow_http"))


def _coalesce(value: bool | None) -> bool:  # noqa: FBT001
    return bool(_checks.truth(value, "coalesce"))


def _pickle_credentials(value: bool | None) -> bool:  # noqa: FBT001
    return bool(_checks.truth(value, "pickle_credentials"))


def _timeout(value: float | None) -> float:
    return _checks.seconds(value, "timeout") or 60.0


def _deadline(value: float | None) -> float | None:
    return _checks.seconds(value, "deadline")


def _max_retries(value: int | None) -> int:
    checked = _checks.integer(value, "max_retries", least=0)
    return 2 if checked is None else checked


def _retry_budget(value: bool | int | None) -> int:  # noqa: FBT001
    if value is False:
        return value
    if value is None or value is True:
        return 100
    rule = "it must be 1 or more, or False for no budget; max_retries=0 is for no retries"
    if not isinstance(cast("object", value), int) or value < 1:
        _checks.refuse("retry_budget", value, rule)
    return value


def _max_concurrency(value: int | None) -> int:
    return _checks.integer(value, "max_concurrency", least=1) or 32


def _max_response_bytes(value: int | None) -> int:
    return _checks.integer(value, "max_response_bytes", least=1) or 64 * 1024 * 1024


def _headers(value: Mapping[str, str] | None) -> dict[str, str] | None:
    return _checks.headers(value, "default_headers")


def _query(value: Mapping[str, Any] | None) -> dict[str, Any]:
    return _checks.query(value, "default_query") or {}


def _invalid_hits(value: Literal["raise", "keep"] | None) -> Literal["raise", "keep"]:
    if value not in (None, "raise", "keep"):
        _checks.refuse("invalid_hits", value, 'it must be "raise" or "keep"')
    return value or "raise"


def _rate_limit(value: RateLimiter | None) -> RateLimiter | None:
    if value is not None and not isinstance(cast("object", value), RateLimiter):
        _checks.refuse("rate_limit", value, "it must be a RateLimit or have `acquire` and `cool_down`")
    return value


def _is_hook(_: object, field: attrs.Attribute[Any], value: Any) -> None:  # noqa: ANN401
    if value is not None and not callable(value):
        rule = "it must be a function of one argument, plain or async"
        _checks.refuse(field.name, type(value).__name__, rule)


@attrs.frozen(kw_only=True, eq=False)
class Settings:
    """The keywords of both clients.

    Args:
        api_key: the key of a pair; environment `SCENARIO_SDK_API_KEY`.
        api_secret: the secret of a pair; environment `SCENARIO_SDK_API_SECRET`.
        bearer_auth: a token, or a callable (plain or async) that gives one; environment `SCENARIO_SDK_JWT`.
        project_id: the project of searches that name none; environment `SCENARIO_PROJECT_ID`.
        base_url: where the API is; environment `SCENARIO_BASE_URL`, else the service.
        allow_http: let `http://` reach hosts other than this machine; False.
        timeout: seconds for one attempt; 60.
        deadline: seconds for one call in all: queueing, attempts, waits, body; none.
        max_retries: attempts after the first; 2.
        retry_budget: the retries of all calls together, refilled by successes; 100. False: without end.
        max_concurrency: requests in flight at once per event loop; 32.
        rate_limit: a pace for requests, `RateLimit(requests=100, per=60.0)` for instance; none.
        default_headers: headers of every request; `SCENARIO_CUSTOM_HEADERS` (one a line) come first.
        default_query: URL parameters of every request.
        invalid_hits: `"raise"`, or `"keep"` to put hits that do not fit into `page.invalid_hits`.
        max_response_bytes: the largest reply taken, decompressed; 64 MiB.
        coalesce: let identical searches that are in flight at once be one request; False.
        on_request: a function, plain or async, that is told of each attempt before it leaves.
        on_response: one that is told of each reply.
        on_retry: one that is told of each failure that is tried again.
        session: a factory of `aiohttp.ClientSession`, called on the loop that needs one; the async client
            takes a session as well, which binds it to that session's loop and is never closed by it.
        ssl: an `ssl.SSLContext`, or the path of a file or directory of certificate authorities.
        proxy: the URL of an HTTP proxy; else HTTPS_PROXY (HTTP_PROXY, ALL_PROXY) and NO_PROXY count.
        pickle_credentials: let keys travel in a pickle; False: the unpickled client reads its environment.

    Raises `ScenarioError` when there is nothing to sign with, half a pair, or an unusable base URL.
    """

    api_key: Secret | None = attrs.field(default=None, converter=_secret)
    api_secret: Secret | None = attrs.field(default=None, converter=_secret)
    bearer_auth: Secret | TokenSource | None = attrs.field(default=None, converter=_bearer, repr=False)
    project_id: str | None = attrs.field(default=None, converter=_project_id)
    base_url: str = attrs.field(default=None, converter=_base_url)
    allow_http: bool = attrs.field(default=None, converter=_allow_http)
    timeout: float = attrs.field(default=None, converter=_timeout)
    deadline: float | None = attrs.field(default=None, converter=_deadline)
    max_retries: int = attrs.field(default=None, converter=_max_retries)
    retry_budget: int = attrs.field(default=None, converter=_retry_budget)
    max_concurrency: int = attrs.field(default=None, converter=_max_concurrency)
    rate_limit: RateLimiter | None = attrs.field(default=None, converter=_rate_limit)
    default_headers: dict[str, str] | None = attrs.field(default=None, converter=_headers, repr=False)
    default_query: dict[str, Any] = attrs.field(default=None, converter=_query, repr=False)
    invalid_hits: Literal["raise", "keep"] = attrs.field(default=None, converter=_invalid_hits)
    max_response_bytes: int = attrs.field(default=None, converter=_max_response_bytes)
    coalesce: bool = attrs.field(default=None, converter=_coalesce)
    on_request: OnRequest | None = attrs.field(default=None, validator=_is_hook, repr=False)
    on_response: OnResponse | None = attrs.field(default=None, validator=_is_hook, repr=False)
    on_retry: OnRetry | None = attrs.field(default=None, validator=_is_hook, repr=False)
    session: aiohttp.ClientSession | SessionFactory | None = attrs.field(default=None, repr=False)
    ssl: TLS | None = attrs.field(default=None, converter=_network.tls, repr=False)
    proxy: Proxy | None = attrs.field(default=None, converter=_network.proxy, repr=False)
    pickle_credentials: bool = attrs.field(default=None, converter=_pickle_credentials)

    def __attrs_post_init__(self) -> None:
        _check_base_url(self.base_url, allow_http=self.allow_http)
        self._resolve_headers_and_credentials()
        _set_up_logging()

    def _resolve_headers_and_credentials(self) -> None:
        from_environment = _environment_headers()
        explicit = any(getattr(self, name) is not None for name in _CREDENTIALS) or signs(
            self.default_headers
        )
        if explicit:
            from_environment = {k: v for k, v in from_environment.items() if k.lower() != "authorization"}
        own = self.default_headers or {}
        taken = {name.lower() for name in own}
        kept = {name: value for name, value in from_environment.items() if name.lower() not in taken}
        object.__setattr__(self, "default_headers", kept | own)

        key, secret, bearer = self.api_key, self.api_secret, self.bearer_auth
        if (bearer is None and not signs(own)) or key is not None or secret is not None:
            key = key or _secret(os.environ.get("SCENARIO_SDK_API_KEY"))
            secret = secret or _secret(os.environ.get("SCENARIO_SDK_API_SECRET"))
        if (key is None) != (secret is None):
            missing = (
                "api_key (SCENARIO_SDK_API_KEY)" if key is None else "api_secret (SCENARIO_SDK_API_SECRET)"
            )
            raise ScenarioError(f"half a key pair: {missing} is missing; give both, or neither")
        if key is not None:
            bearer = None
        elif bearer is None and not explicit:
            bearer = _secret(os.environ.get("SCENARIO_SDK_JWT"))
        if key is None and bearer is None and not signs(self.default_headers):
            raise ScenarioError(
                "nothing to sign with: pass api_key and api_secret, or bearer_auth, or set SCENARIO_SDK_API_KEY "
                "and SCENARIO_SDK_API_SECRET, or SCENARIO_SDK_JWT"
            )
        for name, value in zip(_CREDENTIALS, (key, secret, bearer), strict=True):
            object.__setattr__(self, name, value)

    def _keywords(self) -> dict[str, Any]:
        """Give what this object was resolved to, as keywords of another."""
        return {field.name: getattr(self, field.name) for field in attrs.fields(Settings)}

    def _overridden(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Give the keywords of an object like this one, but for the overrides that are not None.

        Overridden credentials replace all others: a token given here is not beaten by an older key pair.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        kept = self._keywords()
        if any(name in given for name in _CREDENTIALS) or signs(given.get("default_headers")):
            kept |= dict.fromkeys(_CREDENTIALS)
        return kept | given

    def _pickled(self) -> dict[str, Any]:
        """Give the keywords that may travel in a pickle."""
        keywords = self._keywords()
        if not self.pickle_credentials:
            keywords = {name: value for name, value in keywords.items() if name not in _UNPICKLED}
            keywords["proxy"] = None if self.proxy is None else self.proxy.without_credentials()
        _network.refuse_to_pickle(self.ssl)
        if keywords["session"] is not None and not callable(keywords["session"]):
            raise ScenarioError(
                "a client with a session of its own cannot be pickled; give it a session factory"
            )
        return keywords


def signs(headers: object) -> bool:
    """Tell whether these headers bring their own signature."""
    if not isinstance(headers, Mapping):  # which is refused elsewhere
        return False
    return any(str(name).lower() == "authorization" for name in cast("Mapping[object, object]", headers))


def _environment_headers() -> dict[str, str]:
    lines = os.environ.get("SCENARIO_CUSTOM_HEADERS", "").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    headers = {name.strip(): value.strip() for name, value in pairs}
    return _checks.headers(headers, "SCENARIO_CUSTOM_HEADERS") or {}


def _check_base_url(url: str, *, allow_http: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ScenarioError(f"base_url {redact(url)!r} is no URL: {error}") from None
    if parts.username is not None or parts.password is not None or "@" in url:
        raise ScenarioError("base_url holds credentials; pass api_key and api_secret instead")
    if parts.scheme not in ("http", "https") or not host:
        raise ScenarioError(f"base_url is {redact(url)!r}, but it must be like {SERVICE_URL}")
    if any(not "!" <= character <= "~" or character in '"<>\\^`{|}' for character in url):
        rule = "base_url holds a space, a line break or another character that no URL has"
        raise ScenarioError(
            f"{rule}; other letters are written as punycode in the host, and as %xx in the path"
        )
    if "?" in url or "#" in url:
        raise ScenarioError(
            f"base_url is {redact(url.partition('#')[0])!r} and more, but it must have no query string and no fragment"
        )
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise ScenarioError(
            f"base_url is {url!r}, which sends keys unprotected; use https, or allow_http=True"
        )


def _set_up_logging() -> None:
    level = os.environ.get("SCENARIO_LOG", "").upper()
    logger = logging.getLogger("scenario_async")
    if level not in ("INFO", "DEBUG"):
        return
    logger.setLevel(level)
    if not any(isinstance(each, _LogHandler) for each in logger.handlers):
        handler = _LogHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)


class _LogHandler(logging.StreamHandler[Any]):
    """The handler that `SCENARIO_LOG` puts on this package's logger, at most once."""
