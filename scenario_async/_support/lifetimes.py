"""What ends with an event loop, and what a forked process has to begin anew."""

from __future__ import annotations

import asyncio
import os
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from scenario_async.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

_T = TypeVar("_T")


def running_loop() -> asyncio.AbstractEventLoop:
    """Give the event loop that runs here; `ScenarioError` where none of asyncio's does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        missing = no_loop()
    raise missing


def no_loop() -> ScenarioError:
    """Make the error of an async call where no loop of asyncio's runs."""
    reason = "the async client needs a running event loop of asyncio"
    return ScenarioError(
        f"{reason}; under trio, and where no loop runs, use Scenario, in a thread of its own"
    )


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
        loop = running_loop()
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


class ClosedOnce(ABC):
    """Something that is closed by one task, which runs to its end even when all who wait for it are cancelled."""

    _closing: asyncio.Task[None] | None = None

    @abstractmethod
    async def _close(self) -> None:
        """Close it; each step is made, also after one that fails or is cancelled."""

    async def aclose(self) -> None:
        """Give up what is under way, let go of what was opened, and wait until that is done.

        The first who asks begins it, and the others wait for the same end. On another event loop it is begun anew.
        """
        here = asyncio.get_running_loop()
        if self._closing is None or self._closing.get_loop() is not here:
            self._closing = here.create_task(self._close())
        await asyncio.shield(self._closing)


class KeptOpen(Generic[_T]):
    """One thing for each event loop that is opened there, and closed by the loop's end or by `aclose`.

    `keeper` makes an async generator that opens it, gives it, and in the end closes it: loops close their generators
    when they end. It gives before it suspends. `open` has what is open on each loop.
    """

    def __init__(self, keeper: Callable[[], AsyncGenerator[_T]]) -> None:
        self._keeper = keeper
        self._begin()
        reset_after_fork(self)

    def _begin(self) -> None:
        self.open: WeakKeyDictionary[asyncio.AbstractEventLoop, _T] = WeakKeyDictionary()
        self._keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[_T]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def reset_after_fork(self) -> None:
        """Let go of all without closing anything: it belongs to the process that was forked."""
        _OF_THE_PARENT.append((self.open, self._keepers))
        self._begin()

    @property
    def any_open(self) -> bool:
        """Whether something is open on a loop that has not ended."""
        return any(not loop.is_closed() for loop in list(self._keepers))

    async def opened(self) -> _T:
        """Open one for the running loop."""
        keeper = self._keeper()
        given = await anext(keeper)  # does not suspend, so no second one is opened meanwhile
        with self._lock:
            for ended in [other for other in self._keepers if other.is_closed()]:
                del self._keepers[ended]
                self.open.pop(ended, None)
            loop = asyncio.get_running_loop()
            self._keepers[loop], self.open[loop] = keeper, given
        return given

    async def aclose(self) -> None:
        """Close all; those of other running loops close there, soon. Interrupted, it can be done again."""
        here = asyncio.get_running_loop()
        for loop in list(self._keepers):
            with self._lock:
                self.open.pop(loop, None)
                keeper = self._keepers.pop(loop, None)
            if keeper is None:  # another caller closes it
                continue
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(keeper.aclose(), loop)


_OF_THE_PARENT: Final[list[object]] = []


def _reset_all() -> None:
    for thing in list(_TO_RESET):
        thing.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
