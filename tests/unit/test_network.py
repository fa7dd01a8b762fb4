"""The way to the service: which proxies and authorities are taken, which the environment brings, what is shown."""

from __future__ import annotations

import os
import pickle
import ssl
from typing import TYPE_CHECKING, Any, cast

import pytest
import trustme

from scenario_async import ConfigurationError, InvalidSearchError, ScenarioError
from scenario_async._support.network import Authorities, Network, Proxy, proxy, refuse_to_pickle, tls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVICE = "https://api.scenario.test/v1"
PLAIN = "http://api.scenario.test/v1"
BASIC = "Basic dXNlcjpzM2NyM3Q="  # user:s3cr3t


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy of the machine reach a test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file of one certificate authority."""
    path = tmp_path_factory.mktemp("authorities") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return path


def taken(given: Proxy | None) -> tuple[str, str | None] | None:
    """Give what of a proxy goes over the wire."""
    if given is None:
        return None
    return given.url, None if given.authorization is None else given.authorization.in_plain_text


@pytest.mark.parametrize(
    ("url", "shown", "authorization"),
    [
        ("http://proxy.test:3128", "http://proxy.test:3128", None),
        ("https://proxy.test", "https://proxy.test", None),
        ("http://proxy.test:3128/", "http://proxy.test:3128", None),
        ("HTTP://127.0.0.1:1", "http://127.0.0.1:1", None),
        ("http://[::1]:3128", "http://[::1]:3128", None),
        ("http://my_proxy:3128", "http://my_proxy:3128", None),
        ("http://user:s3cr3t@proxy.test:3128", "http://proxy.test:3128", BASIC),
        ("http://user@proxy.test", "http://proxy.test", "Basic dXNlcjo="),
        ("http://:pass@proxy.test", "http://proxy.test", "Basic OnBhc3M="),
        ("http://@proxy.test", "http://proxy.test", None),
        ("http://user:p%40s%2Fs@proxy.test", "http://proxy.test", "Basic dXNlcjpwQHMvcw=="),
        ("http://user:p@ss@proxy.test", "http://proxy.test", "Basic dXNlcjpwQHNz"),
        ("http://ü:ß@proxy.test", "http://proxy.test", "Basic w7w6w58="),
    ],
)
def test_proxies_that_are_taken(url: str, shown: str, authorization: str | None) -> None:
    """What is shown has no credentials, and these are sent as UTF-8."""
    assert taken(proxy(url)) == (shown, authorization)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("socks5://user:s3cr3t@proxy.test:1080", "has the scheme 'socks5'"),
        ("proxy.test:3128", "has no scheme"),
        ("user:s3cr3t@proxy.test:3128", "has no scheme"),
        ("s3cr3t:user@proxy.test", "has no scheme"),
        ("//proxy.test:3128", "has no scheme"),
        ("http://", "names no host"),
        ("http://user:s3cr3t@", "names no host"),
        ("http://user:s3cr3t@:3128", "names no host"),
        ("http://%41:1", "names no host"),
        ("http://[::1", "is no URL"),
        ("http://user:s3cr3t@proxy.test:port", "is no URL"),
        ("http://user:s3cr3t@proxy.test:99999", "is no URL"),
        ("http://user:s3cr/3t@proxy.test:3128", "a password / \\? # are %2F %3F %23"),
        ("http://user:1/s3cr3t@proxy.test:3128", "a password / \\? # are %2F %3F %23"),
        ("http://user:1?s3cr3t@proxy.test:3128", "a password / \\? # are %2F %3F %23"),
        ("http://user:1#s3cr3t@proxy.test:3128", "a password / \\? # are %2F %3F %23"),
        ("http://proxy.test:3128/path", "more than a host and a port"),
        ("http://us%3Aer:s3cr3t@proxy.test", "colon"),
        ("http://user:s3cr3t\n@proxy.test", "line break"),
        ("http://proxy.test:3128 ", "space"),
        ("http://\ud800:1", "another character"),
    ],
)
def test_proxies_that_are_refused(url: str, rule: str) -> None:
    """The rule is told, and nothing that could be part of a password."""
    with pytest.raises(ConfigurationError, match=f"proxy .*{rule}.*http://user:password@host:3128") as caught:
        proxy(url)
    assert caught.value.parameter == "proxy"
    assert caught.value.__context__ is None
    assert "s3cr" not in str(caught.value)
    assert "3t" not in str(caught.value)


def test_a_proxy_is_a_text() -> None:
    """Another type is named, its value is not."""
    with pytest.raises(InvalidSearchError, match=r"proxy is 'bytes', but it must be a str") as caught:
        proxy(cast("Any", b"http://user:s3cr3t@proxy.test"))
    assert "s3cr3t" not in str(caught.value)
    assert proxy(None) is None
    assert proxy("") is None


def test_a_proxy_hides_its_credentials(repickle: Callable[[Any], Any]) -> None:
    """They do not print, they travel in a pickle of it, and there is a copy without them."""
    given = proxy("http://user:s3cr3t@proxy.test:3128")
    assert given is not None
    assert proxy(given) is given
    assert repr(given) == "Proxy(url='http://proxy.test:3128', authorization=Secret(…))"
    assert taken(repickle(given)) == ("http://proxy.test:3128", BASIC)
    bare = given.without_credentials()
    assert taken(bare) == ("http://proxy.test:3128", None)
    assert b"dXNlcj" not in pickle.dumps(bare)


@pytest.mark.parametrize("as_text", [True, False])
def test_authorities_are_the_only_ones_trusted(bundle: Path, *, as_text: bool) -> None:
    """A path, as a text or not, becomes a context that verifies with what is in the file."""
    loaded = tls(str(bundle) if as_text else bundle)
    assert isinstance(loaded, Authorities)
    assert len(loaded.context.get_ca_certs()) == 1
    assert loaded.context.verify_mode is ssl.CERT_REQUIRED
    assert loaded.context.check_hostname
    assert repr(loaded) == f"Authorities(path={str(bundle)!r})"


def test_authorities_are_loaded_once_and_travel_as_their_path(
    bundle: Path, tmp_path: Path, repickle: Callable[[Any], Any]
) -> None:
    """What was loaded passes again without a look at the file; a pickle reads it anew, where it is unpickled."""
    copied = tmp_path / "copy.pem"
    copied.write_bytes(bundle.read_bytes())
    loaded = tls(copied)
    assert isinstance(loaded, Authorities)
    again = repickle(loaded)
    assert again.path == str(copied)
    assert len(again.context.get_ca_certs()) == 1
    copied.unlink()
    assert tls(loaded) is loaded
    with pytest.raises(ConfigurationError, match=r"copy\.pem.*No such file"):
        repickle(loaded)


def test_a_directory_of_authorities_has_to_have_their_names(bundle: Path, tmp_path: Path) -> None:
    """OpenSSL finds an authority by its hashed name, so that a directory without any would trust nobody."""
    (tmp_path / "ca.pem").write_bytes(bundle.read_bytes())
    with pytest.raises(ConfigurationError, match="openssl rehash"):
        tls(tmp_path)
    (tmp_path / "0123abcd.0").write_bytes(bundle.read_bytes())
    assert isinstance(tls(tmp_path), Authorities)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), (b"", "no PEM file"), (b"\x00\xffnoise", "no PEM file")],
)
def test_unusable_authorities_are_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """The parameter, the path and the reason are told."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        ConfigurationError, match=rf"ssl is '.*ca\.pem', but it cannot be used: {reason}"
    ) as caught:
        tls(path)
    assert caught.value.parameter == "ssl"


