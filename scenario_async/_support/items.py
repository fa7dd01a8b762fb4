"""Iterators over what a generator gives, which say what they are of, and what people forget with them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from scenario_async._support.hints import AWAIT, FOR, instead

_T = TypeVar("_T")


class AsyncItems(AsyncGenerator[_T]):
    """An async generator: `async for` takes from it, `aclose()` stops early."""

    # A slot in place of a method: its value is called without a step of ours, for each item.
    __slots__ = () if TYPE_CHECKING else ("__anext__", "__dict__", "__weakref__")

    def __init__(self, items: AsyncGenerator[_T], name: str | None = None) -> None:
        self._items = items
        self._name = name
        if not TYPE_CHECKING:
            self.__anext__ = items.__anext__

    def __aiter__(self) -> AsyncGenerator[_T]:
        return self

    def asend(self, value: None, /) -> Coroutine[Any, Any, _T]:
        """Give the next item, as async generators do."""
        return self._items.asend(value)

    def athrow(self, *error: Any) -> Coroutine[Any, Any, _T]:  # noqa: ANN401 - as the protocol has it
        """Raise an error where the iteration stands, as async generators do."""
        return self._items.athrow(*error)

    async def aclose(self) -> None:
        """Cancel what is under way."""
        await self._items.aclose()

    def __repr__(self) -> str:
        return f"<{self._name}>"

    if not TYPE_CHECKING:  # checkers refuse it by themselves
        __iter__ = instead(FOR)
        __await__ = instead(AWAIT)


class Items(Generator[_T, None, None]):
    """A generator that several threads may take from: each item goes to one of them; `close()` stops early."""

    def __init__(self, items: Generator[_T, None, None], name: str) -> None:
        self._items = items
        self._name = name
        self._turn = RLock()

    def __next__(self) -> _T:
        with self._turn:
            return next(self._items)

    def send(self, value: None, /) -> _T:
        """Give the next item, as generators do."""
        with self._turn:
            return self._items.send(value)

    def throw(self, *error: Any) -> _T:  # noqa: ANN401 - as the protocol has it
        """Raise an error where the iteration stands, as generators do."""
        with self._turn:
            return self._items.throw(*error)

    def close(self) -> None:
        """Cancel what is under way, once a thread that waits for an item has it."""
        with self._turn:
            self._items.close()

    def __repr__(self) -> str:
        return f"<{self._name}>"
