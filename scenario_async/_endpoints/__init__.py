"""What `client.search` offers, said once for both clients: a method for each search class, made of that class.

An endpoint is one line in `Searches`. Its signature, its checks and its text are those of the search class;
its result is what `run` of the surface gives.
"""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from functools import cached_property
from types import FunctionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    cast,
    overload,
)

import attrs

from scenario_async._annotations import AS_IT_IS, evaluable
from scenario_async._http.request import PreparedSearch
from scenario_async._paging.iteration import Iteration, PageSource
from scenario_async._paging.pager import AsyncSearchPage, SearchPager
from scenario_async._paging.token import read_scan_token, read_token
from scenario_async._support import checks
from scenario_async._support.hints import awaited, gives_coroutines, guided, instead, is_async
from scenario_async._support.items import AsyncItems
from scenario_async._support.lifetimes import running_loop
from scenario_async._support.loading import LOADING
from scenario_async.models import Hit
from scenario_async.searches import ENDPOINTS, AssetSearch, HitT_co, ModelSearch, Search, WorkflowSearch

if TYPE_CHECKING:
    import os
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Callable,
        Coroutine,
        Iterable,
        Iterator,
    )

    from scenario_async._calls.call import Caller
    from scenario_async._endpoints.raw import APIResponse, AsyncAPIResponse, AsyncRawSearches, SyncRawSearches
    from scenario_async._exports.export import Export, ExportProgress
    from scenario_async._exports.run import Run
    from scenario_async._exports.start import Writable
    from scenario_async._harvests.harvest import Harvest, HarvestProgress
    from scenario_async._harvests.run import Run as HarvestRun
    from scenario_async._paging.fan_out import (
        FanOut,
        FanOutEnd,
        FanOutError,
        FanOutHit,
        FanOutItem,
        OnError,
        Order,
    )
    from scenario_async._paging.iteration import Hand
    from scenario_async._paging.page import LinkedPage
    from scenario_async._paging.position import Position
    from scenario_async._scans.report import Estimate
    from scenario_async._scans.scan import AsyncScan, Scan
    from scenario_async.sync import SyncSearches, SyncSearchPage

_OTHERS: Final = ("run", "resume", "fan_out", "export", "scan", "estimate", "harvest")
_P = ParamSpec("_P")
_HitT = TypeVar("_HitT", bound=Hit)
_T = TypeVar("_T")


class Endpoint(Protocol[_P, HitT_co]):
    """A method made of a search class: its parameters, and the result of the surface it is read from."""

    @overload
    def __get__(
        self, instance: AsyncSearches, owner: type | None = None, /
    ) -> Callable[_P, SearchPager[HitT_co]]: ...
    @overload
    def __get__(
        self, instance: SyncSearches, owner: type | None = None, /
    ) -> Callable[_P, SyncSearchPage[HitT_co]]: ...
    @overload
    def __get__(
        self, instance: AsyncRawSearches, owner: type | None = None, /
    ) -> Callable[_P, Coroutine[Any, Any, AsyncAPIResponse[AsyncSearchPage[HitT_co]]]]: ...
    @overload
    def __get__(
        self, instance: SyncRawSearches, owner: type | None = None, /
    ) -> Callable[_P, APIResponse[SyncSearchPage[HitT_co]]]: ...


def endpoint(search_class: Callable[_P, Search[_HitT]]) -> Endpoint[_P, _HitT]:
    """Make a method that builds a search of its keywords and runs it."""
    cls = cast("type[Search[_HitT]]", search_class)

    def method(self: Searches, /, *values: Any, **params: Any) -> object:  # noqa: ANN401
        fault: TypeError | None = None
        try:
            return self.run(cls(*values, **params))
        except TypeError:
            fault = checks.wrong_arguments(name, values, params, names)
            if fault is None:  # it comes from a value of the caller's own
                raise
        finally:
            del self, values, params  # an error must not carry a picture in this frame
        raise fault

    name, names = f"{cls.kind}_search", list(attrs.fields_dict(cls))
    method.__name__ = name
    method.__doc__ = documentation(cls)
    method.__dict__["search_class"] = cls
    return cast("Endpoint[_P, _HitT]", method)


def _of_surface(method: Any, surface: type[Searches]) -> Any:  # noqa: ANN401 - a function with attributes
    """Give an endpoint with the annotations that it has on a surface, as objects: tools read them."""
    search_class: type[Search[Any]] = method.search_class
    own = FunctionType(method.__code__, method.__globals__, method.__name__, None, method.__closure__)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    signature = inspect.signature(search_class)
    signature = signature.replace(
        parameters=[itself, *signature.parameters.values()],
        return_annotation=surface.result_class[search_class.hit_class],
    )
    own.__dict__.update(method.__dict__, __signature__=signature)
    own.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items() if name != "self"
    } | {"return": signature.return_annotation}
    own.__qualname__ = f"{surface.__name__}.{method.__name__}"
    own.__doc__ = documentation(search_class, surface.promise)
    return gives_coroutines(own) if surface.is_async else own


