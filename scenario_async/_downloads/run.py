"""A download under way: what is read of the input, what runs, what waits for a new address, and what came of it.

Each file is the work of a task. A taker who is slow stops the fetching, and the input is read only as places free up;
files whose addresses have expired give their places back, and wait until as many are together as one request renews.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._calls.retries import RetryBudget
from scenario_async._downloads.addresses import expires_at
from scenario_async._downloads.download import DownloadProgress
from scenario_async._downloads.job import Job, each_of, ended, unknown
from scenario_async._downloads.manifest import Entry
from scenario_async._downloads.picture import CoolDown, ExpiredError, Picture
from scenario_async._downloads.renewal import MOST_IDS, renewed
from scenario_async._downloads.store import Store
from scenario_async._downloads.wanted import Wanted, nothing_to_download, wanted
from scenario_async._http.failures import closed_meanwhile
from scenario_async._http.pictures import PictureHost
from scenario_async._support.errands import Errands
from scenario_async._support.lifetimes import ClosedOnce
from scenario_async.errors import ScenarioError, WriteError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Coroutine, Iterable

    from scenario_async._calls.call import Caller
    from scenario_async._downloads.download import Download, DownloadStatus
    from scenario_async._downloads.job import Plan
    from scenario_async._downloads.manifest import Key

_MOST_RENEWALS: Final = 3
_GATHERING: Final = 0.1
"""Seconds after which those that wait for an address are thought to be together."""


class Run(ClosedOnce):
    """A download under way.

    `open` it; `feed` it, or as long as there is `room` put what is wanted into `given`, and in the end `no_more`; `take`
    until that gives None. `aclose` cancels what is under way.
    """

    def __init__(self, caller: Caller, plan: Plan) -> None:
        self._caller = caller
        # What pictures are tried again for is not taken from what the API's calls may spend.
        self._pictures = attrs.evolve(caller, budget=RetryBudget(caller.settings.retry_budget))
        self._plan = plan
        self._cool_down = CoolDown()
        self._progress = DownloadProgress()
        self.given: list[object] = []
        self.no_more = False
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._jobs: dict[Key, Job] = {}
        self._parked: list[Job] = []
        self._gathering: asyncio.TimerHandle | None = None
        self._ready: deque[Job] = deque()
        self._done: deque[Download[Any]] = deque()
        self._news = asyncio.Event()
        self._place_free = asyncio.Event()
        self._failure: BaseException | None = None
        self._store: Store | None = None
        self._host: PictureHost | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._errands: Errands

    @property
    def room(self) -> int:
        """How many more files may be begun."""
        if self.no_more or self._ready or self._failure is not None or len(self._parked) >= MOST_IDS:
            return 0
        return max(0, self._plan.concurrency - len(self._tasks) - len(self._done))

    @property
    def busy(self) -> bool:
        """Whether a file is under way."""
        return bool(self._jobs)

    async def open(self) -> None:
        """Open the folder; `ScenarioError` if that cannot be."""
        self._caller.check_open()
        plan = self._plan
        opened = partial(Store.opened, plan.folder, plan.template, sidecar=plan.sidecar)
        self._loop = asyncio.get_running_loop()
        self._errands = Errands(plan.concurrency, "download")
        self._store = await self._errands.do(opened)
        self._host = PictureHost(self._caller.settings)
        self._caller.pool.calls.add(self)

    def client_closed(self) -> Coroutine[Any, Any, None] | None:
        """End the download with its client, from whatever thread; on its own loop, give what closes its connections."""
        if self._loop is asyncio.get_running_loop():
            self._stop(closed_meanwhile())
            return self.aclose()
        if self._loop is not None:
            with suppress(RuntimeError):  # its loop was closed over it
                self._loop.call_soon_threadsafe(self._stop, closed_meanwhile())
        return None

    async def feed(self, hits: Iterable[object] | AsyncIterable[object]) -> None:
        """Read what is wanted, as places free up."""
        items = each_of(hits)
        try:
            while not self.no_more and self._failure is None:
                while not self.room and self._failure is None:
                    self._place_free.clear()
                    await self._place_free.wait()
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    self.no_more = True
                else:
                    self.given.append(item)
                self._advance()
        except Exception as error:  # noqa: BLE001 - the taker raises it
            self._stop(error)
        finally:
            await items.aclose()

    async def take(self, patience: float | None = None) -> list[Download[Any]] | None:
        """Give what is done by now, waiting if nothing is; None at the end.

        With `patience` this waits only so many seconds while more may be begun, and gives nothing then.
        """
        self._advance()
        now = asyncio.get_running_loop().time
        ends = None if patience is None else now() + patience
        while True:
            if self._done:
                done = list(self._done)
                self._done.clear()
                self._advance()
                return done
            if self._failure is not None:
                await self._end_tasks()
                if not self._done:
                    self._raise_failure()
            elif self.no_more and not self._jobs and not self.given:
                return None
            elif ends is not None and self.room and (not self._jobs or now() >= ends):
                return []
            else:
                await self._wait_for_news(ends if self.room else None)

    async def _wait_for_news(self, until: float | None) -> None:
        self._news.clear()
        if until is None:
            await self._news.wait()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._news.wait()

    def tell(self, download: Download[Any]) -> None:
        """Tell whoever wants to know how far it is."""
        self._progress = self._progress.after(download)
        if self._plan.on_progress is not None:
            self._plan.on_progress(self._progress)

    def _raise_failure(self) -> None:
        failure = self._failure
        try:
            assert failure is not None  # noqa: S101 - that is why this is called
            raise failure
        finally:
            del failure  # it holds this frame, which would hold it

    async def _close(self) -> None:
        self.no_more = True
        if self._gathering is not None:
            self._gathering.cancel()
        async with AsyncExitStack() as closing:  # whoever is cancelled amid one of these does the others
            closing.callback(self._caller.pool.calls.discard, self)
            if self._loop is not None:
                closing.callback(self._errands.close)
            closing.push_async_callback(self._let_go)
            await self._end_tasks()

    async def _let_go(self) -> None:
        host, self._host = self._host, None
        store, self._store = self._store, None
        try:
            if host is not None:
                await host.aclose()
        finally:
            if store is not None:
                await self._errands.settled()  # a file whose task was cancelled may be laid down just now
                await self._errands.do(store.close)

    async def _end_tasks(self) -> None:
        tasks = [*self._tasks, *([self._renewing] if self._renewing is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop(self, error: BaseException) -> None:
        """End all of it with an error, once what is done was taken."""
        self._failure = self._failure or error
        self._news.set()
        self._place_free.set()

    def _advance(self) -> None:
        """Begin what was given, and go on with what has an address again."""
        given, self.given = self.given, []
        if self._failure is not None:
            return
        for each in given:
            try:
                self._begin(wanted(each, self._count, self._plan.rendition.query))
            except ScenarioError as error:
                self._stop(error)
                return
            self._count += 1
        while self._ready and len(self._tasks) + len(self._done) < self._plan.concurrency:
            self._start(self._ready.popleft())
        if len(self._parked) >= MOST_IDS or (self.no_more and not self._tasks):
            self._renew_parked()
        if self.room:
            self._place_free.set()
        self._news.set()

    def _park(self, job: Job) -> None:
        """Let a file wait for a new address, with those that soon will."""
        self._parked.append(job)
        self._gather()

    def _gather(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
        self._gathering = asyncio.get_running_loop().call_later(_GATHERING, self._renew_parked)

    def _renew_parked(self) -> None:
        if not self._parked or self._renewing is not None or self._failure is not None:
            return
        jobs, self._parked = self._parked[:MOST_IDS], self._parked[MOST_IDS:]
        self._renewing = asyncio.create_task(self._renew(jobs))
        self._renewing.add_done_callback(self._renewal_ended)

    def _begin(self, one: Wanted) -> None:
        """Begin with a file: it may be there, be under way, or wait for its address at once."""
        assert self._store is not None  # noqa: S101 - it was opened
        if one.key in self._jobs:
            self._jobs[one.key].twins.append(one)
            return
        job = self._jobs[one.key] = Job(one, "", one.url)
        entry = self._store.present(one.key)
        if one.missing is not None:
            self._start(job)
            return
        if entry is None:
            job.stem = self._store.claim(one)
            until = None if one.url is None else expires_at(one.url)
            if one.url is None or (until is not None and until <= time.time()):
                self._park(job)
                return
        elif not self._plan.sidecar:
            self._end(job, entry, "present")
            return
        self._start(job)

    def _start(self, job: Job) -> None:
        task = asyncio.create_task(self._serve(job))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() and self._failure is None and not self.no_more:
            self._stop(asyncio.CancelledError())
        self._raised_by(task)
        self._advance()

    def _raised_by(self, task: asyncio.Task[None]) -> None:
        """Let the taker have what nobody foresaw."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(error)

    async def _serve(self, job: Job) -> None:
        """Bring a file in, whatever comes of it."""
        assert self._store is not None and self._host is not None  # noqa: S101, PT018 - they were opened
        store = self._store
        if job.wanted.missing is not None:
            await self._failed(job, nothing_to_download(job.wanted))
            return
        entry = store.present(job.wanted.key)
        if entry is not None:
            if await self._errands.do(partial(store.lacks_sidecar, job.wanted.key, entry)):
                await self._described(job, entry)
            self._end(job, entry, "present")
            return
        picture = Picture(
            self._pictures,
            self._host,
            store,
            job.wanted,
            stem=job.stem,
            cool_down=self._cool_down,
            errands=self._errands,
        )
        try:
            url = self._plan.rendition.of(job.url or "")
            entry = await picture.fetched(url)
        except ExpiredError as expired:
            await self._expired(job, picture, expired)
        except WriteError as error:
            self._stop(error)
        except ScenarioError as error:
            await self._failed(job, error, picture.continued)
        except Exception as error:  # noqa: BLE001 - the taker raises it
            self._stop(error)
        else:
            self._end(job, entry, "saved")

    async def _described(self, job: Job, entry: Entry) -> None:
        assert self._store is not None  # noqa: S101 - it was opened
        try:
            await self._errands.do(partial(self._store.describe, job.wanted, entry))
        except ScenarioError as error:
            self._stop(error)

    async def _expired(self, job: Job, picture: Picture, expired: ExpiredError) -> None:
        """Let a file wait for a new address, unless the one that was refused is new."""
        until = expires_at(job.url or "")
        is_new = job.renewals > 0 and (until is None or until > time.time())
        if is_new or job.renewals >= _MOST_RENEWALS:
            await self._failed(job, expired.refusal, picture.continued)
        else:
            self._park(job)

    async def _failed(self, job: Job, error: ScenarioError, left: Entry | None = None) -> None:
        """Note what failed, once; what came of it, now or earlier, can be continued."""
        assert self._store is not None  # noqa: S101 - it was opened
        key = job.wanted.key
        left = left or self._store.manifest.part(key) or Entry("failed")
        entry = attrs.evolve(left, status="failed", error=error.message)
        if not self._store.manifest.failed_alike(key, entry):
            try:
                await self._errands.do(partial(self._store.write_down, key, entry))
            except ScenarioError as unwritable:
                self._stop(unwritable)
                return
            self._store.note(key, entry)
        self._end(job, error)

    async def _renew(self, jobs: list[Job]) -> None:
        """Ask for new addresses, and let the files go on that have one."""
        for original in (False, True):
            of_kind = [job for job in jobs if job.wanted.original is original]
            if of_kind:
                await self._renew_alike(of_kind, original=original)

    async def _renew_alike(self, jobs: list[Job], *, original: bool) -> None:
        """Do so by one request; no others are touched, as they may be under way again."""
        ids = dict.fromkeys(job.wanted.asset_id for job in jobs)
        try:
            found = await renewed(self._caller, list(ids), original=original)
        except ScenarioError as error:
            for job in jobs:
                await self._failed(job, error)
            return
        except Exception as error:  # noqa: BLE001 - the taker raises it
            self._stop(error)
            return
        for job in jobs:
            job.url = found.get(job.wanted.asset_id)
            job.renewals += 1
            if job.url is not None:
                self._ready.append(job)
        self._advance()
        for job in [job for job in jobs if job.url is None]:
            await self._failed(job, unknown(job))

    def _renewal_ended(self, task: asyncio.Task[None]) -> None:
        self._renewing = None
        self._raised_by(task)
        if self._parked:
            self._gather()
        self._advance()

    def _end(self, job: Job, outcome: Entry | ScenarioError, status: DownloadStatus = "failed") -> None:
        """Give what became of a file, to each who asked for it."""
        assert self._store is not None  # noqa: S101 - it was opened
        del self._jobs[job.wanted.key]
        if not isinstance(outcome, ScenarioError):
            self._store.note(job.wanted.key, outcome)
        self._done.extend(ended(job, outcome, status, self._store.folder))
        self._news.set()
