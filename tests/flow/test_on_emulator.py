"""Both clients on the emulator: what a user does on the first day."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, cast
from urllib.request import urlopen

import pytest

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    AuthenticationError,
    BadRequestError,
    F,
    ModelSearch,
    NotFoundError,
    Scenario,
    Search,
    WorkflowSearch,
)
from scenario_async._http.refused import FILTERABLE, SORTABLE
from scenario_async.emulator import Emulator
from scenario_async.emulator.attributes import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.faces import Connect, Face


@pytest.fixture(scope="module")
def base_url() -> Generator[str]:
    """Run an emulator for this file."""
    with Emulator().running() as url:
        yield url


@pytest.fixture
def face(connect: Connect, base_url: str) -> Face:
    """Connect either client to the emulator."""
    return connect(base_url)


@pytest.mark.parametrize(
    ("search", "prefix"),
    [
        (AssetSearch(query="knight"), "asset_"),
        (ModelSearch(query="knight"), "model_"),
        (WorkflowSearch(query="knight"), "workflow_"),
    ],
)
def test_the_basic_program_from_the_environment(
    base_url: str, monkeypatch: pytest.MonkeyPatch, search: Search[Any], prefix: str
) -> None:
    """A client built from the environment finds something, on both sides."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "emulator")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "emulator")
    monkeypatch.setenv("SCENARIO_BASE_URL", base_url)
    method = f"{search.kind}_search"
    keys: dict[str, Any] = {
        "api_key": os.environ.get("SCENARIO_SDK_API_KEY"),
        "api_secret": os.environ.get("SCENARIO_SDK_API_SECRET"),
    }
    with Scenario(**keys) as client:
        blocking = getattr(client.search, method)(query=search.query)

    async def main() -> Any:
        async with AsyncScenario(**keys) as client:
            return await getattr(client.search, method)(query=search.query)

    awaited = asyncio.run(main())
    assert blocking.hits[0].id == awaited.hits[0].id
    assert blocking.hits[0].id.startswith(prefix)


@pytest.mark.parametrize("prefetch", [0, 4])
@pytest.mark.parametrize("paging", [{}, {"limit": 33}, {"hits_per_page": 50}])
def test_the_whole_library_is_read_in_every_mode(face: Face, paging: dict[str, int], prefetch: int) -> None:
    """At least 300 assets, each once."""
    found = face.hits(AssetSearch(filter=F.created_at >= "2000", **paging), prefetch=prefetch)  # type: ignore[arg-type]
    assert len(found.ids) == len(set(found.ids)) >= 300
    assert found.duplicates == 0


def test_the_library_is_as_large_as_promised(face: Face) -> None:
    """60 models and 20 workflows, and public ones beside them."""
    everything = F.created_at >= "2000"
    assert len(face.hits(ModelSearch(filter=everything)).ids) >= 60
    assert len(face.hits(WorkflowSearch(filter=everything)).ids) >= 20
    own = set(face.hits(AssetSearch(filter=everything)).ids)
    public = set(face.hits(AssetSearch(filter=everything, public=True)).ids)
    assert len(public - own) >= 100


def test_filters_and_sorting_mean_what_they_say(face: Face) -> None:
    """What comes back satisfies the expression, in the order asked for."""
    wanted = (
        (F.kind == "image")
        & (F.width >= 512)
        & F.tags.contains_any("knight", "castle", "dragon")
        & ~(F.aspect_ratio == "1:1")
    )
    hits = face.hits(AssetSearch(filter=wanted, sort_by=["createdAt:desc"])).items
    assert hits
    for hit in hits:
        assert hit.metadata.kind == "image"
        assert hit.metadata.width >= 512
        assert {"knight", "castle", "dragon"} & set(hit.tags)
        assert hit.metadata.aspect_ratio != "1:1"
    moments = [hit.created for hit in hits]
    assert moments == sorted(moments, reverse=True)


def test_similar_pictures_from_a_file_bytes_and_an_id(face: Face, tmp_path: Path) -> None:
    """The picture that the search begins with is the nearest one, however it is given."""
    hit = face.page(AssetSearch(query="castle", filter=F.kind == "image")).hits[0]
    with urlopen(hit.url) as reply:  # noqa: S310 - the emulator's own address
        content = reply.read()
        assert reply.headers["content-type"] == hit.mime_type
    file = tmp_path / "castle.bin"
    file.write_bytes(content)
    for picture in (file, content, hit.id):
        search = AssetSearch(image=picture, image_semantic_ratio=0.0)
        assert face.page(search).hits[0].id == hit.id
    away = face.hits(
        AssetSearch(images={"like": [file], "unlike": [hit.id]}, filter=F.kind == "image"), max_hits=5
    )
    assert len(away.ids) == 5


