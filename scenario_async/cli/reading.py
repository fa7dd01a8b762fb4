"""Reading a search to where it is to end: its price first, then page by page."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from scenario_async._paging.iteration import iteration_from
from scenario_async._paging.page import full_size, hinted_total, origin_of
from scenario_async._support.counting import counted
from scenario_async.cli.saying import say
from scenario_async.pages import table_of
from scenario_async.sync import SyncIteration

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from scenario_async import HitTable, Scenario, SyncSearchPage
    from scenario_async.cli.extent import Extent
    from scenario_async.cli.progress import Progress
    from scenario_async.models import Hit
    from scenario_async.searches import Search

_EXPECTED: Final = ("exhausted", "max_hits", "max_pages", "window")
"""Ends of which nothing is to be said, or a warning has said it."""


class Reading:
    """A search that is read page by page; `delivered` hits are done with."""

    def __init__(
        self, client: Scenario, search: Search[Any], extent: Extent, progress: Progress, *, shows: bool = True
    ) -> None:
        self._client = client
        self._search = search
        self._extent = extent
        self._progress = progress
        self._shows = shows
        self._more = 0
        self._stopped: str | None = None
        self.delivered: int = 0

    def pages(self) -> Generator[SyncSearchPage[Any]]:
        """Give the pages; before the second one is asked for, say on stderr what all of them take."""
        first = self._client.search.run(self._search)
        total, size = hinted_total(first), full_size(first)
        if not self._extent.several:
            self._more = (
                max((total or 0) - self._skipped(first) - len(first.hits), 0) if first.has_next_page() else 0
            )
            yield from self._delivered(first)
            return
        left = max((total or 0) - self._skipped(first), 0)
        price = self._extent.price(left, size) if first.has_next_page() else ""
        announce(price)
        most_hits, most_pages = self._extent.max_hits, self._extent.max_requests
        iteration = iteration_from(
            first, max_hits=most_hits, max_pages=most_pages
        )  # nothing ahead: the price is to hold
        pages: SyncIteration[SyncSearchPage[Any]] = SyncIteration(iteration, by_page=True)
        with pages:
            if self._shows and price:
                self._progress.begin(self._extent.hits(left, size) or None)
            try:
                for page in pages:
                    yield from self._delivered(page)
            finally:
                if self._shows:
                    self._progress.end()
        self._stopped = pages.stopped_because
        self._more = max(left - self.delivered, 0)

    def table(self) -> HitTable[Any]:
        """Read all of it into a table, which knows the client."""
        with closing(self.pages()) as pages:
            read = list(pages)
        source = origin_of(read[0]).source if read else None
        return table_of((hit for page in read for hit in page.hits), self._search, source=source)

    def hits(self) -> Generator[Hit]:
        """Give the hits one by one."""
        with closing(self.pages()) as pages:
            for page in pages:
                yield from page.hits

    def _delivered(self, page: SyncSearchPage[Any]) -> Iterator[SyncSearchPage[Any]]:
        if not self._shows:
            yield page
            self.delivered += len(page.hits)
            return
        self._progress.count(len(page.hits))
        with self._progress.aside():
            yield page
            self.delivered += len(page.hits)  # it is out, also where the next line is interrupted

    def _skipped(self, page: SyncSearchPage[Any]) -> int:
        position = origin_of(page).position
        return (position.number - 1) * full_size(page) if position.by_page else position.number

    def ended(self) -> tuple[str, bool]:
        """Say what was not read, and how to go on; and whether nobody asked for less."""
        if not self._more:
            return "", False
        if not self._extent.several:
            return (
                f"{self.delivered:,} of about {self._more + self.delivered:,} hits; --all reads all of them",
                False,
            )
        if self._stopped == "max_pages":
            said = f"stopped after {counted(self._extent.max_requests or 0, 'request')} (--max-requests), {counted(self.delivered, 'hit')}"
            return f"{said}; about {self._more:,} are left: {self.going_on()}", True
        if self._stopped not in _EXPECTED:
            return (
                f"the service gave no more after {counted(self.delivered, 'hit')}, of about {self._more + self.delivered:,}",
                True,
            )
        return "", False

    def going_on(self) -> str:
        """Say which option goes on behind what was delivered."""
        if self._search.page is not None or self._search.hits_per_page is not None:
            done = self.delivered // (self._search.hits_per_page or 100)
            return f"--page {(self._search.page or 1) + done} goes on"
        return f"--offset {(self._search.offset or 0) + self.delivered} goes on"


def announce(text: str) -> None:
    """Write the line about the price on stderr, also into a pipe."""
    if text:
        say(text)


def count_of(client: Scenario, search: Search[Any]) -> int:
    """Give how many hits there are, as the service says it with one hit."""
    page = client.search.run(search)
    total = hinted_total(page)
    return len(page.hits) if total is None else total
