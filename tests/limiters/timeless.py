"""An event loop on which time is free: once nothing else is left to do, it is the next moment at once."""

from __future__ import annotations

import asyncio
import selectors
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_P = ParamSpec("_P")
_T = TypeVar("_T")


class TimelessLoop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still while anything can run, and jumps when all wait for time alone."""

    def __init__(self) -> None:
        self.moment = 1000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Tell the moment."""
        return self.moment


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: TimelessLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self._loop.moment += timeout
        return ready


def timeless(test: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, _T]:
    """Run an async test on such a loop."""

    @wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with asyncio.Runner(loop_factory=TimelessLoop) as runner:
            return runner.run(test(*args, **kwargs))

    return run


def now() -> float:
    """Tell the moment of the running loop."""
    return asyncio.get_running_loop().time()


async def settle() -> None:
    """Let everything run that can without time."""
    for _ in range(20):
        await asyncio.sleep(0)
