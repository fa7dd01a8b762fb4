"""The reply as it came: its status, headers and body."""

from scenario_async import Scenario

client = Scenario()
response = client.search.with_raw_response.asset_search(query="knight", limit=3, offset=0)
print(response.status_code, response.headers.get("Content-Type"), response.retries_taken)
print(response.method, str(response.url).endswith("/search/assets"))
print(response.read()[:9], response.text()[:9], len(response.json()["hits"]))

page = response.parse()  # get the object that `asset_search()` would have returned
print([asset.id for asset in page.hits], page.has_next_page())
print(client.search.with_raw_response.model_search(query="").parse().hits[0].name)
print(client.search.with_raw_response.workflow_search(query="").json()["hits"][0]["name"])
client.close()
