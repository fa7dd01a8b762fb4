"""Hooks that raise, never end, call the client themselves, or are given up: the call goes on."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, answers

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    DeadlineExceededError,
    RateLimitError,
    Scenario,
    ScenarioError,
)
from scenario_async._observing.hooks import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Connect
    from support.servers import Serve

    from scenario_async.events import RequestEvent

SEARCH = AssetSearch(query="q")
ONE_HIT = {"hits": assets(1), "limit": 20, "offset": 0}
LATER = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "2"})
NAMES = ("on_request", "on_response", "on_retry")


ERRORS: dict[str, Callable[[], BaseException]] = {
    "a ValueError": lambda: ValueError("broken hook"),
    "a StopIteration": StopIteration,
    "a StopAsyncIteration": StopAsyncIteration,
    "an error of ours": lambda: ScenarioError("broken hook"),
    "an API error": lambda: RateLimitError("429 from a hook", status_code=429, retry_after=90),
    "a cancellation": asyncio.CancelledError,
    "a timeout": TimeoutError,
    "a deadline": lambda: DeadlineExceededError("from a hook"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "raised", [f"{kind} with {error}" for kind in ("plain", "async") for error in ERRORS]
)
def test_a_hook_that_raises_breaks_nothing(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture, name: str, raised: str
) -> None:
    """Whatever it raises, the call goes on, and one line for each failure tells which hook it was."""
    kind, _, error = raised.partition(" with ")

    def raise_it() -> None:
        failure = ERRORS[error]()
        raise failure

    def fail(_: object) -> None:
        raise_it()

    async def fail_later(_: object) -> None:
        await asyncio.sleep(0)
        raise_it()

    hook = fail if kind == "plain" else fail_later
    face = connect(serve(answers(LATER, LATER, ONE_HIT)).base_url, **{name: hook})
    assert face.page(SEARCH).response.attempts == 3
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == (2 if name == "on_retry" else 3)
    assert all(record.name == "scenario_async" for record in told)
    assert all(record.getMessage().startswith(f"the hook {name} ") for record in told)


class _BadAwaitable:
    def __await__(self) -> Any:
        return iter([3])


class _NoIterator:
    def __await__(self) -> Any:
        return 3


def _generator() -> Any:
    yield 1


async def _async_generator() -> Any:
    yield 1


JUNK: dict[str, Callable[[], object]] = {
    "a number": lambda: 3,
    "a class": lambda: int,
    "a generator": _generator,
    "an async generator": _async_generator,
    "an awaitable that yields nonsense": _BadAwaitable,
    "an awaitable that is none": _NoIterator,
}


@pytest.mark.parametrize("junk", JUNK)
def test_what_a_hook_gives_counts_for_nothing(connect: Connect, serve: Serve, junk: str) -> None:
    """Only an awaitable is looked at, and that may be broken."""

    def hook(_: object) -> object:
        return JUNK[junk]()

    face = connect(serve(answers(LATER, ONE_HIT)).base_url, on_request=hook, on_response=hook, on_retry=hook)
    assert len(face.page(SEARCH).hits) == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give hooks a moment instead of seconds."""
    assert tell.__kwdefaults__ is not None
    assert tell.__kwdefaults__["patience"] == 5.0
    monkeypatch.setitem(tell.__kwdefaults__, "patience", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", NAMES)
def test_a_hook_that_never_ends_is_given_up(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """The call goes on without it, and a line tells so."""
    given_up: list[object] = []

    async def endless(event: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.append(event)

    face = connect(serve(answers(LATER, ONE_HIT)).base_url, **{name: endless})
    assert face.page(SEARCH).response.attempts == 2
    assert len(given_up) == (1 if name == "on_retry" else 2)
    assert f"the hook {name} took longer than 0.05 s" in caplog.text


@pytest.mark.parametrize("name", NAMES)
def test_the_deadline_holds_for_hooks_too(connect: Connect, serve: Serve, name: str) -> None:
    """A hook that never ends is no way around it."""

    async def endless(_: object) -> None:
        await asyncio.Event().wait()

    face = connect(serve(answers(LATER, ONE_HIT)).base_url, deadline=0.2, **{name: endless})
    began = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        face.page(SEARCH)
    assert time.monotonic() - began < 2


@pytest.mark.usefixtures("impatient")
async def test_an_async_hook_that_searches_waits_for_no_slot_for_ever(serve: Serve) -> None:
    """The only slot is taken by the call that the hook is told of, so the hook is given up in the end."""
    inner: list[str] = []

    async def hook(event: RequestEvent) -> None:
        if not inner:
            inner.append("begun")
            try:
                await client.search.asset_search(query="inner")
            finally:
                inner.append("ended")
        assert event.attempt == 1

    server = serve(answers(ONE_HIT))
    async with AsyncScenario(
        api_key="a", api_secret="b", base_url=server.base_url, max_concurrency=1, on_request=hook
    ) as client:
        assert len((await client.search.asset_search(query="outer")).hits) == 1
        assert inner == ["begun", "ended"]
        assert [body["query"] for body in server.bodies()] == ["outer"]
        assert len((await client.search.asset_search(query="after")).hits) == 1


@pytest.mark.parametrize("name", ["on_response", "on_retry"])
async def test_an_async_hook_may_search_where_no_slot_is_held(serve: Serve, name: str) -> None:
    """A reply's slot is free by then, so one slot is enough for both."""
    found: list[int] = []

    async def hook(_: object) -> None:
        if not found:
            found.append(0)
            found.append(len((await client.search.asset_search(query="inner")).hits))

    server = serve(answers(LATER, ONE_HIT))
    options: dict[str, Any] = {"api_key": "a", "api_secret": "b", "base_url": server.base_url, name: hook}
    async with AsyncScenario(**options, max_concurrency=1) as client:
        await client.search.asset_search(query="outer")
    assert found == [0, 1]
    assert [body["query"] for body in server.bodies()] == ["outer", "inner", "outer"]


def test_a_hook_of_the_blocking_client_cannot_block_its_loop(serve: Serve) -> None:
    """It runs where the call does, so a blocking call from it is refused, and the outer call goes on."""
    told: list[ScenarioError] = []

    def hook(_: object) -> None:
        with pytest.raises(ScenarioError, match="await it instead") as caught:
            client.search.asset_search(query="inner")
        told.append(caught.value)

    server = serve(answers(ONE_HIT))
    with Scenario(api_key="a", api_secret="b", base_url=server.base_url, on_request=hook) as client:
        assert len(client.search.asset_search(query="outer").hits) == 1
    assert len(told) == 1
    assert [body["query"] for body in server.bodies()] == ["outer"]


async def test_a_hook_of_the_async_client_may_use_a_blocking_one(serve: Serve) -> None:
    """That has a loop of its own; only the hook's own loop stands still meanwhile."""
    server = serve(answers(ONE_HIT))
    with Scenario(api_key="a", api_secret="b", base_url=server.base_url) as blocking:

        def hook(_: object) -> None:
            assert len(blocking.search.asset_search(query="inner").hits) == 1

        keys: dict[str, Any] = {"api_key": "a", "api_secret": "b", "base_url": server.base_url}
        async with AsyncScenario(**keys, on_request=hook) as client:
            await client.search.asset_search(query="outer")
    assert [body["query"] for body in server.bodies()] == ["inner", "outer"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_call_cancelled_in_a_hook_is_cancelled(serve: Serve, name: str) -> None:
    """The hook is cancelled with it, the slot is free again, and no reply comes."""
    reached = asyncio.Event()
    cancelled: list[str] = []

    async def hook(_: object) -> None:
        reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(name)
            raise

    options: dict[str, Any] = {"api_key": "a", "api_secret": "b", name: hook}
    server = serve(answers(LATER, ONE_HIT))
    async with AsyncScenario(**options, base_url=server.base_url, max_concurrency=1) as client:
        task = asyncio.create_task(client.search.asset_search(query="q"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert cancelled == [name]
        async with asyncio.timeout(5):
            nothing: dict[str, Any] = {name: id}
            quiet = client.with_options(**nothing)
            assert len((await quiet.search.asset_search(query="q")).hits) == 1
