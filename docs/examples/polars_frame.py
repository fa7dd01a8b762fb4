"""polars: hits of an async search as a data frame with a schema of your own."""

import asyncio
from datetime import datetime
from typing import Any

import polars as pl

from scenario_async import AssetHit, AsyncScenario

# A schema makes the columns the same, whatever the hits are, and also where there are none.
SCHEMA: dict[str, Any] = {
    "id": pl.String,
    "name": pl.String,
    "kind": pl.String,
    "width": pl.Int64,
    "height": pl.Int64,
    "tags": pl.List(pl.String),
    "created": pl.Datetime(time_zone="UTC"),
}


def row(hit: AssetHit) -> tuple[str, str | None, str | None, Any, Any, list[str], datetime]:
    meta = hit.metadata
    return hit.id, meta.name, meta.kind, meta.width, meta.height, list(hit.tags), hit.created


async def main() -> None:
    async with AsyncScenario() as client:
        pager = client.search.asset_search(query="dragon")
        rows = [row(hit) async for hit in pager.iter_hits(max_hits=200)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    print(frame.shape)
    by_kind = frame.group_by("kind").agg(pl.len().alias("hits"), pl.col("width").max().alias("widest"))
    for kind, hits, widest in by_kind.sort("kind").iter_rows():
        print(f"{kind}: {hits} hits, widest {widest}")


asyncio.run(main())
