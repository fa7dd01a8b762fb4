"""`--output`: a file that is made of a journal beside it, so that an interruption loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scenario_async._support.counting import counted
from scenario_async.cli.progress import hint
from scenario_async.cli.reading import announce
from scenario_async.cli.saying import say
from scenario_async.errors import APIError
from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from scenario_async import Scenario
    from scenario_async._exports.export import ExportProgress
    from scenario_async.cli.extent import Extent
    from scenario_async.cli.progress import Progress
    from scenario_async.cli.writing import Wish
    from scenario_async.searches import Search


class _Watch:
    """What an export tells: its price when the first page is in, and then how far it is."""

    def __init__(self, extent: Extent, progress: Progress, *, size: int, skipped: int) -> None:
        self._extent = extent
        self._progress = progress
        self._size = size
        self._skipped = skipped
        self._before: int | None = None
        self.hits = 0
        self.total: int | None = None

    def __call__(self, now: ExportProgress) -> None:
        self.hits, self.total = now.hits, self.total if now.total is None else now.total
        if self._before is None and now.requests and self.total is not None:
            self._before = max(now.hits - self._size, 0)  # of an earlier run
            left = self.total - self._before - (0 if self._extent.max_hits else self._skipped)
            price = self._extent.price(left, self._size) if self._extent.several else ""
            announce(price)
            if price:
                self._progress.begin(self._before + self._extent.hits(left, self._size))
        self._progress.stand(now.hits, now.pages, now.waiting)


def export(client: Scenario, search: Search[Any], extent: Extent, wish: Wish, progress: Progress) -> None:
    """Read into a file, and say on a terminal what is there now."""
    size = search.limit or search.hits_per_page or LARGEST_PAGE
    watch = _Watch(extent, progress, size=size, skipped=search.offset or 0)
    path, how = wish.kept, wish.how
    if path is None or how is None:
        raise AssertionError("an export has a file and a format")
    try:
        done = client.search.export(
            search,
            path,
            format=how.name,
            max_hits=extent.most_hits(search.limit or search.hits_per_page),
            resume=wish.resume,
            overwrite=wish.overwrite,
            flat=wish.flat,
            prefetch=0,  # the price is to hold
            on_progress=watch,
        )
    except APIError as error:  # others tell it themselves
        if watch.hits:
            error.add_note(
                f"{counted(watch.hits, 'hit is', 'hits are')} kept: the same line with --resume goes on behind them"
            )
        raise
    finally:
        progress.end()
    cut = done.stopped_because == "max_hits"
    if cut and extent.cut_by_requests(done.hits, size):
        said = f"stopped after {counted(extent.max_requests or 0, 'request')} (--max-requests), {counted(done.hits, 'hit')} in {path}"
        say(f"{said}; a larger --max-requests with --overwrite reads more")
    else:
        rest = "; there may be more: --all reads all of them" if cut and not extent.several else ""
        hint(f"{path} has {counted(done.hits, 'hit')}{rest}")
