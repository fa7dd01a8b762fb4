"""What the official SDK has and this package has not raises an error that tells what to write."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import attrs
import httpx
import pytest
import scenario_sdk
from scenario_sdk.types import SearchAssetSearchResponse
from support.hits import assets

from scenario_async import (
    AssetHit,
    AssetSearch,
    AsyncScenario,
    ConfigurationError,
    F,
    Images,
    InvalidSearchError,
    ModelHit,
    Scenario,
)
from scenario_async._endpoints.raw import APIResponse
from scenario_async._support import moved
from scenario_async.models import AssetMetadata, Elsewhere, Record
from scenario_async.testing import make_page

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS: Any = {"api_key": "k3y-of-the-test", "api_secret": "s3cr3t-of-the-test"}
CLIENTS: Any = [Scenario, AsyncScenario]
HIT = AssetHit.from_dict(assets(1)[0])


def said(make: Callable[[], object], kind: type[Exception]) -> str:
    """Give what an error says."""
    with pytest.raises(kind) as caught:
        make()
    return str(caught.value)


@pytest.mark.parametrize("cls", CLIENTS)
def test_what_clients_do_not_have(cls: Any) -> None:
    """Each resource and verb of the official clients, and what stands in another place."""
    client = cls(**KEYS)
    for name in [*moved.ATTRIBUTES["Client"]]:
        assert not hasattr(client, name)
        assert moved.ATTRIBUTES["Client"][name] in said(lambda: getattr(client, name), AttributeError)  # noqa: B023 - called at once
    with pytest.raises(AttributeError) as caught:
        _ = client.assets
    assert (caught.value.name, caught.value.obj) == ("assets", client)
    assert said(lambda: client.nothing_of_the_kind, AttributeError).endswith("'nothing_of_the_kind'")
    assert "with_raw_response" in said(lambda: client.search.with_streaming_response, AttributeError)
    assert not hasattr(client.search, "with_streaming_response")


def test_every_resource_and_verb_of_the_official_client_has_a_hint() -> None:
    """What is there and not here is told of, but for its machinery."""
    theirs = {name for name in dir(scenario_sdk.Scenario) if not name.startswith("_")}
    ours = {*dir(Scenario(**KEYS)), *(field.name for field in attrs.fields(type(Scenario(**KEYS).settings)))}
    machinery = {"custom_auth", "default_headers", "platform_headers", "user_agent"}
    assert theirs - ours - machinery - set(moved.ATTRIBUTES["Client"]) == set()


def test_what_hits_do_not_have() -> None:
    """Pydantic's methods, and the metadata that does not stand beside the id."""
    page: Any = make_page([HIT])
    for thing, name, hint in [
        (HIT, "model_dump", "hit.to_dict()"),
        (HIT, "model_dump_json", "hit.to_json()"),
        (HIT, "name", "hit.metadata.name"),
        (HIT, "width", "hit.metadata.width"),
        (HIT.metadata, "api_model_id", "metadata.model_id"),
        (AssetHit, "model_fields_set", "with_raw_response"),
        (page, "model_dump", "page.to_dict()"),
        (page, "items", "page.hits"),
    ]:
        assert not hasattr(thing, name)
        assert hint in said(lambda: getattr(thing, name), AttributeError)  # noqa: B023 - called at once
        assert name not in dir(thing) or isinstance(thing, type)
    assert ModelHit.name is not None


def test_every_name_that_points_elsewhere_has_words() -> None:
    """The names stand at the hits, the words in the table."""
    for cls in (Record, AssetMetadata, AssetHit):
        for name, value in vars(cls).items():
            if isinstance(value, Elsewhere):
                assert ": write " in str(moved.missing(HIT, name)) or name == "model_fields_set"
    pydantic = {name for name in dir(SearchAssetSearchResponse) if name.startswith("model_dump")}
    assert pydantic <= set(moved.ATTRIBUTES["Record"])


def test_hints_break_nothing() -> None:
    """Copies, pickles and tools that look around find what they did before."""
    for thing in (HIT, HIT.metadata):
        unpickled = pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own
        assert copy.deepcopy(thing) == copy.copy(thing) == unpickled == thing
        assert all(not name.startswith("model_dump") for name, _ in inspect.getmembers(thing))
    client = copy.copy(Scenario(**KEYS, pickle_credentials=True))
    assert pickle.loads(pickle.dumps(client)).api_key is not None  # noqa: S301 - our own


class Derived(Scenario):
    """A client with a property that fails."""

    @property
    def broken(self) -> int:
        """Raise an error of its own."""
        search: Any = self.search
        return int(search.no_such_thing)


