"""The user's hooks: plain or async, and never able to break the call that they are told of."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar

from scenario_async._support.logger import log
from scenario_async.events import RequestEvent, ResponseEvent, RetryEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from scenario_async._http.transport import Answer
    from scenario_async.errors import APIError
    from scenario_async.events import OnRequest, OnResponse, OnRetry

_PATIENCE: Final = 5.0
_CANCELLED: Final = "was cancelled from within"
_T = TypeVar("_T")


async def on_request(hook: OnRequest, number: int, times: Mapping[str, Any], **call: Any) -> None:  # noqa: ANN401 - see `Observer`
    """Tell that an attempt is about to go out."""
    event = RequestEvent(
        **call,
        attempt=number,
        waited_for_slot=times["waited_for_slot"],
        waited_for_quota=times["waited_for_quota"],
        waited_for_cool_down=times["waited_for_cool_down"],
    )
    await tell(hook, event, name="on_request")


async def on_response(
    hook: OnResponse,
    number: int,
    answer: Answer,
    seconds: float,
    request_id: str | None,
    **call: Any,  # noqa: ANN401 - see `Observer`
) -> None:
    """Tell that a whole reply arrived."""
    event = ResponseEvent(
        **call,
        attempt=number,
        status=answer.status,
        headers=answer.headers,
        request_id=request_id,
        seconds=seconds,
    )
    await tell(hook, event, name="on_response")


async def on_retry(hook: OnRetry, number: int, error: APIError, wait: float, **call: Any) -> None:  # noqa: ANN401 - see `Observer`
    """Tell that another attempt follows."""
    event = RetryEvent(**call, attempt=number, error=error, wait=wait)
    await tell(hook, event, name="on_retry")


async def tell(hook: Callable[[_T], object], event: _T, *, name: str, patience: float = _PATIENCE) -> None:
    """Call a hook and await what it gives, if that is awaitable, for so many seconds at most.

    What goes wrong in it is logged; only a cancellation of the caller's own task, and what ends the program
    (KeyboardInterrupt, SystemExit), passes through.
    """
    try:
        given = _called(hook, event)
        if inspect.isawaitable(given):
            await _within(patience, given)
    except _GivenUpError as error:
        log(
            logging.WARNING,
            "the hook %s %s; the call goes on",
            name,
            error,
            extra={"call_id": getattr(event, "call_id", None)},
        )
    except Exception as error:  # noqa: BLE001 - whatever the user's hook raises
        log(
            logging.WARNING,
            "the hook %s raised %s; the call goes on",
            name,
            type(error).__name__,
            exc_info=error,
            extra={"call_id": getattr(event, "call_id", None)},
        )


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
