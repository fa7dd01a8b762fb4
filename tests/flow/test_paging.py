"""Iteration: each hit once, and an end, whatever the server makes of totals and positions."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from support.hits import asset, assets
from support.servers import Arrived, paged, serving

from scenario_async import AssetSearch, AsyncScenario, InvalidSearchError, Scenario, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Connect
    from support.servers import Serve

    from scenario_async import Search

SIXTY = assets(60)
IDS = [hit["id"] for hit in SIXTY]
MODES = {
    "no size": AssetSearch(query="q"),
    "limit": AssetSearch(query="q", limit=7),
    "a size that fits": AssetSearch(query="q", limit=20),
    "page": AssetSearch(query="q", hits_per_page=7),
    "page that fits": AssetSearch(query="q", page=1, hits_per_page=20),
}
TOTALS: dict[str, Callable[[int], int | None]] = {
    "true": lambda real: real,
    "too small": lambda _: 3,
    "zero": lambda _: 0,
    "far too large": lambda real: real * 1000,
    "absent": lambda _: None,
}


@pytest.mark.parametrize("prefetch", [0, 1, 5])
@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("mode", MODES)
def test_each_hit_comes_once_whatever_the_total(
    connect: Connect, serve: Serve, mode: str, total: str, prefetch: int
) -> None:
    """Totals are hints: iteration reads on to the end, and no further."""
    server = serve(paged(SIXTY, TOTALS[total]))
    found = connect(server.base_url).hits(MODES[mode], prefetch=prefetch)
    assert found.ids == IDS
    assert found.duplicates == 0
    assert found.stopped_because in ("exhausted", "empty_page")


@pytest.mark.parametrize("mode", MODES)
def test_pages_hold_the_same_hits_as_the_iteration_of_hits(connect: Connect, serve: Serve, mode: str) -> None:
    """Page by page gives what hit by hit gives."""
    face = connect(serve(paged(SIXTY)).base_url)
    pages = face.pages(MODES[mode], prefetch=2)
    assert pages.ids == IDS
    assert all(page.hits for page in pages.items)


@pytest.mark.parametrize("prefetch", [0, 4])
@pytest.mark.parametrize("mode", ["limit", "page", "no size"])
def test_a_first_page_repeated_for_ever_ends(
    connect: Connect, serve: Serve, mode: str, prefetch: int
) -> None:
    """A server that ignores where a page begins is noticed by its second page."""

    def script(request: Arrived) -> Any:
        size = request.body.get("limit") or request.body.get("hitsPerPage") or 20
        return {"hits": assets(size), "offset": 0, "limit": size, "estimatedTotalHits": 10**6}

    server = serve(script)
    found = connect(server.base_url).hits(MODES[mode], prefetch=prefetch)
    assert found.stopped_because == "repeated_page"
    assert len(found.ids) == len(set(found.ids)) > 0
    assert found.duplicates > 0
    assert len(server.requests) <= 3 + prefetch


@pytest.mark.parametrize("inserted", [1, 3])
@pytest.mark.parametrize("mode", ["limit", "page"])
def test_hits_inserted_between_pages_cost_no_hit(
    connect: Connect, serve: Serve, mode: str, inserted: int
) -> None:
    """New hits at the front shift the others; each old one still comes, and none comes twice."""
    library = list(SIXTY)
    lock = threading.Lock()

    def script(request: Arrived) -> Any:
        with lock:
            reply = paged(library)(request)
            library[:0] = assets(inserted, start=10_000 + len(library))
        return reply

    found = connect(serve(script).base_url).hits(MODES[mode])
    assert [identifier for identifier in found.ids if identifier in IDS] == IDS
    assert len(found.ids) == len(set(found.ids))
    assert found.duplicates > 0


def test_the_next_position_travels_in_the_body(connect: Connect, serve: Serve) -> None:
    """The offset counts the hits received so far; the URL stays as it was."""
    server = serve(paged(SIXTY))
    connect(server.base_url).hits(AssetSearch(query="q", limit=25, offset=5))
    assert [(body["limit"], body["offset"]) for body in server.bodies()] == [(25, 5), (25, 30), (25, 55)]
    assert all(request.query == {} for request in server.requests)


def test_page_numbers_travel_in_the_body(connect: Connect, serve: Serve) -> None:
    """In page paging the page's number goes up and its size stays."""
    server = serve(paged(SIXTY))
    connect(server.base_url).hits(AssetSearch(query="q", page=2, hits_per_page=25))
    assert [(body["page"], body["hitsPerPage"]) for body in server.bodies()] == [(2, 25), (3, 25)]


