"""A harvest on a cluster: each batch is harvested on a worker, and what it found is merged into one file here."""

from __future__ import annotations

import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import distributed

from scenario_async._annotations import evaluable_function
from scenario_async._harvests.harvest import Harvest, HarvestProgress
from scenario_async._harvests.ledger import Ledger
from scenario_async._harvests.merging import without_project
from scenario_async._harvests.start import checked, wanted
from scenario_async._paging.fan_out import FanOutError
from scenario_async._paging.token import search_digest
from scenario_async._support import checks
from scenario_async.dask.batches import batches
from scenario_async.dask.workers import checked_keywords, on_worker

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from scenario_async._harvests.jobs import Wanted
    from scenario_async._paging.fan_out import OnError
    from scenario_async.client import AsyncScenario
    from scenario_async.searches import Search


@evaluable_function
def harvest(
    searches: Iterable[Search[Any]],
    path: str | os.PathLike[str],
    *,
    client: distributed.Client | None = None,
    batch: int = 25,
    concurrency: int = 8,
    max_hits: int | None = None,
    scan: bool = False,
    on_error: OnError = "raise",
    on_progress: Callable[[HarvestProgress], object] | None = None,
    **keywords: Any,  # noqa: ANN401 - what AsyncScenario takes
) -> Harvest:
    """Run many searches on a Dask cluster into one SQLite file on this machine; called again, it goes on.

    Args:
        searches: AssetSearch, ModelSearch and WorkflowSearch values.
        path: the file, as `client.search.harvest` makes it.
        client: the cluster's client; without it, the one that is open here.
        batch: how many searches are a task. A batch is written here when all of it is there.
        concurrency: how many searches of a task are read at once.
        max_hits: the most hits of each search.
        scan: read every hit of each search, also past the 1,000 that engines show.
        on_error: `"raise"` ends at the first batch with a search that fails; `"yield"` goes on, and gives the failed
            ones as `errors`.
        on_progress: a function that is told of each batch that is there, with a `HarvestProgress`.
        keywords: as for `bag`.

    Raises `InvalidSearchError` before any request, `WriteError` for the file, and what a search fails with.
    """
    file = checked(path, max_hits=max_hits, scan=scan, on_error=on_error, on_progress=on_progress)
    work = {
        "keywords": checked_keywords(keywords),
        "options": {
            "concurrency": checks.integer(concurrency, "concurrency", least=1),
            "max_hits": max_hits,
            "scan": scan,
            "on_error": "yield",
        },
    }
    given = [search for part in batches(searches, batch) for search in part]
    project = keywords.get("project_id")
    known = [
        wanted(search, index, project_id=project, scan=scan, max_hits=max_hits)
        for index, search in enumerate(given)
    ]
    ledger = Ledger(file, "")
    ledger.open()
    with closing(ledger):
        merging = _Merging(ledger, given, known)
        parts = list(batches(merging.unread, batch))
        for content, done in _arriving(client, parts, work):
            merging.take(content, done)
            if on_progress is not None:
                on_progress(merging.progress)
            if done.errors and on_error == "raise":
                raise done.errors[0].error
        return merging.result


class _Merging:
    """The file of a harvest, and what came into it."""

    def __init__(self, ledger: Ledger, searches: list[Search[Any]], known: list[Wanted]) -> None:
        numbers = ledger.register(known)
        self._ledger = ledger
        self._numbers = {
            without_project(each.key): number for each, number in zip(known, numbers, strict=True)
        }
        self._places: dict[int, int] = {}
        for index, number in enumerate(numbers):
            self._places.setdefault(number, index)
        unread = ledger.unread({number: known[index] for number, index in self._places.items()})
        self.unread: list[Search[Any]] = [searches[self._places[number]] for number in unread]
        count = len(self._places)
        self.progress = HarvestProgress(searches=count, finished=count - len(unread))
        self._errors: list[FanOutError[Any]] = []

    def take(self, content: bytes, done: Harvest) -> None:
        """Bring in what a batch found."""
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder, "part.sqlite")
            part.write_bytes(content)
            merged = self._ledger.merge(part, self._numbers)
        before = self.progress
        self.progress = attrs.evolve(
            before,
            finished=before.finished + done.searches,
            hits=before.hits + done.hits,
            new=before.new + merged.new,
            changed=before.changed + merged.changed,
            requests=before.requests + done.requests,
        )
        for each in done.errors:
            number = self._numbers[f"{each.search.kind}:{search_digest(each.search)}"]
            self._errors.append(FanOutError(self._places[number], each.search, each.error))

    @property
    def result(self) -> Harvest:
        """What all of it comes to."""
        progress = self.progress
        return Harvest(
            searches=progress.finished,
            hits=self._ledger.counted(self._places),
            new=progress.new,
            changed=progress.changed,
            requests=progress.requests,
            errors=tuple(sorted(self._errors, key=lambda each: each.index)),
        )


def _arriving(
    client: distributed.Client | None, parts: list[tuple[Search[Any], ...]], work: dict[str, Any]
) -> Iterable[tuple[bytes, Harvest]]:
    """Give what each batch found, as it comes; those that are not there yet are given up with the iteration."""
    cluster = cast("Any", client or cast("Any", distributed).get_client())
    futures = cluster.map(partial(_harvested, work=work), parts, pure=False)
    try:
        for future in cast("Any", distributed).as_completed(futures):
            found: tuple[bytes, Harvest] = future.result()
            future.release()
            yield found
    finally:
        cluster.cancel(futures)


def _harvested(searches: tuple[Search[Any], ...], *, work: dict[str, Any]) -> tuple[bytes, Harvest]:
    """Harvest a batch into a file of this worker, and give its content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.sqlite")
        work_here = partial(_found, searches=searches, path=path, options=work["options"])
        done = on_worker(work_here, work["keywords"])
        return path.read_bytes(), done


async def _found(
    client: AsyncScenario, *, searches: tuple[Search[Any], ...], path: Path, options: dict[str, Any]
) -> Harvest:
    return await client.search.harvest(searches, path, **options)
