"""Settings: where each value comes from, what is refused, and what never prints."""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest

from scenario_async import AsyncScenario, InvalidSearchError, RateLimit, Scenario, ScenarioError
from scenario_async._signing import Signer
from scenario_async.settings import SERVICE_URL, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

KEYWORDS = {
    "api_key", "api_secret", "bearer_auth", "project_id", "base_url", "allow_http", "timeout", "deadline",
    "max_retries", "max_concurrency", "rate_limit", "default_headers", "default_query", "invalid_hits",
    "max_response_bytes", "session", "pickle_credentials", "retry_budget", "on_request", "on_response",
    "on_retry", "ssl", "proxy", "coalesce",
}  # fmt: skip
PAIR: dict[str, Any] = {"api_key": "k", "api_secret": "s"}
SECRET = "s3cr3t"
ENV_PAIR = {"SCENARIO_SDK_API_KEY": "ek", "SCENARIO_SDK_API_SECRET": "es"}
ENV_JWT = {"SCENARIO_SDK_JWT": "ejwt"}
CLIENTS = [AsyncScenario, Scenario]


def basic(pair: str) -> str:
    """Give the header of HTTP Basic."""
    return "Basic " + base64.b64encode(pair.encode()).decode()


def signature_of(settings: Settings) -> str | None:
    """Give the Authorization header that settings lead to."""
    own = {name.lower(): value for name, value in (settings.default_headers or {}).items()}
    if "authorization" in own:
        return own["authorization"]
    signed = asyncio.run(Signer(settings).authorization())
    return None if signed is None else signed.reveal()


def told(build: Callable[[], object]) -> str:
    """Give all that a traceback with locals shows of the error that building a client raises."""
    with pytest.raises(ScenarioError) as caught:
        build()
    return "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())


@pytest.mark.parametrize("cls", CLIENTS)
def test_both_clients_take_the_documented_keywords(cls: Callable[..., object]) -> None:
    """The signature of each client is exactly the documented keywords, keyword-only."""
    parameters = inspect.signature(cls).parameters
    assert set(parameters) == KEYWORDS
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("cls", CLIENTS)
def test_none_counts_as_not_given(cls: Callable[..., Settings]) -> None:
    """Every keyword may be None, and the documented default stands."""
    client = cls(**(dict.fromkeys(KEYWORDS) | PAIR))
    assert client.base_url == SERVICE_URL == "https://api.cloud.scenario.com/v1"
    assert (client.timeout, client.deadline, client.max_retries) == (60.0, None, 2)
    assert (client.max_concurrency, client.max_response_bytes) == (32, 64 * 1024 * 1024)
    assert (client.invalid_hits, client.rate_limit, client.project_id) == ("raise", None, None)
    assert (client.allow_http, client.pickle_credentials) == (False, False)


@pytest.mark.parametrize(
    ("environment", "options", "signature"),
    [
        ({}, PAIR, basic("k:s")),
        ({}, {"api_key": "ké", "api_secret": "s:ü"}, basic("ké:s:ü")),
        ({}, {"bearer_auth": "jwt"}, "Bearer jwt"),
        ({}, PAIR | {"bearer_auth": "jwt"}, basic("k:s")),
        ({}, {"bearer_auth": lambda: "called"}, "Bearer called"),
        (ENV_PAIR, {}, basic("ek:es")),
        (ENV_JWT, {}, "Bearer ejwt"),
        (ENV_PAIR | ENV_JWT, {}, basic("ek:es")),
        (ENV_PAIR | ENV_JWT, PAIR, basic("k:s")),
        (ENV_PAIR, {"bearer_auth": "jwt"}, "Bearer jwt"),
        (ENV_PAIR | ENV_JWT, {"bearer_auth": "jwt"}, "Bearer jwt"),
        (ENV_JWT, PAIR, basic("k:s")),
        (ENV_PAIR, {"api_key": None, "api_secret": None, "bearer_auth": None}, basic("ek:es")),
        ({"SCENARIO_SDK_API_SECRET": "es"}, {"api_key": "k"}, basic("k:es")),
        ({"SCENARIO_SDK_API_KEY": "ek"}, {"api_secret": "s"}, basic("ek:s")),
        ({}, {"default_headers": {"Authorization": "Custom x"}}, "Custom x"),
        ({}, {"default_headers": {"authorization": "Custom x"}}, "Custom x"),
        (ENV_PAIR | ENV_JWT, {"default_headers": {"Authorization": "Custom x"}}, "Custom x"),
        ({"SCENARIO_CUSTOM_HEADERS": "Authorization: Custom e"}, {}, "Custom e"),
        ({"SCENARIO_CUSTOM_HEADERS": "Authorization: Custom e"}, PAIR, basic("k:s")),
        ({"SCENARIO_CUSTOM_HEADERS": "authorization: Custom e"}, {"bearer_auth": "jwt"}, "Bearer jwt"),
    ],
)
def test_precedence_of_credentials(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, Any], signature: str
) -> None:
    """Explicit wins over the environment, and a key pair over a token."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert signature_of(Settings(**options)) == signature


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("environment", "options", "missing"),
    [
        ({}, {"api_key": "k"}, "api_secret"),
        ({}, {"api_secret": "s"}, "api_key"),
        ({}, {"api_key": "k", "bearer_auth": "jwt"}, "api_secret"),
        ({"SCENARIO_SDK_API_KEY": "k"}, {}, "SCENARIO_SDK_API_SECRET"),
        ({"SCENARIO_SDK_API_SECRET": "s"}, {}, "SCENARIO_SDK_API_KEY"),
        ({"SCENARIO_SDK_API_KEY": "k"} | ENV_JWT, {}, "SCENARIO_SDK_API_SECRET"),
    ],
)
def test_half_a_key_pair_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
    cls: Callable[..., object],
    environment: dict[str, str],
    options: dict[str, Any],
    missing: str,
) -> None:
    """The other half is named, wherever the first one came from."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ScenarioError, match=missing):
        cls(**options)