def test_a_server_that_gives_fewer_than_asked_is_read_to_the_end(connect: Connect, serve: Serve) -> None:
    """A size that the server cuts down, and says so, makes a page full at the smaller size."""

    def script(request: Arrived) -> Any:
        cut = Arrived("POST", "", {}, {}, {**request.body, "limit": 20})
        return paged(SIXTY)(cut)

    found = connect(serve(script).base_url).hits(AssetSearch(query="q", limit=50), prefetch=2)
    assert found.ids == IDS


@pytest.mark.parametrize(("count", "most"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (250, 3)])
def test_iteration_asks_for_the_largest_pages(serve: Serve, count: int, most: int) -> None:
    """Reading N hits takes floor(N / 100) + 1 requests when no size is given."""
    server = serve(paged(assets(count)))

    async def read() -> int:
        async with AsyncScenario(api_key="a", api_secret="b", base_url=server.base_url) as client:
            return len([hit async for hit in client.search.asset_search(query="q")])

    assert asyncio.run(read()) == count
    assert len(server.requests) == most
    assert server.bodies()[0]["limit"] == 100


@pytest.mark.parametrize(
    ("most", "reason", "requests"), [(0, "max_hits", 0), (5, "max_hits", 1), (20, "max_hits", 1)]
)
def test_max_hits_stops_without_asking_further(
    connect: Connect, serve: Serve, most: int, reason: str, requests: int
) -> None:
    """No request is spent on hits that nobody wants."""
    server = serve(paged(SIXTY))
    found = connect(server.base_url).hits(AssetSearch(query="q", limit=20), max_hits=most, prefetch=3)
    assert found.ids == IDS[:most]
    assert found.stopped_because == reason
    assert len(server.requests) <= max(requests, 1)


@pytest.mark.parametrize("prefetch", [0, 8])
def test_max_hits_across_pages(connect: Connect, serve: Serve, prefetch: int) -> None:
    """The limit counts over all pages, also where pages are fetched ahead."""
    server = serve(paged(SIXTY))
    found = connect(server.base_url).hits(AssetSearch(query="q", limit=10), max_hits=25, prefetch=prefetch)
    assert found.ids == IDS[:25]
    assert len(server.requests) == 3


@pytest.mark.parametrize("prefetch", [0, 8])
def test_max_pages(connect: Connect, serve: Serve, prefetch: int) -> None:
    """So many pages and no more, and nobody asked for more."""
    server = serve(paged(SIXTY))
    found = connect(server.base_url).pages(AssetSearch(query="q", limit=10), max_pages=2, prefetch=prefetch)
    assert [len(page.hits) for page in found.items] == [10, 10]
    assert found.stopped_because == "max_pages"
    assert len(server.requests) == 2


@pytest.mark.parametrize("total", ["true", "far too large", "absent", "too small"])
def test_prefetch_asks_for_one_page_beyond_the_hint_at_most(
    connect: Connect, serve: Serve, total: str
) -> None:
    """With a hint, pages that cannot exist are not asked for."""
    server = serve(paged(SIXTY, TOTALS[total]))
    found = connect(server.base_url).hits(AssetSearch(query="q", limit=10), prefetch=4)
    assert found.ids == IDS
    if total == "true":
        assert len(server.requests) <= 7
    else:
        assert len(server.requests) <= 7 + 4


def test_prefetch_keeps_several_requests_under_way(connect: Connect, serve: Serve) -> None:
    """Pages are fetched together, and come in order."""
    together = threading.Barrier(4)

    def script(request: Arrived) -> Any:
        if 0 < request.body["offset"] <= 40:
            together.wait(timeout=10)
        return paged(SIXTY)(request)

    found = connect(serve(script).base_url).hits(AssetSearch(query="q", limit=10), prefetch=4)
    assert found.ids == IDS
    assert not together.broken


