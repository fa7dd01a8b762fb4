"""Where a download begins: what a caller asks for is checked, and what comes of it is handed out."""

from __future__ import annotations

import asyncio
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from scenario_async._downloads.addresses import Rendition
from scenario_async._downloads.job import Plan
from scenario_async._downloads.names import Template
from scenario_async._downloads.run import Run
from scenario_async._downloads.wanted import check_several
from scenario_async._support import checks
from scenario_async._support.lifetimes import running_loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable

    from scenario_async._calls.call import Caller
    from scenario_async._downloads.download import Download, DownloadProgress

_T = TypeVar("_T")
_FOLDER: Final = "it must be the path of a folder, which is made if it is not there"
_TICK: Final = 0.1
_MOST_PATIENCE: Final = 1.0


def begun(
    caller: Caller,
    hits: object,
    folder: object,
    *,
    name: object,
    width: object,
    format: object,
    quality: object,
    concurrency: object,
    sidecar: object,
    on_progress: Callable[[DownloadProgress], object] | None,
) -> Run:
    """Give a download that waits to be opened; `InvalidSearchError` for what cannot be done."""
    caller.check_open()
    check_several(hits)
    place = checks.path(folder, "folder", _FOLDER)
    at_once = checks.integer(concurrency, "concurrency", least=1)
    if at_once is None:
        checks.refuse("concurrency", concurrency, "it must be an int")
    checks.callback(on_progress, "on_progress", "a DownloadProgress")
    plan = Plan(
        folder=Path(place).absolute(),
        template=Template.read(name),
        rendition=Rendition.checked(width, format, quality),
        concurrency=at_once,
        sidecar=bool(checks.truth(sidecar, "sidecar")),
        on_progress=on_progress,
    )
    return Run(caller, plan)


async def downloading(
    run: Run, hits: Iterable[object] | AsyncIterable[object]
) -> AsyncGenerator[Download[Any]]:
    """Carry out a download, and give what becomes of each file."""
    running_loop()
    feeding: asyncio.Task[None] | None = None
    try:
        await run.open()
        feeding = asyncio.create_task(run.feed(hits))
        while (downloads := await run.take()) is not None:
            for download in downloads:
                run.tell(download)
                yield download
    finally:
        if feeding is not None:
            feeding.cancel()
        try:  # whoever is cancelled twice closes as well
            if feeding is not None:
                await asyncio.gather(feeding, return_exceptions=True)
        finally:
            await run.aclose()


class Input(Generic[_T]):
    """What there is to download, read one by one in the calling thread, which nobody hands results to meanwhile.

    So before an item is asked for, results have as long to come as items take: `patience`. An iterator may have a method
    `waits`, which tells that its next item is not there yet: then results have a little time, again and again.
    """

    def __init__(self, hits: Iterable[_T]) -> None:
        self._items = iter(hits)
        self._waits: Callable[[], bool] | None = getattr(hits, "waits", None)
        self._took = 0.0

    @property
    def patience(self) -> float:
        """How long to wait for results before the next item is read."""
        if self._waits is not None:
            return _TICK if self._waits() else 0.0
        return min(self._took, _MOST_PATIENCE)

    @property
    def ready(self) -> bool:
        """Whether an item is to be asked for now."""
        return self._waits is None or not self._waits()

    def read(self) -> list[_T]:
        """Give the next item; nothing at the end."""
        began = time.monotonic()
        items = list(islice(self._items, 1))
        self._took = time.monotonic() - began
        return items