@pytest.mark.parametrize("cls", CLIENTS)
def test_nothing_to_sign_with_names_the_variables(cls: Callable[..., object]) -> None:
    """A client without credentials is refused when it is built."""
    with pytest.raises(ScenarioError) as caught:
        cls()
    for name in ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "keyword", "from_environment", "explicit"),
    [
        ("SCENARIO_PROJECT_ID", "project_id", "proj_e", "proj_x"),
        ("SCENARIO_BASE_URL", "base_url", "https://e.example.com/v1", "https://x.example.com/v1"),
    ],
)
def test_explicit_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, keyword: str, from_environment: str, explicit: str
) -> None:
    """A variable stands in for a keyword that is not given."""
    monkeypatch.setenv(variable, from_environment)
    options: dict[str, Any] = dict(PAIR)
    assert getattr(Settings(**options), keyword) == from_environment
    assert getattr(Settings(**options, **cast("Any", {keyword: None})), keyword) == from_environment
    assert getattr(Settings(**options, **cast("Any", {keyword: explicit})), keyword) == explicit


def test_custom_headers_come_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SCENARIO_CUSTOM_HEADERS` gives headers that explicit ones replace, whatever their case."""
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "X-One: 1\nX-Two:two: too\n\nX-Three:  3 ")
    headers = Settings(api_key="k", api_secret="s", default_headers={"x-one": "own"}).default_headers
    assert headers == {"X-Two": "two: too", "X-Three": "3", "x-one": "own"}


def test_damaged_custom_headers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header from the environment has to be one, and the variable is named."""
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "not a name: 1")
    with pytest.raises(ScenarioError, match="SCENARIO_CUSTOM_HEADERS"):
        Settings(api_key="k", api_secret="s")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("https://api.example.com/v1//", "https://api.example.com/v1"),
        ("https://api.example.com", "https://api.example.com"),
        ("http://127.0.0.1:8900/v1", "http://127.0.0.1:8900/v1"),
        ("http://127.9.9.9/v1", "http://127.9.9.9/v1"),
        ("http://localhost:8900/v1", "http://localhost:8900/v1"),
        ("http://api.localhost/v1", "http://api.localhost/v1"),
        ("http://[::1]:8900/v1", "http://[::1]:8900/v1"),
    ],
)
def test_base_urls_that_are_taken(url: str, kept: str) -> None:
    """HTTPS goes everywhere, plain HTTP to this machine."""
    assert Settings(api_key="k", api_secret="s", base_url=url).base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/v1",
        "http://10.0.0.1/v1",
        "http://localhost.example.com",
        "http://[fe80::1]/v1",
    ],
)
def test_plain_http_to_others_has_to_be_allowed(url: str) -> None:
    """Keys leave this machine unprotected only with `allow_http`."""
    with pytest.raises(ScenarioError, match="allow_http"):
        Settings(api_key="k", api_secret="s", base_url=url)
    assert Settings(api_key="k", api_secret="s", base_url=url, allow_http=True).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com/v1",
        "ftp://api.example.com",
        "https://",
        "https:///v1",
        "https://api.example.com:port/v1",
        "https://[::1/v1",
        "https://api.example.com/v1?x=1",
        "https://api.example.com/v1#x",
        "https://user:s3cr3t@api.example.com/v1",
        "https://s3cr3t@api.example.com/v1",
        "https://api.example.com/v1?token=s3cr3t",
        "ftp://user:s3cr3t@api.example.com/v1",
        "user:s3cr3t@api.example.com/v1",
    ],
)
@pytest.mark.parametrize("source", ["keyword", "environment"])
def test_base_urls_that_are_refused(monkeypatch: pytest.MonkeyPatch, url: str, source: str) -> None:
    """What is no plain URL of a place is refused by name, without the secret that it may hold."""
    if source == "environment":
        monkeypatch.setenv("SCENARIO_BASE_URL", url)
    with pytest.raises(ScenarioError, match="base_url") as caught:
        Settings(api_key="k", api_secret="s", base_url=url if source == "keyword" else None)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", "60"),
        ("timeout", float("nan")),
        ("deadline", 0),
        ("deadline", float("inf")),
        ("max_retries", -1),
        ("max_retries", 1.5),
        ("max_retries", True),
        ("max_concurrency", 0),
        ("max_response_bytes", 0),
        ("invalid_hits", "drop"),
        ("rate_limit", 100),
        ("default_headers", {"a b": "c"}),
        ("default_headers", {"a": "c\n"}),
        ("default_query", [("a", 1)]),
        ("allow_http", "yes"),
        ("pickle_credentials", 1),
        ("project_id", 5),
        ("session", 5),
    ],
)
@pytest.mark.parametrize("cls", CLIENTS)
def test_wrong_values_are_refused_by_name(cls: Callable[..., object], name: str, value: object) -> None:
    """A keyword that breaks its rule is named at construction."""
    with pytest.raises(InvalidSearchError, match=name):
        cls(**PAIR, **{name: value})


@pytest.mark.parametrize("name", ["api_key", "api_secret", "bearer_auth", "base_url"])
def test_texts_have_to_be_texts(name: str) -> None:
    """A credential or URL of another type is an error of ours, and does not print."""
    with pytest.raises(ScenarioError):
        Settings(**cast("Any", PAIR | {name: 5}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_retries", 0),
        ("timeout", 0.5),
        ("deadline", 3),
        ("max_concurrency", 1),
        ("max_response_bytes", 1),
        ("invalid_hits", "keep"),
    ],
)
def test_given_values_stay(name: str, value: object) -> None:
    """What keeps the rules is what the client has."""
    assert getattr(Settings(**cast("Any", PAIR | {name: value})), name) == value


async def test_sync_client_takes_no_session() -> None:
    """A session belongs to a loop, so the sync client wants a factory."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(InvalidSearchError, match="session"):
            Scenario(api_key="k", api_secret="s", session=cast("Any", session))
        assert AsyncScenario(api_key="k", api_secret="s", session=session).session is session


class _Token:
    def __call__(self) -> str:
        return "s3cr3t-called"


SECRETIVE: list[dict[str, Any]] = [
    {"api_key": "s3cr3t-key", "api_secret": "s3cr3t-secret"},
    {"bearer_auth": "s3cr3t-token"},
    PAIR | {"default_headers": {"X-Key": "s3cr3t-header"}},
    {"default_headers": {"Authorization": "Custom s3cr3t-header"}},
    PAIR | {"default_query": {"token": "s3cr3t-query"}},
]


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("options", SECRETIVE)
def test_nothing_secret_prints(cls: Callable[..., Settings], options: dict[str, Any]) -> None:
    """Neither text of a client shows a key, a token or a header."""
    client = cls(**options)
    assert "s3cr3t" not in repr(client)
    assert "s3cr3t" not in str(client)
    for value in (client.api_key, client.api_secret, client.bearer_auth):
        assert "s3cr3t" not in f"{value!r} {value}"


@pytest.mark.parametrize("cls", CLIENTS)
def test_no_frame_of_a_refusal_holds_a_secret(cls: type[AsyncScenario | Scenario]) -> None:
    """A client that is refused leaves no key in the traceback, not even with its locals."""
    builds: list[Callable[[], object]] = [
        lambda: cls(api_key=SECRET, api_secret="s", timeout=0),
        lambda: cls(api_key=SECRET),
        lambda: cls(bearer_auth=SECRET, base_url="ftp://x"),
        lambda: cls(**PAIR, default_headers={"x": SECRET + "\n"}),
        lambda: cls(**PAIR, default_headers={"x": SECRET}, max_retries=-1),
        lambda: cls(api_key=SECRET, api_secret="s").with_options(timeout=-1),
    ]
    for build in builds:
        assert "s3cr3t" not in told(build)


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("options", SECRETIVE[:4])
def test_credentials_stay_out_of_pickles(
    monkeypatch: pytest.MonkeyPatch,
    repickle: Callable[[Any], Any],
    cls: Callable[..., Settings],
    options: dict[str, Any],
) -> None:
    """An unpickled client reads its credentials from the environment, and keeps all else."""
    client = cls(**options, timeout=7, project_id="proj_1", rate_limit=RateLimit(requests=3))
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "ek")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "es")
    assert b"s3cr3t" not in pickle.dumps(client)
    copied = repickle(client)
    assert type(copied) is cls
    assert signature_of(copied) == basic("ek:es")
    assert (copied.timeout, copied.project_id, copied.rate_limit.requests) == (7, "proj_1", 3)


@pytest.mark.parametrize("cls", CLIENTS)
def test_unpickling_without_credentials_says_what_is_missing(
    repickle: Callable[[Any], Any], cls: Callable[..., Settings]
) -> None:
    """Where the environment has no credentials, the unpickled client names the variables."""
    client = cls(**PAIR)
    with pytest.raises(ScenarioError, match="SCENARIO_SDK_API_KEY"):
        repickle(client)


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("options", "signature"),
    [
        (PAIR, basic("k:s")),
        ({"bearer_auth": "jwt"}, "Bearer jwt"),
        ({"bearer_auth": _Token()}, "Bearer s3cr3t-called"),
        ({"default_headers": {"Authorization": "Custom x"}}, "Custom x"),
    ],
)
def test_pickle_credentials_lets_them_travel(
    monkeypatch: pytest.MonkeyPatch,
    repickle: Callable[[Any], Any],
    cls: Callable[..., Settings],
    options: dict[str, Any],
    signature: str,
) -> None:
    """With `pickle_credentials` the copy signs as the original does, whatever the environment says."""
    client = cls(**options, pickle_credentials=True)
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "ek")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "es")
    copied = repickle(client)
    assert signature_of(copied) == signature
    assert copied.pickle_credentials is True


async def test_client_with_a_session_refuses_to_pickle(repickle: Callable[[Any], Any]) -> None:
    """A session cannot travel, and the error says what can."""
    async with aiohttp.ClientSession() as session:
        client = AsyncScenario(api_key="k", api_secret="s", session=session)
        with pytest.raises(ScenarioError, match="factory"):
            repickle(client)


@pytest.mark.parametrize(
    ("options", "overrides", "signature"),
    [
        (PAIR, {"timeout": 1}, basic("k:s")),
        (PAIR, {"bearer_auth": "jwt"}, "Bearer jwt"),
        ({"bearer_auth": "jwt"}, PAIR, basic("k:s")),
        (PAIR, {"default_headers": {"Authorization": "Custom x"}}, "Custom x"),
        (PAIR, {"bearer_auth": None, "api_key": None}, basic("k:s")),
    ],
)
@pytest.mark.parametrize("cls", [AsyncScenario, Scenario])
def test_options_given_later_win(
    cls: type[AsyncScenario | Scenario], options: dict[str, Any], overrides: dict[str, Any], signature: str
) -> None:
    """`with_options` replaces what is given and keeps the rest; new credentials replace all old ones."""
    client = cls(**options, project_id="proj_1")
    derived = client.with_options(**overrides)
    assert type(derived) is cls
    assert signature_of(derived) == signature
    assert derived.project_id == "proj_1"
    assert client.timeout == 60.0


def handlers() -> list[logging.Handler]:
    """Give the handlers on our logger that write somewhere."""
    found = logging.getLogger("scenario_async").handlers
    return [each for each in found if not isinstance(each, logging.NullHandler)]


@pytest.mark.parametrize("value", [None, "", "off", "warning", "nonsense"])
def test_logging_is_silent_by_default(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """Without a known `SCENARIO_LOG` no handler appears."""
    if value is not None:
        monkeypatch.setenv("SCENARIO_LOG", value)
    AsyncScenario(api_key="k", api_secret="s")
    assert handlers() == []


@pytest.mark.parametrize(
    ("value", "level"), [("info", logging.INFO), ("debug", logging.DEBUG), ("DEBUG", logging.DEBUG)]
)
@pytest.mark.parametrize("cls", CLIENTS)
def test_log_variable_puts_one_handler_on_our_logger(
    monkeypatch: pytest.MonkeyPatch, cls: Callable[..., object], value: str, level: int
) -> None:
    """The handler appears once, however many clients there are, and on no other logger."""
    root = list(logging.getLogger().handlers)
    others = list(logging.getLogger("aiohttp").handlers)
    monkeypatch.setenv("SCENARIO_LOG", value)
    cls(**PAIR)
    cls(**PAIR)
    assert len(handlers()) == 1
    assert logging.getLogger("scenario_async").level == level
    assert logging.getLogger().handlers == root
    assert logging.getLogger("aiohttp").handlers == others


def test_log_variable_is_read_when_a_client_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later client with another `SCENARIO_LOG` changes the level, with the handler that is there."""
    monkeypatch.setenv("SCENARIO_LOG", "info")
    AsyncScenario(api_key="k", api_secret="s")
    monkeypatch.setenv("SCENARIO_LOG", "debug")
    AsyncScenario(api_key="k", api_secret="s")
    assert len(handlers()) == 1
    assert logging.getLogger("scenario_async").level == logging.DEBUG
