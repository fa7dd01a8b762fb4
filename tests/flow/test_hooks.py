"""What hooks are told, in which order, and that nothing they do can break the call."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from support.hits import assets
from support.servers import Answer, answers, paged

from scenario_async import (
    AssetSearch,
    InternalServerError,
    RateLimitError,
    Scenario,
    ScenarioError,
)
from scenario_async.events import RequestEvent, ResponseEvent, RetryEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
ONE_HIT = {"hits": assets(1), "limit": 20, "offset": 0}
LATER = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "2", "x-request-id": "r-later"})
EXPIRED = Answer({"message": "denied"}, status=403, headers={"x-amzn-errortype": "AccessDeniedException"})
NAMES = ("on_request", "on_response", "on_retry")
WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD", default="none")


class Plain:
    """Hooks in the shapes that a user may give: each tells `took` of its event."""

    def __init__(self, took: Callable[[Any], None]) -> None:
        self.took = took

    def __call__(self, event: object) -> object:
        """Take an event."""
        return self.took(event)

    def method(self, event: object) -> str:
        """Take an event, and give what nobody asked for."""
        self.took(event)
        return "junk"

    async def later(self, event: object) -> None:
        """Take an event after a turn of the loop."""
        await asyncio.sleep(0)
        self.took(event)


class Asynchronous(Plain):
    """A callable object whose call gives a coroutine."""

    def __call__(self, event: object) -> object:
        """Give a coroutine that takes the event."""
        return self.later(event)


def _labelled(took: Callable[[Any], None], label: str, event: object) -> None:
    assert label == "label"
    took(event)


async def _labelled_later(took: Callable[[Any], None], label: str, event: object) -> None:
    await asyncio.sleep(0)
    _labelled(took, label, event)


def _future(took: Callable[[Any], None], event: object) -> asyncio.Future[None]:
    took(event)
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


SHAPES: dict[str, Callable[[Callable[[Any], None]], Any]] = {
    "a function": lambda took: took,
    "a bound method": lambda took: Plain(took).method,
    "an async method": lambda took: Plain(took).later,
    "a callable object": Plain,
    "an async callable object": Asynchronous,
    "a partial": lambda took: functools.partial(_labelled, took, "label"),
    "an async partial": lambda took: functools.partial(_labelled_later, took, "label"),
    "one that gives a future": lambda took: functools.partial(_future, took),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_hook_is_told_once_of_each_thing_in_order(connect: Connect, serve: Serve, shape: str) -> None:
    """Two failures and a success are three requests, three replies and two retries, as they happened."""
    seen: list[Any] = []
    hook = SHAPES[shape](seen.append)
    server = serve(answers(LATER, LATER, Answer(ONE_HIT, headers={"x-request-id": "r-3"})))
    face = connect(server.base_url, project_id="proj_x", on_request=hook, on_response=hook, on_retry=hook)
    assert face.page(SEARCH).response.attempts == 3
    assert [(type(event).__name__, event.attempt) for event in seen] == [
        ("RequestEvent", 1),
        ("ResponseEvent", 1),
        ("RetryEvent", 1),
        ("RequestEvent", 2),
        ("ResponseEvent", 2),
        ("RetryEvent", 2),
        ("RequestEvent", 3),
        ("ResponseEvent", 3),
    ]
    assert {(event.method, event.url) for event in seen} == {("POST", f"{server.base_url}/search/assets")}
    replies = [event for event in seen if isinstance(event, ResponseEvent)]
    assert [event.status for event in replies] == [503, 503, 200]
    assert [event.request_id for event in replies] == ["r-later", "r-later", "r-3"]
    assert [event.headers["X-Request-Id"] for event in replies] == ["r-later", "r-later", "r-3"]
    assert all(0 < event.seconds < 5 for event in replies)
    retries = [event for event in seen if isinstance(event, RetryEvent)]
    assert [event.wait for event in retries] == [0.002, 0.002]
    assert [type(event.error) for event in retries] == [InternalServerError] * 2
    assert all(0 <= event.queued < 5 for event in seen if isinstance(event, RequestEvent))


def test_events_name_their_call_and_its_search(connect: Connect, serve: Serve) -> None:
    """All events of a call have one id, which no other call has; a free request has no search."""
    seen: list[Any] = []
    face = connect(
        serve(answers(LATER, ONE_HIT)).base_url,
        on_request=seen.append,
        on_response=seen.append,
        on_retry=seen.append,
    )
    face.page(SEARCH)
    (first,) = {event.call_id for event in seen}
    assert len(seen) == 5
    assert all(event.search is SEARCH for event in seen)
    seen.clear()
    reply = face.request("GET", "/assets/x")
    assert {event.call_id for event in seen} == {reply.call_id}
    assert reply.call_id not in ("", first)
    assert [event.search for event in seen] == [None, None]


def test_the_pages_of_a_search_are_calls_of_their_own(connect: Connect, serve: Serve) -> None:
    """Each has an id of its own, and the search that all of them belong to."""
    seen: list[Any] = []
    search = AssetSearch(query="q", limit=10)
    face = connect(serve(paged(assets(25))).base_url, on_request=seen.append)
    assert len(face.hits(search).items) == 25
    assert len({event.call_id for event in seen}) == len(seen) >= 3
    assert all(event.search is search for event in seen)


def test_a_renewed_token_is_another_request_and_no_retry(connect: Connect, serve: Serve) -> None:
    """Hooks see both attempts of it."""
    seen: list[Any] = []
    tokens = iter(["token-1", "token-2"])
    face = connect(
        serve(answers(EXPIRED, ONE_HIT)).base_url,
        api_key=None,
        api_secret=None,
        bearer_auth=lambda: next(tokens),
        on_request=seen.append,
        on_response=seen.append,
        on_retry=seen.append,
    )
    face.page(SEARCH)
    told = [(type(event).__name__, event.attempt, getattr(event, "status", None)) for event in seen]
    assert told == [
        ("RequestEvent", 1, None),
        ("ResponseEvent", 1, 403),
        ("RequestEvent", 2, None),
        ("ResponseEvent", 2, 200),
    ]


def test_a_cool_down_counts_as_queueing(connect: Connect, serve: Serve) -> None:
    """What a 429 makes others wait is told in the next call's event, and its own wait in the retry."""
    seen: list[Any] = []
    limited = Answer({"reason": "slow down"}, status=429, headers={"retry-after-ms": "60"})
    face = connect(serve(answers(limited, ONE_HIT)).base_url, on_request=seen.append, on_retry=seen.append)
    face.page(SEARCH)
    first, retry, second = seen
    assert (first.attempt, second.attempt) == (1, 2)
    assert isinstance(retry.error, RateLimitError)
    assert retry.wait == retry.error.retry_after == 0.06
    assert 0 <= first.queued <= second.queued < 5