def test_other_unusable_paths_are_refused(bundle: Path) -> None:
    """A path below a file, or one that no system has, is an error of ours."""
    with pytest.raises(ConfigurationError, match=r"ssl is .*Not a directory"):
        tls(bundle / "below")
    with pytest.raises(ConfigurationError, match=r"ssl is .*null"):
        tls("a\0b")
    with pytest.raises(ConfigurationError, match="ssl is ") as caught:
        tls("-----BEGIN PRIVATE KEY-----" + "s3cr3t" * 20 + "end")
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("value", [False, True, 1, b"ca.pem", ["ca.pem"]])
def test_verification_cannot_be_switched_off(value: object) -> None:
    """What is neither a path nor a context is refused with the way out."""
    with pytest.raises(
        InvalidSearchError, match=r"ssl is .*must be.*cannot be switched off.*context of your own"
    ):
        tls(cast("Any", value))


def test_contexts_are_taken_as_they_are() -> None:
    """A context for clients passes, whatever it verifies; one for servers could connect nowhere."""
    context = ssl.create_default_context()
    assert tls(context) is context
    assert tls(None) is None
    assert tls("") is None
    with pytest.raises(InvalidSearchError, match=r"ssl.create_default_context\(\)"):
        tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_only_a_context_refuses_to_travel(bundle: Path) -> None:
    """The error says what can."""
    refuse_to_pickle(None)
    refuse_to_pickle(tls(bundle))
    with pytest.raises(ScenarioError, match=r"SSLContext.*cannot be pickled.*path"):
        refuse_to_pickle(ssl.create_default_context())


