"""From the service's JSON to hits: what is taken, and how a misfit is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

from scenario_async import AssetHit, Hit, ModelHit, WorkflowHit
from scenario_async._http.structure import MisfitError, shapes_of, sort_out, structure_hits
from scenario_async.models import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

CLASSES: dict[str, type[Hit]] = {"asset": AssetHit, "model": ModelHit, "workflow": WorkflowHit}
SHARED = ["id", "authorId", "collectionIds", "createdAt", "ownerId", "privacy", "tags", "teamId", "updatedAt"]
REQUIRED = {
    "asset": [*SHARED, "metadata", "mimeType", "nsfw", "url"],
    "model": [
        *SHARED, "capabilities", "concepts", "exampleAssetIds", "name", "shortDescription", "source",
        "trainingImagesNumber", "type",
    ],
    "workflow": [*SHARED, "description", "name", "status"],
}  # fmt: skip
OPTIONAL_TEXTS = {
    "asset": ["content", "description", "transcription"],
    "model": ["parentModelId"],
    "workflow": ["shortDescription"],
}
METADATA_TEXTS = [
    "aspectRatio", "baseModelId", "kind", "modelId", "modelType", "name", "negativePrompt", "parentJobId",
    "prompt", "scheduler", "seed", "text", "type",
]  # fmt: skip
METADATA_NUMBERS = ["guidance", "height", "negativePromptStrength", "numInferenceSteps", "size", "width"]
WRONG: list[tuple[Any, str]] = [
    (None, "null"), (5, "a number"), (1.5, "a number"), (True, "true or false"), ("x", "a text"),
    ([], "a list"), ([1], "a list"), ({}, "an object"),
]  # fmt: skip


def wrong_for(accepted: type | tuple[type, ...], *, optional: bool = False) -> list[tuple[Any, str]]:
    """Give the values that do not belong where this type does."""
    return [
        (value, name)
        for value, name in WRONG
        if not (isinstance(value, accepted) and not isinstance(value, bool))
        and not (optional and value is None)
    ]


def fault_of(raw: list[Any], kind: str) -> str:
    """Give what the refusal of some hits tells."""
    with pytest.raises(MisfitError) as caught:
        structure_hits(raw, CLASSES[kind])
    return str(caught.value)


def test_missing_fields_are_told_with_their_path(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """A required field that is absent is named with the hit's place."""
    for kind, names in REQUIRED.items():
        for name in names:
            odd = raw_hit(kind)
            del odd[name]
            raw = [raw_hit(kind), raw_hit(kind), raw_hit(kind), odd]
            assert fault_of(raw, kind) == f"$.hits[3].{name} is missing"


CASES: list[tuple[str, str, str, Any, str, str]] = [
    *(
        (kind, name, f".{name}", value, found, "a text")
        for kind, names in REQUIRED.items()
        for name in names
        if name
        not in (
            "collectionIds", "tags", "metadata", "nsfw", "capabilities", "concepts", "exampleAssetIds",
            "trainingImagesNumber",
        )
        for value, found in wrong_for(str)
    ),
    *(
        (kind, name, f".{name}", value, found, "list")
        for kind, names in REQUIRED.items()
        for name in names
        if name in ("collectionIds", "tags", "nsfw", "capabilities", "concepts", "exampleAssetIds")
        for value, found in wrong_for(list)
    ),
    *(("asset", "metadata", ".metadata", value, found, "an object") for value, found in wrong_for(dict)),
    *(
        ("model", "trainingImagesNumber", ".trainingImagesNumber", value, found, "a number")
        for value, found in wrong_for((int, float))
    ),
    *(
        (kind, name, f".{name}", value, found, "a text")
        for kind, names in OPTIONAL_TEXTS.items()
        for name in names
        for value, found in wrong_for(str, optional=True)
    ),
    *(
        (kind, "score", ".score", value, found, "a number")
        for kind in CLASSES
        for value, found in wrong_for((int, float), optional=True)
    ),
    *(
        (kind, name, f".{name}", value, found, "an object")
        for kind, name in [(kind, "thumbnail") for kind in CLASSES] + [("workflow", "before"), ("workflow", "after")]
        for value, found in wrong_for(dict, optional=True)
        if value != {}
    ),
    *(
        ("asset", "metadata", f".metadata.{name}", {name: value}, found, "a text")
        for name in METADATA_TEXTS
        for value, found in wrong_for(str, optional=True)
    ),
    *(
        ("asset", "metadata", f".metadata.{name}", {name: value}, found, "a number")
        for name in METADATA_NUMBERS
        for value, found in wrong_for((int, float), optional=True)
    ),
]  # fmt: skip


