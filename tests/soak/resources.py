"""What the process holds: tasks, file descriptors, slots and memory; and what it complained of."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._support.portal import portal

if TYPE_CHECKING:
    from scenario_async import AsyncScenario, Scenario

SETTLES: Final = 5.0
DESCRIPTORS: Final = (Path("/proc/self/fd"), Path("/dev/fd"))
STATUS: Final = Path("/proc/self/statm")


@attrs.frozen
class Held:
    """How much is held; `descriptors` are 0 where the system does not tell."""

    tasks: int
    descriptors: int
    sockets: int

    @classmethod
    def now(cls) -> Held:
        """Count, without what waits to be collected."""
        gc.collect()
        names = _descriptors()
        sockets = sum(name.startswith("socket:") for name in names)
        return cls(len(asyncio.all_tasks()) + portal.run(_tasks), len(names), sockets)

    @classmethod
    async def settled(cls, least: Held) -> Held:
        """Count once all is given back, or after some seconds."""
        until = time.monotonic() + SETTLES
        while (held := cls.now()) != least and time.monotonic() < until:
            await asyncio.sleep(0.05)
        return held


async def _tasks() -> int:
    return len(asyncio.all_tasks()) - 1


def _descriptors() -> list[str]:
    for folder in DESCRIPTORS:
        if folder.exists():
            return [str(path.readlink()) if path.is_symlink() else "" for path in folder.iterdir()]
    return []


@attrs.frozen
class Memory:
    """What is allocated after a number of searches: blocks of Python's, and resident bytes."""

    searches: int
    blocks: int
    resident: int

    @classmethod
    def now(cls, searches: int) -> Memory:
        """Measure, without what waits to be collected."""
        gc.collect()
        if STATUS.exists():
            resident = int(STATUS.read_text().split()[1]) * resource.getpagesize()
        else:  # the most it ever was, which has to stay as well
            resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return cls(searches, sys.getallocatedblocks(), resident)


async def taken_slots(client: AsyncScenario, blocking: Scenario) -> int:
    """Count the slots that nobody gave back, on both loops."""

    async def taken(client: Any) -> int:
        semaphore = client._caller.admission.slots.here()
        return int(client.max_concurrency - semaphore._value)

    return await taken(client) + portal.run(lambda: taken(blocking))


class Complaints:
    """Warnings, errors that nobody took, and what loops and loggers tell of; a warning is an error meanwhile."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def listen(self) -> None:
        """Hear all that this process complains of, on the running loop and on that of the blocking client."""
        warnings.simplefilter("error")
        handler = logging.Handler(logging.WARNING)
        handler.addFilter(lambda record: not hasattr(record, "error_type"))  # calls fail here on purpose
        handler.emit = lambda record: self.told.append(f"logged: {record.getMessage()}")  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        sys.unraisablehook = lambda args: self.told.append(
            f"unraisable: {args.exc_value!r} in {args.object!r}"
        )
        threading.excepthook = lambda args: self.told.append(f"in a thread: {args.exc_value!r}")
        self._hear(asyncio.get_running_loop())
        portal.run(self._heard)

    async def _heard(self) -> None:
        self._hear(asyncio.get_running_loop())

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_debug(False)  # it would be the measure of everything
        loop.set_exception_handler(
            lambda _, context: self.told.append(f"a loop: {context['message']} {context.get('exception')!r}")
        )
