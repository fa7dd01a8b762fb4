"""What a task does on a worker: its work on the worker's own event loop, with the one client that the worker has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from dask.base import tokenize
from distributed import Worker, WorkerPlugin, get_worker

from scenario_async._calls.quota import RateLimit
from scenario_async.client import AsyncScenario
from scenario_async.dask.quota import DaskRateLimit
from scenario_async.errors import ConfigurationError
from scenario_async.settings import CREDENTIALS, signs
from scenario_async.sync import blocking

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

_T = TypeVar("_T")
_NAME: Final = "scenario-async-clients"
_ALONE: Final = RateLimit(100, 60)
"""The quota where there is no cluster, of all tasks of this process."""
_ENVIRONMENT: Final = "tasks travel in the open: set it in the environment of the workers"


class _Clients(WorkerPlugin):
    """The clients of a worker, one for each set of keywords; they close with it."""

    name = _NAME

    def __init__(self) -> None:
        self.clients: dict[str, AsyncScenario] = {}

    async def teardown(self, worker: Worker) -> None:
        """Close them."""
        del worker
        for client in self.clients.values():
            await client.aclose()


def checked_keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Take the keywords of the workers' clients; `ConfigurationError` for a secret, and for a quota that is not shared."""
    for name in CREDENTIALS:
        if name in keywords:
            raise ConfigurationError(f"{name}: {_ENVIRONMENT}", parameter=name)
    if signs(keywords.get("default_headers")):
        raise ConfigurationError(
            f"default_headers: one of them signs requests, and {_ENVIRONMENT}", parameter="default_headers"
        )
    if isinstance(keywords.get("rate_limit"), RateLimit):
        raise ConfigurationError(
            f"rate_limit is {keywords['rate_limit']!r}, but each worker would keep it by itself; "
            "give a DaskRateLimit or a RedisRateLimit",
            parameter="rate_limit",
        )
    settings: dict[str, Any] = {**keywords, "bearer_auth": "of the workers' environment"}
    AsyncScenario(**settings)  # which refuses what is wrong, here rather than on a worker
    return dict(keywords)


def on_worker(work: Callable[[AsyncScenario], Coroutine[Any, Any, _T]], keywords: Mapping[str, Any]) -> _T:
    """Do some work where this task runs: on the worker's loop, or without a cluster on a loop beside this thread."""
    try:
        worker = get_worker()
    except ValueError:
        return blocking(lambda: _alone(work, keywords))
    doing = _together(worker, work, keywords)
    return asyncio.run_coroutine_threadsafe(doing, cast("Any", worker.loop).asyncio_loop).result()


async def _alone(work: Callable[[AsyncScenario], Coroutine[Any, Any, _T]], keywords: Mapping[str, Any]) -> _T:
    settings: dict[str, Any] = {"rate_limit": _ALONE, **keywords}
    async with AsyncScenario(**settings) as client:
        return await work(client)


async def _together(
    worker: Worker, work: Callable[[AsyncScenario], Coroutine[Any, Any, _T]], keywords: Mapping[str, Any]
) -> _T:
    return await work(await _client_of(worker, keywords))


async def _client_of(worker: Worker, keywords: Mapping[str, Any]) -> AsyncScenario:
    """Give the worker's client; two tasks that come at once get the same one."""
    plugins = cast("dict[str, Any]", worker.plugins)
    if _NAME not in plugins:
        await worker.plugin_add(plugin=_Clients(), name=_NAME, catch_errors=False)
    clients = cast("_Clients", plugins[_NAME]).clients
    key: str = tokenize(sorted(keywords.items()))
    if key not in clients:
        limit = keywords.get("rate_limit") or DaskRateLimit(node=worker)
        if isinstance(limit, DaskRateLimit):
            limit = limit.within(worker)
        settings: dict[str, Any] = {**keywords, "rate_limit": limit}
        clients[key] = AsyncScenario(**settings)
    return clients[key]
