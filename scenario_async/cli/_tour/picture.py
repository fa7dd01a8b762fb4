"""Search with a picture.

Here it is downloaded first. A file or the id of an asset does as well.
"""

from urllib.request import urlopen

from scenario_async import F, Scenario

images = F.kind == "image"
with Scenario() as client:
    find = client.search.asset_search
    [dragon] = find(query="dragon", filter=images, limit=1).hits
    picture = urlopen(dragon.url).read()
    similar = find(image=picture, filter=images, limit=3)
for hit in similar.hits:
    print(hit.id, hit.tags[:1])
