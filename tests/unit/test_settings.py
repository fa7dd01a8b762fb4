"""Settings: how keywords are declared, where each value comes from, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from support.declarations import undeclared

from scenario_async import AsyncScenario, ConfigurationError, Scenario, ScenarioError
from scenario_async._http.signing import Signer
from scenario_async._support import checks
from scenario_async.settings import SERVICE_URL, Settings, keyword

if TYPE_CHECKING:
    from collections.abc import Callable

PAIR: dict[str, Any] = {"api_key": "k", "api_secret": "s"}
ENV_PAIR = {"SCENARIO_SDK_API_KEY": "ek", "SCENARIO_SDK_API_SECRET": "es"}
ENV_JWT = {"SCENARIO_SDK_JWT": "ejwt"}
KEYWORDS = [field.name for field in attrs.fields(Settings)]


def basic(pair: str) -> str:
    """Give the header of HTTP Basic."""
    return "Basic " + base64.b64encode(pair.encode()).decode()


def signature_of(settings: Settings) -> str | None:
    """Give the Authorization header that settings lead to."""
    own = {name.lower(): value for name, value in (settings.default_headers or {}).items()}
    if "authorization" in own:
        return own["authorization"]
    signed = asyncio.run(Signer(settings).authorization())
    return None if signed is None else signed.in_plain_text


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
    assert signature_of(Settings.of(options)) == signature


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
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, Any], missing: str
) -> None:
    """The other half is named, wherever the first one came from."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ScenarioError, match=missing):
        Settings.of(options)


def test_nothing_to_sign_with_names_the_variables() -> None:
    """Settings without credentials are refused."""
    with pytest.raises(ScenarioError) as caught:
        Settings.of({})
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
    """A variable stands in for a keyword that is not given, is None or an empty text."""
    monkeypatch.setenv(variable, from_environment)
    for absent in ({}, {keyword: None}, {keyword: ""}):
        assert getattr(Settings.of(PAIR | absent), keyword) == from_environment
    assert getattr(Settings.of(PAIR | {keyword: explicit}), keyword) == explicit


def test_custom_headers_come_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """`SCENARIO_CUSTOM_HEADERS` gives headers that explicit ones replace, whatever their case."""
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "X-One: 1\nX-Two:two: too\n\nX-Three:  3 ")
    headers = Settings.of(PAIR | {"default_headers": {"x-one": "own"}}).default_headers
    assert headers == {"X-Two": "two: too", "X-Three": "3", "x-one": "own"}


