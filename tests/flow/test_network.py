"""Proxies and certificate authorities, from the keywords and the environment to the wire."""

from __future__ import annotations

import os
import pickle
import ssl
import traceback
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import pytest
import trustme
from support.hits import assets
from support.proxies import Proxy, proxying
from support.servers import Server, answers, serving

from scenario_async import (
    APIConnectionError,
    APIStatusError,
    AssetSearch,
    AsyncScenario,
    ConfigurationError,
    InternalServerError,
    Scenario,
    ScenarioError,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.faces import Connect

SEARCH = AssetSearch(query="q")
ONE_HIT = answers({"hits": assets(1), "limit": 20, "offset": 0, "estimatedTotalHits": 1})
PLAIN = "http://scenario.test/v1"
SAFE = "https://scenario.test/v1"
USER = "user:s3cr3t"
BASIC = "Basic dXNlcjpzM2NyM3Q="
PAIR = "Basic ZW11bGF0b3I6ZW11bGF0b3I="
SECRETS = ("s3cr3t", "dXNlcj")
CLIENTS = [AsyncScenario, Scenario]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy of the machine reach a test."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@attrs.frozen
class Place:
    """Where a test happens: services, proxies, and an authority that no machine trusts, in the file `bundle`."""

    stack: ExitStack
    tls: ssl.SSLContext
    bundle: Path

    def service(self, *, safe: bool = False) -> Server:
        """Start a service of one hit, over HTTPS if it is to be safe."""
        return self.stack.enter_context(serving(ONE_HIT, self.tls if safe else None))

    def proxy(self, server: Server, *, safe: bool = False) -> Proxy:
        """Start a proxy to whom scenario.test is that server."""
        hosts = {"scenario.test": server.base_url}
        return self.stack.enter_context(proxying(hosts, self.tls if safe else None))

    def both(self, *, safe: bool = False) -> tuple[Server, Proxy]:
        """Start a service and a proxy in front of it."""
        server = self.service(safe=safe)
        return server, self.proxy(server)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Make what a server speaks HTTPS with, and the file of who vouches for it."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert("scenario.test", "localhost", "127.0.0.1")
    certificate.configure_cert(context)
    return context, path


@pytest.fixture
def place(certified: tuple[ssl.SSLContext, Path]) -> Generator[Place]:
    """Give the place; all that was started in it is stopped at the end."""
    with ExitStack() as stack:
        yield Place(stack, *certified)


def shown(error: BaseException) -> str:
    """Give all that there is to see of an error and of those it came from, but for the test's own frame."""
    trace = error.__traceback__ and error.__traceback__.tb_next
    told = traceback.TracebackException(type(error), error, trace, capture_locals=True)
    texts = ["".join(told.format())]
    link: BaseException | None = error
    while link is not None:
        texts += [str(link), repr(link), repr(link.args), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


def assert_hides(text: str) -> None:
    """Check that no part of the proxy's credentials is in a text."""
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(("userinfo", "authorization"), [("", None), (USER, BASIC)])
def test_plain_http_is_asked_of_the_proxy(
    connect: Connect, place: Place, userinfo: str, authorization: str | None
) -> None:
    """The proxy reads whole URLs on one connection, and each request tells who asks; the service never learns it."""
    server, proxy = place.both()
    face = connect(PLAIN, allow_http=True, proxy=proxy.url(userinfo))
    for _ in range(3):
        assert len(face.page(SEARCH).hits) == 1
    assert [request.target for request in proxy.requests] == ["http://scenario.test/v1/search/assets"] * 3
    assert [request.authorization for request in proxy.requests] == [authorization] * 3
    assert len({request.connection for request in proxy.requests}) == 1
    assert [request.headers["authorization"] for request in server.requests] == [PAIR] * 3
    assert not any("proxy-authorization" in request.headers for request in server.requests)


@pytest.mark.parametrize(("userinfo", "authorization"), [("", None), (USER, BASIC)])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_goes_through_a_tunnel(
    connect: Connect,
    place: Place,
    userinfo: str,
    authorization: str | None,
    scheme: str,
) -> None:
    """The proxy, which may speak HTTPS itself, sees one CONNECT for all requests and no key of the service."""
    server = place.service(safe=True)
    proxy = place.proxy(server, safe=scheme == "https")
    face = connect(SAFE, ssl=place.bundle, proxy=proxy.url(userinfo, scheme))
    for _ in range(3):
        assert len(face.page(SEARCH).hits) == 1
    (tunnel,) = proxy.requests
    assert (tunnel.method, tunnel.target, tunnel.authorization) == (
        "CONNECT",
        "scenario.test:443",
        authorization,
    )
    assert "authorization" not in tunnel.headers
    assert [request.headers["authorization"] for request in server.requests] == [PAIR] * 3
    assert not any("proxy-authorization" in request.headers for request in server.requests)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_the_environment_names_a_proxy(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, place: Place, variable: str
) -> None:
    """It is taken as other programs take it, credentials and all."""
    _, proxy = place.both()
    monkeypatch.setenv(variable, proxy.url(USER))
    connect(PLAIN, allow_http=True).page(SEARCH)
    assert [request.authorization for request in proxy.requests] == [BASIC]


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environment_names_a_proxy_for_https(
    monkeypatch: pytest.MonkeyPatch,
    connect: Connect,
    place: Place,
    variable: str,
) -> None:
    """HTTPS has a variable of its own."""
    _, proxy = place.both(safe=True)
    monkeypatch.setenv(variable, proxy.url(USER))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    connect(SAFE, ssl=place.bundle).page(SEARCH)
    assert [(request.method, request.authorization) for request in proxy.requests] == [("CONNECT", BASIC)]


def test_an_explicit_proxy_beats_the_environment(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, place: Place
) -> None:
    """Neither the proxy of the environment nor its exceptions have a say then, also not for this machine."""
    server, proxy = place.both()
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    connect(PLAIN, allow_http=True, proxy=proxy.url()).page(SEARCH)
    assert len(proxy.requests) == 1
    with proxying({"127.0.0.1": server.base_url}) as local:
        connect(server.base_url, proxy=local.url()).page(SEARCH)
        assert [request.target for request in local.requests] == [f"{server.base_url}/search/assets"]


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, connect: Connect, place: Place) -> None:
    """A host that is exempt is looked for without the proxy, which here means in vain."""
    _, proxy = place.both()
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    monkeypatch.setenv("NO_PROXY", "other.test,scenario.test")
    with pytest.raises(APIConnectionError, match=r"scenario\.test"):
        connect(PLAIN, allow_http=True, max_retries=0).page(SEARCH)
    assert proxy.requests == []
    monkeypatch.setenv("NO_PROXY", "other.test")
    connect(PLAIN, allow_http=True).page(SEARCH)
    assert len(proxy.requests) == 1


def test_this_machine_is_reached_without_the_environments_proxy(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, place: Place
) -> None:
    """An emulator is found wherever HTTP_PROXY points, even if that is unusable."""
    server, proxy = place.both()
    for value in (proxy.url(), "socks5://127.0.0.1:1"):
        monkeypatch.setenv("HTTP_PROXY", value)
        monkeypatch.setenv("ALL_PROXY", value)
        connect(server.base_url).page(SEARCH)
        connect(server.base_url.replace("127.0.0.1", "localhost")).page(SEARCH)
    assert proxy.requests == []
    assert len(server.requests) == 4


@pytest.mark.parametrize("cls", CLIENTS)
def test_an_unusable_proxy_in_the_environment_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, cls: type[AsyncScenario | Scenario]
) -> None:
    """The client is not built, and the error names the variable and the ways out."""
    monkeypatch.setenv("ALL_PROXY", "socks5://user:s3cr3t@127.0.0.1:1080")
    with pytest.raises(
        ConfigurationError, match=r"ALL_PROXY has the scheme 'socks5'.*proxy=.*NO_PROXY"
    ) as caught:
        cls(api_key="k", api_secret="s", base_url=SAFE)
    assert_hides(shown(caught.value))
    monkeypatch.setenv("NO_PROXY", "scenario.test")
    assert cls(api_key="k", api_secret="s", base_url=SAFE).base_url == SAFE


