"""Fanning out: order, fairness, bounds, errors, and an end that leaves nothing behind."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limiters.timeless import settle

from scenario_async import AssetSearch, ScenarioError
from scenario_async._endpoints import _fanned_out
from scenario_async._paging.fan_out import FanOut, FanOutEnd, FanOutError, FanOutHit
from scenario_async.pages import ResponseInfo, SearchPage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from scenario_async._paging.fan_out import FanOutItem, OnError
    from scenario_async._paging.iteration import Hand
    from scenario_async.searches import Search

QUICK = settings(max_examples=100, deadline=None)


class Page(SearchPage[Any]):
    """A page with anything for hits."""

    @property
    def search(self) -> Search[Any]:
        """The search that found it, which nobody asks for."""
        raise NotImplementedError

    @property
    def resume_token(self) -> str:
        """Where to go on, which nobody asks for."""
        raise NotImplementedError

    def has_next_page(self) -> bool:
        """Tell whether another page follows, which nobody asks for."""
        raise NotImplementedError

    def next_page_info(self) -> dict[str, int] | None:
        """Tell how to ask for that, which nobody does."""
        raise NotImplementedError


class Sources:
    """Searches named by numbers, and their pages, which come at once or when the test says so.

    A page is a list of hits; an exception among the pages is raised.
    """

    def __init__(self, pages: dict[int, list[Any]], *, gated: bool = False) -> None:
        self.pages = pages
        self.gates = {number: asyncio.Semaphore(0) for number in pages} if gated else {}
        self.read: list[int] = []
        self.fetched = 0
        self.under_way: set[int] = set()
        self.asked_for: set[int] = set()

    async def searches(self) -> AsyncGenerator[AssetSearch]:
        """Give the searches, noting how far that was read."""
        for number in self.pages:
            self.read.append(number)
            yield AssetSearch(query=str(number))

    def open(self, search: Search[Any], _: Hand | None) -> _Pages:
        """Give the way to the pages of a search."""
        return _Pages(self, int(cast("AssetSearch", search).query or 0))

    def fan_out(
        self, concurrency: int = 2, *, ordered: bool = False, on_error: OnError = "yield"
    ) -> FanOut[Any]:
        """Prepare a fan-out."""
        opened = cast("Any", self.open)
        return FanOut(opened, concurrency=concurrency, ordered=ordered, on_error=on_error)

    def fanned_out(self, *args: Any, **options: Any) -> AsyncGenerator[Any]:
        """Fan them out."""
        return _fanned_out(self.fan_out(*args, **options), self.searches())

    def everything(self) -> list[tuple[int, Any]]:
        """Give index and hit or error of all that there is, in the order of the input."""
        return [
            (number, hit)
            for number, pages in self.pages.items()
            for page in pages
            for hit in ([page] if isinstance(page, BaseException) else page)
        ]


class _Pages:
    def __init__(self, sources: Sources, number: int) -> None:
        self._sources = sources
        self._number = number
        self._left = list(sources.pages[number])

    async def next_page(self) -> Page | None:
        """Give the next page."""
        sources, number = self._sources, self._number
        sources.under_way.add(number)
        sources.asked_for.add(number)
        try:
            await (sources.gates[number].acquire() if self._left and sources.gates else asyncio.sleep(0))
        finally:
            sources.asked_for.discard(number)
        page = self._left.pop(0) if self._left else None
        if page is None or isinstance(page, BaseException):
            sources.under_way.discard(number)
        if isinstance(page, BaseException):
            raise page
        if page is None:
            return None
        sources.fetched += 1
        return Page(hits=page, response=ResponseInfo(status=200, headers={}, request_id=None))


def plain(items: Iterable[FanOutItem[Any]]) -> list[tuple[int, Any]]:
    """Give index, and hit, error or number of hits, of items."""
    values = {FanOutHit: "hit", FanOutError: "error", FanOutEnd: "hits"}
    return [(item.index, getattr(item, values[type(item)])) for item in items]


def other_tasks() -> set[asyncio.Task[Any]]:
    """Give the tasks that are not the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def by_turns(fan_out: FanOut[Any], sources: Sources) -> list[FanOutItem[Any]]:
    """Take everything as the sync client does: a search is given where there is room."""
    found: list[FanOutItem[Any]] = []
    searches = sources.searches()
    while (items := await fan_out.take(or_room=True)) is not None:
        found += items
        if fan_out.room:
            fan_out.given = await anext(searches, fan_out.no_more)
    return found


