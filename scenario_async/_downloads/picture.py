"""One file on its way: asked for, continued where it broke off, tried again as the client's calls are."""

from __future__ import annotations

import asyncio
import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._calls.retries import Retried, retryable
from scenario_async._downloads.files import Part
from scenario_async._downloads.manifest import Entry
from scenario_async._http.reply import status_error
from scenario_async.errors import (
    FIRST_ERROR_STATUS,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    DeadlineExceededError,
    RateLimitError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scenario_async._calls.call import Caller
    from scenario_async._downloads.store import Store
    from scenario_async._downloads.wanted import Wanted
    from scenario_async._http.pictures import PictureHost
    from scenario_async._http.transport import Answer
    from scenario_async._support.errands import Errands

_BUFFER: Final = 512 * 1024
"""So many bytes are kept before they are written: smaller files reach the disk whole, by one errand."""
_OK: Final = 200
_PARTIAL: Final = 206
_UNSATISFIABLE: Final = 416
_REFUSED: Final = frozenset({401, 403, 410})
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_SIZE: Final = re.compile(r"bytes \*/(\d+)")
_STRONG: Final = re.compile(r'"[\x21\x23-\x7e]*"')


class ExpiredError(Exception):
    """An address opens no picture any more; `refusal` is what the host answered."""

    def __init__(self, refusal: APIError) -> None:
        super().__init__()
        self.refusal = refusal


@attrs.define(eq=False)
class CoolDown:
    """How long all of a download stays away from a host that asked for it."""

    until: float = -math.inf

    def hold_back(self, seconds: float) -> None:
        """Stay away for so many seconds."""
        self.until = max(self.until, asyncio.get_running_loop().time() + seconds)

    def left(self) -> float:
        """Give how many seconds are left."""
        return max(0.0, self.until - asyncio.get_running_loop().time())


class Picture(Retried["Entry | BaseException"]):
    """One file, and what has come of it so far."""

    def __init__(
        self,
        caller: Caller,
        host: PictureHost,
        store: Store,
        wanted: Wanted,
        *,
        stem: str,
        cool_down: CoolDown,
        errands: Errands,
    ) -> None:
        self._caller = caller
        self._host = host
        self._store = store
        self._cool_down = cool_down
        self._errands = errands
        self._wanted = wanted
        self._stem = stem
        self._url = ""
        self._began = asyncio.get_running_loop().time()
        self._clock = asyncio.timeout(caller.settings.deadline)
        self._attempts: list[float] = []
        self._part: Part | None = None
        self._etag: str | None = None
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._mime_type = ""

    async def fetched(self, url: str) -> Entry:
        """Fetch the file, whole, and give its entry; `ExpiredError` if the address opens nothing any more.

        What came is kept if it fails, where it can be continued.
        """
        self._url = url
        clock = self._clock
        outcome: Entry | BaseException
        try:
            async with clock:
                outcome = await self.settled()
                if isinstance(outcome, asyncio.CancelledError):
                    raise outcome  # noqa: TRY301 - the clock is to see it
        except TimeoutError as error:
            outcome = error
            if clock.expired():
                seconds = self._caller.settings.deadline
                outcome = DeadlineExceededError(f"the file outlasted the deadline of {seconds} s")
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            outcome = error
        if isinstance(outcome, Entry):
            return outcome
        await self._keep()
        if isinstance(outcome, APIError):
            self._describe(outcome)
        elif isinstance(outcome, ExpiredError):
            self._describe(outcome.refusal)
        try:
            raise outcome
        finally:
            del outcome  # it holds this frame, which would hold it

    @property
    def continued(self) -> Entry:
        """What is to be noted of a failure, with the part that is left."""
        part = self._part
        if part is None or not part.noted:
            return Entry("failed")
        return Entry("failed", part.name, etag=self._etag)

    async def attempt(self) -> Entry | BaseException:
        """Make one attempt, and give what no other may follow."""
        began = asyncio.get_running_loop().time()
        try:
            return await self._attempt()
        except APIError:
            self._attempts.append(asyncio.get_running_loop().time() - began)
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again in `fetched`
            return error

    async def _attempt(self) -> Entry:
        """Ask once, for what is not there yet."""
        if (left := self._cool_down.left()) > 0:
            await self._caller.backoff.sleep(left)
        headers = await self._headers()
        answer = await self._host.receive(
            self._url,
            headers,
            self,
            timeout=self._caller.settings.timeout,
        )
        if answer.status == _UNSATISFIABLE and self._part is not None:
            whole = _SIZE.fullmatch(answer.headers.get("content-range", ""))
            if whole is None or int(whole[1]) != self._part.size:
                await self._forget()
                raise APIConnectionError("what was there of the file belongs to another one, and is left out")
        elif answer.status >= FIRST_ERROR_STATUS:
            self._fail(answer)
        assert self._part is not None  # noqa: S101 - `begin` made it
        chunks, self._buffer, self._buffered = self._buffer, [], 0
        work = partial(self._store.finish, self._wanted, self._stem, self._part, chunks, self._mime_type)
        entry = await self._laid_down(work)
        self._caller.budget.refill(self.cost)
        return entry

    async def _laid_down(self, work: Callable[[], Entry]) -> Entry:
        """Lay a whole file down, which no deadline cuts short: it would stand there, and be told to have failed."""
        ends = self._clock.when()
        if not self._clock.expired():
            self._clock.reschedule(None)
        try:
            return await self._errands.do(work)
        except asyncio.CancelledError:
            self._part = None  # its thread has it, to the end
            raise
        except BaseException:
            if not self._clock.expired():
                self._clock.reschedule(ends)
            raise

    async def _headers(self) -> dict[str, str]:
        """Give what asks for the rest of a file, if some of it is there."""
        if self._part is None:
            begun = None
            if self._store.manifest.part(self._wanted.key) is not None:
                begun = await self._errands.do(partial(self._store.begun, self._wanted.key))
            if begun is not None:
                self._part, self._etag = begun
        await self._flush()
        if self._part is None or not self._part.size or self._etag is None:
            return {}
        return {"range": f"bytes={self._part.size}-", "if-range": self._etag}

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of a reply with a file, or with the rest of one."""
        etag = headers.get("etag", "").strip()
        self._mime_type = headers.get("content-type", "")
        if status == _PARTIAL:
            found = _RANGE.fullmatch(headers.get("content-range", ""))
            size = self._part.size if self._part is not None else 0
            if found is None or int(found[1]) != size or etag not in ("", self._etag):
                await self._forget()
                raise APIConnectionError("the reply is another part of the file than was asked for")
            return
        if status != _OK:
            raise APIResponseValidationError(f"the reply is no file: its status is {status}")
        await self._forget()
        self._etag = etag if _STRONG.fullmatch(etag) else None
        self._part = Part(self._store.part_path(self._wanted.key, self._etag))

    async def take(self, chunk: bytes) -> None:
        """Take bytes of the file."""
        self._buffer.append(chunk)
        self._buffered += len(chunk)
        if self._buffered >= _BUFFER:
            await self._flush()

    async def _flush(self) -> None:
        """Write what has come, so that it is kept; it is left out where it could not be continued."""
        part, chunks = self._part, self._buffer
        self._buffer, self._buffered = [], 0
        if part is None or not chunks:
            return
        key, etag = self._wanted.key, self._etag
        await self._errands.do(partial(self._store.grow, key, part, chunks, etag))
        if etag is not None:
            self._store.note(key, Entry("part", part.name, etag=etag))

    async def _forget(self) -> None:
        """Begin anew."""
        part, self._part, self._etag = self._part, None, None
        self._buffer, self._buffered = [], 0
        if part is not None:
            await self._errands.do(part.remove)

    async def _keep(self) -> None:
        """Keep what came of a file that is not whole, if it can be continued."""
        if self._part is None:
            return
        if self._etag is None:
            await self._forget()
            return
        await self._flush()
        await self._errands.do(self._part.abandon)

    def _fail(self, answer: Answer) -> None:
        error = status_error(answer)
        if answer.status in _REFUSED:
            raise ExpiredError(error)
        if isinstance(error, RateLimitError):
            self._cool_down.hold_back(self._caller.backoff.asked(error) or 0)
        raise error

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

    def _describe(self, error: APIError) -> None:
        """Tell in an error of which file it is, and how often it was tried."""
        error.method, error.url = "GET", self._url.partition("?")[0]
        times: dict[str, Any] = {
            "attempts": len(self._attempts),
            "attempt_seconds": tuple(self._attempts),
            "elapsed": asyncio.get_running_loop().time() - self._began,
        }
        for name, value in times.items():
            setattr(error, name, value)
        error.retryable = retryable(error) or isinstance(error, DeadlineExceededError)
