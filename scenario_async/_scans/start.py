"""Where a scan begins: what a caller asks for is checked, and the way to read it chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._paging.patience import patient
from scenario_async._paging.token import damaged_token
from scenario_async._scans.keyset import Keyset, Walk
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


def begun(source: PageSource[Any], *, by: object, prefetch: object) -> Scan[Any]:
    """Give a scan that has asked for nothing yet; `InvalidSearchError` for what cannot be scanned."""
    return _scan(source, cast("str", by), prefetch)


def resumed(source: PageSource[Any], place: dict[str, Any], known: frozenset[bytes]) -> Scan[Any]:
    """Give a scan that goes on where a token stands."""
    try:
        by, at, by_date, last = place["by"], place["at"], place["dates"], place.get("last")
        if not isinstance(last, str | None):
            raise TypeError
        scan = _scan(source, by, 0, at=at, by_date=bool(by_date), known=known, known_to=last)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise damaged_token() from None
    return scan


def _scan(
    source: PageSource[Any],
    by: str,
    prefetch: object,
    *,
    at: dict[str, Any] | None = None,
    by_date: bool = False,
    known: frozenset[bytes] = frozenset(),
    known_to: str | None = None,
) -> Scan[Any]:
    search = source.search
    _BY(by, "by")
    ahead = checks.integer(prefetch, "prefetch", least=0) or 0
    check_scannable(search)
    plan: Keyset | Windows
    parts = _PARTS.get(search.kind, ())
    if is_ranked(search):
        plan = Windows(wire_name(by), LARGEST_PAGE, parts)
        plan.mark = None if at is None else Stack.from_json(at)
    else:
        plan = Keyset(wire_name(by), LARGEST_PAGE, parts)
        plan.mark = None if at is None else Walk.from_json(at)
    plan.by_date = by_date
    return Scan(patient(source), plan, by=by, prefetch=ahead, known=known, known_to=known_to)


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
