"""Thumbnails fetched from the picture host: a few at a time, without anything of a client's signature."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from scenario_async._calls.retries import Retried, RetryBudget
from scenario_async._downloads.picture import CoolDown
from scenario_async._http.failures import closed_meanwhile
from scenario_async._http.pictures import PictureHost
from scenario_async._http.reply import status_error
from scenario_async._looks.addresses import addresses_of, is_signed
from scenario_async._looks.shrinking import thumbnail_of
from scenario_async._looks.thumbnails import Loaded, Missing, Shown
from scenario_async._support.errands import Errands
from scenario_async.errors import (
    FIRST_ERROR_STATUS,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    DeadlineExceededError,
    RateLimitError,
    ScenarioError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scenario_async._calls.call import Caller
    from scenario_async._looks.thumbnails import Reason, Thumbnails
    from scenario_async.models import Hit

_AT_ONCE: Final = 8
_DECODERS: Final = 2
_MOST_BYTES: Final = 32 * 2**20
_GONE: Final = frozenset({404, 410})
_REFUSED: Final = frozenset({401, 403})


async def loaded(caller: Caller, hits: Sequence[Hit], thumbnails: Thumbnails) -> Loaded:
    """Load the thumbnails of hits that are not there yet, and tell what came of it.

    What cannot be had is noted, and no error. `ImportError` if pictures came large and Pillow is not there; those that
    came small are kept then.
    """
    caller.check_open()
    wanted = thumbnails.to_load(hits)
    if wanted:
        await Loading(caller, thumbnails).run(wanted)
    return Loaded.of(thumbnails, hits)


class Loading:
    """One loading under way, which ends with its client."""

    def __init__(self, caller: Caller, thumbnails: Thumbnails) -> None:
        self._caller = attrs.evolve(caller, budget=RetryBudget(caller.settings.retry_budget))
        self._calls = caller.pool.calls
        self._thumbnails = thumbnails
        self._host = PictureHost(caller.settings)
        self._errands = Errands(_DECODERS, "thumbnails")
        self._cool_down = CoolDown()
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def run(self, hits: Iterable[Hit]) -> None:
        """Load all of them."""
        waiting = iter(hits)
        self._calls.add(self)
        self._tasks = [asyncio.create_task(self._work(waiting)) for _ in range(_AT_ONCE)]
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
            if self._closed:
                raise closed_meanwhile()
            for task in self._tasks:
                if task.done():
                    task.result()
        finally:
            self._cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []
            self._calls.discard(self)
            await self.aclose()

    async def aclose(self) -> None:
        """Close what was opened to load; `run` does so by itself."""
        self._errands.close()
        await self._host.aclose()

    def client_closed(self) -> None:
        """End with the client, from whatever thread."""
        self._closed = True
        with suppress(RuntimeError):  # the loop was closed over it
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _work(self, hits: Iterator[Hit]) -> None:
        for hit in hits:
            self._thumbnails.put(hit, await self.look_of(hit))

    async def look_of(self, hit: Hit) -> Shown | Missing:
        """Try one address after the other; what the last one says stands."""
        urls, expired = addresses_of(hit)
        look: Shown | Missing = Missing("expired" if expired else "none")
        for url in urls:
            try:
                data = await self._file(url)
            except ScenarioError as error:
                if self._closed:
                    raise
                look = Missing(_reason(error, signed=is_signed(url)), error.message)
                continue
            look = await self._errands.do(partial(thumbnail_of, data))
            if isinstance(look, Shown):
                break
        return look

    async def large_of(self, hit: Hit, side: int) -> bytes | None:
        """Give the file of a hit's picture, about so wide, as the picture host makes it; None where there is none."""
        for url in addresses_of(hit, side)[0]:
            with suppress(ScenarioError):
                return await self._file(url)
        return None

    async def _file(self, url: str) -> bytes:
        return await _Fetch(self._caller, self._host, self._cool_down, url).data()


def _reason(error: ScenarioError, *, signed: bool) -> Reason:
    status = error.status_code if isinstance(error, APIStatusError) else 0
    if status in _GONE:
        return "gone"
    if status in _REFUSED:
        return "expired" if signed else "refused"
    if isinstance(error, _TooLargeError):
        return "large"
    return "failed"


class _TooLargeError(APIResponseValidationError):
    """A file that is larger than anybody would make small."""


class _Fetch(Retried["bytes | BaseException"]):
    """One file, whole in memory, tried again as the client's calls are."""

    def __init__(self, caller: Caller, host: PictureHost, cool_down: CoolDown, url: str) -> None:
        self._caller = caller
        self._host = host
        self._cool_down = cool_down
        self._url = url
        self._data = bytearray()
        self._began = asyncio.get_running_loop().time()

    async def data(self) -> bytes:
        """Give the file, or raise `ScenarioError`."""
        seconds = self._caller.settings.deadline
        limit = asyncio.timeout(seconds)
        outcome: bytes | BaseException
        try:
            async with limit:
                outcome = await self.settled()
                if isinstance(outcome, asyncio.CancelledError):
                    raise outcome
        except TimeoutError as error:
            outcome = error
            if limit.expired():
                outcome = DeadlineExceededError(f"the picture outlasted the deadline of {seconds} s")
        if isinstance(outcome, bytes):
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # it holds this frame, which would hold it

    async def attempt(self) -> bytes | BaseException:
        """Ask once."""
        if (left := self._cool_down.left()) > 0:
            await self._caller.backoff.sleep(left)
        self._data.clear()
        try:
            answer = await self._host.receive(self._url, {}, self, timeout=self._caller.settings.timeout)
        except APIError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again in `data`
            return error
        if answer.status >= FIRST_ERROR_STATUS:
            failure = status_error(answer)
            if isinstance(failure, RateLimitError):
                self._cool_down.hold_back(self._caller.backoff.asked(failure) or 0)
            raise failure
        self._caller.budget.refill(self.cost)
        return bytes(self._data)

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - any file will do
        """Refuse what says that it is too large."""
        self._bound(int(headers.get("content-length") or 0))

    async def take(self, chunk: bytes) -> None:
        """Take bytes of the file."""
        self._data += chunk
        self._bound(len(self._data))

    def _bound(self, size: int) -> None:
        if size > _MOST_BYTES:
            raise _TooLargeError(f"the file has more than {_MOST_BYTES // 2**20} MiB")

    def time_left(self) -> float:
        """How many seconds the deadline leaves."""
        deadline = self._caller.settings.deadline
        if deadline is None:
            return math.inf
        return self._began + deadline - asyncio.get_running_loop().time()

    def renews_token(self, error: APIError) -> bool:  # noqa: ARG002 - there is none
        """Tell that no token is to be renewed: none is sent."""
        return False

    async def retrying(self, error: APIError, pause: float) -> None:
        """Let the other files wait as well after a 429."""
        if isinstance(error, RateLimitError):
            self._cool_down.hold_back(pause)
