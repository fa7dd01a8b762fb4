"""Searchers: each does one thing after another with a client, by chance, and checks what comes back."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

import attrs
from soak.outcomes import ANSWERED, CANCELLED, LEFT, Known, Tally, WrongError, check_error

from scenario_async import AsyncScenario, FanOutError, FanOutHit, Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from random import Random

    from scenario_async import Search
    from scenario_async._paging.fan_out import Order

MOST_AHEAD: Final = 4
LEAVES: Final = 0.25
CANCELS: Final = 0.15
LATEST_CANCEL: Final = 0.2
HANGS: Final = 60.0


@attrs.define
class Collected:
    """What a fan-out gave, search by search."""

    known: Sequence[Known]
    ids: defaultdict[int, list[str]] = attrs.field(factory=lambda: defaultdict[int, list[str]](list))
    errors: dict[int, str] = attrs.field(factory=dict[int, str])

    def add(self, result: FanOutHit[Any] | FanOutError[Any]) -> None:
        """Take a hit or an error."""
        if result.index in self.errors:
            raise WrongError(f"a search of a fan-out went on after its error: {result!r}")
        if isinstance(result, FanOutError):
            self.errors[result.index] = check_error(result.error)
        else:
            self.ids[result.index].append(result.hit.id)

    def outcomes(self, *, whole: bool) -> list[str]:
        """Check every search, and give what became of it."""
        told: list[str] = []
        for index, known in enumerate(self.known):
            ids, error = self.ids[index], self.errors.get(index)
            ended = whole and error is None
            known.check(ids, None if ended else len(ids))
            told.append(error or (ANSWERED if ended else LEFT))
        return told


class Options(TypedDict):
    """How several searches are run."""

    concurrency: int
    order: Order
    on_error: Literal["yield"]


@attrs.define
class Searcher:
    """What searchers of both kinds draw from."""

    known: Sequence[Known]
    chance: Random
    tally: Tally

    def draw(self) -> Known:
        """Choose a search."""
        return self.chance.choice(self.known)

    def leaves_after(self, known: Known) -> int | None:
        """Choose after how many hits to leave an iteration; None to stay to the end."""
        return self.chance.randint(1, len(known.ids)) if self.chance.random() < LEAVES else None

    def fan_out_options(self) -> Options:
        """Choose how to run several searches."""
        order: Order = self.chance.choice(["completed", "submitted"])
        return {"concurrency": self.chance.randint(1, MOST_AHEAD), "order": order, "on_error": "yield"}


@attrs.define
class AsyncSearcher(Searcher):
    """One that awaits, and now and then cancels."""

    client: AsyncScenario = attrs.field(kw_only=True)

    async def run(self, until: float) -> None:
        """Search until then."""
        while time.monotonic() < until:
            doing = self.chance.choice(
                [self._first_page, self._hits, self._hits, self._resumed, self._fan_out]
            )
            task = asyncio.create_task(doing())
            cancels = self.chance.random() < CANCELS
            await asyncio.wait({task}, timeout=self.chance.uniform(0, LATEST_CANCEL) if cancels else HANGS)
            if not task.done() and not cancels:
                self.tally.breach(f"{doing.__name__} took more than {HANGS} s")
            task.cancel()
            await asyncio.wait({task})
            if task.cancelled():
                self.tally.end([CANCELLED])
            elif (error := task.exception()) is not None:
                self.tally.fail(error)
            else:
                self.tally.end(task.result())

    async def _first_page(self) -> list[str]:
        known = self.draw()
        page = await self.client.search.run(known.search)
        known.check([hit.id for hit in page.hits], len(known.first))
        return [ANSWERED]

    async def _hits(self) -> list[str]:
        known = self.draw()
        most = self.leaves_after(known)
        pager = self.client.search.run(known.search)
        hits = pager.iter_hits(prefetch=self.chance.randint(0, MOST_AHEAD))
        ids = await _taken(hits, most)
        how = self.chance.choice(["dropped", "iteration", "pager"])
        if how != "dropped":
            await (hits if how == "iteration" else pager).aclose()
        known.check(ids, most)
        return [ANSWERED if most is None else LEFT]

    async def _resumed(self) -> list[str]:
        """Leave an iteration, and go on with another one."""
        known = self.draw()
        first = self.client.search.run(known.search)
        hits = first.iter_hits(prefetch=self.chance.randint(0, MOST_AHEAD))
        ids = await _taken(hits, self.chance.randint(1, len(known.ids)))
        await hits.aclose()
        second = self.client.search.resume(first.resume_token, known.search)
        known.check(ids + [hit.id async for hit in second])
        return [ANSWERED]

    async def _fan_out(self) -> list[str]:
        collected = Collected([self.draw() for _ in range(3)])
        most = self.leaves_after(collected.known[0])
        searches: list[Search[Any]] = [known.search for known in collected.known]
        results = self.client.search.fan_out(searches, **self.fan_out_options())
        taken = 0
        async for result in results:
            collected.add(result)
            taken += 1
            if taken == most:
                break
        whole = taken != most
        if self.chance.random() < 0.5 or not whole:
            await results.aclose()
        return collected.outcomes(whole=whole)


async def _taken(hits: AsyncGenerator[Any], most: int | None) -> list[str]:
    ids: list[str] = []
    async for hit in hits:
        ids.append(hit.id)
        if len(ids) == most:
            break
    return ids


@attrs.define
class SyncSearcher(Searcher):
    """One that blocks its thread."""

    client: Scenario = attrs.field(kw_only=True)

    def run(self, until: float) -> None:
        """Search until then."""
        while time.monotonic() < until:
            doing = self.chance.choice([self._first_page, self._hits, self._hits, self._fan_out])
            try:
                self.tally.end(doing())
            except Exception as error:  # noqa: BLE001 - the tally tells which may be
                self.tally.fail(error)

    def _first_page(self) -> list[str]:
        known = self.draw()
        page = self.client.search.run(known.search)
        known.check([hit.id for hit in page.hits], len(known.first))
        return [ANSWERED]

    def _hits(self) -> list[str]:
        known = self.draw()
        most = self.leaves_after(known)
        hits = self.client.search.run(known.search).iter_hits(prefetch=self.chance.randint(0, MOST_AHEAD))
        ids: list[str] = []
        for hit in hits:
            ids.append(hit.id)
            if len(ids) == most:
                break
        if self.chance.random() < 0.5:
            hits.close()
        known.check(ids, most)
        return [ANSWERED if most is None else LEFT]

    def _fan_out(self) -> list[str]:
        collected = Collected([self.draw() for _ in range(3)])
        most = self.leaves_after(collected.known[0])
        searches: list[Search[Any]] = [known.search for known in collected.known]
        results = self.client.search.fan_out(searches, **self.fan_out_options())
        taken = 0
        for result in results:
            collected.add(result)
            taken += 1
            if taken == most:
                break
        whole = taken != most
        results.close()
        return collected.outcomes(whole=whole)
