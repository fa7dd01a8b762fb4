"""Exports to a path: what is in the file, what stands in the way, and where they go on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from export.running import FORMATS, export, failing, names, table_of
from support.hits import asset, assets, model, workflow
from support.servers import Answer, paged

from scenario_async import (
    AssetSearch,
    BadRequestError,
    Export,
    ExportProgress,
    InvalidSearchError,
    ModelSearch,
    ScenarioError,
    WorkflowSearch,
    WriteError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="knight")
BROKEN = Answer({"message": "no"}, status=400)
VARIED = [
    *assets(120),
    asset(
        "asset_odd", score=1e-7, metadata={"width": 2**60, "prompt": "=1+1", "kind": "image"}, new={"a": [1]}
    ),
    asset("asset_text", description='see https://cdn.example/x?Signature=s3cr3t, "quoted",\n日本 \u2028'),
]


@pytest.mark.parametrize("format", FORMATS)
def test_the_file_is_that_of_a_table(connect: Connect, serve: Serve, tmp_path: Path, format: str) -> None:
    """An export writes the bytes that `collect` and `write` do, and nothing else is left in the folder."""
    if format in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    face = connect(serve(paged(VARIED)).base_url)
    done = export(face, SEARCH, tmp_path / f"hits.{format}", prefetch=0)
    assert done == Export(
        path=tmp_path / f"hits.{format}", hits=122, pages=2, requests=2, stopped_because="exhausted"
    )
    assert names(tmp_path) == [f"hits.{format}"]
    table_of(face, SEARCH).write(tmp_path / f"table.{format}")
    written, expected = ((tmp_path / f"{name}.{format}").read_bytes() for name in ("hits", "table"))
    if format == "sqlite":  # which tells when hits were seen
        assert len(written) == len(expected)
    else:
        assert written == expected
    assert b"s3cr3t" not in written


@pytest.mark.parametrize(
    ("search", "library"),
    [
        (ModelSearch(query="q"), [model(f"model_{number}") for number in range(150)]),
        (WorkflowSearch(query="q", page=1, hits_per_page=40), [workflow(f"workflow_{n}") for n in range(95)]),
        (AssetSearch(query="q", limit=30, offset=20), assets(95)),
        (SEARCH, []),
    ],
)
def test_every_kind_and_paging(
    connect: Connect, serve: Serve, tmp_path: Path, search: Any, library: list[dict[str, Any]]
) -> None:
    """Models, workflows, page paging, an offset, and nothing at all."""
    face = connect(serve(paged(library)).base_url)
    for options in ({}, {"flat": True}):
        done = export(face, search, tmp_path / "hits.jsonl", overwrite=True, **options)
        table_of(face, search).write(tmp_path / "table.jsonl", overwrite=True, **options)
        assert (tmp_path / "hits.jsonl").read_bytes() == (tmp_path / "table.jsonl").read_bytes()
        assert done.hits == len(library) - (search.offset or 0)


def test_max_hits(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """So many hits are in the file, and no page is asked for that is not needed."""
    server = serve(paged(assets(1000)))
    done = export(connect(server.base_url), SEARCH, tmp_path / "hits.csv", max_hits=150)
    assert (done.hits, done.pages, done.requests, done.stopped_because) == (150, 2, 2, "max_hits")
    assert (tmp_path / "hits.csv").read_text(encoding="utf-8").count("\n") == 151
    assert len(server.requests) == 2
    assert export(connect(server.base_url), SEARCH, tmp_path / "none.csv", max_hits=0).hits == 0


def test_bytes_do_not_depend_on_where_pages_are_cut(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Pages of 7 or of 100: the row groups and batches are the same."""
    pytest.importorskip("pyarrow")
    face = connect(serve(paged(assets(230))).base_url)
    for each in ("parquet", "arrow", "json"):
        whole, cut = tmp_path / f"whole.{each}", tmp_path / f"cut.{each}"
        export(face, SEARCH, whole)
        export(face, AssetSearch(query="knight", limit=7), cut)
        assert whole.read_bytes() == cut.read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_interrupted_goes_on(connect: Connect, serve: Serve, tmp_path: Path, format: str) -> None:
    """The pages that are there are not asked for again, and the file is that of a run without an interruption."""
    if format in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    library = assets(450)
    server = serve(failing(library, 300, BROKEN))
    face, path = connect(server.base_url), tmp_path / f"hits.{format}"
    with pytest.raises(BadRequestError) as caught:
        export(face, SEARCH, path, prefetch=0)
    journal = tmp_path / f"hits.{format}.journal"
    assert str(caught.value).endswith(
        f"300 hits are kept in {journal}: the same call with resume=True goes on there"
    )
    assert names(tmp_path) == [journal.name]
    server.requests.clear()
    server.script = paged(library)
    done = export(face, SEARCH, path, resume=True, prefetch=0)
    assert (done.hits, done.pages, done.requests, done.stopped_because) == (450, 5, 2, "exhausted")
    assert [body["offset"] for body in server.bodies()] == [300, 400]
    assert names(tmp_path) == [path.name]
    if format != "sqlite":
        export(face, SEARCH, tmp_path / f"other.{format}")
        assert path.read_bytes() == (tmp_path / f"other.{format}").read_bytes()


