"""Files on the disk: how they grow as parts, and how they get their names. All of it blocks, and is for threads.

Paths are texts here, as thousands of `Path` take longer than what is done with them.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from typing import Any, Final, cast

import attrs

from scenario_async._downloads.formats import HEAD

_CHUNK: Final = 2**20
_SMALL: Final = 2**16
_PIECE: Final = 2047
"""So many bytes are hashed without giving the interpreter to another thread, which would cost more than the hashing."""
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS_BINARY: Final = _FLAGS | getattr(os, "O_BINARY", 0)


@attrs.define(eq=False)
class Part:
    """A file while it grows: `size` bytes of it are there, which begin with `head`.

    One that is `noted` in the manifest can be continued later.
    """

    path: str
    size: int = 0
    head: bytes = b""
    noted: bool = False
    _digest: Any = attrs.field(factory=hashlib.sha256)
    _file: int | None = None

    @classmethod
    def read(cls, path: str) -> Part:
        """Read what is there of a file that was begun before."""
        part = cls(path)
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            while content := file.read(_CHUNK):
                part._take(content)
        return part

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return os.path.basename(self.path)  # noqa: PTH119 - see above

    @property
    def sha256(self) -> str:
        """The digest of what is there."""
        return str(self._digest.hexdigest())

    def _take(self, content: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += content[: HEAD - len(self.head)]
        if len(content) <= _SMALL:
            for start in range(0, len(content), _PIECE):
                self._digest.update(content[start : start + _PIECE])
        else:
            self._digest.update(content)
        self.size += len(content)

    def write(self, chunks: list[bytes]) -> None:
        """Add bytes."""
        content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._file is None:
            self._file = os.open(self.path, _FLAGS_BINARY | (0 if self.size else os.O_TRUNC), 0o666)
            if self.size:
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
            os.unlink(self.path)  # noqa: PTH108 - see above


def is_same(path: str, part: Part) -> bool | None:
    """Tell whether a file holds the same as a part; None if there is no such file."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size != part.size:
            return False
        return Part.read(path).sha256 == part.sha256
    except FileNotFoundError:
        return None
    except OSError:  # somebody else's, who lets nobody read it
        return False


def is_of(path: str, id_: str) -> bool | None:
    """Tell whether a file is the JSON of a hit; None if there is no such file."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            told: object = json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and cast("dict[str, object]", told).get("id") == id_


def give_name(part: str, path: str) -> None:
    """Give a whole file its name, all at once; `FileExistsError` if another file has it."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(part, path)  # noqa: PTH104 - see above
    else:
        os.unlink(part)  # noqa: PTH108 - see above


def write_whole(path: str, content: bytes, part: str) -> None:
    """Write a small file, all at once, in the place of an earlier one."""
    growing = Part(part)
    try:
        growing.write([content])
        growing.lay_down()
        os.replace(part, path)  # noqa: PTH105 - see above
    except BaseException:
        growing.remove()
        raise
