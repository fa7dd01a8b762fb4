"""Parameters and responses by their types."""

from typing import List

from scenario_async import Scenario
from scenario_async.types import SearchAssetSearchParams, SearchAssetSearchResponse, SearchModelSearchParams

params: SearchAssetSearchParams = {"query": "knight", "filter": "kind = image", "limit": 4, "offset": 0}
models: SearchModelSearchParams = {"query": "", "sort_by": ["createdAt:asc"], "hits_per_page": 2, "page": 1}


def widths(assets: List[SearchAssetSearchResponse]) -> List[int]:
    return [int(asset.metadata.width or 0) for asset in assets]


with Scenario() as client:
    hits = client.search.asset_search(**params).hits
    print(widths(hits), isinstance(hits[0], SearchAssetSearchResponse))
    print([model.id for model in client.search.model_search(**models).hits])
