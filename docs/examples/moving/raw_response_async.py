"""The reply as it came, with the async client: its methods are awaited."""

import asyncio

from scenario_async import AsyncScenario


async def main() -> None:
    async with AsyncScenario() as client:
        response = await client.search.with_raw_response.asset_search(query="knight", limit=3, offset=0)
        print(response.status_code, response.headers["content-type"], response.retries_taken)
        body = await response.json()
        print(len(await response.read()) == len((await response.text()).encode()), len(body["hits"]))
        page = await response.parse()
        print([asset.id for asset in page.hits], page.has_next_page())
        first, second = await asyncio.gather(
            client.search.with_raw_response.model_search(query=""),
            client.search.with_raw_response.workflow_search(query=""),
        )
        print((await first.parse()).hits[0].name, (await second.parse()).hits[0].name)


asyncio.run(main())
