"""Long pages take turns, so that many that arrive at once do not hold up the loop for all of their time."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from support.hits import asset

from scenario_async import AssetSearch, AsyncScenario, AsyncSearchPage, Reply
from scenario_async._http.request import PreparedSearch
from scenario_async._paging.iteration import PageSource
from scenario_async._paging.position import Position
from scenario_async.errors import APIResponseValidationError

if TYPE_CHECKING:
    from scenario_async._calls.call import Caller
    from scenario_async._http.request import Request

SEARCH = AssetSearch(query="x")
FIRST = Position.first(SEARCH, default_size=None)
TEXT = "x" * 100_000
LONG = json.dumps({"hits": [asset(description=TEXT)]}).encode()
SHORT = json.dumps({"hits": [asset()]}).encode()
MISSHAPEN = json.dumps({"hits": [TEXT]}).encode()


@attrs.frozen
class Replying:
    """A caller whose replies are there at once."""

    caller: Caller
    content: bytes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.caller, name)

    async def search(self, request: Request) -> Reply:
        """Give the reply."""
        return Reply(
            status=200, headers={}, request_id=None, method="POST", url=request.url, content=self.content
        )


def source_of(client: Any, content: bytes) -> PageSource[Any]:
    """Give where pages come from, all of this content."""
    caller = cast("Any", Replying(client._caller, content))
    return PageSource(SEARCH, AsyncSearchPage, PreparedSearch.of(SEARCH, client.settings), caller)


async def most_in_a_round(source: PageSource[Any], pages: int) -> int:
    """Give how many pages were ready at most between two turns of others on the loop."""
    ready = most = 0

    async def read() -> None:
        nonlocal ready
        await source.page_at(FIRST)
        ready += 1

    reading = [asyncio.create_task(read()) for _ in range(pages)]
    while not all(each.done() for each in reading):
        before = ready
        await asyncio.sleep(0)
        most = max(most, ready - before)
    await asyncio.gather(*reading)
    return most


async def test_few_long_pages_are_read_in_each_round_of_the_loop() -> None:
    """Others on the loop get a word in after every few of them; short pages need no turns."""
    client = AsyncScenario(api_key="a", api_secret="b")
    assert await most_in_a_round(source_of(client, LONG), 40) <= 8
    assert await most_in_a_round(source_of(client, SHORT), 40) == 40


async def test_a_turn_is_given_back_after_an_error() -> None:
    """However many pages are misshapen, and the error is the page's."""
    client = AsyncScenario(api_key="a", api_secret="b")
    for _ in range(20):
        with pytest.raises(APIResponseValidationError):
            await source_of(client, MISSHAPEN).page_at(FIRST)
    assert len((await source_of(client, LONG).page_at(FIRST)).hits) == 1
