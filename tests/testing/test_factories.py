"""Hits made by hand: valid, unique, typed, and the same as those of a search."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from scenario_async import (
    AssetHit,
    AssetMetadata,
    AssetSearch,
    Concept,
    Hit,
    MetadataThumbnail,
    ModelHit,
    ModelSearch,
    Scenario,
    Search,
    Thumbnail,
    WorkflowHit,
    WorkflowSearch,
    testing,
)
from scenario_async.emulator import Emulator, Library
from scenario_async.testing import make_asset, make_model, make_workflow

if TYPE_CHECKING:
    from scenario_async.emulator.attributes import Kind

Make = Callable[..., Hit]
MAKERS: list[tuple[Make, type[Hit]]] = [
    (make_asset, AssetHit),
    (make_model, ModelHit),
    (make_workflow, WorkflowHit),
]


def names(cls: type[Any]) -> set[str]:
    """Give the attributes of a hit class."""
    return {field.name for field in attrs.fields(cls)}


def test_an_asset_with_nothing_given() -> None:
    """It is a picture of 1024 pixels that leads nowhere."""
    hit = make_asset(id="asset_7")
    assert hit.to_dict() == {
        "id": "asset_7",
        "authorId": "user_1",
        "collectionIds": [],
        "createdAt": "2025-01-01T12:00:00.000Z",
        "metadata": {"height": 1024, "kind": "image", "type": "inference-txt2img", "width": 1024},
        "mimeType": "image/png",
        "nsfw": [],
        "ownerId": "proj_emulator",
        "privacy": "private",
        "tags": [],
        "teamId": "team_1",
        "updatedAt": "2025-01-01T12:00:00.000Z",
        "url": "https://cdn.example/assets-transform/asset_7?p=100",
    }


def test_keywords_are_the_attributes() -> None:
    """What describes the content goes into the metadata, the rest to the hit, each under the service's name."""
    hit = make_asset(
        width=512,
        negative_prompt_strength=0.5,
        tags=("a", "b"),
        mime_type="image/webp",
        thumbnail=Thumbnail(asset_id="asset_t", url="/t"),
        metadata_thumbnail=MetadataThumbnail(asset_id="asset_m"),
        extra={"newField": [1]},
    )
    assert (hit.metadata.width, hit.metadata.negative_prompt_strength) == (512, 0.5)
    assert (hit.tags, hit.mime_type, hit.extra) == (["a", "b"], "image/webp", {"newField": [1]})
    assert hit.thumbnail == Thumbnail(asset_id="asset_t", url="/t")
    assert hit.metadata.thumbnail == MetadataThumbnail(asset_id="asset_m")
    record = hit.to_dict()
    assert record["metadata"]["negativePromptStrength"] == 0.5
    assert record["thumbnail"] == {"assetId": "asset_t", "url": "/t"}
    assert record["newField"] == [1]


def test_models_and_workflows() -> None:
    """They are made the same way."""
    model = make_model(training_images_number=12, concepts=[Concept(model_id="model_2")])
    assert (model.to_dict()["trainingImagesNumber"], model.concepts[0].model_id) == (12, "model_2")
    assert (model.name, model.capabilities, model.type) == ("Model", ["txt2img"], "custom")
    workflow = make_workflow(status="draft", before=Thumbnail(asset_id="a", url="u"))
    assert workflow.to_dict()["before"] == {"assetId": "a", "url": "u"}
    assert (workflow.name, workflow.status, workflow.after) == ("Workflow", "draft", None)


def test_none_is_absent() -> None:
    """An optional field that is None is not in the record."""
    hit = make_asset(width=None, height=None, kind=None, type=None)
    assert hit.metadata == AssetMetadata()
    assert hit.to_dict()["metadata"] == {}


@pytest.mark.parametrize(
    ("kind", "mime_type"),
    [
        ("video", "video/mp4"),
        ("audio", "audio/mpeg"),
        ("3d", "model/gltf-binary"),
        ("brand-new", "application/octet-stream"),
    ],
)
def test_the_mime_type_follows_from_the_kind(kind: str, mime_type: str) -> None:
    """A video is no PNG."""
    assert make_asset(kind=kind).mime_type == mime_type


@pytest.mark.parametrize(("make", "hit_class"), MAKERS)
def test_ids_are_unique(make: Make, hit_class: type[Hit]) -> None:
    """Each hit is another one, of its kind, and the URL goes with it."""
    hits = [make() for _ in range(100)]
    assert len({hit.id for hit in hits}) == 100
    assert {type(hit) for hit in hits} == {hit_class}
    assert all(hit.id.startswith(hit_class.__name__.removesuffix("Hit").lower() + "_") for hit in hits)


@pytest.mark.parametrize(("make", "hit_class"), MAKERS)
def test_every_attribute_is_a_keyword(make: Make, hit_class: type[Hit]) -> None:
    """A field that is added to a hit has to be added here."""
    expected = names(hit_class)
    if hit_class is AssetHit:
        expected = (expected - {"metadata"}) | names(AssetMetadata) | {"metadata_thumbnail"}
    parameters = inspect.signature(make).parameters.values()
    assert {each.name for each in parameters} == expected
    assert {each.kind for each in parameters} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"widht": 5}, "make_asset has no field 'widht': did you mean width?"),
        ({"createdAt": ""}, "make_asset has no field 'createdAt': did you mean created_at?"),
        ({"zzz": 5}, "make_asset has no field 'zzz': did you mean id, author_id, collection_ids, "),
        ({"width": "5"}, "make_asset(width='5'): metadata.width is a text, but a number is expected"),
        ({"tags": "knight"}, "make_asset(tags='knight'): tags is a text, but a list of texts is expected"),
        ({"team_id": None}, "make_asset(team_id=None): teamId is missing"),
    ],
)
def test_a_wrong_field_is_told(fields: dict[str, Any], told: str) -> None:
    """The error names the field, the value, and what would be right."""
    with pytest.raises(TypeError) as caught:
        make_asset(**fields)
    assert str(caught.value).startswith(told)


def test_the_module_has_no_other_name() -> None:
    """A misspelt factory is an attribute error that names the module."""
    with pytest.raises(AttributeError, match=r"scenario_async\.testing.*make_aset"):
        getattr(testing, "make_aset")  # noqa: B009 - type checkers would find it


@pytest.mark.parametrize(
    ("hit", "kind", "search"),
    [
        (make_asset(tags=["zebra"], prompt="a zebra"), "assets", AssetSearch(filter="tags = zebra")),
        (make_model(tags=["zebra"], thumbnail=Thumbnail(asset_id="a", url="https://cdn.example/a")), "models",
         ModelSearch(filter="tags = zebra")),
        (make_workflow(tags=["zebra"], extra={"steps": 3}), "workflows", WorkflowSearch(filter="tags = zebra")),
    ],
)  # fmt: skip
def test_a_search_finds_the_same(hit: Hit, kind: Kind, search: Search[Hit]) -> None:
    """What a search makes of the record is the hit, whole and equal."""
    library = Library()
    library.add(hit.to_dict(), kind=kind)
    with (
        Emulator(library).running() as url,
        Scenario(base_url=url, api_key="emulator", api_secret="emulator") as client,
    ):
        assert client.search.run(search).hits == [hit]
