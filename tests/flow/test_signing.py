"""Who signs a request, and what happens when a token expires."""

from __future__ import annotations

import asyncio
import base64
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, Arrived, answers

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    AuthenticationError,
    BadRequestError,
    PermissionDeniedError,
    RateLimit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
ONE_HIT = {"hits": assets(1), "limit": 20, "offset": 0}
EXPIRED = Answer({"message": "denied"}, status=403, headers={"x-amzn-errortype": "AccessDeniedException"})


class Tokens:
    """Gives a new token each time, and counts; async or plain."""

    def __init__(self) -> None:
        self.given = 0
        self.threads: set[str] = set()

    def plain(self) -> str:
        """Give the next token."""
        self.given += 1
        self.threads.add(threading.current_thread().name)
        return f"token-{self.given}"

    async def asynchronous(self) -> str:
        """Give the next token, later."""
        await asyncio.sleep(0)
        return self.plain()


def _taking(*tokens: str) -> Callable[[Arrived], Any]:
    def script(request: Arrived) -> Any:
        return (
            ONE_HIT
            if request.headers["authorization"] in [f"Bearer {token}" for token in tokens]
            else EXPIRED
        )

    return script


def test_a_key_pair_is_basic_in_utf8(connect: Connect, serve: Serve) -> None:
    """Secrets beyond ASCII work."""
    server = serve(answers(ONE_HIT))
    connect(server.base_url, api_key="kéy", api_secret="sécret").page(SEARCH)
    scheme, _, content = server.requests[0].headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(content).decode() == "kéy:sécret"


def test_a_token_is_bearer(connect: Connect, serve: Serve) -> None:
    """A fixed token travels as it is."""
    server = serve(answers(ONE_HIT))
    connect(server.base_url, api_key=None, api_secret=None, bearer_auth="jwt").page(SEARCH)
    assert server.requests[0].headers["authorization"] == "Bearer jwt"


@pytest.mark.parametrize("where", ["client", "search"])
def test_an_authorization_header_of_ones_own_wins(connect: Connect, serve: Serve, where: str) -> None:
    """A caller who signs is not signed over."""
    server = serve(answers(ONE_HIT))
    own = {"AUTHORIZATION": "Custom x"}
    face = connect(server.base_url, default_headers=own if where == "client" else None)
    face.page(AssetSearch(query="q", extra_headers=own if where == "search" else None))
    assert server.requests[0].headers["authorization"] == "Custom x"


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
def test_a_callable_is_asked_once_while_its_token_is_taken(connect: Connect, serve: Serve, kind: str) -> None:
    """The token is kept, and a plain callable runs in a thread of its own."""
    tokens = Tokens()
    server = serve(_taking("token-1"))
    face = connect(server.base_url, api_key=None, api_secret=None, bearer_auth=getattr(tokens, kind))
    assert len(face.fan_out([SEARCH] * 20, concurrency=20)) == 20
    face.page(SEARCH)
    assert tokens.given == 1
    if kind == "plain":
        assert "MainThread" not in tokens.threads
        assert "scenario-async" not in tokens.threads


@pytest.mark.parametrize("refusal", [EXPIRED, Answer({}, status=401)])
def test_a_refused_token_is_renewed_once_and_at_once(connect: Connect, serve: Serve, refusal: Answer) -> None:
    """An expired token costs a request and no retry."""
    tokens = Tokens()
    server = serve(answers(refusal, ONE_HIT))
    face = connect(server.base_url, api_key=None, api_secret=None, bearer_auth=tokens.plain, max_retries=0)
    assert face.page(SEARCH).response.attempts == 2
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_a_token_that_is_refused_again_is_an_error(connect: Connect, serve: Serve) -> None:
    """One renewal a call, and no more."""
    tokens = Tokens()
    server = serve(answers(EXPIRED))
    with pytest.raises(PermissionDeniedError):
        connect(server.base_url, api_key=None, api_secret=None, bearer_auth=tokens.plain).page(SEARCH)
    assert len(server.requests) == tokens.given == 2


def test_another_403_renews_nothing(connect: Connect, serve: Serve) -> None:
    """Only an expired token is renewed."""
    tokens = Tokens()
    server = serve(answers(Answer({"reason": "not yours"}, status=403)))
    with pytest.raises(PermissionDeniedError, match="not yours"):
        connect(server.base_url, api_key=None, api_secret=None, bearer_auth=tokens.plain).page(SEARCH)
    assert len(server.requests) == tokens.given == 1


def _failing() -> str:
    raise LookupError("vault is sealed")


async def _failing_async() -> str:
    raise LookupError("vault is sealed")


@pytest.mark.parametrize("source", [_failing, _failing_async])
def test_a_callable_that_fails_is_an_authentication_error(
    connect: Connect, serve: Serve, source: Any
) -> None:
    """The callable's own error is the cause, and nothing is sent."""
    server = serve(answers(ONE_HIT))
    face = connect(server.base_url, api_key=None, api_secret=None, bearer_auth=source)
    with pytest.raises(AuthenticationError, match="bearer_auth failed: LookupError") as caught:
        face.page(SEARCH)
    assert isinstance(caught.value.__cause__, LookupError)
    assert server.requests == []


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("SCENARIO_SDK_JWT", "bearer_auth failed: KeyError: the variable SCENARIO_SDK_JWT is not set"),
        ("secret-of-mine", "bearer_auth failed: KeyError"),
    ],
)
def test_a_callable_that_misses_a_variable(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch, key: str, told: str
) -> None:
    """The variable is named; what another key holds, nobody knows."""
    monkeypatch.delenv("SCENARIO_SDK_JWT", raising=False)
    face = connect(
        serve(answers(ONE_HIT)).base_url, api_key=None, api_secret=None, bearer_auth=lambda: os.environ[key]
    )
    with pytest.raises(AuthenticationError) as caught:
        face.page(SEARCH)
    assert caught.value.message == told


