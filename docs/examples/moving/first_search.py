"""A first search, and the data of a page."""

import os

from scenario_async import Scenario

client = Scenario(
    api_key=os.environ.get("SCENARIO_SDK_API_KEY"),  # This is the default and can be omitted
    api_secret=os.environ.get("SCENARIO_SDK_API_SECRET"),  # This is the default and can be omitted
)

page = client.search.asset_search(query="knight", filter="kind = image", limit=5.0, offset=0)
print(page.estimated_total_hits, page.offset)
for asset in page.hits:
    print(asset.id, asset.mime_type, int(asset.metadata.width or 0), asset.tags, asset.created_at)

models = client.search.model_search(query="", sort_by=["createdAt:desc"], page=1, hits_per_page=3)
print([model.name for model in models.hits])
workflows = client.search.workflow_search(query="", public=True)
print([workflow.status for workflow in workflows.hits])
similar = client.search.asset_search(images={"like": [page.hits[0].id]}, image_semantic_ratio=0.5)
print(similar.hits[0].id == page.hits[0].id)
client.close()
