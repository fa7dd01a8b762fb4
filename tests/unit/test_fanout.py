"""Merging many iterators: order, bounds, errors, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async._fanout import Item, Merge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Sources:
    """Iterators named by numbers, which give their items at once or when the test says so."""

    def __init__(self, items: dict[int, list[Any]], *, gated: bool = False) -> None:
        self.items = items
        self.gates = {number: asyncio.Semaphore(0) for number in items} if gated else {}
        self.read: list[int] = []
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.fetched: list[tuple[int, Any]] = []
        self.ended = False

    async def names(self) -> AsyncGenerator[int]:
        """Name the sources, noting how far it was read."""
        try:
            for number in self.items:
                self.read.append(number)
                yield number
        finally:
            self.ended = True

    async def open(self, number: int) -> AsyncGenerator[Any]:
        """Give the items of one source; an exception among them is raised."""
        self.opened.append(number)
        try:
            for item in self.items[number]:
                if self.gates:
                    await self.gates[number].acquire()
                else:
                    await asyncio.sleep(0)
                if isinstance(item, BaseException):
                    raise item
                self.fetched.append((number, item))
                yield item
        finally:
            self.closed.append(number)

    def merged(self, *, concurrency: int = 2, ordered: bool = False) -> Merge[int, Any]:
        """Merge them."""
        return Merge(self.names(), cast("Any", self.open), concurrency=concurrency, ordered=ordered)

    @property
    def under_way(self) -> int:
        """Count the sources that are open."""
        return len(self.opened) - len(self.closed)


def plain(items: Iterable[Item[int, Any]]) -> list[tuple[int, Any]]:
    """Give index and value of items."""
    return [(item.index, item.value if item.error is None else item.error) for item in items]


def other_tasks() -> set[asyncio.Task[Any]]:
    """Give the tasks that are not the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.mark.parametrize("concurrency", [1, 2, 3, 100])
@pytest.mark.parametrize("ordered", [False, True])
async def test_every_item_arrives_once(concurrency: int, *, ordered: bool) -> None:
    """Nothing is lost or given twice, and each source's own order stays."""
    items = {number: [f"{number}.{place}" for place in range(number % 4)] for number in range(10)}
    sources = Sources(items)
    found = plain([item async for item in sources.merged(concurrency=concurrency, ordered=ordered)])
    assert sorted(found) == sorted((number, item) for number, each in items.items() for item in each)
    for number, each in items.items():
        assert [item for index, item in found if index == number] == each
    if ordered or concurrency == 1:
        assert found == [(number, item) for number, each in items.items() for item in each]
    assert sources.closed and sorted(sources.closed) == list(range(10))  # noqa: PT018
    assert other_tasks() == set()


@QUICK
@given(
    lengths=st.lists(st.integers(0, 4), max_size=8),
    concurrency=st.integers(1, 4),
    data=st.data(),
)
def test_order_holds_for_any_lengths(lengths: Sequence[int], concurrency: int, data: st.DataObject) -> None:
    """In the order of the input, items come source after source, whatever fails meanwhile."""
    failing = data.draw(st.sets(st.integers(0, 7)))
    items: dict[int, list[Any]] = {
        number: [*range(length), *([ValueError(number)] if number in failing else [])]
        for number, length in enumerate(lengths)
    }

    async def run() -> list[tuple[int, Any]]:
        merged = Sources(items).merged(concurrency=concurrency, ordered=True)
        return plain([item async for item in merged])

    assert asyncio.run(run()) == [(number, item) for number, each in items.items() for item in each]


async def test_no_sources_no_items() -> None:
    """Nothing to do is no error."""
    assert [item async for item in Sources({}).merged()] == []


async def test_items_come_as_they_are_ready() -> None:
    """Without an order, the quick do not wait for the slow."""
    sources = Sources({0: ["a"], 1: ["b", "c"]}, gated=True)
    merged = sources.merged()
    sources.gates[1].release()
    assert plain([await anext(merged)]) == [(1, "b")]
    sources.gates[1].release()
    assert plain([await anext(merged)]) == [(1, "c")]
    sources.gates[0].release()
    assert plain([item async for item in merged]) == [(0, "a")]


async def test_ordered_items_wait_for_their_turn() -> None:
    """With an order, the first source comes first, however slow."""
    sources = Sources({0: ["a"], 1: ["b"]}, gated=True)
    merged = sources.merged(ordered=True)
    sources.gates[1].release()
    first = asyncio.ensure_future(anext(merged))
    await settle()
    assert not first.done()
    sources.gates[0].release()
    assert plain([await first]) == [(0, "a")]
    assert plain([item async for item in merged]) == [(1, "b")]


async def test_no_source_starves() -> None:
    """Sources that are always ready take turns."""
    sources = Sources({number: list(range(20)) for number in range(4)})
    found = [item.index async for item in sources.merged(concurrency=4)]
    counts = [found[:24].count(number) for number in range(4)]
    assert min(counts) >= 3


