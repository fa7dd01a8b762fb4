"""Many searches in one file, on both clients: what stands there, what goes on, what is asked for again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, paged

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    HarvestProgress,
    InvalidSearchError,
    ModelSearch,
    ScanIncompleteError,
    Scenario,
    WriteError,
)
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.faces import Connect
    from support.servers import Arrived, Serve

WORDS = ("knight", "castle", "dragon", "forest")
SEARCHES = [*(AssetSearch(query=word) for word in WORDS), ModelSearch(query="style")]


@pytest.fixture
def library() -> Library:
    """Give a sample that may be changed."""
    return Library.sample(3, size=1500)


@pytest.fixture
def emulator(library: Library) -> Iterator[Emulator]:
    """Serve it."""
    served = Emulator(library)
    with served.running():
        yield served


def rows(path: Path, asked: str, *values: Any) -> list[Any]:
    """Ask a file."""
    with closing(sqlite3.connect(path)) as file:
        return file.execute(asked, values).fetchall()


def asked_for(emulator: Emulator) -> Counter[str]:
    """Give how often each whole request came in: a killed client's last one may have lost its body."""
    whole = (each for each in emulator.requests if each.body is not None)
    return Counter(json.dumps([each.path, each.body], sort_keys=True) for each in whole)


def test_every_search_stands_in_one_file(connect: Connect, emulator: Emulator, tmp_path: Path) -> None:
    """Each hit once, and which search found it at which place."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    done = face.harvest(SEARCHES, path)
    expected = [face.hits(each).ids for each in SEARCHES]
    different = {hit for ids in expected for hit in ids}
    assert (done.searches, done.hits, done.new, done.changed) == (5, len(different), len(different), 0)
    assert {row[0] for row in rows(path, "select id from hits")} == different
    for number, ids in enumerate(expected, 1):
        found = rows(path, "select hit from found where search = ? order by place", number)
        assert [hit for (hit,) in found] == ids
    states = rows(path, "select state, stopped_because, hits from searches order by number")
    assert states == [("done", "exhausted", len(ids)) for ids in expected]
    [(searches,)] = rows(path, "select group_concat(json_extract(search, '$.query')) from searches")
    assert searches == "knight,castle,dragon,forest,style"
    pages = rows(path, "select sum(hits), sum(new), count(*) from pages")
    assert pages[0][:2] == (sum(map(len, expected)), len(different))
    kinds = rows(path, "select count(*), count(metadata_kind) from assets")
    assert kinds == [(len({*expected[0], *expected[1], *expected[2], *expected[3]}),) * 2]
    assert rows(path, "select count(*) from models") == [(len(expected[4]),)]


def test_called_again_it_asks_for_nothing(connect: Connect, emulator: Emulator, tmp_path: Path) -> None:
    """Finished is finished; a search more costs what it costs, and one that is given twice counts once."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    first = face.harvest(SEARCHES[:2], path)
    before = len(emulator.requests)
    assert first.requests == before
    again = face.harvest(iter(SEARCHES[:2]), str(path))
    assert (again.searches, again.hits, again.new, again.requests) == (2, first.hits, 0, 0)
    assert len(emulator.requests) == before
    more = face.harvest([*SEARCHES[:2], SEARCHES[2], SEARCHES[2]], path)
    assert (more.searches, more.new) == (3, more.hits - first.hits)
    assert {json.dumps(each.body["query"]) for each in emulator.requests[before:]} == {'"dragon"'}