def test_wrong_types_are_told_with_their_path(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """Every field refuses every other type of JSON, and tells where, what and what instead."""
    for kind, name, path, value, found, expected in CASES:
        raw = [raw_hit(kind), raw_hit(kind, **{name: value})]
        told = fault_of(raw, kind)
        assert told.startswith(f"$.hits[1]{path} is {found}, but "), (kind, name, value, told)
        assert expected in told


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("asset", {"thumbnail": {"assetId": "a"}}, "$.hits[0].thumbnail.url is missing"),
        ("asset", {"thumbnail": {"url": "u"}}, "$.hits[0].thumbnail.assetId is missing"),
        ("asset", {"thumbnail": {"assetId": 5, "url": "u"}}, "$.hits[0].thumbnail.assetId is a number"),
        ("asset", {"metadata": {"thumbnail": {}}}, "$.hits[0].metadata.thumbnail.assetId is missing"),
        ("asset", {"metadata": {"thumbnail": []}}, "$.hits[0].metadata.thumbnail is a list"),
        ("asset", {"tags": ["a", 5]}, "$.hits[0].tags"),
        ("asset", {"tags": [None]}, "$.hits[0].tags"),
        ("model", {"concepts": [{"modelId": "m"}, {}]}, "$.hits[0].concepts[1].modelId is missing"),
        ("model", {"concepts": [{"modelId": None}]}, "$.hits[0].concepts[0].modelId is null"),
        ("model", {"concepts": ["m"]}, "$.hits[0].concepts[0] is a text"),
        ("workflow", {"before": {"assetId": "a"}}, "$.hits[0].before.url is missing"),
        ("workflow", {"after": {"assetId": "a", "url": 5}}, "$.hits[0].after.url is a number"),
    ],
)
def test_nested_misfits_are_told_with_their_path(
    raw_hit: Callable[..., dict[str, Any]], kind: str, fields: dict[str, Any], told: str
) -> None:
    """A misfit within a hit is told with the whole path to it."""
    raw = [raw_hit(kind, **fields)]
    assert fault_of(raw, kind).startswith(told)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("value", [None, 5, "x", [], True])
def test_a_hit_is_an_object(kind: str, value: object) -> None:
    """What is no object is no hit."""
    assert fault_of([value], kind).startswith("$.hits[0] is ")
    assert sort_out([value], CLASSES[kind]) == ([], [value])


@pytest.mark.parametrize("kind", CLASSES)
def test_a_hit_without_options_fits(raw_hit: Callable[..., dict[str, Any]], kind: str) -> None:
    """Required fields are enough, and what is absent is None."""
    (hit,) = structure_hits([raw_hit(kind)], CLASSES[kind])
    assert type(hit) is CLASSES[kind]
    assert hit.score is None
    assert hit.thumbnail is None
    assert dict(hit.extra) == {}


@pytest.mark.parametrize("kind", CLASSES)
def test_optional_fields_may_be_null(raw_hit: Callable[..., dict[str, Any]], kind: str) -> None:
    """Null is the same as absent where a field is optional."""
    names = [*OPTIONAL_TEXTS[kind], "score", "thumbnail"]
    raw = raw_hit(kind, **dict.fromkeys(names))
    assert structure_hits([raw], CLASSES[kind]) == structure_hits([raw_hit(kind)], CLASSES[kind])


def test_numbers_stay_as_they_came(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """1024 stays an int, and 7.5 a float."""
    metadata = {"width": 1024, "height": 512.0, "guidance": 7.5, "size": 2**53}
    (hit,) = structure_hits([raw_hit("asset", metadata=metadata, score=1)], AssetHit)
    found = [hit.metadata.width, hit.metadata.height, hit.metadata.guidance, hit.metadata.size, hit.score]
    assert found == [1024, 512.0, 7.5, 2**53, 1]
    assert [type(each) for each in found] == [int, float, float, int, int]


def test_misfits_are_sorted_out(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """Those that fit arrive in order, the others stay JSON."""
    odd = [raw_hit("model", id=5), "x", raw_hit("model", concepts=None)]
    raw = [raw_hit("model", id="a"), odd[0], odd[1], raw_hit("model", id="b"), odd[2]]
    hits, misfits = sort_out(raw, ModelHit)
    assert [hit.id for hit in hits] == ["a", "b"]
    assert misfits == odd
    assert sort_out([], ModelHit) == ([], [])


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Flagged(Record):
    """A record with a field of a type that none has."""

    flag: bool | None = None


def test_a_field_of_another_type_is_named() -> None:
    """Whoever adds it learns which types there are."""
    with pytest.raises(TypeError, match=r"flag is annotated as bool \| None, but a hit has texts \(str\)"):
        shapes_of(cast("Hashable", Flagged))
