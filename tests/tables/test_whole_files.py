"""Files appear whole or not at all, take no more memory than a few batches, and what is there stays."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import pytest
from support.hits import asset
from support.programs import needs
from tables.kept import names_in, read_csv, table

from scenario_async import AssetHit, WriteError
from scenario_async._tables import writing
from scenario_async._tables.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("pyarrow", "polars")

FILES = [name for name, each in FORMATS.items() if not each.database]


@pytest.mark.parametrize("name", FILES)
def test_a_target_that_exists_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    """Unless it may be overwritten."""
    path = tmp_path / f"x{FORMATS[name].suffixes[0]}"
    path.write_bytes(b"mine")
    with pytest.raises(WriteError) as caught:
        table().write(path)
    assert (
        str(caught.value)
        == f"{path} is there already, and is left as it is: pass overwrite=True, or name another file"
    )
    assert caught.value.errno == errno.EEXIST
    assert path.read_bytes() == b"mine"
    table().write(path, overwrite=True)
    assert path.read_bytes() != b"mine"
    assert names_in(tmp_path) == [path.name]


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    """Also where files may be overwritten."""
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(WriteError, match=r"x\.csv is a folder"):
        table().write(tmp_path / "x.csv", overwrite=True)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """In one line that says how to go on."""
    with pytest.raises(WriteError) as caught:
        table().write(tmp_path / "missing" / "x.csv")
    assert str(caught.value).endswith(
        "No such file or directory; nothing was left there; make its folder first"
    )
    assert isinstance(caught.value, OSError)
    assert "\n" not in str(caught.value)


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, content: bytes) -> int:
        """Write, or fail as the system does."""
        self._room -= len(content)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(content)

    def writelines(self, lines: Any) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("there", [False, True])
def test_no_space_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, there: bool) -> None:
    """Nothing half-written is left, what stood there stands there, and the error says so in one line."""
    path = tmp_path / f"x{FORMATS[name].suffixes[0]}"
    if there:
        path.write_bytes(b"mine")
    opened: Any = Path.open

    def cramped(self: Path, mode: str) -> Full:
        return Full(opened(self, mode), 100)

    monkeypatch.setattr(Path, "open", cramped)
    with pytest.raises(WriteError) as caught:
        table(count=300).write(path, overwrite=True)
    monkeypatch.undo()
    kept = "what stood there is untouched" if there else "nothing was left there"
    way_out = "free some space, or write to another place"
    assert str(caught.value) == f"could not write {path}: No space left on device; {kept}; {way_out}"
    assert caught.value.errno == errno.ENOSPC
    assert names_in(tmp_path) == ([path.name] if there else [])
    assert not there or path.read_bytes() == b"mine"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("failure", [RuntimeError("mine"), KeyboardInterrupt()])
def test_an_error_or_an_interrupt_leaves_nothing(tmp_path: Path, name: str, failure: BaseException) -> None:
    """What the hits raise on their way is not changed."""
    how = FORMATS[name]

    def hits() -> Iterator[AssetHit]:
        yield from table(count=2000)
        raise failure

    with pytest.raises(type(failure)) as caught:
        writing.keep(tmp_path / "x", hits(), how, how.layout(AssetHit), overwrite=False)
    assert caught.value is failure
    assert names_in(tmp_path) == []


def test_what_somebody_writes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """The name is taken only if it is still free."""
    path = tmp_path / "x.csv"

    def hits() -> Iterator[AssetHit]:
        yield from table()
        path.write_bytes(b"theirs")

    how = FORMATS["csv"]
    with pytest.raises(WriteError, match="is there already"):
        writing.keep(path, hits(), how, how.layout(AssetHit), overwrite=False)
    assert path.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["x.csv"]


def test_where_there_are_no_links_a_file_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have none."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    path = table().write(tmp_path / "x.csv")
    assert len(read_csv(path)) == 3
    assert names_in(tmp_path) == ["x.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are those of POSIX")
def test_modes_and_links_are_kept(tmp_path: Path) -> None:
    """A new file has the usual mode, one that is overwritten keeps its own, and a link stays a link."""
    before = os.umask(0o027)
    try:
        new = table().write(tmp_path / "new.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    new.chmod(0o600)
    (tmp_path / "link.csv").symlink_to(new)
    table(count=1).write(tmp_path / "link.csv", overwrite=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert len(read_csv(new)) == 1


@pytest.mark.long
@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_hits(tmp_path: Path, name: str) -> None:
    """Five times as many hits take no more of it than a few batches do."""
    how = FORMATS[name]
    layout = how.layout(AssetHit)

    def most(count: int) -> int:
        hits = (AssetHit.from_dict(asset(f"asset_{number}")) for number in range(count))
        tracemalloc.reset_peak()
        writing.keep(tmp_path / f"{count}", hits, how, layout, overwrite=False)
        return tracemalloc.get_traced_memory()[1]

    most(10)
    tracemalloc.start()
    try:
        few, many = most(1100), most(5500)
    finally:
        tracemalloc.stop()
    assert many < few * 1.5


def test_a_long_name_has_room_for_its_part(tmp_path: Path) -> None:
    """255 bytes are the most that a name may have."""
    path = tmp_path / ("é" * 125 + ".csv")
    assert len(read_csv(table().write(path))) == 3
