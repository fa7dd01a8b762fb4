"""The official SDK's names, and that what stands behind them follows the search classes."""

from __future__ import annotations

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