def test_netrc_is_never_read(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, place: Place, tmp_path: Path
) -> None:
    """The service and the proxy are told what the client was given, and nothing else."""
    server, proxy = place.both()
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login wrong password wrong\ndefault login wrong password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    connect(server.base_url).page(SEARCH)
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    connect(PLAIN, allow_http=True).page(SEARCH)
    connect(PLAIN, allow_http=True, default_headers={"authorization": "Custom x"}).page(SEARCH)
    assert [request.headers["authorization"] for request in server.requests] == [PAIR, PAIR, "Custom x"]
    assert [request.authorization for request in proxy.requests] == [None, None]


def test_a_session_of_ones_own_knows_its_own_way(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, place: Place
) -> None:
    """The environment is its business (`trust_env`, which goes by it); an explicit proxy is for it, too."""
    _, proxy = place.both()
    _, other = place.both()
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    given: dict[str, Any] = {"allow_http": True, "max_retries": 0}
    with pytest.raises(APIConnectionError):
        connect(PLAIN, session=lambda: aiohttp.ClientSession(), **given).page(SEARCH)  # noqa: PLW0108 - needs a loop
    connect(PLAIN, session=lambda: aiohttp.ClientSession(proxy=other.url()), **given).page(SEARCH)
    assert (len(proxy.requests), len(other.requests)) == (0, 1)
    connect(PLAIN, session=lambda: aiohttp.ClientSession(trust_env=True), **given).page(SEARCH)
    connect(PLAIN, session=lambda: aiohttp.ClientSession(), proxy=proxy.url(), **given).page(SEARCH)  # noqa: PLW0108
    assert (len(proxy.requests), len(other.requests)) == (2, 1)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (407, "407 Proxy Authentication Required; it does not accept the user name and password"),
        (403, "403 Forbidden"),
        (502, "502 Bad Gateway"),
    ],
)
def test_a_tunnel_that_the_proxy_refuses(
    connect: Connect,
    place: Place,
    status: int,
    told: str,
) -> None:
    """It is a failed connection that names the proxy; only a proxy in trouble is asked again."""
    server, proxy = place.both(safe=True)
    proxy.refusal = status
    face = connect(SAFE, ssl=place.bundle, proxy=proxy.url(USER), max_retries=1)
    with pytest.raises(APIConnectionError) as caught:
        face.page(SEARCH)
    error = caught.value
    assert error.message.startswith(f"the proxy {proxy.url()} refused the request: {told}")
    assert error.retryable == (status == 502)
    assert error.attempts == len(proxy.requests) == (2 if status == 502 else 1)
    assert_hides(shown(error))
    assert_hides(str(pickle.dumps(error)))
    assert server.requests == []


