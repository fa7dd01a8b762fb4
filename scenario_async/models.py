"""Hits: what a search finds.

Attributes are the service's fields in snake_case. A field that the service adds later stands in `extra`,
under the service's name. Numbers stay as JSON gave them, and texts are open: a new kind, status or type is
never an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sized
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Self, cast

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


def short_repr(instance: object, first: tuple[str, ...] = ()) -> str:
    """Show an attrs object by the fields that say something: no None, nothing empty, long texts cut.

    With `first`, only those are shown, in that order, and "…" stands for the others.
    """
    fields = {field.name: field for field in attrs.fields(cast("Any", type(instance)))}
    parts = [
        f"{name}={shown}"
        for name in first or fields
        if (shown := _field_repr(fields[name], getattr(instance, name)))
    ]
    hidden = any(
        getattr(instance, name) not in _SAY_NOTHING for name in fields if first and name not in first
    )
    return f"{type(instance).__name__}({', '.join([*parts, '…'] if hidden else parts)})"


_SAY_NOTHING: Final[tuple[Any, ...]] = (None, (), [], {})
_SHOWN: Final = 60


def _field_repr(field: attrs.Attribute[Any], value: object) -> str:
    if value in _SAY_NOTHING or field.repr is False:
        return ""
    if callable(field.repr):
        return field.repr(value)
    shown = repr(value)
    if isinstance(value, Record) or len(shown) <= _SHOWN:
        return shown
    return f"{shown[:_SHOWN]}…{shown[-1]}"


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


class Elsewhere:
    """An attribute that there is not, as the official SDK has it: its error tells what to write.

    A `__getattr__` would do the same, and make every attribute of a hit several times as slow on Python 3.11.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it

        raise moved.missing(owner if instance is None else instance, self.name)


