"""Many async iterators as one, a bounded number of them under way; knows nothing of searches.

Of each iterator that is under way, one item at most waits to be taken: a slow taker stops the fetching.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_S = TypeVar("_S")
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


@attrs.frozen
class Item(Generic[_S, _T]):
    """What one source gave, or the error that it ended with."""

    index: int
    source: _S
    value: _T | None
    error: Exception | None = None


class Closable(Protocol[_T_co]):
    """An async iterator that can be given up."""

    def __anext__(self) -> Awaitable[_T_co]: ...
    def aclose(self) -> Awaitable[object]: ...


class _Source(Generic[_S, _T]):
    """A source under way, with the task that fetches its next item."""

    def __init__(self, index: int, source: _S, items: Closable[_T]) -> None:
        self.index = index
        self.source = source
        self.items = items
        self.ask()

    def ask(self) -> None:
        self.task: asyncio.Future[_T] = asyncio.ensure_future(anext(self.items))

    def take(self) -> Item[_S, _T] | None:
        """Give the item that was fetched, or None at the end."""
        try:
            return Item(self.index, self.source, self.task.result())
        except StopAsyncIteration:
            return None
        except Exception as error:  # noqa: BLE001 - the taker decides what becomes of it
            return Item(self.index, self.source, None, error)


class Merge(AsyncIterator[Item[_S, _T]]):
    """The items of all sources, as they come or (`ordered`) source after source.

    `sources` is read only as places free up. An error of one source is an item, and ends that source alone.
    `aclose` cancels what is under way. It is no generator, because those within others cannot be closed by
    their loop's end.
    """

    def __init__(
        self,
        sources: AsyncIterator[_S],
        open_source: Callable[[_S], Closable[_T]],
        *,
        concurrency: int,
        ordered: bool,
    ) -> None:
        self._sources = sources
        self._open_source = open_source
        self._concurrency = concurrency
        self._ordered = ordered
        self._active: list[_Source[_S, _T]] = []
        self._pulling: asyncio.Future[_S] | None = None
        self._drained = False
        self._opened = 0

    async def __anext__(self) -> Item[_S, _T]:
        while self._pull():
            source = await self._next_ready()
            if source is None:
                continue
            item = source.take()
            self._active.remove(source)
            if item is None:
                continue
            if item.error is None:
                source.ask()
                # kept at its place in the order, or sent behind the others so that none starves
                self._active.insert(0 if self._ordered else len(self._active), source)
            return item
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Cancel what is under way, and open nothing more."""
        self._drained = True
        active, self._active = self._active, []
        tasks: list[asyncio.Future[Any]] = [source.task for source in active]
        if self._pulling is not None:
            tasks.append(self._pulling)
            self._pulling = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for source in active:
            await source.items.aclose()

    def _pull(self) -> bool:
        """Ask for another source if there is a place for it; False when all is done."""
        if self._pulling is None and not self._drained and len(self._active) < self._concurrency:
            self._pulling = asyncio.ensure_future(anext(self._sources))
        return bool(self._active) or self._pulling is not None

    async def _next_ready(self) -> _Source[_S, _T] | None:
        """Wait until a source has something; None when a new one came instead."""
        looked_at = self._active[:1] if self._ordered else self._active
        tasks: set[asyncio.Future[Any]] = {source.task for source in looked_at}
        if self._pulling is not None:
            tasks.add(self._pulling)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if self._pulling is not None and self._pulling.done():
            pulled, self._pulling = self._pulling, None
            try:
                source = pulled.result()
            except StopAsyncIteration:
                self._drained = True
            else:
                self._active.append(_Source(self._opened, source, self._open_source(source)))
                self._opened += 1
            return None
        return next(source for source in looked_at if source.task.done())
