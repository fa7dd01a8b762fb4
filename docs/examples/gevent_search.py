"""gevent: the sync client in greenlets, after a first call that nothing else runs beside."""

from gevent import monkey

monkey.patch_all()

import gevent

from scenario_async import Scenario

client = Scenario(deadline=10)
# This starts the client's loop. Greenlets that start it at the same moment get in each other's way.
client.search.asset_search(query="anything", limit=1)


def find(about: str) -> int:
    return len(client.search.asset_search(query=about, limit=5).hits)


words = ["knight", "castle", "dragon"]
greenlets = [gevent.spawn(find, word) for word in words]
gevent.joinall(greenlets, timeout=20, raise_error=True)
print({word: greenlet.value for word, greenlet in zip(words, greenlets, strict=True)})
client.close()
