"""How far a command reads: options, and what that takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

from scenario_async._support.counting import counted, requests_for
from scenario_async.cli.sections import EXTENT, Positive, option
from scenario_async.pages import DEFAULT_PAGE, LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_F = TypeVar("_F", bound="Callable[..., Any] | click.Command")
_SIZES: Final = ("limit", "page", "hits_per_page")


def reading_options(command: _F) -> _F:
    """Add the options that say how far to read."""
    for add in (
        option("--all", "everything", is_flag=True, help="Read every hit, not one page.", section=EXTENT),
        option(
            "--max-hits",
            type=Positive(),
            metavar="N",
            help="Read up to N hits, with as many requests as that takes.",
            section=EXTENT,
        ),
        option(
            "--max-requests",
            type=Positive(),
            metavar="N",
            help="Stop after N requests, whatever is left; says how to go on.",
            section=EXTENT,
        ),
    ):
        command = add(command)
    return command


@attrs.frozen
class Extent:
    """How far to read: one page, or all, or so many hits, and with so many requests at most."""

    everything: bool = False
    max_hits: int | None = None
    max_requests: int | None = None
    rate_limit: int = 100

    @classmethod
    def of(cls, given: Mapping[str, Any], rate_limit: int) -> Extent:
        """Take it from options."""
        if given["everything"] and given["max_hits"] is not None:
            raise click.UsageError("--all reads every hit, --max-hits so many: give one of them")
        return cls(given["everything"], given["max_hits"], given["max_requests"], rate_limit)

    @property
    def several(self) -> bool:
        """Whether more than one page may be wanted."""
        return self.everything or self.max_hits is not None

    def size(self, keywords: Mapping[str, Any], *, counting: bool) -> dict[str, int]:
        """Give the size of pages that a search is to ask for, where it names none itself and one is needed."""
        if counting:
            return {"limit": 1} if not keywords.keys() & {"page", "hits_per_page"} else {"hits_per_page": 1}
        if not self.several or keywords.keys() & set(_SIZES):
            return {}
        return {"limit": min(self.max_hits or LARGEST_PAGE, LARGEST_PAGE)}

    def most_hits(self, size: int | None) -> int | None:
        """Give how many hits at most, where pages of a size are not counted; None for all."""
        if not self.several:
            return size or DEFAULT_PAGE
        bounds = [self.max_hits, self.max_requests and self.max_requests * (size or LARGEST_PAGE)]
        return min((bound for bound in bounds if bound), default=None)

    def cut_by_requests(self, hits: int, size: int) -> bool:
        """Tell whether it was `max_requests` that ended it after so many hits."""
        return self.max_requests is not None and hits == self.max_requests * size and hits != self.max_hits

    def requests(self, total: int, size: int) -> int:
        """Give how many requests it takes to read a search of so many hits, its first one included."""
        wanted = requests_for(total, size, self.max_hits)
        return min(wanted, self.max_requests or wanted)

    def hits(self, total: int, size: int) -> int:
        """Give how many hits come then."""
        bounds = [self.max_hits, None if self.max_requests is None else self.max_requests * size]
        return min([total, *(bound for bound in bounds if bound is not None)])

    def price(self, total: int, size: int) -> str:
        """Say what it takes; nothing where it is one request."""
        requests = self.requests(total, size)
        if requests <= 1:
            return ""
        return f"about {self.hits(total, size):,} hits: {requests:,} requests, {time_of(requests, self.rate_limit)}"


def time_of(requests: int, rate_limit: int) -> str:
    """Say how long so many requests take."""
    minutes = requests / rate_limit
    time = "less than a minute"
    if minutes >= 1:
        time = f"about {counted(math.ceil(minutes), 'minute')}"
    return f"{time} at {rate_limit} a minute"
