"""A real cluster of three processes: one quota for all of them, and a worker that is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("distributed", reason="the dask extra is not installed")

from distributed import Client, LocalCluster

from scenario_async import AssetSearch, BadRequestError, HarvestProgress, Scenario
from scenario_async.dask import DaskRateLimit, bag, harvest
from scenario_async.emulator import Emulator
from scenario_async.emulator.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long
KEYS: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}
WORDS = ("knight", "castle", "dragon", "forest", "potion", "ship")
FIGURES = (60, 9.0)
"""A quota of a window that is long enough for the whole margin which a process leaves for what is under way."""
_cluster: Any = LocalCluster
_client: Any = Client


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Serve a library to 60 requests in 9 seconds; who comes too often is refused."""
    served = Emulator(rate_limit=Quota(FIGURES[0], per=FIGURES[1]))
    with served.running():
        yield served


@pytest.fixture
def cluster(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start three workers with two threads each, which find the keys in their environment; give a client, without types."""
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", "emulator")
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "emulator")
    monkeypatch.setenv("SCENARIO_BASE_URL", emulator.base_url)
    with (
        _cluster(n_workers=3, threads_per_worker=2, processes=True, dashboard_address=":0") as started,
        _client(started) as client,
    ):
        yield client


def _killed(client: Any, emulator: Emulator, after: int) -> threading.Thread:
    """Kill a worker once so many requests have arrived."""
    victim = next(iter(client.run(os.getpid).values()))

    def kill() -> None:
        until = time.monotonic() + 60
        while len(emulator.requests) < after and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    return killing


def test_nothing_is_lost_with_a_worker_and_nobody_is_refused(emulator: Emulator, cluster: Any) -> None:
    """150 searches in batches of five, one of three workers killed on the way, and not one 429."""
    searches = [AssetSearch(query=word, offset=number, limit=20) for number in range(25) for word in WORDS]
    killing = _killed(cluster, emulator, after=50)
    made: Any = bag(searches, batch=5, max_hits=20, rate_limit=DaskRateLimit(*FIGURES))
    found = [hit.id for hit in made.compute()]
    killing.join()
    statuses = Counter(each.status for each in emulator.requests)
    assert 429 not in statuses
    assert statuses[200] >= len(searches)
    with Emulator().running() as base_url, Scenario(**KEYS, base_url=base_url) as client:
        expected = [hit.id for each in searches for hit in client.search.run(each).iter_hits(max_hits=20)]
    assert found == expected


def test_a_task_of_ones_own_keeps_the_quota_as_well(emulator: Emulator, cluster: Any) -> None:
    """A limiter that is made in a task, for a client of either kind, shares the line on the scheduler."""

    def found(word: str) -> int:
        with Scenario(rate_limit=DaskRateLimit(*FIGURES)) as client:
            return sum(len(client.search.asset_search(query=word, limit=1).hits) for _ in range(15))

    futures = cluster.map(found, WORDS, pure=False)
    assert sum(cluster.gather(futures)) == 15 * len(WORDS)
    assert {each.status for each in emulator.requests} == {200}


def test_workers_keep_one_client_each(emulator: Emulator, cluster: Any) -> None:
    """Tasks of the same keywords share it, and its connections."""
    searches = [AssetSearch(query=word, limit=1) for word in WORDS * 3]
    made: Any = bag(searches, batch=1, max_hits=1, rate_limit=DaskRateLimit(*FIGURES))
    assert len(made.compute()) == len(searches)

    def clients(dask_worker: Any) -> list[str]:
        held = dask_worker.plugins["scenario-async-clients"].clients
        return [repr(each) for each in held.values()]

    held = cluster.run(clients)
    assert all(len(each) == 1 for each in held.values())
    assert len(emulator.requests) == len(searches)


def test_a_harvest_survives_a_worker_and_its_own_process(
    emulator: Emulator, cluster: Any, tmp_path: Path
) -> None:
    """One file, as one machine makes it: nothing lost, nothing twice, not one 429; what is there is not read again."""
    searches = [AssetSearch(query=f"{word} {number}", limit=20) for number in range(15) for word in WORDS]
    path, limit = tmp_path / "all.sqlite", DaskRateLimit(*FIGURES)
    told: list[HarvestProgress] = []

    def give_up(progress: HarvestProgress) -> None:
        told.append(progress)
        if progress.finished >= 20:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        harvest(searches, path, batch=5, max_hits=20, rate_limit=limit, on_progress=give_up)
    kept = {number for (number,) in rows(path, "select number from searches where state = 'done'")}
    assert len(kept) == told[-1].finished >= 20
    killing = _killed(cluster, emulator, after=len(emulator.requests) + 15)
    done = harvest(searches, path, batch=5, max_hits=20, rate_limit=limit)
    killing.join()
    assert {each.status for each in emulator.requests} <= {200, None}
    assert (done.searches, done.errors) == (len(searches), ())
    whole = tmp_path / "whole.sqlite"
    with Scenario(**KEYS, base_url=emulator.base_url, rate_limit=limit) as client:
        assert client.search.harvest(searches, whole, max_hits=20).hits == done.hits
    for asked in (
        "select id, json_remove(data, '$.score') from hits order by id",
        "select key, state, found.hit, found.place from found join searches on number = found.search order by 1, 4",
    ):
        assert rows(path, asked) == rows(whole, asked)
    again = harvest(searches, path, max_hits=20, rate_limit=limit)
    assert (again.searches, again.requests) == (len(searches), 0)


def test_a_search_that_fails_on_a_worker(emulator: Emulator, cluster: Any, tmp_path: Path) -> None:
    """It is told by its place in the input, or raised; the others are in the file."""
    searches = [AssetSearch(query="knight"), AssetSearch(query="a", limit=500), AssetSearch(query="castle")]
    path, limit = tmp_path / "all.sqlite", DaskRateLimit(*FIGURES)
    done = harvest(searches, path, batch=1, max_hits=5, on_error="yield", rate_limit=limit)
    assert [(each.index, type(each.error)) for each in done.errors] == [(1, BadRequestError)]
    assert (done.searches, done.hits) == (2, 10)
    with pytest.raises(BadRequestError):
        harvest(searches, path, batch=1, max_hits=5, rate_limit=limit)


def rows(path: Path, asked: str) -> list[Any]:
    """Ask a file."""
    with closing(sqlite3.connect(path)) as file:
        return file.execute(asked).fetchall()
