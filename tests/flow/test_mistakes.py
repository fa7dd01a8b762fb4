"""What people type by mistake, and the way out that they are told."""

from __future__ import annotations

import json
import pickle
import re
import threading
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.encoders import jsonable_encoder
from support.hits import assets
from support.servers import Answer, answers, paged

from scenario_async import (
    APIConnectionError,
    APIStatusError,
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    NotFoundError,
    Scenario,
)
from scenario_async.emulator import Emulator
from scenario_async.testing import make_asset, make_page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve

LIBRARY = assets(230)
SEARCH = AssetSearch(query="a")
KEYS: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}


@pytest.fixture
async def client(serve: Serve) -> AsyncGenerator[AsyncScenario]:
    """Give a client of a server of 230 assets."""
    async with AsyncScenario(**KEYS, base_url=serve(paged(LIBRARY)).base_url) as opened:
        yield opened


@pytest.mark.parametrize(
    "name", ["hits", "has_next_page", "get_next_page", "estimated_total_hits", "response"]
)
async def test_a_forgotten_await(client: AsyncScenario, name: str) -> None:
    """A pager that is taken for its page says how to get that."""
    pager: Any = client.search.asset_search(query="a")
    with pytest.raises(
        AttributeError, match=rf"no attribute '{name}'.*`page = await pager`, then `page.{name}`"
    ):
        getattr(pager, name)
    assert not hasattr(pager, "hits")
    with pytest.raises(AttributeError, match=r"no attribute 'anything'$"):
        _ = pager.anything
    pager.close()


async def test_for_in_place_of_async_for(client: AsyncScenario) -> None:
    """Pagers, their iterations and their pages say that they are read with `async for`."""
    pager: Any = client.search.asset_search(query="a")
    for what in (pager, pager.iter_hits(), pager.iter_pages(), await pager):
        with pytest.raises(TypeError, match="write `async for` in place of `for`"):
            list(what)


async def test_with_in_place_of_async_with(client: AsyncScenario) -> None:
    """Either client says which statement it takes."""
    wrong: Any = client
    with pytest.raises(TypeError, match="write `async with` in place of `with`"), wrong:
        pass
    other: Any = Scenario(**KEYS)
    with pytest.raises(TypeError, match="write `with` in place of `async with`"):
        async with other:
            pass


async def test_iterations_of_the_async_client_tell_of_themselves(client: AsyncScenario) -> None:
    """They are async generators which show their search, and have a status of their own."""
    pager = client.search.asset_search(query="cat", limit=100)
    hits, pages = pager.iter_hits(max_hits=3), pager.iter_pages()
    assert repr(hits) == repr(pages) == "<AsyncIteration of AssetSearch(query='cat', limit=100)>"
    assert [hit.id async for hit in hits] == [hit["id"] for hit in LIBRARY[:3]]
    assert (hits.stopped_because, pages.stopped_because) == ("max_hits", None)
    assert len((await anext(pages)).hits) == 100
    assert len((await pages.asend(None)).hits) == 100
    with pytest.raises(KeyError):
        await pages.athrow(KeyError())
    with pytest.raises(StopAsyncIteration):
        await anext(pages)