@pytest.mark.parametrize(
    ("environment", "base_url", "expected"),
    [
        ({}, SERVICE, None),
        ({"HTTPS_PROXY": "http://a:1"}, SERVICE, "http://a:1"),
        ({"https_proxy": "http://a:1"}, SERVICE, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:2"}, SERVICE, "http://b:2"),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": ""}, SERVICE, None),
        ({"HTTP_PROXY": "http://a:1"}, SERVICE, None),
        ({"HTTP_PROXY": "http://a:1"}, PLAIN, "http://a:1"),
        ({"HTTP_PROXY": "http://a:1", "REQUEST_METHOD": "GET"}, PLAIN, None),
        ({"HTTPS_PROXY": "http://a:1"}, PLAIN, None),
        ({"ALL_PROXY": "http://a:1"}, SERVICE, "http://a:1"),
        ({"all_proxy": "http://a:1"}, PLAIN, "http://a:1"),
        ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:2"}, SERVICE, "http://b:2"),
        ({"ALL_PROXY": "socks5://a:1", "HTTPS_PROXY": "http://b:2"}, SERVICE, "http://b:2"),
        ({"HTTPS_PROXY": "a:1"}, SERVICE, "http://a:1"),
        ({"HTTPS_PROXY": "user:s3cr3t@a:1"}, SERVICE, "http://a:1"),
        ({"HTTPS_PROXY": "https://a"}, SERVICE, "https://a"),
    ],
)
def test_which_variable_counts(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], base_url: str, expected: str | None
) -> None:
    """The variable of the base URL's scheme, small letters before capitals, and ALL_PROXY as the last resort."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = Network.of(base_url, None, None).proxy
    assert (found and found.url) == expected


@pytest.mark.parametrize(
    ("base_url", "exempt", "straight"),
    [
        (SERVICE, "*", True),
        (SERVICE, "api.scenario.test", True),
        (SERVICE, "scenario.test", True),
        (SERVICE, ".scenario.test", True),
        (SERVICE, "other.test, API.Scenario.Test", True),
        (SERVICE, "api.scenario.test:443", True),
        (SERVICE, "api.scenario.test:8443", False),
        ("https://api.scenario.test:8443/v1", "api.scenario.test:8443", True),
        (PLAIN, "api.scenario.test:80", True),
        (SERVICE, "nario.test", False),
        (SERVICE, "other.test", False),
        ("https://10.1.2.3/v1", "10.1.2.3", True),
        ("https://[fd00::1]/v1", "fd00::1", True),
    ],
)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_hosts_may_be_exempt(
    monkeypatch: pytest.MonkeyPatch, variable: str, base_url: str, exempt: str, *, straight: bool
) -> None:
    """NO_PROXY names hosts and domains, with a port or without, for the environment's proxies only."""
    monkeypatch.setenv("ALL_PROXY", "http://a:1")
    monkeypatch.setenv(variable, exempt)
    assert (Network.of(base_url, None, None).proxy is None) == straight
    assert taken(Network.of(base_url, proxy("http://b:2"), None).proxy) == ("http://b:2", None)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:8900/v1",
        "https://127.9.9.9/v1",
        "http://localhost/v1",
        "http://api.localhost/v1",
        "https://[::1]/v1",
    ],
)
def test_this_machine_is_reached_straight(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    """The environment's proxy does not know this machine by that name; an explicit one is meant."""
    monkeypatch.setenv("ALL_PROXY", "http://a:1")
    assert Network.of(base_url, None, None).proxy is None
    assert taken(Network.of(base_url, proxy("http://b:2"), None).proxy) == ("http://b:2", None)


def test_the_environment_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does an explicit proxy leave it a word."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://a:1")
    assert Network.of(SERVICE, None, None, environment=False).proxy is None
    assert taken(Network.of(SERVICE, proxy("http://b:2"), None).proxy) == ("http://b:2", None)


