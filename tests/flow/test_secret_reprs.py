"""What objects print, what leaves by logs, spans and pickles, and what a refusal shows: never a secret."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.hits import asset, model, workflow
from support.secrets import (
    CLIENT,
    KEY,
    PICTURE,
    PROXY_USERINFO,
    SECRET,
    SIGNED,
    TOKEN,
    leaks,
    search,
)
from support.servers import Answer, answers

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    Images,
    ModelSearch,
    RateLimit,
    Scenario,
    WorkflowSearch,
)
from scenario_async._paging.page import LinkedPage, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.faces import Connect
    from support.servers import Serve

KINDS = [AsyncScenario, Scenario]
HIT = asset(url=SIGNED, thumbnail={"assetId": "a", "url": SIGNED}, newUrl=SIGNED, note={"url": SIGNED})
PAGE = {"hits": [HIT, {"id": f"misfit {SIGNED}"}], "limit": 2, "offset": 0}
LATER = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "1", "x-echo": SECRET})


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key of the machine reach a test."""
    for name in ("API_KEY", "API_SECRET", "JWT"):
        monkeypatch.delenv(f"SCENARIO_SDK_{name}", raising=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"proxy": f"http://{PROXY_USERINFO}@proxy.example:3128"},
        {"api_key": None, "api_secret": None, "bearer_auth": TOKEN},
        {"api_key": None, "api_secret": None, "default_headers": {"Authorization": f"Bearer {TOKEN}"}},
    ],
)
def test_a_client_prints_no_secret(
    kind: type[AsyncScenario | Scenario], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does anything that it is made of, nor a client derived from it, nor what the environment gave."""
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "x-line: line-S3CR3T\nx-other: other-S3CR3T")
    keywords: dict[str, Any] = {**CLIENT, "rate_limit": RateLimit(requests=9), **options}
    client = kind(**keywords)
    for each in (client, client.with_options(timeout=5), client.with_options(bearer_auth=TOKEN)):
        caller: Any = vars_of(each)["_caller"]
        parts = [
            each,
            each.search,
            caller,
            *(getattr(caller, name) for name in caller.__slots__ if name[0] != "_"),
        ]
        parts += [value for part in (caller.signer, caller.admission) for value in vars_of(part).values()]
        assert len(parts) > 12
        assert [leaks(part) for part in parts] == [[]] * len(parts)
        assert leaks(f"{each.api_key} {each.bearer_auth!s} {each.proxy}") == []


def vars_of(thing: object) -> dict[str, Any]:
    """Give an object's attributes, with slots or without."""
    slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
    found = {name: getattr(thing, name) for name in slots if hasattr(thing, name) and name != "__weakref__"}
    plain = {
        name: value for name, value in getattr(thing, "__dict__", {}).items() if not isinstance(value, str)
    }
    return found | plain


@pytest.mark.parametrize("kind", [AssetSearch, ModelSearch, WorkflowSearch])
def test_a_search_prints_no_picture_and_no_value_of_its_extras(kind: type[Any]) -> None:
    """The names of extras are shown, for those who look for a slip."""
    params: dict[str, Any] = {
        "query": "q",
        "extra_headers": {"x-more": "more-S3CR3T"},
        "extra_query": {"token": "extra-S3CR3T"},
        "extra_body": {"note": PICTURE},
    }
    given = kind(**params)
    assert leaks(given) == []
    assert "'x-more': …" in repr(given)
    if kind is not WorkflowSearch:
        assert leaks(kind(image=PICTURE)) == []
        assert leaks(kind(images=Images(like=[PICTURE], unlike=[PICTURE, "asset_1"]))) == []
        assert leaks(Images(like=[PICTURE])) == []


def test_what_a_search_gives_prints_no_signature(connect: Connect, serve: Serve) -> None:
    """Pages, hits, iterations, replies and what iterations hold show where a URL leads and no more."""
    face = connect(serve(answers(PAGE)).base_url, **{**CLIENT, "default_headers": None}, invalid_hits="keep")
    asked = search(limit=2)
    page = face.page(asked)
    (hit,) = page.hits
    reply = face.request("GET", "/x", query={"token": "extra-S3CR3T"})
    assert isinstance(page, LinkedPage)
    shown: list[object] = [
        page,
        hit,
        hit.thumbnail,
        hit.metadata,
        page.response,
        origin_of(page),
        reply,
        reply.info,
    ]
    shown += [origin_of(page).source, face.client.search.asset_search, face.client.search.fan_out]
    shown += face.fan_out([asked], max_hits=1)
    run = face.client.search.run(asked)
    shown += [run, run.iter_hits(), run.iter_pages(prefetch=2)]
    assert [leaks(each) for each in shown] == [[]] * len(shown)
    assert "https://cdn.example/a.png?…" in repr(hit)


def test_hits_of_all_kinds_print_no_signature(connect: Connect, serve: Serve) -> None:
    """Thumbnails of models and workflows are signed URLs as well."""
    picture = {"assetId": "a", "url": SIGNED}
    for found, asked in (
        (model(thumbnail=picture), ModelSearch(query="q")),
        (workflow(thumbnail=picture, before=picture, after=picture), WorkflowSearch(query="q")),
    ):
        (hit,) = connect(serve(answers({"hits": [found]})).base_url).page(asked).hits
        assert leaks(hit) == []
        assert "https://cdn.example/a.png?…" in repr(hit)


def test_a_resume_token_holds_no_secret_and_no_text(connect: Connect, serve: Serve) -> None:
    """Its insides are digests and a position."""
    body = {"hits": [HIT], "limit": 1, "offset": 0}
    asked = search(query="a very private question", limit=1)
    token = connect(serve(answers(body)).base_url, **CLIENT).page(asked).resume_token
    plain = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("latin-1")
    assert leaks(token + plain) == []
    assert "private" not in token + plain


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_client_holds_no_secret(kind: Any) -> None:
    """Keys, tokens, headers and the proxy's password stay behind, unless they are told to travel."""
    common: dict[str, Any] = {
        "default_headers": {"x-own": "header-S3CR3T"},
        "proxy": f"http://{PROXY_USERINFO}@p:1",
    }
    for options in ({"api_key": KEY, "api_secret": SECRET}, {"bearer_auth": TOKEN}):
        content = pickle.dumps(kind(**common, **options)).decode("latin-1")
        assert leaks(content) == []
        whole = pickle.dumps(kind(**common, **options, pickle_credentials=True)).decode("latin-1")
        assert set(options.values()) | {"header-S3CR3T"} <= set(re.findall(r"[a-z]+-S3CR3T", whole))


def test_a_pickled_page_holds_nothing_of_its_client(connect: Connect, serve: Serve) -> None:
    """It has its hits and its search, and neither keys nor headers of the client."""
    face = connect(serve(answers({"hits": [asset(url="https://a.example/x")]})).base_url, **CLIENT)
    assert leaks(pickle.dumps(face.page(AssetSearch(query="q"))).decode("latin-1")) == []


async def test_no_line_of_any_logger_shows_a_secret(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where everything logs at DEBUG and asyncio tells of each step that it runs."""
    caplog.set_level(logging.DEBUG)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    server = serve(answers(LATER, PAGE, Answer({"reason": f"no {SECRET}"}, status=400)))
    options: dict[str, Any] = {**CLIENT, "base_url": server.base_url, "invalid_hits": "keep"}
    async with AsyncScenario(**options) as client:
        async for _ in client.search.run(search(limit=2)).iter_hits(max_hits=1, prefetch=1):
            pass
        with pytest.raises(BadRequestError):
            await client.request("POST", "/x?signature=path-S3CR3T", json={"image": PICTURE})
        with pytest.raises(BadRequestError):
            async for _ in client.search.fan_out([search(), search(query="other")]):
                pass
    loop.set_debug(False)
    names = {record.name for record in caplog.records}
    assert names >= {"asyncio", "scenario_async"}
    assert leaks(caplog.text) == []
    assert leaks("\n".join(repr(vars(record)) for record in caplog.records)) == []


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], tuple[ReadableSpan, ...]]]:
    """Trace the calls of one test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter.get_finished_spans
    provider.shutdown()


def test_no_span_shows_a_secret(
    connect: Connect, serve: Serve, spans: Callable[[], tuple[ReadableSpan, ...]]
) -> None:
    """Good, retried and failed calls alike tell neither query strings nor texts of errors."""
    refusal = Answer({"reason": f"no {SECRET}, see {SIGNED}"}, status=400)
    face = connect(serve(answers(LATER, PAGE, refusal)).base_url, **CLIENT, invalid_hits="keep")
    face.page(search())
    with pytest.raises(BadRequestError):
        face.page(search())
    with pytest.raises(BadRequestError):
        face.request("GET", "/x?signature=path-S3CR3T", query={"token": "extra-S3CR3T"})
    told = [span.to_json() for span in spans()]
    assert len(told) == 3
    assert leaks("\n".join(told)) == []
