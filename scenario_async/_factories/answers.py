"""What a client of a test is answered: hits, pages and exceptions, as the replies of the service."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast

import attrs
from multidict import CIMultiDict

from scenario_async._http.transport import Answer
from scenario_async.errors import ScenarioError
from scenario_async.models import Hit
from scenario_async.pages import DEFAULT_PAGE, LARGEST_PAGE, SearchPage

if TYPE_CHECKING:
    from scenario_async._http.request import Request
    from scenario_async.searches import Search

Found: TypeAlias = "Iterable[Hit] | SearchPage[Any] | BaseException"
"""What a search may find: all its hits, one page just so, or an exception that it ends with."""
Answers: TypeAlias = (
    "Found | Iterable[SearchPage[Any] | BaseException] | Callable[[Search[Any]], Found | Awaitable[Found]]"
)
"""What `make_client` takes."""

_JSON: Final = {"content-type": "application/json"}
_KNOWN: Final = (
    "it must be hits, a page, an exception, a list of pages and exceptions, or a function of a search"
)


class Answering:
    """Answers requests from what a test gave, and keeps the searches that they were."""

    def __init__(self, find: Callable[[Search[Any]], object]) -> None:
        self._find = find
        self.searches: list[Search[Any]] = []

    async def answer(self, request: Request) -> Answer:
        """Answer a request, or raise what was given in place of an answer."""
        if request.search is None:
            rule = "a client of make_client has answers for searches only"
            raise AssertionError(f"{request.method} {request.address}: {rule}")
        search = _as_asked(request.search, json.loads(request.body or b"{}"))
        self.searches.append(search)
        found = self._find(search)
        return _answer(search, await found if inspect.isawaitable(found) else found)


@attrs.frozen
class Hits:
    """All hits that searches find, each search those of its kind; `before` counts those of earlier pages."""

    hits: tuple[Hit, ...]
    before: int = 0
    total: int | None = None

    def page(self, search: Search[Any]) -> Answer:
        """Answer with the hits of one page, counted as the service counts them."""
        name, size = (
            ("limit", search.limit) if search.hits_per_page is None else ("hitsPerPage", search.hits_per_page)
        )
        size = DEFAULT_PAGE if size is None else size
        if size > LARGEST_PAGE:
            return _replied({"reason": f'"{name}" must be from 1 to {LARGEST_PAGE}'}, status=400)
        hits = [hit for hit in self.hits if isinstance(hit, search.hit_class)]
        start = (search.offset or 0) if search.page is None else (search.page - 1) * size
        total = self.before + len(hits) if self.total is None else self.total
        shown = [hit.to_dict() for hit in hits[max(0, start - self.before) :][:size]]
        return _replied({"hits": shown, **_counts(search, size, total)})


class _Script:
    """Pages and exceptions, each for one request, in their order."""

    def __init__(self, answers: list[SearchPage[Any] | BaseException]) -> None:
        self._answers = answers
        self._left = iter(answers)

    def __call__(self, search: Search[Any]) -> SearchPage[Any] | BaseException:
        for answer in self._left:
            return answer
        used_up = f"the answers given to make_client ({len(self._answers)}) are used up"
        raise AssertionError(f"{used_up}, and here is one more search: {search!r}")


def finder(answers: object) -> Callable[[Search[Any]], object]:
    """Give what finds the answer to a search; `TypeError` for what can be none."""
    if isinstance(answers, (SearchPage, BaseException)):
        return lambda _: cast("object", answers)
    if isinstance(answers, type):
        _refuse(f"the class {answers.__name__}", "an exception is given as an object, with its message")
    if callable(answers):
        return answers
    kind = type(answers).__name__
    if not isinstance(answers, Iterable) or isinstance(answers, (str, bytes, Mapping)):
        rule = "one hit is given as [hit]" if isinstance(answers, Hit) else _KNOWN
        _refuse(f"something of type {kind}", rule)
    given = list(cast("Iterable[object]", answers))
    if all(isinstance(each, Hit) for each in given):
        hits = Hits(tuple(cast("list[Hit]", given)))
        return lambda _: hits
    for number, each in enumerate(given):
        if not isinstance(each, (SearchPage, BaseException)):
            rule = "a list has hits alone, or pages and exceptions alone; make_page(hits) makes a page"
            _refuse(f"a list with something of type {type(each).__name__} at {number}", rule)
    return _Script(cast("list[SearchPage[Any] | BaseException]", given))


def _refuse(given: str, rule: str) -> NoReturn:
    raise TypeError(f"make_client was given {given}: {rule}")


def _as_asked(search: Search[Any], body: Mapping[str, Any]) -> Search[Any]:
    """Give the search of one page, with the place that its request names."""
    if "limit" in body:
        return attrs.evolve(search, limit=body["limit"], offset=body["offset"])
    if "hitsPerPage" in body:
        return attrs.evolve(search, page=body["page"], hits_per_page=body["hitsPerPage"])
    return search


def _answer(search: Search[Any], found: Any) -> Answer:  # noqa: ANN401 - whatever a function gave
    if isinstance(found, ScenarioError):
        raise copy(found)  # the call writes on it, and another call may end with the same
    if isinstance(found, BaseException):
        raise found
    if isinstance(found, Hits):
        return found.page(search)
    if isinstance(found, SearchPage):
        return _given(search, cast("SearchPage[Any]", cast("object", found)))
    if isinstance(found, Iterable) and not isinstance(found, (str, bytes, Mapping)):
        hits = tuple(cast("Iterable[object]", found))
        if all(isinstance(hit, Hit) for hit in hits):
            return Hits(cast("tuple[Hit, ...]", hits)).page(search)
    rule = "it must give hits, a page or an exception"
    raise TypeError(f"the function given to make_client gave {found!r} for {search!r}: {rule}")


def _given(search: Search[Any], page: SearchPage[Any]) -> Answer:
    """Answer with a page that was made: it begins where was asked, and is as large and as counted as it says."""
    for hit in page.hits:
        if not isinstance(hit, search.hit_class):
            rule = f"it finds {search.hit_class.__name__}s"
            raise TypeError(f"make_client has a page of {type(hit).__name__}s for {search!r}: {rule}")
    by_page = page.hits_per_page is not None
    size = page.hits_per_page if by_page else page.limit
    total = page.total_hits if by_page else page.estimated_total_hits
    hits = [*(hit.to_dict() for hit in page.hits), *page.invalid_hits]
    headers = {**page.response.headers}
    if page.response.request_id is not None:
        headers["x-request-id"] = page.response.request_id
    return _replied({"hits": hits, **_counts(search, size, total)}, page.response.status, headers)


def _counts(search: Search[Any], size: int | None, total: int | None) -> dict[str, int | None]:
    """Count in the words of the kind of paging that was asked for."""
    if search.page is None:
        return {"limit": size, "offset": search.offset or 0, "estimatedTotalHits": total}
    pages = -(-total // size) if total is not None and size else None
    return {"page": search.page, "hitsPerPage": size, "totalHits": total, "totalPages": pages}


def _replied(content: object, status: int = 200, headers: Mapping[str, str] = _JSON) -> Answer:
    return Answer(status, CIMultiDict(headers), json.dumps(content).encode())
