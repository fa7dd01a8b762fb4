"""What became of the searches, and what must never become of one."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    DeadlineExceededError,
    InternalServerError,
    RateLimitError,
    Search,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ANSWERED: Final = "answered"
LEFT: Final = "left early"
CANCELLED: Final = "cancelled"
EXPECTED: Final = frozenset(
    {
        APIConnectionError,
        APIResponseValidationError,
        APITimeoutError,
        DeadlineExceededError,
        InternalServerError,
        RateLimitError,
    }
)
MOST_ATTEMPTS: Final = 3
MOST_SHOWN: Final = 20


class WrongError(Exception):
    """A search gave what it must not give."""


@attrs.frozen
class Known:
    """A search, and the ids of all its hits as they were before anything went wrong."""

    search: Search[Any]
    ids: Sequence[str]

    @property
    def first(self) -> Sequence[str]:
        """The ids of a first page."""
        return self.ids[: self.search.limit or self.search.hits_per_page or 20]

    def check(self, ids: Sequence[str], most: int | None = None) -> None:
        """Refuse ids that are not the first ones, so many or all of them, each once and in their order."""
        expected = self.ids if most is None else self.ids[:most]
        if list(ids) == list(expected):
            return
        lost = [each for each in expected if each not in set(ids)]
        twice = [each for each, times in Counter(ids).items() if times > 1]
        told = f"{self.search.kind} {self.search.query or self.search.filter}"
        many = f"{len(ids)} hits instead of {len(expected)}"
        raise WrongError(f"{told}: {many}, lost {lost[:3]}, twice {twice[:3]}, or in another order")


@attrs.define
class Tally:
    """Outcomes, what the hooks counted, and breaches; for all threads."""

    outcomes: Counter[str] = attrs.field(factory=Counter[str])
    breaches: list[str] = attrs.field(factory=list[str])
    requests: int = 0
    retries: int = 0
    _lock: threading.Lock = attrs.field(init=False, factory=threading.Lock)

    @property
    def searches(self) -> int:
        """How many searches have ended."""
        return self.outcomes.total()

    def hooks(self) -> dict[str, Any]:
        """Give the options of a client that counts here."""
        return {"on_request": self._on_request, "on_retry": self._on_retry}

    def end(self, outcomes: Iterable[str]) -> None:
        """Count the searches of one call."""
        with self._lock:
            self.outcomes.update(outcomes)

    def fail(self, error: BaseException) -> None:
        """Count a call that ended in an error, which has to be one that the faults explain."""
        try:
            self.end([check_error(error)])
        except WrongError as wrong:
            self.breach(str(wrong))

    def breach(self, told: str) -> None:
        """Take note of what must not be."""
        if len(self.breaches) < MOST_SHOWN:
            self.breaches.append(told)

    def _on_request(self, _: object) -> None:
        with self._lock:
            self.requests += 1

    async def _on_retry(self, _: object) -> None:
        with self._lock:
            self.retries += 1


def check_error(error: BaseException) -> str:
    """Give the name of an error that a search may end with; `WrongError` for any other."""
    if isinstance(error, WrongError):
        raise error
    if not isinstance(error, APIError) or type(error) not in EXPECTED:
        raise WrongError(f"a search ended with {type(error).__name__}: {error}") from error
    if error.attempts > MOST_ATTEMPTS or not error.url or error.elapsed <= 0:
        raise WrongError(f"an error tells of {error.attempts} attempts, {error.elapsed} s: {error}")
    return type(error).__name__
