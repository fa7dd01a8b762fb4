"""Tables of both clients: of a page, and of all that is read on."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.hits import assets
from support.servers import Arrived, paged

from scenario_async import (
    AssetHit,
    AssetSearch,
    AsyncScenario,
    HitTable,
    InvalidSearchError,
    SearchPage,
    SearchPager,
)

if TYPE_CHECKING:
    from support.faces import Connect, Face
    from support.servers import Serve

SEARCH = AssetSearch(query="q", limit=10)
KEYS: dict[str, Any] = {"api_key": "a", "api_secret": "b"}


def collected(face: Face, of: SearchPage[Any] | SearchPager[Any], **limits: Any) -> HitTable[AssetHit]:
    """Read on from a page or a pager, on either client."""
    reading = cast("Any", of).collect(**limits)
    if not inspect.isawaitable(reading):
        return cast("HitTable[AssetHit]", reading)
    return cast("HitTable[AssetHit]", cast("Any", face).runner.run(reading))


def test_a_page_gives_its_hits_as_a_table(connect: Connect, serve: Serve) -> None:
    """Only its own, and with the class where there are none."""
    server = serve(paged(assets(30)))
    page = connect(server.base_url).page(SEARCH)
    assert isinstance(page.table, HitTable)
    assert page.table.hits == page.hits
    assert (page.table.stopped_because, page.table.duplicates) == (None, 0)
    assert len(server.requests) == 1
    empty = connect(serve(paged([])).base_url).page(SEARCH).table
    assert (len(empty), empty.hit_class) == (0, AssetHit)


def test_collect_reads_to_the_end(connect: Connect, serve: Serve) -> None:
    """From a page, which is not asked for again."""
    server = serve(paged(assets(25)))
    face = connect(server.base_url)
    table = collected(face, face.page(SEARCH))
    assert [hit.id for hit in table] == [each["id"] for each in assets(25)]
    assert (table.stopped_because, table.duplicates, table.hit_class) == ("exhausted", 0, AssetHit)
    assert [body["offset"] for body in server.bodies()] == [0, 10, 20]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_collect_stops_after_so_many_hits(connect: Connect, serve: Serve, prefetch: int) -> None:
    """And says so."""
    face = connect(serve(paged(assets(100))).base_url)
    table = collected(face, face.page(SEARCH), max_hits=15, prefetch=prefetch)
    assert (len(table), table.stopped_because) == (15, "max_hits")


def test_collect_counts_duplicates(connect: Connect, serve: Serve) -> None:
    """Each hit stands in the table once."""
    library = [*assets(15), *assets(3), *assets(5, start=100)]
    face = connect(serve(paged(library)).base_url)
    table = collected(face, face.page(SEARCH))
    assert (len(table), table.duplicates) == (20, 3)


def test_limits_are_checked(connect: Connect, serve: Serve) -> None:
    """As those of iterations are."""
    face = connect(serve(paged(assets(5))).base_url)
    page = face.page(SEARCH)
    with pytest.raises(InvalidSearchError, match="max_hits"):
        collected(face, page, max_hits=-1)


async def test_a_pager_collects_and_tells_of_it(serve: Serve) -> None:
    """The pager's own status is that of the reading; no page size asks for the largest pages."""
    server = serve(paged(assets(120)))
    async with AsyncScenario(**KEYS, base_url=server.base_url) as client:
        pager = client.search.asset_search(query="q")
        table = await pager.collect(prefetch=1)
        assert (len(table), table.stopped_because) == (120, "exhausted")
        assert (pager.stopped_because, pager.duplicates) == ("exhausted", 0)
        assert [body["limit"] for body in server.bodies()] == [100, 100]
        some = await client.search.asset_search(query="q").collect(max_hits=7)
        assert (len(some), some.stopped_because) == (7, "max_hits")
        resumed = await client.search.resume(pager.resume_token, AssetSearch(query="q")).collect()
        assert len(resumed) == 0
        assert resumed.hit_class is AssetHit


async def test_closing_a_pager_ends_its_collecting(serve: Serve) -> None:
    """Another task that collects gets what has come, and no reason."""
    arrived, release = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    script = paged(assets(100))

    def slow(request: Arrived) -> Any:
        if request.body["offset"]:
            loop.call_soon_threadsafe(arrived.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)
        return script(request)

    async with AsyncScenario(**KEYS, base_url=serve(slow).base_url) as client:
        pager = client.search.run(SEARCH)
        task = asyncio.create_task(pager.collect())
        await arrived.wait()
        await pager.aclose()
        release.set()
        table = await task
    assert (len(table), table.stopped_because) == (10, None)