def documentation(search_class: type[Search[Any]], promise: str = "") -> str:
    """Put together what a search class says of itself and of its parameters, and what a surface promises."""
    summary = inspect.cleandoc(search_class.__doc__ or "").partition("\n\nArgs:")[0]
    listed = checks.arguments(search_class)
    parts = (summary, promise, f"Args:\n{listed}", "Raises `InvalidSearchError` before any request.")
    return "\n\n".join(part for part in parts if part)


@evaluable
class Searches(ABC):
    """The searches of a client."""

    asset_search: Final = endpoint(AssetSearch)
    model_search: Final = endpoint(ModelSearch)
    workflow_search: Final = endpoint(WorkflowSearch)

    result_class: ClassVar[Any]
    """What a method gives, of the class of its hits."""
    is_async: ClassVar[bool] = False
    """Whether what a method gives is awaited."""
    promise: ClassVar[str] = ""
    """What a method does, for its documentation."""
    _page_class: ClassVar[type[LinkedPage[Any]]]

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "result_class"):
            return
        for name, method in methods().items():
            setattr(cls, name, _of_surface(method, cls))

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @classmethod
    def of_no_client(cls) -> Self:
        """Give what stands in the class of the client, for tools that look there: `create_autospec` for instance."""
        return object.__new__(cls)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join([*methods(), *_OTHERS])}>"

    if not TYPE_CHECKING:  # a hint is no attribute
        __call__ = instead(
            "write client.search." + " or ".join(f"{each.kind}_search(...)" for each in ENDPOINTS)
        )

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            with LOADING:
                from scenario_async._support import moved  # noqa: PLC0415 - only an error has need of it

            raise moved.missing(self, name)

    @abstractmethod
    def run(self, search: Search[Any]) -> Any:  # noqa: ANN401
        """Run a search value; the method of its kind does the same."""

    def _source(self, search: Search[_HitT], hand: Hand | None = None) -> PageSource[_HitT]:
        """Give where a search's pages come from; everything that can be wrong with it shows now."""
        if not isinstance(cast("object", search), Search):
            kind = type(search).__name__
            del search  # a mapping may hold a picture
            kinds = ", ".join(each.__name__ for each in ENDPOINTS)
            checks.refuse("search", kind, f"it must be a search, one of {kinds}")
        self._caller.check_open()
        prepared = PreparedSearch.of(search, self._caller.settings)
        return PageSource(search, self._page_class, prepared, self._caller, hand=hand)

    def _resumed(self, token: str, search: Search[_HitT]) -> tuple[PageSource[_HitT], Position]:
        """Give where a search's pages come from, and where among them a token stands."""
        source = self._source(search)
        position, known = read_token(token, search)
        return attrs.evolve(source, known=known), position

    def _scan_of(self, search: Search[_HitT], by: str, prefetch: int) -> Scan[_HitT]:
        """Give a scan; what is wrong with it shows now."""
        with LOADING:
            from scenario_async._scans.start import begun  # noqa: PLC0415 - a search has no need of it

        return begun(self._source(search), by=by, prefetch=prefetch)

    def _scan_at(self, token: str, search: Search[_HitT]) -> Scan[_HitT] | None:
        """Give the scan that goes on where a token stands; None for a token of an iteration."""
        source = self._source(search)
        found = read_scan_token(token, search)
        if found is None:
            return None
        with LOADING:
            from scenario_async._scans.start import resumed  # noqa: PLC0415 - as above

        return resumed(source, *found)

    async def _estimated(self, searches: Any) -> Estimate:  # noqa: ANN401 - a search, or several of them
        with LOADING:
            from scenario_async._scans.estimate import estimated  # noqa: PLC0415 - as above

        return await estimated(self._source, searches, self._caller.settings.rate_limit)

    def _fan_out_of(
        self, concurrency: int, max_hits: int | None, order: Order, on_error: OnError, *, ends: bool
    ) -> FanOut[Any]:
        with LOADING:
            from scenario_async._paging.fan_out import FanOut, check_fan_out  # noqa: PLC0415 - a search has no need of it

        check_fan_out(concurrency, max_hits, order, on_error, ends=ends)

        def iteration(search: Search[_HitT], hand: Hand | None) -> Iteration[_HitT]:
            return Iteration(self._source(search, hand), max_hits=max_hits)

        ordered = order == "submitted"
        return FanOut(iteration, concurrency=concurrency, ordered=ordered, on_error=on_error, ends=ends)

    def _export_of(self, search: Search[Any], path: object, **options: Any) -> Run:  # noqa: ANN401
        """Give an export that waits to be opened; what is wrong with it shows now."""
        with LOADING:
            from scenario_async._exports.start import begun  # noqa: PLC0415 - a search has no need of it

        return begun(self._source(search), path, **options)

    def _harvest_of(self, searches: object, path: object, **options: Any) -> HarvestRun:  # noqa: ANN401
        """Give a harvest that waits to be opened; what is wrong with it shows now."""
        with LOADING:
            from scenario_async._harvests.start import begun  # noqa: PLC0415 - a search has no need of it

        return begun(self._source, searches, path, project_id=self._caller.settings.project_id, **options)