@pytest.mark.parametrize(
    ("userinfo", "told"),
    [("", "it wants a user name and password"), (USER, "it does not accept the user name and password")],
)
def test_a_proxy_that_wants_other_credentials_for_plain_http(
    connect: Connect, place: Place, userinfo: str, told: str
) -> None:
    """A 407 can only come from the proxy, and is told like the one of a tunnel."""
    server, proxy = place.both()
    proxy.refusal = 407
    with pytest.raises(APIConnectionError, match=f"the proxy http://127.*407 .*{told}") as caught:
        connect(PLAIN, allow_http=True, proxy=proxy.url(userinfo)).page(SEARCH)
    assert (caught.value.attempts, caught.value.retryable) == (1, False)
    assert_hides(shown(caught.value))
    assert server.requests == []


@pytest.mark.parametrize(("status", "kind"), [(403, APIStatusError), (502, InternalServerError)])
def test_other_answers_of_a_proxy_for_plain_http_are_statuses(
    connect: Connect, place: Place, status: int, kind: type[APIStatusError]
) -> None:
    """Nothing tells them from the service's own."""
    _, proxy = place.both()
    proxy.refusal = status
    with pytest.raises(kind) as caught:
        connect(PLAIN, allow_http=True, proxy=proxy.url(USER), max_retries=0).page(SEARCH)
    assert caught.value.status_code == status
    assert_hides(shown(caught.value))