def test_a_callable_that_runs_out(connect: Connect, serve: Serve) -> None:
    """An exhausted iterator is an error like others, though a future cannot carry `StopIteration`."""
    tokens: Any = iter([])
    face = connect(
        serve(answers(ONE_HIT)).base_url, api_key=None, api_secret=None, bearer_auth=tokens.__next__
    )
    with pytest.raises(AuthenticationError, match="bearer_auth failed"):
        face.page(SEARCH)


def test_credentials_that_the_service_repeats_are_not_shown(connect: Connect, serve: Serve) -> None:
    """A refusal that quotes the key, the secret or the signature is told without them."""
    pair = base64.b64encode(b"key-123456:secret-123456").decode()
    told = f"key-123456 and secret-123456 ({pair}) are wrong"
    face = connect(
        serve(answers(Answer({"message": told}, status=401))).base_url,
        api_key="key-123456",
        api_secret="secret-123456",
    )
    with pytest.raises(AuthenticationError) as caught:
        face.page(SEARCH)
    assert caught.value.message == "401 … and … (…) are wrong"
    assert "123456" not in str(caught.value) + repr(caught.value)


def test_a_secret_with_a_space_is_hidden_whole(connect: Connect, serve: Serve) -> None:
    """No part of it is taken for a scheme."""
    server = serve(answers(Answer({"message": "wrong: s3cret-one s3cret-two"}, status=401)))
    with pytest.raises(AuthenticationError) as caught:
        connect(server.base_url, api_secret="s3cret-one s3cret-two").page(SEARCH)
    assert caught.value.message == "401 wrong: …"


def test_a_secret_that_a_cut_text_ends_in_is_not_shown(connect: Connect, serve: Serve) -> None:
    """A long refusal is cut, and not in a way that leaves half of a secret."""
    secret = "sec_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    server = serve(answers(Answer({"message": "z" * 470 + secret}, status=400)))
    with pytest.raises(BadRequestError) as caught:
        connect(server.base_url, api_secret=secret).page(SEARCH)
    assert "sec_AB" not in str(caught.value)


@pytest.mark.parametrize("nothing", [None, "", 7, "two\nlines"])
def test_what_is_no_token_is_refused(connect: Connect, serve: Serve, nothing: Any) -> None:
    """A callable has to give a text without line breaks."""
    face = connect(
        serve(answers(ONE_HIT)).base_url, api_key=None, api_secret=None, bearer_auth=lambda: nothing
    )
    with pytest.raises(AuthenticationError, match="gave no token"):
        face.page(SEARCH)


async def test_those_who_wait_for_a_token_share_one_question(serve: Serve) -> None:
    """Cancelling one of them costs the others nothing."""
    asked = 0
    release = asyncio.Event()

    async def source() -> str:
        nonlocal asked
        asked += 1
        await release.wait()
        return "token-1"

    server = serve(_taking("token-1"))
    async with AsyncScenario(bearer_auth=source, base_url=server.base_url) as client:

        async def search() -> int:
            return len((await client.search.asset_search(query="q")).hits)

        tasks = [asyncio.create_task(search()) for _ in range(5)]
        while not asked:
            await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        release.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert done[1:] == [1, 1, 1, 1]
    assert asked == 1


async def test_a_token_that_was_renewed_meanwhile_signs_those_who_waited(serve: Serve) -> None:
    """No more are refused than leave before the renewal, however many waited with the old token."""
    tokens = Tokens()
    server = serve(_taking("token-2"))
    address = server.base_url
    async with AsyncScenario(bearer_auth=tokens.asynchronous, base_url=address, max_concurrency=1) as client:
        pages = await asyncio.gather(*(client.search.asset_search(query=str(number)) for number in range(9)))
    assert all(page.hits for page in pages)
    assert tokens.given == 2
    assert len(server.requests) <= 9 + 2


def test_a_token_that_is_refused_again_is_not_sent_once_more(connect: Connect, serve: Serve) -> None:
    """The next call asks for another first."""
    server = serve(_taking("token-3"))
    face = connect(server.base_url, bearer_auth=Tokens().plain, api_key=None, api_secret=None)
    with pytest.raises(PermissionDeniedError):
        face.page(SEARCH)
    assert face.page(SEARCH).hits
    assert [each.headers["authorization"] for each in server.requests] == [
        f"Bearer token-{number}" for number in (1, 2, 3)
    ]


async def test_a_refused_call_that_waits_long_again_is_not_refused_twice(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call renews a token once; what it got then may expire in the queue, and is asked for anew as it leaves."""
    monkeypatch.setattr("scenario_async._calls.call._FRESH_TOKEN", 0.2)
    taken = ["token-1"]
    server = serve(
        lambda arrived: ONE_HIT if arrived.headers["authorization"].split()[1] in taken else EXPIRED
    )
    tokens = Tokens()
    options: dict[str, Any] = {"bearer_auth": tokens.asynchronous, "base_url": server.base_url}
    async with AsyncScenario(**options, rate_limit=RateLimit(1, 0.4)) as client:
        assert (await client.search.run(SEARCH)).hits
        taken[:] = ["token-3"]  # the second one will not outlast the queue
        assert (await client.search.run(SEARCH)).hits
    sent = [each.headers["authorization"] for each in server.requests]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-3"]
