"""Where an export's pages come from: an iteration, or a scan; each begins where the file ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from scenario_async._exports.sink import Portion
from scenario_async._paging.iteration import Iteration
from scenario_async._paging.page import hinted_total, next_position
from scenario_async._paging.position import Position
from scenario_async._paging.token import read_scan_token
from scenario_async._scans.start import begun, resumed
from scenario_async.pages import LARGEST_PAGE, USUAL_WINDOW

if TYPE_CHECKING:
    from scenario_async._exports.journal import Place
    from scenario_async._exports.sink import Sink
    from scenario_async._paging.page import LinkedPage
    from scenario_async._paging.patience import PatientSource
    from scenario_async._scans.scan import Scan


class Asking(Protocol):
    """What asks for the pages of an export, and knows what that costs."""

    source: PatientSource[Any]

    def begin(self, sink: Sink) -> None:
        """Begin where the sink ends."""
        ...

    async def next_page(self) -> LinkedPage[Any] | None:
        """Ask for the next page; None at the end."""
        ...

    def portion(self, page: LinkedPage[Any] | None, sink: Sink) -> Portion:
        """Give what the sink is to take of a page, or of the end."""
        ...

    def total(self, page: LinkedPage[Any]) -> int | None:
        """Give how many hits there may be in all; None where nothing tells."""
        ...

    async def aclose(self) -> None:
        """Give up what is under way."""
        ...


class Pages:
    """An iteration, page by page."""

    def __init__(self, source: PatientSource[Any], *, max_hits: int | None, prefetch: int) -> None:
        self.source: PatientSource[Any] = source
        self._max_hits = max_hits
        self._prefetch = prefetch
        self._first = Position.first(source.search, default_size=LARGEST_PAGE)
        self._iteration: Iteration[Any] | None = None

    def begin(self, sink: Sink) -> None:
        """Begin where the sink ends."""
        left = None if self._max_hits is None else self._max_hits - sink.hits
        start = Position(
            self._first.by_page, *cast("tuple[int, int | None]", sink.next or _place(self._first))
        )
        self._iteration = Iteration(
            self.source, start, seen=sink.seen, max_hits=left, prefetch=self._prefetch
        )

    async def next_page(self) -> LinkedPage[Any] | None:
        """Ask for the next page; None at the end."""
        return await self._begun().next_page()

    def portion(self, page: LinkedPage[Any] | None, sink: Sink) -> Portion:
        """Give what the sink is to take of a page, or of the end."""
        iteration = self._begun()
        if page is None:
            return Portion((), sink.next or _place(self._first), iteration.status.stopped_because)
        return Portion(page.hits, _place(next_position(page)), iteration.ends_because)

    def total(self, page: LinkedPage[Any]) -> int | None:
        """Give how many hits there may be in all; None where nothing tells."""
        return hinted_total(page)

    async def aclose(self) -> None:
        """Give up what is under way."""
        if self._iteration is not None:
            await self._iteration.aclose()

    def _begun(self) -> Iteration[Any]:
        assert self._iteration is not None  # noqa: S101 - it was begun
        return self._iteration


class PlannedScan:
    """A scan, page by page."""

    def __init__(self, source: PatientSource[Any], *, prefetch: int) -> None:
        self._prefetch = min(1, prefetch)
        self._scan: Scan[Any] = begun(source, by="created_at", prefetch=self._prefetch)
        self.source: PatientSource[Any] = self._scan.source

    def begin(self, sink: Sink) -> None:
        """Begin where the sink ends."""
        found = None if sink.next is None else read_scan_token(cast("str", sink.next), self.source.search)
        self._scan = (
            resumed(self.source, *found)
            if found
            else begun(self.source, by="created_at", prefetch=self._prefetch)
        )
        self.source = self._scan.source

    async def next_page(self) -> LinkedPage[Any] | None:
        """Ask for the next page; None at the end, once it is proved to be the end."""
        return await self._scan.next_page()

    def portion(self, page: LinkedPage[Any] | None, sink: Sink) -> Portion:  # noqa: ARG002 - as in `Asking`
        """Give what the sink is to take of a page, or of the end."""
        status = self._scan.status
        status.delivered = 0 if page is None else len(page.hits)
        hits = () if page is None else page.hits
        return Portion(hits, status.resume_token, "exhausted" if page is None else None)

    def total(self, page: LinkedPage[Any]) -> int | None:
        """Give how many hits there may be in all; None for a total at which engines stop to count."""
        total = hinted_total(page)
        return None if total is None or total % USUAL_WINDOW == 0 else total

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._scan.aclose()


def _place(position: Position) -> Place:
    return position.number, position.size
