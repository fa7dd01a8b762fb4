"""Searches as values: what can be asked, declared once.

Each parameter is a field of a search class, with its type, its rule, its words and the way it travels. The methods of
both clients, the body and the URL, the checks and the documentation are made of these fields. Only the
typed dictionaries of `types.py` repeat names and types by hand; a test compares the names.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Final, Generic, Literal, Self, TypeAlias, TypeVar, cast, get_args

import attrs

from scenario_async._support import checks
from scenario_async.errors import InvalidSearchError
from scenario_async.filters import Filter, to_filter_text
from scenario_async.images import Images, Picture, picture_repr, to_images, travelling
from scenario_async.models import AssetHit, Hit, ModelHit, Value, WorkflowHit, wire_name

HitT_co = TypeVar("HitT_co", bound=Hit, covariant=True)

Travels: TypeAlias = Literal["body", "url", "page", "not"]
"""How a parameter reaches the service: in the JSON body, in the URL's query, as the position of a page, or not as itself."""

_SORT: Final = "[A-Za-z0-9_.-]+:(asc|desc)"
_SNAKE_SORT: Final = "[a-z0-9]+(_[a-z0-9]+)+:(asc|desc)"
_PAGING_KEYS: Final = frozenset({"limit", "offset", "page", "hitsPerPage"})


def parameter(words: str, rule: checks.Rule | None, *, travels: Travels = "body") -> dict[str, Any]:
    """Declare a parameter, as the metadata of its field: its words, its rule, and how it travels.

    Its name on the wire follows from its own: `wire_name`. A rule of None means that the field's converter is the rule.
    """
    return checks.declared(words, rule, travels=travels)


def _ruled(words: str, rule: checks.Rule, travels: Travels = "body") -> Any:  # noqa: ANN401
    """Make the field of a parameter that is kept as it is given."""
    return attrs.field(default=None, metadata=parameter(words, rule, travels=travels))


def travels(field: "attrs.Attribute[Any]") -> Travels:
    """Give how a parameter reaches the service."""
    return cast("Travels", field.metadata["travels"])


def kind_of(field: "attrs.Attribute[Any]") -> Any:  # noqa: ANN401
    """Give the type of a parameter's values, without None."""
    kinds = [each for each in get_args(field.type) if each is not type(None)]
    return kinds[0] if type(None) in get_args(field.type) else field.type


def _filter(value: str | Filter | None) -> str | None:
    return None if value is None else to_filter_text(value)


def _image(picture: Picture | None) -> str | None:
    return None if picture is None else travelling(picture, "image")


def _images(value: Images | Mapping[str, Sequence[Picture]] | None) -> Images | None:
    return None if value is None else to_images(value)


