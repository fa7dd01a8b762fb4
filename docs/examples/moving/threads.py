"""One client in many threads."""

from concurrent.futures import ThreadPoolExecutor

from scenario_async import Scenario

client = Scenario()
queries = ["knight", "castle", "dragon", "forest", "robot", "ship"]


def count(query: str) -> int:
    return len(client.search.asset_search(query=query, limit=10, offset=0).hits)


with ThreadPoolExecutor(max_workers=4) as pool:
    for query, found in zip(queries, pool.map(count, queries)):
        print(query, found)
client.close()