def methods() -> dict[str, Any]:
    """Give the methods that are made of search classes."""
    return {name: each for name, each in vars(Searches).items() if hasattr(each, "search_class")}


@evaluable
class AsyncSearches(Searches):
    """The searches of an `AsyncScenario`."""

    result_class = SearchPager
    is_async = True
    promise = "Gives a `SearchPager`: await it for the first page, iterate it for all hits. Until then, nothing is sent."
    _page_class = AsyncSearchPage

    @cached_property
    def with_raw_response(self) -> AsyncRawSearches:
        """The same searches, each sent at once; awaited, they give the reply as it came, unparsed."""
        with LOADING:
            from scenario_async._endpoints.raw import AsyncRawSearches  # noqa: PLC0415 - few have need of it

        return AsyncRawSearches(self)

    @gives_coroutines
    def run(self, search: Search[_HitT]) -> SearchPager[_HitT]:
        """Give the pager of a search value; the method of its kind does the same."""
        try:
            return SearchPager(self._source(search))
        finally:
            del search  # what is no search may be a mapping with a picture in it

    @gives_coroutines
    def resume(self, token: str, search: Search[_HitT]) -> SearchPager[_HitT]:
        """Go on with a search where a `resume_token` of the very same search was taken.

        For the token of a scan it gives what `scan` does: iterate it. Raises `InvalidSearchError` for a token of another
        search or version, or a damaged one.
        """
        if (scan := self._scan_at(token, search)) is not None:
            return cast("SearchPager[_HitT]", _async_scan(scan))
        return SearchPager(*self._resumed(token, search))

    @guided
    def scan(self, search: Search[_HitT], *, by: str = "created_at", prefetch: int = 0) -> AsyncScan[_HitT]:
        """Iterate every hit of a search, each once, also past the 1,000 that engines show; and prove that it is every one.

        Args:
            search: an AssetSearch, ModelSearch or WorkflowSearch, without `sort_by`, and without where to begin.
            by: `"created_at"` or `"updated_at"`: what it goes by, from the oldest to the newest.
            prefetch: 1 to have the next page under way while the hits of this one are used. More does not help, as each
                page is asked for from what the one before ends with.

        Gives an async generator of hits with `.report`, `.resume_token`, `.stopped_because` and `.duplicates`. Hits that
        come or go meanwhile cost none of those that stay. A 429 that is no plan limit is waited out for as long as it
        takes; `deadline` bounds one page.

        Raises `InvalidSearchError` before any request; `ScanIncompleteError` in place of a silent end, where the
        service gives no proof that nothing is left; `APIError` like a search does.
        """
        return _async_scan(self._scan_of(search, by, prefetch))

    @guided
    @awaited
    async def harvest(
        self,
        searches: Annotated[Iterable[Search[Any]] | AsyncIterable[Search[Any]], AS_IT_IS],
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
        """Run many searches into one SQLite file; called again after whatever ended it, it goes on.

        Args:
            searches: AssetSearch, ModelSearch and WorkflowSearch values.
            path: the file, which is made where there is none.
            concurrency: how many searches are read at once.
            max_hits: the most hits of each search.
            max_requests: the most requests of this call, without retries; the same call goes on. A scan may need
                one or two more to come to a page.
            scan: read every hit of each search, also past the 1,000 that engines show.
            refresh: what to do about searches that are finished. False: nothing. True: ask for what is new or changed
                since. `"full"`: read all again, which also tells what is gone.
            on_error: `"raise"` ends at the first search that fails; `"yield"` goes on, and gives the failed ones as
                `errors`.
            on_progress: a function that is told now and then how far it is, as a `HarvestProgress`.

        Each page is written before its search goes on: a process that is killed has to ask again for nothing but the
        pages that were under way. Several processes may work on one file. A 429 that is no plan limit is waited out for
        as long as it takes; `deadline` bounds one page.

        Raises `InvalidSearchError` before any request, `WriteError` for the file, `APIError` like a search does.
        """
        running_loop()
        return await self._harvest_of(
            searches, path, concurrency=concurrency, max_hits=max_hits, max_requests=max_requests, scan=scan,
            refresh=refresh, on_error=on_error, on_progress=on_progress,
        ).carried_out()  # fmt: skip

    @guided
    @awaited
    async def estimate(
        self, searches: Annotated[Search[Any] | Iterable[Search[Any]] | AsyncIterable[Search[Any]], AS_IT_IS]
    ) -> Estimate:
        """Tell what reading all hits of a search, or of several, would cost; this costs one request for each.

        It goes by the totals that the service tells, which end where the engine stops to count: `at_least` says so.
        """
        running_loop()
        return await self._estimated(searches)

    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: Literal["raise"] = "raise",
        ends: Literal[False] = False,
    ) -> AsyncGenerator[FanOutHit[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError,
        ends: Literal[False] = False,
    ) -> AsyncGenerator[FanOutHit[_HitT] | FanOutError[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: Literal["raise"] = "raise",
        ends: Literal[True],
    ) -> AsyncGenerator[FanOutHit[_HitT] | FanOutEnd[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError,
        ends: bool,
    ) -> AsyncGenerator[FanOutItem[_HitT]]: ...
    @guided
    def fan_out(
        self,
        searches: Annotated[Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]], AS_IT_IS],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError = "raise",
        ends: bool = False,
    ) -> AsyncGenerator[FanOutItem[_HitT]]:
        """Run many searches, a few at a time, and give their hits as pages arrive.

        Args:
            searches: search values of any kind; an iterable or an async one, read only as there is room.
            concurrency: how many searches are under way at once.
            max_hits: the most hits of each search; None for all.
            order: `"completed"`, or `"submitted"` to give the searches' hits in the order of the input.
            on_error: `"raise"` the first error and cancel the rest, or `"yield"` a `FanOutError` for the search
                that failed and go on with the others.
            ends: also give a `FanOutEnd` when a search is finished: how many hits it gave, and why it ended.

        A slow consumer stops the fetching. Closing the generator cancels what is under way.
        """
        fan_out = self._fan_out_of(concurrency, max_hits, order, on_error, ends=ends)
        return AsyncItems(_fanned_out(fan_out, _each(searches)), "AsyncSearches.fan_out")

    @guided
    @awaited
    async def export(
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
        """Write all hits of a search to a file, in constant memory; what was interrupted can go on.

        Args:
            search: an AssetSearch, ModelSearch or WorkflowSearch.
            path: the file, whose suffix names the format: .jsonl, .json, .csv, .parquet, .arrow, .sqlite. Or `"-"` for the
                standard output, or a file object that is open for writing.
            format: the name of a format, where the suffix says nothing or something else.
            max_hits: the most hits; None for all.
            resume: go on with what was interrupted; where nothing was, the file is written anew.
            overwrite: replace a file that is there, and begin anew where an export was interrupted; both are refused
                otherwise.
            flat: write JSON as flat rows. CSV, Parquet and Arrow always are; SQLite has views.
            prefetch: how many pages are under way ahead of the one that is read.
            on_progress: is told how far it is, after each page, and every second while a 429 is waited out.

        Pages go to a journal beside the file, and the file appears whole, by one rename. A 429 that is no plan limit is
        waited out for as long as it takes; `deadline` bounds one page.

        Raises `InvalidSearchError` before any request, `WriteError` for a file that cannot be written, `ImportError` where
        a library is missing, `APIError` like a search does. The error says what is kept and how to go on.
        """
        run = self._export_of(
            search, path, format=format, max_hits=max_hits, scan=scan, resume=resume, overwrite=overwrite,
            flat=flat, prefetch=prefetch, on_progress=on_progress,
        )  # fmt: skip
        running_loop()
        return await run.carried_out()


def _async_scan(scan: Scan[_HitT]) -> AsyncScan[_HitT]:
    with LOADING:
        from scenario_async._scans.scan import AsyncScan  # noqa: PLC0415 - a search has no need of it

    return AsyncScan(scan)


async def _fanned_out(fan_out: FanOut[Any], searches: AsyncIterator[Search[Any]]) -> AsyncGenerator[Any]:
    loop = running_loop()
    feeding = loop.create_task(fan_out.feed(searches))
    try:
        while (items := await fan_out.take()) is not None:
            for item in items:
                yield item
    finally:
        feeding.cancel()
        await fan_out.aclose()
        await asyncio.gather(feeding, return_exceptions=True)


def _each(searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]]) -> AsyncIterator[Search[_HitT]]:
    return (
        aiter(cast("AsyncIterable[Search[_HitT]]", searches))
        if is_async(searches)
        else _one_by_one(iter(cast("Iterable[Search[_HitT]]", searches)))
    )


async def _one_by_one(items: Iterator[_T]) -> AsyncGenerator[_T]:
    for item in items:
        yield item
