"""Annotations are objects to those who read them, and nothing is imported for them before."""

from __future__ import annotations

import copy
import functools
import importlib
import inspect
import pickle
import subprocess
import sys
import typing
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import pytest
from pydantic import ValidationError, validate_call

import scenario_async
from scenario_async import (
    APIStatusError,
    AssetSearch,
    AsyncScenario,
    Export,
    FanOutEnd,
    FanOutError,
    FanOutHit,
    HitTable,
    Reply,
    RequestEvent,
    Scenario,
    Search,
    SyncSearchPage,
)
from scenario_async._annotations import MODULES, NAMES_IN, Annotations
from scenario_async._endpoints import AsyncSearches
from scenario_async._endpoints.raw import AsyncRawSearches, blocking_searches
from scenario_async._paging.pager import AsyncIteration
from scenario_async.pages import StopReason
from scenario_async.sync import SyncIteration, SyncSearches, blocking
from scenario_async.testing import make_asset, make_client, make_page

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS: Any = {"api_key": "k", "api_secret": "s"}
ROOMS = (
    "scenario_async",
    *(f"scenario_async.{name}" for name in ("dask", "emulator", "limiters", "testing", "types")),
)
BEHIND_ATTRIBUTES: tuple[Any, ...] = (
    AsyncIteration, AsyncRawSearches, AsyncSearches, SyncIteration, SyncSearches, blocking_searches(SyncSearchPage, blocking),
)  # fmt: skip
"""Classes that users reach through attributes of a client, and not by name."""
OF_THE_EMULATOR = {"Library.looks", "Library.table"}
"""They give parts of the emulator, which are loaded with numpy."""


