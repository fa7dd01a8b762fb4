"""Survive a 503 and a 429.

This emulator fails twice on purpose. The client waits and tries again.
"""

from scenario_async import RetryEvent, Scenario
from scenario_async.emulator import Emulator


def tell(event: RetryEvent) -> None:
    print(type(event.error).__name__)
    print(f"  again in {event.wait:.1f} s")


emulator = Emulator(faults="503, 429 retry-after=1")
with emulator.running() as url:
    client = Scenario(base_url=url, on_retry=tell)
    with client:
        page = client.search.asset_search(query="knight")
print(len(page.hits), "hits")
