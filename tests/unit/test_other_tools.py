"""What pydantic, FastAPI and tools that read signatures make of hits, searches and methods."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import typing
from typing import Annotated, Any
from unittest.mock import create_autospec, patch

import attrs
import pytest
from fastapi import Depends, FastAPI
from pydantic import TypeAdapter, ValidationError, create_model, validate_call
from support.hits import asset, model, workflow

from scenario_async import (
    AssetHit,
    AssetSearch,
    AsyncScenario,
    Hit,
    Images,
    InvalidSearchError,
    ModelHit,
    ModelSearch,
    Scenario,
    SearchPager,
    SyncSearchPage,
    WorkflowHit,
    WorkflowSearch,
)
from scenario_async.settings import Settings
from scenario_async.testing import make_page

KEYS: dict[str, Any] = {"api_key": "k", "api_secret": "s"}
HITS: list[tuple[type[Hit], dict[str, Any]]] = [
    (AssetHit, asset("asset_a", new=[1, {"deep": "x"}])),
    (ModelHit, model("model_a")),
    (WorkflowHit, workflow("workflow_a")),
]
SEARCHES = (AssetSearch, ModelSearch, WorkflowSearch)


@pytest.mark.parametrize(("cls", "raw"), HITS)
def test_a_hit_comes_back_from_its_json(cls: type[Hit], raw: dict[str, Any]) -> None:
    """`from_dict` undoes `to_dict`, and a cache of JSON texts works as well."""
    hit = cls.from_dict(raw)
    assert type(hit) is cls
    assert cls.from_dict(hit.to_dict()) == hit
    assert cls.from_dict(json.loads(hit.to_json())) == hit
    assert json.loads(hit.to_json(indent=2)) == hit.to_dict()
    assert hash(hit) == hash(hit.id)


def test_metadata_can_be_hashed() -> None:
    """As a key of a dictionary, for instance; equal ones have one hash, whatever fields came beside."""
    first, second = (AssetHit.from_dict(asset("asset_a", id=each)).metadata for each in "ab")
    assert {first: 1}[second] == 1


@pytest.mark.parametrize(
    ("data", "path"),
    [({**asset("a"), "tags": 3}, r"\$\.tags is a number"), ({"id": "a"}, "is missing"), ("x", "an object")],
)
def test_json_that_does_not_fit_is_refused_with_its_path(data: Any, path: str) -> None:
    """It is checked like a reply."""
    with pytest.raises(InvalidSearchError, match=path) as caught:
        AssetHit.from_dict(data)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(("cls", "raw"), HITS)
def test_reprs_are_short(cls: type[Hit], raw: dict[str, Any]) -> None:
    """What matters comes first, nothing is None, and "…" stands for the rest."""
    shown = repr(cls.from_dict(raw))
    assert shown.startswith(f"{cls.__name__}(id='{raw['id']}', ")
    assert "None" not in shown
    assert "…" in shown
    assert len(shown) < 500


@pytest.mark.parametrize(("cls", "raw"), HITS)
def test_hits_are_types_of_pydantic(cls: type[Hit], raw: dict[str, Any]) -> None:
    """They are read, written and described in the service's spelling."""
    adapter: TypeAdapter[Any] = TypeAdapter(list[cls])  # type: ignore[valid-type]
    (hit,) = adapter.validate_python([raw])
    assert adapter.validate_python([hit])[0] is hit
    assert adapter.validate_json(adapter.dump_json([hit])) == [hit]
    described = adapter.json_schema()["items"]
    assert described["title"] == cls.__name__
    assert {"id", "createdAt", "tags"} <= set(described["required"]) <= set(described["properties"])
    with pytest.raises(ValidationError, match="is missing"):
        adapter.validate_python([{"id": "a"}])


async def test_fastapi_gives_hits_and_describes_them() -> None:
    """`list[AssetHit]` as a response type, and `Depends(AssetSearch)` for the parameters."""
    app = FastAPI()
    seen: list[AssetSearch] = []

    async def search(asked: Annotated[AssetSearch, Depends(AssetSearch)]) -> list[AssetHit]:
        seen.append(asked)
        return [AssetHit.from_dict(asset("asset_a"))]

    app.get("/assets")(search)
    status, body = await _got(app, "/assets?query=cat&limit=5&filter=kind%20%3D%201")
    assert status == 200
    assert json.loads(body) == [AssetHit.from_dict(asset("asset_a")).to_dict()]
    assert seen == [AssetSearch(query="cat", limit=5, filter="kind = 1")]
    status, body = await _got(app, "/openapi.json")
    described = json.loads(body)["paths"]["/assets"]["get"]
    assert status == 200
    assert {"query", "limit", "filter"} <= {each["name"] for each in described["parameters"]}
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert "mimeType" in schema["items"]["properties"]


async def test_fastapi_gives_hits_and_pages_where_no_type_is_named() -> None:
    """It looks for `vars` then, which are the JSON; nothing else takes them for attributes."""
    app = FastAPI()
    hit = AssetHit.from_dict(asset("asset_a", new=1))
    page = make_page([hit])

    @app.get("/hits")
    def hits():  # type: ignore[no-untyped-def] # noqa: ANN202 - as people write them
        return page.hits

    @app.get("/page")
    def whole():  # type: ignore[no-untyped-def] # noqa: ANN202 - as people write them
        return {"page": page}

    assert json.loads((await _got(app, "/hits"))[1]) == [hit.to_dict()]
    assert json.loads((await _got(app, "/page"))[1]) == {"page": page.to_dict()}
    assert vars(hit) == hit.to_dict()
    for thing in (hit, page):
        assert "createdAt" not in dir(thing)
        assert "estimatedTotalHits" not in dir(thing)
    copied = pickle.loads(pickle.dumps(hit))  # noqa: S301 - our own
    assert copied == copy.deepcopy(hit) == copy.copy(hit) == hit
    assert copied.extra == {"new": 1}


