"""Run many searches at once.

fan_out runs them side by side. This emulator takes 0.1 s per answer.
"""

from time import perf_counter

from scenario_async import AssetSearch, Scenario
from scenario_async.emulator import Emulator

words = "knight castle dragon forest robot ship".split()
searches = [AssetSearch(query=word, limit=20) for word in words]
emulator = Emulator(latency=0.1)
with emulator.running() as url, Scenario(base_url=url) as client:
    start = perf_counter()
    for search in searches:
        client.search.run(search)
    print(f"one by one: {perf_counter() - start:.2f} s")

    start = perf_counter()
    list(client.search.fan_out(searches, max_hits=20))
    print(f"fan_out:    {perf_counter() - start:.2f} s")
