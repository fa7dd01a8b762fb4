"""Hits in SQL: the tables and views, what writing again touches, and who else reads the file."""

from __future__ import annotations

import errno
import gc
import json
import re
import sqlite3
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset
from support.programs import needs
from tables.kept import CLASSES, of, table

from scenario_async import AssetHit, HitTable, WriteError
from scenario_async._tables import sqlite, writing
from scenario_async._tables.formats import FORMATS, Layout
from scenario_async._tables.schema import columns_of

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = FORMATS["sqlite"]
COLUMNS = ["id", "kind", "data", "created_at", "updated_at", "first_seen", "last_seen"]
DAYS = ("2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z", "2026-01-03T00:00:00.000000Z")


def asked(path: Path, question: str, *given: Any) -> list[Any]:
    """Give what a query gives."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question, given).fetchall()


def layout(seen: str) -> Layout:
    """Give what a database of assets is to hold."""
    return DATABASE.layout(AssetHit, seen=seen)


def kept(path: Path, hits: HitTable[Any], day: int) -> None:
    """Write as if it were that day."""
    writing.keep(path, hits, DATABASE, layout(DAYS[day]), overwrite=False)


def test_the_table_holds_json_by_id(tmp_path: Path) -> None:
    """With its kind, its timestamps, and when it was seen."""
    path = tmp_path / "x.sqlite"
    kept(path, of(createdAt="2025-01-16T13:19:41+02:00", updatedAt="soon"), 0)
    assert [row[1] for row in asked(path, "pragma table_info(hits)")] == COLUMNS
    [[identifier, kind, data, created, updated, first, last]] = asked(path, "select * from hits")
    assert (identifier, kind) == ("asset_1", "asset")
    assert json.loads(data)["url"] == "https://cdn.example/assets/asset_1"
    assert (created, updated) == ("2025-01-16T11:19:41.000000Z", None)
    assert first == last == DAYS[0]


def test_today_is_the_day_of_writing(tmp_path: Path) -> None:
    """Where nobody says otherwise."""
    [[first]] = asked(table(count=1).write(tmp_path / "x.db"), "select first_seen from hits")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first)


@pytest.mark.parametrize("kind", CLASSES)
def test_the_views_have_the_flat_columns(tmp_path: Path, kind: str) -> None:
    """The same names, and cells as in CSV: timestamps and lists are texts."""
    path = table(kind).write(tmp_path / "x.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"select * from {kind}s order by id")]
    flat = table(kind).to_dicts(flat=True)
    assert [list(row) for row in found] == [[column.name for column in columns_of(CLASSES[kind])]] * 3
    for row, want in zip(found, flat, strict=True):
        for name, value in want.items():
            if name == "url":
                assert row[name] == value.partition("?")[0]
            elif name.endswith("_at"):
                assert row[name] == value.isoformat(timespec="microseconds").replace("+00:00", "Z")
            elif isinstance(value, list):
                assert json.loads(row[name]) == value
            else:
                assert row[name] == value
    others = {each for each in CLASSES if each != kind}
    assert all(asked(path, f"select count(*) from {each}s") == [(0,)] for each in others)


def test_views_tell_texts_from_numbers_and_nothing(tmp_path: Path) -> None:
    """A seed of digits stays a text, what was not sent is NULL, an empty text is one."""
    path = of(metadata={"seed": "007", "width": 1}, description="", later=1).write(tmp_path / "x.sqlite")
    names = (
        "metadata_seed, metadata_width, typeof(metadata_width), metadata_height, description, content, extra"
    )
    assert asked(path, f"select {names} from assets") == [("007", 1.0, "real", None, "", None, '{"later":1}')]


def test_views_end_no_text_early_and_have_no_number_beyond_all(tmp_path: Path) -> None:
    """U+0000, where SQLite's JSON ends, is U+FFFD there, and no number is infinite; the extras have what was sent."""
    wild = {"width": 10**400, "height": -(10**400), "size": 2**53 + 1, "prompt": "p\0q"}
    path = of(description="a\0b\\u0000", tags=["t\0"], metadata=wild).write(tmp_path / "x.sqlite")
    of(id="plain", description="a\\u0000\ufffd").write(path)
    columns = "description, tags, metadata_prompt, metadata_width, metadata_height, metadata_size, extra"
    [[description, tags, prompt, width, height, size, extra], plain] = asked(
        path, f"select {columns} from assets order by id"
    )
    assert (description, json.loads(tags), prompt) == ("a\ufffdb\\u0000", ["t\0"], "p\ufffdq")
    assert (width, height, size) == (None, None, float(2**53))
    assert json.loads(extra) == {"description": "a\0b\\u0000", "metadata": wild}
    assert (plain[0], plain[-1]) == ("a\\u0000\ufffd", None)