async def _got(app: FastAPI, target: str) -> tuple[int, bytes]:
    """Ask an ASGI application without a server."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


@pytest.mark.parametrize("cls", SEARCHES)
def test_annotations_of_searches_are_objects(cls: type[Any]) -> None:
    """`get_type_hints` and `signature(eval_str=True)` read them."""
    hints = typing.get_type_hints(cls.__init__)
    signature = inspect.signature(cls, eval_str=True)
    assert hints["limit"] == signature.parameters["limit"].annotation == int | None
    assert {name: each.annotation for name, each in signature.parameters.items()} == {
        name: hint for name, hint in hints.items() if name != "return"
    }


@pytest.mark.parametrize(("client", "result"), [(AsyncScenario, SearchPager), (Scenario, SyncSearchPage)])
def test_annotations_of_methods_are_objects(client: Any, result: Any) -> None:
    """The return annotation is the type that checkers see."""
    searches = client(**KEYS).search
    for method, hit_class in ((searches.asset_search, AssetHit), (searches.workflow_search, WorkflowHit)):
        signature = inspect.signature(method, eval_str=True)
        assert signature.return_annotation == result[hit_class]
        assert typing.get_type_hints(method)["return"] == result[hit_class]
        assert "self" not in signature.parameters


def test_pydantic_can_guard_a_method() -> None:
    """`validate_call` reads texts as numbers, as a tool that a model calls gives them."""
    client = AsyncScenario(**KEYS)
    guarded: Any = validate_call(client.search.asset_search)
    pager = guarded(query="cat", limit="5", images={"like": ["asset_a"]})
    pager.close()
    assert pager._source.search == AssetSearch(query="cat", limit=5, images=Images(like=["asset_a"]))
    with pytest.raises(ValidationError):
        guarded(query="cat", limit="many")


@pytest.mark.parametrize("cls", SEARCHES)
def test_searches_are_fields_of_pydantic(cls: type[Any]) -> None:
    """A model with a search in it is read from JSON and written to it."""
    job = create_model("Job", search=(cls, ...))
    made: Any = job(search={"query": "cat", "sort_by": ["createdAt:desc"]})
    assert made.search == cls(query="cat", sort_by=["createdAt:desc"])
    assert job.model_validate_json(made.model_dump_json()) == made
    described = job.model_json_schema()["properties"]["search"]
    assert described["properties"]["limit"]["anyOf"][0] == {"type": "integer"}
    assert all(each["description"] for each in described["properties"].values())
    with pytest.raises(ValidationError, match="nothing to search for"):
        job(search={})


def test_a_search_can_be_patched() -> None:
    """`client.search` is one object, so that what a test puts there is found there."""
    client: Any = Scenario(**KEYS)
    with patch.object(client.search, "asset_search", return_value="fake"):
        assert client.search.asset_search(query="cat") == "fake"
    assert inspect.ismethod(client.search.asset_search)


@pytest.mark.parametrize("client", [AsyncScenario, Scenario])
async def test_a_client_can_be_specified_to_mocks(client: Any) -> None:
    """`create_autospec` knows the searches and the settings, and refuses a keyword that the real one would."""
    mock = create_autospec(client, instance=True)
    mock.search.asset_search.return_value = "fake"
    found = mock.search.asset_search(query="cat")
    assert (await found if client is AsyncScenario else found) == "fake"
    with pytest.raises(TypeError):
        mock.search.asset_search(querry="cat")
    with pytest.raises(AttributeError):
        _ = mock.search.asset_serch
    for field in attrs.fields(Settings):
        assert hasattr(mock, field.name)
    mock.timeout = 3.0
    assert mock.timeout == 3.0
    with pytest.raises(AttributeError):
        _ = mock.time_out


@pytest.mark.parametrize("surface", ["search", "search.with_raw_response"])
async def test_searches_of_a_specified_async_client_are_awaited(surface: str) -> None:
    """Each of them, `run` and `resume`, and the calls beside them."""
    client = AsyncScenario(**KEYS)
    searches: Any = client.search if surface == "search" else client.search.with_raw_response
    for name in ("asset_search", "model_search", "workflow_search", "run"):
        mock: Any = create_autospec(getattr(searches, name), return_value=name)
        given = [AssetSearch(query="x")] if name == "run" else []
        assert await mock(*given) == name
    other: Any = create_autospec(client, instance=True)
    other.search.resume.return_value = other.search.estimate.return_value = other.request.return_value = (
        "made up"
    )
    assert await other.search.resume("token", AssetSearch(query="x")) == "made up"
    assert await other.search.estimate(AssetSearch(query="x")) == "made up"
    assert await other.request("GET", "/assets/a") == "made up"


def test_settings_are_attributes_of_the_class() -> None:
    """There they are the defaults; in a client they are its own, and stay as they are."""
    cls: Any = Scenario
    assert (cls.timeout, cls.max_retries, cls.api_key, cls.default_headers) == (60.0, 2, None, {})
    client: Any = Scenario(**KEYS, timeout=3)
    assert (client.timeout, client.default_headers) == (3, {})
    with pytest.raises(AttributeError, match="with_options"):
        client.timeout = 4