def test_errors_are_typed(connect: Connect, base_url: str) -> None:
    """The service's refusals arrive as the errors they are."""
    face = connect(base_url)
    with pytest.raises(BadRequestError, match="Invalid sort field"):
        face.page(AssetSearch(query="q", sort_by=["score:desc"]))
    with pytest.raises(BadRequestError):
        face.page(AssetSearch(filter="kind = "))
    with pytest.raises(BadRequestError):
        face.page(AssetSearch(query="q", limit=101))
    with pytest.raises(NotFoundError):
        face.page(AssetSearch(image="asset_unknown"))
    with pytest.raises(AuthenticationError):
        connect(base_url, api_secret="wrong").page(AssetSearch(query="q"))


def test_a_fan_out_of_mixed_kinds(face: Face) -> None:
    """Assets, models and workflows come from one call."""
    searches: list[Search[Any]] = [
        AssetSearch(query="dragon"),
        ModelSearch(query="knight"),
        WorkflowSearch(query="k"),
    ]
    found = face.fan_out(searches, max_hits=3, order="submitted")
    assert [each.index for each in found] == sorted(each.index for each in found)
    assert {each.index for each in found} == {0, 1, 2}


def test_every_hit_survives_its_round_trip(face: Face) -> None:
    """`to_dict` gives what the service sent, so nothing was lost on the way in."""
    body: dict[str, Any] = {"filter": 'createdAt > "2000"', "limit": 100, "offset": 0}
    for kind, search in (("assets", AssetSearch), ("models", ModelSearch), ("workflows", WorkflowSearch)):
        raw = face.request("POST", f"/search/{kind}", json=body).json()["hits"]
        hits = face.page(search(filter=body["filter"], limit=100)).hits
        assert [hit.to_dict() for hit in hits] == [_without_nulls(each) for each in raw]
        assert all(not hit.extra for hit in hits)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {key: _without_nulls(each) for key, each in pairs if each is not None}
    return value


@pytest.mark.parametrize(
    ("search", "hint"),
    [
        (AssetSearch(filter="wdth > 3"), "did you mean width?"),
        (AssetSearch(filter=(F.kind == "image") & (F.wdth > 3)), "did you mean width?"),
        (AssetSearch(filter=F["mime_type"] == "image/png"), "did you mean mimeType?"),
        (AssetSearch(filter='NOT modle_id = "kind = x" OR kind = image'), "did you mean modelId?"),
        (AssetSearch(filter="metadata.tags = a"), "did you mean tags?"),
        (AssetSearch(filter="capabilities = txt2img"), "capabilities is an attribute of models"),
        (WorkflowSearch(filter=F.zzz.is_empty()), "workflows are filtered by status, name, tags, "),
        (AssetSearch(query="a", sort_by="widht:asc"), "did you mean width? assets are sorted by createdAt, "),
        (
            AssetSearch(query="a", sort_by="score:desc"),
            "assets are sorted by createdAt, updatedAt, width, height",
        ),
        (
            ModelSearch(query="a", extra_body={"sortBy": ["x:asc"]}),
            "models are sorted by createdAt, updatedAt, ",
        ),
        (AssetSearch(filter="kind = "), ""),
        (AssetSearch(filter="width > 1", query="a", limit=1000), ""),
    ],
    ids=str,
)
def test_refused_attributes(connect: Connect, base_url: str, search: Search[Any], hint: str) -> None:
    """An attribute that the service does not filter or sort by is refused with the one that was meant."""
    with pytest.raises(BadRequestError) as caught:
        connect(base_url).page(search)
    assert caught.value.hint.startswith(hint)
    assert bool(caught.value.hint) == bool(hint)


def test_the_attributes_of_hints_are_those_of_the_emulator() -> None:
    """What is named as filterable and sortable is what the emulator takes, but for names under `metadata`."""
    for kind, names in FILTERABLE.items():
        schema = SCHEMAS[cast("Any", f"{kind}s")]
        shown = {name for name in schema.filterable if not name.startswith(("metadata.", "concepts."))}
        assert shown == set(names)
        assert set(schema.sortable) == set(SORTABLE[kind])