def test_more_hits_may_be_asked_for_later(connect: Connect, emulator: Emulator, tmp_path: Path) -> None:
    """It goes on at the page that the limit cut."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    search = AssetSearch(query="knight")
    assert face.harvest([search], path, max_hits=130).hits == 130
    assert face.harvest([search], path, max_hits=100).requests == 0
    before = len(emulator.requests)
    done = face.harvest([search], path)
    ids = face.hits(search).ids
    assert (done.hits, done.new) == (len(ids), len(ids) - 130)
    assert emulator.requests[before].body["offset"] == 100
    found = rows(path, "select hit from found order by place")
    assert [hit for (hit,) in found] == ids


@pytest.mark.parametrize("refresh", [True, "full"])
def test_a_refresh_finds_what_is_new_and_changed(
    connect: Connect, library: Library, emulator: Emulator, tmp_path: Path, refresh: Any
) -> None:
    """What is new is asked for alone; only all of it tells what is gone."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    search = AssetSearch(query="knight", filter='kind = "image"')
    first = face.harvest([search], path)
    ids = face.hits(search).ids
    changed: Any = dict(library.get(ids[0]) or {})
    library.replace({**changed, "updatedAt": "2031-01-02T00:00:00.000Z", "description": "changed"})
    new = [
        {**changed, "id": f"asset_new{number}", "updatedAt": f"2031-01-0{number}T10:00:00.000Z"}
        for number in (1, 2, 3)
    ]
    library.add(*new)
    library.remove(ids[1])
    before = len(emulator.requests)
    done = face.harvest([search], path, refresh=refresh)
    assert (done.new, done.changed, done.gone) == (3, 1, int(refresh == "full"))
    asked = emulator.requests[before:]
    if refresh == "full":
        assert len(asked) == first.requests
        assert done.hits == first.hits + 2
        gone = rows(path, "select hit from found where gone_at is not null")
        assert gone == [(ids[1],)]
    else:
        assert len(asked) == 1
        assert asked[0].body["filter"].startswith('(kind = "image") AND updatedAt >= "')
        assert done.hits == first.hits + 3
    assert rows(path, "select description from assets where id = ?", ids[0]) == [("changed",)]
    again = face.harvest([search], path, refresh=refresh)
    assert (again.new, again.changed, again.gone) == (0, 0, 0)


