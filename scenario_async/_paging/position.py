"""Where a page begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from scenario_async.models import Hit
    from scenario_async.searches import Search


@attrs.frozen
class Position:
    """Where a page begins: after `number` hits, or as page `number`; `size` None leaves it to the service."""

    by_page: bool
    number: int
    size: int | None

    @classmethod
    def first(cls, search: Search[Hit], *, default_size: int | None) -> Position:
        """Give the position that a search names itself; a lone parameter gets its companion."""
        if search.page is not None or search.hits_per_page is not None:
            return cls(by_page=True, number=search.page or 1, size=search.hits_per_page or LARGEST_PAGE)
        alone = LARGEST_PAGE if search.offset is not None else default_size
        return cls(by_page=False, number=search.offset or 0, size=search.limit or alone)

    def members(self) -> dict[str, int]:
        """Give what travels in the body: nothing where no size is asked for."""
        if self.size is None:
            return {}
        if self.by_page:
            return {"page": self.number, "hitsPerPage": self.size}
        return {"limit": self.size, "offset": self.number}

    def keywords(self) -> dict[str, int]:
        """Give the keywords of a search that begins here; its size is known by then."""
        size = self.size or LARGEST_PAGE
        if self.by_page:
            return {"page": self.number, "hits_per_page": size}
        return {"offset": self.number, "limit": size}

    def after(self, received: int) -> Position:
        """Give the position of the page that follows one of so many hits."""
        step = 1 if self.by_page else received
        return Position(self.by_page, self.number + step, self.size or LARGEST_PAGE)