@pytest.mark.parametrize("by_page", [False, True])
def test_several_threads_may_share_an_iteration(serve: Serve, by_page: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """Each item goes to one of them, and all of them end."""
    taken: Counter[str] = Counter()
    with Scenario(**KEYS, base_url=serve(paged(LIBRARY)).base_url) as client:
        page = client.search.asset_search(query="a", limit=25)
        items: Any = page.iter_pages() if by_page else page.iter_hits()

        def take() -> None:
            for item in items:
                taken.update([hit.id for hit in item.hits] if by_page else [item.id])

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert taken == Counter(hit["id"] for hit in LIBRARY)
    assert repr(items) == "<SyncIteration of AssetSearch(query='a', limit=25)>"
    assert items.stopped_because == "exhausted"


@pytest.mark.parametrize(
    ("total", "read"),
    [("12", 12), (12.0, 12), (1.5, None), ("many", None), (True, None), ([[12]], None), (None, None), (7, 7)],
)
@pytest.mark.parametrize(
    "name", ["estimatedTotalHits", "totalHits", "totalPages", "limit", "offset", "page", "hitsPerPage"]
)
def test_what_a_page_repeats_is_a_hint_and_fails_no_page(
    connect: Connect, serve: Serve, name: str, total: object, read: int | None
) -> None:
    """One that is no number is none; a number in a text is one."""
    body = json.dumps({"hits": LIBRARY[:2], name: total})
    face = connect(serve(answers(Answer(body.encode()))).base_url)
    found = face.page(SEARCH)
    assert len(found.hits) == 2
    snake = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    assert getattr(found, snake) == read


def test_a_page_shows_what_matters(connect: Connect, serve: Serve) -> None:
    """How many hits, the first ids, what is set: on a line."""
    face = connect(serve(paged(LIBRARY)).base_url)
    page = face.page(SEARCH)
    kind = type(page).__name__
    ids = ", ".join(hit["id"] for hit in LIBRARY[:3])
    assert (
        repr(page)
        == f"{kind}(hits=<20: {ids}, …>, limit=20, offset=0, estimated_total_hits=230, response=<200>)"
    )
    shown = repr(page.response)
    assert shown.startswith("ResponseInfo(status=200, method='POST', url='http://127.0.0.1:")
    assert "None" not in shown
    nothing = connect(serve(answers({"hits": []})).base_url).page(SEARCH)
    assert repr(nothing) == f"{kind}(hits=<0>, response=<200>)"


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"api_key": "other", "api_secret": "secret-of-mine"}, "check api_key and api_secret, or SCENARIO_SDK_API_KEY"),
    ({"bearer_auth": "token-of-mine"}, "check bearer_auth, or SCENARIO_SDK_JWT; a token lives about a minute"),
    ({"bearer_auth": lambda: "token-of-mine"}, "check the tokens that bearer_auth gives"),
    ({"default_headers": {"Authorization": "Basic c2VjcmV0LW9mLW1pbmU="}}, "check the Authorization header in default_headers"),
]  # fmt: skip


@pytest.mark.parametrize(("credentials", "hint"), REFUSALS)
def test_a_401_names_the_credentials(
    credentials: dict[str, Any], hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was used to sign, and the variable that it may have come from; never its value."""
    for name in ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT"):
        monkeypatch.delenv(name, raising=False)
    with (
        Emulator().running() as base_url,
        Scenario(**credentials, base_url=base_url) as client,
        pytest.raises(APIStatusError) as caught,
    ):
        client.search.asset_search(query="a")
    assert caught.value.status_code in {401, 403}
    assert caught.value.hint.startswith(hint)
    assert str(caught.value).endswith(caught.value.hint)
    assert "of-mine" not in str(caught.value)
    assert "c2Vj" not in str(caught.value)


def test_a_base_url_without_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 names the address to try, also where it came from the environment; others have no such hint."""
    with Emulator().running() as base_url:
        monkeypatch.setenv("SCENARIO_BASE_URL", base_url.removesuffix("/v1"))
        with Scenario(**KEYS) as client, pytest.raises(NotFoundError, match=f"is it {base_url}\\?"):
            client.search.asset_search(query="a")
        with Scenario(**KEYS, base_url=base_url) as client, pytest.raises(NotFoundError) as caught:
            client.request("GET", "/nothing")
    assert caught.value.hint == ""


def test_a_header_too_long_for_a_server() -> None:
    """The refusal names the header."""
    refused = pytest.raises(BadRequestError, match="the header x-note is longer than the 8,190 bytes")
    with Emulator().running() as base_url, Scenario(**KEYS, base_url=base_url) as client, refused:
        client.search.asset_search(query="a", extra_headers={"x-note": "n" * 9000})


def test_a_header_that_a_server_quotes_may_be_a_key(connect: Connect, serve: Serve) -> None:
    """What the server repeats of it stays out of the error."""
    told = "400, message:\n  Got more than 8190 bytes when reading: b'x-api-key: sekretsekret'."
    server = serve(answers(Answer(told.encode(), status=400, headers={"content-type": "text/plain"})))
    face = connect(server.base_url, default_headers={"x-api-key": "sekret" * 1000})
    with pytest.raises(BadRequestError) as caught:
        face.page(SEARCH)
    assert "sekret" not in str(caught.value)
    assert "Got more than 8190 bytes when reading: …" in str(caught.value)


def test_a_reply_with_a_long_header(connect: Connect, serve: Serve) -> None:
    """Gateways send headers that are longer than aiohttp takes by itself."""
    server = serve(answers(Answer({"hits": []}, headers={"x-policy": "p" * 20_000})))
    page = connect(server.base_url).page(SEARCH)
    assert len(page.response.headers["x-policy"]) == 20_000


def test_a_hint_stays_with_a_pickled_error() -> None:
    """What to look at is part of the error."""
    error = APIStatusError("401 Unauthorized", status_code=401)
    error.hint = "look here"
    assert str(pickle.loads(pickle.dumps(error))) == "401 Unauthorized; look here"  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        ({"api_key": "k" * 9000, "api_secret": "s"}, "api_key and api_secret"),
        ({"bearer_auth": "t" * 9000}, "bearer_auth"),
        ({"bearer_auth": lambda: "t" * 9000}, "bearer_auth"),
    ],
)
def test_a_key_too_long_for_a_server(credentials: dict[str, Any], told: str) -> None:
    """The refusal names the keyword that made the header, and shows nothing of it."""
    refused = pytest.raises(BadRequestError)
    with (
        Emulator().running() as base_url,
        Scenario(**credentials, base_url=base_url) as client,
        refused as caught,
    ):
        client.search.asset_search(query="a")
    text = str(caught.value)
    assert (
        f"the header Authorization, which is made of {told}, is longer than the 8,190 bytes that most servers"
        in text
    )
    assert not re.search("kkk|ttt|a2tr", text)


