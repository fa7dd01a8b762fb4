"""pandas: hits as a data frame with declared columns, times that are times, and what is nested made flat."""

from scenario_async import F, Scenario

with Scenario() as client:
    page = client.search.asset_search(query="knight", filter=F.kind == "image")
    frame = page.collect(max_hits=200).to_pandas()

frame["megapixels"] = frame["metadata_width"] * frame["metadata_height"] / 1e6
largest = frame.nlargest(3, "megapixels")[["id", "megapixels", "created_at"]]
print(len(frame), "hits")
print(largest.to_string(index=False))
print(frame.groupby(frame["created_at"].dt.year)["id"].count().to_dict())
