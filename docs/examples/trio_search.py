"""trio: the sync client in trio's threads."""

from functools import partial

import trio

from scenario_async import Scenario

FOUND: dict[str, int] = {}


async def find(client: Scenario, about: str) -> None:
    search = partial(client.search.asset_search, query=about, limit=5)
    # Without abandon_on_cancel, a cancelled task waits for its call: give the client a deadline.
    page = await trio.to_thread.run_sync(search, abandon_on_cancel=True)
    FOUND[about] = len(page.hits)


async def main() -> None:
    with Scenario(deadline=10) as client:
        async with trio.open_nursery() as nursery:
            for word in ("knight", "castle", "dragon"):
                nursery.start_soon(find, client, word)
    print(dict(sorted(FOUND.items())))


trio.run(main)
