"""What belongs to an event loop, because locks and semaphores serve one loop only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class PerLoop(Generic[_T]):
    """One object for each event loop that asks, made on first use and gone with the loop."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _T] = WeakKeyDictionary()

    def get(self) -> _T:
        """Give the running loop's object; only that loop's thread asks for it, so there is nothing to lock."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        if found is None:
            found = self._by_loop[loop] = self._make()
        return found
