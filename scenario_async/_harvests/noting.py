"""The source of a harvest's pages, which notes what the first of them tell, and keeps to a budget of requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._http.reply import http_moment
from scenario_async._paging.page import hinted_total, origin_of
from scenario_async._paging.patience import PatientSource
from scenario_async._tables.rows import moment
from scenario_async._tables.texts import moment_text
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from scenario_async._paging.page import LinkedPage
    from scenario_async._paging.position import Position

_FIRST: Final = 6
"""Among so many requests is the one of a scan for the newest hit of all."""


@attrs.define(eq=False)
class Noted:
    """What was noted: how many hits there are, and up to which moment the reading has everything.

    What changes after the reading began may come on a page behind which it stood before, so a hit that was seen tells
    nothing about those that changed before it did. The newest hit of the first page had changed when the reading began,
    unless it is dated ahead of the service's own clock: then it tells nothing, and if all are, that clock does.
    """

    total: int | None = None
    reach: str | None = None
    _pages: int = 0
    _began: datetime | None = None

    def take(self, page: LinkedPage[Any]) -> None:
        """Note a page."""
        origin = origin_of(page)
        if origin.received or not self._pages:
            self.total = hinted_total(page)
        self._pages += 1
        if self._began is None:
            self._began = _told(page)
        if self._pages == 1 or (self._pages <= _FIRST and origin.position.size == 1):
            several = [found for hit in page.hits if (found := moment(str(hit.updated_at))) is not None]
            if several:
                newest = max((each for each in several if each <= self._began), default=self._began)
                self.reach = max(self.reach or "", moment_text(newest))


@attrs.frozen(eq=False)
class NotingSource(PatientSource[HitT_co]):
    """A patient source that notes its pages."""

    noted: Noted = attrs.field(factory=Noted, repr=False)

    async def page_at(self, position: Position) -> LinkedPage[HitT_co]:
        """Fetch a page, and note it."""
        page = await super().page_at(position)
        self.noted.take(page)
        return page


def _told(page: LinkedPage[Any]) -> datetime:
    """Give when a page was made, by the service's clock, or else by ours."""
    seconds = http_moment(page.response.headers.get("date"))
    return datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
