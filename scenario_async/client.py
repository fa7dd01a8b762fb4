"""The async client."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

import attrs

from scenario_async._pagers import SearchPager
from scenario_async.errors import CleanFrames, quiet
from scenario_async.models import Hit
from scenario_async.surface import (
    Client,
    FanOutError,
    FanOutHit,
    OnError,
    Order,
    Searches,
    check_fan_out,
    results,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
    from types import TracebackType

    from scenario_async._wire import Reply
    from scenario_async.searches import Search

_HitT = TypeVar("_HitT", bound=Hit)
_T = TypeVar("_T")


class AsyncSearches(Searches):
    """The searches of an `AsyncScenario`."""

    def run(self, search: Search[_HitT]) -> SearchPager[_HitT]:
        """Give the pager of a search value; the method of its kind does the same."""
        try:
            return SearchPager(self._source(search))
        finally:
            del search  # what is no search may be a mapping with a picture in it

    def resume(self, token: str, search: Search[_HitT]) -> SearchPager[_HitT]:
        """Go on with a search where a `resume_token` of the very same search was taken.

        Raises `InvalidSearchError` for a token of another search or version, or a damaged one.
        """
        return SearchPager(*self._resumed(token, search))

    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: Literal["raise"] = "raise",
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
    ) -> AsyncGenerator[FanOutHit[_HitT] | FanOutError[_HitT]]: ...
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError = "raise",
    ) -> AsyncGenerator[Any]:
        """Run many searches, a few at a time, and give their hits as pages arrive.

        Args:
            searches: search values of any kind; an iterable or an async one, read only as places free up.
            concurrency: how many searches are under way at once.
            max_hits: the most hits of each search; None for all.
            order: `"completed"`, or `"submitted"` to give the searches' hits in the order of the input.
            on_error: `"raise"` the first error and cancel the rest, or `"yield"` a `FanOutError` for the search
                that failed and go on with the others.

        A slow consumer stops the fetching. Closing the generator cancels what is under way.
        """
        check_fan_out(concurrency, max_hits, order, on_error)
        return self._fan_out(_each(searches), concurrency, max_hits, order, on_error)

    async def _fan_out(
        self,
        searches: AsyncIterator[Search[_HitT]],
        concurrency: int,
        max_hits: int | None,
        order: Order,
        on_error: OnError,
    ) -> AsyncGenerator[FanOutHit[_HitT] | FanOutError[_HitT]]:
        merged = self._merged(searches, concurrency=concurrency, max_hits=max_hits, order=order)
        with CleanFrames():
            async with aclosing(merged):
                async for item in merged:
                    for result in results(item, on_error):
                        yield result


@quiet
@attrs.frozen(kw_only=True, eq=False)
class AsyncScenario(Client):
    """Searches Scenario, asynchronously; all keywords are those of `Settings`.

    It needs no running event loop to be built and works on several, one after another or at once. Use it as
    an async context manager, or `await client.aclose()`.
    """

    @property
    def search(self) -> AsyncSearches:
        """The searches: `asset_search`, `model_search`, `workflow_search`, `run`, `resume`, `fan_out`."""
        return AsyncSearches(self._source)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt, not the call
    ) -> Reply:
        """Reach any endpoint under `base_url` with this client's signature, limits and retries.

        Args:
            method: GET, POST and the like.
            path: below `base_url`, `"/assets/asset_x"` for instance; another origin is refused.
            json: what the body carries; None for no body.
            query: parameters for the URL.
            headers: headers to add.
            timeout: seconds for one attempt.

        Raises `APIError` like a search does.
        """
        with CleanFrames():
            return await self._request(method, path, json=json, query=query, headers=headers, timeout=timeout)

    async def aclose(self) -> None:
        """Close the connections; calls that come later raise `ScenarioError`."""
        await self._aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._aclose()


def _each(searches: Iterable[Search[_HitT]] | AsyncIterable[Search[_HitT]]) -> AsyncIterator[Search[_HitT]]:
    return aiter(searches) if isinstance(searches, AsyncIterable) else _Each(iter(searches))


class _Each(AsyncIterator[_T]):
    """An iterator as an async one."""

    def __init__(self, items: Iterator[_T]) -> None:
        self._items = items

    async def __anext__(self) -> _T:
        for item in self._items:
            return item
        raise StopAsyncIteration
