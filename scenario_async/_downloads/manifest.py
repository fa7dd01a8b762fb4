"""`manifest.jsonl`: what is in a folder, a line for each file; what begins and what fails is noted there as well.

A later line of a hit counts in place of an earlier one. A line that cannot be read, torn by a kill perhaps, counts for
nothing. A line is written before its file gets its name, so that no file is ever there that the manifest does not know.
"""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

import attrs

from scenario_async._support.locks import locked
from scenario_async.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST: Final = "manifest.jsonl"
_PART: Final = re.compile(r"[0-9a-f]{32}\.part", re.ASCII)
_BUSY: Final = (
    "another download into {} is under way: wait for its end, or give another folder; what is there stays"
)
State: TypeAlias = Literal["saved", "failed", "part"]


class Key(NamedTuple):
    """What is downloaded: a hit, and what was asked for of its picture."""

    id: str
    rendition: str


@attrs.frozen
class Entry:
    """A line: a file that is `saved`, a `part` of one, or what `failed`, which may have left a part behind.

    A part has the `etag` that it is continued with.
    """

    status: State
    path: str | None = None
    bytes: int = 0
    sha256: str | None = None
    etag: str | None = None
    error: str | None = None


class Manifest:
    """The manifest of a folder, open and locked: another process or another download finds it taken.

    Its methods block, and are for threads; but `saved` and `part`, which look at what is known, and `note`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writing = threading.Lock()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._file = os.open(folder / MANIFEST, flags, 0o666)
        try:
            locked = _lock(self._file, folder)
            self._entries, self._torn = _read(folder / MANIFEST)
            self._sizes, self._foreign = self._listed()
            if locked:
                self._remove_leftovers()
        except BaseException:
            os.close(self._file)
            raise

    def _listed(self) -> tuple[dict[str, int], set[str]]:
        """Give the sizes of the files that the manifest names, and of parts, and the names of all others."""
        named = {entry.path for entry in self._entries.values() if entry.path is not None}
        sizes: dict[str, int] = {}
        foreign: set[str] = set()
        with os.scandir(self.folder) as found:
            for entry in found:
                ours = entry.name in named or _PART.fullmatch(entry.name)
                if ours and entry.is_file(follow_symlinks=False):
                    sizes[entry.name] = entry.stat(follow_symlinks=False).st_size
                else:
                    foreign.add(entry.name)
        return sizes, foreign

    def has(self, name: str) -> bool:
        """Tell whether there was a file of this name when the folder was opened, or one was saved since."""
        return name in self._sizes or name in self._foreign

    def _remove_leftovers(self) -> None:
        """Remove parts that nobody can continue."""
        continued = {entry.path for entry in self._entries.values() if entry.etag is not None}
        for name in [each for each in self._sizes if _PART.fullmatch(each) and each not in continued]:
            with suppress(OSError):
                (self.folder / name).unlink()
            del self._sizes[name]

    def entries(self) -> Iterator[tuple[Key, Entry]]:
        """Give what is known, with the names of files that belong to somebody."""
        return iter(self._entries.items())

    def saved(self, key: Key) -> Entry | None:
        """Give the entry of a file that is there, as long as it was when it was saved."""
        entry = self._entries.get(key)
        if entry is None or entry.status != "saved" or entry.path is None:
            return None
        return entry if self._sizes.get(entry.path) == entry.bytes else None

    def part(self, key: Key) -> Entry | None:
        """Give the entry of a part that can be continued."""
        entry = self._entries.get(key)
        return entry if entry is not None and entry.etag is not None and entry.path in self._sizes else None

    def note(self, key: Key, entry: Entry) -> None:
        """Take what was written as known."""
        self._entries[key] = entry
        if entry.path is not None:
            self._sizes[entry.path] = entry.bytes

    def failed_alike(self, key: Key, entry: Entry) -> bool:
        """Tell whether the same failure is there already."""
        return self._entries.get(key) == entry

    def write(self, key: Key, entry: Entry) -> None:
        """Append a line, whole or, where the disk is full, torn: then the next one begins on a line of its own."""
        told = {"id": key.id, "path": entry.path, "bytes": entry.bytes, "sha256": entry.sha256}
        more = {"rendition": key.rendition or None, "etag": entry.etag, "error": entry.error}
        line = (
            told
            | {"status": entry.status}
            | {name: value for name, value in more.items() if value is not None}
        )
        content = json.dumps(line).encode() + b"\n"
        with self._writing:
            if self._torn:
                content = b"\n" + content
            self._torn = True
            if os.write(self._file, content) == len(content):
                self._torn = False
            else:
                os.write(self._file, b"\n")  # which raises what is the matter

    def close(self) -> None:
        """Let others have the folder, with all that is in it laid down."""
        file, self._file = self._file, -1  # the number is soon that of another file
        try:
            with suppress(OSError):
                os.fsync(file)
            _lay_down(self.folder)
        finally:
            os.close(file)


def _lay_down(folder: Path) -> None:
    """Have the names of a folder written to the disk, where that is known."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _read(file: Path) -> tuple[dict[Key, Entry], bool]:
    """Give what the lines say, and whether the last one is torn."""
    entries: dict[Key, Entry] = {}
    line = b"\n"
    with file.open("rb") as lines:
        for line in lines:
            with suppress(ValueError, RecursionError):
                content: object = json.loads(line)
                if isinstance(content, dict) and (found := _entry(cast("dict[str, Any]", content))):
                    entries[found[0]] = found[1]
    return entries, not line.endswith(b"\n")


def _entry(line: dict[str, Any]) -> tuple[Key, Entry] | None:
    """Read a line; None for one that says nothing, or names what is no file of the folder."""
    id_, status, path, size = line.get("id"), line.get("status"), line.get("path"), line.get("bytes")
    rendition = line.get("rendition", "")
    if not (isinstance(id_, str) and isinstance(rendition, str) and status in ("saved", "failed", "part")):
        return None
    if path is not None and not (isinstance(path, str) and _is_plain(path)):
        return None
    texts = {name: value for name in ("sha256", "etag", "error") if isinstance(value := line.get(name), str)}
    is_part = bool(_PART.fullmatch(path or "")) and "etag" in texts
    right = {"saved": path is not None and not is_part, "part": is_part, "failed": path is None or is_part}
    if type(size) is not int or not right[status]:
        return None
    return Key(id_, rendition), Entry(status, path, size, **texts)


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..", MANIFEST) and not {"/", "\\", "\0", ":"} & {*name}


def _lock(file: int, folder: Path) -> bool:
    """Lock the manifest, `ScenarioError` if it is taken; False where there are no locks."""
    try:
        return locked(file)
    except BlockingIOError:
        raise ScenarioError(_BUSY.format(folder)) from None
