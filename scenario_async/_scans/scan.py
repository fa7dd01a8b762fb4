"""A scan: carries a plan out, request by request, and gives what comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import attrs

from scenario_async._annotations import evaluable
from scenario_async._http.request import PreparedSearch
from scenario_async._paging.iteration import IterationStatus, hits_of
from scenario_async._paging.page import LinkedPage, origin_of
from scenario_async._paging.pager import AsyncIteration
from scenario_async._paging.position import Position
from scenario_async._paging.seen import CompactIds
from scenario_async._paging.token import id_digest, make_scan_token
from scenario_async._scans.journal import Journal
from scenario_async._scans.plan import Ask, Got, Item, UnprovenError
from scenario_async._scans.report import ScanReport
from scenario_async._support.counting import counted
from scenario_async._support.lifetimes import running_loop
from scenario_async.errors import APIError, BadRequestError, ScanIncompleteError
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from scenario_async._paging.patience import PatientSource
    from scenario_async._scans.keyset import Keyset, Walk
    from scenario_async._scans.windows import Stack, Windows

_T = TypeVar("_T")
_DONE: Final = object()


@attrs.frozen(eq=False)
class Portion(Generic[HitT_co]):
    """A page with what is new in it, and where the plan stood before and after it."""

    page: LinkedPage[HitT_co]
    before: Walk | Stack | None
    after: Walk | Stack | None
    duplicates: int


class ScanStatus(IterationStatus):
    """How far a scan is, and what may come again where it goes on."""

    delivered: int

    def __init__(self, scan: Scan[Any]) -> None:
        super().__init__(scan.source, None)
        self._scan = scan
        self._whole_before = 0
        self._portion: Portion[Any] | None = None
        self._recent: dict[bytes, str] = {}
        self._stands: Walk | Stack | None = scan.plan.mark
        self._known_to = scan.known_to

    @property
    def hits(self) -> int:
        """How many hits were delivered."""
        return self._whole_before + (0 if self._portion is None else self.delivered)

    def take(self, portion: Portion[Any]) -> None:
        """Take note of a portion about to be delivered; the one before was delivered as a whole."""
        if self._portion is not None:
            self._whole_before += len(self._portion.page.hits)
            self._recent |= self._digests(self._portion.page.hits)
        if portion.before != self._stands:
            self._stands = portion.before
            self._recent = self._still(portion.before)
        self._portion = portion
        self.delivered = 0
        self.duplicates += portion.duplicates

    @property
    def resume_token(self) -> str:
        """Where to go on: after the last hit delivered."""
        mark, recent = self._stands, self._recent
        if self._portion is not None:
            hits = self._portion.page.hits[: self.delivered]
            recent = recent | self._digests(hits)
            if len(hits) == len(self._portion.page.hits):
                mark = self._portion.after
                recent = self._still(mark, recent)
        return self._token(mark, recent)

    def ledger_place(self) -> str:
        """Where to go on after all that was delivered, with what is known since: longer than a `resume_token`."""
        mark, recent = self._scan.plan.mark, self._recent
        if self._portion is not None:
            recent = recent | self._digests(self._portion.page.hits)
        return self._token(mark, self._still(mark, recent), **self._scan.since_mark())

    def _token(self, mark: Any, recent: dict[bytes, str], **more: Any) -> str:  # noqa: ANN401 - of either plan
        known, known_to = self._known, self._known_to
        if cast("Any", self._scan.plan).is_past(mark, known_to):
            known, known_to = [], None
        values = [*recent.values(), *(() if known_to is None else (known_to,))]
        last = max(values, key=self._scan.plan.order) if values and not (known and known_to is None) else None
        place = {**self._scan.place(mark), "last": last, **more}
        return make_scan_token(self._search, place, {*recent, *known})

    def _digests(self, hits: list[Any]) -> dict[bytes, str]:
        return {id_digest(hit.id): self._scan.value_of(hit) for hit in hits}

    def _still(self, mark: Any, recent: dict[bytes, str] | None = None) -> dict[bytes, str]:  # noqa: ANN401
        """Give those that may come again from a mark."""
        recent = self._recent if recent is None else recent
        may = cast("Any", self._scan.plan).again_from(mark)
        return {digest: value for digest, value in recent.items() if may(value)}


class Scan(Generic[HitT_co]):
    """What reads every hit of a search, also past what engines show.

    `known` are digests of ids that were delivered before, by the scan that this one resumes, of hits up to the value
    `known_to`. With a `journal`, replies since the last mark are kept, and those in it are told to the plan once more.
    """

    def __init__(
        self,
        source: PatientSource[HitT_co],
        plan: Keyset | Windows,
        *,
        by: str,
        prefetch: int = 0,
        known: frozenset[bytes] = frozenset(),
        known_to: str | None = None,
        journal: Sequence[Got] | None = None,
    ) -> None:
        self.known_to = known_to
        self.source: PatientSource[HitT_co] = attrs.evolve(source, known=known)
        self.plan = plan
        self.by = by
        self._value: Callable[[Any], str] = _reader(by)
        self._prefetch = prefetch > 0
        self._known = known
        self._seen = CompactIds()
        self.status: ScanStatus = ScanStatus(self)
        self._steps = plan.steps()
        self._ask: Ask | None = None
        self._learned = plan.learned()
        self._journal = None if journal is None else Journal(journal)
        self._reason = ""
        self._go_on(None)
        self._tell_again(journal or ())
        self._reading: asyncio.Task[Portion[HitT_co] | None] | None = None
        self._ended = False

    def value_of(self, hit: Any) -> str:  # noqa: ANN401 - any hit
        """Give a hit's value of the scanned attribute."""
        return self._value(hit)

    def place(self, mark: Walk | Stack | None) -> dict[str, Any]:
        """Give where a mark stands, as a token has it."""
        if mark is None:
            return {"by": self.by, "dates": False, "at": None}
        return {"by": self.by, **self._learned, "at": mark.to_json()}

    def since_mark(self) -> dict[str, Any]:
        """Give what was told since the last mark, as a ledger keeps it."""
        return {} if self._journal is None else {"journal": self._journal.to_json(self.plan.parts)}

    @property
    def report(self) -> ScanReport:
        """What was read so far."""
        plan = self.plan
        return ScanReport(
            hits=self.status.hits,
            requests=self.source.spent.requests,
            windows=plan.windows,
            complete=self.status.stopped_because is not None,
            window_size=plan.window,
            reason=self._reason,
        )

    @property
    def is_under_way(self) -> bool:
        """Whether a page is asked for that nobody has taken."""
        return self._reading is not None

    async def next_page(self) -> LinkedPage[HitT_co] | None:
        """Give the next page with something new; None at the end, once it is proved to be the end."""
        portion: Portion[HitT_co] | None = None
        over = False
        try:
            portion = None if self._ended else await self._next()
        finally:
            if portion is None:
                over = not self._ended
                await self.aclose()
        if portion is not None:
            self.status.take(portion)
            return portion.page
        if over and self._reason:
            raise self._incomplete()
        if over:
            self.status.stopped_because = "exhausted"
        return None

    async def aclose(self) -> None:
        """End here, and give up what is under way."""
        self._ended = True
        reading, self._reading = self._reading, None
        if reading is not None and reading.get_loop() is asyncio.get_running_loop():
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _next(self) -> Portion[HitT_co] | None:
        here = running_loop()
        reading, self._reading = self._reading, None
        if reading is not None and _has_come(
            reading
        ):  # the plan stands behind it, whatever became of its loop
            portion = reading.result()
        elif reading is None or reading.get_loop() is not here:  # a loop that has ended took it along
            portion = await self._read()
        else:
            portion = await reading
        if self._prefetch and portion is not None and not self._ended:
            self._reading = here.create_task(self._read())
        return portion

    async def _read(self) -> Portion[HitT_co] | None:
        """Ask until something new comes."""
        duplicates = 0
        while self._ask is not None:
            before = self.plan.mark
            page = await self._answer(self._ask)
            if page is None:
                self._take(Got())
                continue
            probes = self._ask.probes
            fresh, got = self._sorted_out(page, probes=probes)
            if not probes:
                duplicates += got.received - len(fresh) - len(page.invalid_hits)
            self._take(got)
            if fresh:
                return Portion(attrs.evolve(page, hits=fresh), before, self.plan.mark, duplicates)
        return None

    def _sorted_out(self, page: LinkedPage[HitT_co], *, probes: bool) -> tuple[list[HitT_co], Got]:
        """Give what is new on a page, and what the plan is to know of it."""
        seen, known, value_of = self._seen, self._known, self._value
        items: list[Item] = []
        fresh: list[HitT_co] = []
        for hit in page.hits:
            again = hit.id in seen or (bool(known) and id_digest(hit.id) in known)
            items.append(Item(hit.id, value_of(hit), again, hit))
            if not again and not probes:
                fresh.append(hit)
        if not probes:
            seen.update(hit.id for hit in page.hits)
        if len({hit.id for hit in fresh}) < len(fresh):
            fresh = list({hit.id: hit for hit in fresh}.values())
        got = Got(
            items=items,
            received=origin_of(page).received,
            limit=page.limit,
            offset=page.offset,
            total=page.estimated_total_hits,
        )
        return fresh, got

    def _tell_again(self, replies: Sequence[Got]) -> None:
        for got in replies:
            if self._ask is not None:
                self._go_on(got)

    def _take(self, got: Got) -> None:
        """Go on with a reply, and keep what is needed to come here again."""
        before = self.plan.mark
        self._go_on(got)
        if self.plan.mark is not before:
            self._learned = self.plan.learned()
            if self._journal is not None:
                self._journal.clear()
        elif self._journal is not None:
            self._journal.add(got)

    def _go_on(self, got: Got | None) -> None:
        """Let the plan make the next request of a reply."""
        try:
            self._ask = next(self._steps) if got is None else self._steps.send(got)
        except StopIteration:
            self._ask = None
        except UnprovenError as error:
            self._ask, self._reason = None, str(error)

    async def _answer(self, ask: Ask) -> LinkedPage[HitT_co] | None:
        """Send a request; None for a refusal that was to be expected."""
        search, caller = self.source.search, self.source.caller
        assert caller is not None  # noqa: S101 - it was made for this scan
        own = [f"({search.filter})"] if ask.conditions and (search.filter or "").strip() else []
        asked = attrs.evolve(
            search,
            filter=" AND ".join([*own, *ask.conditions]) if ask.conditions else search.filter,
            sort_by=None if ask.order is None else f"{self.plan.attribute}:{ask.order}",
        )
        prepared = PreparedSearch.of(asked, caller.settings)
        source = attrs.evolve(self.source, search=asked, prepared=prepared, known=frozenset())
        position = Position(by_page=False, number=ask.offset, size=ask.size)
        try:
            return await source.page_at(position)
        except BadRequestError as error:
            if ask.may_fail:
                return None
            self._explain(error)
            raise
        except APIError as error:
            self._explain(error)
            raise

    def _explain(self, error: APIError) -> None:
        """Let an error say how to go on."""
        hint = f"the scan stands after {counted(self.status.hits, 'hit')}: resume it with the `resume_token` of the iterator"
        if isinstance(error, BadRequestError) and self.status.hits == 0:
            told = error.message.lower()
            if "sort" not in told and self.plan.attribute.lower() not in told:
                return  # it is the search itself that is refused
            hint = f"a scan by {self.by!r} filters and sorts by {self.plan.attribute}, which this index may not allow"
        error.hint = f"{error.hint}; {hint}" if error.hint else hint

    def _incomplete(self) -> ScanIncompleteError:
        report = self.report
        read = f"{counted(report.hits, 'hit was', 'hits were')} read in {counted(report.requests, 'request')}"
        way_out = "go on with client.search.resume(error.resume_token, search), or scan narrower searches"
        message = f"this scan cannot prove that it is complete: {self._reason}. {read}; {way_out}"
        return ScanIncompleteError(message, report=report, resume_token=self.status.resume_token)


def _has_come(reading: asyncio.Task[Any]) -> bool:
    return reading.done() and not reading.cancelled() and reading.exception() is None


def _reader(by: str) -> Callable[[Any], str]:
    def read(hit: Any) -> str:  # noqa: ANN401 - any hit
        return cast("str", getattr(hit, by))

    return read


@evaluable
class AsyncScan(AsyncIteration[_T]):
    """A scan of the async client, an async generator of hits: `async for` reads on, `aclose()` stops early."""

    def __init__(self, scan: Scan[Any]) -> None:
        super().__init__(scan, cast("AsyncGenerator[_T]", hits_of(scan)))
        self._scan = scan

    @property
    def report(self) -> ScanReport:
        """What was read so far, in how many requests, and whether it is complete."""
        return self._scan.report
