"""The quota as the page shows it: how many requests went out within the last minute, and what is waited for."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import attrs

from scenario_async.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async import RateLimit
    from scenario_async.events import RequestEvent, RetryEvent


@attrs.frozen(eq=False)
class Meter:
    """Counts the requests of a client that keeps to a quota."""

    quota: RateLimit
    _now: Callable[[], float] = time.monotonic
    _sent: deque[float] = attrs.field(factory=deque[float], init=False)
    _refused: list[float] = attrs.field(factory=lambda: [0.0], init=False)

    @property
    def hooks(self) -> dict[str, Any]:
        """What the client is to tell."""
        return {"on_request": self._request, "on_retry": self._retry}

    def _request(self, _event: RequestEvent) -> None:
        self._sent.append(self._now())

    def _retry(self, event: RetryEvent) -> None:
        if isinstance(event.error, RateLimitError):
            self._refused[0] = self._now() + event.wait

    def state(self) -> dict[str, Any]:
        """Tell how many requests count now, how many there may be, and how long the next one waits."""
        now = self._now()
        while self._sent and self._sent[0] + self.quota.per <= now:
            self._sent.popleft()
        wait = max(self.quota.known_wait(), self._refused[0] - now)
        return {
            "used": min(len(self._sent), self.quota.requests),
            "of": self.quota.requests,
            "seconds": self.quota.per,
            "wait": round(max(0.0, wait), 1),
        }
