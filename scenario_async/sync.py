"""The blocking client: the same calls, carried out by an event loop in a thread.

Nothing is decided here. Each method hands a coroutine of the async side to the portal and waits for it, once
for a page.
"""

from __future__ import annotations

from functools import cached_property, partial
from threading import RLock
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    cast,
    overload,
)

from scenario_async._annotations import AS_IT_IS, evaluable
from scenario_async._endpoints import Searches
from scenario_async._http.request import free_request
from scenario_async._paging.iteration import HasStatus, Reading, iteration_from
from scenario_async._paging.page import LinkedPage, following, origin_of
from scenario_async._paging.position import Position
from scenario_async._support.hints import guided, instead, is_async
from scenario_async._support.items import Items
from scenario_async._support.loading import LOADING
from scenario_async._support.portal import PortalError, Series, portal
from scenario_async.client import Client
from scenario_async.errors import ScenarioError
from scenario_async.models import Hit
from scenario_async.searches import HitT_co, Search
from scenario_async.settings import configured, session_factory

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping
    from types import TracebackType

    from scenario_async._calls.call import Caller
    from scenario_async._downloads.download import Download, DownloadProgress
    from scenario_async._downloads.run import Run
    from scenario_async._downloads.start import Input
    from scenario_async._endpoints.raw import SyncRawSearches
    from scenario_async._exports.carrying import Carried
    from scenario_async._exports.export import Export, ExportProgress
    from scenario_async._exports.start import Writable
    from scenario_async._harvests.harvest import Harvest, HarvestProgress
    from scenario_async._http.reply import Reply
    from scenario_async._paging.fan_out import (
        FanOut,
        FanOutEnd,
        FanOutError,
        FanOutHit,
        FanOutItem,
        OnError,
        Order,
    )
    from scenario_async._paging.iteration import PageSource
    from scenario_async._scans.report import Estimate, ScanReport
    from scenario_async._scans.scan import Scan
    from scenario_async._tables.table import HitTable
    from scenario_async.settings import Settings
    from scenario_async.settings import SyncSettings as _Keywords
else:
    _Keywords = object

_HitT = TypeVar("_HitT", bound=Hit)
_T = TypeVar("_T")


def blocking(
    make: Callable[[], Coroutine[Any, Any, _T]],
    run: Callable[[Callable[[], Coroutine[Any, Any, _T]]], _T] = portal.run,
) -> _T:
    """Wait for a coroutine of the async side."""
    try:
        return run(make)
    except PortalError as error:
        reason = str(error)
    raise ScenarioError(reason)


