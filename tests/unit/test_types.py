"""The official SDK's names, and that what stands behind them follows the search classes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs
import pytest
import scenario_sdk.types as official

import scenario_async
from scenario_async import types

if TYPE_CHECKING:
    from scenario_async import Search


@pytest.mark.parametrize(
    ("params", "search"),
    [
        (types.SearchAssetSearchParams, scenario_async.AssetSearch),
        (types.SearchModelSearchParams, scenario_async.ModelSearch),
        (types.SearchWorkflowSearchParams, scenario_async.WorkflowSearch),
    ],
)
def test_params_have_the_keys_of_the_search(params: type[Any], search: type[Search[Any]]) -> None:
    """A parameter added to a search is added to its TypedDict, or this fails."""
    assert set(get_type_hints(params)) == {field.name for field in attrs.fields(search)}


def test_the_names_are_the_official_ones() -> None:
    """What the official SDK calls its search types is found here under the same name."""
    theirs = {name for name in vars(official) if name.startswith("Search")}
    ours = {name for name in types.__all__ if name.startswith("Search")}
    assert theirs == ours
    assert types.SearchAssetSearchResponse is scenario_async.AssetHit
    assert types.AsyncSearchHitsOffset is scenario_async.AsyncSearchPage
    assert types.SyncSearchHitsOffset is scenario_async.SyncSearchPage


@pytest.mark.parametrize(
    "name", ["SearchAssetSearchResponse", "SearchModelSearchResponse", "SearchWorkflowSearchResponse"]
)
def test_hits_have_every_field_of_the_official_ones(name: str) -> None:
    """Each documented field is an attribute, but for the official prefix on `model_`."""
    theirs = {field.removeprefix("api_") for field in getattr(official, name).model_fields}
    ours = {field.name for field in attrs.fields(getattr(types, name))} - {"extra"}
    assert theirs == ours


@pytest.mark.parametrize(
    "name", ["errors", "events", "filters", "images", "models", "pages", "searches", "settings", "types"]
)
def test_modules_need_no_import_of_their_own(name: str) -> None:
    """`import scenario_async` is enough for `scenario_async.types.SearchAssetSearchResponse`, as there."""
    told = f"import scenario_async; print(scenario_async.{name}.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"scenario_async.{name}\n"


def test_other_types_of_the_official_sdk() -> None:
    """They are told to stay there; what is near has its name told, and nothing else is guessed."""
    for name in (
        name for name in vars(official) if name.endswith(("Response", "Params")) and name not in types.__all__
    ):
        with pytest.raises(
            ImportError, match=r"its types are those of searches .*others stay with scenario-sdk"
        ):
            getattr(types, name)
    assert not hasattr(types, "anything")
    assert not hasattr(types, "__path__")
    with pytest.raises(AttributeError, match=r"did you mean SearchAssetSearchParams\?$"):
        getattr(types, "SearchAssetSearchParam")  # noqa: B009 - checkers know it
