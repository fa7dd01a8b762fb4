"""Where a download begins: what a caller asks for is checked, and what comes of it is handed out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

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
    place = _path(folder)
    at_once = checks.integer(concurrency, "concurrency", least=1)
    if at_once is None:
        checks.refuse("concurrency", concurrency, "it must be an int")
    if on_progress is not None and not callable(on_progress):
        checks.refuse("on_progress", on_progress, "it must be a function of a DownloadProgress")
    plan = Plan(
        folder=place,
        template=Template.read(name),
        rendition=Rendition.checked(width, format, quality),
        concurrency=at_once,
        sidecar=bool(checks.truth(sidecar, "sidecar")),
        on_progress=on_progress,
    )
    return Run(caller, plan)


def _path(folder: object) -> Path:
    try:
        path = os.fsdecode(cast("str", folder))
    except TypeError:
        path = ""
    if not path or isinstance(folder, bytes):
        checks.refuse("folder", folder, "it must be the path of a folder, which is made if it is not there")
    return Path(path).absolute()


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