def test_nobody_at_the_address_of_a_variable(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    """An address that the environment gave is said to come from there; one that was passed is not."""
    address = f"http://127.0.0.1:{unused_tcp_port}/v1"
    for given, told in ((f"{address}/", True), ("http://127.0.0.1:9/other/v1", False)):
        monkeypatch.setenv("SCENARIO_BASE_URL", given)
        with pytest.raises(APIConnectionError) as caught:
            connect(address, max_retries=0).page(SEARCH)
        assert str(caught.value).endswith("; the address is that of the variable SCENARIO_BASE_URL") == told


async def test_pages_and_pagers_are_no_tables(client: AsyncScenario) -> None:
    """What tables have, a length and an index say where they are; no page and no pager is false."""
    pager: Any = client.search.asset_search(query="a")
    page: Any = await client.search.asset_search(query="a")
    with pytest.raises(AttributeError, match=r"write page\.table\.to_pandas\(\)$"):
        page.to_pandas()
    with pytest.raises(
        AttributeError, match=r"`table = await pager.collect\(\)`, then `table.to_pandas\(\)`$"
    ):
        pager.to_pandas()
    for refused in (lambda: len(page), lambda: page[0]):
        with pytest.raises(TypeError, match=r"AsyncSearchPage: .*page\.hits"):
            refused()
    unawaited: Any = pager.collect()
    for refused in (lambda: len(pager), lambda: pager[0], lambda: len(unawaited)):
        with pytest.raises(TypeError, match="await"):
            refused()
    assert page
    assert pager
    assert unawaited
    unawaited.close()
    pager.close()


async def test_await_in_place_of_async_for(client: AsyncScenario, tmp_path: Path) -> None:
    """What gives one item after the other says so where it is awaited."""
    pager = client.search.asset_search(query="a")
    made: list[Any] = [
        client.download(pager, tmp_path),
        client.search.fan_out([SEARCH]),
        client.search.scan(SEARCH),
        pager.iter_hits(),
    ]
    for each in made:
        with pytest.raises(TypeError, match="write `async for` in place of `await`"):
            await each
        await each.aclose()


async def test_what_only_the_async_client_reads(client: AsyncScenario, tmp_path: Path) -> None:
    """The sync client names what it was given, and what to pass."""
    other: Any = Scenario(**KEYS)
    page = await client.search.asset_search(query="a")
    with pytest.raises(
        TypeError, match=r"Scenario\.download\(\) cannot read an asynchronous AsyncSearchPage: .*page\.hits"
    ):
        other.download(page, tmp_path)
    with pytest.raises(TypeError, match=r"fan_out\(\) cannot read an asynchronous AsyncSearchPage"):
        other.search.fan_out(page)


def test_searches_under_other_names() -> None:
    """The method is named, also where `search` itself is called."""
    search: Any = Scenario(**KEYS).search
    for name, meant in (
        ("assets", "asset_search"),
        ("model", "model_search"),
        ("search_workflows", "workflow_search"),
    ):
        with pytest.raises(AttributeError, match=rf"write client\.search\.{meant}$"):
            getattr(search, name)
    with pytest.raises(TypeError, match=r"write client\.search\.asset_search\(\.\.\.\)"):
        search(query="a")


def test_hints_are_told_once() -> None:
    """Where an error says what was meant, Python does not say so again."""
    page: Any = make_page([make_asset()])
    with pytest.raises(AttributeError) as caught:
        _ = page.hit
    assert traceback.format_exception_only(caught.value) == [
        "AttributeError: 'AsyncSearchPage' object has no attribute 'hit': did you mean hits?\n"
    ]


def test_a_pager_that_is_returned(client: AsyncScenario) -> None:
    """What FastAPI says of one that nobody awaited names the await."""
    pager = client.search.asset_search(query="a")
    with pytest.raises(ValueError, match="a search that was not awaited: write `await` before it"):
        jsonable_encoder(pager)
    pager.close()
