"""Search Scenario's assets, models and workflows, asynchronously or not.

Names load what they need when they are first used; `preload()` loads all that a first call would.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from scenario_async._version import __version__ as __version__

if TYPE_CHECKING:
    from scenario_async._calls.quota import RateLimit as RateLimit
    from scenario_async._http.reply import Reply as Reply
    from scenario_async._paging.fan_out import FanOutError as FanOutError
    from scenario_async._paging.fan_out import FanOutHit as FanOutHit
    from scenario_async._paging.pager import AsyncSearchPage as AsyncSearchPage
    from scenario_async._paging.pager import SearchPager as SearchPager
    from scenario_async.client import AsyncScenario as AsyncScenario
    from scenario_async.errors import (
        APIConnectionError as APIConnectionError,
    )
    from scenario_async.errors import (
        APIError as APIError,
    )
    from scenario_async.errors import (
        APIResponseValidationError as APIResponseValidationError,
    )
    from scenario_async.errors import (
        APIStatusError as APIStatusError,
    )
    from scenario_async.errors import (
        APITimeoutError as APITimeoutError,
    )
    from scenario_async.errors import (
        AuthenticationError as AuthenticationError,
    )
    from scenario_async.errors import (
        BadRequestError as BadRequestError,
    )
    from scenario_async.errors import (
        ConflictError as ConflictError,
    )
    from scenario_async.errors import (
        DeadlineExceededError as DeadlineExceededError,
    )
    from scenario_async.errors import (
        InternalServerError as InternalServerError,
    )
    from scenario_async.errors import (
        InvalidSearchError as InvalidSearchError,
    )
    from scenario_async.errors import (
        NotFoundError as NotFoundError,
    )
    from scenario_async.errors import (
        PermissionDeniedError as PermissionDeniedError,
    )
    from scenario_async.errors import (
        PlanLimitError as PlanLimitError,
    )
    from scenario_async.errors import (
        RateLimitError as RateLimitError,
    )
    from scenario_async.errors import (
        ScenarioError as ScenarioError,
    )
    from scenario_async.errors import (
        UnprocessableEntityError as UnprocessableEntityError,
    )
    from scenario_async.events import RequestEvent as RequestEvent
    from scenario_async.events import ResponseEvent as ResponseEvent
    from scenario_async.events import RetryEvent as RetryEvent
    from scenario_async.filters import F as F
    from scenario_async.filters import Filter as Filter
    from scenario_async.images import Images as Images
    from scenario_async.models import (
        AssetHit as AssetHit,
    )
    from scenario_async.models import (
        AssetMetadata as AssetMetadata,
    )
    from scenario_async.models import (
        Concept as Concept,
    )
    from scenario_async.models import (
        Hit as Hit,
    )
    from scenario_async.models import (
        MetadataThumbnail as MetadataThumbnail,
    )
    from scenario_async.models import (
        ModelHit as ModelHit,
    )
    from scenario_async.models import (
        Thumbnail as Thumbnail,
    )
    from scenario_async.models import (
        WorkflowHit as WorkflowHit,
    )
    from scenario_async.pages import SearchPage as SearchPage
    from scenario_async.searches import (
        AssetSearch as AssetSearch,
    )
    from scenario_async.searches import (
        ModelSearch as ModelSearch,
    )
    from scenario_async.searches import (
        Search as Search,
    )
    from scenario_async.searches import (
        WorkflowSearch as WorkflowSearch,
    )
    from scenario_async.settings import RateLimiter as RateLimiter
    from scenario_async.sync import Scenario as Scenario
    from scenario_async.sync import SyncSearchPage as SyncSearchPage

_ROOMS: Final = {
    "_calls.quota": "RateLimit",
    "_paging.pager": "AsyncSearchPage SearchPager",
    "_http.reply": "Reply",
    "client": "AsyncScenario",
    "errors": (
        "APIConnectionError APIError APIResponseValidationError APIStatusError APITimeoutError AuthenticationError "
        "BadRequestError ConflictError DeadlineExceededError InternalServerError InvalidSearchError NotFoundError "
        "PermissionDeniedError PlanLimitError RateLimitError ScenarioError UnprocessableEntityError"
    ),
    "events": "RequestEvent ResponseEvent RetryEvent",
    "filters": "F Filter",
    "images": "Images",
    "models": "AssetHit AssetMetadata Concept Hit MetadataThumbnail ModelHit Thumbnail WorkflowHit",
    "pages": "SearchPage",
    "searches": "AssetSearch ModelSearch Search WorkflowSearch",
    "settings": "RateLimiter",
    "_paging.fan_out": "FanOutError FanOutHit",
    "sync": "Scenario SyncSearchPage",
}
_ROOM_OF: Final = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AssetHit",
    "AssetMetadata",
    "AssetSearch",
    "AsyncScenario",
    "AsyncSearchPage",
    "AuthenticationError",
    "BadRequestError",
    "Concept",
    "ConflictError",
    "DeadlineExceededError",
    "F",
    "FanOutError",
    "FanOutHit",
    "Filter",
    "Hit",
    "Images",
    "InternalServerError",
    "InvalidSearchError",
    "MetadataThumbnail",
    "ModelHit",
    "ModelSearch",
    "NotFoundError",
    "PermissionDeniedError",
    "PlanLimitError",
    "RateLimit",
    "RateLimitError",
    "RateLimiter",
    "Reply",
    "RequestEvent",
    "ResponseEvent",
    "RetryEvent",
    "Scenario",
    "ScenarioError",
    "Search",
    "SearchPage",
    "SearchPager",
    "SyncSearchPage",
    "Thumbnail",
    "UnprocessableEntityError",
    "WorkflowHit",
    "WorkflowSearch",
    "__version__",
    "preload",
]


def preload() -> None:
    """Import what a first call would: for programs that would rather wait now than on their event loop."""
    for name in _ROOM_OF:
        __getattr__(name)
    import_module("tenacity")
    import_module("scenario_async._http.json").loads(b"null")


def __getattr__(name: str) -> Any:  # noqa: ANN401
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
