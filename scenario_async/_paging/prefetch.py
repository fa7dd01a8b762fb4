"""Pages asked for before they are needed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic

from scenario_async._paging.page import full_size, hinted_total, next_position, origin_of
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from scenario_async._paging.iteration import PageSource
    from scenario_async._paging.page import LinkedPage
    from scenario_async._paging.position import Position


class Prefetch(Generic[HitT_co]):
    """The pages of an iteration that are under way, in order: `most` of them at once."""

    def __init__(self, source: PageSource[HitT_co], most: int) -> None:
        self._source = source
        self._most = most
        self._asked: deque[tuple[Position, asyncio.Task[LinkedPage[HitT_co]]]] = deque()

    @property
    def is_under_way(self) -> bool:
        """Whether pages are asked for that nobody has taken."""
        return bool(self._asked)

    async def page_at(self, position: Position) -> LinkedPage[HitT_co]:
        """Give a page that was asked for, or ask for it now."""
        if self._asked:
            expected, task = self._asked[0]
            here = asyncio.get_running_loop()
            if expected != position or task.cancelled() or task.get_loop() is not here:
                # The pages are of another size than they seemed, or their loop has ended or was forked: ask anew.
                await self.aclose()
            else:
                self._asked.popleft()
                return await task
        return await self._source.page_at(position)

    def refill(self, page: LinkedPage[HitT_co], hits_left: int | None, pages_left: int | None) -> None:
        """Ask for what follows a page, but for no more than one page beyond the hinted end."""
        if self._most == 0 or not page.has_next_page():
            return
        step = full_size(page)
        position = self._asked[-1][0].after(step) if self._asked else next_position(page)
        hint = hinted_total(page)
        # A page of a size that was not asked for is alone: the next one tells the true size.
        most = self._most if origin_of(page).position.size == position.size else 1
        while len(self._asked) < most:
            begins_at = (position.number - 1) * step if position.by_page else position.number
            beyond_hint = hint is not None and begins_at >= hint + step and bool(self._asked)
            enough_hits = hits_left is not None and len(self._asked) * step >= hits_left
            enough_pages = pages_left is not None and len(self._asked) >= pages_left
            if beyond_hint or enough_hits or enough_pages:
                return
            self._asked.append((position, asyncio.create_task(self._source.page_at(position))))
            position = position.after(step)

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = [task for _, task in self._asked]
        self._asked.clear()
        if not tasks:  # perhaps no loop runs here: the error about that is on its way
            return
        here = asyncio.get_running_loop()
        under_way = [task for task in tasks if task.get_loop() is here]
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.gather(*under_way, return_exceptions=True)