def test_a_resumed_export_knows_every_id(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """A hit that comes again pages later is in the file once, also where another process read it first."""
    library = [*assets(300), *assets(100), *assets(50, start=300)]
    server = serve(failing(library, 300, BROKEN))
    face, path = connect(server.base_url), tmp_path / "hits.jsonl"
    with pytest.raises(BadRequestError):
        export(face, SEARCH, path, prefetch=0)
    server.script = paged(library)
    assert export(face, SEARCH, path, resume=True).hits == 350
    ids = [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert ids == [f"asset_{number:05}" for number in range(350)]


def test_resume_without_a_journal_begins_anew(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """With nothing to go on with, the file is written anew, also over one that is there."""
    face, path = connect(serve(paged(assets(3))).base_url), tmp_path / "hits.jsonl"
    path.write_text("old", encoding="utf-8")
    assert export(face, SEARCH, path, resume=True).hits == 3
    assert path.read_text(encoding="utf-8").count("\n") == 3


def test_a_file_that_is_there_stays(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It is refused before any request, and replaced if it may be."""
    server = serve(paged(assets(3)))
    face, path = connect(server.base_url), tmp_path / "hits.jsonl"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(WriteError, match=r"hits\.jsonl is there already, .*overwrite=True"):
        export(face, SEARCH, path)
    assert (path.read_text(encoding="utf-8"), server.requests, names(tmp_path)) == ("old", [], ["hits.jsonl"])
    assert export(face, SEARCH, path, overwrite=True).hits == 3
    assert path.read_text(encoding="utf-8") != "old"
    with pytest.raises(WriteError, match="is a folder"):
        export(face, SEARCH, tmp_path, format="csv", overwrite=True)


@pytest.fixture
def interrupted(connect: Connect, serve: Serve, tmp_path: Path) -> Any:
    """Give a face, its server and the path of an export that was interrupted after 200 hits."""
    server = serve(failing(assets(300), 200, BROKEN))
    face, path = connect(server.base_url), tmp_path / "hits.jsonl"
    with pytest.raises(BadRequestError):
        export(face, SEARCH, path, prefetch=0)
    server.script = paged(assets(300))
    server.requests.clear()
    return face, server, path


@pytest.mark.parametrize(
    ("search", "options", "words"),
    [
        (AssetSearch(query="castle"), {"resume": True}, "is the journal of another search (200 hits)"),
        (AssetSearch(query="knight", limit=5), {"resume": True}, "another search"),
        (ModelSearch(query="knight"), {"resume": True}, "another search"),
        (SEARCH, {"resume": True, "format": "csv"}, "is the journal of another format, 'jsonl'"),
        (SEARCH, {"resume": True, "flat": True}, "is the journal of flat=False"),
        (SEARCH, {"resume": True, "max_hits": 250}, "is the journal of max_hits=None"),
        (SEARCH, {}, "has 200 hits of this export, which was interrupted: resume=True goes on there"),
    ],
)
def test_a_journal_of_something_else_stays(
    interrupted: Any, search: Any, options: dict[str, Any], words: str
) -> None:
    """It is refused by name, before any request, and can still be gone on with; overwriting begins anew."""
    face, server, path = interrupted
    with pytest.raises(WriteError) as caught:
        export(face, search, path, **options)
    assert words in str(caught.value)
    assert f"{path}.journal" in str(caught.value)
    assert (server.requests, path.exists()) == ([], False)
    assert export(face, SEARCH, path, resume=True).hits == 300


def test_overwriting_begins_anew(interrupted: Any) -> None:
    """The journal is not gone on with, whatever it is of."""
    face, server, path = interrupted
    done = export(face, AssetSearch(query="castle"), path, overwrite=True, prefetch=0)
    assert (done.hits, server.bodies()[0]["offset"]) == (300, 0)


def test_another_project_is_another_export(interrupted: Any) -> None:
    """Hits of two projects do not come into one file."""
    face, _, path = interrupted
    with pytest.raises(WriteError, match="another project"):
        export(face.derived(project_id="proj_2"), SEARCH, path, resume=True)


def test_a_file_that_is_no_journal_stays(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Somebody's own file of that name is never written to, not even when overwriting."""
    face, own = connect(serve(paged(assets(3))).base_url), tmp_path / "hits.jsonl.journal"
    own.write_text("dear diary\n", encoding="utf-8")
    with pytest.raises(WriteError, match="is no journal of an export"):
        export(face, SEARCH, tmp_path / "hits.jsonl", overwrite=True)
    assert own.read_text(encoding="utf-8") == "dear diary\n"
    own.write_text('{"scenario_async":"export","version":99}\n', encoding="utf-8")
    with pytest.raises(WriteError, match="another version"):
        export(face, SEARCH, tmp_path / "hits.jsonl", resume=True)


@pytest.mark.parametrize("damage", ["torn", "zeroed", "garbage", "half a head"])
def test_a_torn_end_of_the_journal_is_cut_off(interrupted: Any, damage: str) -> None:
    """What a power failure leaves of the last page is asked for again, and the file is whole."""
    face, server, path = interrupted
    journal = path.with_name("hits.jsonl.journal")
    content = journal.read_bytes()
    second = content.index(b'{"hits":100', content.index(b'{"hits":100') + 1)
    torn = {
        "torn": content[:-1000],
        "zeroed": content[:-1000] + bytes(1000),
        "garbage": content + b'{"hits":100,"bytes":5}\nxxxxx',
        "half a head": content[: second + 9],
    }
    journal.write_bytes(torn[damage])
    done = export(face, SEARCH, path, resume=True, prefetch=0)
    assert done.hits == 300
    assert server.bodies()[0]["offset"] == (200 if damage == "garbage" else 100)
    assert [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()] == [
        f"asset_{number:05}" for number in range(300)
    ]


@pytest.mark.parametrize("cut", [0, 5, 40])
def test_a_journal_killed_at_its_beginning(connect: Connect, serve: Serve, tmp_path: Path, cut: int) -> None:
    """With no page in it there is nothing to lose: an export begins."""
    head = b'{"scenario_async":"export","version":1,"since":"2025'
    (tmp_path / "hits.jsonl.journal").write_bytes(head[:cut])
    face = connect(serve(paged(assets(3))).base_url)
    assert export(face, SEARCH, tmp_path / "hits.jsonl").hits == 3


def test_progress(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It is told after each page, and at the end; an error of the one who is told ends the export as itself."""
    face, told = connect(serve(paged(assets(250))).base_url), list[ExportProgress]()
    export(face, SEARCH, tmp_path / "hits.csv", on_progress=told.append, prefetch=0)
    assert [(each.hits, each.pages, each.requests, each.total, each.waiting) for each in told] == [
        (100, 1, 1, 250, 0), (200, 2, 2, 250, 0), (250, 3, 3, 250, 0), (250, 3, 3, 250, 0),
    ]  # fmt: skip
    assert [each.written for each in told] == [0, 0, 0, 250]

    def fail(_: ExportProgress) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match=r"^mine$") as caught:
        export(face, SEARCH, tmp_path / "other.csv", on_progress=fail)
    assert getattr(caught.value, "__notes__", []) == []
    assert names(tmp_path) == ["hits.csv", "other.csv.journal"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRONG: list[tuple[Any, tuple[dict[str, Any], str]]] = [
    ("hits.jsom", ({}, "did you mean '.json'?")),
    ("hits", ({}, "its suffix names no format")),
    ("hits.jsonl", ({"format": "parkett"}, "did you mean 'parquet'?")),
    ("hits.jsonl", ({"max_hits": -1}, "max_hits is -1")),
    ("hits.jsonl", ({"prefetch": -1}, "prefetch is -1")),
    ("hits.jsonl", ({"resume": 1}, "resume is 1, but it must be True or False")),
    ("hits.jsonl", ({"overwrite": "yes"}, "overwrite is 'yes'")),
    ("hits.jsonl", ({"on_progress": 3}, "on_progress is 3")),
    ("hits.sqlite", ({"flat": True}, "flat is True")),
    ("s3://bucket/hits.jsonl", ({}, "fsspec")),
    (b"hits.jsonl", ({}, "path is b'hits.jsonl'")),
    (None, ({}, "path is None")),
]


@pytest.mark.parametrize(("path", "given"), WRONG)
def test_what_is_wrong_is_refused_before_any_request(
    connect: Connect, serve: Serve, folder: Path, path: Any, given: tuple[dict[str, Any], str]
) -> None:
    """The parameter is named, with its value and the way out; nothing is sent or written."""
    options, words = given
    server = serve(paged(assets(3)))
    with pytest.raises(InvalidSearchError) as caught:
        export(connect(server.base_url), SEARCH, path, **options)
    assert words in str(caught.value)
    assert (server.requests, names(folder)) == ([], [])


def test_what_is_no_search_is_refused(connect: Connect, tmp_path: Path) -> None:
    """As everywhere else."""
    with pytest.raises(InvalidSearchError, match="search is 'dict'"):
        export(connect("http://127.0.0.1:9/v1"), {"query": "q"}, tmp_path / "hits.csv")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_a_missing_library_is_told_before_any_request(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line that installs it."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    server = serve(paged(assets(3)))
    with pytest.raises(ImportError, match=r"pip install '\.\[export\]'"):
        export(connect(server.base_url), SEARCH, tmp_path / "hits.parquet")
    assert (server.requests, names(tmp_path)) == ([], [])


def test_a_closed_client_exports_nothing(connect: Connect, tmp_path: Path) -> None:
    """As it makes no other call."""
    face = connect("http://127.0.0.1:9/v1")
    face.close()
    with pytest.raises(ScenarioError, match="closed"):
        export(face, SEARCH, tmp_path / "hits.csv")


def test_a_link_is_followed(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """The file that is meant is written, with its journal beside it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real" / "hits.jsonl")
    face = connect(serve(paged(assets(3))).base_url)
    export(face, SEARCH, tmp_path / "link.jsonl", overwrite=True)
    assert (tmp_path / "link.jsonl").is_symlink()
    assert names(tmp_path / "real") == ["hits.jsonl"]


def test_the_longest_name_works(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """A name of 255 bytes leaves the journal one of its own."""
    long = "é" * 124 + ".jsonl"
    face = connect(serve(paged(assets(3))).base_url)
    assert export(face, SEARCH, tmp_path / long).hits == 3
    assert names(tmp_path) == [long]