@QUICK
@given(
    pages=st.lists(st.lists(st.integers(0, 3).map(lambda size: [object()] * size), max_size=4), max_size=8),
    failing=st.sets(st.integers(0, 7)),
    concurrency=st.integers(1, 10),
    ordered=st.booleans(),
    fed=st.booleans(),
)
async def test_every_hit_and_every_error_comes_once(
    pages: list[list[Any]],
    failing: set[int],
    concurrency: int,
    *,
    ordered: bool,
    fed: bool,
) -> None:
    """Each search's own order stays, its error ends it alone, and with an order search follows search."""
    for number in failing & {*range(len(pages))}:
        pages[number].append(ScenarioError(str(number)))
    sources = Sources(dict(enumerate(pages)))
    if fed:
        found = [item async for item in sources.fanned_out(concurrency, ordered=ordered)]
    else:
        found = await by_turns(sources.fan_out(concurrency, ordered=ordered), sources)
    assert all(cast("AssetSearch", item.search).query == str(item.index) for item in found)
    if ordered or concurrency == 1:
        assert plain(found) == sources.everything()
    else:
        assert sorted(plain(found), key=lambda item: item[0]) == sources.everything()
    assert other_tasks() == set()


async def test_hits_come_as_they_are_ready() -> None:
    """Without an order, the quick do not wait for the slow."""
    sources = Sources({0: [["a"]], 1: [["b"], ["c"]]}, gated=True)
    found = sources.fanned_out()
    sources.gates[1].release()
    assert plain([await anext(found)]) == [(1, "b")]
    sources.gates[1].release()
    assert plain([await anext(found)]) == [(1, "c")]
    sources.gates[0].release()
    assert plain([item async for item in found]) == [(0, "a")]


async def test_ordered_hits_wait_for_their_turn() -> None:
    """With an order, the first search comes first, however slow."""
    sources = Sources({0: [["a"]], 1: [["b"]]}, gated=True)
    found = sources.fanned_out(ordered=True)
    sources.gates[1].release()
    first = asyncio.ensure_future(anext(found))
    await settle()
    assert not first.done()
    sources.gates[0].release()
    assert plain([await first]) == [(0, "a")]
    assert plain([item async for item in found]) == [(1, "b")]


@pytest.mark.parametrize("count", [2, 5, 50])
async def test_no_search_starves(count: int) -> None:
    """Searches that are always ready take turns, page by page."""
    sources = Sources({number: [[place] for place in range(20)] for number in range(count)})
    given_to = dict.fromkeys(range(count), 0)
    async with aclosing(sources.fanned_out(count)) as found:
        async for item in found:
            given_to[item.index] += 1
            assert max(given_to.values()) - min(given_to.values()) <= 1
            await settle()  # all that are under way have something again
    assert set(given_to.values()) == {20}


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_page_costs_the_same_however_many_searches_are_under_way(*, ordered: bool) -> None:
    """Five hundred at once take no more steps for each page than ten do."""

    async def steps(count: int) -> float:
        made = 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sources = Sources({number: [["x"]] * 4 for number in range(count)})
        before = sys.getprofile()
        sys.setprofile(count_call)
        try:
            found = [item async for item in sources.fanned_out(count, ordered=ordered)]
        finally:
            sys.setprofile(before)
        assert len(found) == 4 * count
        return made / len(found)

    few, many = await steps(10), await steps(500)
    assert many < few * 1.2


@pytest.mark.parametrize("concurrency", [1, 2, 5])
@pytest.mark.parametrize("ordered", [False, True])
async def test_searches_are_read_only_as_places_free_up(concurrency: int, *, ordered: bool) -> None:
    """No more are under way than allowed, and no more are read than can begin."""
    sources = Sources({number: [["a"], ["b"]] for number in range(12)})
    done = 0
    async for item in sources.fanned_out(concurrency, ordered=ordered):
        done += item.hit == "b"
        await settle()
        assert len(sources.under_way) <= concurrency
        assert len(sources.read) <= concurrency + done
    assert sources.read == list(range(12))


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_slow_taker_stops_the_fetching(*, ordered: bool) -> None:
    """Of each search that is under way, one page at most waits to be taken."""
    sources = Sources({number: [["x"]] * 100 for number in range(10)})
    async with aclosing(sources.fanned_out(3, ordered=ordered)) as found:
        for taken in range(1, 6):
            await anext(found)
            await settle()
            assert sources.fetched <= taken + 3


