"""A token in place of a key pair."""

import os

from scenario_async import PermissionDeniedError, Scenario

# The emulator of `scenario-async serve` takes this token as well.
token = os.environ.pop("SCENARIO_SDK_JWT", "emulator")
for name in ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET"):
    os.environ.pop(name, None)

with Scenario(bearer_auth=token) as client:
    print(client.search.asset_search(query="knight", limit=1, offset=0).hits[0].id)

with Scenario(bearer_auth="expired", max_retries=0) as client:
    try:
        client.search.asset_search(query="knight")
    except PermissionDeniedError as e:
        print(e.status_code, e.response.headers.get("x-amzn-errortype"))
