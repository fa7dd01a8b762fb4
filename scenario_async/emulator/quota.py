"""How many requests a project may send."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

from scenario_async.emulator.errors import ServiceError

# What the service's documentation names, for each project and minute.
DOCUMENTED: Final = 100


class Quota:
    """So many `requests` for each project, in any stretch of `per` seconds.

    A request that is refused does not count. `clock` gives the time in seconds.
    """

    def __init__(
        self, requests: int = DOCUMENTED, *, per: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if requests < 1:
            raise ValueError(f"a quota must let at least 1 request in, not {requests!r}")
        if not 0 < per < math.inf:
            raise ValueError(f"per must be a number of seconds above 0, not {per!r}")
        self._requests = requests
        self._per = per
        self._clock = clock
        self._admitted: defaultdict[str, deque[float]] = defaultdict(deque)

    def __repr__(self) -> str:
        return f"Quota({self._requests}, per={self._per!r})"

    def admit(self, project_id: str) -> None:
        """Count a request of a project, or refuse it with a 429 that says when the next place is free."""
        now = self._clock()
        admitted = self._admitted[project_id]
        while admitted and admitted[0] <= now - self._per:
            admitted.popleft()
        if len(admitted) >= self._requests:
            raise _too_many(max(1, math.ceil(admitted[0] + self._per - now)))
        admitted.append(now)


def quota_of(rate_limit: bool | int | Quota | None) -> Quota | None:  # noqa: FBT001 - a value, not a switch
    """Read an emulator's `rate_limit`: True for what is documented, a number for so many a minute."""
    match rate_limit:
        case None | False:
            return None
        case True:
            return Quota()
        case Quota():
            return rate_limit
        case int() if rate_limit >= 1:
            return Quota(rate_limit)
        case _:
            raise ValueError(
                "rate_limit must be True (100 a minute), a whole number of requests a minute from 1 up, "
                f"a Quota or None, not {rate_limit!r}"
            )


def _too_many(seconds: int) -> ServiceError:
    return ServiceError(
        429,
        f"Too many requests: try again in {seconds} s",
        headers={"retry-after": str(seconds)},
        more={"remainingSeconds": seconds},
    )