def test_what_cannot_be_asked_for_alone_is_read_again(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """A service that refuses the filter, or shows nothing for it, is read anew; so is a search of the first few."""
    hits = assets(120)

    def script(arrived: Arrived) -> Answer | dict[str, Any]:
        if "updatedAt" in (arrived.body.get("filter") or ""):
            return (
                Answer({"message": "not filterable"}, 400) if arrived.body["query"] == "a" else {"hits": []}
            )
        return paged(hits)(arrived)

    face, path = connect(serve(script).base_url), tmp_path / "all.sqlite"
    searches = [AssetSearch(query=query) for query in "ab"]
    assert face.harvest(searches, path).requests == 4
    assert face.harvest(searches, path, refresh=True).requests == 6
    limited = face.harvest(searches[:1], tmp_path / "few.sqlite", max_hits=10)
    again = face.harvest(searches[:1], tmp_path / "few.sqlite", max_hits=10, refresh=True)
    assert (limited.requests, again.requests, again.hits) == (1, 1, 10)


def test_a_refresh_that_was_interrupted_goes_on(connect: Connect, emulator: Emulator, tmp_path: Path) -> None:
    """Searches that it has read again are not read once more."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    face.harvest(SEARCHES, path)

    def give_up(progress: HarvestProgress) -> None:
        if progress.finished == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        face.harvest(SEARCHES, path, refresh="full", concurrency=1, on_progress=give_up)
    before = len(emulator.requests)
    done = face.harvest(SEARCHES, path, refresh="full")
    assert done.searches == 5
    assert "knight" not in {each.body.get("query") for each in emulator.requests[before:]}
    assert rows(path, "select count(*) from runs where finished_at is null") == [(0,)]


def test_a_refresh_that_was_given_up_long_ago_is_not_joined(
    connect: Connect, emulator: Emulator, tmp_path: Path
) -> None:
    """What it asked for then is asked for again: it is no longer new."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    face.harvest(SEARCHES, path)
    face.harvest(SEARCHES[:3], path, refresh="full", max_requests=1)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("update runs set started_at = '2026-01-01T00:00:00.000Z'")
        file.execute("update searches set finished_at = '2026-01-01T00:00:01.000Z'")
    before = len(emulator.requests)
    face.harvest(SEARCHES, path, refresh="full")
    assert {each.body.get("query") for each in emulator.requests[before:]} == {*WORDS, "style"}


@pytest.mark.parametrize("refresh", [True, "full"])
def test_a_refresh_in_small_steps_comes_to_its_end(
    connect: Connect, emulator: Emulator, tmp_path: Path, refresh: Any
) -> None:
    """Call after call with a budget of requests goes on, and does not ask the first searches again and again."""
    face, path = connect(emulator.base_url), tmp_path / "all.sqlite"
    first = face.harvest(SEARCHES, path)
    before, finished = len(emulator.requests), 0
    for _ in range(first.requests):
        finished = face.harvest(SEARCHES, path, refresh=refresh, max_requests=1, concurrency=1).searches
        if finished == len(SEARCHES):
            break
    assert finished == len(SEARCHES)
    asked = Counter(json.dumps(each.body, sort_keys=True) for each in emulator.requests[before:])
    assert set(asked.values()) == {1}
    assert {each.body.get("query") for each in emulator.requests[before:]} == {*WORDS, "style"}


def test_what_is_new_past_the_window(connect: Connect, library: Library, tmp_path: Path) -> None:
    """With `scan=True`, a refresh also reads every hit of what is new, and only that."""
    with Emulator(library, max_total_hits=150).running() as base_url:
        face, path = connect(base_url), tmp_path / "all.sqlite"
        search = AssetSearch(filter='kind = "image"')
        there = face.harvest([search], path, scan=True)
        changed: Any = dict(library.get(face.hits(search).ids[0]) or {})
        for number in range(400):
            moment = f"2031-01-02T10:{number // 60:02}:{number % 60:02}.000Z"
            library.add({**changed, "id": f"asset_new{number}", "createdAt": moment, "updatedAt": moment})
        done = face.harvest([search], path, scan=True, refresh=True)
        assert (done.new, done.changed, done.hits) == (400, 0, there.hits + 400)
        assert done.requests < there.requests


def test_a_search_that_another_process_has_taken_over(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Who was held up for so long writes nothing more of it, and takes it on again where the other one left it."""
    hits, path = assets(250), tmp_path / "all.sqlite"

    def script(arrived: Arrived) -> Answer | dict[str, Any]:
        if arrived.body.get("offset") == 100 and not rows(path, "select 1 from pages where page = 9"):
            with closing(sqlite3.connect(path)) as file, file:
                file.execute(
                    "update searches set owner = 'elsewhere:1:abcdef01', owned_at = ?", (time.time() - 59,)
                )
                file.execute("insert into pages values (1, 0, 9, 0, 0, 0, '')")
        return paged(hits)(arrived)

    server = serve(script)
    done = connect(server.base_url).harvest([AssetSearch(query="a", limit=100)], path)
    assert (done.searches, done.hits, done.new, done.requests) == (1, 250, 250, 4)
    assert [each.body.get("offset", 0) for each in server.requests] == [0, 100, 100, 200]
    assert rows(path, "select count(*), count(distinct place), max(place) from found") == [(250, 250, 249)]
    assert rows(path, "select sum(hits) from pages") == [(250,)]


def test_every_hit_past_the_window(connect: Connect, library: Library, tmp_path: Path) -> None:
    """A scan in place of an iteration; one that cannot prove that it is complete is an error of its search."""
    with Emulator(library, max_total_hits=150).running() as base_url:
        face, path = connect(base_url), tmp_path / "all.sqlite"
        search = AssetSearch(filter='kind = "image"')
        scanned = face.scan(search)
        done = face.harvest([search], path, scan=True)
        assert done.hits == len(scanned.ids) > 150
        assert done.requests == scanned.report.requests
        assert face.harvest([search], path, scan=True).requests == 0
        assert face.harvest([search], path, scan=True, refresh="full").gone == 0
        with pytest.raises(InvalidSearchError, match=r"sort_by is .* a scan sorts and pages by itself"):
            face.harvest([AssetSearch(filter="width > 1", sort_by="createdAt:desc")], path, scan=True)
        with pytest.raises(InvalidSearchError, match="max_hits is 5, but a scan reads every hit"):
            face.harvest([search], path, scan=True, max_hits=5)


def test_a_search_that_fails(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It ends all, or is told while the others go on; the next call tries it again from where it stood."""
    failing = True

    def script(arrived: Arrived) -> Answer | dict[str, Any]:
        if failing and arrived.body["query"] == "bad" and arrived.body["offset"]:
            return Answer({"message": "no"}, 400)
        return paged(assets(250))(arrived)

    server = serve(script)
    face, path = connect(server.base_url), tmp_path / "all.sqlite"
    searches = [AssetSearch(query=query) for query in ("good", "bad", "better")]
    with pytest.raises(BadRequestError, match="the same call goes on there") as caught:
        face.harvest(searches, path, concurrency=1)
    assert "1 of 3 searches are finished in" in str(caught.value)
    done = face.harvest(searches, path, on_error="yield")
    assert (done.searches, done.hits) == (2, 250)
    assert [(each.index, type(each.error)) for each in done.errors] == [(1, BadRequestError)]
    assert rows(path, "select state from searches order by number") == [("done",), ("failed",), ("done",)]
    [(told,)] = rows(path, "select error from searches where state = 'failed'")
    assert told.startswith("400")
    failing = False
    server.requests.clear()
    assert face.harvest(searches, path).searches == 3
    assert [each.body["offset"] for each in server.requests] == [100, 200]


def test_how_far_it_is_is_told(connect: Connect, emulator: Emulator, tmp_path: Path) -> None:
    """In the calling thread, up to the end."""
    told: list[HarvestProgress] = []
    threads = set[int]()

    def tell(progress: HarvestProgress) -> None:
        told.append(progress)
        threads.add(threading.get_ident())

    done = connect(emulator.base_url).harvest(SEARCHES, tmp_path / "all.sqlite", on_progress=tell)
    assert threads == {threading.get_ident()}
    last = told[-1]
    assert (last.searches, last.finished, last.new, last.requests) == (5, 5, done.new, done.requests)
    assert last.expected == done.requests
    counts = [each.hits for each in told]
    assert counts == sorted(counts)


def test_searches_come_from_the_calling_thread(
    connect: Connect, serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What makes them may block, and raise."""
    threads = set[int]()

    def made() -> Iterator[AssetSearch]:
        threads.add(threading.get_ident())
        yield AssetSearch(query="a")
        raise LookupError

    server = serve(paged(assets(5)))
    with pytest.raises(LookupError):
        connect(server.base_url).harvest(made(), tmp_path / "all.sqlite")
    assert threads == {threading.get_ident()}
    assert not server.requests
    assert not (tmp_path / "all.sqlite").exists()


def slowly_read(serve: Serve) -> AsyncScenario:
    """Give a client whose service takes its time for each page."""

    def script(arrived: Arrived) -> Answer | dict[str, Any]:
        time.sleep(0.02)
        return paged(assets(500))(arrived)

    return AsyncScenario(api_key="a", api_secret="b", base_url=serve(script).base_url)


async def test_a_harvest_that_is_cancelled_leaves_nothing_behind(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its searches are free for others, its tasks are gone, and its error says how to go on."""
    path = tmp_path / "all.sqlite"
    async with slowly_read(serve) as client:
        searches = [AssetSearch(query=str(number)) for number in range(20)]
        before = asyncio.all_tasks()
        harvest = asyncio.create_task(client.search.harvest(searches, path))
        while (
            not path.exists()
            or not rows(path, "select count(*) from sqlite_schema where name = 'pages'")[0][0]
        ):
            await asyncio.sleep(0.01)
        while not rows(path, "select count(*) from pages")[0][0]:
            await asyncio.sleep(0.01)
        harvest.cancel()
        with pytest.raises(asyncio.CancelledError):
            await harvest
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before
        assert rows(path, "select count(owner) from searches") == [(0,)]
        assert not path.with_name("all.sqlite-wal").exists()
        assert (await client.search.harvest(searches, path)).searches == 20
    assert "destroyed but it is pending" not in caplog.text


@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_a_harvest_that_is_cancelled_twice_leaves_nothing_behind(
    serve: Serve, tmp_path: Path, turns: int
) -> None:
    """Its closing goes on: the searches are free for others, and its thread ends."""
    path = tmp_path / "all.sqlite"
    async with slowly_read(serve) as client:
        searches = [AssetSearch(query=str(number)) for number in range(8)]
        first_page = asyncio.Event()

        def tell(told: HarvestProgress) -> None:
            if told.hits:
                first_page.set()

        harvest = asyncio.create_task(client.search.harvest(searches, path, on_progress=tell))
        await first_page.wait()
        harvest.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        harvest.cancel()
        with pytest.raises(asyncio.CancelledError):
            await harvest
        async with asyncio.timeout(20):
            while rows(path, "select count(owner) from searches") != [(0,)] or "harvest" in str(
                threading.enumerate()
            ):
                await asyncio.sleep(0.01)
            assert (await client.search.harvest(searches, path)).searches == 8


@pytest.mark.skipif(os.name != "posix", reason="signals are sent to a thread")
def test_a_second_ctrl_c_lets_the_closing_go_on(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocking client goes on interrupting at once, and the file is let go all the same."""
    from scenario_async._harvests.ledger import Ledger  # noqa: PLC0415

    end, interrupted, waited = Ledger.end, threading.Event(), threading.Event()

    def interrupting(ledger: Ledger, *, finished: bool) -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        if interrupted.wait(30):
            waited.set()
        end(ledger, finished=finished)

    def give_up(told: HarvestProgress) -> None:
        if told.hits:
            raise KeyboardInterrupt("the first")

    monkeypatch.setattr(Ledger, "end", interrupting)
    path = tmp_path / "all.sqlite"
    with Scenario(api_key="a", api_secret="b", base_url=serve(paged(assets(500))).base_url) as client:
        with pytest.raises(KeyboardInterrupt) as raised:
            client.search.harvest(SEARCHES[:4], path, on_progress=give_up)
        assert raised.value.args == ()  # the second
        interrupted.set()
        assert waited.wait(30)
        monkeypatch.undo()
        until = time.monotonic() + 20
        while rows(path, "select count(owner) from searches") != [(0,)] and time.monotonic() < until:
            time.sleep(0.01)
        assert client.search.harvest(SEARCHES[:4], path).searches == 4


WORK = """
import json, sys
from scenario_async import AssetSearch, Scenario
base_url, path, options = json.loads(sys.argv[1])
with Scenario(api_key="emulator", api_secret="emulator", base_url=base_url) as client:
    searches = [AssetSearch(query=f"knight {number}", limit=20) for number in range(30)]
    print(client.search.harvest(searches, path, **options).searches)
"""


def started(base_url: str, path: Path, **options: Any) -> subprocess.Popen[str]:
    """Begin a harvest in a process of its own."""
    told = json.dumps([base_url, str(path), options])
    return subprocess.Popen([sys.executable, "-c", WORK, told], stdout=subprocess.PIPE, text=True)


@pytest.mark.long
def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    """Each search is finished once, no hit stands twice, and nothing is asked for again but the pages under way."""
    concurrency, kills = 4, 12
    emulator = Emulator(Library.sample(3, size=1500), requests_kept=100_000, latency=0.01)
    with emulator.running() as base_url:
        whole = tmp_path / "whole.sqlite"
        assert started(base_url, whole).communicate()[0] == "30\n"
        once = asked_for(emulator)
        emulator.requests.clear()
        path, killed, out = tmp_path / "killed.sqlite", 0, ""
        for round_ in range(100):
            process = started(base_url, path, concurrency=concurrency)
            if killed < kills:
                time.sleep(0.25 + 0.05 * (round_ % 7))
                process.send_signal(signal.SIGKILL)
            out = process.communicate()[0]
            killed += process.returncode == -signal.SIGKILL
            if out:
                break
        assert out == "30\n"
        assert killed >= 3
        asked = asked_for(emulator)
    assert set(asked) == set(once)
    assert sum((asked - once).values()) <= killed * concurrency
    content = "select id, json_remove(data, '$.score') from hits order by id"
    assert rows(path, content) == rows(whole, content)
    places = "select search, hit, place from found order by search, place"
    assert rows(path, places) == rows(whole, places)


@pytest.mark.long
def test_several_processes_work_on_one_file(tmp_path: Path) -> None:
    """Each search is read by one of them; the searches of one that is killed are taken over at once."""
    emulator = Emulator(Library.sample(3, size=1500), requests_kept=100_000, latency=0.01)
    with emulator.running() as base_url:
        path = tmp_path / "all.sqlite"
        processes = [started(base_url, path, concurrency=3) for _ in range(3)]
        while len(emulator.requests) < 30:
            time.sleep(0.01)
        processes[0].send_signal(signal.SIGKILL)
        outs = [process.communicate()[0] for process in processes]
        asked = asked_for(emulator)
        assert outs[1:] == ["30\n", "30\n"]
        emulator.requests.clear()
        whole = tmp_path / "whole.sqlite"
        started(base_url, whole).communicate()
        once = asked_for(emulator)
    assert sum((asked - once).values()) <= 3
    assert set(asked) == set(once)
    places = "select searches.key, hit, found.place from found join searches on number = found.search order by 1, 3"
    assert rows(path, places) == rows(whole, places)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"searches": ["knight"]}, "searches: number 0 is 'knight', but it is no AssetSearch"),
        ({"searches": 5}, "searches is 5, but it must give"),
        ({"searches": "knight"}, "searches is 'knight', but it must give"),
        ({"path": ""}, "path is '', but it must be the path of a SQLite file"),
        (
            {"path": "some/all.csv"},
            "path is 'some/all.csv', but it would be an SQLite file.*: write some/all.sqlite",
        ),
        ({"path": Path("all.XLSX")}, "path is 'all.XLSX', but it would be an SQLite file"),
        ({"path": 5}, "path is 5, but it must be the path of a SQLite file"),
        ({"refresh": "new"}, "refresh is 'new', but it must be False, True"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"max_hits": -1}, "max_hits is -1"),
        ({"on_error": "ignore"}, "on_error is 'ignore'"),
        ({"on_progress": 5}, "on_progress is 5"),
    ],
)
def test_what_is_wrong_is_told_before_any_request(
    connect: Connect, serve: Serve, tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    """By name, value and rule; and no file is made."""
    server = serve(paged(assets(5)))
    given = {"searches": SEARCHES, "path": tmp_path / "all.sqlite", **wrong}
    with pytest.raises(InvalidSearchError, match=message):
        connect(server.base_url).harvest(given.pop("searches"), given.pop("path"), **given)
    assert not server.requests


def test_files_that_are_something_else(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """They are left as they are, and the error says what they are and what to do."""
    face = connect(serve(paged(assets(5))).base_url)
    other, later, text = (tmp_path / name for name in ("other.sqlite", "later.sqlite", "text.sqlite"))
    with closing(sqlite3.connect(other)) as file:
        file.execute("create table mine (a)")
    before = other.read_bytes()
    with pytest.raises(WriteError, match="is a database of something else, and is left as it is"):
        face.harvest(SEARCHES, other)
    assert other.read_bytes() == before  # also how it is journaled
    face.harvest(SEARCHES[:1], later)
    with closing(sqlite3.connect(later)) as file:
        file.execute("pragma user_version = 9")
    with pytest.raises(WriteError, match="is a harvest of version 9, and this package knows version 1"):
        face.harvest(SEARCHES, later)
    text.write_text("not a database, but a text that is long enough to be looked at" * 20)
    with pytest.raises(WriteError, match="file is not a database"):
        face.harvest(SEARCHES, text)
    assert text.read_text().startswith("not a database")
    with pytest.raises(WriteError, match="could not write"):
        face.harvest(SEARCHES, tmp_path / "no" / "folder.sqlite")


def test_a_file_that_another_program_holds(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, and in the end told; so is a file that may only be read."""
    monkeypatch.setattr("scenario_async._harvests.tables._PATIENCE", 0.1)
    face, path = connect(serve(paged(assets(5))).base_url), tmp_path / "all.sqlite"
    face.harvest(SEARCHES[:1], path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(WriteError, match="database is locked; what stood there is untouched"):
            face.harvest(SEARCHES[:2], path)
    connect_to = sqlite3.connect

    def only_to_read(path: Path, **more: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect_to(f"file:{path}?mode=ro", uri=True, **more)
        return connection

    monkeypatch.setattr("scenario_async._harvests.tables.sqlite3.connect", only_to_read)
    with pytest.raises(
        WriteError, match="readonly database; what stood there is untouched; write to a place"
    ):
        face.harvest(SEARCHES[:2], path)
    monkeypatch.undo()
    assert face.harvest(SEARCHES[:2], path).searches == 2


def test_who_reads_the_file_is_not_waited_for(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """A harvest ends at once, also while somebody looks at its hits."""
    face, path = connect(serve(paged(assets(300))).base_url), tmp_path / "all.sqlite"
    face.harvest(SEARCHES[:1], path)
    with closing(sqlite3.connect(path)) as reader:
        reading = reader.execute("select * from hits")
        assert reading.fetchone()
        began = time.monotonic()
        face.harvest(SEARCHES[:1], path, refresh="full")
        assert time.monotonic() - began < 20


def test_a_file_of_earlier_days(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It gets the columns that it has not, and goes on."""
    face, path = connect(serve(paged(assets(5))).base_url), tmp_path / "all.sqlite"
    face.harvest(SEARCHES[:1], path)
    with closing(sqlite3.connect(path)) as file:
        for column in ("complete", "reach", "read_to"):
            file.execute(f"alter table searches drop column {column}")
    assert face.harvest(SEARCHES[:1], path).requests == 0
    assert face.harvest(SEARCHES[:1], path, refresh=True).searches == 1
    assert rows(path, "select complete from searches") == [(1,)]


@pytest.mark.skipif(os.name != "posix" or not hasattr(os, "geteuid"), reason="permissions are those of POSIX")
def test_a_full_disk_ends_it_with_what_is_kept(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says so; where there is room again, it goes on."""
    from scenario_async._harvests import tables  # noqa: PLC0415

    face, path = connect(serve(paged(assets(900))).base_url), tmp_path / "all.sqlite"
    opened = tables.opened

    def small(path: Path) -> sqlite3.Connection:
        connection = opened(path)
        [(pages,)] = connection.execute("pragma page_count").fetchall()
        [(size,)] = connection.execute("pragma page_size").fetchall()
        connection.execute(f"pragma max_page_count = {pages + 160 * 1024 // size}")
        return connection

    monkeypatch.setattr("scenario_async._harvests.ledger.opened", small)
    with pytest.raises(WriteError, match=r"database or disk is full.*free some space.*the same call goes on"):
        face.harvest([AssetSearch(query="a")], path)
    kept = rows(path, "select count(*) from hits")[0][0]
    assert 0 < kept < 900
    monkeypatch.undo()
    assert face.harvest([AssetSearch(query="a")], path).hits == 900


def test_a_sign_of_life_that_fails_is_given_again(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was locked for a moment does not let other harvests think that this one is dead."""
    from scenario_async._harvests.ledger import Ledger  # noqa: PLC0415

    signs: list[None] = []
    four = threading.Event()

    def live(_: Ledger) -> None:
        signs.append(None)
        if len(signs) >= 4:
            four.set()
        raise WriteError("database is locked", code=None)

    def script(arrived: Arrived) -> Answer | dict[str, Any]:
        assert four.wait(30)
        return paged(assets(5))(arrived)

    monkeypatch.setattr("scenario_async._harvests.run._SIGN_OF_LIFE", 0.01)
    monkeypatch.setattr(Ledger, "live", live)
    assert connect(serve(script).base_url).harvest(SEARCHES[:1], tmp_path / "all.sqlite").searches == 1


def test_what_nobody_foresaw_ends_it(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of another kind while a page is written is raised, and waits for nobody; the same call goes on."""
    from scenario_async._harvests.ledger import Ledger  # noqa: PLC0415

    face, path = connect(serve(paged(assets(300))).base_url), tmp_path / "all.sqlite"

    def out_of_memory(*_: object) -> None:
        raise MemoryError("no room for a page")

    monkeypatch.setattr(Ledger, "_write", out_of_memory)
    with pytest.raises(MemoryError, match="no room for a page"):
        face.harvest(SEARCHES[:3], path)
    monkeypatch.undo()
    assert face.harvest(SEARCHES[:3], path).searches == 3


def test_a_scan_that_cannot_be_proved_is_an_error_of_its_search(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """What was read of it is kept."""
    one = [{**each, "createdAt": "2025-01-01T00:00:00.000Z"} for each in assets(1200)]
    face, path = connect(serve(paged(one[:1000])).base_url), tmp_path / "all.sqlite"
    done = face.harvest([AssetSearch(filter="width > 1")], path, scan=True, on_error="yield")
    assert [type(each.error) for each in done.errors] == [ScanIncompleteError]
    assert rows(path, "select state from searches") == [("failed",)]