def test_all_kinds_share_a_file(tmp_path: Path) -> None:
    """Also where an asset and a model have the same id."""
    path = tmp_path / "x.sqlite"
    for kind in CLASSES:
        table(kind).write(path)
    HitTable([CLASSES["model"].from_dict(table("model").to_dicts()[0] | {"id": "asset_0"})]).write(path)
    counted = "select kind, count(*) from hits group by kind order by kind"
    assert asked(path, counted) == [("asset", 3), ("model", 4), ("workflow", 3)]
    assert asked(path, "select name from models where id = 'asset_0'") == [("Knights",)]


WATCH = """
CREATE TABLE touched (id TEXT);
CREATE TRIGGER watch AFTER UPDATE OF data, created_at, updated_at, first_seen ON hits
BEGIN INSERT INTO touched VALUES (new.id); END;
"""


def test_writing_again_touches_only_what_changed(tmp_path: Path) -> None:
    """A hit that is the same was seen again, which is all; one that changed is written anew; others stay."""
    path = tmp_path / "x.sqlite"
    kept(path, HitTable([AssetHit.from_dict(asset(f"asset_{each}")) for each in range(4)]), 0)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(WATCH)
    signed_anew = asset("asset_0", url="https://cdn.example/assets/asset_0?Policy=other")
    changed = asset("asset_1", description="new", later=1)
    scored = asset("asset_2", score=0.5)
    again = [AssetHit.from_dict(each) for each in (signed_anew, changed, scored, asset("asset_9"))]
    kept(path, HitTable(again), 1)
    assert asked(path, "select id from touched") == [("asset_1",)]
    seen = {row[0]: row[1:] for row in asked(path, "select id, first_seen, last_seen from hits")}
    assert seen == {
        "asset_0": (DAYS[0], DAYS[1]),
        "asset_1": (DAYS[0], DAYS[1]),
        "asset_2": (DAYS[0], DAYS[1]),
        "asset_3": (DAYS[0], DAYS[0]),
        "asset_9": (DAYS[1], DAYS[1]),
    }
    assert asked(path, "select description, extra from assets where id = 'asset_1'") == [
        ("new", '{"later":1}')
    ]
    kept(path, HitTable([AssetHit.from_dict(asset("asset_1"))]), 2)
    assert asked(path, "select description, extra from assets where id = 'asset_1'") == [(None, None)]
    kept(path, HitTable(again), 0)
    assert asked(path, "select max(last_seen) from hits") == [(DAYS[2],)]


def test_an_upsert_counts_what_is_new_and_what_changed() -> None:
    """A hit that comes twice stands there as it came last."""
    with closing(sqlite3.connect(":memory:")) as connection:
        sqlite.prepare(connection, "memory")
        first = sqlite.upsert(connection, sqlite.rows_of(table(count=3)), DAYS[0])
        more = [*table(count=4), *of(description="later"), *of(description="last")]
        second = sqlite.upsert(connection, sqlite.rows_of(more), DAYS[1])
        assert (first.new, first.changed) == (3, 0)
        assert (second.new, second.changed) == (1, 2)
        [[found]] = connection.execute("select description from assets where id = 'asset_1'").fetchall()
        assert found == "last"


def test_mixed_hits_are_taken_together() -> None:
    """As a search for all kinds gives them."""
    with closing(sqlite3.connect(":memory:")) as connection:
        sqlite.prepare(connection, "memory")
        mixed = [hit for hits in zip(*map(table, CLASSES), strict=True) for hit in hits]
        assert sqlite.upsert(connection, sqlite.rows_of(mixed), DAYS[0]).new == 9
        assert connection.execute("select count(*) from workflows").fetchall() == [(3,)]


