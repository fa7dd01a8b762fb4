"""One search: which records match, in which order, and which stretch of them is asked for."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async.emulator.attributes import SCHEMAS, Kind, Path, Record
from scenario_async.emulator.conditions import Node
from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.filters import parse_filter
from scenario_async.emulator.library import Library
from scenario_async.emulator.parameters import SearchRequest, Window
from scenario_async.emulator.rules import USUAL, Engine

if TYPE_CHECKING:
    from scenario_async.emulator.columns import Mask
    from scenario_async.emulator.features import Look
    from scenario_async.emulator.table import Table

_LARGE: Final = 5000
_SHORT: Final = 10_000


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


def takes_long(library: Library, kind: Kind, request: SearchRequest) -> bool:
    """Tell whether a search may take so long that an event loop should not wait for it."""
    return request.by_picture or library.size(kind) > _LARGE or is_long(request.filter)


def is_long(text: str) -> bool:
    """Tell whether a text is too long to be read while others wait, or to be kept for whoever sends it again."""
    return len(text) > _SHORT


def search(
    library: Library, kind: Kind, request: SearchRequest, *, max_total_hits: int, engine: Engine = USUAL
) -> Page:
    """Run a search; what lies beyond `max_total_hits` is neither reached nor counted."""
    from scenario_async.emulator.ranking import Matches  # noqa: PLC0415 - it loads numpy

    table = library.table(kind)
    matches = Matches(table, table.scope(public=request.public), engine)
    if (node := _filter(request.filter)) is not None:
        matches.keep(_matching(node, kind, table))
    if request.query:
        matches.rank_by_text(request.query, request.query_semantic_ratio)
    if request.by_picture:
        like, unlike = (
            [_look(library, picture) for picture in group] for group in (request.like, request.unlike)
        )
        looks = library.looks(kind, table)
        matches.rank_by_likeness(looks.search(like, unlike, request.image_semantic_ratio, among=matches.mask))
    window = request.window
    total = min(matches.count, max_total_hits)
    positions = matches.first(min(window.offset + window.size, total), _sorting(request, kind))
    records = [matches.record(position) for position in positions[window.offset :]]
    return Page(records, total, window)


def _matching(node: Node, kind: Kind, table: "Table") -> "Mask":
    from scenario_async.emulator.masks import matching  # noqa: PLC0415 - it loads numpy

    return matching(node, SCHEMAS[kind].filterable, table)


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


def _sorting(request: SearchRequest, kind: Kind) -> list[tuple[Path, bool]]:
    return [(SCHEMAS[kind].sortable[sort.attribute], sort.descending) for sort in request.sort_by]


def _filter(text: str) -> Node | None:
    if not text.strip():
        return None
    return parse_filter(text) if is_long(text) else _parsed(text)


_parsed = lru_cache(maxsize=256)(parse_filter)
