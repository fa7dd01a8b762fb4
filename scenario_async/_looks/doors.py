"""Thumbnails of a table: which client loads them, and whether the caller waits for it or awaits it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from scenario_async._looks.loading import loaded
from scenario_async._support import checks
from scenario_async._tables.table import source_of
from scenario_async.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scenario_async._calls.call import Caller
    from scenario_async._looks.thumbnails import Loaded
    from scenario_async._tables.table import HitTable

    AnyTable: TypeAlias = HitTable[Any]


@attrs.frozen(eq=False)
class Way:
    """How thumbnails are loaded: who makes the calls, and what waits for them, with the blocking client."""

    caller: Caller
    wait: Callable[..., Any] | None


def load_thumbnails(table: AnyTable, client: object = None) -> Awaitable[Loaded]:
    """Load what is missing: give a coroutine, or what came of it where the client is a blocking one."""
    way = _way(table, client)
    if way is None:
        raise ScenarioError(
            "this table knows no client, as it was made by hand or comes out of a pickle: "
            "pass one, load_thumbnails(client)"
        )
    if way.caller.is_closed:
        raise ScenarioError(
            "the client of this table is closed: load thumbnails before, or pass one, load_thumbnails(client)"
        )
    loading = partial(loaded, way.caller, table.hits, table.thumbnails)
    if way.wait is None:
        return loading()
    result: Loaded = way.wait(loading)
    return result


def ensure_thumbnails(table: AnyTable, what: str) -> None:
    """See to it that thumbnails were loaded, for `what` is to be made: with the blocking client they are loaded now.

    A table of the async client, of which some were never asked for, raises `ScenarioError`, which says how. A table that
    knows no client is shown with what there is.
    """
    way = _way(table, None)
    if way is None or not table.thumbnails.never_loaded(table.hits):
        return
    if way.wait is None:
        raise ScenarioError(
            f"{what} shows thumbnails, which the async client loads beforehand: "
            f"`await table.load_thumbnails()`, then {what}"
        )
    load_thumbnails(table)


def _way(table: AnyTable, client: object) -> Way | None:
    if client is None:
        source = source_of(table)
        if source is None or source.caller is None:
            return None
        return Way(source.caller, source.page_class.wait)
    caller: Any = getattr(client, "_caller", None)
    page_class: Any = getattr(getattr(client, "_searches_class", None), "_page_class", None)
    if caller is None or page_class is None:
        checks.refuse("client", client, "it must be an AsyncScenario or a Scenario")
    return Way(caller, page_class.wait)
