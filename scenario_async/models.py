"""Hits: what a search finds.

Attributes are the service's fields in snake_case. A field that the service adds later stands in `extra`,
under the service's name. Numbers stay as JSON gave them, and texts are open: a new kind, status or type is
never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sized
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, cast

import attrs


def wire_name(name: str) -> str:
    """Give the service's spelling of one of our names: `created_at` -> `createdAt`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def url_repr(url: str | None) -> str:
    """Show a URL without its query string, which is a credential where the URL is signed."""
    if url is None:
        return "None"
    plain, mark, _ = url.partition("?")
    return repr(plain + ("?…" if mark else ""))


def size_repr(value: Sized) -> str:
    """Show only how much there is."""
    return f"<{len(value)}>"


def _extra_repr(extra: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name!r}: …" for name in extra) + "}"


class _Nothing(dict[str, Any]):
    """What `extra` is where there is nothing: one for all, so it takes nothing in."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401
        raise TypeError("`extra` is what the service sent, and cannot be changed")

    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    clear = pop = popitem = setdefault = update = cast("Any", _refuse)

    def __reduce__(self) -> tuple[Callable[[], Mapping[str, Any]], tuple[()]]:
        return _nothing, ()


NOTHING: Final[Mapping[str, Any]] = _Nothing()


def _nothing() -> Mapping[str, Any]:
    return NOTHING


@cache
def _wire_names(cls: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - mypy takes a hashable instance for an unhashable class
    return tuple((field.name, wire_name(field.name)) for field in attrs.fields(cls) if field.name != "extra")


@attrs.frozen(kw_only=True)
class Record:
    """A piece of the service's JSON, as an object.

    `extra` maps the fields that this version of the package does not know to what the service sent.
    """

    extra: Mapping[str, Any] = attrs.field(default=NOTHING, repr=_extra_repr)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON that the service sent, without nulls."""
        known = {
            wire: _plain(getattr(self, name)) for name, wire in _wire_names(cast("Hashable", type(self)))
        }
        return {key: value for key, value in {**known, **_plain(self.extra)}.items() if value is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {key: _plain(item) for key, item in pairs if item is not None}
    return value


@attrs.frozen(kw_only=True)
class Thumbnail(Record):
    """A picture that stands for something: the asset it is, and its signed URL."""

    asset_id: str
    url: str = attrs.field(repr=url_repr)


@attrs.frozen(kw_only=True)
class MetadataThumbnail(Record):
    """The asset that stands for another one, a canvas for instance."""

    asset_id: str


@attrs.frozen(kw_only=True)
class Concept(Record):
    """A model that a composed model is made of."""

    model_id: str


@attrs.frozen(kw_only=True)
class AssetMetadata(Record):
    """How an asset was made, and what it is; every field may be None.

    `width` and `height` are pixels, `size` is bytes, `kind` is one of image, video, audio, 3d, and the like.
    """

    aspect_ratio: str | None = None
    base_model_id: str | None = None
    guidance: float | None = None
    height: float | None = None
    kind: str | None = None
    model_id: str | None = None
    model_type: str | None = None
    name: str | None = None
    negative_prompt: str | None = None
    negative_prompt_strength: float | None = None
    num_inference_steps: float | None = None
    parent_job_id: str | None = None
    prompt: str | None = None
    scheduler: str | None = None
    seed: str | None = None
    size: float | None = None
    text: str | None = None
    thumbnail: MetadataThumbnail | None = None
    type: str | None = None
    width: float | None = None


@attrs.frozen(kw_only=True)
class Hit(Record):
    """What every hit has; hits hash by their id.

    `created_at` and `updated_at` are the service's texts; `created` and `updated` the same as `datetime`.
    """

    id: str
    author_id: str
    collection_ids: list[str]
    created_at: str
    owner_id: str
    privacy: str
    tags: list[str]
    team_id: str
    updated_at: str
    score: float | None = None
    thumbnail: Thumbnail | None = None

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def created(self) -> datetime:
        """When it was created, aware; `ValueError` if the service's text is no ISO 8601 timestamp."""
        return _moment(self.created_at)

    @property
    def updated(self) -> datetime:
        """When it was last changed, aware; `ValueError` if the service's text is no ISO 8601 timestamp."""
        return _moment(self.updated_at)


@attrs.frozen(kw_only=True)
class AssetHit(Hit):
    """An image, a video, a sound, a 3D object or another file.

    `url` is signed and expires within days; `metadata` tells how the asset was made.
    """

    metadata: AssetMetadata
    mime_type: str
    nsfw: list[str]
    url: str = attrs.field(repr=url_repr)
    content: str | None = None
    description: str | None = None
    transcription: str | None = None

    __hash__ = Hit.__hash__


@attrs.frozen(kw_only=True)
class ModelHit(Hit):
    """A generative model."""

    capabilities: list[str]
    concepts: list[Concept]
    example_asset_ids: list[str]
    name: str
    short_description: str
    source: str
    training_images_number: float
    type: str
    parent_model_id: str | None = None

    __hash__ = Hit.__hash__


@attrs.frozen(kw_only=True)
class WorkflowHit(Hit):
    """A workflow; `before` and `after` are pictures that show what it does."""

    description: str
    name: str
    status: str
    after: Thumbnail | None = None
    before: Thumbnail | None = None
    short_description: str | None = None

    __hash__ = Hit.__hash__


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
