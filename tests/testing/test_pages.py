"""Pages made by hand: as a search gives them, with what follows, and errors for what no page is."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any, assert_type

import pytest

from scenario_async import (
    AssetHit,
    AssetSearch,
    AsyncSearchPage,
    Hit,
    ModelHit,
    ModelSearch,
    Scenario,
    ScenarioError,
    SearchPage,
    SyncSearchPage,
    WorkflowSearch,
)
from scenario_async.emulator import Emulator, Library
from scenario_async.testing import make_asset, make_model, make_page, make_workflow

if TYPE_CHECKING:
    from collections.abc import Callable

loosely: Any = make_page
"""The same, for what type checkers refuse."""
COUNTS = ("limit", "offset", "estimated_total_hits", "page", "hits_per_page", "total_hits", "total_pages")


def counts(page: SearchPage[Any]) -> dict[str, int]:
    """Give what a page counts."""
    return {name: getattr(page, name) for name in COUNTS if getattr(page, name) is not None}


async def _ids(page: AsyncSearchPage[Any]) -> list[str]:
    return [hit.id async for hit in page]


def read(page: SearchPage[Any]) -> list[str]:
    """Give the ids of all hits from a page on, of either kind."""
    if isinstance(page, AsyncSearchPage):
        return asyncio.run(_ids(page))
    assert isinstance(page, SyncSearchPage)
    return [hit.id for hit in page]


def test_the_page_of_an_async_client() -> None:
    """It has the very hits, fits them in what it counts, and is the last one."""
    hits = [make_asset(), make_asset()]
    page = make_page(hits)
    assert type(assert_type(page, AsyncSearchPage[AssetHit])) is AsyncSearchPage
    assert page.hits == hits
    assert page.hits is not hits
    assert counts(page) == {"limit": 20, "offset": 0, "estimated_total_hits": 2}
    assert not page.has_next_page()
    assert page.search == AssetSearch(query="")
    assert (page.response.status, page.response.attempts, page.response.request_id) == (200, 1, None)
    assert page.response.url.endswith("/search/assets")
    assert read(page) == [hit.id for hit in hits]


def test_the_page_of_a_blocking_client() -> None:
    """It is iterated without a loop."""
    hits = [make_model(), make_model()]
    page = make_page(hits, cls=SyncSearchPage)
    assert type(assert_type(page, SyncSearchPage[ModelHit])) is SyncSearchPage
    assert list(page) == hits
    assert [each.hits for each in page.iter_pages()] == [hits]
    with pytest.raises(ScenarioError, match="there is no next page"):
        page.get_next_page()


@pytest.mark.parametrize("cls", [AsyncSearchPage, SyncSearchPage])
@pytest.mark.parametrize("paging", [{}, {"limit": 2}, {"offset": 7}, {"hits_per_page": 2}, {"page": 4}])
def test_what_follows(cls: Any, paging: dict[str, int]) -> None:
    """Following pages give it, as large as this one, as often as they are asked for; an empty end is an end."""
    hits = [make_asset() for _ in range(6)]
    page = loosely(hits[:2], following=hits[2:], cls=cls, **paging)
    assert page.has_next_page()
    for _ in range(2):
        assert read(page) == [hit.id for hit in hits]
    page = loosely(hits[:2], following=hits[2:5], cls=cls, **paging)
    assert read(page) == [hit.id for hit in hits[:5]]


def test_the_pages_that_follow() -> None:
    """They are where and as large as the first one says."""
    hits = [make_workflow() for _ in range(5)]
    page = make_page(hits[:2], following=hits[2:], cls=SyncSearchPage, offset=10)
    assert counts(page) == {"limit": 2, "offset": 10, "estimated_total_hits": 15}
    following = page.get_next_page()
    assert (following.hits, following.search) == (hits[2:4], page.search)
    assert counts(following) == {"limit": 2, "offset": 12, "estimated_total_hits": 15}
    page = make_page(hits[:2], following=hits[2:], cls=SyncSearchPage, page=3)
    assert counts(page) == {"hits_per_page": 2, "page": 3, "total_hits": 9, "total_pages": 5}
    assert counts(page.get_next_page()) == {"hits_per_page": 2, "page": 4, "total_hits": 9, "total_pages": 5}


def test_a_full_page_that_nothing_follows() -> None:
    """It may be followed, as with the service, by a page that is empty."""
    page = make_page([make_asset(), make_asset()], cls=SyncSearchPage, limit=2)
    assert page.has_next_page()
    assert page.get_next_page().hits == []
    assert len(list(page)) == 2


@pytest.mark.parametrize(("number", "limit"), [(0, 20), (19, 20), (20, 100), (99, 100), (100, 100)])
def test_the_size_that_fits(number: int, limit: int) -> None:
    """It is that of a page that is not full, where there can be one."""
    page = make_page([make_asset() for _ in range(number)])
    assert (page.limit, page.has_next_page()) == (limit, number == 100)


@pytest.mark.parametrize(
    ("hit", "search_class"),
    [(make_asset(), AssetSearch), (make_model(), ModelSearch), (make_workflow(), WorkflowSearch)],
)
def test_the_kind_follows_from_the_hits(hit: Hit, search_class: type[Any]) -> None:
    """Also from those that only follow, and JSON is read as theirs."""
    page: Any = make_page([hit])
    assert type(page.search) is search_class
    page = make_page([hit.to_dict()], following=[hit])
    assert (page.hits, type(page.search)) == ([hit], search_class)


def test_the_search_says_where_it_stands() -> None:
    """Its size and place are the page's, unless the page has its own."""
    search = ModelSearch(query="ink", limit=5, offset=15)
    page = make_page([make_model().to_dict()], search=search)
    assert page.search is search
    assert counts(page) == {"limit": 5, "offset": 15, "estimated_total_hits": 16}
    assert counts(make_page([make_model()], search=search, limit=3))["limit"] == 3
    by_page = make_page([make_model()], search=ModelSearch(query="ink", page=2, hits_per_page=10))
    assert counts(by_page) == {"hits_per_page": 10, "page": 2, "total_hits": 11, "total_pages": 2}


