"""Pages: whether another one follows and where, what they show, and that they stay as they are."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from scenario_async import AssetSearch, AsyncSearchPage
from scenario_async._paging.iteration import PageSource
from scenario_async._paging.page import Origin, full_size, hinted_total
from scenario_async._paging.position import Position
from scenario_async._paging.token import read_token
from scenario_async.pages import ResponseInfo

SEARCH = AssetSearch(query="s3cr3t words", image=b"\x89PNG\r\n\x1a\ns3cr3t", extra_headers={"x": "s3cr3t"})
OFFSET = Position(by_page=False, number=40, size=20)
NUMBERED = Position(by_page=True, number=3, size=20)
UNSIZED = Position(by_page=False, number=0, size=None)


def page_at(position: Position, received: int, **members: Any) -> AsyncSearchPage[Any]:
    """Give a page of so many hits, which are left out."""
    return AsyncSearchPage(
        hits=[],
        response=ResponseInfo(status=200, headers={"set-cookie": "s3cr3t"}, request_id="req_1"),
        origin=Origin(PageSource(SEARCH, AsyncSearchPage), position, received),
        **members,
    )


@pytest.mark.parametrize(
    ("position", "members", "size"),
    [
        (OFFSET, {}, 20),
        (OFFSET, {"limit": 5}, 5),
        (OFFSET, {"limit": 50}, 20),
        (OFFSET, {"limit": 0}, 20),
        (OFFSET, {"hits_per_page": 5}, 20),
        (NUMBERED, {"hits_per_page": 5}, 5),
        (NUMBERED, {"limit": 5}, 20),
        (UNSIZED, {}, 20),
        (UNSIZED, {"limit": 30}, 30),
    ],
)
def test_size_of_a_full_page(position: Position, members: dict[str, int], size: int) -> None:
    """A full page has what was asked for, or what the service says it gave, whichever is less."""
    assert full_size(page_at(position, 1, **members)) == size


@pytest.mark.parametrize("position", [OFFSET, NUMBERED])
@pytest.mark.parametrize(("received", "follows"), [(0, False), (19, False), (20, True), (25, True)])
@pytest.mark.parametrize("total", [None, 0, 10_000])
def test_has_next_page_ignores_totals(
    position: Position,
    received: int,
    follows: bool,  # noqa: FBT001
    total: int | None,
) -> None:
    """A full page may have a follower, whatever the totals say."""
    page = page_at(position, received, estimated_total_hits=total, total_hits=total)
    assert page.has_next_page() is follows


@pytest.mark.parametrize(("position", "hint"), [(OFFSET, 7), (NUMBERED, 9)])
def test_the_hinted_total_is_that_of_the_mode(position: Position, hint: int) -> None:
    """Offset paging has an estimate, page paging a count."""
    assert hinted_total(page_at(position, 1, estimated_total_hits=7, total_hits=9)) == hint


def test_token_of_a_page_points_behind_it() -> None:
    """A page's token goes on where its follower begins."""
    page = page_at(OFFSET, 20)
    assert read_token(page.resume_token, SEARCH)[0] == Position(by_page=False, number=60, size=20)


def test_a_page_cannot_be_changed() -> None:
    """Neither its hits nor its search."""
    page = page_at(OFFSET, 1)
    for name in ("hits", "search"):
        with pytest.raises(AttributeError):
            setattr(page, name, [])


def test_page_repr_hides_what_is_secret() -> None:
    """Neither headers nor invalid hits nor the search's picture print."""
    page = page_at(OFFSET, 1, invalid_hits=[{"url": "https://x/?Signature=s3cr3t-1"}])
    text = f"{page!r} {page}".replace("s3cr3t words", "")
    assert "s3cr3t" not in text
    assert base64.b64encode(b"s3cr3t").decode()[:6] not in text
