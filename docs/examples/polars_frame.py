"""polars: hits of an async search as a data frame, handed over as Arrow."""

import asyncio

import polars as pl

from scenario_async import AsyncScenario


async def main() -> None:
    async with AsyncScenario() as client:
        hits = await client.search.asset_search(query="dragon").collect(max_hits=200)
    frame = pl.DataFrame(hits).select(
        "id",
        "created_at",
        kind="metadata_kind",
        width="metadata_width",
    )
    print(frame.shape)
    by_kind = frame.group_by("kind").agg(pl.len().alias("hits"), pl.col("width").max().alias("widest"))
    for kind, count, widest in by_kind.sort("kind").iter_rows():
        print(f"{kind}: {count} hits, widest {widest}")


asyncio.run(main())