def _sort_by(value: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    rule = (
        'it must be "attribute:asc" or "attribute:desc", such as F.created_at.desc(), or a sequence of these'
    )
    if not isinstance(cast("object", value), Sequence):
        checks.refuse("sort_by", value, rule)
    orders = (value,) if isinstance(value, str) else tuple(value)
    for order in orders:
        if not isinstance(cast("object", order), str) or not re.fullmatch(_SORT, order):
            checks.refuse("sort_by", order, rule)
        if re.fullmatch(_SNAKE_SORT, order):
            attribute, _, direction = order.partition(":")
            checks.refuse(
                "sort_by", order, f"the service spells it {wire_name(attribute) + ':' + direction!r}"
            )
    return tuple(map(str.__str__, orders))


def _public_names(value: Mapping[str, Any] | None) -> str:
    return "None" if value is None else "{" + ", ".join(f"{name!r}: …" for name in value) + "}"


def _extra_headers(value: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if value is None else checks.headers(value, "extra_headers")


def _extra_query(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else checks.query(value, "extra_query")


def _extra_body(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    body = checks.mapping(value, "extra_body")
    if paging := sorted(_PAGING_KEYS & set(body)):
        rule = "belongs to paging; pass limit and offset, or page and hits_per_page"
        raise InvalidSearchError(f"extra_body: {paging[0]!r} {rule}", parameter="extra_body")
    checks.jsonable(body, "extra_body")
    try:
        return deepcopy(body)
    except RecursionError:
        message = "extra_body is nested too deeply; the service's parameters have a few levels"
        raise InvalidSearchError(message, parameter="extra_body") from None


def _listed(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


ENDPOINTS: Final[list["type[Search[Any]]"]] = []
"""Every search that the service has: the classes below that name their kind."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Search(Value, Generic[HitT_co]):
    """What all searches have in common.

    Raises `InvalidSearchError` where a value breaks a rule, before any request.
    """

    kind: ClassVar[str]
    path: ClassVar[str]
    hit_class: ClassVar[type[Hit]]
    needs_one_of: ClassVar[tuple[str, ...]] = ("query", "filter")

    query: str | None = _ruled("words to look for.", checks.text)
    filter: str | None = attrs.field(
        default=None,
        converter=_filter,
        metadata=parameter(
            "a condition, as a text in the service's filter language or as an expression of `F`.", checks.text
        ),
    )
    query_semantic_ratio: float | None = _ruled(
        "from 0 (words only, the service's default) to 1 (meaning only).", checks.ratio
    )
    limit: int | None = _ruled(
        "hits a page, 1 or more (the service takes up to 100); goes with `offset`.",
        checks.at_least(1),
        "page",
    )
    offset: int | None = _ruled("how many hits to skip.", checks.at_least(0), "page")
    page: int | None = _ruled(
        "which page, from 1; goes with `hits_per_page`, and not with `limit` and `offset`.",
        checks.at_least(1),
        "page",
    )
    hits_per_page: int | None = _ruled(
        "hits a page, 1 or more (the service takes up to 100).", checks.at_least(1), "page"
    )
    public: bool | None = _ruled(
        "True: search public content instead of what your project owns.", checks.truth
    )
    sort_by: tuple[str, ...] | None = attrs.field(
        default=None,
        converter=_sort_by,
        metadata=parameter(
            '`"attribute:asc"` or `"attribute:desc"`, as `F.created_at.desc()` gives them, or several, the first one '
            "first.",
            None,
        ),
    )
    original_assets: bool | None = _ruled(
        "True: ask for the addresses of the original files.", checks.truth, "url"
    )
    project_id: str | None = _ruled(
        "the project to search; the client's, if not given.", checks.identifier, "url"
    )
    extra_headers: dict[str, str] | None = attrs.field(
        default=None,
        converter=_extra_headers,
        repr=_public_names,
        metadata=parameter("headers to add; they replace those of the same name.", None, travels="not"),
    )
    extra_query: dict[str, Any] | None = attrs.field(
        default=None,
        converter=_extra_query,
        repr=_public_names,
        metadata=parameter("parameters to add to the URL.", None, travels="not"),
    )
    extra_body: dict[str, Any] | None = attrs.field(
        default=None,
        converter=_extra_body,
        repr=_public_names,
        metadata=parameter(
            "fields to add to the JSON body; those of paging are refused.", None, travels="not"
        ),
    )
    timeout: float | None = _ruled(
        "seconds for one attempt; the client's, if not given.", checks.seconds, "not"
    )
    deadline: float | None = _ruled(
        "seconds for one call, with its waits and retries; in an iteration, for each page.",
        checks.seconds,
        "not",
    )

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        checks.hides_arguments(checks.documented(cls))
        if cls.__module__ == __name__ and "kind" in vars(cls):
            ENDPOINTS.append(cls)

    def __attrs_post_init__(self) -> None:
        checks.keep_rules(self)
        self._check_together()

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:  # noqa: ANN401
        from scenario_async._support.pydantic import plain_schema  # noqa: PLC0415 - only pydantic asks for it

        return plain_schema(cls._of_keywords, cls._keywords)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        from scenario_async._support.pydantic import keywords_schema  # noqa: PLC0415 - as above

        return keywords_schema(cls)

    @classmethod
    def _of_keywords(cls, keywords: Any) -> Self:  # noqa: ANN401 - pydantic gives whatever it gets
        if isinstance(keywords, cls):
            return keywords
        given = checks.mapping(keywords, "search")
        if (
            fault := checks.wrong_arguments(cls.__name__, (), given, list(attrs.fields_dict(cls)))
        ) is not None:
            raise InvalidSearchError(
                str(fault), parameter=next(name for name in given if name not in attrs.fields_dict(cls))
            )
        return cls(**given)

    def _keywords(self) -> dict[str, Any]:
        """Give the keywords that make it, as JSON can carry them."""
        return attrs.asdict(
            self,
            filter=lambda _, value: value is not None,
            value_serializer=lambda _, __, value: _listed(value),
        )

    def _check_together(self) -> None:
        """Check what parameters make of each other."""
        by_offset = self.limit if self.limit is not None else self.offset
        by_page = self.page if self.page is not None else self.hits_per_page
        if by_offset is not None and by_page is not None:
            first = "limit" if self.limit is not None else "offset"
            second = "page" if self.page is not None else "hits_per_page"
            message = (
                f"{first} is {by_offset} and {second} is {by_page}, but they exclude each other: use limit and "
                "offset, or page and hits_per_page"
            )
            raise InvalidSearchError(message, parameter=first)
        if self.extra_body is not None:
            return
        for name in self.needs_one_of:
            if getattr(self, name) is not None:
                return
        names = ", ".join(self.needs_one_of)
        message = f"nothing to search for: {self.kind} search needs at least one of {names}"
        raise InvalidSearchError(message, parameter=self.needs_one_of[0])


@attrs.frozen(kw_only=True, repr=False, eq=False)
class PictureSearch(Search[HitT_co]):
    """What searches that take pictures have in common."""

    needs_one_of: ClassVar[tuple[str, ...]] = ("query", "filter", "image", "images")

    image: str | None = attrs.field(
        default=None,
        converter=_image,
        repr=picture_repr,
        metadata=parameter(
            "find what looks like this picture: an asset id, an image data URL, a path (`os.PathLike`, read now) or bytes.",
            None,
        ),
    )
    images: Images | None = attrs.field(
        default=None,
        converter=_images,
        metadata=parameter(
            "find what looks like some pictures and unlike others; not together with `image`.", None
        ),
    )
    image_semantic_ratio: float | None = _ruled(
        "from 0 (looks) to 1 (meaning, the service's default).", checks.ratio
    )

    def _check_together(self) -> None:
        super()._check_together()
        if self.image is not None and self.images is not None:
            message = f"image is {picture_repr(self.image)} and images is {self.images}, but they exclude each other"
            raise InvalidSearchError(message, parameter="image")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AssetSearch(PictureSearch[AssetHit]):
    """Search images, videos, sounds, 3D objects and other assets."""

    kind: ClassVar[str] = "asset"
    path: ClassVar[str] = "/search/assets"
    hit_class: ClassVar[type[Hit]] = AssetHit


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ModelSearch(PictureSearch[ModelHit]):
    """Search generative models."""

    kind: ClassVar[str] = "model"
    path: ClassVar[str] = "/search/models"
    hit_class: ClassVar[type[Hit]] = ModelHit

    original_models: Any = _ruled(
        "what the service's `originalModels` takes; True and False travel as `true` and `false`, a text as it is, "
        "anything else as JSON.",
        checks.jsonable,
        "url",
    )


@attrs.frozen(kw_only=True, repr=False, eq=False)
class WorkflowSearch(Search[WorkflowHit]):
    """Search workflows."""

    kind: ClassVar[str] = "workflow"
    path: ClassVar[str] = "/search/workflows"
    hit_class: ClassVar[type[Hit]] = WorkflowHit
