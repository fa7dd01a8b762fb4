"""What goes wrong while an export is under way, what is kept then, and how it goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from export.running import cancelled_after, export, failing, names
from support.faces import AsyncFace
from support.hits import assets
from support.programs import environment
from support.servers import Answer, Arrived, paged

from scenario_async import (
    AssetSearch,
    DeadlineExceededError,
    ExportProgress,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
    WriteError,
)
from scenario_async._exports import journal, run, sink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="knight")


def busy(times: int, **headers: str) -> Any:
    """Give a script of 300 hits that refuses the page at 100 so many times."""
    whole, left = paged(assets(300)), [times]

    def script(request: Arrived) -> Answer | dict[str, Any]:
        if request.body.get("offset") == 100 and left[0]:
            left[0] -= 1
            return Answer(
                {"message": "slow down"},
                429,
                {name.replace("_", "-"): value for name, value in headers.items()},
            )
        return whole(request)

    return script


@pytest.mark.usefixtures("no_waiting")
def test_a_429_is_waited_out_beyond_the_retries(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Where an iteration would give up after three attempts, an export goes on to its end."""
    server = serve(busy(10))
    face = connect(server.base_url)
    with pytest.raises(RateLimitError):
        face.hits(AssetSearch(query="knight", limit=100))
    server.script = busy(10)
    done = export(face, SEARCH, tmp_path / "hits.csv", prefetch=0)
    assert (done.hits, done.requests) == (300, 14)


