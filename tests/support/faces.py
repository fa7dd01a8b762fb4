"""One face for both clients, so that a flow is written once.

A flow test calls the face, which calls the async client on a loop of its own or the blocking client directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs

from scenario_async import (
    AsyncScenario,
    AsyncSearchPage,
    Estimate,
    FanOutEnd,
    FanOutError,
    FanOutHit,
    Harvest,
    Hit,
    Reply,
    ScanReport,
    Scenario,
    Search,
    SearchPage,
    SyncSearchPage,
)

if TYPE_CHECKING:
    import asyncio


@attrs.frozen
class Iterated:
    """What an iteration gave, and what it said at its end."""

    items: list[Any]
    stopped_because: str | None
    duplicates: int
    resume_token: str

    @property
    def ids(self) -> list[str]:
        """The ids of the hits, also where the items are pages."""
        return [hit.id for item in self.items for hit in getattr(item, "hits", [item])]


@attrs.frozen
class Scanned(Iterated):
    """What a scan gave, and what it said."""

    report: ScanReport


class Face(Protocol):
    """What flow tests do with a client."""

    client: Any

    def page(self, search: Search[Any]) -> SearchPage[Any]:
        """Fetch the first page."""
        ...

    def resume(self, token: str, search: Search[Any]) -> SearchPage[Any]:
        """Fetch the page where a token goes on."""
        ...

    def next_page(self, page: SearchPage[Any]) -> SearchPage[Any]:
        """Fetch the page after one."""
        ...

    def hits(self, search: Search[Any], token: str | None = None, **limits: Any) -> Iterated:
        """Iterate hits to the end, from the start or from a token."""
        ...

    def pages(self, search: Search[Any], token: str | None = None, **limits: Any) -> Iterated:
        """Iterate pages to the end."""
        ...

    def scan(
        self, search: Search[Any], token: str | None = None, *, most: int | None = None, **options: Any
    ) -> Scanned:
        """Read every hit, from the start or from a token; stop after the first `most`."""
        ...

    def estimate(self, searches: Any) -> Estimate:
        """Ask what it would cost."""
        ...

    def harvest(self, searches: Any, path: Any, **options: Any) -> Harvest:
        """Run many searches into a file."""
        ...

    def fan_out(
        self, searches: Iterable[Search[Any]], **options: Any
    ) -> list[FanOutHit[Hit] | FanOutError[Hit] | FanOutEnd[Hit]]:
        """Run many searches to the end."""
        ...

    def request(self, method: str, path: str, **options: Any) -> Reply:
        """Reach any endpoint."""
        ...

    def derived(self, **overrides: Any) -> Face:
        """Give a face of a client with other options."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


Connect: TypeAlias = Callable[..., Face]
"""Opens a client of one kind or the other: `connect(base_url, **options)`."""


class AsyncFace:
    """The face of `AsyncScenario`."""

    def __init__(self, client: AsyncScenario, runner: asyncio.Runner) -> None:
        self.client: Any = client
        self.runner = runner

    def page(self, search: Search[Any]) -> SearchPage[Any]:
        """Fetch the first page."""

        async def fetch() -> SearchPage[Any]:
            page: SearchPage[Any] = await self.client.search.run(search)
            return page

        return self.runner.run(fetch())

    def resume(self, token: str, search: Search[Any]) -> SearchPage[Any]:
        """Fetch the page where a token goes on."""

        async def fetch() -> SearchPage[Any]:
            page: SearchPage[Any] = await self.client.search.resume(token, search)
            return page

        return self.runner.run(fetch())

    def next_page(self, page: SearchPage[Any]) -> SearchPage[Any]:
        """Fetch the page after one."""
        assert isinstance(page, AsyncSearchPage)
        following: SearchPage[Any] = self.runner.run(page.get_next_page())
        return following

    def hits(self, search: Search[Any], token: str | None = None, **limits: Any) -> Iterated:
        """Iterate hits to the end."""
        return self._iterated("iter_hits", search, token, limits)

    def pages(self, search: Search[Any], token: str | None = None, **limits: Any) -> Iterated:
        """Iterate pages to the end."""
        return self._iterated("iter_pages", search, token, limits)

    def _iterated(
        self, method: str, search: Search[Any], token: str | None, limits: dict[str, Any]
    ) -> Iterated:
        async def iterate() -> Iterated:
            searches = self.client.search
            pager = searches.run(search) if token is None else searches.resume(token, search)
            items = [item async for item in getattr(pager, method)(**limits)]
            return Iterated(items, pager.stopped_because, pager.duplicates, pager.resume_token)

        return self.runner.run(iterate())

    def scan(
        self, search: Search[Any], token: str | None = None, *, most: int | None = None, **options: Any
    ) -> Scanned:
        """Read every hit."""

        async def read() -> Scanned:
            searches = self.client.search
            scan = searches.scan(search, **options) if token is None else searches.resume(token, search)
            hits: list[Any] = []
            async for hit in scan:
                hits.append(hit)
                if len(hits) == most:
                    break
            try:
                return Scanned(hits, scan.stopped_because, scan.duplicates, scan.resume_token, scan.report)
            finally:
                await scan.aclose()

        return self.runner.run(read())

    def estimate(self, searches: Any) -> Estimate:
        """Ask what it would cost."""
        found: Estimate = self.runner.run(self.client.search.estimate(searches))
        return found

    def harvest(self, searches: Any, path: Any, **options: Any) -> Harvest:
        """Run many searches into a file."""
        done: Harvest = self.runner.run(self.client.search.harvest(searches, path, **options))
        return done

    def fan_out(
        self, searches: Iterable[Search[Any]], **options: Any
    ) -> list[FanOutHit[Hit] | FanOutError[Hit] | FanOutEnd[Hit]]:
        """Run many searches to the end."""

        async def collect() -> list[FanOutHit[Hit] | FanOutError[Hit] | FanOutEnd[Hit]]:
            return [each async for each in self.client.search.fan_out(searches, **options)]

        return self.runner.run(collect())

    def request(self, method: str, path: str, **options: Any) -> Reply:
        """Reach any endpoint."""
        reply: Reply = self.runner.run(self.client.request(method, path, **options))
        return reply

    def derived(self, **overrides: Any) -> AsyncFace:
        """Give a face of a client with other options."""
        return AsyncFace(self.client.with_options(**overrides), self.runner)

    def close(self) -> None:
        """Close the client."""
        self.runner.run(self.client.aclose())