@pytest.mark.parametrize("base_url", [PLAIN, SAFE])
def test_a_proxy_that_is_not_there(connect: Connect, place: Place, base_url: str) -> None:
    """It is a failed connection that names the proxy, and worth another attempt."""
    server = place.service()
    with proxying({}) as proxy:
        url = proxy.url(USER)
    with pytest.raises(APIConnectionError) as caught:
        connect(base_url, allow_http=True, proxy=url, max_retries=1).page(SEARCH)
    error = caught.value
    assert error.message.startswith(f"the proxy {proxy.url()} cannot be reached: ")
    assert error.hint == "proxy= names this proxy: correct it, or leave it out"
    assert (error.attempts, error.retryable) == (2, True)
    assert_hides(shown(error))
    assert server.requests == []


@pytest.mark.parametrize("base_url", [PLAIN, SAFE])
def test_a_proxy_whose_name_is_not_known(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, base_url: str
) -> None:
    """It is told to be a proxy, with the variable that names it."""
    variable = f"{base_url.partition(':')[0].upper()}_PROXY"
    monkeypatch.setenv(variable, "http://user:s3cr3t@no-such-host.invalid:3128")
    with pytest.raises(APIConnectionError) as caught:
        connect(base_url, allow_http=True, max_retries=0).page(SEARCH)
    error = caught.value
    assert error.message.startswith("the proxy http://no-such-host.invalid:3128 cannot be reached: ")
    assert error.hint.startswith(f"the variable {variable} names this proxy: correct it, or put ")
    assert error.hint.endswith(" into NO_PROXY to go without")
    assert "s3cr3t" not in shown(error)


@pytest.mark.parametrize("tunnel", [False, True])
def test_a_certificate_that_nobody_vouches_for(
    connect: Connect,
    place: Place,
    tmp_path: Path,
    tunnel: bool,  # noqa: FBT001 - pytest's parameter
) -> None:
    """It fails once, because the next attempt would see the same one; the service gets no request."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    server, proxy = place.both(safe=True)
    options: dict[str, Any] = {"proxy": proxy.url(USER)} if tunnel else {}
    for trusted in (tmp_path / "other.pem", None):
        with pytest.raises(APIConnectionError, match="certificate verify failed") as caught:
            connect(SAFE if tunnel else server.base_url, ssl=trusted, **options).page(SEARCH)
        assert (caught.value.attempts, caught.value.retryable) == (1, False)
        assert "SSLContext" not in str(caught.value)
        assert_hides(shown(caught.value))
    assert server.requests == []
    assert len(proxy.requests) == (2 if tunnel else 0)


@pytest.mark.parametrize("kind", ["path", "text", "context"])
def test_authorities_of_ones_own_are_trusted(connect: Connect, place: Place, kind: str) -> None:
    """A file of authorities or a context leads to a service that the machine does not trust."""
    server = place.service(safe=True)
    given = {
        "path": place.bundle,
        "text": str(place.bundle),
        "context": ssl.create_default_context(cafile=place.bundle),
    }[kind]
    assert len(connect(server.base_url, ssl=given).page(SEARCH).hits) == 1


def test_a_context_may_verify_less(connect: Connect, place: Place) -> None:
    """What a context of one's own says is what holds."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    assert len(connect(place.service(safe=True).base_url, ssl=context).page(SEARCH).hits) == 1


