"""What ends with an event loop, and what a forked process has to begin anew."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class PerLoop(WeakKeyDictionary[asyncio.AbstractEventLoop, _T]):
    """One object for each event loop that asks, made on first use and gone with the loop.

    Locks and semaphores of asyncio serve one loop only. Only a loop's own thread asks for its object, so there is
    nothing to lock.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        super().__init__()
        self._make = make

    def here(self) -> _T:
        """Give the running loop's object."""
        loop = asyncio.get_running_loop()
        found = self.get(loop)
        if found is None:
            found = self[loop] = self._make()
        return found


class ResetAfterFork(Protocol):
    """Something with locks that another thread may hold at a fork, or with its parent's loops and sockets."""

    def reset_after_fork(self) -> None:
        """Begin anew; called in the child."""
        ...


_TO_RESET: Final[WeakSet[ResetAfterFork]] = WeakSet()


def reset_after_fork(thing: ResetAfterFork) -> None:
    """Have something reset in every child that is forked from now on, for as long as it lives."""
    _TO_RESET.add(thing)


def _reset_all() -> None:
    for thing in list(_TO_RESET):
        thing.reset_after_fork()


LOADING: Final = threading.RLock()
"""Held while something is imported on first use. Forks wait for it: a child that came from the middle of an import would
wait for ever for the lock of that module, which a thread of its parent holds.
"""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LOADING.acquire, after_in_parent=LOADING.release, after_in_child=LOADING.release
    )
    os.register_at_fork(after_in_child=_reset_all)
