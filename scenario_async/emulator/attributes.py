"""What can be filtered, sorted and searched in each index, and where it sits in a record.

Filters name attributes without the `metadata` that hits nest them under (`kind`, `width`).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, cast

import attrs

Kind: TypeAlias = Literal["assets", "models", "workflows"]
Record: TypeAlias = Mapping[str, Any]
Path: TypeAlias = tuple[str, ...]

KINDS: Final[tuple[Kind, ...]] = ("assets", "models", "workflows")


class Missing:
    """The type of `MISSING`, which no JSON value can be."""


MISSING: Final = Missing()


def _paths(names: str, under: str = "") -> dict[str, Path]:
    prefix = tuple(filter(None, under.split(".")))
    return {name: (*prefix, *name.split(".")) for name in names.split()}


_METADATA = (
    "kind width height size aspectRatio name prompt text negativePrompt seed modelId baseModelId modelType "
    "numInferenceSteps guidance scheduler"
)


@attrs.frozen(kw_only=True)
class Schema:
    """One index: attribute names and the paths they stand for.

    `searched` gives each searched path its weight in the ranking, and `seeds` is the path of what is searched besides;
    `hidden` are the record's keys that no hit shows.
    """

    filterable: Mapping[str, Path]
    sortable: Mapping[str, Path]
    searched: Mapping[Path, float]
    hidden: frozenset[str] = frozenset()
    pictured: bool = True
    seeds: Path | None = None


SCHEMAS: Final[Mapping[Kind, Schema]] = {
    "assets": Schema(
        filterable={
            **_paths(_METADATA, under="metadata"),
            **{
                f"metadata.{name}": path
                for name, path in _paths(f"{_METADATA} type", under="metadata").items()
            },
            **_paths("mimeType tags collectionIds nsfw privacy createdAt updatedAt authorId ownerId"),
        },
        sortable=_paths("createdAt updatedAt") | _paths("width height", under="metadata"),
        searched={
            ("metadata", "name"): 4.0,
            ("tags",): 3.0,
            ("metadata", "prompt"): 3.0,
            ("description",): 2.0,
            ("transcription",): 1.0,
            ("content",): 1.0,
            ("metadata", "text"): 1.0,
            ("metadata", "negativePrompt"): 0.5,
        },
        seeds=("metadata", "seed"),
    ),
    "models": Schema(
        filterable={
            **_paths(
                "name type source parentModelId capabilities tags collectionIds concepts.modelId "
                "trainingImagesNumber exampleAssetIds complianceMetadata.subProcessor "
                "complianceMetadata.modelProvider complianceMetadata.maintainer privacy ownerId authorId "
                "createdAt updatedAt"
            ),
            "concepts": ("concepts", "modelId"),
        },
        sortable=_paths("createdAt updatedAt score"),
        searched={
            ("name",): 4.0,
            ("tags",): 3.0,
            ("shortDescription",): 2.0,
            ("type",): 1.0,
            ("capabilities",): 1.0,
        },
        hidden=frozenset({"complianceMetadata"}),
    ),
    # No public page lists the workflows' attributes: these are the fields of their hits.
    "workflows": Schema(
        filterable=_paths("name status tags collectionIds privacy authorId ownerId createdAt updatedAt"),
        sortable=_paths("createdAt updatedAt"),
        searched={("name",): 4.0, ("tags",): 3.0, ("shortDescription",): 2.0, ("description",): 2.0},
        pictured=False,
    ),
}


def value_at(value: object, path: Path) -> object:
    """Give what stands at the path, or `MISSING`; a list on the way gives the list of what its items hold."""
    for depth, key in enumerate(path):
        if isinstance(value, Mapping):
            value = cast("Mapping[str, object]", value).get(key, MISSING)
        elif isinstance(value, list):
            items = cast("list[object]", value)
            held = [inner for item in items if (inner := value_at(item, path[depth:])) is not MISSING]
            return held if held or not items else MISSING
        else:
            return MISSING
    return value


def texts_at(record: Record, *paths: Path) -> list[str]:
    """Give the texts that stand at paths, by themselves or in lists."""
    values = (value_at(record, path) for path in paths)
    lists = (cast("list[object]", value) if isinstance(value, list) else [value] for value in values)
    return [text for each in lists for text in each if isinstance(text, str)]
