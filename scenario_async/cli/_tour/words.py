"""Search by words.

The client finds the service and the keys in environment variables.
"""

import asyncio

from scenario_async import AsyncScenario


async def main() -> None:
    async with AsyncScenario() as client:
        find = client.search.asset_search
        page = await find(query="knight", limit=3)
    for hit in page.hits:
        print(hit.id, hit.metadata.kind)
    print(f"found in {page.response.elapsed:.3f} s")


asyncio.run(main())
