"""A gallery of a table: shown in a notebook, or written as one file that needs nothing and nobody."""

from __future__ import annotations

import errno
import os
import shutil
import warnings
from contextlib import suppress
from html import escape
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from scenario_async._gallery.assembling import pieces, plain
from scenario_async._gallery.data import contents_of
from scenario_async._looks.doors import ensure_thumbnails
from scenario_async._looks.thumbnails import Shown
from scenario_async._support import checks
from scenario_async._tables import replacing, writing
from scenario_async._tables.table import source_of
from scenario_async.errors import ScenarioError, WriteError

if TYPE_CHECKING:
    from scenario_async._gallery.data import Contents
    from scenario_async._tables.table import HitTable

MOST_INSIDE: Final = 50_000_000
"""Thumbnails of more bytes than that lie beside the page."""
_HEIGHT: Final = 640


class Gallery:
    """A page of hits; notebooks show it, `write` makes a file of it."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._contents.hits):,} {self._contents.what}s>"

    @property
    def html(self) -> str:
        """The page; `ScenarioError` if its thumbnails are too large to stand in it."""
        size = self._contents.picture_bytes
        if size > MOST_INSIDE:
            raise ScenarioError(
                f"the thumbnails of {len(self._contents.hits):,} hits take {size // 10**6} MB, too much for one page: "
                "write a file, table.gallery(path), or show a part, table[:1000].gallery()"
            )
        return "".join(pieces(self._contents.title, self._contents.scripts(), beside=False))

    def _repr_html_(self) -> str:
        # In a frame without an origin, so that nothing in it can reach the notebook.
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" allow="clipboard-write" '
            f'title="{escape(plain(self._contents.title))}" width="100%" height="{_HEIGHT}" '
            'style="border: 0; border-radius: 8px" loading="lazy"></iframe>'
        )

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the page, which appears whole or not at all, and give its path; see `HitTable.gallery`."""
        target = Path(checks.path(path, "path", "it must be a str or a pathlib.Path"))
        overwrite = bool(checks.truth(overwrite, "overwrite"))
        replacing.check_target(target, overwrite=overwrite)
        if self._contents.picture_bytes > MOST_INSIDE:
            return self._write_beside(target, overwrite=overwrite)
        with writing.told(target), writing.beside(target, overwrite=overwrite) as part:
            _write_page(part, self._contents)
        return target

    def _write_beside(self, target: Path, *, overwrite: bool) -> Path:
        """Write a page whose thumbnails lie in a folder beside it, which is there before the page is."""
        folder = target.with_name(f"{target.stem}_files")
        if os.path.lexists(folder) and not overwrite:
            reason = (
                f"{folder} is there already, and is left as it is: pass overwrite=True, or name another file"
            )
            raise WriteError(reason, code=errno.EEXIST)
        size = self._contents.picture_bytes // 10**6
        note = f"The pictures lie in the folder {folder.name}, beside this page: move both together."
        part = folder.with_name(f".{folder.name[:100]}.{token_hex(4)}.part")
        with writing.told(target), writing.beside(target, overwrite=overwrite) as page:
            try:
                part.mkdir()
                for number, look in enumerate(self._contents.looks):
                    if isinstance(look, Shown):
                        (part / f"{number:06}.webp").write_bytes(look.data)
                _write_page(page, self._contents, folder.name, note)
                _put_in_place(part, folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        warnings.warn(
            f"the thumbnails of {target.name} take {size} MB and lie beside it, in {folder.name}: move both together",
            stacklevel=4,
        )
        return target


def _write_page(part: Path, contents: Contents, folder: str = "", note: str = "") -> None:
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for piece in pieces(contents.title, contents.scripts(folder, note), beside=bool(folder)):
            file.write(piece)


def _put_in_place(part: Path, folder: Path) -> None:
    """Rename a folder to where another one may be, which goes then."""
    old = part.with_name(f"{part.name}.old")
    with suppress(FileNotFoundError):
        folder.rename(old)
    try:
        part.rename(folder)
    except OSError:
        with suppress(OSError):
            old.rename(folder)
        raise
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink(missing_ok=True)


def gallery_of(table: HitTable[Any], title: object = None) -> Gallery:
    """Give the gallery of a table, whose thumbnails are loaded where that can be done at once."""
    if title is not None and not isinstance(title, str):
        checks.refuse("title", title, "it must be a str")
    ensure_thumbnails(table, "table.gallery()")
    return Gallery(contents_of(table, plain(title or "") or _title_of(table)))


def _title_of(table: HitTable[Any]) -> str:
    source = source_of(table)
    query = None if source is None else source.search.query
    what = table.hit_class.__name__.removesuffix("Hit")
    return (plain(query)[:200] if query else "") or f"{what}s"