@pytest.mark.parametrize(
    ("search", "limits"),
    [
        (AssetSearch(query="q", limit=7), {"max_hits": 30}),
        (AssetSearch(query="q", limit=7), {"max_hits": 28}),
        (AssetSearch(query="q", hits_per_page=7), {"max_hits": 30}),
        (AssetSearch(query="q"), {"max_hits": 3}),
    ],
)
def test_resume_goes_on_where_the_iteration_stopped(
    connect: Connect, serve: Serve, search: Search[Any], limits: dict[str, Any]
) -> None:
    """A token taken in the middle of a page loses no hit and repeats none."""
    face = connect(serve(paged(SIXTY)).base_url)
    first = face.hits(search, **limits)
    rest = face.hits(search, token=first.resume_token)
    assert first.ids + rest.ids == IDS


@pytest.mark.parametrize("max_hits", [1, 2, 3])
def test_resuming_within_a_page_that_repeats_a_hit(connect: Connect, serve: Serve, max_hits: int) -> None:
    """What a page has twice was not delivered before it came once."""
    library = [asset(f"asset_{name}") for name in "abbccd"]
    face = connect(serve(paged(library)).base_url)
    search = AssetSearch(query="q", limit=6)
    first = face.hits(search, max_hits=max_hits)
    rest = face.hits(search, token=first.resume_token)
    assert first.ids + rest.ids == [f"asset_{name}" for name in "abcd"]


def test_resume_by_pages(connect: Connect, serve: Serve) -> None:
    """A page's own token continues after that page."""
    face = connect(serve(paged(SIXTY)).base_url)
    search = AssetSearch(query="q", limit=25)
    page = face.page(search)
    assert [hit.id for hit in page.hits] + face.hits(search, token=page.resume_token).ids == IDS


def test_resume_drops_hits_that_shifted_across_the_border(connect: Connect, serve: Serve) -> None:
    """Hits of the last page that come again after the token was taken are known by their digests."""
    library = list(SIXTY)
    face = connect(serve(paged(list(library))).base_url)
    search = AssetSearch(query="q", limit=10)
    first = face.hits(search, max_hits=20)
    library[:0] = assets(4, start=90_000)
    rest = face.hits(search, token=first.resume_token)
    assert first.ids + rest.ids == IDS


@pytest.mark.parametrize("size", [7, 100])
def test_resuming_again_and_again_in_the_middle_of_a_page_goes_on(
    connect: Connect, serve: Serve, size: int
) -> None:
    """Each token knows what all runs before it delivered of its page."""
    face = connect(serve(paged(SIXTY)).base_url)
    search = AssetSearch(query="q", limit=size)
    found = face.hits(search, max_hits=5)
    ids = found.ids
    while found.ids:
        found = face.hits(search, token=found.resume_token, max_hits=5)
        ids += found.ids
    assert ids == IDS


def test_a_token_read_before_the_first_page_is_the_one_it_came_from(serve: Serve) -> None:
    """A resumed pager that has not begun stands where its token says."""
    client = AsyncScenario(api_key="a", api_secret="b", base_url="http://127.0.0.1:1/v1")
    search = AssetSearch(query="q", limit=10)
    with (
        serving(paged(SIXTY)) as server,
        Scenario(api_key="a", api_secret="b", base_url=server.base_url) as other,
    ):
        iteration = other.search.run(search).iter_hits(max_hits=15)
        assert len(list(iteration)) == 15
    token = iteration.resume_token
    pager = client.search.resume(token, search)
    assert pager.resume_token == token
    pager.close()


@pytest.mark.parametrize("inserted", [5, 10, 15, 20, 25])
@pytest.mark.parametrize("mode", [{"limit": 10}, {"hits_per_page": 10}])
def test_many_insertions_at_once_cost_no_hit(
    connect: Connect, serve: Serve, mode: dict[str, Any], inserted: int
) -> None:
    """A page of nothing but known hits, because a page's worth of others came before it, is not the end."""
    library = list(SIXTY)
    asked = 0

    def script(request: Arrived) -> Any:
        nonlocal asked
        asked += 1
        if asked == 3:
            library[:0] = assets(inserted, start=10_000)
        return paged(library)(request)

    found = connect(serve(script).base_url).hits(AssetSearch(query="q", **mode))
    assert [identifier for identifier in found.ids if identifier in IDS] == IDS
    assert len(found.ids) == len(set(found.ids))