def test_what_never_arrives_has_no_response(connect: Connect) -> None:
    """A refused connection is told as requests and retries alone."""
    seen: list[Any] = []
    face = connect(
        "http://127.0.0.1:1/v1", max_retries=1, on_request=seen.append, on_response=seen.append,
        on_retry=seen.append, deadline=5,
    )  # fmt: skip
    with pytest.raises(ScenarioError):
        face.request("GET", "/assets/x")
    assert [(type(event).__name__, event.method) for event in seen] == [
        ("RequestEvent", "GET"),
        ("RetryEvent", "GET"),
        ("RequestEvent", "GET"),
    ]


def test_what_is_not_tried_again_is_no_retry(connect: Connect, serve: Serve) -> None:
    """The last failure of a call is an error and nothing else."""
    seen: list[Any] = []
    with pytest.raises(InternalServerError):
        connect(serve(answers(LATER)).base_url, max_retries=1, on_retry=seen.append).page(SEARCH)
    assert [event.attempt for event in seen] == [1]


def test_a_derived_client_has_the_hooks_it_is_given_and_keeps_the_others(
    connect: Connect, serve: Serve
) -> None:
    """The client that it comes from is told as before."""
    old: list[Any] = []
    new: list[Any] = []
    face = connect(serve(answers(ONE_HIT)).base_url, on_request=old.append, on_response=old.append)
    derived = face.derived(on_response=new.append)
    derived.page(SEARCH)
    assert [type(event) for event in old] == [RequestEvent]
    assert [type(event) for event in new] == [ResponseEvent]
    face.page(SEARCH)
    assert [type(event) for event in old] == [RequestEvent, RequestEvent, ResponseEvent]
    assert len(new) == 1


