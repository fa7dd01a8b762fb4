"""pandas: hits as a data frame, with times that are times, and what is nested in columns of its own."""

import pandas as pd

from scenario_async import F, Scenario

with Scenario() as client:
    page = client.search.asset_search(query="knight", filter=F.kind == "image")
    # One row a hit: the service's fields, those of `metadata` as "metadata.width" and so on.
    frame = pd.json_normalize([hit.to_dict() for hit in page.iter_hits(max_hits=200)])

for column in ("createdAt", "updatedAt"):
    frame[column] = pd.to_datetime(frame[column])

frame["megapixels"] = frame["metadata.width"] * frame["metadata.height"] / 1e6
largest = frame.nlargest(3, "megapixels")[["id", "megapixels", "createdAt"]]
print(len(frame), "hits")
print(largest.to_string(index=False))
print(frame.groupby(frame["createdAt"].dt.year)["id"].count().to_dict())
