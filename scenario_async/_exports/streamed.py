"""An export to a file object, which is written as pages come; whoever opened it closes it."""

from __future__ import annotations

import threading
from contextlib import suppress
from inspect import isawaitable
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from scenario_async._exports.sink import Sink, StoppedError
from scenario_async._support import checks
from scenario_async._tables.writing import write_all
from scenario_async.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from scenario_async._exports.sink import Portion, What
    from scenario_async.models import Hit

_PAGES_AHEAD: Final = 2
_PATIENCE: Final = 0.2
_LONGEST_END: Final = 5.0
"""Seconds that a file may take for the pages that were read when the export is given up."""
OF_BYTES: Final = ("parquet", "arrow")
"""What takes no texts, and what nobody can read without its end."""


class Streamed(Sink):
    """An export to a file object: a thread writes it, with the pages that it is given."""

    def __init__(self, what: What, out: Out) -> None:
        super().__init__(what)
        self._out = out
        self._taken = 0
        out.on_write = self._wrote
        self._pages: Queue[Sequence[Hit] | None] = Queue(_PAGES_AHEAD)
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._too_late = False
        self._whole = False
        self._writer = threading.Thread(target=self._work, name="scenario-async-export-to", daemon=True)

    def open(self) -> None:
        """Let the thread begin."""
        self._writer.start()

    def append(self, portion: Portion) -> None:
        """Hand a page to the thread, which may be two pages behind."""
        self._hand_over(portion.hits)
        self.hits += len(portion.hits)
        self.pages += portion.is_page

    def finish(self) -> None:
        """Wait until all is written."""
        self._hand_over(None)
        while self._writer.is_alive():
            self._writer.join(_PATIENCE)
            if self._stopping.is_set():
                raise StoppedError
        self._raise_failure()

    def stop(self) -> None:
        """Let the thread end behind the pages that it was given."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of the file, which is not closed."""
        self._stopping.set()
        if self._writer.is_alive():
            self._writer.join(_LONGEST_END)
        self._too_late = True

    def kept(self) -> str:
        """Tell what was written."""
        way = "only an export to a path can go on: begin anew"
        if not self._whole and self.what.how.name in OF_BYTES:
            return f"what was written cannot be read, and {way}"
        return f"the first {self.written:,} hits were written, and {way}"

    def _hand_over(self, hits: Sequence[Hit] | None) -> None:
        while not self._stopping.is_set():
            self._raise_failure()
            with suppress(Full):
                self._pages.put(hits, timeout=_PATIENCE)
                return
        raise StoppedError

    def _raise_failure(self) -> None:
        failure = self._failure
        if failure is None:
            return
        if isinstance(failure, OSError) and not isinstance(failure, WriteError):
            reason = failure.strerror or str(failure) or type(failure).__name__
            raise WriteError(f"could not write to the file: {reason}", code=failure.errno) from failure
        raise failure

    def _work(self) -> None:
        try:
            self.what.how.write(cast("Any", self._out), self._given(), self.what.layout())
            self._out.flush()
            self._whole = True
        except BaseException as error:  # noqa: BLE001 - it is raised where the next page is handed over
            self._failure = error

    def _given(self) -> Iterator[Hit]:
        while (hits := self._next_page()) is not None:
            for hit in hits:
                if self._too_late:
                    raise StoppedError
                self._taken += 1
                yield hit

    def _wrote(self) -> None:
        """Count what is in the file: formats write what they have taken, some of them many hits at once."""
        self.written = self._taken

    def _next_page(self) -> Sequence[Hit] | None:
        """Give the next page, None at the end: also where the export is given up, so that the file ends there whole."""
        while True:
            stopping = self._stopping.is_set()
            with suppress(Empty):
                return self._pages.get(timeout=0.0 if stopping else _PATIENCE)
            if stopping:
                return None


class Out:
    """A file object to write bytes to, also where it takes texts; nobody closes it from here."""

    closed: bool = False

    def __init__(self, file: Any, *, of_texts: bool) -> None:  # noqa: ANN401
        self._file = file
        self._of_texts = of_texts
        self._written = 0
        self.on_write: Callable[[], object] = lambda: None

    def write(self, content: bytes | bytearray | memoryview) -> int:
        """Write all of it."""
        whole = bytes(content)
        write_all(self._file, whole.decode() if self._of_texts else whole)
        self._written += len(whole)
        self.on_write()
        return len(whole)

    def writelines(self, lines: Iterable[bytes]) -> None:
        """Write line after line."""
        for line in lines:
            self.write(line)

    def tell(self) -> int:
        """Tell how much was written."""
        return self._written

    def flush(self) -> None:
        """Let what was written go on its way."""
        flush = getattr(self._file, "flush", None)
        if flush is not None:
            flush()

    def close(self) -> None:
        """Do nothing."""

    def readable(self) -> bool:
        """Tell that there is nothing to read."""
        return False

    def seekable(self) -> bool:
        """Tell that it is written from its beginning to its end."""
        return False

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True


def out_of(file: Any, format: str) -> Out:  # noqa: ANN401
    """Give what writes to a file object, or refuse one that takes neither bytes nor texts."""
    of_texts = False
    try:
        taken = file.write(b"")
    except TypeError:
        of_texts = True
    except WriteError:
        raise
    except (OSError, ValueError) as error:
        _refuse(file, f"it cannot be written: {error}")
    else:
        if isawaitable(taken):
            close = getattr(taken, "close", None)
            if close is not None:
                close()
            _refuse(file, "its write() is to be awaited; pass one that writes at once")
    if of_texts and format in OF_BYTES:
        _refuse(file, f'{format} is bytes, and it takes texts; open it with mode "wb"')
    return Out(file, of_texts=of_texts)


def _refuse(file: object, rule: str) -> NoReturn:
    checks.refuse("path", f"<{type(file).__name__}>", rule)
