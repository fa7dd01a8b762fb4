"""Hits made by hand, for tests that need no search: valid as they are, each with an id of its own."""

from __future__ import annotations

from difflib import get_close_matches
from functools import wraps
from inspect import signature
from itertools import count
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

import attrs

from scenario_async._annotations import evaluable_function
from scenario_async._http.structure import MisfitError, structure_hits
from scenario_async.models import (
    AssetHit,
    AssetMetadata,
    Concept,
    Hit,
    MetadataThumbnail,
    ModelHit,
    Thumbnail,
    WorkflowHit,
    wire_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_P = ParamSpec("_P")
_HitT = TypeVar("_HitT", bound=Hit)

owner_id = "proj_emulator"
"""The project of hits that name none: that of the emulator that a test uses, else this one."""

_MOMENT: Final = "2025-01-01T12:00:00.000Z"
_NUMBERS: Final = count(1)
_METADATA: Final = frozenset(field.name for field in attrs.fields(AssetMetadata)) - {"extra", "thumbnail"}
_MIME_TYPES: Final = {
    "3d": "model/gltf-binary",
    "audio": "audio/mpeg",
    "document": "application/pdf",
    "image": "image/png",
    "image-hdr": "image/vnd.radiance",
    "json": "application/json",
    "text": "text/plain",
    "video": "video/mp4",
}


def _telling(make: Callable[_P, _HitT]) -> Callable[_P, _HitT]:
    """Let a wrong keyword be an error that names the right ones, and a wrong value one that shows it."""
    known = list(signature(evaluable_function(make)).parameters)

    @wraps(make)
    def telling(*args: _P.args, **fields: _P.kwargs) -> _HitT:
        for name in fields:
            if name not in known:
                near = get_close_matches(name, known) or known
                raise TypeError(f"{make.__name__} has no field {name!r}: did you mean {', '.join(near)}?")
        try:
            return make(*args, **fields)
        except MisfitError as misfit:
            path = misfit.path.removeprefix("$.hits[0].")
            wrong = [f"{name}={value!r}" for name, value in fields.items() if wire_name(name) in path]
            told = f"{make.__name__}({', '.join(wrong)}): {path} {misfit.fault}"
        raise TypeError(told)

    return telling


@_telling
def make_asset(
    *,
    id: str | None = None,
    author_id: str = "user_1",
    collection_ids: Sequence[str] = (),
    created_at: str = _MOMENT,
    mime_type: str | None = None,
    nsfw: Sequence[str] = (),
    owner_id: str | None = None,
    privacy: str = "private",
    tags: Sequence[str] = (),
    team_id: str = "team_1",
    updated_at: str = _MOMENT,
    url: str | None = None,
    content: str | None = None,
    description: str | None = None,
    score: float | None = None,
    thumbnail: Thumbnail | None = None,
    transcription: str | None = None,
    aspect_ratio: str | None = None,
    base_model_id: str | None = None,
    guidance: float | None = None,
    height: float | None = 1024,
    kind: str | None = "image",
    model_id: str | None = None,
    model_type: str | None = None,
    name: str | None = None,
    negative_prompt: str | None = None,
    negative_prompt_strength: float | None = None,
    num_inference_steps: float | None = None,
    parent_job_id: str | None = None,
    prompt: str | None = None,
    scheduler: str | None = None,
    seed: str | None = None,
    size: float | None = None,
    text: str | None = None,
    metadata_thumbnail: MetadataThumbnail | None = None,
    type: str | None = "inference-txt2img",
    width: float | None = 1024,
    extra: Mapping[str, Any] | None = None,
) -> AssetHit:
    """Make an asset hit as a search gives it; `make_asset(...).to_dict()` is its record for a `Library`.

    Keywords are the attributes of `AssetHit` and of its metadata (`width=512` is `hit.metadata.width`); what is
    None is absent. The id is new in this process, the MIME type follows from `kind`, the URL leads nowhere:
    one that begins with `/` is served by the emulator. `extra` takes other fields under the service's names.

    Raises `TypeError` for a keyword that is no field, and for a value of the wrong type.
    """
    given = dict(locals())
    metadata = AssetMetadata(
        **{name: given.pop(name) for name in _METADATA}, thumbnail=given.pop("metadata_thumbnail")
    )
    given["id"] = _new("asset") if id is None else id
    given["mime_type"] = mime_type or _MIME_TYPES.get(kind or "", "application/octet-stream")
    given["url"] = url or f"https://cdn.example/assets-transform/{given['id']}?p=100"
    return _made(AssetHit, given | {"metadata": metadata})


@_telling
def make_model(
    *,
    id: str | None = None,
    author_id: str = "user_1",
    capabilities: Sequence[str] = ("txt2img",),
    collection_ids: Sequence[str] = (),
    concepts: Sequence[Concept] = (),
    created_at: str = _MOMENT,
    example_asset_ids: Sequence[str] = (),
    name: str = "Model",
    owner_id: str | None = None,
    privacy: str = "private",
    short_description: str = "",
    source: str = "other",
    tags: Sequence[str] = (),
    team_id: str = "team_1",
    training_images_number: float = 0,
    type: str = "custom",
    updated_at: str = _MOMENT,
    parent_model_id: str | None = None,
    score: float | None = None,
    thumbnail: Thumbnail | None = None,
    extra: Mapping[str, Any] | None = None,
) -> ModelHit:
    """Make a model hit as a search gives it; `make_model(...).to_dict()` is its record for a `Library`.

    Keywords are the attributes of `ModelHit`; what is None is absent. The id is new in this process. `extra`
    takes other fields under the service's names.

    Raises `TypeError` for a keyword that is no field, and for a value of the wrong type.
    """
    given = dict(locals())
    given["id"] = _new("model") if id is None else id
    return _made(ModelHit, given)


@_telling
def make_workflow(
    *,
    id: str | None = None,
    author_id: str = "user_1",
    collection_ids: Sequence[str] = (),
    created_at: str = _MOMENT,
    description: str = "",
    name: str = "Workflow",
    owner_id: str | None = None,
    privacy: str = "private",
    status: str = "ready",
    tags: Sequence[str] = (),
    team_id: str = "team_1",
    updated_at: str = _MOMENT,
    after: Thumbnail | None = None,
    before: Thumbnail | None = None,
    score: float | None = None,
    short_description: str | None = None,
    thumbnail: Thumbnail | None = None,
    extra: Mapping[str, Any] | None = None,
) -> WorkflowHit:
    """Make a workflow hit as a search gives it; `make_workflow(...).to_dict()` is its record for a `Library`.

    Keywords are the attributes of `WorkflowHit`; what is None is absent. The id is new in this process. `extra`
    takes other fields under the service's names.

    Raises `TypeError` for a keyword that is no field, and for a value of the wrong type.
    """
    given = dict(locals())
    given["id"] = _new("workflow") if id is None else id
    return _made(WorkflowHit, given)


def _new(prefix: str) -> str:
    return f"{prefix}_made_{next(_NUMBERS)}"


def _made(hit_class: Callable[..., _HitT], fields: Mapping[str, Any]) -> _HitT:
    """Send a hit through its JSON and back, which checks every value as one of the service's."""
    listed = {name: _listed(value) for name, value in fields.items()}
    listed["owner_id"] = fields["owner_id"] or owner_id
    listed["extra"] = fields["extra"] or {}
    whole = hit_class(**listed)
    [hit] = structure_hits([whole.to_dict()], type(whole))
    return hit


def _listed(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value