@evaluable
class SyncIteration(HasStatus, Generic[_T]):
    """An iterator that fetches page by page; `close()` it, or leave it with `with`, to stop early.

    Several threads may take from it: each item goes to one of them.
    """

    def __init__(self, iteration: Reading[Any], *, by_page: bool) -> None:
        self._iteration = iteration
        self._status = iteration.status
        self._series = Series(portal)
        self._by_page = by_page
        self._ready: Iterator[Any] = iter(())
        self._turn = RLock()
        self._is_read = self._is_over = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._iteration.source.search!r}>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _T:
        with self._turn:
            if self._is_read:  # by what a signal handler has interrupted in this very thread
                raise ScenarioError("this iteration is being read already, further up in the same thread")
            self._is_read = True
            try:
                return self._next_item()
            finally:
                self._is_read = False

    def _next_item(self) -> _T:
        while True:
            for item in self._ready:
                self._status.delivered += 1
                return cast("_T", item)
            page = None if self._is_over else self._next_page()
            if page is None:
                raise StopIteration
            if self._by_page:
                self._status.delivered = len(page.hits)
                return cast("_T", page)
            self._status.delivered = 0
            self._ready = iter(page.hits)

    def _next_page(self) -> LinkedPage[Any] | None:
        page: LinkedPage[Any] | None = None
        try:
            page = blocking(self._iteration.next_page, self._series.run)
        finally:
            # It ended, or failed, or was interrupted, when a page that came is lost: no other is to follow it.
            self._is_over = page is None
            if page is None or not self._iteration.is_under_way:
                self._series.close()
        return page

    def close(self) -> None:
        """Cancel what is under way; the iteration ends here."""
        self._ready = iter(())
        blocking(self._iteration.aclose, self._series.finish)

    def __del__(self) -> None:
        iteration: Reading[Any] | None = getattr(self, "_iteration", None)
        if iteration is not None and iteration.is_under_way:
            portal.begin(iteration.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@evaluable
class SyncSearchPage(LinkedPage[HitT_co]):
    """One page of hits; `for` goes through its hits and those of all following pages."""

    __slots__ = ()
    wait: ClassVar[Callable[..., Any] | None] = staticmethod(blocking)

    def __iter__(self) -> SyncIteration[HitT_co]:
        return self.iter_hits()

    def get_next_page(self) -> SyncSearchPage[HitT_co]:
        """Fetch the following page; `ScenarioError` if this one is the last."""
        return fetched(origin_of(self).source, following(self))

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> SyncIteration[HitT_co]:
        """Iterate the hits of this and all following pages, each once."""
        iteration = iteration_from(self, max_hits=max_hits, prefetch=prefetch)
        return SyncIteration(iteration, by_page=False)

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> SyncIteration[SyncSearchPage[HitT_co]]:
        """Iterate this page and all following ones, each hit once."""
        iteration = iteration_from(self, max_pages=max_pages, prefetch=prefetch)
        return SyncIteration(iteration, by_page=True)

    def collect(self, max_hits: int | None = None, prefetch: int = 0) -> HitTable[HitT_co]:
        """Read the hits of this and all following pages into a table, which tells why the reading ended."""
        return blocking(iteration_from(self, max_hits=max_hits, prefetch=prefetch).collect)


@evaluable
class SyncScan(SyncIteration[_T]):
    """A scan of the blocking client, an iterator of hits; `close()` it, or leave it with `with`, to stop early."""

    def __init__(self, scan: Scan[Any]) -> None:
        super().__init__(scan, by_page=False)
        self._scan = scan

    @property
    def report(self) -> ScanReport:
        """What was read so far, in how many requests, and whether it is complete."""
        return self._scan.report


def _check_readable(items: Iterable[object], call: str) -> None:
    """Refuse what only the async client reads, with a `TypeError`."""
    if is_async(items):
        kind = type(items).__name__
        rule = "pass what can be read with `for`, a list such as page.hits for instance, or use AsyncScenario"
        raise TypeError(f"{call}() cannot read an asynchronous {kind}: {rule}")


def fetched(source: PageSource[_HitT], position: Position) -> SyncSearchPage[_HitT]:
    """Fetch one page, and wait for it."""
    return cast("SyncSearchPage[_HitT]", blocking(partial(source.page_at, position)))


@evaluable
class SyncSearches(Searches):
    """The searches of a `Scenario`."""

    result_class = SyncSearchPage
    promise = "Sends the search at once, and gives its first page: iterate that for all hits."
    _page_class = SyncSearchPage

    @cached_property
    def with_raw_response(self) -> SyncRawSearches:
        """The same searches, which give the reply as it came, unparsed."""
        with LOADING:
            from scenario_async._endpoints.raw import blocking_searches  # noqa: PLC0415 - few have need of it

        return blocking_searches(SyncSearchPage, blocking)(self)

    def run(self, search: Search[_HitT]) -> SyncSearchPage[_HitT]:
        """Send a search value and give its first page; the method of its kind does the same."""
        try:
            return fetched(self._source(search), Position.first(search, default_size=None))
        finally:
            del search  # what is no search may be a mapping with a picture in it

    def resume(self, token: str, search: Search[_HitT]) -> SyncSearchPage[_HitT]:
        """Go on with a search where a `resume_token` of the very same search was taken.

        For the token of a scan it gives what `scan` does: iterate it. Raises `InvalidSearchError` for a token of another
        search or version, or a damaged one.
        """
        if (scan := self._scan_at(token, search)) is not None:
            return cast("SyncSearchPage[_HitT]", SyncScan(scan))
        return fetched(*self._resumed(token, search))

    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: Literal["raise"] = "raise",
        ends: Literal[False] = False,
    ) -> Generator[FanOutHit[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError,
        ends: Literal[False] = False,
    ) -> Generator[FanOutHit[_HitT] | FanOutError[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: Literal["raise"] = "raise",
        ends: Literal[True],
    ) -> Generator[FanOutHit[_HitT] | FanOutEnd[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError,
        ends: bool,
    ) -> Generator[FanOutItem[_HitT]]: ...
    @guided
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError = "raise",
        ends: bool = False,
    ) -> Generator[FanOutItem[_HitT]]:
        """Run many searches, a few at a time, and give their hits as pages arrive.

        `searches` is read in the calling thread, and only as there is room. All else is as with the async
        client: see `AsyncSearches.fan_out`.
        """
        fan_out = self._fan_out_of(concurrency, max_hits, order, on_error, ends=ends)
        _check_readable(searches, "SyncSearches.fan_out")
        return Items(_fanned_out(fan_out, iter(searches)), "SyncSearches.fan_out")

    @guided
    def export(
        self,
        search: Search[Any],
        path: Annotated[str | os.PathLike[str] | Writable, AS_IT_IS],
        *,
        format: str | None = None,
        max_hits: int | None = None,
        scan: bool = False,
        resume: bool = False,
        overwrite: bool = False,
        flat: bool = False,
        prefetch: int = 2,
        on_progress: Callable[[ExportProgress], object] | None = None,
    ) -> Export:
        """Write all hits of a search to a file, in constant memory; see `AsyncSearches.export`.

        `on_progress` is called in the calling thread.
        """
        run = self._export_of(
            search, path, format=format, max_hits=max_hits, scan=scan, resume=resume, overwrite=overwrite,
            flat=flat, prefetch=prefetch, on_progress=on_progress,
        )  # fmt: skip
        return _carried_out(run)

    @guided
    def harvest(
        self,
        searches: Iterable[Search[Any]],
        path: str | os.PathLike[str],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        max_requests: int | None = None,
        scan: bool = False,
        refresh: bool | Literal["full"] = False,
        on_error: OnError = "raise",
        on_progress: Callable[[HarvestProgress], object] | None = None,
    ) -> Harvest:
        """Run many searches into one SQLite file; see `AsyncSearches.harvest`.

        `on_progress` is called in the calling thread.
        """
        run = self._harvest_of(
            searches, path, concurrency=concurrency, max_hits=max_hits, max_requests=max_requests, scan=scan,
            refresh=refresh, on_error=on_error, on_progress=on_progress,
        )  # fmt: skip
        return _carried_out(run)

    @guided
    def scan(self, search: Search[_HitT], *, by: str = "created_at", prefetch: int = 0) -> SyncScan[_HitT]:
        """Iterate every hit of a search, each once, also past the 1,000 that engines show; see `AsyncSearches.scan`."""
        return SyncScan(self._scan_of(search, by, prefetch))

    @guided
    def estimate(self, searches: Search[Any] | Iterable[Search[Any]]) -> Estimate:
        """Tell what reading all hits of a search, or of several, would cost; see `AsyncSearches.estimate`."""
        return blocking(partial(self._estimated, searches))


def _carried_out(run: Carried[_T, Any]) -> _T:
    """Carry out all of it, with what users are told in the calling thread."""
    series = Series(portal)
    try:
        blocking(run.open, series.run)
        while (progress := blocking(run.advance, series.run)) is not None:
            run.tell(progress)
    except BaseException as error:
        try:
            blocking(run.aclose, series.finish)
        finally:
            run.explain(error)
        raise
    blocking(run.aclose, series.finish)
    return run.result


def _fanned_out(fan_out: FanOut[Any], searches: Iterator[Search[Any]]) -> Generator[Any]:
    series = Series(portal)
    try:
        while (items := blocking(partial(fan_out.take, or_room=True), series.run)) is not None:
            yield from items
            if fan_out.room:
                fan_out.given = next(searches, fan_out.no_more)
    finally:
        blocking(fan_out.aclose, series.finish)


def _downloaded(run: Run, hits: Input[object]) -> Generator[Download[Any]]:
    series = Series(portal)
    try:
        blocking(run.open, series.run)
        while (downloads := blocking(partial(run.take, hits.patience), series.run)) is not None:
            for download in downloads:
                run.tell(download)
                yield download
            if run.room and (hits.ready or not run.busy):
                run.given = hits.read()
                run.no_more = not run.given
    finally:
        blocking(run.aclose, series.finish)


@evaluable
class Scenario(Client, _Keywords):
    """The client without asyncio.

    It works in plain programs, threads and notebooks, also where an event loop runs already, which waits as well. Use
    it with `with`, or call `close()`.
    """

    search: SyncSearches = SyncSearches.of_no_client()
    """The searches of this client."""

    _searches_class = SyncSearches

    @guided
    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Send a request to any endpoint under `base_url`; see `AsyncScenario.request`."""
        try:
            self._caller.check_open()
            request = free_request(
                self.settings, method, path, json=json, query=query, headers=headers, timeout=timeout
            )
        finally:
            del path, json, query, headers  # no error is to carry them in this frame
        return blocking(partial(self._caller.call, request))

    @guided
    def download(
        self,
        hits: Iterable[_T],
        folder: str | os.PathLike[str],
        *,
        name: str = "{id}",
        width: int | None = None,
        format: str | None = None,
        quality: int | None = None,
        concurrency: int = 8,
        sidecar: bool = False,
        on_progress: Callable[[DownloadProgress], object] | None = None,
    ) -> Generator[Download[_T]]:
        """Download the files of hits into a folder, a few at a time; see `AsyncScenario.download`.

        `hits` is read in the calling thread, one by one and only as there is room. What takes its time to give one
        lets files be given first, for as long as it took.
        """
        with LOADING:
            from scenario_async._downloads.start import Input, begun  # noqa: PLC0415 - a search has no need of it

        run = begun(
            self._caller, hits, folder, name=name, width=width, format=format, quality=quality,
            concurrency=concurrency, sidecar=sidecar, on_progress=on_progress,
        )  # fmt: skip
        _check_readable(hits, "Scenario.download")
        return Items(_downloaded(run, Input(hits)), "Scenario.download")

    def close(self) -> None:
        """Close the connections; calls under way end with an error, and so does every later call."""
        blocking(self._aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    if not TYPE_CHECKING:  # checkers refuse these by themselves
        __aenter__ = __aexit__ = instead("write `with` in place of `async with`, or use AsyncScenario")

    def _begin(self, settings: Settings, caller: Caller, *, owns_pool: bool) -> None:
        if settings.session is not None:
            configured(partial(session_factory, settings.session, "session"))
        super()._begin(settings, caller, owns_pool=owns_pool)
