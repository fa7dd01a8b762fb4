"""The stretch of the hits that is asked for, and the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset
from emulator.talk import Talk

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from aiohttp import ClientSession


def library(size: int) -> Library:
    """Give so many assets, with ids in order."""
    return Library(asset(f"asset_{number:04}") for number in range(size))


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of 250 assets."""
    return Emulator(library(250))


@pytest.mark.parametrize(
    ("body", "offset", "limit"),
    [
        ({}, 0, 20),
        ({"limit": 7}, 0, 7),
        ({"offset": 5}, 5, 20),
        ({"limit": 100, "offset": 100}, 100, 100),
        ({"limit": 100, "offset": 200}, 200, 100),
        ({"limit": 1, "offset": 249}, 249, 1),
        ({"limit": 10, "offset": 250}, 250, 10),
        ({"limit": 10, "offset": 2**53}, 1000, 10),
        ({"limit": 10.0, "offset": 10.0}, 10, 10),
    ],
)
async def test_offset_mode(talk: Talk, body: dict[str, Any], offset: int, limit: int) -> None:
    """The envelope repeats offset and limit, and estimates the total."""
    page = await talk.search(query="", **body)
    ids = [hit["id"] for hit in page.pop("hits")]
    assert ids == [f"asset_{number:04}" for number in range(offset, min(250, offset + limit))]
    assert page == {"offset": offset, "limit": limit, "estimatedTotalHits": 250}


@pytest.mark.parametrize(
    ("body", "page", "size", "pages"),
    [
        ({"page": 1}, 1, 20, 13),
        ({"hitsPerPage": 60}, 1, 60, 5),
        ({"page": 5, "hitsPerPage": 60}, 5, 60, 5),
        ({"page": 6, "hitsPerPage": 60}, 6, 60, 5),
        ({"page": 3, "hitsPerPage": 100}, 3, 100, 3),
        ({"page": 250, "hitsPerPage": 1}, 250, 1, 250),
        ({"page": 2, "hitsPerPage": 50, "limit": 5, "offset": 7}, 2, 50, 5),
        ({"page": 2, "limit": 5}, 2, 20, 13),
    ],
)
async def test_page_mode(talk: Talk, body: dict[str, Any], page: int, size: int, pages: int) -> None:
    """The envelope repeats page and size and counts both hits and pages; page parameters win."""
    reply = await talk.search(query="", **body)
    ids = [hit["id"] for hit in reply.pop("hits")]
    start = (page - 1) * size
    assert ids == [f"asset_{number:04}" for number in range(start, max(start, min(250, start + size)))]
    assert reply == {"page": page, "hitsPerPage": size, "totalHits": 250, "totalPages": pages}


@pytest.mark.parametrize("mode", ["offset", "page"])
async def test_all_pages_together_are_the_whole(talk: Talk, mode: str) -> None:
    """Each hit comes once, in either mode."""
    ids: list[str] = []
    for number in range(9):
        body = {"offset": 30 * number, "limit": 30} if mode == "offset" else {"page": number + 1}
        ids += await talk.ids(query="", **body, **({"hitsPerPage": 30} if mode == "page" else {}))
    assert ids == [f"asset_{number:04}" for number in range(250)]


async def test_nothing_found(talk: Talk) -> None:
    """An empty answer has no pages."""
    by_offset = await talk.search(query="nowhere")
    by_page = await talk.search(query="nowhere", page=1)
    assert by_offset == {"hits": [], "offset": 0, "limit": 20, "estimatedTotalHits": 0}
    assert by_page == {"hits": [], "page": 1, "hitsPerPage": 20, "totalHits": 0, "totalPages": 0}


@pytest.mark.parametrize(
    ("body", "hits", "totals"),
    [
        ({"limit": 20}, 20, {"estimatedTotalHits": 30}),
        ({"limit": 20, "offset": 20}, 10, {"estimatedTotalHits": 30}),
        ({"limit": 20, "offset": 30}, 0, {"estimatedTotalHits": 30}),
        ({"page": 1, "hitsPerPage": 20}, 20, {"totalHits": 30, "totalPages": 2}),
        ({"page": 2, "hitsPerPage": 20}, 10, {"totalHits": 30, "totalPages": 2}),
        ({"page": 3, "hitsPerPage": 20}, 0, {"totalHits": 30, "totalPages": 2}),
    ],
)
async def test_beyond_the_deepest_hit_there_is_nothing(
    session: ClientSession, body: dict[str, Any], hits: int, totals: dict[str, int]
) -> None:
    """What `max_total_hits` cuts off is neither reached nor counted."""
    async with Emulator(library(50), max_total_hits=30) as emulator:
        page = await Talk(session, emulator.base_url).search(query="", **body)
    assert len(page["hits"]) == hits
    assert {name: page[name] for name in totals} == totals


async def test_a_thousand_hits_can_be_reached(session: ClientSession) -> None:
    """That is the usual depth."""
    async with Emulator(library(1010)) as emulator:
        page = await Talk(session, emulator.base_url).search(query="", offset=990, limit=20)
    assert (len(page["hits"]), page["estimatedTotalHits"]) == (10, 1000)
