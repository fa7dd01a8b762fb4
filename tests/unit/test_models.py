"""Hits as objects: what they keep, what they show, and how they compare."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import (
    AssetHit,
    AssetMetadata,
    Concept,
    Hit,
    MetadataThumbnail,
    ModelHit,
    Thumbnail,
    WorkflowHit,
)
from scenario_async._http.structure import structure_hits
from scenario_async.models import wire_name

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CLASSES: dict[str, type[Hit]] = {"asset": AssetHit, "model": ModelHit, "workflow": WorkflowHit}
SHARED_REQUIRED = {
    "id",
    "author_id",
    "collection_ids",
    "created_at",
    "owner_id",
    "privacy",
    "tags",
    "team_id",
    "updated_at",
}
FIELDS: dict[type, tuple[set[str], set[str]]] = {
    AssetHit: (
        SHARED_REQUIRED | {"metadata", "mime_type", "nsfw", "url"},
        {"content", "description", "score", "thumbnail", "transcription"},
    ),
    ModelHit: (
        SHARED_REQUIRED | {
            "capabilities", "concepts", "example_asset_ids", "name", "short_description", "source",
            "training_images_number", "type",
        },
        {"parent_model_id", "score", "thumbnail"},
    ),
    WorkflowHit: (
        SHARED_REQUIRED | {"description", "name", "status"},
        {"after", "before", "thumbnail", "score", "short_description"},
    ),
    AssetMetadata: (
        set(),
        {
            "aspect_ratio", "base_model_id", "guidance", "height", "kind", "model_id", "model_type", "name",
            "negative_prompt", "negative_prompt_strength", "num_inference_steps", "parent_job_id", "prompt",
            "scheduler", "seed", "size", "text", "thumbnail", "type", "width",
        },
    ),
    Thumbnail: ({"asset_id", "url"}, set()),
    MetadataThumbnail: ({"asset_id"}, set()),
    Concept: ({"model_id"}, set()),
}  # fmt: skip
SIGNED = "https://cdn.example.com/x?Policy=s3cr3t&Signature=s3cr3t"
FULL: dict[str, dict[str, Any]] = {
    "asset": {
        "content": "c", "description": "d", "score": 0.5, "transcription": "t", "url": SIGNED,
        "thumbnail": {"assetId": "a", "url": SIGNED},
        "metadata": {
            "aspectRatio": "16:9", "baseModelId": "b", "guidance": 7.5, "height": 512, "kind": "image",
            "modelId": "m", "modelType": "flux.1", "name": "n", "negativePrompt": "np",
            "negativePromptStrength": 1, "numInferenceSteps": 28, "parentJobId": "j", "prompt": "p",
            "scheduler": "s", "seed": "12345678901234567890", "size": 2**40, "text": "t",
            "thumbnail": {"assetId": "a"}, "type": "txt2img", "width": 1024,
        },
    },
    "model": {"parentModelId": "p", "score": 1, "thumbnail": {"assetId": "a", "url": SIGNED}},
    "workflow": {
        "after": {"assetId": "a", "url": SIGNED}, "before": {"assetId": "b", "url": SIGNED}, "score": 0,
        "shortDescription": "s", "thumbnail": {"assetId": "c", "url": SIGNED},
    },
}  # fmt: skip


def hit_of(raw: dict[str, Any], kind: str) -> Any:
    """Make a hit of its JSON."""
    return structure_hits([raw], CLASSES[kind])[0]


@pytest.mark.parametrize("cls", FIELDS)
def test_classes_have_the_documented_fields(cls: type) -> None:
    """Required fields are required, optional ones None, and `extra` is there besides."""
    required, optional = FIELDS[cls]
    fields = attrs.fields_dict(cast("Any", cls))
    assert {name for name, field in fields.items() if field.default is attrs.NOTHING} == required
    assert {name for name, field in fields.items() if field.default is None} == optional
    assert set(fields) == required | optional | {"extra"}


@pytest.mark.parametrize("cls", FIELDS)
def test_classes_have_slots(cls: type) -> None:
    """No hit carries a dictionary of its own."""
    assert cls.__dictoffset__ == 0


@pytest.mark.parametrize(
    ("ours", "wire"),
    [
        ("id", "id"),
        ("created_at", "createdAt"),
        ("num_inference_steps", "numInferenceSteps"),
        ("createdAt", "createdAt"),
        ("metadata.type", "metadata.type"),
    ],
)
def test_wire_names(ours: str, wire: str) -> None:
    """Our names are the service's in snake_case."""
    assert wire_name(ours) == wire


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("full", [False, True])
def test_to_dict_gives_what_the_service_sent(
    raw_hit: Callable[..., dict[str, Any]], kind: str, *, full: bool
) -> None:
    """With all fields, with none of the optional ones, and with fields of tomorrow."""
    raw = raw_hit(kind, **(FULL[kind] if full else {}))
    before = copy.deepcopy(raw)
    assert hit_of(raw, kind).to_dict() == raw
    tomorrow = {
        "newThing": {"a": [1, {"b": "c"}]},
        "new_thing": 5,
        "extra": "x",
        "zero": 0,
        "no": False,
        "e": "",
    }
    assert hit_of(raw | tomorrow, kind).to_dict() == raw | tomorrow
    assert raw == before


