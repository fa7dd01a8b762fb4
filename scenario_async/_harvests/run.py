"""A harvest under way: several searches are read at once, and each page is written before its search goes on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from scenario_async._exports.carrying import Carried
from scenario_async._harvests.harvest import Harvest, HarvestProgress
from scenario_async._harvests.reading import NothingSinceError, Reading
from scenario_async._paging.fan_out import FanOutError
from scenario_async._paging.patience import Budget
from scenario_async._support.errands import Errands
from scenario_async.errors import ScenarioError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scenario_async._harvests.jobs import Job, Portion, Wanted
    from scenario_async._harvests.ledger import Ledger
    from scenario_async._paging.fan_out import OnError
    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.sqlite import Upserted
    from scenario_async.searches import Search

_T = TypeVar("_T")
_TICK: Final = 1.0
"""Seconds after which a wait is told of again."""
_SIGN_OF_LIFE: Final = 15.0
_LOOK_AGAIN: Final = 0.25
"""Seconds after which those are looked at again that another process is at work on."""
_AT_ONCE: Final = 500
"""So many searches are taken down in one transaction."""


@attrs.frozen(kw_only=True, eq=False)
class Plan:
    """What is asked of a harvest, checked."""

    source_of: Callable[[Search[Any]], PageSource[Any]]
    searches: Sequence[Search[Any]] | AsyncIterable[Search[Any]]
    wanted_of: Callable[[object, int], Wanted]
    ledger: Ledger
    concurrency: int
    max_hits: int | None
    max_requests: int | None
    full: bool
    on_error: OnError
    on_progress: Callable[[HarvestProgress], object] | None


@attrs.frozen
class _Task:
    """A search that was asked for: its place in the input, and its number in the ledger."""

    index: int
    number: int
    search: Search[Any]
    wanted: Wanted


class _TakenOverError(Exception):
    """Another harvest has taken a search over: this one was held up for longer than the others wait."""


class Run(Carried[Harvest, HarvestProgress]):
    """A harvest under way."""

    a_work, the_work = "a harvest", "the harvest"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.on_progress)
        self._plan = plan
        self._ledger = plan.ledger
        self._tasks: dict[int, _Task] = {}
        self._left: deque[_Task] = deque()
        self._taken: deque[_Task] = deque()
        self._progress = HarvestProgress()
        self._errors: list[FanOutError[Any]] = []
        self._errands: Errands | None = None
        self._writing: asyncio.Task[None] | None = None
        self._to_write: list[tuple[Portion, asyncio.Future[Upserted | None]]] = []
        self._news = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._readings: set[Reading] = set()
        self._finished = False
        self._budget = Budget(plan.max_requests)
        self._expected: list[int] = []
        self._unfinished = 0

    async def open(self) -> None:
        """Open the file, and take down the searches that are given as they are."""
        self._errands = Errands(1, "harvest")
        await self._do(self._ledger.open)
        given = self._plan.searches
        searches = [search async for search in given] if isinstance(given, AsyncIterable) else given
        for place in range(0, len(searches), _AT_ONCE):
            await self._register(searches[place : place + _AT_ONCE], place)
        self._left.extend(self._tasks.values())
        self._progress = attrs.evolve(self._progress, searches=len(self._tasks))
        wanted = {number: task.wanted for number, task in self._tasks.items()}
        self._unfinished = len(await self._do(partial(self._ledger.unread, wanted)))
        self._working = asyncio.ensure_future(self._work())

    async def advance(self) -> HarvestProgress | None:
        """Go on until there is something to tell; None at the end."""
        working = self._working
        if self._finished:
            return None
        assert working is not None  # noqa: S101 - it was opened
        if not working.done():
            news = asyncio.ensure_future(self._news.wait())
            try:
                await asyncio.wait({working, news}, timeout=_TICK, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
            self._news.clear()
        if not working.done():
            waiting = max((each.source.waiting for each in self._readings), default=0.0)
            return attrs.evolve(self._progress, waiting=waiting, expected=self._price())
        working.result()
        self.result = await self._harvest()
        self._finished = True
        # It may have come to its end before anyone heard of the price.
        return attrs.evolve(self._progress, expected=self._price())

    def kept(self) -> str:
        """Tell what is kept, and how to go on."""
        done = self._progress
        if not (done.hits or done.finished):
            return ""
        return (
            f"{done.finished:,} of {done.searches:,} searches are finished in {self._ledger.path}: "
            "the same call goes on there"
        )

    async def _close(self) -> None:
        if self._errands is None:
            return
        async with AsyncExitStack() as closing:
            closing.callback(self._errands.close)
            closing.push_async_callback(self._do, self._ledger.close)
            closing.push_async_callback(self._do, self._let_others)
            if self._working is not None:
                self._working.cancel()
                await asyncio.gather(self._working, return_exceptions=True)
            if self._writing is not None:
                await asyncio.gather(self._writing, return_exceptions=True)

    def _let_others(self) -> None:
        """Let others have what is not finished."""
        if self._ledger.is_open:
            self._ledger.end(finished=self._went_through_all)

    @property
    def _went_through_all(self) -> bool:
        """Whether each search was finished, or failed: a budget of requests may end it before."""
        return self._finished and self._progress.finished + len(self._errors) >= len(self._tasks)

    async def _register(self, searches: Sequence[Search[Any]], first: int) -> None:
        wanted = [self._plan.wanted_of(search, first + place) for place, search in enumerate(searches)]
        numbers = await self._do(partial(self._ledger.register, wanted))
        for place, number in enumerate(numbers):
            task = _Task(first + place, number, searches[place], wanted[place])
            self._tasks.setdefault(number, task)

    async def _work(self) -> None:
        """Read all searches, several at once; the first error ends all of them, unless errors are to be given."""
        life = asyncio.ensure_future(self._live())
        workers = [asyncio.ensure_future(self._worker()) for _ in range(self._plan.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for each in (*workers, life):
                each.cancel()
            await asyncio.gather(*workers, life, return_exceptions=True)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(_SIGN_OF_LIFE)
            with suppress(WriteError):  # the next one may come through; pages that cannot be written tell
                await self._do(self._ledger.live)

    def _price(self) -> int | None:
        """Give how many requests it takes in all, once as many searches have told as are read at once."""
        told = len(self._expected)
        if told < min(self._plan.concurrency, self._unfinished):
            return None
        return round(sum(self._expected) * self._unfinished / told) if told else 0

    async def _worker(self) -> None:
        while (self._left or self._taken) and self._budget.has_left():
            if self._left:
                task = self._left.popleft()
            else:
                task = self._taken.popleft()
                await asyncio.sleep(_LOOK_AGAIN)
            taken = await self._do(partial(self._ledger.take, task.number, task.wanted))
            if taken == "taken":
                self._taken.append(task)
            elif taken == "finished":
                self._count(finished=1)
            else:
                await self._read_one(task, taken)

    async def _read_one(self, task: _Task, job: Job) -> None:
        reading = Reading(self._plan.source_of, task.search, job, self._plan.max_hits, self._budget)
        self._readings.add(reading)
        try:
            ended = await self._read(reading, job)
        except NothingSinceError:
            self._count(requests=reading.requests)
            await self._do(partial(self._ledger.read_all, job))
            await self._read_one(task, job)
        except _TakenOverError:
            self._count(requests=reading.requests)
            self._taken.append(task)
        except ScenarioError as error:
            if isinstance(error, WriteError):
                raise
            requests = reading.requests
            self._count(requests=requests)
            await self._do(partial(self._ledger.fail, job, str(error), requests))
            if self._plan.on_error == "raise":
                raise
            self._errors.append(FanOutError(task.index, task.search, error))
        else:
            self._count(requests=reading.requests)
            if ended and self._ledger.is_behind(job):
                self._left.append(task)
            else:
                self._count(finished=int(ended))
        finally:
            self._readings.discard(reading)

    async def _read(self, reading: Reading, job: Job) -> bool:
        """Read a search page by page; whether that came to its end."""
        ended, told = False, False
        seen: list[str] = []
        if job.hits and job.how != "scan":
            seen = await self._do(partial(self._ledger.seen_in, job))
        portions = reading.portions(seen)
        try:
            async for portion in portions:
                done = await self._written(portion)
                ended = portion.end is not None
                if not told:
                    told = True
                    self._expected.append(reading.expected or 1)
                    self._progress = attrs.evolve(
                        self._progress, at_least=self._progress.at_least or reading.at_least
                    )
                self._count(
                    hits=len(portion.hits), new=done.new, changed=done.changed, requests=portion.requests
                )
        finally:
            await portions.aclose()
        return ended

    def _count(self, **more: int) -> None:
        before = self._progress
        self._progress = attrs.evolve(
            before, **{name: getattr(before, name) + each for name, each in more.items()}
        )
        self._news.set()

    async def _written(self, portion: Portion) -> Upserted:
        """Write a page, together with others that wait for it."""
        written: asyncio.Future[Upserted | None] = asyncio.get_running_loop().create_future()
        self._to_write.append((portion, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write_all())
        done = await written
        if done is None:
            self._count(requests=portion.requests)
            raise _TakenOverError
        return done

    async def _write_all(self) -> None:
        while self._to_write:
            batch, self._to_write = self._to_write, []
            try:
                done = await self._do(partial(self._ledger.write, [portion for portion, _ in batch]))
            except Exception as error:  # noqa: BLE001 - those who wait for it raise it
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                continue
            for (_, written), counted in zip(batch, done, strict=True):
                if not written.done():
                    written.set_result(counted)

    async def _harvest(self) -> Harvest:
        progress = self._progress
        hits = await self._do(partial(self._ledger.counted, self._tasks))
        gone = await self._do(self._ledger.gone) if self._plan.full else 0
        return Harvest(
            searches=progress.finished,
            hits=hits,
            new=progress.new,
            changed=progress.changed,
            gone=gone,
            requests=progress.requests,
            errors=tuple(sorted(self._errors, key=lambda each: each.index)),
        )

    async def _do(self, work: Callable[[], _T]) -> _T:
        """Do what blocks in a thread that does one thing after another, also if it is cancelled meanwhile."""
        assert self._errands is not None  # noqa: S101 - it was opened
        return await self._errands.do(work)
