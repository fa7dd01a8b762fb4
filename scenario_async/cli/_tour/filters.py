"""Filter and sort.

F turns Python expressions into a filter. Scenario works without async.
"""

from scenario_async import F, Scenario

castles = F.tags.contains_any("castle", "ruin")
wanted = castles & (F.width >= 1024)
print(wanted)

with Scenario() as client:
    page = client.search.asset_search(
        filter=wanted,
        sort_by=["createdAt:desc"],
        limit=3,
    )
for hit in page.hits:
    print(hit.id, hit.created.date())
