"""What goes wrong by chance, and how long answers take."""

from random import Random
from typing import Final

from scenario_async.emulator.faults.base import MOST_SECONDS, Fault
from scenario_async.emulator.faults.instead import Drop, Status

_FAULTS: Final = (Status(500), Status(502), Status(503), Status(429, retry_after="1"), Drop())


class Chance:
    """Delays and faults drawn from one seed, so that the same requests meet the same ones in every run.

    An answer takes `latency` seconds and up to `jitter` more; `failure_rate` is the share of searches that
    fail, with a 500, 502, 503 or 429 or with a dropped connection.
    """

    def __init__(
        self, seed: int = 0, *, latency: float = 0.0, jitter: float = 0.0, failure_rate: float = 0.0
    ) -> None:
        for name, seconds in (("latency", latency), ("jitter", jitter)):
            if not 0 <= seconds <= MOST_SECONDS:
                raise ValueError(
                    f"{name} must be a number of seconds from 0 to {MOST_SECONDS}, not {seconds!r}"
                )
        if not 0 <= failure_rate <= 1:
            raise ValueError(f"failure_rate must be a share from 0 to 1, not {failure_rate!r}")
        self._latency = latency
        self._jitter = jitter
        self._failure_rate = failure_rate
        # Each for itself, so that a latency more or less does not change what fails.
        self._delays, self._failures = Random(f"delays {seed}"), Random(f"failures {seed}")  # noqa: S311

    def delay(self) -> float:
        """Draw how many seconds the next answer takes."""
        return self._latency + self._delays.uniform(0, self._jitter)

    def fault(self) -> Fault | None:
        """Draw whether the next search fails, and how."""
        if self._failures.random() >= self._failure_rate:
            return None
        return self._failures.choice(_FAULTS)
