"""What a client can be told, once for both clients: each keyword with its type, rule, words and variable.

An explicit value wins over the environment; None counts as not given. Keys, tokens and headers never print,
and they are left out of a pickle unless `pickle_credentials` says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    runtime_checkable,
)

import attrs

from scenario_async._annotations import evaluable
from scenario_async._support import checks, network, secret
from scenario_async._support.loading import LOADING
from scenario_async._support.logger import set_up_logging
from scenario_async.errors import ConfigurationError, InvalidSearchError, ScenarioError

if TYPE_CHECKING:
    import aiohttp

    from scenario_async._support.network import TLS, Proxy
    from scenario_async._support.secret import Secret, TokenSource
    from scenario_async.events import OnRequest, OnResponse, OnRetry

SERVICE_URL: Final = "https://api.cloud.scenario.com/v1"
CREDENTIALS: Final = ("api_key", "api_secret", "bearer_auth")
_UNPICKLED: Final = (*CREDENTIALS, "default_headers")

_T = TypeVar("_T")
SessionFactory: TypeAlias = "Callable[[], aiohttp.ClientSession]"
"""A function that makes an `aiohttp.ClientSession`."""


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


def keyword(
    words: str, rule: checks.Rule | None, *, variable: str = "", can_be_off: bool = False
) -> dict[str, Any]:
    """Declare a keyword, as the metadata of its field: its words, its rule, and the variable that may stand for it.

    A rule of None means that the field's converter is the rule. `can_be_off` lets `with_options(name=None)` switch off
    what a client had.
    """
    return checks.declared(words, rule, variable=variable, can_be_off=can_be_off)


def _ruled(words: str, rule: checks.Rule, default: object = None, *, shown: bool = True, **more: Any) -> Any:  # noqa: ANN401
    """Make the field of a keyword that is kept as it is given."""
    return attrs.field(default=default, repr=shown, metadata=keyword(words, rule, **more))


def _base_url(value: str | None) -> str:
    return (checks.text(value, "base_url") or SERVICE_URL).rstrip("/")


def _headers(value: Mapping[str, str] | None) -> dict[str, str]:
    return checks.headers(value, "default_headers") or {}


def _query(value: Mapping[str, Any] | None) -> dict[str, Any]:
    return checks.query(value, "default_query") or {}


def _retry_budget(value: bool | int, parameter: str) -> int | Literal[False]:  # noqa: FBT001
    """Take a number of retries, or False for no limit, which stays False; True means the usual number."""
    if value is False:
        return value
    if value is True:
        return 100
    rule = "it must be 1 or more, or False for no budget; max_retries=0 is for no retries"
    if not isinstance(cast("object", value), int) or value < 1:
        checks.refuse(parameter, value, rule)
    return value


def _limiter(value: object, parameter: str) -> object:
    if not isinstance(value, RateLimiter):
        checks.refuse(parameter, value, "it must be a RateLimit or have `acquire` and `cool_down`")
    return value


def _hook(value: object, parameter: str) -> object:
    if not callable(value):
        checks.refuse(
            parameter, type(value).__name__, "it must be a function of one argument, plain or async"
        )
    return value


def _session(value: object, parameter: str) -> object:
    if not callable(value) and not hasattr(value, "request"):
        rule = "it must be an aiohttp.ClientSession or a factory of one"
        checks.refuse(parameter, type(value).__name__, rule)
    return value


def session_factory(value: object, parameter: str) -> object:
    """Take what the sync client does."""
    if not callable(value):
        rule = "the sync client runs on a loop of its own, so it must be a factory of sessions"
        checks.refuse(parameter, type(value).__name__, rule)
    return value


@evaluable
@checks.documented
@attrs.frozen(kw_only=True, eq=False)
class Settings:
    """The keywords of both clients.

    A wrong value, no key, or half a key pair is a `ConfigurationError`.
    """

    api_key: Secret | None = attrs.field(
        default=None,
        converter=secret.api_key,
        metadata=keyword("the key of your key pair.", None, variable="SCENARIO_SDK_API_KEY"),
    )
    api_secret: Secret | None = attrs.field(
        default=None,
        converter=secret.api_secret,
        metadata=keyword("the secret of your key pair.", None, variable="SCENARIO_SDK_API_SECRET"),
    )
    bearer_auth: Secret | TokenSource | None = attrs.field(
        default=None,
        converter=secret.bearer_auth,
        repr=False,
        metadata=keyword(
            "in place of a key pair: a token, or a callable (plain or async) that gives one.",
            None,
            variable="SCENARIO_SDK_JWT",
        ),
    )
    project_id: str | None = _ruled(
        "the project of searches that name none.",
        checks.identifier,
        variable="SCENARIO_PROJECT_ID",
        can_be_off=True,
    )
    base_url: str = attrs.field(
        default=SERVICE_URL,
        converter=_base_url,
        metadata=keyword("where the API is; by default the service.", None, variable="SCENARIO_BASE_URL"),
    )
    allow_http: bool = _ruled(
        "allow `http://` to other machines than this one; False by default.", checks.truth, default=False
    )
    timeout: float = _ruled("seconds for one attempt; 60 by default.", checks.seconds, default=60.0)
    deadline: float | None = _ruled(
        "seconds for one call, with all its waits and retries; none by default.",
        checks.seconds,
        can_be_off=True,
    )
    max_retries: int = _ruled("attempts after the first; 2 by default.", checks.at_least(0), default=2)
    retry_budget: int = _ruled(
        "how many retries all calls together may use up; successes refill it; 100 by default. False: no limit.",
        _retry_budget,
        default=100,
    )
    max_concurrency: int = _ruled(
        "slots: requests under way at once on an event loop; 32 by default.", checks.at_least(1), default=32
    )
    rate_limit: RateLimiter | None = _ruled(
        "the quota to keep to, such as `RateLimit(requests=100, per=60.0)`; none by default.",
        _limiter,
        can_be_off=True,
    )
    default_headers: dict[str, str] = attrs.field(
        factory=dict[str, str],
        converter=_headers,
        repr=False,
        metadata=keyword(
            "headers of every request; they win over those of `SCENARIO_CUSTOM_HEADERS` (one a line).", None
        ),
    )
    default_query: dict[str, Any] = attrs.field(
        factory=dict[str, Any],
        converter=_query,
        repr=False,
        metadata=keyword("URL parameters of every request.", None),
    )
    invalid_hits: Literal["raise", "keep"] = _ruled(
        '`"raise"`, or `"keep"` to put hits that do not fit into `page.invalid_hits`.',
        checks.one_of("raise", "keep"),
        default="raise",
    )
    max_response_bytes: int = _ruled(
        "the largest reply that is accepted, decompressed; 64 MiB by default.",
        checks.at_least(1),
        default=64 * 1024 * 1024,
    )
    coalesce: bool = _ruled(
        "send identical searches that run at the same moment as one request; False by default.",
        checks.truth,
        default=False,
    )
    on_request: OnRequest | None = _ruled(
        "a function, plain or async, called before each attempt.",
        _hook,
        shown=False,
        can_be_off=True,
    )
    on_response: OnResponse | None = _ruled(
        "the same, called with each reply.", _hook, shown=False, can_be_off=True
    )
    on_retry: OnRetry | None = _ruled(
        "the same, called before each retry.", _hook, shown=False, can_be_off=True
    )
    session: aiohttp.ClientSession | SessionFactory | None = _ruled(
        "a function that makes an `aiohttp.ClientSession`, called on the event loop that needs one; the async client also "
        "takes a session, which it uses on that session's loop only and never closes.",
        _session,
        shown=False,
    )
    ssl: TLS | None = attrs.field(
        default=None,
        converter=network.tls,
        repr=False,
        metadata=keyword(
            "an `ssl.SSLContext`, or the path of a file or directory of certificate authorities.", None
        ),
    )
    proxy: Proxy | None = attrs.field(
        default=None,
        converter=network.proxy,
        repr=False,
        metadata=keyword(
            "the URL of an HTTP proxy; without it, HTTPS_PROXY (HTTP_PROXY, ALL_PROXY) and NO_PROXY count.",
            None,
            can_be_off=True,
        ),
    )
    pickle_credentials: bool = _ruled(
        "keep the keys when a client is pickled; False: the unpickled client reads its environment.",
        checks.truth,
        default=False,
    )

    def __attrs_post_init__(self) -> None:
        checks.keep_rules(self)
        network.check_base_url(self.base_url, SERVICE_URL, allow_http=self.allow_http)
        if (self.api_key is None) != (self.api_secret is None):
            half = (
                "api_key (SCENARIO_SDK_API_KEY)"
                if self.api_key is None
                else "api_secret (SCENARIO_SDK_API_SECRET)"
            )
            message = f"half a key pair: {half} is missing; give both, or neither{_variable_meant()}"
            raise ConfigurationError(message, parameter=half.partition(" ")[0])
        if self.api_key is None and self.bearer_auth is None and not signs(self.default_headers):
            raise ConfigurationError(
                "no keys: pass api_key and api_secret, or bearer_auth, or set SCENARIO_SDK_API_KEY "
                f"and SCENARIO_SDK_API_SECRET, or SCENARIO_SDK_JWT{_variable_meant()}"
            )
        set_up_logging()

    @classmethod
    def of(cls, given: Mapping[str, Any], *, off: frozenset[str] = frozenset()) -> Self:
        """Settle what was given with what the environment has; None and an empty text count as not given.

        What is `off` stays so, whatever the environment has.
        """
        values = {name: value for name, value in given.items() if not _is_absent(value)}
        explicit = any(name in values for name in CREDENTIALS) or signs(values.get("default_headers"))
        half_given = "api_key" in values or "api_secret" in values
        # Keys that are given keep out those of the environment; but half a pair may find its other half there.
        kept_out = () if not explicit else ("bearer_auth",) if half_given else CREDENTIALS
        settled = {*values, *off, *kept_out}
        variables: dict[str, str] = {}
        for field in attrs.fields(cls):
            variable = field.metadata["variable"]
            if variable and field.name not in settled and (text := os.environ.get(variable)):
                values[field.name] = text
                variables[field.name] = variable
        if "api_key" in values and "bearer_auth" in values:
            secret.bearer_auth(values.pop("bearer_auth"))  # it is not needed, and right all the same
        headers = configured(lambda: _environment_headers(signed=explicit))
        own: object = values.get("default_headers")
        if isinstance(own, Mapping):
            own_headers = dict(cast("Mapping[Any, Any]", own))  # type: ignore[redundant-cast]
            taken = {str(name).lower() for name in own_headers}
            headers = {
                name: value for name, value in headers.items() if name.lower() not in taken
            } | own_headers
        if own is None or isinstance(own, Mapping):
            values["default_headers"] = headers
        if "proxy" in off:
            values["proxy"] = network.NO_PROXY
        return configured(lambda: cls(**values), variables)

    def derived(self, given: Mapping[str, Any]) -> Self:
        """Give settings like these, but for those given: None switches off what can be, and else counts as not given.

        Credentials that are given replace all others: a token is not beaten by an older key pair.
        """
        off = frozenset(name for name, value in given.items() if value is None and can_be_off(name))
        values = {name: value for name, value in given.items() if value is not None}
        off |= self.switched_off() - values.keys()
        kept = {
            each.name: getattr(self, each.name) for each in attrs.fields(type(self)) if each.name not in off
        }
        if any(name in values for name in CREDENTIALS) or signs(values.get("default_headers")):
            kept |= dict.fromkeys(CREDENTIALS)
        return self.of(kept | values, off=off)

    def switched_off(self) -> frozenset[str]:
        """Give what is off although a variable could stand for it, which is not to fill it in again."""
        fields = attrs.fields(type(self))
        able = (each.name for each in fields if each.metadata["variable"] and each.metadata["can_be_off"])
        return frozenset(name for name in able if getattr(self, name) is None)

    def pickled(self) -> dict[str, Any]:
        """Give the keywords that may travel in a pickle."""
        keywords = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        if not self.pickle_credentials:
            keywords = {name: value for name, value in keywords.items() if name not in _UNPICKLED}
            keywords["proxy"] = None if self.proxy is None else self.proxy.without_credentials()
        network.refuse_to_pickle(self.ssl)
        if keywords["session"] is not None and not callable(keywords["session"]):
            raise ScenarioError(
                "a client with a session of its own cannot be pickled; give it a session factory"
            )
        return keywords


if TYPE_CHECKING:

    @attrs.frozen(kw_only=True, eq=False)
    class SyncSettings(Settings):
        """The same for the sync client, which takes no session, only a factory of one."""

        session: SessionFactory | None = None


def configured(make: Callable[[], _T], variables: Mapping[str, str] = MappingProxyType({})) -> _T:
    """Give what is made of keywords, and raise what is wrong with one as `ConfigurationError`.

    `variables` has those of the keywords that the environment filled in, which the message then names.
    """
    try:
        return make()
    except (ConfigurationError, InvalidSearchError) as error:
        message, parameter = error.message, error.parameter
    source = f" (from the variable {variables[parameter]})" if parameter in variables else ""
    # Raised out here, it has no context but the caller's own.
    raise ConfigurationError(message + source, parameter=parameter)


def _variable_meant() -> str:
    """Tell of a variable that may have been meant for keys."""
    with LOADING:
        from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it
    fields = attrs.fields_dict(Settings)
    return moved.variable_meant((fields[name].metadata["variable"] for name in CREDENTIALS), os.environ)


def can_be_off(name: str) -> bool:
    """Tell whether `with_options(name=None)` switches a setting off."""
    return bool(attrs.fields_dict(Settings)[name].metadata["can_be_off"])


def signs(headers: object) -> bool:
    """Tell whether these headers bring their own signature."""
    if not isinstance(headers, Mapping):  # which is refused elsewhere
        return False
    return any(str(name).lower() == "authorization" for name in cast("Mapping[object, object]", headers))


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _environment_headers(*, signed: bool) -> dict[str, str]:
    lines = os.environ.get("SCENARIO_CUSTOM_HEADERS", "").splitlines()
    for number, line in enumerate(lines, 1):
        if line.strip() and ":" not in line:
            message = (
                f"SCENARIO_CUSTOM_HEADERS has no colon in line {number}: each line is a header, `name: value`"
            )
            raise ConfigurationError(message, parameter="SCENARIO_CUSTOM_HEADERS")
    pairs = (line.split(":", 1) for line in lines if line.strip())
    headers = {name.strip(): value.strip() for name, value in pairs}
    checked = checks.headers(headers, "SCENARIO_CUSTOM_HEADERS") or {}
    return {
        name: value for name, value in checked.items() if not (signed and name.lower() == "authorization")
    }
