"""What the congruence suite runs against: the emulator, or the real service if the environment asks for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

from scenario_async import APIStatusError, RateLimit, Search, SearchPage

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from congruence.assumptions import Assumption
    from support.faces import Face

BUDGET: Final = 75
"""Requests that one run may send."""

_SWITCH: Final = "SCENARIO_LIVE"
_CREDENTIALS: Final = (("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"), ("SCENARIO_SDK_JWT",))


def is_live(environ: Mapping[str, str]) -> bool:
    """Tell whether the real service is meant; without that, nothing else of the environment is looked at.

    Raises `pytest.UsageError` when it is meant but cannot be reached, or not within the budget.
    """
    if environ.get(_SWITCH) != "1":
        return False
    if not any(all(environ.get(name) for name in names) for names in _CREDENTIALS):
        raise pytest.UsageError(
            f"{_SWITCH}=1 runs against the real service: set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET, "
            f"or SCENARIO_SDK_JWT, or leave {_SWITCH} out to run against the emulator"
        )
    if "PYTEST_XDIST_WORKER" in environ:
        raise pytest.UsageError(f"{_SWITCH}=1 counts the requests of one process: run it without -n")
    return True


class BudgetSpentError(Exception):
    """One request more than the run may send; it was not sent."""


class Budget:
    """Lets so many requests leave, at a pace that keeps the quota, and not one more.

    It is a `RateLimiter`, which a client asks before every attempt; clients of one run share it.
    """

    def __init__(self, requests: int = BUDGET) -> None:
        self.spent = 0
        self._requests = requests
        # Of the hundred that a project has, some are left to others.
        self._quota = RateLimit(requests=80, per=60.0)
        self._lock = threading.Lock()

    async def acquire(self) -> None:
        """Return when a request may leave; `BudgetSpentError` when none may."""
        with self._lock:
            if self.spent >= self._requests:
                raise BudgetSpentError(f"the run has sent its {self._requests} requests")
            self.spent += 1
        await self._quota.acquire()

    def cool_down(self, seconds: float) -> None:
        """Do nothing: the client itself waits out a 429."""


@attrs.frozen
class Service:
    """A service behind one of the clients; `live` is whether it is the real one."""

    face: Face
    live: bool

    def page(self, search: Search[Any]) -> SearchPage[Any]:
        """Fetch one page."""
        return self.face.page(search)

    def refusal(self, search: Search[Any], *statuses: int) -> APIStatusError:
        """Search what is refused with one of these statuses, and give the error."""
        with pytest.raises(APIStatusError) as caught:
            self.face.page(search)
        assert caught.value.status_code in statuses
        return caught.value

    @contextmanager
    def unconfirmed(self, assumption: Assumption) -> Generator[None]:
        """Hold a fact that nobody has confirmed: if the real service differs, that is an expected failure."""
        try:
            yield
        except (AssertionError, APIStatusError, pytest.fail.Exception) as error:
            if not self.live:
                raise
            pytest.xfail(f"the real service differs: {assumption.fact}: {error}")

    def some(self, hits: list[Any], what: str) -> list[Any]:
        """Give hits, of which there must be some to say anything: an account may have none."""
        if self.live and not hits:
            pytest.skip(f"this account sees no {what}")
        assert hits, f"no {what}"
        return hits
