"""A folder that is downloaded into: its manifest, its names, and how a file is laid down there.

Everything here but `present`, `claim` and `note` blocks, and is for threads.
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NoReturn

import attrs

from scenario_async._downloads.files import Part, give_name, is_of, is_same, write_whole
from scenario_async._downloads.formats import complaint, extension_of
from scenario_async._downloads.manifest import Entry, Key, Manifest
from scenario_async._downloads.names import Claims, Template, another, named
from scenario_async._downloads.wanted import described
from scenario_async.errors import APIResponseValidationError, ScenarioError, WriteError

if TYPE_CHECKING:
    from pathlib import Path

    from scenario_async._downloads.wanted import Wanted

_OF_ONE_NAME: Final = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL})


@attrs.frozen(eq=False)
class Store:
    """An open folder; one download has it at a time."""

    folder: Path
    template: Template
    sidecar: bool
    manifest: Manifest
    claims: Claims = attrs.field(factory=Claims)
    taken: Claims = attrs.field(factory=Claims)
    _root: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: f"{self.folder}{os.sep}", takes_self=True)
    )

    @classmethod
    def opened(cls, folder: Path, template: Template, *, sidecar: bool) -> Store:
        """Make the folder, if need be, and open it; `ScenarioError` if that cannot be, or another download has it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            manifest = Manifest(folder)
        except OSError as error:
            unwritable(folder, error)
        store = cls(folder, template, sidecar, manifest)
        for key, entry in manifest.entries():
            if entry.status == "saved" and entry.path is not None:
                store.claims.claim(entry.path.rpartition(".")[0], key)
                store.taken.take(entry.path, key)
        return store

    def claim(self, wanted: Wanted) -> str:
        """Give the stem of the name for a file, which is its own from now on."""
        return self.claims.claim(self.template.stem(wanted.values), wanted.key)

    def present(self, key: Key) -> Entry | None:
        """Give the entry of a file that was saved and is there."""
        return self.manifest.saved(key)

    def note(self, key: Key, entry: Entry) -> None:
        """Take what was written as known."""
        self.manifest.note(key, entry)

    def part_path(self, key: Key, etag: str | None) -> str:
        """Give where the parts of a file grow: elsewhere for each version of it."""
        digest = blake2b(repr((*key, etag)).encode(errors="replace"), digest_size=16).hexdigest()
        return f"{self._root}{digest}.part"

    def begun(self, key: Key) -> tuple[Part, str] | None:
        """Give what is there of a file, with the ETag that it is continued with."""
        entry = self.manifest.part(key)
        if entry is None or entry.path is None or entry.etag is None:
            return None
        with suppress(OSError):
            part = Part.read(self._root + entry.path)
            part.noted = True
            if part.size:
                return part, entry.etag
        return None

    def grow(self, key: Key, part: Part, chunks: list[bytes], etag: str | None) -> None:
        """Add to a part; its first bytes are noted, so that it can be continued."""
        with _writing(self.folder):
            if part.size == 0 and etag is not None:
                self.manifest.write(key, Entry("part", part.name, etag=etag))
                part.noted = True
            part.write(chunks)

    def write_down(self, key: Key, entry: Entry) -> None:
        """Note in the manifest what failed."""
        with _writing(self.folder):
            self.manifest.write(key, entry)

    def finish(self, wanted: Wanted, stem: str, part: Part, chunks: list[bytes], mime_type: str) -> Entry:
        """Add what is left of a file, look at it, and give it its name.

        Raises `APIResponseValidationError` for a file that cannot be what was asked for.
        """
        with _writing(self.folder):
            try:
                part.write(chunks)
                _check(wanted, part, mime_type)
                part.lay_down()
                extension = extension_of(part.head, mime_type, wanted.mime_type)
                entry = self._named(wanted.key, stem, part, extension)
            except OSError:
                part.abandon()
                raise
            except BaseException:
                part.remove()
                raise
            if self.sidecar:
                self.describe(wanted, entry)
        return entry

    def _named(self, key: Key, stem: str, part: Part, extension: str) -> Entry:
        """Give a file its own name, else one that is no file's of somebody else's."""
        for own in (True, False):
            name = named(stem if own else another(stem, key), extension)
            path = self._root + name
            same = is_same(path, part) if self.manifest.has(name) else None
            if same is False or not self.taken.take(name, key):
                continue
            entry = Entry("saved", name, part.size, part.sha256)
            self.manifest.write(key, entry)
            if same is None:
                try:
                    give_name(part.path, path)
                except FileExistsError:  # of a name in another case, or one that came meanwhile
                    if not is_same(path, part):
                        continue
                else:
                    return entry
            part.remove()
            return entry
        raise ScenarioError(
            f"{named(stem, extension)} in {self.folder} is another file, which stays: give another folder, or another name"
        )

    def describe(self, wanted: Wanted, entry: Entry) -> None:
        """Write what a hit says beside its file, under a name that is nobody else's."""
        content = json.dumps(described(wanted.given), ensure_ascii=False, indent=2, default=str)
        with _writing(self.folder):
            for name in self._beside(wanted.key, entry):
                path = self._root + name
                if self.taken.take(name, wanted.key) and is_of(path, wanted.key.id) is not False:
                    part = self.part_path(wanted.key, "sidecar")
                    write_whole(path, content.encode(errors="replace") + b"\n", part)
                    return
        raise ScenarioError(
            f"what {wanted.key.id} says cannot stand beside {entry.path}: other files have its names, and stay; give "
            "another folder, or another name"
        )

    def lacks_sidecar(self, key: Key, entry: Entry) -> bool:
        """Tell whether a hit is yet to be described beside its file."""
        return self.sidecar and not any(is_of(self._root + name, key.id) for name in self._beside(key, entry))

    def _beside(self, key: Key, entry: Entry) -> tuple[str, str]:
        """Give the name of what stands beside a file, and another one where that is somebody else's."""
        assert entry.path is not None  # noqa: S101 - it is saved
        return f"{entry.path}.json", f"{another(entry.path, key)}.json"

    def close(self) -> None:
        """Let others have the folder."""
        self.manifest.close()


def _check(wanted: Wanted, part: Part, came_as: str) -> None:
    wrong = complaint(part.head, picture=wanted.is_picture, came_as=came_as, mime_type=wanted.mime_type)
    if wrong is not None:
        raise APIResponseValidationError(f"the file cannot be that of {wanted.key.id}: {wrong}")


class _writing:  # noqa: N801 - it is used like a function
    """Make errors of ours of those of the system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, WriteError):
            if error.errno in _OF_ONE_NAME:
                raise ScenarioError(
                    f"its name is none that {self._folder} takes: {error.strerror}"
                ) from error
            unwritable(self._folder, error)


def unwritable(folder: Path, error: OSError) -> NoReturn:
    """Tell that a folder takes no more, and how to go on."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    message = f"nothing more can be written to {folder}: {reason}; what was saved stays, and the same call goes on there"
    raise WriteError(message, code=error.errno) from error
