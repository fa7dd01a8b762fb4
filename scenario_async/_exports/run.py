"""An export under way: pages are asked for, and each is put away before it counts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._exports.carrying import Carried
from scenario_async._exports.export import Export, ExportProgress
from scenario_async._support.errands import Errands

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._exports.asking import Asking
    from scenario_async._exports.sink import Sink
    from scenario_async._paging.page import LinkedPage

_TICK: Final = 1.0
"""Seconds after which a wait, or the making of the file, is told of again."""


@attrs.frozen(kw_only=True, eq=False)
class Plan:
    """What is asked of an export, checked."""

    asked: Asking
    sink: Sink
    max_hits: int | None
    on_progress: Callable[[ExportProgress], object] | None


class Run(Carried[Export, ExportProgress]):
    """An export under way."""

    a_work, the_work = "an export", "the export"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.on_progress)
        self._plan = plan
        self._sink = plan.sink
        self._begun = False
        self._asking: asyncio.Task[LinkedPage[Any] | None] | None = None
        self._finishing: asyncio.Task[None] | None = None
        self._errands: tuple[asyncio.AbstractEventLoop, Errands] | None = None
        self._total: int | None = None
        self._finished = False

    async def open(self) -> None:
        """Find out where to begin, or to go on."""
        await self._do(self._sink.open)

    async def advance(self) -> ExportProgress | None:
        """Go on until there is something to tell; None at the end."""
        if self._finished:
            return None
        if self._sink.end is None:
            await self._read_on()
        else:
            await self._write_on()
        return self._progress()

    async def _close(self) -> None:
        self._sink.stop()
        async with AsyncExitStack() as closing:
            closing.callback(self._close_errands)
            closing.push_async_callback(self._do, self._sink.close)
            closing.push_async_callback(self._plan.asked.aclose)
            under_way = [task for task in (self._asking, self._finishing) if task is not None]
            if self._asking is not None:
                self._asking.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _close_errands(self) -> None:
        if self._errands is not None:
            self._errands[1].close()

    def kept(self) -> str:
        """Tell what is kept, and how to go on."""
        return self._sink.kept()

    async def _read_on(self) -> None:
        """Read a page and put it away, or return while a 429 is waited out."""
        here, asked = asyncio.get_running_loop(), self._plan.asked
        if self._asking is None or self._asking.get_loop() is not here:  # a loop that has ended took it along
            if not self._begun or self._asking is not None:
                asked.begin(self._sink)
                self._begun = True
            self._asking = here.create_task(asked.next_page())
        while not self._asking.done():
            await asyncio.wait({self._asking}, timeout=_TICK)
            if not self._asking.done() and asked.source.waiting:
                return
        asking, self._asking = self._asking, None
        page, sink = asking.result(), self._sink
        if page is not None:
            self._hint(page)
        portion = asked.portion(page, sink)
        await self._do(partial(sink.append, sink.prepared(portion)))
        sink.next, sink.end = portion.next, portion.end

    async def _write_on(self) -> None:
        """Make the file, or return while it is being made."""
        here = asyncio.get_running_loop()
        if self._finishing is None or self._finishing.get_loop() is not here:
            self._finishing = here.create_task(self._do(self._sink.finish))
        await asyncio.wait({self._finishing}, timeout=_TICK)
        if self._finishing.done():
            self._finishing.result()
            self._finished = True
            self.result = self._export()

    def _export(self) -> Export:
        sink = self._sink
        assert sink.end is not None  # noqa: S101 - it was read to its end
        return Export(
            path=sink.path,
            hits=sink.hits,
            pages=sink.pages,
            requests=self._plan.asked.source.spent.requests,
            stopped_because=sink.end,
        )

    def _hint(self, page: LinkedPage[Any]) -> None:
        hint = self._plan.asked.total(page)
        if hint is not None:
            most = hint if self._plan.max_hits is None else min(hint, self._plan.max_hits)
            self._total = most

    def _progress(self) -> ExportProgress:
        source, sink = self._plan.asked.source, self._sink
        total = sink.hits if sink.end is not None else self._total
        return ExportProgress(
            hits=sink.hits,
            pages=sink.pages,
            requests=source.spent.requests,
            total=total if total is None else max(total, sink.hits),
            waiting=source.waiting if sink.end is None else 0.0,
            written=sink.written,
        )

    async def _do(self, work: Callable[[], object]) -> None:
        """Do what blocks in a thread that does one thing after another, also if it is cancelled meanwhile."""
        here = asyncio.get_running_loop()
        if self._errands is None or self._errands[0] is not here:
            self._errands = here, Errands(1, "export")
        await self._errands[1].do(work)
