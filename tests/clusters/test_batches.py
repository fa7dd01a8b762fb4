"""Searches in, hits out: what is refused, and what comes without a cluster."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("distributed", reason="the dask extra is not installed")

from scenario_async import (
    AssetSearch,
    ConfigurationError,
    InvalidSearchError,
    ModelSearch,
    RateLimit,
    Scenario,
)
from scenario_async.dask import DaskRateLimit, bag, dataframe
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}
SEARCHES = [AssetSearch(query=word) for word in ("knight", "castle", "dragon", "forest")]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve a library."""
    with Emulator().running() as url:
        yield url


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the keys where the workers look for them."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "emulator")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "emulator")


def test_a_bag_has_the_hits_in_the_order_of_the_searches(base_url: str) -> None:
    """A partition for each batch; without a cluster as well."""
    made: Any = bag(iter(SEARCHES), batch=3, max_hits=30, base_url=base_url)
    assert made.npartitions == 2
    with Scenario(**KEYS, base_url=base_url) as client:
        expected = [hit.id for each in SEARCHES for hit in client.search.run(each).iter_hits(max_hits=30)]
    assert [hit.id for hit in made.compute(scheduler="threads")] == expected
    nothing: Any = bag([], base_url=base_url)
    assert nothing.compute(scheduler="sync") == []


def test_a_data_frame_has_the_columns_of_a_table(base_url: str) -> None:
    """They are declared, so that an empty partition has them too."""
    pytest.importorskip("pandas")
    found: Any = dataframe([*SEARCHES, AssetSearch(query="zzzz")], batch=1, max_hits=10, base_url=base_url)
    with Scenario(**KEYS, base_url=base_url) as client:
        table = client.search.run(SEARCHES[0]).table.to_pandas()
    assert list(found.columns) == list(table.columns)
    hits = found.compute(scheduler="threads")
    assert list(hits.dtypes) == list(found.dtypes)
    assert len(hits) == 40
    assert hits["metadata_width"].dtype == table["metadata_width"].dtype


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"api_key": "key"}, "api_key: tasks travel in the open: set it in the environment of the workers"),
        ({"bearer_auth": "token"}, "bearer_auth: tasks travel in the open"),
        (
            {"default_headers": {"Authorization": "Basic c2VrcmV0"}},
            "default_headers: one of them signs requests",
        ),
        ({"rate_limit": RateLimit(5)}, "each worker would keep it by itself; give a DaskRateLimit"),
        ({"base_ulr": "x"}, "'base_ulr': did you mean base_url?"),
        ({"timeout": "4"}, "timeout is '4'"),
    ],
)
def test_what_does_not_go_to_workers(keywords: dict[str, Any], message: str) -> None:
    """Secrets, a quota that is not shared, and what no client takes; and no secret is told."""
    with pytest.raises(
        (ConfigurationError, InvalidSearchError, TypeError), match=re.escape(message)
    ) as caught:
        bag(SEARCHES, **keywords)
    assert "c2VrcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"searches": ["knight"]}, "searches is 'knight', but it must hold AssetSearch"),
        ({"searches": SEARCHES, "batch": 0}, "batch is 0"),
        ({"searches": SEARCHES, "concurrency": 0}, "concurrency is 0"),
        ({"searches": SEARCHES, "max_hits": -1}, "max_hits is -1"),
    ],
)
def test_what_is_wrong_shows_before_anything_is_asked(wrong: dict[str, Any], message: str) -> None:
    """By the parameter's name."""
    with pytest.raises(InvalidSearchError, match=message):
        bag(**wrong)


@pytest.mark.parametrize("searches", [[], [AssetSearch(query="a"), ModelSearch(query="a")]])
def test_a_data_frame_is_of_one_kind(searches: list[Any]) -> None:
    """Other kinds have other columns."""
    with pytest.raises(InvalidSearchError, match="a DataFrame needs searches of one kind of hits"):
        dataframe(searches)


def test_no_key_is_in_the_graph(base_url: str) -> None:
    """Nor anything else of the environment."""
    made: Any = bag(SEARCHES, base_url=base_url)
    graph = pickle.dumps(dict(made.__dask_graph__()))
    assert b"api_key" not in graph
    assert base_url.encode() in graph


async def test_a_limiter_without_a_scheduler_says_so() -> None:
    """It is made in a task, or beside a client."""
    with pytest.raises(Exception, match="a DaskRateLimit finds no scheduler: make it in a task"):
        await DaskRateLimit(5).acquire()
