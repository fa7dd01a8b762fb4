"""Search Scenario's assets, models and workflows, asynchronously or not.

Names load what they need when they are first used; `preload()` loads all that a first call would.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from scenario_async._version import __version__ as __version__

if TYPE_CHECKING:
    from scenario_async import errors as errors
    from scenario_async import types as types
    from scenario_async._calls.quota import RateLimit
    from scenario_async._downloads.download import Download, DownloadProgress
    from scenario_async._endpoints.raw import APIResponse, AsyncAPIResponse
    from scenario_async._exports.export import Export, ExportProgress
    from scenario_async._harvests.harvest import Harvest, HarvestProgress
    from scenario_async._http.reply import Reply
    from scenario_async._paging.fan_out import FanOutEnd, FanOutError, FanOutHit
    from scenario_async._paging.pager import AsyncSearchPage, SearchPager
    from scenario_async._scans.report import Estimate, ScanReport
    from scenario_async._scans.scan import AsyncScan
    from scenario_async._tables.table import HitTable
    from scenario_async.client import AsyncScenario
    from scenario_async.errors import (
        APIConnectionError,
        APIError,
        APIResponseValidationError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        DeadlineExceededError,
        InternalServerError,
        InvalidSearchError,
        NotFoundError,
        PermissionDeniedError,
        PlanLimitError,
        RateLimitError,
        ScanIncompleteError,
        ScenarioError,
        SearchWindowWarning,
        UnprocessableEntityError,
        WriteError,
    )
    from scenario_async.events import RequestEvent, ResponseEvent, RetryEvent
    from scenario_async.filters import F, Filter
    from scenario_async.images import Images
    from scenario_async.models import (
        AssetHit,
        AssetMetadata,
        Concept,
        Hit,
        MetadataThumbnail,
        ModelHit,
        Thumbnail,
        WorkflowHit,
    )
    from scenario_async.pages import SearchPage
    from scenario_async.searches import AssetSearch, ModelSearch, Search, WorkflowSearch
    from scenario_async.settings import RateLimiter
    from scenario_async.sync import Scenario, SyncScan, SyncSearchPage

_ROOMS: Final = {
    "_calls.quota": "RateLimit",
    "_endpoints.raw": "APIResponse AsyncAPIResponse",
    "_paging.pager": "AsyncSearchPage SearchPager",
    "_http.reply": "Reply",
    "_harvests.harvest": "Harvest HarvestProgress",
    "_scans.report": "Estimate ScanReport",
    "_scans.scan": "AsyncScan",
    "_tables.table": "HitTable",
    "client": "AsyncScenario",
    "errors": (
        "APIConnectionError APIError APIResponseValidationError APIStatusError APITimeoutError AuthenticationError "
        "BadRequestError ConfigurationError ConflictError DeadlineExceededError InternalServerError InvalidSearchError NotFoundError "
        "PermissionDeniedError PlanLimitError RateLimitError ScanIncompleteError "
        "ScenarioError SearchWindowWarning UnprocessableEntityError WriteError"
    ),
    "events": "RequestEvent ResponseEvent RetryEvent",
    "filters": "F Filter",
    "images": "Images",
    "models": "AssetHit AssetMetadata Concept Hit MetadataThumbnail ModelHit Thumbnail WorkflowHit",
    "pages": "SearchPage",
    "searches": "AssetSearch ModelSearch Search WorkflowSearch",
    "settings": "RateLimiter",
    "_downloads.download": "Download DownloadProgress",
    "_exports.export": "Export ExportProgress",
    "_paging.fan_out": "FanOutEnd FanOutError FanOutHit",
    "sync": "Scenario SyncScan SyncSearchPage",
}
_WITHOUT_SEARCHES: Final = frozenset({
    "_downloads.download", "_endpoints.raw", "_exports.export", "_harvests.harvest", "_scans.report", "_scans.scan", "_tables.table",
})  # fmt: skip
"""Rooms that no search needs."""
_MODULES: Final = frozenset({
    "errors", "events", "filters", "images", "models", "pages", "searches", "settings", "types",
})  # fmt: skip
"""Modules that are there without an import of their own, as `scenario_sdk.types` is."""
_ROOM_OF: Final = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "APIConnectionError", "APIError", "APIResponse", "APIResponseValidationError", "APIStatusError",
    "APITimeoutError", "AssetHit", "AssetMetadata", "AssetSearch", "AsyncAPIResponse", "AsyncScan",
    "AsyncScenario", "AsyncSearchPage", "AuthenticationError", "BadRequestError", "Concept",
    "ConfigurationError", "ConflictError", "DeadlineExceededError", "Download", "DownloadProgress",
    "Estimate", "Export", "ExportProgress", "F", "FanOutEnd", "FanOutError", "FanOutHit", "Filter", "Harvest",
    "HarvestProgress", "Hit",
    "HitTable", "Images", "InternalServerError", "InvalidSearchError", "MetadataThumbnail", "ModelHit",
    "ModelSearch", "NotFoundError", "PermissionDeniedError", "PlanLimitError", "RateLimit", "RateLimitError",
    "RateLimiter", "Reply", "RequestEvent", "ResponseEvent", "RetryEvent", "ScanIncompleteError",
    "ScanReport", "Scenario", "ScenarioError", "Search", "SearchPage", "SearchPager", "SearchWindowWarning",
    "SyncScan", "SyncSearchPage", "Thumbnail", "UnprocessableEntityError", "WorkflowHit", "WorkflowSearch",
    "WriteError", "__version__", "preload",
]  # fmt: skip


def preload() -> None:
    """Import what a first call would: for programs that would rather wait now than on their event loop."""
    for name, room in _ROOM_OF.items():
        if room not in _WITHOUT_SEARCHES:
            __getattr__(name)
    import_module("tenacity")
    import_module("scenario_async._observing.hooks")
    import_module("scenario_async._http.json").loads(b"null")
    import_module("scenario_async._http.structure").converter()


def __getattr__(name: str) -> Any:  # noqa: ANN401
    room = _ROOM_OF.get(name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if room is None:
        moved = None if name.startswith("_") else import_module(f"{__name__}._support.moved").exported(name)
        if moved is not None:
            raise moved
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
