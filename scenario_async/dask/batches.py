"""Searches in, hits out: a task is a batch of searches, which go through `fan_out`."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from scenario_async._annotations import evaluable_function
from scenario_async._support import checks
from scenario_async._tables.optional import found, needed
from scenario_async._tables.table import HitTable
from scenario_async.dask.workers import checked_keywords, on_worker
from scenario_async.errors import InvalidSearchError
from scenario_async.models import Hit
from scenario_async.searches import Search

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from dask.bag import Bag

    from scenario_async._paging.fan_out import FanOutHit
    from scenario_async.client import AsyncScenario

_HitT = TypeVar("_HitT", bound=Hit)


@evaluable_function
def bag(
    searches: Iterable[Search[Any]],
    *,
    batch: int = 25,
    concurrency: int = 8,
    max_hits: int | None = None,
    **keywords: Any,  # noqa: ANN401 - what AsyncScenario takes
) -> Bag:
    """Give a bag of the hits of many searches, in the order of the searches; a partition for each batch.

    Args:
        searches: AssetSearch, ModelSearch and WorkflowSearch values.
        batch: how many searches are a task.
        concurrency: how many searches of a task are under way at once.
        max_hits: the most hits of each search.
        keywords: what the workers' clients take, such as `base_url`, `project_id` or `rate_limit`: a `DaskRateLimit`
            or a `RedisRateLimit`, by default `DaskRateLimit(100, 60)`. Keys are not among them: they come from the
            environment of the workers.

    Nothing is asked before the bag is computed. A search that fails fails its task, with an `APIError`.
    """
    work = _work(concurrency, max_hits, keywords)
    run = needed("dask.delayed", "a bag").delayed(_hits, pure=False)
    parts = [run(each, work) for each in batches(searches, batch)]
    made: Bag = needed("dask.bag", "a bag").from_delayed(parts or [run((), work)])
    return made


@evaluable_function
def dataframe(
    searches: Iterable[Search[_HitT]],
    *,
    batch: int = 25,
    concurrency: int = 8,
    max_hits: int | None = None,
    **keywords: Any,  # noqa: ANN401 - what AsyncScenario takes
) -> Any:  # noqa: ANN401 - a DataFrame of Dask, which has no types
    """Give a DataFrame of Dask with the hits of many searches of one kind, in the columns of `HitTable.to_pandas`.

    It takes what `bag` takes. It needs `dask[dataframe]`. Nothing is asked before it is computed.
    """
    frames = found("dask.dataframe")
    if frames is None:
        raise ImportError('a DataFrame needs more of Dask; run: pip install "dask[dataframe]"', name="dask")
    given = list(searches)
    classes = {each.hit_class for each in given}
    if len(classes) != 1:
        kinds = ", ".join(sorted(each.__name__ for each in classes)) or "none"
        raise InvalidSearchError(
            f"searches: a DataFrame needs searches of one kind of hits, and these are {kinds}",
            parameter="searches",
        )
    hit_class: Any = classes.pop()
    work = _work(concurrency, max_hits, keywords)
    run = needed("dask.delayed", "a DataFrame").delayed(_frame, pure=False)
    parts = [run(each, work, hit_class) for each in batches(given, batch)]
    return frames.from_delayed(parts, meta=HitTable[Any]([], hit_class).to_pandas(), verify_meta=False)


def batches(searches: Iterable[Search[Any]], size: int) -> Iterator[tuple[Search[Any], ...]]:
    """Cut searches into batches; what is no search is an `InvalidSearchError`."""
    size = checks.integer(size, "batch", least=1) or 1
    left = iter(searches)
    while each := tuple(islice(left, size)):
        for search in each:
            if not isinstance(cast("object", search), Search):
                checks.refuse(
                    "searches", search, "it must hold AssetSearch, ModelSearch or WorkflowSearch values"
                )
        yield each


def _work(concurrency: int, max_hits: int | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a task takes, before anything goes to a cluster."""
    return {
        "concurrency": checks.integer(concurrency, "concurrency", least=1),
        "max_hits": checks.integer(max_hits, "max_hits", least=0),
        "keywords": checked_keywords(keywords),
    }


def _hits(searches: tuple[Search[Any], ...], work: dict[str, Any]) -> list[Hit]:
    options = {name: work[name] for name in ("concurrency", "max_hits")}
    return on_worker(partial(_found, searches=searches, options=options), work["keywords"])


def _frame(searches: tuple[Search[Any], ...], work: dict[str, Any], hit_class: type[Hit]) -> Any:  # noqa: ANN401
    return HitTable[Any](_hits(searches, work), hit_class).to_pandas()


async def _found(
    client: AsyncScenario, *, searches: tuple[Search[Any], ...], options: dict[str, Any]
) -> list[Hit]:
    by_search = defaultdict[int, list[Hit]](list)
    items = cast("AsyncIterator[FanOutHit[Any]]", client.search.fan_out(searches, **options))
    async for item in items:
        by_search[item.index].append(item.hit)
    return [hit for index in sorted(by_search) for hit in by_search[index]]
