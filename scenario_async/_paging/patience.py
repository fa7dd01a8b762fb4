"""Pages for those who have time: a 429 is waited out for as long as it takes."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

import attrs

from scenario_async._paging.iteration import PageSource
from scenario_async._support.logger import log
from scenario_async.errors import APIError, RateLimitError
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from scenario_async._http.reply import Reply
    from scenario_async._paging.position import Position


class OutOfRequestsError(Exception):
    """There is no request left of a budget."""


@attrs.define(eq=False)
class Budget:
    """How many requests several sources may send together, retries included: `most`, or any number where that is None.

    A request that is under way counts as one that was sent, so that those which run at once do not take the same last
    place. Its retries are known at its end only: they may go beyond `most`, and then nothing else is begun.
    """

    most: int | None = None
    sent: int = 0
    under_way: int = 0

    def has_left(self) -> bool:
        """Tell whether another request may be begun."""
        return self.most is None or self.sent + self.under_way < self.most


@attrs.define(eq=False)
class Spent:
    """How many requests were sent, retries included, and the budget that they come out of."""

    requests: int = 0
    budget: Budget = attrs.field(factory=Budget)

    def begin(self) -> None:
        """Take a request out of the budget; `OutOfRequestsError` if none is left."""
        if not self.budget.has_left():
            raise OutOfRequestsError
        self.budget.under_way += 1

    def end(self, sent: int) -> None:
        """Note how many it took."""
        self.requests += sent
        self.budget.sent += sent
        self.budget.under_way -= 1


@attrs.frozen(eq=False)
class PatientSource(PageSource[HitT_co]):
    """A source that tries again after a 429, beyond `max_retries`, unless waiting does not help.

    A deadline bounds each page, with all that it takes. `spent` counts what was sent, and `waiting` tells how long the
    service still lets nothing through.
    """

    spent: Spent = attrs.field(factory=Spent, repr=False)

    @property
    def waiting(self) -> float:
        """The seconds that are left of a 429; 0 where nothing waits for one."""
        return 0.0 if self.caller is None else self.caller.admission.cool_down.left()

    async def reply_at(self, position: Position) -> Reply:
        """Fetch the reply that has a page in it."""
        caller = self._known_caller()
        assert self.prepared is not None  # noqa: S101 - they come and go together
        request = self.prepared.at(position.members())
        deadline = caller.settings.deadline if request.deadline is None else request.deadline
        loop = asyncio.get_running_loop()
        ends = math.inf if deadline is None else loop.time() + deadline
        refused = 0
        while True:
            self.spent.begin()
            sent = 1
            try:
                reply = await caller.search(request)
                sent = reply.attempts
            except APIError as error:
                sent = error.attempts
                if not isinstance(error, RateLimitError) or not error.retryable:
                    raise
                refused += 1
                # Of a 429 that names no time, or none to speak of, nobody else has made a cool-down.
                pause = caller.backoff.asked(error) or caller.backoff.wait(None, refused)
                left = ends - loop.time()
                if pause >= left:
                    raise
            else:
                return reply
            finally:
                self.spent.end(sent)
            log(logging.INFO, "a 429 lets nothing through for %.1f s, which are waited out", pause)
            await caller.admission.hold_back(pause)
            if deadline is not None:
                request = attrs.evolve(request, deadline=left)


def patient(source: PageSource[HitT_co]) -> PatientSource[HitT_co]:
    """Make a source patient, unless it is."""
    if isinstance(source, PatientSource):
        return source
    parts = {field.name: getattr(source, field.name) for field in attrs.fields(PageSource)}
    return PatientSource[HitT_co](**parts)
