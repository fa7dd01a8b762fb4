"""Retries, timeouts, headers and parameters, for all requests and for one."""

from scenario_async import Scenario

# Configure the default for all requests:
client = Scenario(
    max_retries=0,  # default is 2
    timeout=20.0,  # 20 seconds (default is 1 minute)
    default_headers={"X-Team": "blue"},
    default_query={"trace": "1"},
)
print(client.max_retries, client.timeout, str(client.base_url).startswith("http"))

# Or, configure per-request:
page = client.with_options(max_retries=5).search.asset_search(query="knight", limit=2, offset=0)
print(len(page.hits))
page = client.copy(timeout=5.0).search.asset_search(query="knight", limit=2, offset=0)
print(len(page.hits))
page = client.search.asset_search(
    query="knight",
    limit=2,
    offset=0,
    original_assets=True,
    extra_headers={"X-One": "1"},
    extra_query={"y": "2"},
    extra_body={"public": True},
    timeout=5,
)
print(len(page.hits))
print(client.copy(max_retries=4).max_retries, client.max_retries)
client.close()
