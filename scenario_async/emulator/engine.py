"""One search: which records match, in which order, and which stretch of them is asked for."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from scenario_async.emulator.attributes import MISSING, SCHEMAS, Kind, Path, Record, value_at
from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.index import Index
from scenario_async.emulator.library import Library
from scenario_async.emulator.parameters import SearchRequest, Window
from scenario_async.emulator.predicates import Predicate, compile_filter

if TYPE_CHECKING:
    from scenario_async.emulator.features import Look


@attrs.frozen
class Page:
    """The records that are asked for, and how many could be."""

    records: Sequence[Record]
    total: int
    window: Window

    def envelope(self, hits: Sequence[Any]) -> dict[str, Any]:
        """Give the reply that carries these hits, in the shape of the paging mode that was asked for."""
        size = self.window.size
        if self.window.page is None:
            total = {"estimatedTotalHits": self.total}
            return {"hits": hits, "offset": self.window.offset, "limit": size, **total}
        totals = {"totalHits": self.total, "totalPages": -(-self.total // size)}
        return {"hits": hits, "page": self.window.page, "hitsPerPage": size, **totals}


def search(library: Library, kind: Kind, request: SearchRequest, *, max_total_hits: int) -> Page:
    """Run a search; what lies beyond `max_total_hits` is neither reached nor counted."""
    index = library.index(kind, public=request.public)
    records: Iterable[Record] = _ranked(library, index, request)
    if (holds := _predicate(request.filter, kind)) is not None:
        records = filter(holds, records)
    records = list(records)
    for sorting in reversed(request.sort_by):
        records = _sorted(records, SCHEMAS[kind].sortable[sorting.attribute], descending=sorting.descending)
    window, reachable = request.window, records[:max_total_hits]
    return Page(reachable[window.offset : window.offset + window.size], len(reachable), window)


def _ranked(library: Library, index: Index, request: SearchRequest) -> Sequence[Record]:
    """Give what matches the words and the pictures, best first, and otherwise in the index's own order."""
    relevance = index.words.search(request.query or "")
    likeness = _likeness(library, index, request)
    ranks = likeness if relevance is None else relevance
    if ranks is None:
        return index.records
    if relevance is not None and likeness is not None:
        best = max(relevance.values(), default=1.0)
        ranks = {place: relevance[place] / best + likeness[place] for place in relevance if place in likeness}
    return [index.records[place] for place in sorted(ranks, key=lambda place: (-ranks[place], place))]


def _likeness(library: Library, index: Index, request: SearchRequest) -> Mapping[int, float] | None:
    if not request.by_picture:
        return None
    like, unlike = (
        [_look(library, picture) for picture in group] for group in (request.like, request.unlike)
    )
    return index.looks.search(like, unlike, request.image_semantic_ratio)


def _look(library: Library, picture: str) -> "Look":
    """Give the look of what a search names: an asset's, or that of a data URL."""
    from scenario_async.emulator.features import look_of, look_of_data_url  # noqa: PLC0415 - they load Pillow

    if picture[:5].lower() == "data:":
        return look_of_data_url(picture)
    if not library.sees(picture):
        raise ServiceError(404, f"Asset {picture} not found")
    known = library.picture(picture)
    if known is None:
        raise bad_request(f"Asset {picture} has no image")
    return look_of(known)


@lru_cache(maxsize=256)
def _predicate(text: str, kind: Kind) -> Predicate | None:
    if not text.strip():
        return None
    from scenario_async.emulator.filters import parse_filter  # noqa: PLC0415 - it loads lark

    return compile_filter(parse_filter(text), SCHEMAS[kind].filterable)


def _sorted(records: Sequence[Record], path: Path, *, descending: bool) -> list[Record]:
    """Sort, stably; records without the attribute come last in either order, as in the service's engine."""
    values = [(value_at(record, path), record) for record in records]
    with_value = [(value, record) for value, record in values if value is not MISSING and value is not None]
    without = [record for value, record in values if value is MISSING or value is None]
    with_value.sort(key=lambda pair: _sort_key(pair[0]), reverse=descending)
    return [record for _, record in with_value] + without


def _sort_key(value: object) -> tuple[bool, Any]:
    """Order numbers among themselves, and before texts."""
    return (True, value) if isinstance(value, str) else (False, value)
