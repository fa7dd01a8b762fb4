"""The user's hooks: plain or async, and never able to break the call that they are told of."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LOG: Final = logging.getLogger("scenario_async")
_PATIENCE: Final = 5.0
_CANCELLED: Final = "was cancelled from within"
_T = TypeVar("_T")


async def tell(
    hook: Callable[[_T], object] | None, event: _T, *, name: str, patience: float = _PATIENCE
) -> None:
    """Call a hook and await what it gives, if that is awaitable, for so many seconds at most.

    What goes wrong in it is logged; only a cancellation of the caller's own task, and what ends the program
    (KeyboardInterrupt, SystemExit), passes through.
    """
    if hook is None:
        return
    try:
        given = _called(hook, event)
        if inspect.isawaitable(given):
            await _within(patience, given)
    except _GivenUpError as error:
        _LOG.warning("the hook %s %s; the call goes on", name, error)
    except Exception as error:  # noqa: BLE001 - whatever the user's hook raises
        _LOG.warning("the hook %s raised %s; the call goes on", name, type(error).__name__, exc_info=error)


class _GivenUpError(Exception):
    """A hook has come to no end of its own."""


def _called(hook: Callable[[_T], object], event: _T) -> object:
    try:
        return hook(event)
    except asyncio.CancelledError:
        raise _GivenUpError(_CANCELLED) from None


async def _within(seconds: float, awaitable: Awaitable[object]) -> None:
    """Await it in a task of its own, so that a cancellation of the call is never the hook's to swallow."""
    task = asyncio.ensure_future(_awaited(awaitable))
    task.add_done_callback(_looked_at)
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0)  # it may end by itself now, but nobody waits for that
            raise _GivenUpError(f"took longer than {seconds} s and was given up")
        if task.cancelled():
            raise _GivenUpError(_CANCELLED)
        task.result()
    finally:
        task.cancel()


async def _awaited(awaitable: Awaitable[object]) -> None:
    await awaitable


def _looked_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # of a hook that was given up, nobody else would look at it
