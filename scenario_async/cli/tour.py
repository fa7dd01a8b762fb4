"""The steps of the demo: what stands in a step is both what runs and what is shown.

A step's docstring is its heading and its text. No line of its body is wider than 76 characters, so that
it fits a terminal of 80 columns.
"""

# ruff: noqa: PLR2004 - the steps are written as users write them

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp

from scenario_async import AssetSearch, AsyncScenario, F, ModelSearch, Scenario, WorkflowSearch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from scenario_async import FanOutHit, Hit, SearchPage


class Show(Protocol):
    """What the steps show their results with."""

    def note(self, text: str) -> None:
        """Show a text."""

    def hits(self, page: SearchPage[Hit]) -> None:
        """Show the hits of one page."""

    def fan_out(self, found: Sequence[FanOutHit[Hit]]) -> None:
        """Show the hits of several searches."""

    def pages(self, pages: Sequence[SearchPage[Hit]]) -> None:
        """Show pages, a row for each."""


async def by_words(show: Show) -> None:
    """Search by words.

    The client finds the service and the credentials in the environment.
    """
    async with AsyncScenario() as client:
        page = await client.search.asset_search(query="knight", limit=5)
        show.hits(page)


async def by_filter(client: AsyncScenario, show: Show) -> None:
    """Filter and sort.

    F writes the service's filter language, with every value quoted as it must be.
    """
    wanted = (F.width >= 1024) & F.tags.contains_any("castle", "dragon")
    show.note(str(wanted))
    page = await client.search.asset_search(
        filter=wanted,
        sort_by=["createdAt:desc"],
        limit=5,
    )
    show.hits(page)


async def by_picture(client: AsyncScenario, show: Show) -> None:
    """Find pictures like one in a file.

    A path, bytes, a data URL or the id of an asset: all of them are pictures to search with.
    """
    dragons = AssetSearch(query="dragon", filter=F.kind == "image", limit=1)
    dragon = (await client.search.run(dragons)).hits[0]
    async with downloaded(dragon.url) as picture:  # a pathlib.Path
        page = await client.search.asset_search(
            image=picture,
            filter=F.kind == "image",
            limit=5,
        )
    show.note(f"like {dragon.id}")
    show.hits(page)


async def models(client: AsyncScenario, show: Show) -> None:
    """Search models.

    Workflows are searched alike, with workflow_search().
    """
    page = await client.search.model_search(query="castle", limit=5)
    show.hits(page)


async def several_at_once(client: AsyncScenario, show: Show) -> None:
    """Run several searches at once.

    Searches are values. Their hits come as pages arrive, each with the search that it answers.
    """
    searches = [
        AssetSearch(query="dragon", sort_by=["createdAt:desc"]),
        AssetSearch(filter=F.kind == "video"),
        ModelSearch(query="knight"),
        WorkflowSearch(query="forest"),
    ]
    results = client.search.fan_out(searches, concurrency=4, max_hits=2)
    show.fan_out([found async for found in results])


async def to_the_end(client: AsyncScenario, show: Show) -> None:
    """Read page by page, to the end.

    Each hit comes once. "async for hit in pager" would give the hits themselves.
    """
    pager = client.search.asset_search(filter=F.kind == "image")
    show.pages([page async for page in pager.iter_pages()])
    show.note(f"stopped because: {pager.stopped_because}")


def blocking(show: Show) -> None:
    """Do the same without async.

    The blocking client takes the same parameters and gives the same hits.
    """
    with Scenario() as client:
        page = client.search.asset_search(query="knight", limit=5)
        show.hits(page)


STEPS: Final = (by_filter, by_picture, models, several_at_once, to_the_end)
"""The steps that share a client, in their order; `by_words` comes before them and `blocking` after."""


@asynccontextmanager
async def downloaded(url: str) -> AsyncGenerator[Path]:
    """Download a file, and remove it at the end."""
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(url) as reply:
        content = await reply.read()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "picture"
        await asyncio.to_thread(file.write_bytes, content)
        yield file
