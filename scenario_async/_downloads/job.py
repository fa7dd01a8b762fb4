"""What a download has to do: the plan of all of it, the files one by one, and where they are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from scenario_async._downloads.download import Download
from scenario_async._downloads.wanted import Wanted
from scenario_async._support.hints import is_async
from scenario_async.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
    from pathlib import Path

    from scenario_async._downloads.addresses import Rendition
    from scenario_async._downloads.download import DownloadProgress, DownloadStatus
    from scenario_async._downloads.manifest import Entry
    from scenario_async._downloads.names import Template


@attrs.define(eq=False)
class Job:
    """A file that is wanted: the stem of its name, its address as it is now, and who else asked for it."""

    wanted: Wanted
    stem: str
    url: str | None = attrs.field(repr=False)
    renewals: int = 0
    twins: list[Wanted] = attrs.field(factory=list[Wanted])


@attrs.frozen(kw_only=True)
class Plan:
    """What is asked of a download, checked."""

    folder: Path
    template: Template
    rendition: Rendition
    concurrency: int
    sidecar: bool
    on_progress: Callable[[DownloadProgress], object] | None = None


def ended(
    job: Job, outcome: Entry | ScenarioError, status: DownloadStatus, folder: Path
) -> Iterator[Download[Any]]:
    """Give what became of a file, for each who asked for it: for all but the first it is there already."""
    for each in (job.wanted, *job.twins):
        if isinstance(outcome, ScenarioError):
            yield Download(hit=each.given, status="failed", error=outcome)
            continue
        assert outcome.path is not None  # noqa: S101 - it is saved
        yield Download(
            hit=each.given,
            path=folder / outcome.path,
            status=status,
            bytes=outcome.bytes,
            sha256=outcome.sha256,
        )
        status = "present"


def unknown(job: Job) -> ScenarioError:
    """Give the error of a file that the service gives no address for."""
    reason = "its address has expired" if job.wanted.url is not None else "its address is not known"
    return ScenarioError(
        f"{job.wanted.key.id}: {reason}, and the service gives none for the asset {job.wanted.asset_id}: it is gone, or "
        "not for this account"
    )


async def each_of(hits: Iterable[object] | AsyncIterable[object]) -> AsyncGenerator[object]:
    """Read what a caller gave, whether it is asynchronous or not."""
    if not is_async(hits):
        for hit in cast("Iterable[object]", hits):
            yield hit
        return
    items = aiter(cast("AsyncIterable[object]", hits))
    try:
        async for hit in items:
            yield hit
    finally:
        close = getattr(items, "aclose", None)
        if close is not None and items is not hits:
            await close()
