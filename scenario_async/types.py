"""The official SDK's names for what this package has under shorter ones, to ease moving over."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from scenario_async._paging.pager import AsyncSearchPage as AsyncSearchHitsOffset
from scenario_async.filters import Filter
from scenario_async.images import Images
from scenario_async.models import (
    AssetHit as SearchAssetSearchResponse,
)
from scenario_async.models import (
    ModelHit as SearchModelSearchResponse,
)
from scenario_async.models import (
    WorkflowHit as SearchWorkflowSearchResponse,
)
from scenario_async.sync import SyncSearchPage as SyncSearchHitsOffset


class SearchWorkflowSearchParams(TypedDict, total=False):
    """The keywords of `workflow_search`; `WorkflowSearch` says what they mean."""

    query: str | None
    filter: str | Filter | None
    query_semantic_ratio: float | None
    limit: int | None
    offset: int | None
    page: int | None
    hits_per_page: int | None
    public: bool | None
    sort_by: str | Sequence[str] | None
    original_assets: bool | None
    project_id: str | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, Any] | None
    extra_body: Mapping[str, Any] | None
    timeout: float | None
    deadline: float | None


class SearchAssetSearchParams(SearchWorkflowSearchParams, total=False):
    """The keywords of `asset_search`; `AssetSearch` says what they mean."""

    image: str | bytes | os.PathLike[str] | None
    images: Images | Mapping[str, Sequence[str | bytes | os.PathLike[str]]] | None
    image_semantic_ratio: float | None


class SearchModelSearchParams(SearchAssetSearchParams, total=False):
    """The keywords of `model_search`; `ModelSearch` says what they mean."""

    original_models: Any


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from scenario_async._support.moved import of_types  # noqa: PLC0415 - only an error has need of it

    raise of_types(name, __all__)


__all__ = [
    "AsyncSearchHitsOffset",
    "SearchAssetSearchParams",
    "SearchAssetSearchResponse",
    "SearchModelSearchParams",
    "SearchModelSearchResponse",
    "SearchWorkflowSearchParams",
    "SearchWorkflowSearchResponse",
    "SyncSearchHitsOffset",
]
