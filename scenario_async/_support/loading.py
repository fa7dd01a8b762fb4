"""The lock of imports on first use."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from scenario_async.errors import ScenarioError

if TYPE_CHECKING:
    from types import TracebackType

_IN_THE_MIDDLE: Final = (
    "a signal handler or a finaliser made a call in the middle of loading what that call needs: "
    "call scenario_async.preload() at the start of the program"
)


class Loading:
    """Held while something is imported on first use, and while a name is taken from it.

    Forks wait for it: a child that came from the middle of an import would wait for ever for the lock of that module,
    which a thread of its parent holds. A signal handler or a finaliser may come in the middle as well, in the thread
    that holds it: `ScenarioError` if it wants a module that is only half there.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._here = threading.local()
        if hasattr(os, "register_at_fork"):
            release = self._lock.release
            os.register_at_fork(before=self._lock.acquire, after_in_parent=release, after_in_child=release)

    @property
    def by_this_thread(self) -> bool:
        """Whether this thread is loading something: nobody it waits for may load anything."""
        return self._depth > 0

    @property
    def _depth(self) -> int:
        return getattr(self._here, "depth", 0)

    def __enter__(self) -> None:
        self._here.depth = self._depth + 1
        try:
            self._lock.acquire()
        except BaseException:
            self._here.depth -= 1
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        self._here.depth -= 1
        if self.by_this_thread and _is_of_half_a_module(error):
            raise ScenarioError(_IN_THE_MIDDLE) from error


def _is_of_half_a_module(error: BaseException | None) -> bool:
    return isinstance(error, (AttributeError, ImportError)) and "partially initialized" in str(error)


LOADING: Final = Loading()