@pytest.mark.parametrize("kind", CLASSES)
def test_to_dict_leaves_out_nulls(raw_hit: Callable[..., dict[str, Any]], kind: str) -> None:
    """Nulls go, at every depth, and empty lists stay."""
    raw = raw_hit(kind, tags=[])
    nulls: dict[str, Any] = {"score": None, "thumbnail": None, "accessRestrictions": None}
    assert hit_of(raw | nulls, kind).to_dict() == raw
    nested = {"newThing": {"a": None, "b": [{"c": None, "d": 1}]}}
    assert hit_of(raw | nested, kind).to_dict() == raw | {"newThing": {"b": [{"d": 1}]}}


def test_to_dict_leaves_out_nulls_of_metadata(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """What is null within an object is absent from it."""
    hit = hit_of(raw_hit("asset", metadata={"prompt": None, "width": 5, "later": None}), "asset")
    assert hit.to_dict()["metadata"] == {"width": 5}


def test_to_dict_gives_a_copy(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """What is done to the mapping does not reach the hit."""
    hit = hit_of(raw_hit("model", newThing={"a": [1]}), "model")
    given_ = hit.to_dict()
    given_["tags"].append("x")
    given_["newThing"]["a"].append(2)
    given_["concepts"].clear()
    assert hit.tags == ["sky", "sea"]
    assert hit.extra["newThing"] == {"a": [1]}
    assert [concept.model_id for concept in hit.concepts] == ["model_2"]


JSON: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@QUICK
@given(extra=st.dictionaries(st.text(max_size=8).map(lambda name: "x-" + name), JSON, max_size=4))
def test_any_new_field_comes_back(raw_hit: Callable[..., dict[str, Any]], extra: dict[str, Any]) -> None:
    """Whatever the service adds is in `extra` and in `to_dict`, on every level."""
    raw = raw_hit("asset", metadata={"kind": "image", **extra}, **extra)
    hit = hit_of(raw, "asset")
    assert hit.extra == extra
    assert hit.metadata.extra == extra
    assert hit.to_dict() == raw


def test_extra_stands_on_every_level(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """Unknown fields of nested objects stay with them."""
    new = {"n": 1}
    hit = hit_of(
        raw_hit(
            "asset",
            thumbnail={"assetId": "a", "url": "u", **new},
            metadata={"thumbnail": {"assetId": "a", **new}, **new},
        ),
        "asset",
    )
    for record in (hit.thumbnail, hit.metadata, hit.metadata.thumbnail):
        assert record.extra == new
    assert hit.extra == {}
    model = hit_of(raw_hit("model", concepts=[{"modelId": "m", **new}]), "model")
    assert model.concepts[0].extra == new


@pytest.mark.parametrize("kind", CLASSES)
def test_hits_are_frozen_and_hash_by_id(raw_hit: Callable[..., dict[str, Any]], kind: str) -> None:
    """A hit can be a key; the same hit told anew has the same hash."""
    hit, again, other = (
        hit_of(raw_hit(kind, **fields), kind)
        for fields in (FULL[kind], FULL[kind] | {"score": 0.75}, FULL[kind] | {"id": "other"})
    )
    assert hash(hit) == hash(again)
    assert len({hit, hit_of(raw_hit(kind, **FULL[kind]), kind), other}) == 2
    assert hit == hit_of(raw_hit(kind, **FULL[kind]), kind)
    assert hit != again
    assert isinstance(hit, Hit)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        cast("Any", hit).id = "x"


def test_records_compare_by_class_and_fields_and_hash_without_extra() -> None:
    """What is new to this version tells records apart, and need not be hashable."""
    concept = Concept(model_id="m")
    more = Concept(model_id="m", extra={"new": ["thing"]})
    assert concept == Concept(model_id="m")
    assert concept not in (more, Concept(model_id="n"), MetadataThumbnail(asset_id="m"), "m")
    assert hash(concept) == hash(more) == hash(Concept(model_id="m"))
    assert hash(concept) != hash(Concept(model_id="n"))
    assert hash(AssetMetadata(kind="image")) == hash(AssetMetadata(kind="image", extra={"new": []}))


@pytest.mark.parametrize("kind", CLASSES)
def test_hits_pickle_and_copy(
    raw_hit: Callable[..., dict[str, Any]], repickle: Callable[[Any], Any], kind: str
) -> None:
    """A hit is the same elsewhere."""
    hit = hit_of(raw_hit(kind, newThing=1, **FULL[kind]), kind)
    for copied in (repickle(hit), copy.copy(hit), copy.deepcopy(hit)):
        assert copied == hit
        assert copied.to_dict() == hit.to_dict()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-06T07:08:09.123Z", datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)),
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T09:08:09+02:00", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08:09", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06", datetime(2024, 5, 6, tzinfo=UTC)),
    ],
)
def test_timestamps_as_moments(raw_hit: Callable[..., dict[str, Any]], text: str, moment: datetime) -> None:
    """`created` and `updated` are aware; the texts stay as they came."""
    hit = hit_of(raw_hit("asset", createdAt=text, updatedAt=text), "asset")
    assert hit.created == hit.updated == moment
    assert hit.created.utcoffset() is not None
    assert hit.created_at == hit.updated_at == text
    assert hit.created - moment == timedelta(0)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01T00:00:00Z", "1714979289"])
def test_timestamps_that_are_none(raw_hit: Callable[..., dict[str, Any]], text: str) -> None:
    """An unreadable timestamp is no trouble until it is read."""
    hit = hit_of(raw_hit("workflow", createdAt=text, updatedAt=text), "workflow")
    with pytest.raises(ValueError, match=r".+"):
        _ = hit.created
    with pytest.raises(ValueError, match=r".+"):
        _ = hit.updated


@pytest.mark.parametrize("kind", CLASSES)
def test_repr_hides_query_strings(raw_hit: Callable[..., dict[str, Any]], kind: str) -> None:
    """A signed URL is a credential: what prints is its place."""
    hit = hit_of(raw_hit(kind, newUrl=SIGNED, **FULL[kind]), kind)
    assert "s3cr3t" not in repr(hit)
    assert "s3cr3t" not in str(hit)
    assert hit.id in repr(hit)
    assert "https://cdn.example.com/x" in repr(hit)
    assert "newUrl" in repr(hit)


def test_extra_is_one_and_the_same_where_there_is_nothing(repickle: Callable[[Any], Any]) -> None:
    """It costs no memory, takes nothing in, and is like any empty mapping otherwise."""
    thumbnail = Thumbnail(asset_id="asset_1", url="https://cdn.example.com/a")
    extra: Any = thumbnail.extra
    assert extra == {}
    assert extra is Concept(model_id="model_1").extra
    assert repickle(thumbnail).extra is extra
    assert json.dumps(extra) == "{}"
    for change in (
        lambda: extra.update(a=1),
        lambda: extra.setdefault("a", 1),
        lambda: extra.__setitem__("a", 1),
        extra.clear,
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert extra == {}
