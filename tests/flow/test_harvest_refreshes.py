"""What a refresh must not lose: hits that moved, changed behind the reading, or came while it was interrupted."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.engines import TinyEngine, at, timed
from support.hits import asset
from support.servers import Answer

from scenario_async import AssetSearch

if TYPE_CHECKING:
    from pathlib import Path

    from support.engines import Hits
    from support.faces import Connect
    from support.servers import Serve

ALL = AssetSearch(filter="width >= 0")


def rows(path: Path, asked: str) -> list[Any]:
    """Ask a file."""
    with closing(sqlite3.connect(path)) as file:
        return file.execute(asked).fetchall()


def mixed(hits: Hits) -> Hits:
    """Give hits in the order of some relevance."""
    hits = [*hits]
    random.Random(4).shuffle(hits)
    return hits


def changed(hit: dict[str, Any], moment: str) -> dict[str, Any]:
    """Give a hit that was changed at a moment."""
    return {**hit, "updatedAt": moment, "tags": ["changed"]}


@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_a_hit_that_another_search_has_moved_hides_nothing(
    *, connect: Connect, serve: Serve, tmp_path: Path, first: int, scan: bool
) -> None:
    """What a search has read is its own: what others saw later of a hit says nothing about the rest of its hits."""
    shared = asset("asset_shared", authorId="b", createdAt=at(5), updatedAt=at(5))
    engine = TinyEngine([*timed(50, apart=0.1, authorId="a"), shared])
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    searches = [ALL, AssetSearch(filter='authorId = "b"')]
    searches = [searches[first], searches[1 - first]]
    face.harvest(searches, path, scan=scan)
    engine.hits = [*engine.hits[:-1], *timed(20, name="asset_new", start=1440), changed(shared, at(9000))]
    face.harvest([AssetSearch(filter='authorId = "b"', query=None)], path, scan=scan, refresh=True)
    done = face.harvest(searches, path, concurrency=1, scan=scan, refresh=True)
    assert (done.new, done.hits) == (20, 71)
    assert face.harvest(searches, path, scan=scan, refresh="full").new == 0


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("scan", [False, True])
def test_hits_that_change_behind_the_reading_are_asked_for_again(
    *, connect: Connect, serve: Serve, tmp_path: Path, scan: bool, ahead: bool
) -> None:
    """A later hit that the reading did see is no sign that it has them; one that is dated ahead is none at all."""
    engine = TinyEngine(mixed(timed(600)))
    if ahead:
        engine.hits[0]["updatedAt"] = "2099-01-01T00:00:00.000Z"

    def change(number: int, _: object) -> None:
        if number == 5:
            read = {hit["id"] for hit in sorted(engine.hits, key=lambda hit: hit["createdAt"])[:40]}
            read = read if scan else {hit["id"] for hit in engine.hits[10:50]}
            engine.hits = [changed(hit, at(40_000)) if hit["id"] in read else hit for hit in engine.hits]
            engine.hits[550] = changed(engine.hits[550], at(50_000))

    engine.before = change
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    assert face.harvest([ALL], path, scan=scan).new == 600
    assert face.harvest([ALL], path, scan=scan, refresh=True).changed == 40
    assert face.harvest([ALL], path, scan=scan, refresh=True).changed == 0
    assert face.harvest([ALL], path, scan=scan, refresh="full").changed == 0


def test_a_refresh_asks_for_little_more_than_what_is_new(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """Of many pages, it is one."""
    engine = TinyEngine(mixed(timed(900)))
    server = serve(engine)
    face, path = connect(server.base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path)
    engine.hits += timed(5, name="asset_new", start=80_000)
    for new in (5, 0):
        done = face.harvest([ALL], path, refresh=True)
        assert (done.new, done.requests) == (new, 1)


@pytest.mark.parametrize("how", [True, "full"])
def test_a_harvest_that_was_interrupted_is_refreshed_after_it(
    connect: Connect, serve: Serve, tmp_path: Path, how: Any
) -> None:
    """What it had read before is asked for again as well, and only once more."""
    hits = timed(600, apart=0.1)
    engine = TinyEngine(hits)
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path, max_requests=3)
    engine.hits = [changed(hit, at(5000)) for hit in hits[50:150]] + hits[150:]
    done = face.harvest([ALL], path, refresh=how)
    assert (done.new, done.changed, done.gone) == (300, 100, 50 if how == "full" else 0)
    again = face.harvest([ALL], path, refresh="full")
    assert (again.changed, again.gone, again.hits) == (0, 0 if how == "full" else 50, 550)


def test_a_refresh_of_what_is_new_that_was_interrupted_does_not_spoil_a_full_one(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """It reads all again, and tells what is gone."""
    hits = timed(600, apart=0.1)
    engine = TinyEngine(hits)
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path)
    engine.hits = timed(300, name="asset_new", start=70, apart=0.1) + hits[50:]
    assert face.harvest([ALL], path, refresh=True, max_requests=1).searches == 0
    engine.hits.pop()
    done = face.harvest([ALL], path, refresh="full")
    assert (done.gone, done.hits) == (51, 849)
    assert rows(path, "select count(*) from found where gone_at is null") == [(849,)]


def test_order_that_changes_between_the_steps_of_a_refresh_loses_nothing_for_good(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """A reading with fewer hits than the service counts is none to go on from."""
    engine = TinyEngine(timed(600, apart=0.1))
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path)
    engine.hits += timed(300, name="asset_new", start=70, apart=0.1)
    done = face.harvest([ALL], path, refresh=True, max_requests=1)
    for _ in range(3):
        engine.hits = mixed(engine.hits)
        done = face.harvest([ALL], path, refresh=True)
    assert done.hits == 900


@pytest.mark.parametrize("shown", [0, 50])
def test_a_page_that_is_short_by_mistake_tells_nothing_of_what_is_gone(
    connect: Connect, serve: Serve, tmp_path: Path, shown: int
) -> None:
    """The total says that there is more, so the hits stay, and the next refresh reads all of them."""
    engine = TinyEngine(timed(600, apart=0.1))
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path)
    engine.alter = lambda _, body, hits: hits if shown and body["offset"] != 100 else hits[:shown]
    done = face.harvest([ALL], path, refresh="full")
    assert (done.gone, done.hits) == (0, 600)
    assert rows(path, "select complete from searches") == [(0,)]
    engine.alter = lambda _, __, hits: hits
    engine.hits = engine.hits[10:]
    assert face.harvest([ALL], path, refresh="full").gone == 10


def test_what_is_gone_is_told_by_the_call_that_ends_the_refresh(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """Also where an earlier call of the same refresh found it out."""
    engine = TinyEngine(timed(600, apart=0.1))
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    halves = [AssetSearch(filter=f'createdAt {operator} "{at(30)}"') for operator in ("<", ">=")]
    face.harvest(halves, path)
    engine.hits = engine.hits[20:-30]
    told = [face.harvest(halves, path, refresh="full", max_requests=4, concurrency=1).gone for _ in range(2)]
    assert told == [20, 50]


def test_moments_that_are_compared_wrongly(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Where a bound shows nothing of its own day, the search is read again, and what is new of that day is found."""
    engine = TinyEngine(timed(300, apart=0.1, start=300))
    engine.compares = lambda value, operator, bound: {
        ">=": value >= bound.lower(),
        "<=": value <= bound.lower(),
        ">": value > bound,
        "<": value < bound,
    }[operator]
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path)
    engine.hits = [
        *engine.hits,
        *timed(20, name="asset_today", start=600, apart=1),
        *timed(5, name="asset_tomorrow", start=1500, apart=1),
    ]
    assert face.harvest([ALL], path, refresh=True).new == 25