def test_what_the_service_may_say_wrong() -> None:
    """Totals, hits that do not fit, and the headers of the reply are taken as they are given."""
    page = make_page(
        [make_asset()],
        estimated_total_hits=1000,
        invalid_hits=[{"id": 7}],
        headers={"x-cache": "hit"},
        request_id="req_1",
        limit=2,
    )
    assert (page.estimated_total_hits, page.invalid_hits) == (1000, [{"id": 7}])
    assert (page.response.headers, page.response.request_id) == ({"x-cache": "hit"}, "req_1")
    assert page.has_next_page(), "two hits came"
    assert read(page) == [page.hits[0].id]
    assert make_page([make_asset()], total_hits=9, hits_per_page=4).total_pages == 3
    assert make_page([make_asset()], page=1, total_pages=7).total_pages == 7


def test_it_is_like_the_page_of_a_search() -> None:
    """What a search of the emulator gives has the same counts, hits and type."""
    hits = [make_asset(tags=["zebra"]) for _ in range(3)]
    search = AssetSearch(filter="tags = zebra", limit=20)
    with (
        Emulator(Library([hit.to_dict() for hit in hits])).running() as url,
        Scenario(base_url=url, api_key="emulator", api_secret="emulator") as client,
    ):
        found = client.search.run(search)
    made = make_page(found.hits, search=search, cls=SyncSearchPage)
    assert (made.hits, counts(made), type(made)) == (found.hits, counts(found), type(found))
    assert made.resume_token == found.resume_token


def test_it_may_be_pickled() -> None:
    """As any page, for a program that hands pages to other processes."""
    page = make_page([make_asset()], limit=1)
    copied = pickle.loads(pickle.dumps(page))  # noqa: S301 - of our own
    assert (copied.hits, copied.has_next_page(), copied.search) == (page.hits, True, page.search)


def test_the_environment_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page can be made where a client cannot."""
    monkeypatch.setenv("SCENARIO_BASE_URL", "nonsense")
    monkeypatch.setenv("SCENARIO_CUSTOM_HEADERS", "bad name: x")
    assert make_page([make_asset()], following=[make_asset()]).has_next_page()


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (
            lambda: loosely(make_asset()),
            TypeError,
            "hits is of type AssetHit, but it must be several hits, [hit]",
        ),
        (
            lambda: loosely([], following="no"),
            TypeError,
            "following is of type str, but it must be several hits",
        ),
        (
            lambda: loosely([make_asset(), make_model()]),
            TypeError,
            "hits[1] is of type ModelHit, but AssetSearch finds AssetHits: give those, or their JSON",
        ),
        (
            lambda: loosely([make_asset()], search=ModelSearch(query="x")),
            TypeError,
            "hits[0] is of type AssetHit, but ModelSearch finds ModelHits",
        ),
        (
            lambda: loosely([make_asset()], following=[make_model()]),
            TypeError,
            "following[0] is of type ModelHit, but AssetSearch finds AssetHits",
        ),
        (
            lambda: loosely([make_model().to_dict()]),
            TypeError,
            "hits[0].metadata is missing: AssetSearch finds no such hit; `search` says which search does",
        ),
        (lambda: loosely([], limt=2), TypeError, "there is no 'limt': did you mean limit?"),
        (lambda: loosely([], zzz=2), TypeError, "there is no 'zzz': did you mean limit, offset, "),
        (lambda: loosely([], limit=0), ValueError, "limit is 0, but it must be 1 or more"),
        (lambda: loosely([], offset="2"), ValueError, "offset is '2', but it must be an int"),
        (
            lambda: loosely([make_asset()] * 3, limit=2),
            ValueError,
            "a page of limit=2 has no 3 hits; `following` takes those that follow",
        ),
        (lambda: loosely([make_asset()] * 101), ValueError, "a page of limit=100 has no 101 hits"),
        (
            lambda: loosely([], hits_per_page=101),
            ValueError,
            "hits_per_page is 101, but a page has 100 hits at most",
        ),
        (
            lambda: loosely([make_asset()], limit=2, following=[make_asset()]),
            ValueError,
            "the page has 1 hit of limit=2, and only a full page is followed by others: leave out limit",
        ),
        (
            lambda: loosely([], limit=2, page=1),
            ValueError,
            "limit=2 is of the other kind of paging: this one has hits_per_page, page, total_hits, total_pages",
        ),
        (
            lambda: loosely([], search=AssetSearch(query="x", limit=5), total_pages=3),
            ValueError,
            "total_pages=3 is of the other kind of paging: this one has limit, offset, estimated_total_hits",
        ),
    ],
)
def test_what_is_no_page_is_told(make: Callable[[], Any], error: type[Exception], told: str) -> None:
    """The error names the keyword, its value, the rule and the way out."""
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).removeprefix("make_page: ").startswith(told)
