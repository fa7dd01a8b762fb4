"""The folder: full, unwritable, taken, with files of others, with a manifest that is torn."""

from __future__ import annotations

import errno
import json
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from download.running import Downloads, download, statuses
from support.faces import AsyncFace

from scenario_async import ScenarioError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.faces import Connect

    from scenario_async.emulator import Emulator


def failing(name: str, number: int, when: Callable[[int], bool]) -> Callable[..., Any]:
    """Give one of `os`'s functions that fails when it is to, by the number of the call."""
    real, calls = getattr(os, name), [0]

    def call(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if when(calls[0]):
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    return call


@pytest.mark.parametrize(
    ("number", "told"), [(errno.ENOSPC, "No space left on device"), (errno.EROFS, "Read-only file system")]
)
@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_a_full_disk_ends_it_with_one_line(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch, number: int, told: str, call: str
) -> None:
    """What was saved stays and is whole; with space again, the same call gets the rest."""
    first = downloads.run(downloads.hits()[:3])
    before = downloads.files
    with monkeypatch.context() as full:
        # The manifest is opened first, which is another story.
        full.setattr(os, call, failing(call, number, lambda time: time > (1 if call == "open" else 2)))
        with pytest.raises(WriteError) as caught:
            downloads.run(concurrency=2)
    message = str(caught.value)
    assert message.startswith(
        f"nothing more can be written to {downloads.folder}: {told}; what was saved stays"
    )
    assert "the same call goes on there" in message
    assert "\n" not in message
    assert isinstance(caught.value.__cause__, OSError)
    pictures = {name: content for name, content in downloads.files.items() if name.endswith(".png")}
    assert before.items() <= pictures.items()
    again = downloads.run()
    assert set(statuses(again)) == {"saved", "present"}
    assert len(downloads.files) == 12
    assert {each.hit.id: each.sha256 for each in first}.items() <= {
        each.hit.id: each.sha256 for each in again
    }.items()


def test_a_disk_that_fills_up_within_a_line_of_the_manifest(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is torn; the next one begins on a line of its own."""
    real = os.write

    def half(file: int, content: Any) -> int:
        if bytes(content[:1]) == b"{":
            real(file, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "full")
        return real(file, content)

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        with pytest.raises(WriteError, match="nothing more can be written"):
            downloads.run(downloads.hits()[:1])
    assert statuses(downloads.run()) == {"saved": 12}
    assert statuses(downloads.run()) == {"present": 12}


def test_a_folder_that_cannot_be_made(downloads: Downloads, connect: Connect, tmp_path: Path) -> None:
    """It is named, with the reason."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError, match=f"{tmp_path / 'file'}.*: (File exists|Not a directory)"):
        download(downloads.face, [], tmp_path / "file")
    with pytest.raises(WriteError, match="Not a directory"):
        download(downloads.face, [], tmp_path / "file" / "below")


def test_a_folder_that_cannot_be_written(downloads: Downloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is with one that belongs to somebody else."""
    monkeypatch.setattr(os, "open", failing("open", errno.EACCES, lambda _: True))
    with pytest.raises(WriteError, match=f"{downloads.folder}: Permission denied"):
        downloads.run()


def test_a_name_that_a_file_system_refuses(downloads: Downloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some take shorter ones only: then that file fails, and the others come."""
    real = os.link

    def link(source: Any, target: Any, **options: Any) -> None:
        if "00003" in str(target):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "rename", failing("rename", errno.ENAMETOOLONG, lambda _: True))
    done = downloads.run()
    assert statuses(done) == {"saved": 11, "failed": 1}
    assert len(downloads.files) == 11


def test_one_download_has_a_folder_at_a_time(downloads: Downloads) -> None:
    """A second one is refused at once, and the first one goes on."""
    face, hits = downloads.face, downloads.hits()
    refusal = f"another download into {downloads.folder} is under way"
    if isinstance(face, AsyncFace):

        async def both() -> dict[str, int]:
            items = face.client.download(hits, downloads.folder)
            first = await anext(items)
            with pytest.raises(ScenarioError, match=refusal):
                await anext(face.client.download(hits, downloads.folder))
            return statuses([first, *[each async for each in items]])

        assert face.runner.run(both()) == {"saved": 12}
        return
    with closing(face.client.download(hits, downloads.folder)) as items:
        first = next(items)
        with pytest.raises(ScenarioError, match=refusal):
            next(face.client.download(hits, downloads.folder))
        assert statuses([first, *items]) == {"saved": 12}


def test_a_folder_without_locks(downloads: Downloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system has none, it works without."""
    import fcntl  # noqa: PLC0415 - where there is one

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert statuses(downloads.run()) == {"saved": 12}


def test_a_file_of_somebody_else_stays(downloads: Downloads) -> None:
    """The hit's own gets another name, which it has from then on."""
    downloads.folder.mkdir()
    (downloads.folder / "asset_00000.png").write_bytes(b"mine")
    (downloads.folder / "asset_00001.png").symlink_to(downloads.folder / "nowhere")
    done = downloads.run(downloads.hits()[:2])
    assert statuses(done) == {"saved": 2}
    assert (downloads.folder / "asset_00000.png").read_bytes() == b"mine"
    assert (downloads.folder / "asset_00001.png").is_symlink()
    assert not (downloads.folder / "nowhere").exists()
    assert all(each.path is not None and "-" in each.path.name for each in done)
    assert statuses(downloads.run(downloads.hits()[:2])) == {"present": 2}


def test_where_no_name_is_left(downloads: Downloads) -> None:
    """That file fails, with a way out."""
    done = downloads.run(downloads.hits()[:1])
    name = done[0].path
    assert name is not None
    (downloads.folder / "manifest.jsonl").unlink()
    name.write_bytes(b"mine")
    second = downloads.run(downloads.hits()[:1])[0].path
    assert second is not None
    second.write_bytes(b"mine too")
    (downloads.folder / "manifest.jsonl").unlink()
    third = downloads.run(downloads.hits()[:1])
    assert "give another folder, or another name" in str(third[0].error)
    assert (name.read_bytes(), second.read_bytes()) == (b"mine", b"mine too")


def test_files_without_their_manifest_are_known_again(downloads: Downloads) -> None:
    """They are fetched to be compared, and taken as they are: nothing is there twice."""
    downloads.run()
    before = downloads.files
    (downloads.folder / "manifest.jsonl").unlink()
    assert statuses(downloads.run()) == {"saved": 12}
    assert downloads.files == before
    assert statuses(downloads.run()) == {"present": 12}


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "asset_00000", "path": "asset_',
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b'{"id": 5}',
        b'{"id": "asset_00000", "path": "../../etc/passwd", "bytes": 1, "sha256": "", "status": "saved"}',
        b'{"id": "asset_00000", "path": "manifest.jsonl", "bytes": 1, "sha256": "", "status": "saved"}',
        b'{"id": "asset_00000", "path": "a.png", "bytes": "1", "sha256": "", "status": "saved"}',
        b'{"id": "asset_00000", "path": "a.png", "bytes": 1, "etag": "x", "status": "part"}',
        b'{"id": "asset_00000", "path": null, "bytes": 1, "status": "saved"}',
        b'{"id": "asset_00000", "path": "a.png", "bytes": 1, "status": "else"}',
    ],
)
def test_a_manifest_that_is_torn(downloads: Downloads, line: bytes) -> None:
    """A line that cannot be read counts for nothing, and the next one is written whole."""
    downloads.run(downloads.hits()[:3])
    path = downloads.folder / "manifest.jsonl"
    path.write_bytes(path.read_bytes() + line)
    done = downloads.run()
    assert statuses(done) == {"saved": 9, "present": 3}
    lines = path.read_bytes().splitlines()
    assert line in lines
    assert sum(json.loads(each)["status"] == "saved" for each in lines if each != line) == 12
    assert statuses(downloads.run()) == {"present": 12}


def test_leftovers_of_a_kill_are_removed(downloads: Downloads) -> None:
    """Parts that nobody can continue go; other files stay."""
    downloads.folder.mkdir()
    leftover = downloads.folder / f"{'0a' * 16}.part"
    leftover.write_bytes(b"half")
    (downloads.folder / "mine.part").write_bytes(b"mine")
    downloads.run(downloads.hits()[:1])
    assert [*downloads.files] == ["asset_00000.png", "mine.part"]


def test_a_file_system_without_links(downloads: Downloads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files get their names by being renamed, if no other file has them."""
    monkeypatch.setattr(os, "link", failing("link", errno.EPERM, lambda _: True))
    downloads.folder.mkdir()
    (downloads.folder / "asset_00000.png").write_bytes(b"mine")
    assert statuses(downloads.run()) == {"saved": 12}
    assert downloads.files["asset_00000.png"] == b"mine"
    assert len(downloads.files) == 13


def test_the_end_of_a_client_ends_its_downloads(
    connect: Connect, emulator: Emulator, base_url: str, tmp_path: Path
) -> None:
    """With an error that says so; the folder is free again."""
    downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
    face, hits = downloads.face, downloads.hits()
    emulator.faults.repeat("ok, hang", kind="pictures")
    if isinstance(face, AsyncFace):

        async def close_within() -> None:
            items = face.client.download(hits, downloads.folder)
            await anext(items)
            await face.client.aclose()
            async for _ in items:
                pass

        with pytest.raises(ScenarioError, match="the client was closed during the call"):
            face.runner.run(close_within())
    else:
        items = face.client.download(hits, downloads.folder)
        next(items)
        face.client.close()
        with pytest.raises(ScenarioError, match="the client was closed during the call"):
            list(items)
    with pytest.raises(ScenarioError, match="this client is closed"):
        face.client.download(hits, downloads.folder)
    emulator.faults.clear()
    other = connect(base_url)
    assert set(statuses(download(other, hits, downloads.folder))) == {"saved", "present"}
