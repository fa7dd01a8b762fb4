"""A notebook: top-level `await`, the sync client beside it, and one client for all cells."""

# %% Build the client once, in the first cell; it needs no `async with`.
import asyncio

from scenario_async import AsyncScenario, F, Scenario

client = AsyncScenario()

# %% `await` works at the top level of a cell, on the notebook's own loop.
page = await client.search.asset_search(query="knight", limit=3)
print([hit.metadata.name for hit in page.hits])

# %% So does `async for`, in a comprehension as well.
castles = client.search.asset_search(query="castle", filter=F.kind == "image")
wide = [hit async for hit in castles.iter_hits(max_hits=50) if (hit.metadata.width or 0) >= 1024]
print(len(wide), "wide castles")

# %% Several searches at once.
words = ["dragon", "forest"]
pages = await asyncio.gather(*(client.search.asset_search(query=word) for word in words))
print({word: page.estimated_total_hits for word, page in zip(words, pages, strict=True)})

# %% The sync client works in the running loop too; the notebook waits meanwhile.
with Scenario() as plain:
    print(len(plain.search.model_search(query="knight").hits), "models")

# %% Close the client in the last cell, or leave it to the end of the kernel.
await client.aclose()
