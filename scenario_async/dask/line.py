"""Who may ask next: the queue of all workers, in the memory of one process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from scenario_async.limiters._shared import LEASE, window

if TYPE_CHECKING:
    from collections.abc import Callable


class Line:
    """At most `requests` in any `per` seconds, first come, first served.

    Who waits asks again in time: a ticket that nobody asked with for ten seconds has lost its turn.
    """

    def __init__(self, requests: int, per: float, now: Callable[[], float] = time.monotonic) -> None:
        self._requests = requests
        self._window = window(per)
        self._now = now
        self._departures: dict[str, float] = {}
        self._waiting: dict[str, float] = {}
        self._cool_until = self._cool_length = 0.0

    def ask(self, ticket: str) -> tuple[float, float]:
        """Grant a ticket, or say how many seconds it takes; and how long the cool-down is that it waits for."""
        now = self._now()
        self._forget(now)
        before = 0
        if self._departures.pop(ticket, None) is None:
            self._waiting[ticket] = now  # which keeps its place, if it has one
            before = next(place for place, each in enumerate(self._waiting) if each == ticket)
        wait = self._wait(now, before)
        if (cool := self._cool_until - now) > max(wait, 0.0):
            return cool, self._cool_length
        if wait > 0:
            return wait, 0.0
        self._waiting.pop(ticket, None)
        self._departures[ticket] = now
        return 0.0, 0.0

    def give_back(self, ticket: str) -> None:
        """Forget a ticket, granted or not."""
        self._waiting.pop(ticket, None)
        self._departures.pop(ticket, None)

    def count(self, ticket: str) -> None:
        """Let a ticket that was granted count from now on."""
        self._departures.pop(ticket, None)
        self._departures[ticket] = self._now()

    def hold(self, seconds: float) -> None:
        """Grant nothing for so long; a longer cool-down that runs already stays."""
        until = self._now() + seconds
        if until > self._cool_until:
            self._cool_until, self._cool_length = until, seconds

    def _forget(self, now: float) -> None:
        for ticket, at in list(self._departures.items()):  # the oldest first, as they were counted
            if at > now - self._window:
                break
            del self._departures[ticket]
        for ticket, seen in list(self._waiting.items()):
            if seen <= now - LEASE:
                del self._waiting[ticket]

    def _wait(self, now: float, before: int) -> float:
        lapsing = len(self._departures) + before - self._requests
        if lapsing < 0:
            return 0.0
        if lapsing >= len(self._departures):
            return self._window
        lapses = next(at for place, at in enumerate(self._departures.values()) if place == lapsing)
        return lapses + self._window - now
