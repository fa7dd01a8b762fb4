"""A page that knows where it came from, and so where the next one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from scenario_async._annotations import evaluable
from scenario_async._paging.token import make_token
from scenario_async.errors import ScenarioError
from scenario_async.pages import DEFAULT_PAGE, USUAL_WINDOW, SearchPage
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scenario_async._paging.iteration import PageSource
    from scenario_async._paging.position import Position
    from scenario_async.searches import Search


@attrs.frozen(eq=False)
class Origin:
    """Where a page came from, and what is not seen of it.

    `received` counts all hits that the service gave; `dropped` are the ids of those which had been delivered before.
    """

    source: PageSource[Any]
    position: Position
    received: int
    dropped: Sequence[str] = ()


@evaluable
@attrs.frozen(kw_only=True, eq=False, repr=False)
class LinkedPage(SearchPage[HitT_co]):
    """What the pages of both clients have in common."""

    wait: ClassVar[Callable[..., Any] | None] = None
    """What carries out a coroutine while the caller waits; None where the caller awaits it."""
    _origin: Origin = attrs.field(repr=False, alias="origin")

    @property
    def search(self) -> Search[HitT_co]:
        """The search that found this page."""
        return self._origin.source.search

    @property
    def _source(self) -> PageSource[Any]:
        return self._origin.source

    def has_next_page(self) -> bool:
        """Tell whether another page may follow: this one is full."""
        return self._origin.received > 0 and self._origin.received >= full_size(self)

    def next_page_info(self) -> dict[str, int] | None:
        """Give the parameters that ask for the following page, `{"offset": 100, "limit": 100}`; None at the end."""
        return next_position(self).keywords() if self.has_next_page() else None

    @property
    def resume_token(self) -> str:
        """A text that `client.search.resume(token, search)` goes on from, after this page."""
        return make_token(self.search, next_position(self), received_ids(self))


def origin_of(page: LinkedPage[Any]) -> Origin:
    """Give where a page came from."""
    return page._origin  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - out of sight of users, not of this package


def full_size(page: LinkedPage[Any]) -> int:
    """Give how many hits a full page of this kind has, by the request and by the reply."""
    position = origin_of(page).position
    stated = page.hits_per_page if position.by_page else page.limit
    sizes = [size for size in (stated, position.size) if size is not None and size > 0]
    return min(sizes) if sizes else DEFAULT_PAGE


def received_ids(page: LinkedPage[Any]) -> list[str]:
    """Give the ids of all hits that the service gave, those dropped as delivered before included."""
    return [*origin_of(page).dropped, *(hit.id for hit in page.hits)]


def next_position(page: LinkedPage[Any]) -> Position:
    """Give where the following page begins."""
    origin = origin_of(page)
    return origin.position.after(origin.received)


def following(page: LinkedPage[Any]) -> Position:
    """Give the same, or raise `ScenarioError` if this page is the last."""
    if not page.has_next_page():
        raise ScenarioError("there is no next page: this one was not full; has_next_page() tells")
    return next_position(page)


def begins_where_asked(page: LinkedPage[Any]) -> bool:
    """Tell whether the service says, or leaves open, that the page begins where it was asked to."""
    position = origin_of(page).position
    stated = page.page if position.by_page else page.offset
    return stated is None or stated == position.number


def hinted_total(page: LinkedPage[Any]) -> int | None:
    """Give how many hits there may be in all, as the service guesses."""
    return page.total_hits if origin_of(page).position.by_page else page.estimated_total_hits


def ends_at_window(page: LinkedPage[Any], *, follows: bool) -> bool:
    """Tell whether the hits seem to end because an engine shows no more of them, and not because there are none.

    That is where they end at a multiple of the usual window: at a full page that an empty one `follows`, or within a page.
    """
    origin = origin_of(page)
    position, size = origin.position, full_size(page)
    begins = (position.number - 1) * size if position.by_page else position.number
    ends = begins + origin.received
    if ends == 0 or ends % USUAL_WINDOW != 0:
        return False
    return follows or origin.received > 0
