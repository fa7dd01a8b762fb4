"""Where a scan begins: what a caller asks for is checked, and the way to read it chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._paging.patience import patient
from scenario_async._paging.token import damaged_token
from scenario_async._scans.journal import replies_of, told_apart
from scenario_async._scans.keyset import Keyset, Walk
from scenario_async._scans.plan import of_type
from scenario_async._scans.scan import Scan
from scenario_async._scans.windows import Stack, Windows
from scenario_async._support import checks
from scenario_async.errors import InvalidSearchError
from scenario_async.models import wire_name
from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from scenario_async._paging.iteration import PageSource
    from scenario_async._scans.plan import Part
    from scenario_async.searches import Search

_BY: Final = checks.one_of("created_at", "updated_at")
_OWN: Final = ("sort_by", "limit", "offset", "page", "hits_per_page")
"""What a scan sets itself."""
_RANKING: Final = ("image", "images", "query_semantic_ratio", "image_semantic_ratio", "extra_body")
_AUTHOR: Final[Part] = ("authorId", lambda hit: hit.author_id)
_PARTS: Final[dict[str, tuple[Part, ...]]] = {
    "asset": (
        ("kind", lambda hit: hit.metadata.kind),
        ("modelId", lambda hit: hit.metadata.model_id),
        _AUTHOR,
    ),
    "model": (_AUTHOR,),
}
"""What parts hits of one instant, as far as the service documents that it can be filtered by."""


def begun(source: PageSource[Any], *, by: object, prefetch: object, journal: bool = False) -> Scan[Any]:
    """Give a scan that has asked for nothing yet; `InvalidSearchError` for what cannot be scanned."""
    plan = _planned(source.search, by)
    ahead = checks.integer(prefetch, "prefetch", least=0) or 0
    return Scan(patient(source), plan, by=cast("str", by), prefetch=ahead, journal=() if journal else None)


def resumed(
    source: PageSource[Any], place: dict[str, Any], known: frozenset[bytes], *, journal: bool = False
) -> Scan[Any]:
    """Give a scan that goes on where a token stands, and keeps a `journal` on request."""
    try:
        by, at, last = place["by"], place["at"], of_type(str, place.get("last"))
        plan = _planned(source.search, by)
        plan.know(place)
        if at is not None:
            kind: Any = Stack if isinstance(plan, Windows) else Walk
            plan.mark = kind.from_json(at)
        replies = replies_of(place.get("journal", ()), plan.parts) if journal else None
        return Scan(patient(source), plan, by=by, known=known, known_to=last, journal=replies)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise damaged_token() from None


def _planned(search: Search[Any], by: object) -> Keyset | Windows:
    _BY(by, "by")
    check_scannable(search)
    plan = Windows if is_ranked(search) else Keyset
    return plan(wire_name(cast("str", by)), LARGEST_PAGE, told_apart(_PARTS.get(search.kind, ())))


def check_scannable(search: Search[Any]) -> None:
    """Refuse a search that says itself how it is sorted and paged."""
    for name in _OWN:
        if getattr(search, name) is not None:
            checks.refuse(
                name, getattr(search, name), "a scan sorts and pages by itself: leave it out of the search"
            )
    for name in {"filter", "sortBy"} & {*(search.extra_body or {})}:
        raise InvalidSearchError(
            f"extra_body: {name!r} would replace what a scan sets itself; pass it as a parameter of the search",
            parameter="extra_body",
        )


def is_ranked(search: Search[Any]) -> bool:
    """Tell whether the service ranks what is found, which comes before any order that is asked for."""
    if (search.query or "").strip():
        return True
    return any(getattr(search, name, None) is not None for name in _RANKING)
