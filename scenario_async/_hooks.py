"""The user's hooks: plain or async, and never able to break the call that they are told of."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG: Final = logging.getLogger("scenario_async")
_PATIENCE: Final = 5.0
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
    task = asyncio.current_task()
    cancellations = task.cancelling() if task is not None else 0
    try:
        given = hook(event)
        if inspect.isawaitable(given):
            async with asyncio.timeout(patience):
                await given
    except asyncio.CancelledError:
        if task is None or task.cancelling() > cancellations:
            raise
        _LOG.warning("the hook %s was cancelled from within; the call goes on", name)
    except TimeoutError:
        _LOG.warning("the hook %s took longer than %s s and was given up; the call goes on", name, patience)
    except Exception as error:  # noqa: BLE001 - whatever the user's hook raises
        _LOG.warning("the hook %s raised %s; the call goes on", name, type(error).__name__, exc_info=error)
