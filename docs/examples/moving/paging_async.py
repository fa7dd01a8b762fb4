"""All hits, all pages, and page by page, with the async client."""

import asyncio

from scenario_async import AsyncScenario

client = AsyncScenario()


async def main() -> None:
    all_assets = []
    # Iterate through items across all pages, issuing requests as needed.
    async for asset in client.search.asset_search(query="knight", limit=10, offset=0):
        all_assets.append(asset)
    print(len(all_assets), len({asset.id for asset in all_assets}))

    first_page = await client.search.asset_search(query="knight", limit=10, offset=0)
    if first_page.has_next_page():
        print(f"will fetch next page: {first_page.next_page_info() is not None}")
        next_page = await first_page.get_next_page()
        print(f"number of items we just fetched: {len(next_page.hits)}")

    async for page in first_page.iter_pages():
        print(page.offset, len(page.hits))
    await client.close()


asyncio.run(main())
