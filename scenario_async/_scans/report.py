"""What a scan and an estimate say, as users see it."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class ScanReport:
    """What a scan has read so far; it is `complete` once that is proved."""

    hits: int = 0
    """How many hits were delivered."""
    requests: int = 0
    """How many requests that took, retries included."""
    windows: int = 0
    """How many stretches of `by` were read, each from its beginning."""
    complete: bool = False
    """Whether every hit that stood there the whole time was delivered."""
    window_size: int | None = None
    """How many hits of one search the engine shows; None where nothing tells."""
    reason: str = ""
    """Why it is not complete, where that is known; else empty."""


@attrs.frozen(kw_only=True)
class Estimate:
    """What reading all hits would cost, by the totals that the service tells."""

    hits: int
    """How many hits there are, as the service counts; engines count no further than their window."""
    requests: int
    """How many requests it takes to read them."""
    seconds: float
    """How many seconds these requests take, by the quota of `rate_limit`, or 100 a minute."""
    at_least: bool = False
    """Whether a total is where engines stop to count, so that there may be more of everything."""