@cache
def _wire_names(cls: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - mypy takes a hashable instance for an unhashable class
    return tuple((field.name, wire_name(field.name)) for field in attrs.fields(cls) if field.name != "extra")


class Value:
    """What is equal, hashes and prints by its fields.

    Said once, it need not be generated for each class by attrs, which importing would wait for.
    """

    __slots__ = ()
    _shown_first: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        compared, _ = _parts_of(cast("Hashable", type(self)))
        return bool(compared(self) == compared(other))

    def __hash__(self) -> int:
        _, hashed = _parts_of(cast("Hashable", type(self)))
        return hash(hashed(self))

    def __repr__(self) -> str:
        return short_repr(self, self._shown_first)


@cache
def _parts_of(cls: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:  # noqa: ANN401 - mypy takes a hashable instance for an unhashable class
    """Give what reads off an object the values it is compared by, and those it hashes by."""
    compared = [field for field in attrs.fields(cls) if field.eq]
    hashed = [field.name for field in compared if field.hash is not False]
    return attrgetter(*(field.name for field in compared)), attrgetter(*hashed)


class WithDict:
    """What `vars` reads, and with it FastAPI where an endpoint names no type: the JSON."""

    __slots__ = ()

    if not TYPE_CHECKING:

        @property
        def __dict__(self) -> dict[str, Any]:
            return self.to_dict()

        def __dir__(self) -> list[str]:
            return dir(type(self))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Record(Value, WithDict):
    """A piece of the service's JSON, as an object.

    A field that this version of the package does not know is never an error: it stands in `extra`.
    """

    extra: Mapping[str, Any] = attrs.field(default=NOTHING, repr=_extra_repr, hash=False)
    """What the service sent in fields that this version does not know, under their names there."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from the JSON that `to_dict` gave, checked like a reply of the service.

        If something does not fit, `InvalidSearchError` says where.
        """
        from scenario_async._http.structure import structure  # noqa: PLC0415 - the one door upwards, opened when used

        return structure(data, cls)

    def __dir__(self) -> list[str]:
        classes = [vars(cls) for cls in type(self).__mro__]
        elsewhere = {name for each in classes for name, value in each.items() if isinstance(value, Elsewhere)}
        return sorted({*dir(type(self))} - elsewhere)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON that the service sent, without nulls."""
        known = {
            wire: _plain(getattr(self, name)) for name, wire in _wire_names(cast("Hashable", type(self)))
        }
        return {key: value for key, value in {**known, **_plain(self.extra)}.items() if value is not None}

    def to_json(self, *, indent: int | None = None) -> str:
        """Give what `to_dict` gives, as a JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:  # noqa: ANN401
        from scenario_async._support.pydantic import plain_schema  # noqa: PLC0415 - only pydantic asks for it

        return plain_schema(cls.from_dict, _plain)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        from scenario_async._http.schema import json_schema  # noqa: PLC0415 - as above

        return json_schema(cls)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {key: _plain(item) for key, item in pairs if item is not None}
    return value


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Thumbnail(Record):
    """A small picture of something: an asset and its address."""

    asset_id: str
    """The id of the asset that is the picture."""
    url: str = attrs.field(repr=url_repr)
    """The signed address of the picture; who has it can read it until it expires."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MetadataThumbnail(Record):
    """An asset that is shown in the place of another one."""

    asset_id: str
    """The id of the asset that is the picture."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Concept(Record):
    """A model that another model is composed of."""

    model_id: str
    """The id of the model that is used."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AssetMetadata(Record):
    """How an asset was made, and what it is; every field may be None."""

    _shown_first = ("kind", "prompt", "width", "height", "extra")

    aspect_ratio: str | None = None
    """Width to height, as a text such as `16:9`."""
    base_model_id: str | None = None
    """The id of the model that `model_id` was trained on."""
    guidance: float | None = None
    """How closely the model was told to follow the prompt."""
    height: float | None = None
    """The height in pixels."""
    kind: str | None = None
    """What sort of file it is: `image`, `image-hdr`, `video`, `audio`, `3d`, `text`, `document` or `json`."""
    model_id: str | None = None
    """The id of the model that made it."""
    model_type: str | None = None
    """The type of that model, such as `flux.1-lora`."""
    name: str | None = None
    """The name that was given to it."""
    negative_prompt: str | None = None
    """What the model was told to avoid."""
    negative_prompt_strength: float | None = None
    """How strongly it was told so."""
    num_inference_steps: float | None = None
    """In how many steps the model made it."""
    parent_job_id: str | None = None
    """The id of the job that made it."""
    prompt: str | None = None
    """What the model was asked for."""
    scheduler: str | None = None
    """The method by which the model went from step to step."""
    seed: str | None = None
    """The number that the randomness began with, as a text."""
    size: float | None = None
    """The size of the file in bytes."""
    text: str | None = None
    """A text that belongs to it."""
    thumbnail: MetadataThumbnail | None = None
    """The asset that is shown in its place, for a canvas for instance."""
    type: str | None = None
    """How it came about, such as `inference-txt2img`, `upscale` or `uploaded`."""
    width: float | None = None
    """The width in pixels."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Hit(Record):
    """What every hit has.

    Two hits are equal where all fields are; they can stand in sets and hash by their id.
    """

    id: str
    """Its id, such as `asset_QtNqmUn7SwNTBd6LLqf1gy`."""
    author_id: str
    """The id of the user who made it."""
    collection_ids: list[str]
    """The ids of the collections that it is in."""
    created_at: str
    """When it was created, as the text that the service sent; `created` is the same as a `datetime`."""
    owner_id: str
    """The id of the project that owns it."""
    privacy: str
    """Who can see it: `private`, `public` or `unlisted`."""
    tags: list[str]
    """Its tags; those that begin with `sc:` are set by the service."""
    team_id: str
    """The id of the team that the project belongs to."""
    updated_at: str
    """When it was last changed, as the text that the service sent; `updated` is the same as a `datetime`."""
    score: float | None = None
    """How well it fits the search; a larger number fits better, and None means that the service sent none."""
    thumbnail: Thumbnail | None = None
    """A small picture of it."""

    def __hash__(self) -> int:
        return hash(self.id)

    def _repr_html_(self) -> str:
        from scenario_async._looks.notebook import hit_html  # noqa: PLC0415 - only notebooks ask for it

        return hit_html(self)

    @property
    def created(self) -> datetime:
        """When it was created, with a time zone; `ValueError` if the service's text is no ISO 8601 timestamp."""
        return self._moment("created_at")

    @property
    def updated(self) -> datetime:
        """When it was last changed, with a time zone; `ValueError` if the service's text is no ISO 8601 timestamp."""
        return self._moment("updated_at")

    def _moment(self, name: str) -> datetime:
        text: str = getattr(self, name)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{name} of {self.id!r} is {text[:80]!r}, which is no ISO 8601 timestamp"
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AssetHit(Hit):
    """An image, a video, a sound, a 3D object or another file."""

    _shown_first = ("id", "mime_type", "metadata", "description", "created_at", "url", "extra")

    metadata: AssetMetadata
    """How it was made and what it is: prompt, model, size and so on."""
    mime_type: str
    """The type of the file, such as `image/png`."""
    nsfw: list[str]
    """What may offend in it, such as `violence`; an empty list where nothing was found."""
    url: str = attrs.field(repr=url_repr)
    """The signed address of the file; who has it can read the file, until it expires within days."""
    content: str | None = None
    """What is in it, as a text."""
    description: str | None = None
    """A description in words."""
    transcription: str | None = None
    """The words that are spoken in it."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ModelHit(Hit):
    """A generative model."""

    _shown_first = ("id", "name", "type", "short_description", "created_at", "thumbnail", "extra")

    capabilities: list[str]
    """What it can do, such as `txt2img` or `inpaint`."""
    concepts: list[Concept]
    """The models that a composed model is made of."""
    example_asset_ids: list[str]
    """The ids of assets that show what it makes."""
    name: str
    """Its name."""
    short_description: str
    """What it is for, in a few words."""
    source: str
    """Where it comes from: `scenario`, `huggingface`, `civitai` or `other`."""
    training_images_number: float
    """How many pictures it was trained with."""
    type: str
    """Its type, such as `custom` or `flux.1-lora`."""
    parent_model_id: str | None = None
    """The id of the model that it was trained on."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class WorkflowHit(Hit):
    """A workflow: steps that make assets."""

    _shown_first = ("id", "name", "status", "description", "created_at", "thumbnail", "extra")

    description: str
    """What it does."""
    name: str
    """Its name."""
    status: str
    """`draft`, `ready` or `deleted`."""
    after: Thumbnail | None = None
    """A picture of what comes out of it."""
    before: Thumbnail | None = None
    """A picture of what goes into it."""
    short_description: str | None = None
    """What it does, in a few words."""


_OFFICIAL: Final = (
    "copy", "dict", "json", "model_copy", "model_dump", "model_dump_json", "model_extra", "model_fields_set",
)  # fmt: skip


def _point_elsewhere(cls: type[Record], names: Iterable[str]) -> None:
    for name in names:
        setattr(cls, name, Elsewhere(name))


_point_elsewhere(Record, _OFFICIAL)
for _cls in (Thumbnail, MetadataThumbnail, Concept, AssetMetadata, Hit, AssetHit, ModelHit, WorkflowHit):
    _point_elsewhere(_cls, [wire_name(each) for each in _cls.__annotations__ if "_" in each])
_point_elsewhere(AssetMetadata, ("api_model_id", "api_model_type"))
_OF_METADATA: Final = attrs.fields_dict(AssetMetadata).keys() - attrs.fields_dict(AssetHit).keys()
_point_elsewhere(AssetHit, {*_OF_METADATA, *map(wire_name, _OF_METADATA)})
