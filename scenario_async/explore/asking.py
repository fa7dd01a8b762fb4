"""What the page asks, as a search: everything that can be wrong with it is refused by the search class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from scenario_async._support import checks
from scenario_async.explore.conditions import EVERYTHING, every, of_facets
from scenario_async.explore.parameters import keywords_of, takes_pictures
from scenario_async.filters import F, Filter
from scenario_async.pages import LARGEST_PAGE
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scenario_async.searches import Search

SEARCHES: Final[Mapping[str, type[Search[Any]]]] = {each.kind: each for each in ENDPOINTS}
_SORTS: Final = {"newest": F.created_at.desc(), "oldest": F.created_at.asc()}
_SIZES: Final = ("limit", "offset", "page", "hits_per_page")


def texts(value: object) -> list[str]:
    """Give the texts of a list, and nothing for anything else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [each for each in items if isinstance(each, str)]


def mapping(value: object) -> dict[str, Any]:
    """Give a JSON object, and an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def lists(value: object) -> dict[str, list[str]]:
    """Give the lists of texts of a JSON object."""
    return {name: texts(each) for name, each in mapping(value).items()}


def search_class_of(asked: Mapping[str, Any]) -> type[Search[Any]]:
    """Give the class of the search that is meant."""
    what = asked.get("what")
    found = SEARCHES.get(what) if isinstance(what, str) else None
    return found or checks.refuse("what", what, f"it must be one of {', '.join(SEARCHES)}")


@attrs.frozen
class Question:
    """A search as the page has it; `picture` gives what travels for a picture that the page names."""

    asked: Mapping[str, Any]
    picture: Callable[[str], str]

    @property
    def filter(self) -> str | None:
        """The filter that is sent: what was typed, and what the facets say."""
        search_class = search_class_of(self.asked)
        typed = "\n".join(lists(self.asked.get("given")).get("filter", [])).strip()
        parts = [Filter(typed)] if typed else []
        joined = every([*parts, *of_facets(search_class.kind, lists(self.asked.get("facets")))])
        if joined is not None:
            return str(joined)
        return None if self._asks(search_class) else str(EVERYTHING)

    @property
    def sort(self) -> str | None:
        """The order by its name in the page, None for the service's own: where nothing is asked, the newest come first."""
        sort = self.asked.get("sort")
        if isinstance(sort, str) and sort in _SORTS:
            return sort
        nothing = not self._asks(search_class_of(self.asked)) and self.filter == str(EVERYTHING)
        return "newest" if nothing else None

    def search(self) -> Search[Any]:
        """Give the search, or raise `InvalidSearchError`."""
        search_class = search_class_of(self.asked)
        keywords = keywords_of(search_class, lists(self.asked.get("given")))
        query = self._query
        if query:
            keywords["query"] = query
        keywords["filter"] = self.filter
        if takes_pictures(search_class):
            keywords |= self._pictures()
        if (sort := self.sort) is not None:
            keywords.setdefault("sort_by", [_SORTS[sort]])
        return search_class(**keywords)

    @property
    def _query(self) -> str:
        query = self.asked.get("query")
        return query.strip() if isinstance(query, str) else ""

    def _asks(self, search_class: type[Search[Any]]) -> bool:
        return bool(self._query) or (takes_pictures(search_class) and bool(self._pictures()))

    def _pictures(self) -> dict[str, Any]:
        like, unlike = (
            [self.picture(each) for each in texts(self.asked.get(name))] for name in ("like", "unlike")
        )
        if len(like) == 1 and not unlike:
            return {"image": like[0]}
        given = {"like": like, "unlike": unlike}
        return (
            {"images": {name: pictures for name, pictures in given.items() if pictures}}
            if like or unlike
            else {}
        )


def paged(search: Search[Any], following: object) -> Search[Any]:
    """Give the search for one page: the following one where the page says so, else the first, as large as can be."""
    place = {name: each for name, each in mapping(following).items() if name in _SIZES}
    if place:
        return attrs.evolve(search, **place)
    if all(getattr(search, name) is None for name in _SIZES):
        return attrs.evolve(search, limit=LARGEST_PAGE, offset=0)
    return search