def _functions(cls: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, value in inspect.getmembers_static(cls):
        inner: Any = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        inner = inner.func if isinstance(inner, functools.cached_property) else inner
        if inspect.isfunction(inner) and (name == "__init__" or not name.startswith("_")):
            yield f"{cls.__name__}.{name}", inner


def _public() -> dict[str, Any]:
    """Give all that users can name and call, and the methods and properties of it, by its name."""
    found: dict[str, Any] = {}
    modules = [importlib.import_module(room) for room in ROOMS]
    named = [getattr(module, name) for module in modules for name in module.__all__]
    for thing in (*named, *BEHIND_ATTRIBUTES):
        if inspect.isclass(thing) or inspect.isfunction(thing):
            found[thing.__qualname__] = thing
        if inspect.isclass(thing):
            found |= _functions(thing)
    return {
        name: thing
        for name, thing in found.items()
        if str(thing.__module__).startswith("scenario_async") and name not in OF_THE_EMULATOR
    }


PUBLIC = _public()


@pytest.mark.parametrize("name", PUBLIC)
def test_annotations_of_all_public_names_are_objects(name: str) -> None:
    """For `get_type_hints` and for `signature`, which gives no texts either way."""
    thing: Any = PUBLIC[name]
    typing.get_type_hints(thing)
    bases: tuple[type, ...] = getattr(thing, "__mro__", ())
    if {Exception, dict} & {*bases} and "__init__" not in vars(thing):
        return  # one of C has no signature
    signatures = [inspect.signature(thing, eval_str=True)]
    if not bases and isinstance(thing.__annotations__, Annotations):
        signatures.append(inspect.signature(thing))
    for signature in signatures:
        annotations: list[object] = [each.annotation for each in signature.parameters.values()]
        assert not [each for each in (*annotations, signature.return_annotation) if isinstance(each, str)]


def test_all_is_looked_at() -> None:
    """The list above has the classes, the methods of clients, searches and pages, and the factories."""
    assert len(PUBLIC) > 250
    assert {
        "AsyncScenario.download", "AsyncSearches.fan_out", "SyncSearches.export", "AsyncSearchPage.collect", "Scenario.__init__",
        "Reply", "make_client", "HitTable.load_thumbnails", "AsyncRawSearches.asset_search", "bag",
    } <= PUBLIC.keys()  # fmt: skip


def test_annotations_say_what_checkers_see() -> None:
    """A few of each kind, with their values."""
    hints = typing.get_type_hints
    fan_out = inspect.signature(AsyncScenario(**KEYS).search.fan_out, eval_str=True)
    assert typing.get_args(hints(AsyncSearches.fan_out)["searches"]) == (
        Iterable[Search[_hit_type(fan_out)]],  # type: ignore[misc]
        AsyncIterable[Search[_hit_type(fan_out)]],  # type: ignore[misc]
    )
    (item,) = typing.get_args(fan_out.return_annotation)
    assert fan_out.return_annotation.__origin__ is AsyncGenerator
    assert {typing.get_origin(each) for each in typing.get_args(item)} == {FanOutHit, FanOutError, FanOutEnd}
    assert hints(AsyncScenario.request)["query"] == Mapping[str, Any] | None
    assert hints(Scenario.request)["return"] is Reply
    assert hints(Reply)["headers"] == Mapping[str, str]
    assert hints(APIStatusError.__init__)["headers"] == Mapping[str, str] | None
    assert hints(RequestEvent)["search"] == Search[Any] | None
    assert hints(Export.__init__)["path"] == Path | None
    assert hints(FanOutEnd)["stopped_because"] == StopReason | None
    assert typing.get_origin(hints(cast("Any", SyncSearchPage).collect)["return"]) is HitTable
    assert inspect.signature(Scenario, eval_str=True).parameters["timeout"].annotation is float
    assert hints(cast("Any", Scenario).with_options)["return"] is Self
    assert inspect.signature(Scenario(**KEYS).copy).parameters["max_retries"].annotation is int


def _hit_type(signature: inspect.Signature) -> Any:
    (item,) = typing.get_args(signature.return_annotation)
    return typing.get_args(typing.get_args(item)[0])[0]


def test_every_room_has_its_names() -> None:
    """None is out of date, and none says again what the package itself has."""
    for room, names in NAMES_IN.items():
        module = importlib.import_module(room)
        for name in names.split():
            assert hasattr(module, name), (room, name)
            assert name not in scenario_async.__all__
    for name in MODULES.split():
        importlib.import_module(name)


def test_what_is_not_installed_is_anything() -> None:
    """A type of an extra that is absent does not keep the other annotations from being read."""
    program = (
        "import sys; sys.modules['polars'] = sys.modules['PIL.Image'] = None\n"
        "from typing import get_type_hints; from scenario_async import HitTable\n"
        "print(get_type_hints(HitTable.sheet)['return'], get_type_hints(HitTable.to_polars)['return'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["typing.Any", "typing.Any"]


def test_nothing_is_loaded_before_somebody_reads_them() -> None:
    """Neither by the import, nor by a client; reading loads the rooms that the annotations name."""
    program = (
        "import sys, typing, scenario_async; scenario_async.preload()\n"
        "client = scenario_async.AsyncScenario(api_key='a', api_secret='b'); rooms = '_tables.table', '_scans.report'\n"
        "def there(): return [room for room in rooms if 'scenario_async.' + room in sys.modules]\n"
        "print(there()); typing.get_type_hints(type(client.search).estimate); print(there())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["[]", "['_scans.report']"]


def test_annotations_are_a_dictionary() -> None:
    """Whatever way they are read, copied or pickled, there are objects in them."""

    def made() -> Any:
        return Annotations({"path": "Path | None", "more": "StopReason"}, {})

    want = {"path": Path | None, "more": StopReason}
    assert dict(made()) == {**made()} == made().copy() == copy.copy(made()) == dict(made().items()) == want
    assert list(made().values()) == list(want.values())
    assert made()["path"] == made().get("path") == Path | None
    assert made().get("nothing", 3) == 3
    assert repr(made()) == repr(want)
    assert made().changed(path="int") == {"path": int, "more": StopReason} or dict(
        made().changed(path="int")
    ) == {
        "path": int,
        "more": StopReason,
    }
    assert pickle.loads(pickle.dumps(Annotations({"path": "Path"}, {}))) == {"path": Path}  # noqa: S301 - our own


@pytest.mark.parametrize("cls", [AsyncScenario, Scenario])
@pytest.mark.parametrize(
    "name",
    [
        "request",
        "download",
        "search.fan_out",
        "search.export",
        "search.scan",
        "search.estimate",
        "search.harvest",
        "search.resume",
    ],
)
def test_pydantic_can_guard_every_method(cls: Any, name: str) -> None:
    """`validate_call` takes them as they are."""
    method: Any = cls(**KEYS)
    for part in name.split("."):
        method = getattr(method, part)
    assert callable(validate_call(method))


def test_a_guarded_fan_out_runs() -> None:
    """Searches pass as they are, numbers are read out of texts, and what is none is refused."""
    client = make_client([make_asset(id="asset_a")], cls=Scenario)
    guarded: Any = validate_call(client.search.fan_out)
    searches = (AssetSearch(query=query) for query in "ab")
    assert [each.index for each in guarded(searches, concurrency="2", order="submitted")] == [0, 1]
    with pytest.raises(ValidationError, match="concurrency"):
        guarded([], concurrency="many")


async def test_a_guarded_fan_out_runs_async() -> None:
    """The same with the async client, for an async generator as well."""
    client = make_client([make_asset(id="asset_a")])
    guarded: Any = validate_call(client.search.fan_out)

    async def searches() -> AsyncGenerator[AssetSearch]:
        yield AssetSearch(query="a")

    assert [each.hit.id async for each in guarded(searches(), concurrency="2")] == ["asset_a"]
    assert [each.hit.id async for each in guarded([AssetSearch(query="a")])] == ["asset_a"]


def test_pages_can_be_guarded() -> None:
    """What a page has besides: `collect`, tables and files."""
    page = make_page([make_asset()], cls=SyncSearchPage)
    assert len(validate_call(page.collect)(max_hits=1)) == 1
    assert callable(validate_call(page.table.write))
