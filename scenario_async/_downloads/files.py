"""Files on the disk: how they grow as parts, and how they get their names. All of it blocks, and is for threads."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._downloads.formats import HEAD

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK: Final = 2**20
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS_BINARY: Final = _FLAGS | getattr(os, "O_BINARY", 0)


@attrs.define(eq=False)
class Part:
    """A file while it grows: `size` bytes of it are there, which begin with `head`.

    One that is `noted` in the manifest can be continued later.
    """

    path: Path
    size: int = 0
    head: bytes = b""
    noted: bool = False
    _digest: Any = attrs.field(factory=hashlib.sha256)
    _file: int | None = None

    @classmethod
    def read(cls, path: Path) -> Part:
        """Read what is there of a file that was begun before."""
        part = cls(path)
        with path.open("rb") as file:
            while content := file.read(_CHUNK):
                part._take(content)
        return part

    @property
    def sha256(self) -> str:
        """The digest of what is there."""
        return str(self._digest.hexdigest())

    def _take(self, content: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += content[: HEAD - len(self.head)]
        self._digest.update(content)
        self.size += len(content)

    def write(self, chunks: list[bytes]) -> None:
        """Add bytes."""
        content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._file is None:
            self._file = os.open(self.path, _FLAGS_BINARY | (0 if self.size else os.O_TRUNC), 0o666)
            os.lseek(self._file, self.size, os.SEEK_SET)
        left = memoryview(content)
        while left:
            written = os.write(self._file, left)
            self._take(bytes(left[:written]) if written < len(content) else content)
            left = left[written:]

    def lay_down(self) -> None:
        """Have all of it written to the disk, and close it."""
        try:
            if self._file is not None:
                os.fsync(self._file)
        finally:
            self.close()

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def abandon(self) -> None:
        """Close the file, and remove it unless it can be continued."""
        if self.noted:
            with suppress(OSError):
                self.close()
        else:
            self.remove()

    def remove(self) -> None:
        """Close the file and remove it."""
        with suppress(OSError):
            self.close()
        with suppress(OSError):
            self.path.unlink()


def is_same(path: Path, part: Part) -> bool | None:
    """Tell whether a file holds the same as a part; None if there is no such file."""
    try:
        if path.is_symlink() or not path.is_file():
            return False if os.path.lexists(path) else None
        if path.stat().st_size != part.size:
            return False
        return Part.read(path).sha256 == part.sha256
    except FileNotFoundError:
        return None
    except OSError:  # somebody else's, who lets nobody read it
        return False


def give_name(part: Path, path: Path) -> None:
    """Give a whole file its name, all at once; `FileExistsError` if another file has it."""
    try:
        os.link(part, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        part.rename(path)
    else:
        part.unlink()


def write_whole(path: Path, content: bytes, part: Path) -> None:
    """Write a small file, all at once, in the place of an earlier one."""
    growing = Part(part)
    try:
        growing.write([content])
        growing.lay_down()
        part.replace(path)
    except BaseException:
        growing.remove()
        raise
