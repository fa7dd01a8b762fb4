"""Hits and pages as dictionaries and as JSON."""

import json

from scenario_async import Scenario

with Scenario() as client:
    page = client.search.asset_search(query="knight", limit=2, offset=0)
    hit = page.hits[0]
    data = hit.to_dict()
    print(sorted(data), int(data["metadata"]["width"]))
    print(json.loads(hit.to_json()) == data)
    envelope = page.to_dict()
    print(sorted(envelope), [each["id"] for each in envelope["hits"]])
    print(json.loads(page.to_json()) == envelope, json.loads(page.to_json(indent=4))["limit"])
