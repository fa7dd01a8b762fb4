"""Stop, and go on later.

The token is a text. Keep it, and go on in another process.
"""

from scenario_async import AssetSearch, Scenario

search = AssetSearch(query="knight", limit=20)
with Scenario() as client:
    hits = client.search.run(search).iter_hits(max_hits=30)
    first = {hit.id for hit in hits}
    token = hits.resume_token

with Scenario() as client:
    hits = client.search.resume(token, search).iter_hits()
    rest = {hit.id for hit in hits}
print(len(first), "hits, and later", len(rest))
print("found twice:", len(first & rest))