def test_the_wait_is_told(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress has the seconds that are left of it, again and again, and 0 afterwards."""
    monkeypatch.setattr(run, "_TICK", 0.25)
    told: list[ExportProgress] = []
    face = connect(serve(busy(2, retry_after="1")).base_url, max_retries=0)
    export(face, SEARCH, tmp_path / "hits.csv", prefetch=0, on_progress=told.append)
    waits = [each.waiting for each in told if each.waiting]
    assert len(waits) >= 3
    assert all(0 < each <= 1 for each in waits)
    assert [each.hits for each in told if each.waiting] == [100] * len(waits)
    assert (told[-1].hits, told[-1].waiting) == (300, 0)


def test_a_429_without_a_time_is_waited_out_slowly(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Where the service names none, the waits grow by themselves: it is not flooded."""
    server = serve(busy(2, retry_after="0"))
    assert (
        export(connect(server.base_url, max_retries=0), SEARCH, tmp_path / "hits.csv", prefetch=0).hits == 300
    )
    assert len(server.requests) == 4 + 2


@pytest.mark.usefixtures("no_waiting")
def test_a_plan_limit_is_not_waited_out(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It ends the export, keeps what is there, and says how to go on."""
    limit = Answer({"message": "used up", "code": "QUOTA_EXCEEDED"}, 429)
    face, path = connect(serve(failing(assets(300), 200, limit)).base_url), tmp_path / "hits.csv"
    with pytest.raises(
        PlanLimitError, match=r"200 hits are kept in .*hits\.csv\.journal: the same call with resume"
    ):
        export(face, SEARCH, path, prefetch=0)


@pytest.mark.parametrize("of_client", [True, False])
def test_a_deadline_bounds_a_page(connect: Connect, serve: Serve, tmp_path: Path, *, of_client: bool) -> None:
    """A 429 that lasts longer is not waited out, whoever set the deadline."""
    server = serve(busy(1, retry_after="30"))
    face = connect(server.base_url, **({"deadline": 2.0} if of_client else {}))
    search = SEARCH if of_client else AssetSearch(query="knight", deadline=2.0)
    with pytest.raises((RateLimitError, DeadlineExceededError), match="100 hits are kept"):
        export(face, search, tmp_path / "hits.csv", prefetch=0)


class Full:
    """A journal's file on a disk that is full after so many bytes."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, content: Any) -> int:
        """Write what there is room for."""
        if self._room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self._file.write(content[: self._room])
        self._room -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_no_space_for_the_journal(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that are whole are kept, half a page is taken back, one line tells, and it goes on where there is space."""
    server = serve(paged(assets(300)))
    face, path = connect(server.base_url), tmp_path / "hits.jsonl"
    locked = journal.locked_file

    def nearly_full(at: Path) -> Any:
        return Full(locked(at), 60_000)

    monkeypatch.setattr(journal, "locked_file", nearly_full)
    with pytest.raises(WriteError) as caught:
        export(face, SEARCH, path, prefetch=0)
    told = str(caught.value)
    assert caught.value.errno == errno.ENOSPC
    assert f"could not write {path}: No space left on device; nothing was left there; free some space" in told
    assert told.endswith(f"100 hits are kept in {path}.journal: the same call with resume=True goes on there")
    assert "\n" not in told
    assert (tmp_path / "hits.jsonl.journal").read_bytes().endswith(b"}\n")
    monkeypatch.setattr(journal, "locked_file", locked)
    server.requests.clear()
    assert export(face, SEARCH, path, resume=True, prefetch=0).hits == 300
    assert server.bodies()[0]["offset"] == 100


def ends_with(error: Exception) -> Any:
    """Give a reading of the journal that fails behind the first page, as the writing of the file may."""
    read = journal.Journal.read

    def failing_read(self: journal.Journal) -> Iterator[tuple[journal.Record, bytes]]:
        for page in read(self):
            yield page
            raise error

    return failing_read


def test_no_space_for_the_file(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """The journal is kept whole, and nothing is asked for again."""
    server = serve(paged(assets(300)))
    face, path = connect(server.base_url), tmp_path / "hits.csv"
    path.write_text("old", encoding="utf-8")
    no_space = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal.Journal, "read", ends_with(no_space))
        with pytest.raises(
            WriteError, match=r"what stood there is untouched; free some space.*; 300 hits are kept in"
        ):
            export(face, SEARCH, path, overwrite=True)
    assert names(tmp_path) == ["hits.csv", "hits.csv.journal"]
    assert path.read_text(encoding="utf-8") == "old"
    server.requests.clear()
    done = export(face, SEARCH, path, resume=True)
    assert (done.hits, done.requests, server.requests, names(tmp_path)) == (300, 0, [], ["hits.csv"])


def test_a_file_that_comes_meanwhile_stays(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """What somebody puts there while the export runs is not written over, and the hits are kept."""
    path = tmp_path / "hits.csv"
    face = connect(serve(paged(assets(300))).base_url)

    def put_there(_: ExportProgress) -> None:
        path.write_text("mine", encoding="utf-8")

    with pytest.raises(WriteError, match=r"is there already.*; 300 hits are kept in"):
        export(face, SEARCH, path, on_progress=put_there)
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_missing_folder(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It is told before any request."""
    server = serve(paged(assets(3)))
    with pytest.raises(WriteError, match=r"make its folder first$"):
        export(connect(server.base_url), SEARCH, tmp_path / "missing" / "hits.csv")
    assert server.requests == []


def test_two_exports_to_one_file(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """The second one is refused while the first is under way, and both may be had one after another."""
    pytest.importorskip("fcntl")
    path = tmp_path / "hits.csv"
    server = serve(paged(assets(300)))
    face = connect(server.base_url)
    refused: list[str] = []

    def second(told: ExportProgress) -> None:
        if told.written:
            return

        def attempt() -> None:
            with connect_sync(server.base_url) as other, pytest.raises(WriteError) as caught:
                other.search.export(SEARCH, path, resume=True)
            refused.append(str(caught.value))

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    assert export(face, SEARCH, path, on_progress=second, max_hits=100).hits == 100
    assert refused[0].startswith(
        f"another export to this file is under way, and has {path}.journal: wait for its end"
    )
    assert export(face, SEARCH, path, overwrite=True).hits == 300


def connect_sync(base_url: str) -> Any:
    """Open a client for another thread."""
    from scenario_async import Scenario  # noqa: PLC0415

    return Scenario(api_key="emulator", api_secret="emulator", base_url=base_url)


def test_nothing_is_kept_of_nothing(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """An export that fails before its first page leaves no journal behind."""
    face = connect(serve(failing(assets(3), 0, Answer({"message": "no"}, 400))).base_url)
    with pytest.raises(ScenarioError, match="nothing is kept, as no page was there yet"):
        export(face, SEARCH, tmp_path / "hits.csv")
    assert names(tmp_path) == []


def slow(request: Arrived) -> dict[str, Any]:
    """Answer two pages at once, and the others after a long time."""
    if request.body["offset"] >= 200:
        threading.Event().wait(5)
    answer = paged(assets(500))(request)
    assert isinstance(answer, dict)
    return answer


def test_a_cancelled_export(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It ends soon with nothing under way, says what is kept, and goes on."""
    server = serve(slow)
    face, path = connect(server.base_url), tmp_path / "hits.csv"
    if not isinstance(face, AsyncFace):
        pytest.skip("the sync client is interrupted: see below")
    task = face.runner.run(cancelled_after(face, 1.0, SEARCH, path))
    assert task.cancelled()
    with pytest.raises(asyncio.CancelledError) as caught:
        task.result()
    del caught
    assert names(tmp_path) == ["hits.csv.journal"]
    server.script = paged(assets(500))
    assert export(face, SEARCH, path, resume=True).hits == 500


PROGRAM = """
import asyncio, sys
from scenario_async import AssetSearch, AsyncScenario, Scenario

def told(progress):
    if progress.hits == 200:
        print("ready", flush=True)

async def main():
    async with AsyncScenario() as client:
        await client.search.export(AssetSearch(query="knight"), sys.argv[2], prefetch=0, on_progress=told)

if sys.argv[1] == "async":
    asyncio.run(main())
else:
    with Scenario() as client:
        client.search.export(AssetSearch(query="knight"), sys.argv[2], prefetch=0, on_progress=told)
"""


@pytest.mark.parametrize("client", ["async", "sync"])
def test_ctrl_c(connect: Connect, serve: Serve, tmp_path: Path, client: str) -> None:
    """The traceback has a line that says what is kept and how to go on."""
    server = serve(slow)
    face, path = connect(server.base_url), tmp_path / "hits.csv"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, client, str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(server.base_url), cwd=tmp_path,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    kept_line = f"200 hits are kept in {path}.journal: the same call with resume=True goes on there"
    assert f"the export ended early: {kept_line}" in errors.splitlines()
    server.script = paged(assets(500))
    assert export(face, SEARCH, path, resume=True).hits == 500


def test_given_up_while_the_file_is_made(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """What was begun of the file goes, the journal stays, and the next run only makes the file."""
    face, path = connect(serve(paged(assets(300))).base_url), tmp_path / "hits.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal.Journal, "read", ends_with(sink.StoppedError()))
        with pytest.raises(sink.StoppedError):
            export(face, SEARCH, path)
    assert names(tmp_path) == ["hits.csv.journal"]
    assert export(face, SEARCH, path, resume=True).requests == 0


def test_what_is_not_of_an_export_stays(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """A file that somebody else is downloading beside it, for instance."""
    face = connect(serve(paged(assets(3))).base_url)
    others = [tmp_path / name for name in ("k.csv.part", "k.csv.part-journal", ".k.csv.part")]
    for each in others:
        each.write_text("mine", encoding="utf-8")
    for options in ({}, {"overwrite": True}, {"resume": True}):
        export(face, SEARCH, tmp_path / "k.csv", **options)
    assert [each.read_text(encoding="utf-8") for each in others] == ["mine"] * 3
    assert len(names(tmp_path)) == 4


def test_a_folder_in_the_place_of_the_journal(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """It is named, with the way out."""
    (tmp_path / "k.csv.journal").mkdir()
    told = r"k\.csv\.journal is a folder, where the journal of the export would be: move it away, or name another"
    with pytest.raises(WriteError, match=told):
        export(connect(serve(paged(assets(3))).base_url), SEARCH, tmp_path / "k.csv")
