"""Searches on a Dask cluster, under one quota: bags, DataFrames and harvests of hits. It needs the extra `dask`.

The keys come from the environment of the workers, never through the graph. Names load what they need when they are first
used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from scenario_async.dask.batches import bag as bag
    from scenario_async.dask.batches import dataframe as dataframe
    from scenario_async.dask.harvest import harvest as harvest
    from scenario_async.dask.quota import DaskRateLimit as DaskRateLimit

_ROOM_OF: Final = {"DaskRateLimit": "quota", "bag": "batches", "dataframe": "batches", "harvest": "harvest"}

__all__ = ["DaskRateLimit", "bag", "dataframe", "harvest"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from scenario_async._tables.optional import needed  # noqa: PLC0415 - a look at the names has no need of it

    needed("distributed", f"{__name__}.{name}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