def test_both_clients_resume_alike_after_insertions(connect: Connect, serve: Serve) -> None:
    """What was delivered before the token does not come again, however the hits shifted."""
    library = list(SIXTY)
    face = connect(serve(paged(library)).base_url)
    search = AssetSearch(query="q", limit=10)
    first = face.hits(search, max_hits=10)
    library[:0] = assets(10, start=90_000)
    rest = face.hits(search, token=first.resume_token)
    assert first.ids + rest.ids == IDS
    assert rest.duplicates == 10


@pytest.mark.parametrize("prefetch", [0, 3])
def test_insertions_between_pages_of_invalid_hits_cost_no_hit(
    connect: Connect, serve: Serve, prefetch: int
) -> None:
    """Pages without an id in common are not taken for the same page."""
    library: list[dict[str, Any]] = [{"id": f"bad_{number}"} for number in range(20)] + list(SIXTY)
    asked = 0
    lock = threading.Lock()

    def script(request: Arrived) -> Any:
        nonlocal asked
        with lock:
            asked += 1
            if asked == 3:
                library[:0] = [{"id": f"new_{number}"} for number in range(20)]
            return paged(library)(request)

    face = connect(serve(script).base_url, invalid_hits="keep")
    found = face.hits(AssetSearch(query="q", limit=10), prefetch=prefetch)
    assert sorted(found.ids) == IDS  # pages under way together may come from before and after the insertion


def test_a_page_inserted_between_pages_twice_in_a_row(connect: Connect, serve: Serve) -> None:
    """A page that repeats while the total grows is not the end."""
    library = list(SIXTY)
    asked = 0

    def script(request: Arrived) -> Any:
        nonlocal asked
        asked += 1
        if asked in (2, 3):
            library[:0] = assets(10, start=10_000 * asked)
        return paged(library)(request)

    found = connect(serve(script).base_url).hits(AssetSearch(query="q", limit=10))
    assert [identifier for identifier in found.ids if identifier in IDS] == IDS


def test_the_next_page_of_a_resumed_one_lacks_what_was_delivered(connect: Connect, serve: Serve) -> None:
    """`get_next_page` drops what the token knows, on both clients."""
    library = list(SIXTY)
    face = connect(serve(paged(library)).base_url)
    search = AssetSearch(query="q", limit=10)
    token = face.hits(search, max_hits=10).resume_token
    library[:0] = assets(15, start=90_000)
    first = face.resume(token, search)
    second = face.next_page(first)
    assert not {hit.id for hit in first.hits} & set(IDS[:10])
    assert [hit.id for hit in second.hits] == IDS[10:15]


@pytest.mark.parametrize("cut", [1, 7, 12])
def test_a_token_knows_what_was_dropped_from_its_page(connect: Connect, serve: Serve, cut: int) -> None:
    """Cut in the middle of a page that repeats some hits, a run goes on without repeating them."""
    library = list(SIXTY)
    asked = 0

    def script(request: Arrived) -> Any:
        nonlocal asked
        asked += 1
        if asked == 2:
            library[:0] = assets(15, start=90_000)
        return paged(library)(request)

    face = connect(serve(script).base_url)
    search = AssetSearch(query="q", limit=10)
    first = face.hits(search, max_hits=10 + cut)
    rest = face.hits(search, token=first.resume_token)
    ids = [identifier for identifier in first.ids + rest.ids if identifier in IDS]
    assert ids == IDS


def test_a_token_of_another_search_is_refused(connect: Connect, serve: Serve) -> None:
    """Resuming needs the very search."""
    face = connect(serve(paged(SIXTY)).base_url)
    token = face.page(AssetSearch(query="q", limit=5)).resume_token
    with pytest.raises(InvalidSearchError, match="other parameters"):
        face.hits(AssetSearch(query="other", limit=5), token=token)


def test_get_next_page_to_the_end(connect: Connect, serve: Serve) -> None:
    """Pages lead to their followers, and the last one says that it is the last."""
    face = connect(serve(paged(SIXTY)).base_url)
    page = face.page(AssetSearch(query="q", limit=25))
    lengths = [len(page.hits)]
    while page.has_next_page():
        page = face.next_page(page)
        lengths.append(len(page.hits))
    assert lengths == [25, 25, 10]
    with pytest.raises(ScenarioError, match="no next page"):
        face.next_page(page)


