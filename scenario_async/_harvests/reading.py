"""One search of a harvest, read page by page from where it stands."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._harvests.ledger import Portion
from scenario_async._paging.iteration import Iteration
from scenario_async._paging.page import full_size, hinted_total, next_position, origin_of
from scenario_async._paging.patience import patient
from scenario_async._paging.position import Position
from scenario_async._paging.seen import CompactIds
from scenario_async._paging.token import read_scan_token
from scenario_async._scans.start import begun, resumed
from scenario_async.errors import BadRequestError
from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from scenario_async._harvests.ledger import Job
    from scenario_async._paging.iteration import PageSource
    from scenario_async._paging.page import LinkedPage
    from scenario_async._paging.patience import PatientSource
    from scenario_async._scans.scan import Scan
    from scenario_async.searches import Search

_OVERLAP: Final = timedelta(minutes=10)
"""How far before the newest hit what is new is asked for: an index may be late."""


class NothingSinceError(Exception):
    """What was asked for since some moment does not even have the hits of that moment, or cannot be asked for."""


class Reading:
    """A search under way; `portions` gives its pages, each to be written before the next is asked for.

    It ends where it `may_ask` for no other page. `expected` is how many requests it takes, as its first page tells.
    """

    def __init__(
        self,
        source_of: Callable[[Search[Any]], PageSource[Any]],
        search: Search[Any],
        job: Job,
        max_hits: int | None,
        may_ask: Callable[[], bool],
    ) -> None:
        self._search = search if job.since is None else since(search, job.since)
        self._may_ask = may_ask
        self.expected: int | None = None
        self.source: PatientSource[Any] = patient(source_of(self._search))
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
            while self._may_ask():
                if (page := await self._asked(scan)) is None:
                    break
                scan.status.delivered = len(page.hits)
                yield self._portion(page, scan.status.resume_token)
            else:
                return
            self._check_since()
            yield self._end(scan.status.resume_token, "exhausted")
        finally:
            await scan.aclose()

    def _scan(self) -> Scan[Any]:
        place = self._job.place
        found = None if place is None else read_scan_token(place, self._search)
        if found is None:
            scan = begun(self.source, by="created_at", prefetch=0)
        else:
            scan = resumed(self.source, *found)
        self.source = scan.source
        return scan

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
            while self._may_ask():
                if (page := await self._asked(iteration)) is None:
                    break
                end = iteration.ends_because
                # Where a limit cut the page, the rest of it is still to be had.
                place = _text(origin_of(page).position if end == "max_hits" else next_position(page))
                yield self._portion(page, place, end)
                if end is not None:
                    return
            else:
                return
            end = iteration.status.stopped_because or "exhausted"
            self._check_since()
            yield self._end(place, end)
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
        if self._job.since is not None and not self._job.hits:
            raise NothingSinceError

    def _portion(self, page: LinkedPage[Any], place: str, end: str | None = None) -> Portion:
        if self.expected is None and (total := hinted_total(page)) is not None:
            hits = total if self._max_hits is None else min(total, self._max_hits)
            self.expected = 1 + max(0, hits - self._job.hits - len(page.hits)) // full_size(page)
        return Portion(job=self._job, hits=page.hits, place=place, requests=self.requests, end=end)

    def _end(self, place: str, end: str) -> Portion:
        return Portion(job=self._job, hits=(), place=place, requests=self.requests, end=end, is_page=False)


def since(search: Search[Any], latest: str) -> Search[Any]:
    """Narrow a search down to what was new or changed since a moment, and a little before."""
    moment = datetime.fromisoformat(latest) - _OVERLAP
    bound = f'updatedAt >= "{moment.isoformat(timespec="milliseconds").removesuffix("+00:00")}Z"'
    own = (search.filter or "").strip()
    return attrs.evolve(search, filter=f"({own}) AND {bound}" if own else bound)


def _text(position: Position) -> str:
    return json.dumps([position.number, position.size])
