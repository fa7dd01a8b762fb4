"""Searches of the async client, one by one and several at once."""

import asyncio

from scenario_async import AsyncScenario

client = AsyncScenario()


async def main() -> None:
    page = await client.search.asset_search(query="knight", limit=3, offset=0)
    print([asset.id for asset in page.hits])
    found = await asyncio.gather(
        *(client.search.asset_search(query=query) for query in ("castle", "dragon", "forest"))
    )
    print([len(each.hits) for each in found])
    async with AsyncScenario() as other:
        print((await other.search.workflow_search(query="")).hits[0].name)
    await client.close()


asyncio.run(main())