def test_a_page_is_true_and_has_no_length(connect: Connect, serve: Serve) -> None:
    """An empty page is not taken for none, and nobody takes its length for the total."""
    page = connect(serve(paged([])).base_url).page(AssetSearch(query="q"))
    assert page
    assert not page.hits
    assert not page.has_next_page()
    with pytest.raises(TypeError):
        len(page)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_envelopes(connect: Connect, serve: Serve) -> None:
    """Each paging mode fills its own fields."""
    face = connect(serve(paged(SIXTY)).base_url)
    by_offset = face.page(AssetSearch(query="q", limit=5, offset=10))
    assert (by_offset.limit, by_offset.offset, by_offset.estimated_total_hits) == (5, 10, 60)
    assert by_offset.page is by_offset.total_hits is by_offset.total_pages is None
    by_page = face.page(AssetSearch(query="q", page=2, hits_per_page=25))
    assert (by_page.page, by_page.hits_per_page, by_page.total_hits, by_page.total_pages) == (2, 25, 60, 3)
    assert by_page.limit is by_page.estimated_total_hits is None


def test_invalid_hits_are_kept_beside_the_others(connect: Connect, serve: Serve) -> None:
    """With `invalid_hits="keep"` one bad hit costs no good one, and paging goes on."""
    library = [*SIXTY[:10], {"id": "asset_bad"}, *SIXTY[10:]]
    face = connect(serve(paged(library)).base_url, invalid_hits="keep")
    found = face.pages(AssetSearch(query="q", limit=10))
    assert found.ids == IDS
    assert [hit for page in found.items for hit in page.invalid_hits] == [{"id": "asset_bad"}]


def test_a_repeated_invalid_hit_ends_too(connect: Connect, serve: Serve) -> None:
    """A page of nothing but a known invalid hit is a repeated page."""
    reply = {"hits": [{"id": "asset_bad"}], "limit": 1, "offset": 0}
    face = connect(serve(lambda _: reply).base_url, invalid_hits="keep")
    found = face.pages(AssetSearch(query="q", limit=1))
    assert len(found.items) == 1
    assert found.stopped_because == "repeated_page"


def test_duplicates_within_a_page(connect: Connect, serve: Serve) -> None:
    """A hit that stands twice on one page comes once."""
    reply = {"hits": [asset("asset_a"), asset("asset_a"), asset("asset_b")], "limit": 10, "offset": 0}
    found = connect(serve(lambda _: reply).base_url).hits(AssetSearch(query="q", limit=10))
    assert found.ids == ["asset_a", "asset_b"]
    assert found.duplicates == 1


@pytest.mark.parametrize("name", ["max_hits", "prefetch"])
@pytest.mark.parametrize("value", [-1, "5", 1.5, True])
def test_limits_of_an_iteration_are_checked_at_the_call(
    connect: Connect, serve: Serve, name: str, value: object
) -> None:
    """A wrong limit is refused before the iteration begins."""
    face = connect(serve(paged(SIXTY)).base_url)
    with pytest.raises(InvalidSearchError, match=name):
        face.hits(AssetSearch(query="q"), **cast("dict[str, Any]", {name: value}))


async def test_closing_a_pager_ends_what_another_task_iterates(serve: Serve) -> None:
    """That task gets what it waits for no more, and no error."""
    arrived, release = threading.Event(), threading.Event()
    script = paged(SIXTY)

    def slow(request: Arrived) -> Any:
        if request.body["offset"]:
            arrived.set()
            release.wait(10)
        return script(request)

    async with AsyncScenario(api_key="k", api_secret="s", base_url=serve(slow).base_url) as client:
        pager = client.search.asset_search(query="q", limit=20)
        got: list[str] = []

        async def read() -> None:
            got.extend([hit.id async for hit in pager])

        task = asyncio.create_task(read())
        while not arrived.is_set():
            await asyncio.sleep(0.01)
        await pager.aclose()
        release.set()
        await task
    assert got == IDS[:20]
    assert pager.stopped_because is None
