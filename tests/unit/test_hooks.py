"""How a hook is told: awaited for a while, and never able to break what it is told of."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from scenario_async._observing.hooks import tell
from scenario_async.events import RequestEvent


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


async def test_an_error_is_one_warning_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """The author of the hook can find the fault."""

    def hook(_: object) -> None:
        raise LookupError("in the hook")

    await tell(hook, None, name="on_response")
    (record,) = caplog.records
    assert record.getMessage() == "the hook on_response raised LookupError; the call goes on"
    assert (record.name, record.levelno) == ("scenario_async", logging.WARNING)
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "in the hook"


async def test_a_failed_hook_is_told_with_its_call(caplog: pytest.LogCaptureFixture) -> None:
    """The record has the id of the call, whether the hook raised or was given up."""

    def failing(_: object) -> None:
        raise LookupError

    async def hanging(_: object) -> None:
        await asyncio.Event().wait()

    event = RequestEvent(method="GET", url="https://api.example/v1/x", attempt=1, call_id="c-1")
    await tell(failing, event, name="on_request")
    await tell(hanging, event, name="on_request", patience=0.02)
    assert [vars(record)["call_id"] for record in caplog.records] == ["c-1", "c-1"]


async def test_a_hook_that_cancels_itself_is_no_cancellation(caplog: pytest.LogCaptureFixture) -> None:
    """A `CancelledError` that nobody asked this task for ends in a warning."""

    async def hook(_: object) -> None:
        inner = asyncio.ensure_future(asyncio.sleep(5))
        inner.cancel()
        await inner

    await tell(hook, None, name="on_request")
    assert _lines(caplog) == ["the hook on_request was cancelled from within; the call goes on"]


async def test_a_timeout_of_the_caller_stays_its_own() -> None:
    """`asyncio.timeout` around the call ends it as a `TimeoutError`, not as a hook that was slow."""

    async def hook(_: object) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await tell(hook, None, name="on_request", patience=30)


async def test_a_task_that_was_cancelled_before_and_went_on_tells_hooks_as_usual(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An old cancellation that was caught is not mistaken for a new one."""
    done: list[str] = []

    async def hook(_: object) -> None:
        raise asyncio.CancelledError

    async def caller() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await tell(hook, None, name="on_request")
            done.append("went on")

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    task.cancel()
    await task
    assert done == ["went on"]
    assert _lines(caplog) == ["the hook on_request was cancelled from within; the call goes on"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_passes_through(ending: type[BaseException]) -> None:
    """A hook may end the program."""

    def hook(_: object) -> None:
        raise ending

    async def caller() -> None:
        await tell(hook, None, name="on_request")

    with pytest.raises(ending):
        asyncio.run(caller())


async def test_many_hooks_at_once_do_not_disturb_each_other() -> None:
    """One that is given up takes no other with it."""
    seen: list[int] = []

    async def hook(number: Any) -> None:
        await (asyncio.Event().wait() if number % 2 else asyncio.sleep(0))
        seen.append(number)

    await asyncio.gather(*(tell(hook, number, name="on_request", patience=0.05) for number in range(20)))
    assert seen == list(range(0, 20, 2))
