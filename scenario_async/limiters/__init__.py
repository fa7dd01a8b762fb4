"""Quotas that several processes keep together: on one machine over a file, on several over Redis.

Names load what they need when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from scenario_async.limiters.process import ProcessRateLimit as ProcessRateLimit
    from scenario_async.limiters.redis import RedisRateLimit as RedisRateLimit

_ROOM_OF: Final = {"ProcessRateLimit": "process", "RedisRateLimit": "redis"}

__all__ = ["ProcessRateLimit", "RedisRateLimit"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