@pytest.mark.filterwarnings("ignore::scenario_async.SearchWindowWarning")
def test_places_and_counts_are_those_of_one_reading(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """A scan after a window counts its hits once, from the first place on; steps of a refresh share no place."""
    engine = TinyEngine(timed(1500))
    face, path = connect(serve(engine).base_url), tmp_path / "all.sqlite"
    face.harvest([ALL], path)
    face.harvest([ALL], path, scan=True)
    assert rows(path, "select hits from searches") == [(1500,)]
    assert rows(path, "select min(place), max(place), count(distinct place) from found") == [(0, 1499, 1500)]
    other = TinyEngine(mixed(timed(300, apart=0.1)))
    face, path = connect(serve(other).base_url), tmp_path / "steps.sqlite"
    face.harvest([ALL], path)
    other.hits = mixed([*other.hits, *timed(300, name="asset_new", start=40, apart=0.1)])
    while not face.harvest([ALL], path, refresh=True, max_requests=1).searches:
        pass
    assert rows(path, "select count(*), count(distinct place) from found") == [(600, 600)]
    assert face.harvest([ALL], path, refresh="full", max_hits=50).searches == 1
    assert rows(path, "select count(*), count(distinct place) from found") == [(600, 600)]


@pytest.mark.parametrize("query", [None, "knight"])
def test_requests_are_counted_and_steps_of_one_come_to_an_end(
    connect: Connect, serve: Serve, tmp_path: Path, query: str | None
) -> None:
    """A budget holds for probes as well, and no request is sent twice."""
    engine = TinyEngine(
        timed(900) if query is None else mixed(timed(900)), window=250, sorts="never" if query else "all"
    )
    server = serve(engine)
    face = connect(server.base_url)
    search = ALL if query is None else AssetSearch(query=query)
    whole = face.harvest([search], tmp_path / "whole.sqlite", scan=True)
    server.requests.clear()
    path = tmp_path / "steps.sqlite"
    steps = [face.harvest([search], path, scan=True, max_requests=1) for _ in range(whole.requests)]
    assert {step.requests for step in steps} == {1}
    assert (steps[-1].searches, steps[-1].hits) == (1, 900)
    assert len(server.requests) == whole.requests


def test_retries_come_out_of_the_budget(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """No other page is begun once so many requests were sent."""
    engine = TinyEngine(timed(600))
    engine.before = lambda number, _: Answer({}, 500, {"retry-after": "0"}) if number % 2 else None
    server = serve(engine)
    face = connect(server.base_url, max_retries=3)
    done = face.harvest([ALL], tmp_path / "all.sqlite", max_requests=2)
    assert (done.requests, len(server.requests), done.hits) == (2, 2, 100)
