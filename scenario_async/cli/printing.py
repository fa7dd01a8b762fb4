"""Hits on the standard output: page by page, so that the first line is out when the first page is in."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar, cast

import click

from scenario_async._tables.texts import mended
from scenario_async._tables.writing import write_all
from scenario_async.cli.grid import Grid
from scenario_async.cli.progress import is_terminal
from scenario_async.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from scenario_async import SyncSearchPage
    from scenario_async._tables.formats import Format, Layout
    from scenario_async.models import Hit

_T = TypeVar("_T")
_TEXTS: Final = ("jsonl", "json", "csv")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class NobodyReadsError(Exception):
    """Who read the standard output has gone: there is nothing more to do, and nothing to say."""


class Output:
    """The standard output as a file of bytes that writers of every format can use."""

    closed = False

    def __init__(self) -> None:
        self._file: BinaryIO | None = None if sys.stdout is None else sys.stdout.buffer
        self._place = 0

    def write(self, content: bytes) -> int:
        """Write bytes, as far as anybody reads them."""
        self._place += len(content)
        self._carefully(lambda file: write_all(file, bytes(content)))
        return len(content)

    def flush(self) -> None:
        """Hand over what was written."""
        self._carefully(lambda file: file.flush())

    def tell(self) -> int:
        """Give how much was written, which a pipe does not know."""
        return self._place

    def close(self) -> None:
        """Leave it open: it is not ours."""

    def writable(self) -> bool:
        """Be a file that can be written."""
        return True

    def readable(self) -> bool:
        """Be no file that can be read."""
        return False

    def seekable(self) -> bool:
        """Go forward only."""
        return False

    def _carefully(self, act: Callable[[BinaryIO], _T]) -> _T:
        failure: OSError | None = None
        if self._file is not None:
            try:
                return act(self._file)
            except OSError as error:
                failure = error
        raise unwritten(failure)


def of_output(error: BaseException) -> bool:
    """Tell whether an error of the system is that of the standard output, which took no more or which nobody reads."""
    if not isinstance(error, OSError) or isinstance(error, WriteError):
        return False
    return error.errno in (errno.EPIPE, *_FULL) and error.filename is None


def unwritten(error: OSError | None) -> WriteError | NobodyReadsError:
    """Give what a command ends with whose standard output took no more; None is the error of one that is closed."""
    if error is not None:
        leave_output()
    if isinstance(error, BrokenPipeError):
        return NobodyReadsError()
    reason, code = ("it is closed", None) if error is None else (error.strerror, error.errno)
    return WriteError(f"could not write the standard output: {reason}; write to another place", code=code)


def leave_output() -> None:
    """Lead the standard output nowhere, so that Python does not stumble over it once more when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def goes_to_terminal() -> bool:
    """Tell whether the standard output is a terminal."""
    return is_terminal(sys.stdout)


def check_output(how: Format | None) -> None:
    """Refuse bytes that no terminal can show."""
    if how is not None and how.name not in _TEXTS and goes_to_terminal():
        message = f"{how.name} is no text for a terminal: name a file with --output, or lead it into a pipe"
        raise click.UsageError(message)


def print_ids(pages: Iterable[SyncSearchPage[Any]]) -> None:
    """Write the ids, one a line."""
    out = Output()
    for page in pages:
        out.write("".join(f"{mended(hit.id)}\n" for hit in page.hits).encode())
        out.flush()


def print_table(
    pages: Iterable[SyncSearchPage[Any]], hit_class: type[Hit], fields: Sequence[str] | None
) -> None:
    """Write the hits in columns, which the first page sets."""
    out = Output()
    grid = Grid(hit_class, fields, width=shutil.get_terminal_size().columns if goes_to_terminal() else None)
    for page in pages:
        encoding = sys.stdout.encoding or "utf-8"
        out.write("".join(f"{line}\n" for line in grid.lines(page.hits)).encode(encoding, "replace"))
        out.flush()


def print_hits(pages: Iterable[SyncSearchPage[Any]], how: Format, layout: Layout) -> None:
    """Write the hits in a format of files."""
    out = Output()
    if how.name in {"jsonl", "csv"}:  # which can be cut between any two lines
        for index, page in enumerate(pages):
            written = io.BytesIO()
            how.write(written, page.hits, layout)
            content = written.getvalue()
            out.write(content if how.name == "jsonl" or not index else content.partition(b"\n")[2])
            out.flush()
        return
    coming = iter(pages)
    first = next(coming, None)  # where the search is refused, not even a bracket is out
    hits = _flushing(chain([] if first is None else [first], coming), out)
    if how.database:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "hits.sqlite")
            how.write(path, hits, layout)
            out.write(path.read_bytes())
    else:
        how.write(cast("BinaryIO", out), hits, layout)
    out.flush()


def _flushing(pages: Iterable[SyncSearchPage[Any]], out: Output) -> Iterator[Hit]:
    for page in pages:
        yield from page.hits
        out.flush()