def test_an_error_of_a_property_is_its_own() -> None:
    """What is missing is named, and not the property."""
    assert "no_such_thing" in said(lambda: Derived(**KEYS).broken, AttributeError)


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"querry": "cat"}, "did you mean query?"),
        ({"q": "cat"}, "write query"),
        ({"max_retries": 5}, "client.with_options(max_retries=...)"),
        ({"http_client": object()}, "session=, proxy= and ssl="),
        ({"options": {}}, "extra_headers"),
        ({"zzz": 1}, "there are query, filter, "),
    ],
)
def test_wrong_keywords_of_searches(keywords: dict[str, Any], told: str) -> None:
    """The method and the value tell alike."""
    for make in (AssetSearch, Scenario(**KEYS).search.asset_search):
        assert told in said(lambda: make(**keywords), TypeError)  # noqa: B023 - called at once


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize(
    ("keyword", "told"),
    [
        ("apikey", "did you mean api_key?"),
        ("http_client", "session=, proxy= and ssl="),
        ("_strict_response_validation", "invalid_hits='keep'"),
        ("set_default_headers", "write default_headers"),
        ("verify", "write ssl"),
    ],
)
def test_wrong_keywords_of_clients(cls: Any, keyword: str, told: str) -> None:
    """Both at the beginning and in `with_options` and `copy`; no value shows."""
    client = cls(**KEYS)
    for make in (cls, client.with_options, client.copy):
        text = said(lambda: make(**{keyword: "s3cr3t"}), TypeError)  # noqa: B023 - called at once
        assert told in text
        assert "s3cr3t" not in text


@pytest.mark.parametrize("absent", [scenario_sdk.omit, scenario_sdk.NOT_GIVEN, scenario_sdk.Omit()])
def test_values_that_stand_for_nothing(absent: Any) -> None:
    """Every parameter of a search and of a client says to leave it out."""
    search: Any = AssetSearch
    for field in attrs.fields(AssetSearch):
        text = said(lambda: search(**{"query": "x", field.name: absent}), InvalidSearchError)  # noqa: B023
        assert f"leave {field.name} out" in text
    client = Scenario(**KEYS)
    for name in ("timeout", "max_retries", "base_url", "bearer_auth", "default_headers", "project_id"):
        assert f"leave {name} out" in said(lambda: Scenario(**{name: absent}), ConfigurationError)  # noqa: B023
        assert f"leave {name} out" in said(lambda: client.copy(**{name: absent}), ConfigurationError)  # noqa: B023


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        ({"timeout": httpx.Timeout(60.0, connect=2.0)}, "timeout=60.0"),
        ({"timeout": scenario_sdk.Timeout(5.0)}, "deadline="),
        ({"timeout": aiohttp.ClientTimeout(total=3)}, "timeout=60.0"),
        ({"deadline": timedelta(seconds=3)}, "total_seconds()"),
        ({"base_url": httpx.URL("https://scenario.invalid/v1")}, "base_url=str(url)"),
    ],
)
def test_values_of_httpx(keywords: dict[str, Any], told: str) -> None:
    """The error of the rule goes on with what to write."""
    text = said(lambda: Scenario(**KEYS, **keywords), ConfigurationError)
    assert text.startswith(next(iter(keywords)))
    assert told in text


def test_nothing_comes_without_its_keyword() -> None:
    """Short words are shown, pictures, long texts and keys are not."""
    make: Any = AssetSearch
    picture = "data:image/png;base64,aGVsbG8="
    for value, told in [
        ("cat", "write query='cat'"),
        (picture, "write query=..."),
        ("cat " * 20, "write query=..."),
        (b"picture", "write image=..."),
        (Path("cat.png"), "write image=..."),
        (F.width > 3, "write filter=..."),
        (Images(like=["asset_a"]), "write images=..."),
        ({"query": "cat"}, "write **parameters"),
        (3, "write query=..."),
    ]:
        assert said(lambda: make(value), TypeError) == f"AssetSearch() takes no positional arguments: {told}"  # noqa: B023
    search: Any = Scenario(**KEYS).search
    assert "query='cat'" in said(lambda: search.asset_search("cat"), TypeError)
    for cls in CLIENTS:
        text = said(lambda: cls("k3y", "s3cr3t"), TypeError)  # noqa: B023
        assert text == f"{cls.__name__}() takes no positional arguments: write api_key=..., api_secret=..."


def test_an_error_of_a_value_is_left_alone() -> None:
    """A `TypeError` that a caller's own object raises passes as it is."""

    class Hostile(dict[str, str]):
        def keys(self) -> Any:
            raise TypeError("not today")

        __iter__ = items = keys

    assert said(lambda: AssetSearch(query="x", extra_headers=Hostile(a="b")), TypeError) == "not today"


def test_a_raw_response_tells_what_it_has() -> None:
    """The names of the official one that lead to httpx."""
    response: Any = object.__new__(cast("type[Any]", APIResponse))
    for name, hint in moved.ATTRIBUTES["BaseAPIResponse"].items():
        assert not hasattr(response, name)
        assert hint in said(lambda: getattr(response, name), AttributeError)  # noqa: B023 - called at once


def test_hints_are_loaded_for_errors_only() -> None:
    """A program without an error has neither the table nor the room of raw responses."""
    program = (
        "import sys, copy, pickle; from scenario_async import Scenario, AssetSearch, preload; preload()\n"
        "client = Scenario(api_key='a', api_secret='b'); copy.copy(client); repr(client.search)\n"
        "pickle.loads(pickle.dumps(AssetSearch(query='x')))\n"
        "print([name for name in sys.modules if name.endswith(('.moved', '._endpoints.raw'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