def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    """Whether it has a table of that name or not; a file that is none as well."""
    other = tmp_path / "other.sqlite"
    for schema in ("create table cats (id)", "create table hits (id, score)"):
        other.unlink(missing_ok=True)
        with closing(sqlite3.connect(other)) as connection:
            connection.execute(schema)
        before = other.read_bytes()
        with pytest.raises(WriteError, match="is a database of something else, and is left as it is"):
            table().write(other)
        assert other.read_bytes() == before
    text = tmp_path / "text.sqlite"
    text.write_text("no database" * 100, encoding="utf-8")
    with pytest.raises(WriteError, match=r"file is not a database; what stood there is untouched"):
        table().write(text)
    assert text.read_text(encoding="utf-8") == "no database" * 100
    assert asked(table(count=2).write(text, overwrite=True), "select count(*) from hits") == [(2,)]


def test_a_failure_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    """All is one transaction."""
    path = table(count=2).write(tmp_path / "x.sqlite")

    def hits() -> Any:
        yield from table(count=3000)
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        writing.keep(path, hits(), DATABASE, layout(DAYS[0]), overwrite=False)
    assert asked(path, "select count(*) from hits") == [(2,)]
    assert [each.name for each in tmp_path.iterdir()] == ["x.sqlite"]


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is that of the other formats."""
    path = table(count=2).write(tmp_path / "x.sqlite")
    before = sqlite.prepare

    def cramped(connection: sqlite3.Connection, name: str) -> None:
        before(connection, name)
        connection.execute("pragma max_page_count = 20")

    monkeypatch.setattr(sqlite, "prepare", cramped)
    for target in (path, tmp_path / "new.sqlite"):
        with pytest.raises(WriteError, match=r"is full.*free some space") as caught:
            table(count=3000).write(target)
        assert caught.value.errno == errno.ENOSPC
    assert asked(path, "select count(*) from hits") == [(2,)]
    assert [each.name for each in tmp_path.iterdir()] == ["x.sqlite"]


def test_older_versions_of_sqlite_have_the_same_views(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 3.38 there is no `->>`."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    path = table("model").write(tmp_path / "x.sqlite")
    [[told]] = asked(path, "select sql from sqlite_schema where name = 'models'")
    assert "->>" not in told
    rows = asked(path, "select name, tags, concepts_model_id, training_images_number from models limit 1")
    assert rows == [("Knights", '["knight"]', '["model_2"]', 12.0)]


@needs("duckdb")
@pytest.mark.parametrize("kind", CLASSES)
def test_duckdb_understands_the_views_alike(tmp_path: Path, kind: str) -> None:
    """It reads the file through an extension, which takes views over by their text: so that text means the same there."""
    duckdb: Any = import_module("duckdb")
    path = table(kind).write(tmp_path / "x.sqlite")
    connection = duckdb.connect()
    for name in ("hits", "extras"):
        columns = ", ".join(f"{row[1]} VARCHAR" for row in asked(path, f"pragma table_info({name})"))
        connection.execute(f"create table {name} ({columns})")
        for row in asked(path, f"select * from {name}"):
            connection.execute(f"insert into {name} values ({', '.join('?' * len(row))})", list(row))
    [[view]] = asked(path, "select sql from sqlite_schema where name = ?", f"{kind}s")
    connection.execute(view)
    ours = asked(path, f"select * from {kind}s order by id")
    assert connection.execute(f"select * from {kind}s order by id").fetchall() == ours


# Datasette leaves its connections to the collector, which tells from Python 3.13 on.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.any_versions
@needs("datasette")
async def test_datasette_serves_it(tmp_path: Path) -> None:
    """Tables and views."""
    path = of(metadata={"width": 640}).write(tmp_path / "knights.sqlite")
    datasette: Any = import_module("datasette.app").Datasette([str(path)])
    reply = await datasette.client.get("/knights/assets.json?_shape=array&metadata_width__gt=600")
    assert [row["id"] for row in reply.json()] == ["asset_1"]
    del datasette
    gc.collect()