def test_a_derived_client_goes_the_same_way(
    connect: Connect,
    place: Place,
    tmp_path: Path,
) -> None:
    """`with_options` keeps proxy and authorities without another look at the file, and replaces what it is given."""
    copied = tmp_path / "ca.pem"
    copied.write_bytes(place.bundle.read_bytes())
    server = place.service(safe=True)
    first, second = place.proxy(server), place.proxy(server)
    face = connect(SAFE, ssl=copied, proxy=first.url(USER))
    copied.unlink()
    face.derived(timeout=9.0).page(SEARCH)
    face.derived(proxy=second.url()).page(SEARCH)
    assert [request.authorization for request in first.requests] == [BASIC]
    assert [request.authorization for request in second.requests] == [None]


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ssl": False}, "ssl is False.*cannot be switched off"),
        ({"ssl": True}, "ssl is True.*must be"),
        ({"ssl": "/nowhere/ca.pem"}, "ssl is '/nowhere/ca.pem'.*No such file"),
        ({"proxy": "socks5://user:s3cr3t@127.0.0.1:1"}, "proxy has the scheme 'socks5'"),
        ({"proxy": "user:s3cr3t@127.0.0.1:1"}, "proxy has no scheme"),
        ({"proxy": 3128}, "proxy is 'int'"),
    ],
)
def test_clients_refuse_what_they_cannot_use(
    cls: type[AsyncScenario | Scenario], options: dict[str, Any], told: str
) -> None:
    """The parameter is named when the client is built, and nothing secret is shown, not even by a traceback."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        cls(api_key="k", api_secret="s", **options)
    assert caught.value.parameter == next(iter(options))
    assert_hides(shown(caught.value))


@pytest.mark.parametrize("cls", CLIENTS)
def test_clients_show_and_pickle_no_credentials_of_a_proxy(
    cls: type[AsyncScenario | Scenario], place: Place
) -> None:
    """A copy goes through the same proxy, as nobody unless `pickle_credentials` says otherwise."""
    options: dict[str, Any] = {
        "api_key": "k",
        "api_secret": "s",
        "ssl": place.bundle,
        "proxy": f"http://{USER}@proxy.test",
    }
    assert_hides(f"{cls(**options)!r} {cls(**options)}")
    assert_hides(str(pickle.dumps(cls(**options))))
    client = cls(**options, pickle_credentials=True)
    copied = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own
    assert copied.proxy.url == "http://proxy.test"
    assert copied.proxy.authorization.in_plain_text == BASIC
    assert copied.ssl.path == str(place.bundle)


@pytest.mark.parametrize("cls", CLIENTS)
def test_a_copy_without_credentials_keeps_its_proxy(
    monkeypatch: pytest.MonkeyPatch, cls: type[AsyncScenario | Scenario]
) -> None:
    """It does not go around the proxy, which then tells what is missing."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "k")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "s")
    copied = pickle.loads(pickle.dumps(cls(proxy=f"http://{USER}@proxy.test")))  # noqa: S301 - our own
    assert (copied.proxy.url, copied.proxy.authorization) == ("http://proxy.test", None)


@pytest.mark.parametrize("cls", CLIENTS)
def test_a_client_with_a_context_does_not_pickle(cls: type[AsyncScenario | Scenario]) -> None:
    """The error says what does."""
    client = cls(api_key="k", api_secret="s", ssl=ssl.create_default_context())
    with pytest.raises(ScenarioError, match=r"SSLContext.*cannot be pickled.*path"):
        pickle.dumps(client)


def test_authorities_of_a_variable_that_are_not_there(
    connect: Connect, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python takes no notice of them; where a certificate is not trusted, that is said."""
    server = place.service(safe=True)
    for path, told in ((tmp_path / "nope.pem", True), (place.bundle, False)):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with pytest.raises(APIConnectionError) as caught:
            connect(server.base_url).page(SEARCH)
        assert (
            f"; the variable SSL_CERT_FILE names {str(path)!r}, which is not there" in str(caught.value)
        ) == told