def test_damaged_custom_headers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header from the environment has to be one, and the variable is named."""
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "not a name: 1")
    with pytest.raises(ScenarioError, match="SCENARIO_CUSTOM_HEADERS"):
        Settings.of(PAIR)


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
        Settings.of(PAIR | ({"base_url": url} if source == "keyword" else {}))
    assert "s3cr3t" not in str(caught.value)


def test_every_keyword_is_declared_in_full() -> None:
    """Each has words that the text shows, and a rule or a converter."""
    assert undeclared(Settings) == {}


def test_a_keyword_without_words_or_rule_is_noticed() -> None:
    """Such as one that somebody adds."""

    @checks.documented
    @attrs.frozen(kw_only=True, eq=False)
    class Wider(Settings):
        bare: Any = None
        lawless: Any = attrs.field(default=None, metadata=keyword("anything.", None))

    assert undeclared(Wider) == {"bare": ["words", "rule"], "lawless": ["rule"]}


@pytest.mark.parametrize("name", KEYWORDS)
def test_every_keyword_refuses_what_is_nothing_to_it(name: str) -> None:
    """An object of no kind is an error of ours, whatever the keyword; credentials do not print."""
    with pytest.raises(ScenarioError):
        Settings(**cast("Any", PAIR | {name: object()}))


def test_every_keyword_may_be_none() -> None:
    """None counts as not given, and the documented default stands."""
    settings = Settings.of(dict.fromkeys(KEYWORDS) | PAIR)
    plain = Settings(**PAIR)
    for name in set(KEYWORDS) - {"api_key", "api_secret"}:
        assert getattr(settings, name) == getattr(plain, name)
    assert settings.base_url == SERVICE_URL == "https://api.cloud.scenario.com/v1"
    assert (settings.timeout, settings.deadline, settings.max_retries) == (60.0, None, 2)
    assert (settings.max_concurrency, settings.max_response_bytes) == (32, 64 * 1024 * 1024)
    assert (settings.invalid_hits, settings.rate_limit, settings.project_id) == ("raise", None, None)
    assert (settings.allow_http, settings.pickle_credentials) == (False, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0),
        ("timeout", "60"),
        ("timeout", float("nan")),
        ("deadline", 0),
        ("deadline", float("inf")),
        ("max_retries", -1),
        ("max_retries", True),
        ("max_concurrency", 0),
        ("max_response_bytes", 0),
        ("invalid_hits", "drop"),
        ("default_headers", {"a b": "c"}),
        ("default_headers", {"a": "c\n"}),
        ("default_query", [("a", 1)]),
        ("allow_http", "yes"),
        ("pickle_credentials", 1),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, value: object) -> None:
    """A keyword that breaks its rule is named."""
    with pytest.raises(ConfigurationError, match=name) as caught:
        Settings.of({**PAIR, name: value})
    assert caught.value.parameter == name


@pytest.mark.parametrize("cls", [AsyncScenario, Scenario])
@pytest.mark.parametrize(
    ("given", "variables", "told"),
    [
        ({"api_key": " k", "api_secret": "s"}, {}, r"^api_key has a blank or a line break around it"),
        ({"api_key": "k", "api_secret": "s\n"}, {}, r"^api_secret has a blank"),
        ({"api_key": "k\x00", "api_secret": "s"}, {}, r"^api_key holds"),
        (
            {},
            {"SCENARIO_SDK_API_KEY": "k\n", "SCENARIO_SDK_API_SECRET": "s"},
            r"\(from the variable SCENARIO_SDK_API_KEY\)$",
        ),
        ({"bearer_auth": "Bearer abcdefgh"}, {}, r"^bearer_auth begins with `Bearer `.*the token alone$"),
        ({}, {"SCENARIO_SDK_JWT": "bearer abcdefgh"}, r"\(from the variable SCENARIO_SDK_JWT\)$"),
        (
            PAIR,
            {"SCENARIO_BASE_URL": "ftp://x"},
            r"^base_url is 'ftp://x'.*\(from the variable SCENARIO_BASE_URL\)$",
        ),
        (PAIR | {"base_url": "ftp://x"}, {}, r"^base_url is 'ftp://x', but it must be like https://\S+$"),
        (PAIR | {"timeout": "4"}, {}, r"^timeout is '4', but it must be a number, not a text$"),
        (PAIR, {"ALL_PROXY": "socks5://x:1"}, r"SOCKS proxy give session="),
        ({"api_key": "k"}, {}, r"^half a key pair: api_secret"),
        ({}, {}, r"^no keys: pass api_key and api_secret"),
    ],
)
def test_what_a_client_cannot_be_built_of_is_named(
    monkeypatch: pytest.MonkeyPatch, cls: Any, given: dict[str, Any], variables: dict[str, str], told: str
) -> None:
    """The keyword, its rule, the way out, and the variable where the value came from one."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=told) as caught:
        cls(**given)
    assert isinstance(caught.value, (ScenarioError, ValueError))
    assert "abcdefgh" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("cls", [AsyncScenario, Scenario])
def test_overrides_are_refused_in_the_same_way(cls: Any) -> None:
    """`with_options` builds a client as well."""
    with pytest.raises(ConfigurationError, match=r"^timeout is 0"):
        cls(**PAIR).with_options(timeout=0)


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
@pytest.mark.parametrize("cls", [AsyncScenario, Scenario])
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


@attrs.frozen(kw_only=True, eq=False)
class WithRegion(Settings):
    """Settings with another keyword that may be off although a variable stands for it."""

    region: str | None = attrs.field(
        default=None,
        metadata=keyword("where.", checks.text, variable="SCENARIO_REGION", can_be_off=True),
    )


def test_every_keyword_that_is_off_stays_off_in_a_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is off is carried along by name, whichever keyword it is, and the variable does not count."""
    monkeypatch.setenv("SCENARIO_REGION", "eu")
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_env")
    on = WithRegion.of(PAIR)
    assert (on.region, on.project_id) == ("eu", "proj_env")
    assert not {"region", "project_id"} & on.switched_off()
    off = WithRegion.of(PAIR, off=frozenset({"region"}))
    assert off.switched_off() - on.switched_off() == {"region"}
    again = WithRegion.of({**off.pickled(), **PAIR}, off=off.switched_off())
    assert (again.region, again.project_id) == (None, "proj_env")
