"""The request is the one that the official SDK sends for the same arguments.

Left out is what the official SDK lacks (`original_models`, pictures from files, a lone paging parameter,
following pages) and what this package refuses before sending.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
import scenario_sdk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hits import asset, model, workflow
from support.servers import Arrived, Server, serving

from scenario_async import AssetSearch, ModelSearch, Search, WorkflowSearch

if TYPE_CHECKING:
    from collections.abc import Generator

    from support.faces import Connect, Face

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

KINDS: dict[str, type[Search[Any]]] = {
    "asset_search": AssetSearch,
    "model_search": ModelSearch,
    "workflow_search": WorkflowSearch,
}
SHARED: list[dict[str, Any]] = [
    {"query": "knight"},
    {"query": 'ünï "quoted" \\ 日本 \n'},
    {"filter": 'kind = "image" AND width >= 1024'},
    {"query_semantic_ratio": 0.5},
    {"query_semantic_ratio": 1},
    {"limit": 5, "offset": 10},
    {"page": 2, "hits_per_page": 30},
    {"public": True},
    {"public": False},
    {"sort_by": ["createdAt:desc", "width:asc"]},
    {"sort_by": []},
    {"original_assets": True},
    {"original_assets": False},
    {"project_id": "proj_x&y=z ü"},
    {"extra_headers": {"X-Trace": "1", "accept": "text/plain"}},
    {
        "extra_query": {
            "a": 1,
            "b": True,
            "c": "x y",
            "d": [1, 2],
            "e": {"f": "g"},
            "h": None,
            "i": 1.5,
            "j": "",
        }
    },
    {"extra_body": {"query": "wins", "deep": {"a": [None, True, 1.5]}}},
]
PICTURES: list[dict[str, Any]] = [
    {"image": "asset_GTrL3mq4SXWyMxkOHRxlpw"},
    {"image": "data:image/png;base64,aGVsbG8="},
    {"images": {"like": ["asset_a", "data:image/png;base64,aGVsbG8="], "unlike": ["asset_b"]}},
    {"images": {"like": ["asset_a"]}},
    {"images": {"like": [], "unlike": ["asset_b"]}},
    {"image_semantic_ratio": 0.25},
]
HITS = {"assets": asset(), "models": model(), "workflows": workflow()}


def _script(request: Arrived) -> Any:
    return {
        "hits": [HITS[request.path.rpartition("/")[2]]],
        "limit": 20,
        "offset": 0,
        "estimatedTotalHits": 1,
    }


@pytest.fixture(scope="module")
def recorder() -> Generator[Server]:
    """Record what arrives, and answer with a hit of the right kind."""
    with serving(_script) as server:
        yield server


@pytest.fixture
def official(recorder: Server) -> Generator[scenario_sdk.Scenario]:
    """Give the official SDK's client."""
    with scenario_sdk.Scenario(
        api_key="emulator", api_secret="emulator", base_url=recorder.base_url, max_retries=0
    ) as client:
        yield client


def _combined(parts: tuple[dict[str, Any], ...]) -> dict[str, Any] | None:
    """Put parts together; None where they name a thing twice or what the local rules refuse."""
    together: dict[str, Any] = {}
    for part in parts:
        if together.keys() & part.keys():
            return None
        together |= part
    both_paging = {"limit", "page"} <= together.keys()
    both_pictures = {"image", "images"} <= together.keys()
    nothing = not together.keys() & {"query", "filter", "image", "images", "extra_body"}
    return None if both_paging or both_pictures or nothing else together


def _parts(kind: str) -> list[dict[str, Any]]:
    return SHARED if kind == "workflow_search" else SHARED + PICTURES


def _sent(recorder: Server) -> tuple[Any, ...]:
    request = recorder.requests.pop()
    assert not recorder.requests
    kept = ("authorization", "content-type", "x-trace", "accept")
    headers = {name: request.headers.get(name) for name in kept}
    return request.method, request.path, request.query, request.body, headers


def _compare(
    kind: str, params: dict[str, Any], recorder: Server, official: scenario_sdk.Scenario, face: Face
) -> None:
    getattr(official.search, kind)(**params)
    theirs = _sent(recorder)
    face.page(KINDS[kind](**params))
    assert _sent(recorder) == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_up_to_three_parameters_at_a_time(
    kind: str, connect: Connect, recorder: Server, official: scenario_sdk.Scenario
) -> None:
    """Method, path, query, body and the headers that matter are equal."""
    face = connect(recorder.base_url)
    compared = 0
    for count in (1, 2, 3):
        for chosen in list(combinations(_parts(kind), count))[:: 1 if count < 3 else 5]:
            params = _combined(chosen)
            if params is not None:
                _compare(kind, params, recorder, official, face)
                compared += 1
    assert compared > 100


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_number_of_parameters(
    kind: str, data: st.DataObject, connect: Connect, recorder: Server, official: scenario_sdk.Scenario
) -> None:
    """Random combinations of all parameters are equal too."""
    chosen = data.draw(st.lists(st.sampled_from(_parts(kind)), unique_by=repr, min_size=4))
    together: dict[str, Any] = {"query": "q"}
    for part in chosen:
        together = _combined((together, part)) or together
    _compare(kind, together, recorder, official, connect(recorder.base_url))