class SyncFace:
    """The face of `Scenario`."""

    def __init__(self, client: Scenario) -> None:
        self.client: Any = client

    def page(self, search: Search[Any]) -> SearchPage[Any]:
        """Fetch the first page."""
        page: SearchPage[Any] = self.client.search.run(search)
        return page

    def resume(self, token: str, search: Search[Any]) -> SearchPage[Any]:
        """Fetch the page where a token goes on."""
        page: SearchPage[Any] = self.client.search.resume(token, search)
        return page

    def next_page(self, page: SearchPage[Any]) -> SearchPage[Any]:
        """Fetch the page after one."""
        assert isinstance(page, SyncSearchPage)
        following: SearchPage[Any] = page.get_next_page()
        return following

    def hits(self, search: Search[Any], token: str | None = None, **limits: Any) -> Iterated:
        """Iterate hits to the end."""
        return self._iterated("iter_hits", search, token, limits)

    def pages(self, search: Search[Any], token: str | None = None, **limits: Any) -> Iterated:
        """Iterate pages to the end."""
        return self._iterated("iter_pages", search, token, limits)

    def _iterated(
        self, method: str, search: Search[Any], token: str | None, limits: dict[str, Any]
    ) -> Iterated:
        searches = self.client.search
        page = searches.run(search) if token is None else searches.resume(token, search)
        iteration = getattr(page, method)(**limits)
        items = list(iteration)
        return Iterated(items, iteration.stopped_because, iteration.duplicates, iteration.resume_token)

    def scan(
        self, search: Search[Any], token: str | None = None, *, most: int | None = None, **options: Any
    ) -> Scanned:
        """Read every hit."""
        searches = self.client.search
        begun: Any = searches.scan(search, **options) if token is None else searches.resume(token, search)
        with begun as scan:
            hits: list[Any] = list(islice(scan, most))
            return Scanned(hits, scan.stopped_because, scan.duplicates, scan.resume_token, scan.report)

    def estimate(self, searches: Any) -> Estimate:
        """Ask what it would cost."""
        found: Estimate = self.client.search.estimate(searches)
        return found

    def harvest(self, searches: Any, path: Any, **options: Any) -> Harvest:
        """Run many searches into a file."""
        done: Harvest = self.client.search.harvest(searches, path, **options)
        return done

    def fan_out(
        self, searches: Iterable[Search[Any]], **options: Any
    ) -> list[FanOutHit[Hit] | FanOutError[Hit] | FanOutEnd[Hit]]:
        """Run many searches to the end."""
        return list(self.client.search.fan_out(searches, **options))

    def request(self, method: str, path: str, **options: Any) -> Reply:
        """Reach any endpoint."""
        reply: Reply = self.client.request(method, path, **options)
        return reply

    def derived(self, **overrides: Any) -> SyncFace:
        """Give a face of a client with other options."""
        return SyncFace(self.client.with_options(**overrides))

    def close(self) -> None:
        """Close the client."""
        self.client.close()
