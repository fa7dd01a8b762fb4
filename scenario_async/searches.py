"""Searches as values: what can be asked, declared once.

A search class is the only place where its parameters stand: the methods of both clients, the body and the
URL that travel, the checks and the documentation follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

import attrs

from scenario_async import _checks
from scenario_async.errors import InvalidSearchError, quiet
from scenario_async.filters import Filter, to_filter_text
from scenario_async.images import Images, Picture, picture_repr, to_images, travelling
from scenario_async.models import AssetHit, Hit, ModelHit, WorkflowHit

HitT_co = TypeVar("HitT_co", bound=Hit, covariant=True)

IN_URL: Final = "in_url"
"""Metadata of a field that travels in the URL's query instead of the body."""
STAYS: Final = "stays"
"""Metadata of a field that directs the call and does not travel under its own name."""

_SORT: Final = re.compile(r"[A-Za-z0-9_.-]+:(asc|desc)", re.ASCII)
_PAGING_KEYS: Final = frozenset({"limit", "offset", "page", "hitsPerPage"})


def _image(picture: Picture | None) -> str | None:
    return None if picture is None else travelling(picture, "image")


def _sort_by(value: Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    rule = 'it must be a sequence of "attribute:asc" or "attribute:desc"'
    if isinstance(value, str) or not isinstance(cast("object", value), Sequence):
        _checks.refuse("sort_by", value, rule + ", in a list also when it is one")
    for order in value:
        if not isinstance(cast("object", order), str) or not _SORT.fullmatch(order):
            _checks.refuse("sort_by", order, rule)
    return tuple(value)


def _public_names(value: Mapping[str, Any] | None) -> str:
    return "None" if value is None else "{" + ", ".join(f"{name!r}: …" for name in value) + "}"


def _extra_headers(value: Mapping[str, str] | None) -> dict[str, str] | None:
    return _checks.headers(value, "extra_headers")


def _extra_query(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return _checks.query(value, "extra_query")


def _extra_body(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    body = _checks.mapping(value, "extra_body")
    if paging := sorted(_PAGING_KEYS & set(body)):
        rule = "belongs to paging; pass limit and offset, or page and hits_per_page"
        raise InvalidSearchError(f"extra_body: {paging[0]!r} {rule}", parameter="extra_body")
    _checks.jsonable(body, "extra_body")
    try:
        return deepcopy(body)
    except RecursionError:
        message = "extra_body is nested too deeply; the service's parameters have a few levels"
        raise InvalidSearchError(message, parameter="extra_body") from None


@attrs.frozen(kw_only=True)
class Search(Generic[HitT_co]):
    """What all searches have in common.

    Args:
        query: words to look for.
        filter: a condition, as a text in the service's filter language or as an expression of `F`.
        query_semantic_ratio: from 0 (words only, the service's default) to 1 (meaning only).
        limit: hits a page, 1 or more (the service takes up to 100); goes with `offset`.
        offset: how many hits to skip.
        page: which page, from 1; goes with `hits_per_page`, and not with `limit` and `offset`.
        hits_per_page: hits a page, 1 or more (the service takes up to 100).
        public: search what is public instead of what is one's own.
        sort_by: `"attribute:asc"` or `"attribute:desc"`, the first one first.
        original_assets: ask for URLs of untransformed assets.
        project_id: the project to search; the client's, if not given.
        extra_headers: headers to add, or to put in place of the usual ones.
        extra_query: parameters to add to the URL.
        extra_body: members to add to the JSON body; paging keys are refused.
        timeout: seconds for one attempt; the client's, if not given.
        deadline: seconds for one call in all; in an iteration, for each page.

    Raises `InvalidSearchError` where a value breaks a rule, before any request.
    """

    kind: ClassVar[str]
    path: ClassVar[str]
    hit_class: ClassVar[type[Hit]]
    needs_one_of: ClassVar[tuple[str, ...]] = ("query", "filter")

    query: str | None = None
    filter: str | None = attrs.field(default=None, converter=to_filter_text)
    query_semantic_ratio: float | None = None
    limit: int | None = None
    offset: int | None = None
    page: int | None = None
    hits_per_page: int | None = None
    public: bool | None = None
    sort_by: tuple[str, ...] | None = attrs.field(default=None, converter=_sort_by)
    original_assets: bool | None = attrs.field(default=None, metadata={IN_URL: True})
    project_id: str | None = attrs.field(default=None, metadata={IN_URL: True})
    extra_headers: dict[str, str] | None = attrs.field(
        default=None, converter=_extra_headers, repr=_public_names, metadata={STAYS: True}
    )
    extra_query: dict[str, Any] | None = attrs.field(
        default=None, converter=_extra_query, repr=_public_names, metadata={STAYS: True}
    )
    extra_body: dict[str, Any] | None = attrs.field(
        default=None, converter=_extra_body, repr=_public_names, metadata={STAYS: True}
    )
    timeout: float | None = attrs.field(default=None, metadata={STAYS: True})
    deadline: float | None = attrs.field(default=None, metadata={STAYS: True})

    def __attrs_post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        """Check what was given and set what the checks made of it."""
        for name in ("query", "filter", "project_id"):
            _checks.text(getattr(self, name), name)
        for name in ("public", "original_assets"):
            _checks.truth(getattr(self, name), name)
        for name, least in (("limit", 1), ("offset", 0), ("page", 1), ("hits_per_page", 1)):
            self._set(name, _checks.integer(getattr(self, name), name, least=least))
        self._set("query_semantic_ratio", _checks.ratio(self.query_semantic_ratio, "query_semantic_ratio"))
        for name in ("timeout", "deadline"):
            self._set(name, _checks.seconds(getattr(self, name), name))
        self._check_paging()
        if self.extra_body is None and all(getattr(self, name) is None for name in self.needs_one_of):
            names = ", ".join(self.needs_one_of)
            message = f"nothing to search for: {self.kind} search needs at least one of {names}"
            raise InvalidSearchError(message, parameter=self.needs_one_of[0])

    def _check_paging(self) -> None:
        by_offset = [name for name in ("limit", "offset") if getattr(self, name) is not None]
        by_page = [name for name in ("page", "hits_per_page") if getattr(self, name) is not None]
        if by_offset and by_page:
            first, second = by_offset[0], by_page[0]
            message = (
                f"{first} is {getattr(self, first)} and {second} is {getattr(self, second)}, but they exclude "
                "each other: use limit and offset, or page and hits_per_page"
            )
            raise InvalidSearchError(message, parameter=first)

    def _set(self, name: str, value: object) -> None:
        if value is not None:
            object.__setattr__(self, name, value)


@attrs.frozen(kw_only=True)
class PictureSearch(Search[HitT_co]):
    """What searches that take pictures have in common.

    Args:
        image: a picture to come near to: an asset id, an image data URL, an `os.PathLike` (read now) or bytes.
        images: several pictures to come near to and to keep away from; not together with `image`.
        image_semantic_ratio: from 0 (looks) to 1 (meaning, the service's default).
    """

    needs_one_of: ClassVar[tuple[str, ...]] = ("query", "filter", "image", "images")

    image: str | None = attrs.field(default=None, converter=_image, repr=picture_repr)
    images: Images | None = attrs.field(default=None, converter=to_images)
    image_semantic_ratio: float | None = None

    def _check(self) -> None:
        super()._check()
        self._set("image_semantic_ratio", _checks.ratio(self.image_semantic_ratio, "image_semantic_ratio"))
        if self.image is not None and self.images is not None:
            message = f"image is {picture_repr(self.image)} and images is {self.images}, but they exclude each other"
            raise InvalidSearchError(message, parameter="image")


@quiet
@attrs.frozen(kw_only=True)
class AssetSearch(PictureSearch[AssetHit]):
    """Search images, videos, sounds, 3D objects and other assets."""

    kind: ClassVar[str] = "asset"
    path: ClassVar[str] = "/search/assets"
    hit_class: ClassVar[type[Hit]] = AssetHit


@quiet
@attrs.frozen(kw_only=True)
class ModelSearch(PictureSearch[ModelHit]):
    """Search generative models.

    Args:
        original_models: what the service's `originalModels` takes; True and False travel as `true` and `false`,
            a text as it is, anything else as JSON.
    """

    kind: ClassVar[str] = "model"
    path: ClassVar[str] = "/search/models"
    hit_class: ClassVar[type[Hit]] = ModelHit

    original_models: Any = attrs.field(default=None, metadata={IN_URL: True})

    def _check(self) -> None:
        super()._check()
        _checks.jsonable(self.original_models, "original_models")


@quiet
@attrs.frozen(kw_only=True)
class WorkflowSearch(Search[WorkflowHit]):
    """Search workflows."""

    kind: ClassVar[str] = "workflow"
    path: ClassVar[str] = "/search/workflows"
    hit_class: ClassVar[type[Hit]] = WorkflowHit


ENDPOINTS: Final = (AssetSearch, ModelSearch, WorkflowSearch)
"""Every search that the service has."""

__all__ = [
    "AssetSearch",
    "Filter",
    "Images",
    "ModelSearch",
    "Picture",
    "PictureSearch",
    "Search",
    "WorkflowSearch",
]
