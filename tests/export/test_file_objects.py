"""Exports to file objects and to the standard output."""

from __future__ import annotations

import csv
import errno
import importlib
import io
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from export.running import export, failing
from support.hits import assets
from support.programs import environment, needs
from support.servers import Answer, paged

from scenario_async import AssetSearch, BadRequestError, ExportProgress, InvalidSearchError, WriteError

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="knight")


@pytest.mark.parametrize("format", ["jsonl", "json", "csv", "parquet", "arrow"])
def test_a_binary_file(connect: Connect, serve: Serve, tmp_path: Path, format: str) -> None:
    """It gets the bytes that a path does, and stays open."""
    if format in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    face, file = connect(serve(paged(assets(250))).base_url), io.BytesIO()
    done = export(face, SEARCH, file, format=format, prefetch=0)
    assert (done.path, done.hits, done.pages, done.requests, done.stopped_because) == (
        None,
        250,
        3,
        3,
        "exhausted",
    )
    export(face, SEARCH, tmp_path / f"hits.{format}")
    assert file.getvalue() == (tmp_path / f"hits.{format}").read_bytes()


def test_a_text_file(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It gets the same, as text; formats that are no text are refused."""
    server = serve(paged(assets(250)))
    face, file = connect(server.base_url), io.StringIO()
    export(face, SEARCH, file, format="csv")
    export(face, SEARCH, tmp_path / "hits.csv")
    assert file.getvalue() == (tmp_path / "hits.csv").read_text(encoding="utf-8")
    server.requests.clear()
    pytest.importorskip("pyarrow")
    with pytest.raises(InvalidSearchError, match='open it with mode "wb"'):
        export(face, SEARCH, file, format="parquet")
    assert server.requests == []


def test_the_name_of_a_file_names_the_format(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Where it has one."""
    face = connect(serve(paged(assets(3))).base_url)
    with (tmp_path / "hits.csv").open("wb") as file:
        export(face, SEARCH, file)
    assert (tmp_path / "hits.csv").read_bytes().startswith(b"id,")


class Awaited:
    """A file whose `write` is to be awaited."""

    async def write(self, content: bytes) -> int:
        """Write."""
        return len(content)


class Shut(io.BytesIO):
    """A file that cannot be written."""

    def write(self, content: Any, /) -> int:
        """Refuse."""
        raise io.UnsupportedOperation("not writable")


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        (io.BytesIO(), {}, "format is None, but a file object needs one that is named"),
        (
            io.BytesIO(),
            {"format": "csv", "resume": True},
            "resume is True, but only an export to a path can go on",
        ),
        (io.BytesIO(), {"format": "sqlite"}, "is written to a path"),
        (Awaited(), {"format": "csv"}, "is to be awaited"),
        (Shut(), {"format": "csv"}, "cannot be written"),
    ],
)
def test_what_is_wrong_with_a_file_is_refused(
    connect: Connect, serve: Serve, file: Any, options: dict[str, Any], words: str
) -> None:
    """Before any request."""
    server = serve(paged(assets(3)))
    with pytest.raises(InvalidSearchError) as caught:
        export(connect(server.base_url), SEARCH, file, **options)
    assert words in str(caught.value)
    assert server.requests == []


class Slow(io.BytesIO):
    """A file that takes its time, and is full after so many bytes."""

    def __init__(self, room: int, pause: float = 0.0) -> None:
        super().__init__()
        self._left = room
        self._pause = pause

    def write(self, content: Any, /) -> int:
        """Write, or refuse."""
        time.sleep(self._pause)
        self._left -= len(content)
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


def test_a_file_that_is_full(connect: Connect, serve: Serve) -> None:
    """The export ends with one line, and asks for no more."""
    server = serve(paged(assets(5000)))
    with pytest.raises(
        WriteError, match=r"could not write to the file: No space left.*only an export to a path can go on"
    ):
        export(connect(server.base_url), SEARCH, Slow(100_000), format="jsonl")
    assert len(server.requests) < 20


def test_a_slow_file_stops_the_reading(connect: Connect, serve: Serve) -> None:
    """Memory is bounded: no more pages are read than the file is behind."""
    server = serve(paged(assets(2001)))
    behind: list[int] = []

    def tell(told: ExportProgress) -> None:
        behind.append(told.hits - told.written)

    file = Slow(10**9, pause=0.002)
    export(
        connect(server.base_url), SEARCH, file, format="jsonl", prefetch=1,
        on_progress=tell,
    )  # fmt: skip
    assert max(behind) <= 500
    assert file.getvalue().count(b"\n") == 2001


def test_a_failed_export_tells_what_was_written(connect: Connect, serve: Serve) -> None:
    """What the file got stays there, each page that was read; it cannot go on."""
    face, file = connect(serve(failing(assets(300), 200, Answer({}, 400))).base_url), Slow(10**9, pause=0.002)
    told = "the first 200 hits were written, and only an export to a path can go on: begin anew"
    with pytest.raises(BadRequestError, match=told):
        export(face, SEARCH, file, format="jsonl", prefetch=0)
    assert not file.closed
    assert file.getvalue().count(b"\n") == 200


