"""Files that appear whole or not at all: written beside their target, made to last, and renamed."""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from scenario_async._support import checks
from scenario_async._tables.replacing import check_target, exists, remove_beside, settle
from scenario_async.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from scenario_async._tables.formats import Format, Layout
    from scenario_async.models import Hit

_LONGEST: Final = 100
_GOING_ON: Final = {
    errno.ENOSPC: "free some space, or write to another place",
    errno.EDQUOT: "free some of your quota, or write to another place",
    errno.ENOENT: "make its folder first",
    errno.ENOTDIR: "what it names as a folder is a file",
    errno.EACCES: "write to a place where you may",
    errno.EROFS: "write to a place where you may",
}


def keep(
    path: str | os.PathLike[str], hits: Iterable[Hit], how: Format, layout: Layout, *, overwrite: bool
) -> Path:
    """Write hits to a path in a format, atomically, and give the path.

    A database of ours that is there already is brought up to date, in one transaction, unless it is to be overwritten.
    Raises `WriteError`; what stood under the name still stands there then.
    """
    target = Path(checks.path(path, "path", "it must be a str or a pathlib.Path"))
    updating = how.database and not overwrite and target.is_file()
    if not updating:
        check_target(target, overwrite=overwrite)
    with told(target):
        if updating:
            how.write(target, hits, layout)
            return target
        with beside(target, overwrite=overwrite, database=how.database) as part:
            if how.database:
                how.write(part, hits, layout)
            else:
                with part.open("wb") as file:
                    how.write(file, hits, layout)
    return target


def write_all(file: Any, content: Any) -> None:  # noqa: ANN401 - bytes for a file that takes them, else texts
    """Write all of it to a file object, also to one that takes less at once; `OSError` for one that takes no more.

    What says nothing of how much it took has taken all, but for raw files: they say so where they took nothing.
    """
    while content:
        taken = file.write(content)
        if taken is None and not isinstance(file, io.RawIOBase):
            return
        if not taken:
            reason = "it takes no more for now, and does not wait until it does; pass a file that does"
            raise BlockingIOError(errno.EAGAIN, reason)
        content = content[taken:] if isinstance(taken, int) else content[:0]


def check_place(target: Path, *, overwrite: bool) -> None:
    """Refuse a target before the work for it is done: one that `check_target` refuses, or whose folder is not there."""
    check_target(target, overwrite=overwrite)
    with told(target):
        os.stat(os.path.join(target.parent, ""))  # noqa: PTH116, PTH118 - a Path has no slash at its end


@contextmanager
def told(target: Path) -> Generator[None]:
    """Turn errors of the operating system into one line that says what is kept, and how to go on."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        failure = error
    except sqlite3.Error as error:
        failure = OSError(_number_of(error), str(error))
        failure.__cause__ = error
    else:
        return
    raise _write_error(target, failure) from failure


def _number_of(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", None)
    numbers = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EACCES}
    return numbers.get(code, errno.EIO) if isinstance(code, int) else errno.EIO


def _write_error(target: Path, error: OSError) -> WriteError:
    kept = "what stood there is untouched" if os.path.lexists(target) else "nothing was left there"
    reason = error.strerror or str(error) or type(error).__name__
    going_on = _GOING_ON.get(error.errno or 0, "write again, or to another place")
    return WriteError(f"could not write {target}: {reason}; {kept}; {going_on}", code=error.errno)


@contextmanager
def beside(
    target: Path, *, overwrite: bool, part: Path | None = None, database: bool = False
) -> Generator[Path]:
    """Give a path beside a target, to be written and closed; then it becomes the target, or is gone.

    It is `part`, which is not there yet and nobody else's, or one of its own. Before a `database` becomes the target, the
    one that was there comes to rest.
    """
    target = Path(os.path.realpath(target))
    part = part or target.with_name(f".{target.name[:_LONGEST]}.{token_hex(4)}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield part
        _make_last(part)
        if overwrite:
            check_target(target, overwrite=True)
        if database and (overwrite or not os.path.lexists(target)):
            settle(target)
        if overwrite:
            with suppress(OSError):
                part.chmod(target.stat().st_mode & 0o7777)
            part.replace(target)
        else:
            _become_new(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
            if database:
                remove_beside(part)
        raise
    with suppress(OSError):  # a folder cannot be opened everywhere
        _make_last(target.parent)


def _become_new(part: Path, target: Path) -> None:
    """Rename, but never over what somebody has put there meanwhile, as far as the file system can tell."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise WriteError(exists(target), code=errno.EEXIST) from None
    except OSError:  # no links here
        check_target(target, overwrite=False)
        part.replace(target)
    else:
        part.unlink()


def _make_last(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
