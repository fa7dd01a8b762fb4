"""Pages made by hand, for tests of what reads one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict, TypeVar, Unpack, cast, overload

from scenario_async._annotations import evaluable_function
from scenario_async._calls.call import Caller
from scenario_async._factories.answers import Answering, Hits
from scenario_async._factories.clients import KEYS, USUAL, unconnected
from scenario_async._http.request import PreparedSearch
from scenario_async._http.structure import MisfitError, structure_hits
from scenario_async._paging.iteration import PageSource
from scenario_async._paging.page import LinkedPage, Origin
from scenario_async._paging.pager import AsyncSearchPage
from scenario_async._paging.position import Position
from scenario_async._support import checks
from scenario_async._support.counting import counted
from scenario_async.models import Hit
from scenario_async.pages import DEFAULT_PAGE, LARGEST_PAGE, ResponseInfo
from scenario_async.searches import ENDPOINTS, AssetSearch, Search
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from scenario_async.sync import SyncSearchPage

_HitT = TypeVar("_HitT", bound=Hit)
_JSON = Mapping[str, Any]


class Counts(TypedDict, total=False):
    """What a page counts, under the names of its attributes."""

    limit: int
    offset: int
    estimated_total_hits: int
    page: int
    hits_per_page: int
    total_hits: int
    total_pages: int


_BY_OFFSET = ("limit", "offset", "estimated_total_hits")
_BY_PAGE = ("hits_per_page", "page", "total_hits", "total_pages")


@overload
def make_page(
    hits: Iterable[_HitT | _JSON],
    *,
    search: Search[_HitT] | None = None,
    following: Iterable[_HitT | _JSON] = (),
    invalid_hits: Sequence[Any] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    **counts: Unpack[Counts],
) -> AsyncSearchPage[_HitT]: ...
@overload
def make_page(
    hits: Iterable[_HitT | _JSON],
    *,
    cls: Callable[..., SyncSearchPage[Any]],
    search: Search[_HitT] | None = None,
    following: Iterable[_HitT | _JSON] = (),
    invalid_hits: Sequence[Any] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    **counts: Unpack[Counts],
) -> SyncSearchPage[_HitT]: ...
@evaluable_function
def make_page(
    hits: Iterable[Any],
    *,
    cls: Callable[..., LinkedPage[Any]] = AsyncSearchPage,
    search: Search[Any] | None = None,
    following: Iterable[Any] = (),
    invalid_hits: Sequence[Any] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    **counts: Unpack[Counts],
) -> Any:
    """Make a page as a search gives it, of hits made by hand or of the service's JSON of hits.

    Args:
        hits: the hits of the page, all of one kind; JSON is of assets unless `search` says otherwise.
        cls: `AsyncSearchPage`, or `SyncSearchPage` for the page of a blocking client.
        search: the search that found it; one that asks for nothing in particular.
        following: the hits that following pages give, none by default. The page is full then, as a page is that
            others follow.
        invalid_hits: what `page.invalid_hits` has.
        headers: the headers of its reply, `page.response.headers`.
        request_id: the service's own name for the reply.
        counts: `limit`, `offset` and `estimated_total_hits`, or `page`, `hits_per_page`, `total_hits` and `total_pages`,
            as attributes of the page have them. Those that are not given fit the hits.

    It has a next page when it is full, `limit=len(hits)` for instance, as with the service.

    Raises `TypeError` for what is no hit of its kind, and `ValueError` for counts that no page has.
    """
    given, later = _listed(hits, "hits"), _listed(following, "following")
    search = _search_of(given, later) if search is None else search
    told = _told(search, counts, received=len(given) + len(invalid_hits), later=len(later))
    by_page = "page" in told
    size = told["hits_per_page" if by_page else "limit"]
    position = Position(by_page, told["page" if by_page else "offset"], size)
    before = position.number * size if by_page else position.number + len(given) + len(invalid_hits)
    total = told["total_hits" if by_page else "estimated_total_hits"]
    rest = Hits(tuple(_made(later, search, "following")), before=before, total=total)
    settings = Settings(**USUAL, **KEYS)  # whatever the environment has
    caller = unconnected(Caller.of(settings), Answering(lambda _: rest))
    source = PageSource(
        search, cast("type[LinkedPage[Any]]", cls), PreparedSearch.of(search, settings), caller
    )
    return cls(
        hits=_made(given, search, "hits"),
        invalid_hits=list(invalid_hits),
        response=ResponseInfo(
            status=200,
            headers=dict(headers or {"content-type": "application/json"}),
            request_id=request_id,
            url=settings.base_url + search.path,
            attempt_seconds=(0.0,),
        ),
        origin=Origin(source, position, len(given) + len(invalid_hits)),
        **told,
    )


def _listed(hits: object, name: str) -> list[Hit | _JSON]:
    kind = type(hits).__name__
    if not isinstance(hits, Iterable) or isinstance(hits, (str, bytes, Mapping)):
        way_out = ", [hit] for one" if isinstance(hits, (Hit, Mapping)) else ""
        _refuse(f"{name} is of type {kind}, but it must be several hits{way_out}")
    return list(cast("Iterable[Hit | _JSON]", hits))


def _search_of(*hits: list[Hit | _JSON]) -> Search[Any]:
    """Give a search for hits of the kind of the first one."""
    first = next((hit for each in hits for hit in each if isinstance(hit, Hit)), None)
    kinds = [kind for kind in ENDPOINTS if isinstance(first, kind.hit_class)]
    return (kinds or [AssetSearch])[0](query="")


def _made(given: list[Hit | _JSON], search: Search[Any], name: str) -> list[Hit]:
    hit_class = search.hit_class
    made: list[Hit] = []
    for number, hit in enumerate(given):
        if isinstance(hit, Mapping):
            try:
                made += structure_hits([deepcopy(dict(hit))], hit_class)
            except MisfitError as misfit:
                path = misfit.path.removeprefix("$.hits[0]")
                fault = f"{name}[{number}]{path} {misfit.fault}"
            else:
                continue
            _refuse(f"{fault}: {type(search).__name__} finds no such hit; `search` says which search does")
        if not isinstance(hit, hit_class):
            rule = f"{type(search).__name__} finds {hit_class.__name__}s: give those, or their JSON"
            _refuse(f"{name}[{number}] is of type {type(hit).__name__}, but {rule}")
        made.append(hit)
    return made


def _told(search: Search[Any], counts: Mapping[str, Any], *, received: int, later: int) -> dict[str, int]:
    """Give all counts of the kind of paging that is meant."""
    told = _checked(counts)
    number = told.get("page", search.page)
    size = told.get("hits_per_page", search.hits_per_page)
    if by_page := number is not None or size is not None:
        number = number or 1
    else:
        size = told.get("limit", search.limit)
        number = told.get("offset", search.offset or 0)
    if mixed := [name for name in told if name in (_BY_OFFSET if by_page else _BY_PAGE)]:
        names = ", ".join(_BY_PAGE if by_page else _BY_OFFSET)
        raise ValueError(
            f"make_page: {mixed[0]}={told[mixed[0]]} is of the other kind of paging: this one has {names}"
        )
    if size is None:
        size = DEFAULT_PAGE if received < DEFAULT_PAGE else LARGEST_PAGE
        size = min(received or 1, LARGEST_PAGE) if later else size
    name = "hits_per_page" if by_page else "limit"
    if size > LARGEST_PAGE:
        raise ValueError(f"make_page: {name} is {size}, but a page has {LARGEST_PAGE} hits at most")
    if received > size:
        raise ValueError(
            f"make_page: a page of {name}={size} has no {received} hits; `following` takes those that follow"
        )
    if later and received < size:
        rule = "and only a full page is followed by others"
        raise ValueError(
            f"make_page: the page has {counted(received, 'hit')} of {name}={size}, {rule}: leave out {name}, or `following`"
        )
    total = (number - 1) * size if by_page else number
    total += received + later
    if not by_page:
        return {"limit": size, "offset": number, "estimated_total_hits": total} | told
    total = told.get("total_hits", total)
    return {
        "hits_per_page": size,
        "page": number,
        "total_hits": total,
        "total_pages": -(-total // size),
    } | told


def _checked(counts: Mapping[str, Any]) -> dict[str, int]:
    least: dict[str, int] = dict.fromkeys((*_BY_OFFSET, *_BY_PAGE), 0)
    least |= dict.fromkeys(("limit", "page", "hits_per_page"), 1)
    for name in counts:
        if name not in least:
            near = ", ".join(get_close_matches(name, least) or least)
            _refuse(f"there is no {name!r}: did you mean {near}?")
    checked = {name: checks.integer(value, name, least=least[name]) for name, value in counts.items()}
    return {name: value for name, value in checked.items() if value is not None}


def _refuse(fault: str) -> NoReturn:
    raise TypeError(f"make_page: {fault}")
