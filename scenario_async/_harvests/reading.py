"""One search of a harvest, read page by page from where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._exports.lines import lines_of
from scenario_async._harvests.jobs import Portion
from scenario_async._harvests.noting import NotingSource
from scenario_async._paging.iteration import Iteration, PageSource
from scenario_async._paging.page import full_size, hinted_total, next_position, origin_of
from scenario_async._paging.patience import OutOfRequestsError, Spent
from scenario_async._paging.position import Position
from scenario_async._paging.seen import CompactIds
from scenario_async._paging.token import read_scan_token
from scenario_async._scans.start import begun, resumed
from scenario_async._support.counting import requests_for
from scenario_async._tables.sqlite import rows_of
from scenario_async.errors import BadRequestError
from scenario_async.pages import LARGEST_PAGE, USUAL_WINDOW

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from scenario_async._harvests.jobs import Job
    from scenario_async._paging.page import LinkedPage
    from scenario_async._paging.patience import Budget
    from scenario_async._scans.scan import Scan
    from scenario_async.searches import Search


_ENDS: Final = ("exhausted", "empty_page")
"""The ends that may show that there is nothing else."""


class NothingSinceError(Exception):
    """What was asked for since some moment does not even have the hits of that moment, or cannot be asked for."""


class Reading:
    """A search under way; `portions` gives its pages, each to be written before the next is asked for.

    It ends where the budget of requests does. `expected` is how many requests it takes, as its first page tells, or
    `at_least` how many.
    """

    def __init__(
        self,
        source_of: Callable[[Search[Any]], PageSource[Any]],
        search: Search[Any],
        job: Job,
        max_hits: int | None,
        budget: Budget,
    ) -> None:
        self._search = search if job.since is None else since(search, job.since)
        self.expected: int | None = None
        self.at_least = False
        self.source: NotingSource[Any] = _noting(source_of(self._search), budget)
        self._noted = None if job.hits or job.reach else self.source.noted
        self._met = job.hits
        self._witnesses = {*job.witnesses}
        self._job = job
        self._max_hits = max_hits
        self._told = 0

    @property
    def requests(self) -> int:
        """How many requests were sent since this was asked for last."""
        before, self._told = self._told, self.source.spent.requests
        return self._told - before

    async def portions(self, seen: Iterable[str]) -> AsyncGenerator[Portion]:
        """Give page after page; `seen` are the ids that were read before."""
        pages = self._scanned() if self._job.how == "scan" else self._iterated(seen)
        try:
            async for portion in pages:
                yield portion
        finally:
            await pages.aclose()

    async def _scanned(self) -> AsyncGenerator[Portion]:
        scan = self._scan()
        try:
            while (page := await self._asked(scan)) is not None:
                scan.status.delivered = len(page.hits)
                self._meet(page)
                yield self._portion(page, scan.status.ledger_place())
            self._check_since()
            yield self._end(scan.status.ledger_place(), "exhausted", complete=True)
        except OutOfRequestsError:
            yield attrs.evolve(self._of((), scan.status.ledger_place(), None, complete=False), is_page=False)
        finally:
            await scan.aclose()

    def _scan(self) -> Scan[Any]:
        place = self._job.place
        found = None if place is None else read_scan_token(place, self._search)
        if found is None:
            return begun(self.source, by="created_at", prefetch=0, journal=True)
        return resumed(self.source, *found, journal=True)

    async def _iterated(self, seen: Iterable[str]) -> AsyncGenerator[Portion]:
        job = self._job
        first = Position.first(self._search, default_size=LARGEST_PAGE)
        start = first if job.place is None else Position(first.by_page, *json.loads(job.place))
        ids = CompactIds()
        ids.update(seen)
        left = None if self._max_hits is None else max(0, self._max_hits - job.hits)
        iteration = Iteration(self.source, start, seen=ids, max_hits=left)
        place = job.place or _text(start)
        try:
            while (page := await self._asked(iteration)) is not None:
                end = iteration.ends_because
                # Where a limit cut the page, the rest of it is still to be had.
                place = _text(origin_of(page).position if end == "max_hits" else next_position(page))
                self._meet(page)
                if end is not None:
                    self._check_since()
                yield self._portion(page, place, end)
                if end is not None:
                    return
            end = iteration.status.stopped_because or "exhausted"
            self._check_since()
            yield self._end(place, end, complete=self._is_complete(end))
        except OutOfRequestsError:
            return
        finally:
            await iteration.aclose()

    async def _asked(self, pages: Iteration[Any] | Scan[Any]) -> LinkedPage[Any] | None:
        try:
            return await pages.next_page()
        except BadRequestError:
            if self._job.since is None:
                raise
        raise NothingSinceError  # the index may not filter by that

    def _check_since(self) -> None:
        """Raise `NothingSinceError` if nothing came of what was there before."""
        if self._job.since is not None and (not self._met or self._witnesses):
            raise NothingSinceError

    def _meet(self, page: LinkedPage[Any]) -> None:
        """Count a page's hits, and look for one that shows how moments are compared."""
        self._met += len(page.hits) + len(page.invalid_hits)
        if self._witnesses and any(hit.id in self._witnesses for hit in page.hits):
            self._witnesses.clear()

    def _is_complete(self, end: str) -> bool:
        """Tell whether an end is that of all hits: a page may be short, or empty, by mistake."""
        first = Position.first(self._search, default_size=LARGEST_PAGE)
        skipped = (first.number - 1) * (first.size or LARGEST_PAGE) if first.by_page else first.number
        total = self.source.noted.total or 0
        return end in _ENDS and skipped + self._met >= total

    def _portion(self, page: LinkedPage[Any], place: str, end: str | None = None) -> Portion:
        if self.expected is None and (total := hinted_total(page)) is not None:
            left = None if self._max_hits is None else max(1, self._max_hits - self._job.hits)
            self.at_least = self._job.how == "scan" and 0 < total == total // USUAL_WINDOW * USUAL_WINDOW
            self.expected = requests_for(max(0, total - self._job.hits), full_size(page), left)
        complete = end is not None and self._is_complete(end)
        return self._of(page.hits, place, end, complete=complete)

    def _end(self, place: str, end: str, *, complete: bool) -> Portion:
        return attrs.evolve(self._of((), place, end, complete=complete), is_page=False)

    def _of(self, hits: Sequence[Any], place: str, end: str | None, *, complete: bool) -> Portion:
        lines = lines_of(hits).decode().split("\n")
        return Portion(
            job=self._job,
            hits=hits,
            place=place,
            requests=self.requests,
            end=end,
            complete=complete,
            reach=None if self._noted is None else self._noted.reach,
            rows=list(rows_of(hits, lines)),
        )


def since(search: Search[Any], moment: str) -> Search[Any]:
    """Narrow a search down to what was new or changed since a moment, or a day."""
    bound = f'updatedAt >= "{moment}"'
    own = (search.filter or "").strip()
    return attrs.evolve(search, filter=f"({own}) AND {bound}" if own else bound)


def _noting(source: PageSource[Any], budget: Budget) -> NotingSource[Any]:
    parts = {field.name: getattr(source, field.name) for field in attrs.fields(PageSource)}
    return NotingSource[Any](**parts, spent=Spent(budget=budget))


def _text(position: Position) -> str:
    return json.dumps([position.number, position.size])