@pytest.mark.parametrize("or_room", [False, True])
async def test_an_input_that_is_slow_holds_nothing_up(*, or_room: bool) -> None:
    """What is under way gives hits while the next search is not known yet."""
    sources = Sources({0: [["a"], ["b"]], 1: [["c"]]})
    fan_out = sources.fan_out()
    fan_out.given = AssetSearch(query="0")
    found: list[Any] = []
    while len(found) < 2:
        items = await fan_out.take(or_room=or_room)
        assert items is not None
        found += plain(items)
        await settle()
    assert found == [(0, "a"), (0, "b")]
    assert fan_out.room
    nothing = await fan_out.take(or_room=True)
    assert nothing is not None
    assert list(nothing) == [], "another search may begin, so nobody waits"
    await fan_out.aclose()


@pytest.mark.parametrize("ordered", [False, True])
async def test_an_error_can_be_raised_and_a_bug_always_is(*, ordered: bool) -> None:
    """What failed is raised as itself after what its search gave; `on_error` is for errors of this package alone."""
    error: Exception
    for on_error, error in (("raise", ScenarioError("broken")), ("yield", ZeroDivisionError("bug"))):
        sources = Sources({0: [["a"], error], 1: [["b"]] * 9})
        found = sources.fanned_out(ordered=ordered, on_error=on_error)
        taken: list[Any] = []
        with pytest.raises(type(error)) as caught:
            taken.extend([item async for item in found])
        assert caught.value is error
        assert sources.asked_for == set()
        assert other_tasks() == set()


@pytest.mark.parametrize("error", [RuntimeError("input"), ScenarioError("input")])
async def test_an_error_of_the_input_is_raised(error: Exception) -> None:
    """Where the searches come from is the caller's: its error is no item, and ends all."""

    async def searches() -> AsyncGenerator[AssetSearch]:
        yield AssetSearch(query="0")
        raise error

    sources = Sources({0: [["a"]] * 5})
    with pytest.raises(type(error), match="input") as caught:
        _ = [item async for item in _fanned_out(sources.fan_out(), searches())]
    assert caught.value is error
    assert sources.asked_for == set()
    assert other_tasks() == set()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("taken", [0, 1, 3])
async def test_closing_cancels_what_is_under_way(taken: int, *, ordered: bool) -> None:
    """After the end nothing runs, nothing begins, and closing once more is no trouble."""
    sources = Sources({number: [["x"]] * 5 for number in range(6)})
    fan_out = sources.fan_out(3, ordered=ordered)
    feeding = asyncio.create_task(fan_out.feed(sources.searches()))
    for _ in range(taken):
        assert await fan_out.take()
    await fan_out.aclose()
    await fan_out.aclose()
    feeding.cancel()
    await asyncio.wait([feeding])
    assert sources.asked_for == set()
    assert other_tasks() == set()
    assert not fan_out.room
    assert await fan_out.take() is None


async def test_closing_interrupts_what_hangs() -> None:
    """What would never end is cancelled, and so is the input that is waited for."""
    sources = Sources({0: [["a"]], 1: [["b"]]}, gated=True)
    found = sources.fanned_out(3)
    first = asyncio.ensure_future(anext(found))
    await settle()
    assert sources.asked_for == {0, 1}
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await found.aclose()
    assert sources.asked_for == set()
    assert other_tasks() == set()


async def test_an_error_that_nobody_took_is_no_trouble_at_the_end(recwarn: pytest.WarningsRecorder) -> None:
    """A search that has failed already is closed like the others, in silence."""
    sources = Sources({0: [ScenarioError("x")], 1: [["a"]] * 3, 2: [ScenarioError("y")]})
    async with aclosing(sources.fanned_out(3)) as found:
        await anext(found)
        await settle()
    assert sources.asked_for == set()
    assert not recwarn.list