def test_an_export_that_is_given_up_ends_behind_a_page(connect: Connect, serve: Serve) -> None:
    """What was told of is in the file, and nothing else, however slow that is."""
    face, file = connect(serve(paged(assets(500))).base_url), Slow(10**9, pause=0.002)

    def enough(told: ExportProgress) -> None:
        if told.hits == 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(face, SEARCH, file, format="jsonl", prefetch=0, on_progress=enough)
    assert file.getvalue().count(b"\n") == 200


def rows_in(content: bytes, format: str) -> int:
    """Count the hits in a file, read as what it is."""
    if format == "csv":
        return len(list(csv.DictReader(io.StringIO(content.decode()))))
    if format == "json":
        return len(json.loads(content))
    if format == "jsonl":
        return content.count(b"\n")
    arrow: Any = importlib.import_module("pyarrow.parquet" if format == "parquet" else "pyarrow.ipc")
    file = io.BytesIO(content)
    table = arrow.read_table(file) if format == "parquet" else arrow.open_file(file).read_all()
    return int(table.num_rows)


@pytest.mark.parametrize("format", ["jsonl", "flat jsonl", "json", "csv", "parquet", "arrow"])
def test_a_failed_export_has_written_what_it_tells(connect: Connect, serve: Serve, format: str) -> None:
    """Also where a format writes many hits at once, and where a file needs an end."""
    if format in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    name = format.removeprefix("flat ")
    face, file = connect(serve(failing(assets(300), 200, Answer({}, 400))).base_url), io.BytesIO()
    with pytest.raises(BadRequestError, match="the first 200 hits were written"):
        export(face, SEARCH, file, format=name, flat=name != format, prefetch=0)
    assert rows_in(file.getvalue(), name) == 200


def test_a_file_that_is_full_tells_what_it_has(connect: Connect, serve: Serve) -> None:
    """A batch that was not written does not count; Parquet without its end cannot be read at all."""
    face, whole = connect(serve(paged(assets(2500))).base_url), io.BytesIO()
    export(face, SEARCH, whole, format="csv")
    room = len(whole.getvalue()) // 2
    file = Slow(room)
    with pytest.raises(WriteError, match="the first 1,000 hits were written"):
        export(face, SEARCH, file, format="csv")
    assert rows_in(file.getvalue(), "csv") == 1000
    pytest.importorskip("pyarrow")
    with pytest.raises(WriteError, match="what was written cannot be read, and only an export to a path"):
        export(face, SEARCH, Slow(1000), format="parquet")


class Raw(io.RawIOBase):
    """A raw file, which takes so many bytes at once, and from some byte on nothing."""

    def __init__(self, most: int, room: int = 10**9) -> None:
        super().__init__()
        self.content = b""
        self._most = most
        self._room = room

    def writable(self) -> bool:
        """Tell so."""
        return True

    def write(self, content: Any, /) -> int | None:
        """Take some; None for nothing, as raw files tell it."""
        taken = bytes(content)[: min(self._most, self._room - len(self.content))]
        self.content += taken
        return len(taken) if taken or not content else None


def test_a_file_that_takes_little_at_once(connect: Connect, serve: Serve) -> None:
    """It gets all of it; one that takes no more, and does not wait, ends the export."""
    face, whole = connect(serve(paged(assets(250))).base_url), io.BytesIO()
    export(face, SEARCH, whole, format="csv")
    file = Raw(1000)
    export(face, SEARCH, file, format="csv")
    assert file.content == whole.getvalue()
    with pytest.raises(WriteError, match="takes no more for now, and does not wait") as caught:
        export(face, SEARCH, Raw(1000, room=5000), format="csv")
    assert caught.value.errno == errno.EAGAIN


@needs("fsspec")
def test_a_file_of_fsspec(connect: Connect, serve: Serve) -> None:
    """What fsspec opens is a file like others: its name tells the format."""
    pytest.importorskip("pyarrow")
    import fsspec  # type: ignore[import-untyped] # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]

    face = connect(serve(paged(assets(250))).base_url)
    memory: Any = fsspec
    with memory.open("memory://bucket/hits.parquet", "wb") as file:
        assert export(face, SEARCH, file).hits == 250
    import pyarrow.parquet  # type: ignore[import-untyped] # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]

    parquet: Any = pyarrow.parquet
    with memory.open("memory://bucket/hits.parquet", "rb") as file:
        assert parquet.read_table(file).num_rows == 250


@pytest.mark.parametrize("client", ["Scenario", "AsyncScenario"])
def test_the_standard_output(serve: Serve, tmp_path: Path, client: str) -> None:
    """`-` writes JSON lines there, unless another format is named."""
    call = "client.search.export(AssetSearch(query='q'), '-', max_hits=2, **options)"
    lines = {
        "Scenario": f"with Scenario() as client: {call}",
        "AsyncScenario": f"async def main():\n async with AsyncScenario() as client: await {call}\nasyncio.run(main())",
    }
    head = (
        "import asyncio; from scenario_async import *; from scenario_async import Scenario, AsyncScenario\n"
    )
    server = serve(paged(assets(5)))
    for options, begins in (({}, '{"id":"asset_00000"'), ({"format": "csv"}, "id,author_id")):
        program = f"{head}options = {options!r}\n{lines[client]}"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60,
            env=environment(server.base_url), cwd=tmp_path,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(begins)
