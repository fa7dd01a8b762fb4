"""Right uses, with the types that they must have; both type checkers read this file, and nothing runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import numpy as np

from scenario_async import (
    APIResponse,
    APIResponseValidationError,
    AssetHit,
    AssetSearch,
    AsyncAPIResponse,
    AsyncScenario,
    AsyncSearchPage,
    Download,
    F,
    FanOutEnd,
    FanOutError,
    FanOutHit,
    Filter,
    Hit,
    HitTable,
    Images,
    ModelHit,
    ModelSearch,
    RateLimit,
    RateLimitError,
    Reply,
    Scenario,
    Search,
    SearchPager,
    SyncSearchPage,
    WorkflowHit,
    WorkflowSearch,
)
from scenario_async.errors import ErrorResponse
from scenario_async.filters import Field

if TYPE_CHECKING:
    from scenario_async.types import SearchAssetSearchParams, SearchAssetSearchResponse


async def asynchronous(client: AsyncScenario, params: SearchAssetSearchParams) -> None:
    """What the async client gives."""
    pager = client.search.asset_search(
        query="knight",
        filter=F.kind == "image",
        image=Path("knight.png"),
        sort_by=["createdAt:desc"],
        limit=10,
        public=True,
        extra_headers={"x": "y"},
        timeout=3,
    )
    assert_type(pager, SearchPager[AssetHit])
    page = await pager
    assert_type(page, AsyncSearchPage[AssetHit])
    assert_type(page.hits, list[AssetHit])
    assert_type(page.hits[0].metadata.width, float | None)
    assert_type(page.estimated_total_hits, int | None)
    assert_type(page.table, HitTable[AssetHit])
    assert_type(await pager.collect(max_hits=3), HitTable[AssetHit])
    assert_type(await page.collect(), HitTable[AssetHit])
    assert_type(page.response.request_id, str | None)
    assert_type(await page.get_next_page(), AsyncSearchPage[AssetHit])
    async for hit in pager:
        assert_type(hit, AssetHit)
    async for hit in page:
        assert_type(hit, AssetHit)
    async for model in client.search.model_search(query="x", original_models=True).iter_hits(
        max_hits=3, prefetch=2
    ):
        assert_type(model, ModelHit)
    async for each in client.search.workflow_search(filter="status = ready").iter_pages(max_pages=2):
        assert_type(each, AsyncSearchPage[WorkflowHit])
    async with client.search.asset_search(**params) as opened:
        assert_type(opened, SearchPager[AssetHit])
    assert_type(client.search.run(ModelSearch(query="x")), SearchPager[ModelHit])
    assert_type(client.search.resume("token", WorkflowSearch(query="x")), SearchPager[WorkflowHit])
    same = [AssetSearch(query="a"), AssetSearch(query="b")]
    assert_type(client.search.fan_out(same), AsyncGenerator[FanOutHit[AssetHit]])
    async for found in client.search.fan_out(same, order="submitted"):
        assert_type(found.hit, AssetHit)
    mixed: list[Search[Hit]] = [AssetSearch(query="a"), ModelSearch(query="b")]
    async for either in client.search.fan_out(mixed, on_error="yield"):
        assert_type(either, FanOutHit[Hit] | FanOutError[Hit])
    async for ended in client.search.fan_out(same, ends=True):
        assert_type(ended, FanOutHit[AssetHit] | FanOutEnd[AssetHit])
    async for item in client.search.fan_out(same, on_error="yield", ends=True):
        assert_type(item, FanOutHit[AssetHit] | FanOutError[AssetHit] | FanOutEnd[AssetHit])
    assert_type(asyncio.create_task(pager), asyncio.Task[AsyncSearchPage[AssetHit]])
    assert_type(await asyncio.wait_for(pager, 1), AsyncSearchPage[AssetHit])
    assert_type(pager.iter_hits().resume_token, str)
    assert_type(client.download(page, "pictures", width=512), AsyncGenerator[Download[AssetHit]])
    assert_type(client.download(["asset_1"], Path("pictures")), AsyncGenerator[Download[str]])
    assert_type(client.with_options(timeout=3.0, max_retries=1), AsyncScenario)
    assert_type(client.copy(timeout=3.0, max_retries=1), AsyncScenario)
    raw = await client.search.with_raw_response.asset_search(query="knight", limit=10)
    assert_type(raw, AsyncAPIResponse[AsyncSearchPage[AssetHit]])
    assert_type(await raw.parse(), AsyncSearchPage[AssetHit])
    assert_type(await raw.read(), bytes)
    assert_type(raw.status_code, int)
    value = await client.search.with_raw_response.run(ModelSearch(query="x"))
    assert_type(value, AsyncAPIResponse[AsyncSearchPage[ModelHit]])
    assert_type(page.next_page_info(), dict[str, int] | None)
    assert_type(page.to_dict(), dict[str, Any])
    assert_type(page.to_json(indent=2), str)
    assert_type(await client.close(), None)
    assert_type(await client.request("GET", "/assets/x", query={"a": 1}), Reply)
    async with client as entered:
        assert_type(entered, AsyncScenario)


def blocking(client: Scenario, params: SearchAssetSearchParams) -> None:
    """What the blocking client gives."""
    page = client.search.asset_search(images={"like": ["asset_a", b"..."]})
    assert_type(page, SyncSearchPage[AssetHit])
    assert_type(page.hits[0].id, str)
    assert_type(client.search.asset_search(**params), SyncSearchPage[AssetHit])
    for hit in page:
        assert_type(hit, AssetHit)
    for each in client.search.model_search(query="x", images=Images(like=["asset_a"])).iter_pages():
        assert_type(each, SyncSearchPage[ModelHit])
    assert_type(client.search.workflow_search(query="x").get_next_page(), SyncSearchPage[WorkflowHit])
    assert_type(client.search.fan_out([AssetSearch(query="a")]), Generator[FanOutHit[AssetHit]])
    assert_type(client.download(page.hits, "pictures"), Generator[Download[AssetHit]])
    assert_type(client.with_options(rate_limit=RateLimit(100, 60.0)), Scenario)
    assert_type(client.copy(rate_limit=RateLimit(100, 60.0)), Scenario)
    raw = client.search.with_raw_response.workflow_search(query="knight")
    assert_type(raw, APIResponse[SyncSearchPage[WorkflowHit]])
    assert_type(raw.parse().hits, list[WorkflowHit])
    assert_type(raw.text(), str)
    assert_type(
        client.search.with_raw_response.run(AssetSearch(query="x")), APIResponse[SyncSearchPage[AssetHit]]
    )
    assert_type(client.request("GET", "/x").json(), Any)
    with client as entered:
        assert_type(entered, Scenario)


def failures(error: RateLimitError, misshapen: APIResponseValidationError) -> None:
    """What errors tell, as the official SDK has it."""
    assert_type(error.response, ErrorResponse)
    assert_type(error.response.content, bytes)
    assert_type(error.request.url, str)
    assert_type(misshapen.response, ErrorResponse | None)


def values(hit: SearchAssetSearchResponse) -> None:
    """Searches, filters and hits as values."""
    assert_type(AssetSearch(filter=F.width > 3).filter, str | None)
    assert_type((F.kind == "image") & (F.width >= 1024) | ~F.nsfw.is_empty(), Filter)
    assert_type(F["metadata.type"].contains_any("a", "b"), Filter)
    assert_type(F.created_at, Field)
    assert_type(F.createdAt, Field)
    assert_type(F.an_attribute_of_tomorrow >= 1, Filter)
    assert_type(F.created_at.desc(), str)
    AssetSearch(query="a", sort_by=F.created_at.desc())
    AssetSearch(query="a", sort_by="createdAt:desc")
    AssetSearch(query="a", sort_by=[F.width.asc(), "createdAt:desc"])
    assert_type(F.width >= np.int64(5), Filter)
    assert_type(F.width.between(np.float32(0.5), np.float64(1.5)), Filter)
    assert_type(F.nsfw == np.bool_(1), Filter)
    assert_type(F.created_at > np.datetime64("2024-01-01"), Filter)
    assert_type(F.kind.is_in(np.str_("image"), np.str_("video")), Filter)
    assert_type(hit, AssetHit)
    assert_type(hit.extra, Mapping[str, Any])


def tables(client: Scenario, hits: list[ModelHit]) -> None:
    """What tables give."""
    assert_type(client.search.asset_search(query="x").collect(), HitTable[AssetHit])
    kept = HitTable(hits)
    assert_type(kept, HitTable[ModelHit])
    assert_type(kept[0], ModelHit)
    assert_type(kept[:2], HitTable[ModelHit])
    assert_type(kept.gallery("x.html", title="Models", overwrite=True), Path)
    assert_type(kept.gallery().html, str)
    kept.load_thumbnails(client)
    assert_type(kept.hits, list[ModelHit])
    assert_type(HitTable([], WorkflowHit).hit_class, type[WorkflowHit])
    assert_type(kept.to_dicts(flat=True, fields=["id"]), list[dict[str, Any]])
    assert_type(kept.write("models.csv", overwrite=True), Path)
    for hit in kept:
        assert_type(hit, ModelHit)
