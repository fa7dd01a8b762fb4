"""Where the pages of an export go: what a path and a file object have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import attrs

from scenario_async._paging.seen import CompactIds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scenario_async._exports.journal import Place
    from scenario_async._tables.formats import Format, Layout
    from scenario_async.models import Hit
    from scenario_async.pages import StopReason


class StoppedError(Exception):
    """The export was given up while a thread wrote."""


@attrs.frozen
class What:
    """What is written: hits of one class, in a format."""

    how: Format
    hit_class: type[Hit]
    flat: bool

    def layout(self, seen: str = "") -> Layout:
        """Give what the file is to hold, or refuse it."""
        return self.how.layout(self.hit_class, flat=self.flat, seen=seen)


@attrs.frozen
class Portion:
    """The hits of a page, the place where the next one begins, and why there is none, as far as that is known."""

    hits: Sequence[Hit]
    next: Place
    end: StopReason | None
    page: bytes = b""
    """All of it as the sink keeps it, where that is as bytes."""

    @property
    def is_page(self) -> bool:
        """Whether it counts as a page: the end that is found where nothing comes does not."""
        return bool(self.hits) or self.end is None


class Sink(ABC):
    """Where pages go. Its methods block, and are for threads, one at a time; but `stop` and `kept`.

    `hits` and `pages` count what is there, `written` the hits in the file at the end; `next` is the place where reading
    goes on, None for the beginning, `end` why there is no more to read, and `seen` has the ids. `path` is None where a
    file object is written.
    """

    path: Path | None = None

    def __init__(self, what: What) -> None:
        self.what = what
        self.hits = 0
        self.pages = 0
        self.written: int = 0
        self.next: Place | None = None
        self.end: StopReason | None = None
        self.seen = CompactIds()

    @abstractmethod
    def open(self) -> None:
        """Begin, or find out where to go on; `WriteError` for what stands in the way."""

    def prepared(self, portion: Portion) -> Portion:
        """Do what is work rather than waiting, before a page is handed to a thread, which would wait for its turn."""
        return portion

    @abstractmethod
    def append(self, portion: Portion) -> None:
        """Take a page that is prepared."""

    @abstractmethod
    def finish(self) -> None:
        """Make the file whole."""

    @abstractmethod
    def stop(self) -> None:
        """Let a method that blocks end soon, from whatever thread."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything, whatever happened."""

    @abstractmethod
    def kept(self) -> str:
        """Tell what is kept, and how to go on; nothing where there is nothing to tell."""