@pytest.mark.parametrize("concurrency", [1, 2, 5])
@pytest.mark.parametrize("ordered", [False, True])
async def test_sources_are_read_only_as_places_free_up(concurrency: int, *, ordered: bool) -> None:
    """No more are under way than allowed, and no more are named than can begin."""
    sources = Sources({number: ["a", "b"] for number in range(12)})
    done = 0
    async for item in sources.merged(concurrency=concurrency, ordered=ordered):
        done += item.value == "b"
        await settle()
        assert sources.under_way <= concurrency
        assert len(sources.read) <= concurrency + done
    assert sources.read == list(range(12))


async def test_sources_are_taken_from_a_slow_iterator() -> None:
    """What is under way gives items while the next source is not known yet."""
    more = asyncio.Event()

    async def names() -> AsyncGenerator[int]:
        yield 0
        await more.wait()
        yield 1

    sources = Sources({0: ["a", "b"], 1: ["c"]})
    merged: Merge[int, Any] = Merge(names(), cast("Any", sources.open), concurrency=2, ordered=False)
    assert plain([await anext(merged), await anext(merged)]) == [(0, "a"), (0, "b")]
    more.set()
    assert plain([item async for item in merged]) == [(1, "c")]


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_slow_taker_stops_the_fetching(*, ordered: bool) -> None:
    """Of each source that is under way, one item at most waits to be taken."""
    sources = Sources({number: list(range(100)) for number in range(10)})
    merged = sources.merged(concurrency=3, ordered=ordered)
    for taken in range(1, 6):
        await anext(merged)
        await settle()
        assert len(sources.fetched) <= taken + 3
    await merged.aclose()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_an_error_is_an_item_and_ends_its_source_alone(place: int, *, ordered: bool) -> None:
    """The error comes after what its source gave, and the other sources go on."""
    error = ValueError("broken")
    items: dict[int, list[Any]] = {0: ["a", "b"], 1: [*["c"][:place], error], 2: ["d"], 3: ["e"]}
    found = [item async for item in Sources(items).merged(ordered=ordered)]
    assert [item.error for item in found if item.index == 1][-1] is error
    assert all(item.error is None for item in found if item.index != 1)
    assert sorted(str(item.value) for item in found if item.error is None) == sorted(
        ["a", "b", "d", "e", *["c"][:place]]
    )
    broken = next(item for item in found if item.error)
    assert (broken.source, broken.value) == (1, None)


async def test_an_error_of_the_input_is_raised() -> None:
    """Where the sources come from is the caller's: its error is no item, and ends all."""

    async def names() -> AsyncGenerator[int]:
        yield 0
        raise RuntimeError("input")

    sources = Sources({0: ["a"] * 5})
    merged: Merge[int, Any] = Merge(names(), cast("Any", sources.open), concurrency=2, ordered=False)
    with pytest.raises(RuntimeError, match="input"):
        _ = [item async for item in merged]
    await merged.aclose()
    assert sources.under_way == 0
    assert other_tasks() == set()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("taken", [0, 1, 3])
async def test_closing_cancels_what_is_under_way(taken: int, *, ordered: bool) -> None:
    """After the end nothing runs, and every source that began is closed."""
    sources = Sources({number: ["x"] * 5 for number in range(6)})
    merged = sources.merged(concurrency=3, ordered=ordered)
    for _ in range(taken):
        await anext(merged)
    await merged.aclose()
    assert sources.under_way == 0
    assert other_tasks() == set()
    await merged.aclose()
    assert [item async for item in merged] == [], "nothing begins after the end"


async def test_closing_interrupts_sources_that_hang() -> None:
    """What would never end is cancelled."""
    sources = Sources({0: ["a"], 1: ["b"]}, gated=True)
    merged = sources.merged()
    first = asyncio.ensure_future(anext(merged))
    await settle()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await merged.aclose()
    assert sorted(sources.closed) == [0, 1]
    assert other_tasks() == set()


async def test_an_error_of_the_taker_closes_all() -> None:
    """A loop that is left by an error leaves nothing behind once the generator is closed."""
    sources = Sources({number: ["x"] * 5 for number in range(3)})
    merged = sources.merged()

    async def take() -> None:
        async for _ in merged:
            raise KeyError("taker")

    with pytest.raises(KeyError):
        await take()
    await merged.aclose()
    assert sources.under_way == 0
    assert other_tasks() == set()


async def test_errors_of_closing_do_not_hide_others(recwarn: pytest.WarningsRecorder) -> None:
    """A source that has failed already is no trouble when all is closed."""
    make: Callable[[], dict[int, list[Any]]] = lambda: {0: [ValueError("x")], 1: ["a"] * 3}  # noqa: E731
    sources = Sources(make())
    merged = sources.merged()
    await anext(merged)
    await settle()
    await merged.aclose()
    assert sources.under_way == 0
    assert not recwarn.list
