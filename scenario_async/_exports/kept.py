"""An export to a path: pages go to a journal beside it, of which the file is made in one pass at the end."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from scenario_async._exports.journal import Journal, page_of
from scenario_async._exports.lines import hits_of, lines_of
from scenario_async._exports.sink import Sink, StoppedError
from scenario_async._paging.seen import CompactIds
from scenario_async._tables.replacing import check_target, remove_beside
from scenario_async._tables.texts import moment_text
from scenario_async._tables.writing import beside, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenario_async._exports.journal import Purpose, Record
    from scenario_async._exports.sink import Portion, What
    from scenario_async.models import Hit

_LONGEST_NAME: Final = 200
"""The bytes of a name that leave room for the suffixes of the journal and of what is made of it."""


class Kept(Sink):
    """An export to a path.

    A page that `append` has taken is safe from whatever ends the process, and the file appears by one rename: before
    that it is laid down on the disk, which a journal never is, so that a power failure may cost pages.
    """

    def __init__(self, what: What, target: Path, purpose: Purpose, *, resume: bool, overwrite: bool) -> None:
        super().__init__(what)
        self.path = self._target = target
        self._purpose = purpose
        self._resume = resume
        self._overwrite = overwrite
        self._journal_path = _journal_of(target)
        self._journal: Journal | None = None
        self._done = False
        self._stopping = threading.Event()

    def open(self) -> None:
        """Open the journal, with what is in it; `WriteError` for what stands in the way."""
        with told(self._target):
            check_target(self._target, overwrite=self._overwrite or self._resume)
            now = moment_text(datetime.now(UTC))
            self._journal = journal = Journal.opened(
                self._journal_path, self._purpose, now, resume=self._resume, anew=self._overwrite
            )
            for since in filter(None, (journal.before, journal.since)):
                self._remove_leftovers(self._part_of(since))
            self.hits, self.pages = journal.hits, journal.pages
            if journal.last is not None:
                self.next, self.end = journal.last.next, journal.last.end
            if self.end is None:
                for _, lines in journal.read():
                    self.seen.update(hit.id for hit in self._read(lines))

    def prepared(self, portion: Portion) -> Portion:
        """Make what the journal has of a page."""
        hits = portion.hits
        page = page_of(lines_of(hits), len(hits), portion.next, portion.end)
        return attrs.evolve(portion, page=page)

    def append(self, portion: Portion) -> None:
        """Add a page to the journal."""
        assert self._journal is not None  # noqa: S101 - it was opened
        hits = portion.hits
        with told(self._target):
            self._journal.append(portion.page, len(hits), portion.next, portion.end)
        self.hits += len(hits)
        self.pages += portion.is_page

    def finish(self) -> None:
        """Make the file of the journal, and remove that."""
        assert self._journal is not None  # noqa: S101 - it was opened
        self.seen = CompactIds()
        allowed = self._overwrite or self._resume
        part, database = self._part_of(self._journal.since), self.what.how.database
        with (
            told(self._target),
            beside(self._target, overwrite=allowed, part=part, database=database) as growing,
        ):
            self._write(self._journal, growing)
        self._done = True
        with suppress(OSError):
            self._journal.remove()

    def stop(self) -> None:
        """Let `finish` end soon, with nothing done; from whatever thread."""
        self._stopping.set()

    def close(self) -> None:
        """Let others have the file; a journal with nothing in it goes."""
        if self._journal is not None:
            if not self._done and not self._journal.pages:
                with suppress(OSError):
                    self._journal.remove()
            self._journal.close()
            if self._done and os.name == "nt":  # where what is open cannot be removed
                with suppress(OSError):
                    self._journal.remove()

    def kept(self) -> str:
        """Tell what is kept, and how to go on."""
        if self._done or self._journal is None:
            return ""
        if not self.pages:
            return "nothing is kept, as no page was there yet"
        way = "the same call with resume=True goes on there"
        return f"{self.hits:,} hits are kept in {self._journal_path}: {way}"

    def _write(self, journal: Journal, part: Path) -> None:
        how, layout = self.what.how, self.what.layout(journal.since)
        if how.database:
            how.write(part, self._all(journal), layout)
            return
        with part.open("wb") as file:
            if how.name == "jsonl" and not layout.flat:
                for record, lines in self._pages(journal):
                    file.write(lines)
                    self.written += record.hits
            else:
                how.write(file, self._all(journal), layout)

    def _all(self, journal: Journal) -> Iterator[Hit]:
        for record, lines in self._pages(journal):
            yield from self._read(lines)
            self.written += record.hits

    def _pages(self, journal: Journal) -> Iterator[tuple[Record, bytes]]:
        for page in journal.read():
            if self._stopping.is_set():
                raise StoppedError
            yield page

    def _read(self, lines: bytes) -> list[Hit]:
        return hits_of(lines, self.what.hit_class)

    def _part_of(self, since: str) -> Path:
        """Give where the file grows: under a name that none but the export that was begun then can have."""
        digest = hashlib.blake2b(since.encode(), digest_size=6).hexdigest()
        return self._journal_path.with_name(f".{self._journal_path.stem}.{digest}.part")

    def _remove_leftovers(self, part: Path) -> None:
        """Remove what a process left that was killed while it made the file."""
        part.unlink(missing_ok=True)
        remove_beside(part)


def _journal_of(target: Path) -> Path:
    """Give the path of a target's journal: beside the file that is meant, where a link stands for it."""
    real = Path(os.path.realpath(target))
    name = os.fsencode(real.name)
    if len(name) > _LONGEST_NAME:
        digest = hashlib.blake2b(name, digest_size=8).hexdigest()
        name = (
            name[: _LONGEST_NAME - len(digest) - 1].decode(errors="ignore").encode() + f"~{digest}".encode()
        )
    return real.with_name(os.fsdecode(name) + ".journal")
