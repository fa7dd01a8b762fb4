"""The journal of an export: what is asked for, and then page after page, each with the place where the next one begins.

A page is one append: a line that tells of it, with a checksum, and its hits, a line each. What stands behind the last
whole page (the process was killed, the disk was full, the power failed) is cut off, and asked for again.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast

import attrs

from scenario_async._support.locks import locked
from scenario_async.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from scenario_async.pages import StopReason

Place: TypeAlias = tuple[int, int | None] | str
"""The number and the size of a position; of a scan, a resume token."""
_SIGN: Final = b'{"scenario_async":"export",'
_VERSION: Final = 1
_LONGEST_HEAD: Final = 1024 * 1024
_LOCK_TRIES: Final = 10


@attrs.frozen
class Purpose:
    """What a journal is for; one of another purpose does not go on.

    `token` is a resume token at the search's beginning, which tells whether a search is the same, and `project` a digest.
    """

    token: str
    project: str
    format: str
    flat: bool
    max_hits: int | None
    scan: bool = False

    def differs(self, other: Purpose) -> str | None:
        """Tell what another purpose has that this has not; None if they are the same."""
        if (self.token, self.project) != (other.token, other.project):
            return "another search" if self.token != other.token else "another project"
        if self.format != other.format:
            return f"another format, {other.format!r}"
        if self.flat != other.flat:
            return f"flat={other.flat}"
        if self.scan != other.scan:
            return f"scan={other.scan}"
        return None if self.max_hits == other.max_hits else f"max_hits={other.max_hits}"


@attrs.frozen
class Record:
    """A page in a journal: how many hits it has, the place of the next one, or why there is none, and where it ends."""

    hits: int
    next: Place
    end: StopReason | None
    ends_at: int


@attrs.define(eq=False)
class Journal:
    """A journal that is open and locked. Its methods block, and are for threads.

    `since` is when the export was begun, and `before` when that was whose journal it takes the place of. `last` is the
    last page, None before the first.
    """

    path: Path
    file: BinaryIO
    since: str
    hits: int = 0
    pages: int = 0
    last: Record | None = None
    before: str | None = None
    _size: int = 0

    @classmethod
    def opened(cls, path: Path, purpose: Purpose, since: str, *, resume: bool, anew: bool) -> Journal:
        """Open the journal at a path and go on with it, or begin one.

        `WriteError` for one that another export has, for one of another purpose, and for one that neither is to go on
        nor to be begun `anew`.
        """
        file = locked_file(path)
        try:
            journal = cls(path, file, since)
            found = journal._read_head()
            if found is not None:
                journal.before = journal.since
                journal._read_pages()
                if journal.pages and journal._goes_on(purpose, found, resume=resume, anew=anew):
                    file.truncate(journal._size)
                    return journal
            journal._begin(purpose, since)
        except BaseException:
            file.close()
            raise
        return journal

    def append(self, page: bytes, hits: int, next: Place, end: StopReason | None) -> None:
        """Add a page as `page_of` gives it, which is safe from the end of this process then.

        What could not be written whole is taken back.
        """
        self._append(page)
        self._took(Record(hits, next, end, self._size))

    def read(self) -> Iterator[tuple[Record, bytes]]:
        """Give each page with its lines."""
        with self.path.open("rb") as file:
            yield from _records(file, checked=False)  # as those that are not whole were cut off

    def remove(self) -> None:
        """Remove the journal; it stays locked until it is closed."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let others have it."""
        self.file.close()

    def _begin(self, purpose: Purpose, since: str) -> None:
        self.file.truncate(0)
        self.since, self._size = since, 0
        self.hits = self.pages = 0
        self.last = None
        told = {"scenario_async": "export", "version": _VERSION, "since": since, **attrs.asdict(purpose)}
        self._append(_head(told))

    def _append(self, content: bytes) -> None:
        left = memoryview(content)
        self.file.seek(self._size)
        try:
            while left:
                left = left[self.file.write(left) :]
        except OSError:
            with suppress(OSError):
                self.file.truncate(self._size)
            raise
        self._size += len(content)

    def _took(self, record: Record) -> None:
        self.pages += record.hits > 0 or record.end is None
        self.hits += record.hits
        self.last = record

    def _read_head(self) -> Purpose | None:
        """Give what the journal is for; None where nothing is there yet."""
        head = self.file.readline(_LONGEST_HEAD)
        if not head.startswith(_SIGN[: len(head)]):
            self._refuse(
                "is no journal of an export, and is left as it is", "move it away, or name another file"
            )
        if not head.endswith(b"\n"):  # it was killed before anything was in it
            return None
        self._size = len(head)
        told = json.loads(head)
        if told.get("version") != _VERSION:
            self._refuse("was written by another version of this package", "go on with that, or remove it")
        self.since = told["since"]
        names = [field.name for field in attrs.fields(Purpose)]
        return Purpose(**{name: told[name] for name in names if name in told})

    def _read_pages(self) -> None:
        with self.path.open("rb") as file:
            for record, _ in _records(file, checked=True):
                self._took(record)
                self._size = record.ends_at

    def _goes_on(self, purpose: Purpose, found: Purpose, *, resume: bool, anew: bool) -> bool:
        other = purpose.differs(found)
        if anew and not resume:
            return False
        if other is not None:
            way = "pass overwrite=True (without resume) to begin anew, or name another file"
            self._refuse(f"is the journal of {other} ({self.hits:,} hits), and is left as it is", way)
        if not resume:
            way = "resume=True goes on there, overwrite=True begins anew"
            self._refuse(f"has {self.hits:,} hits of this export, which was interrupted", way)
        return True

    def _refuse(self, what: str, way: str) -> NoReturn:
        raise WriteError(f"{self.path} {what}: {way}", code=errno.EEXIST)


def page_of(lines: bytes, hits: int, next: Place, end: StopReason | None) -> bytes:
    """Give what a journal has of a page; made outside of its thread, which would wait its turn for each step of it."""
    told = {"hits": hits, "bytes": len(lines), "crc": zlib.crc32(lines), "next": next, "end": end}
    return _head(told) + lines


def locked_file(path: Path) -> BinaryIO:
    """Open and lock a file, which is made if it is not there."""
    if path.is_dir():
        way = "move it away, or name another file"
        raise WriteError(
            f"{path} is a folder, where the journal of the export would be: {way}", code=errno.EISDIR
        )
    for _ in range(_LOCK_TRIES):
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        file = cast("BinaryIO", os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0))
        try:
            locked(file.fileno())
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
        except BlockingIOError:
            file.close()
            break
        except BaseException:
            file.close()
            raise
        file.close()  # another export has finished just now, and removed it
    way = "wait for its end, or name another file"
    raise WriteError(f"another export to this file is under way, and has {path}: {way}", code=errno.EBUSY)


def _head(told: dict[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def _records(file: BinaryIO, *, checked: bool) -> Iterator[tuple[Record, bytes]]:
    """Give the whole pages of a journal with their lines, from its second line on."""
    at = len(file.readline(_LONGEST_HEAD))
    while (head := file.readline(_LONGEST_HEAD)).endswith(b"\n"):
        try:
            told = json.loads(head)
            length, crc = told["bytes"], told["crc"]
            place = told["next"]
            if not isinstance(place, str):
                number, size = place
                place = number, size
            lines = file.read(length)
            at += len(head) + length
            record = Record(told["hits"], place, told["end"], at)
        except (ValueError, TypeError, KeyError):
            return
        if len(lines) < length or (checked and zlib.crc32(lines) != crc):
            return
        yield record, lines