@pytest.mark.parametrize(
    ("variable", "base_url", "named"),
    [
        ("HTTPS_PROXY", SERVICE, "HTTPS_PROXY"),
        ("http_proxy", PLAIN, "HTTP_PROXY"),
        ("ALL_PROXY", SERVICE, "ALL_PROXY"),
    ],
)
def test_unusable_variables_are_refused_where_they_count(
    monkeypatch: pytest.MonkeyPatch, variable: str, base_url: str, named: str
) -> None:
    """The variable, the scheme and both ways out are told, the credentials are not."""
    monkeypatch.setenv(variable, "socks5h://user:s3cr3t@proxy.test:1080")
    with pytest.raises(ConfigurationError) as caught:
        Network.of(base_url, None, None)
    told = str(caught.value)
    assert told.startswith(f"{named} has the scheme 'socks5h' (for a SOCKS proxy give session=")
    assert "but it must be like http://user:password@host:3128; " in told
    assert told.endswith("pass proxy=, or put api.scenario.test into NO_PROXY to go without")
    assert caught.value.parameter == named
    monkeypatch.setenv("NO_PROXY", "api.scenario.test")
    assert Network.of(base_url, None, None).proxy is None


def test_what_aiohttp_is_told_of_a_tunnel() -> None:
    """Credentials go with CONNECT, and neither in the URL nor to the service."""
    network = Network.of(SERVICE, proxy("http://user:s3cr3t@proxy.test:3128"), None)
    assert network.options == {
        "proxy": "http://proxy.test:3128",
        "proxy_headers": {"proxy-authorization": BASIC},
    }
    assert network.headers == {}
    assert "s3cr3t" not in repr(network)
    assert "dXNlcj" not in repr(network)


def test_what_aiohttp_is_told_without_a_tunnel(bundle: Path) -> None:
    """Credentials go with the request, because the proxy reads that one; a context comes as it is."""
    authorities = tls(bundle)
    assert isinstance(authorities, Authorities)
    network = Network.of(PLAIN, proxy("http://user:s3cr3t@proxy.test:3128"), authorities)
    assert network.options == {"proxy": "http://proxy.test:3128", "ssl": authorities.context}
    assert network.headers == {"proxy-authorization": BASIC}


@pytest.mark.parametrize("base_url", [SERVICE, PLAIN])
def test_what_aiohttp_is_told_of_proxies_that_ask_nobody(base_url: str) -> None:
    """Without credentials there is nothing to add, and without a proxy nothing to tell."""
    asked = Network.of(base_url, proxy("http://proxy.test"), None)
    assert asked.options.get("proxy_headers", {}) == asked.headers == {}
    context = ssl.create_default_context()
    assert Network.of(base_url, None, None).options == {}
    assert Network.of(base_url, None, context).options == {"ssl": context}


@pytest.mark.parametrize(
    ("url", "status", "reason", "told"),
    [
        ("http://u:p@a:1", 403, "Forbidden", "403 Forbidden"),
        ("http://a:1", 502, "", "502"),
        (
            "http://a:1",
            407,
            "No",
            "407 No; it wants a user name and password, as in http://user:password@host:3128",
        ),
        (
            "http://u:s3cr3t@a:1",
            407,
            "No",
            "407 No; it does not accept the user name and password that it was given",
        ),
        ("http://u:s3cr3t@a:1", 403, "Not for http://u:s3cr3t@a:1", "403 Not for http://…@a:1"),
    ],
)
def test_what_a_refusal_of_the_proxy_says(url: str, status: int, reason: str, told: str) -> None:
    """It names the proxy, so that nobody looks for the cause at the service."""
    message = Network.of(SERVICE, proxy(url), None).refusal(status, reason)
    assert message == f"the proxy http://a:1 refused the request: {told}"
