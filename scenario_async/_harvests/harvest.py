"""What a harvest says of itself, as users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from scenario_async._annotations import evaluable

if TYPE_CHECKING:
    from scenario_async._paging.fan_out import FanOutError


@evaluable
@attrs.frozen(kw_only=True)
class Harvest:
    """What a call of `harvest` has done."""

    searches: int
    """How many of the searches are finished, by this call or before."""
    hits: int
    """How many different hits the file has of them."""
    new: int = 0
    """How many hits were new to the file."""
    changed: int = 0
    """How many hits were in the file with other content."""
    gone: int = 0
    """How many hits no search finds any more; only `refresh="full"` can tell."""
    requests: int = 0
    """How many requests this call has sent, retries included."""
    errors: tuple[FanOutError[Any], ...] = ()
    """The searches that failed, with `on_error="yield"`; the same call tries them again."""


@attrs.frozen(kw_only=True)
class HarvestProgress:
    """How far a harvest is."""

    searches: int = 0
    """How many searches were given."""
    finished: int = 0
    """How many of them are finished, by this call or before."""
    hits: int = 0
    """How many hits this call has read, each search by itself."""
    new: int = 0
    """How many of them were new to the file."""
    changed: int = 0
    """How many of them were in the file with other content."""
    requests: int = 0
    """How many requests this call has sent, retries included."""
    expected: int | None = None
    """How many requests this call takes in all, as the first replies let expect; None before them."""
    at_least: bool = False
    """Whether it may take more than `expected`, as engines count no further than their window."""
    waiting: float = 0.0
    """How many seconds of a 429 are left, while one is waited out."""