def test_what_is_no_hook_is_refused(connect: Connect) -> None:
    """It is named with the rule, when the client is built."""
    for name in NAMES:
        with pytest.raises(ScenarioError, match=f"{name} is 'str', but it must be a function"):
            connect("http://127.0.0.1:1/v1", **{name: "print"})


def test_each_page_of_an_iteration_is_told(connect: Connect, serve: Serve) -> None:
    """A page is a call of its own: its attempts count from 1."""
    seen: list[Any] = []
    face = connect(serve(paged(assets(25))).base_url, on_response=seen.append)
    assert len(face.hits(AssetSearch(query="q", limit=10)).items) == 25
    assert [(event.attempt, event.status) for event in seen if event.status == 200][:3] == [(1, 200)] * 3


def test_context_variables_of_the_blocking_caller_are_seen_inside(serve: Serve) -> None:
    """Hooks, the session factory and the source of tokens see what the caller has set."""
    seen: dict[str, str] = {}

    def note(name: str) -> Callable[[object], None]:
        return lambda _event: seen.__setitem__(name, WORD.get())

    def session() -> aiohttp.ClientSession:
        seen["session"] = WORD.get()
        return aiohttp.ClientSession()

    def token() -> str:
        seen["token"] = WORD.get()
        return "token-1"

    async def token_later() -> str:
        seen["async token"] = WORD.get()
        return "token-1"

    sources: tuple[Callable[[], str | Awaitable[str]], ...] = (token, token_later)
    server = serve(answers(LATER, ONE_HIT))
    made: list[aiohttp.ClientSession] = []

    def kept() -> aiohttp.ClientSession:
        made.append(session())
        return made[-1]

    reset = WORD.set("traced")
    try:
        for source in sources:
            with Scenario(
                bearer_auth=source,
                base_url=server.base_url,
                session=kept,
                on_request=note("on_request"),
                on_response=note("on_response"),
                on_retry=note("on_retry"),
            ) as client:
                client.search.asset_search(query="q")
    finally:
        WORD.reset(reset)
    names = {"on_request", "on_response", "on_retry", "session", "token", "async token"}
    assert seen == dict.fromkeys(names, "traced")
    assert all(each.closed for each in made)


def test_events_show_no_query_string_and_no_header(connect: Connect, serve: Serve) -> None:
    """What is printed of an event can be logged."""
    seen: list[Any] = []
    echo = {"reason": "Bearer abcdefghij and https://cdn.example/a?Signature=s1gnature"}
    server = serve(
        answers(Answer(echo, status=503, headers={"retry-after-ms": "1", "x-echo": "s3cr3t-header"}), ONE_HIT)
    )
    face = connect(
        server.base_url,
        default_query={"token": "s3cr3t-query"},
        default_headers={"x-key": "s3cr3t-own"},
        on_request=seen.append,
        on_response=seen.append,
        on_retry=seen.append,
    )
    face.page(AssetSearch(query="q", extra_query={"more": "s3cr3t-more"}))
    shown = repr(seen)
    assert "RetryEvent(method='POST'" in shown
    for secret in ("s3cr3t", "s1gnature", "abcdefghij"):
        assert secret not in shown
