"""Wrong uses: each line that ends in a mark has to be an error, in both type checkers, and no other line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scenario_async import AssetSearch, AsyncScenario, F, ModelHit, Scenario, Search, WorkflowSearch


async def asynchronous(client: AsyncScenario) -> None:
    client.search.asset_search("knight")  # E
    client.search.asset_search(qery="knight")  # E
    client.search.asset_search(query=3)  # E
    client.search.asset_search(query="x", limit="10")  # E
    client.search.asset_search(query="x", original_models=True)  # E
    client.search.workflow_search(image="asset_x")  # E
    client.search.workflow_search(image_semantic_ratio=0.5)  # E
    client.search.model_search(image=3)  # E
    client.search.asset_search(query="x", filter=3)  # E
    client.search.asset_search(query="x", extra_headers={"x": 1})  # E
    client.search.asset_search(query="x").hits  # E
    for _ in client.search.asset_search(query="x"):  # E
        pass
    wrong: ModelHit = (await client.search.asset_search(query="x")).hits[0]  # E
    with client:  # E
        pass
    for _ in client.search.asset_search(query="x").iter_hits():  # E
        pass
    client.with_options(timeot=3)  # E
    client.with_options(timeout="3")  # E
    client.search.fan_out(["knight"])  # E
    client.search.fan_out([AssetSearch(query="x")], order="random")  # E
    client.search.run("knight")  # E
    client.copy(timeot=3)  # E
    client.search.with_raw_response.asset_search("knight")  # E
    client.search.with_raw_response.asset_search(qery="knight")  # E
    client.search.with_raw_response.workflow_search(image="asset_x")  # E
    client.search.with_streaming_response  # E
    client.assets  # E
    page = await client.search.asset_search(query="x")
    page.model_dump()  # E
    page.hits[0].name  # E
    page.hits[0].model_dump()  # E


def blocking(client: Scenario) -> None:
    client.search.with_raw_response.asset_search(query="x").hits  # E
    client.post  # E
    client.search.asset_search("knight")  # E
    client.search.asset_search(qery="knight")  # E
    client.search.workflow_search(images={"like": []})  # E
    client.search.asset_search(query="x").hit  # E
    other: Search[ModelHit] = AssetSearch(query="x")  # E


def values() -> None:
    AsyncScenario("key", "secret")  # E
    Scenario(api_kye="x")  # E
    Scenario(timeout="60")  # E
    AssetSearch("knight")  # E
    WorkflowSearch(image=Path("x.png"))  # E
    F.kind > ["a"]  # E
    F.width > None  # E
    F.width.between(0, np.array([1, 2]))  # E
    F.width = 5  # E
    F.created_at.descending()  # E
    WorkflowSearch(query="x", sort_by=F.created_at)  # E
    (F.kind == "a") & "raw"  # E
