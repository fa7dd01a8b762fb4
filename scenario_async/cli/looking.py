"""`--show` and `--sheet`: the pictures of hits, in the terminal and in a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from scenario_async._support.counting import counted
from scenario_async.cli import INSTALL
from scenario_async.cli.progress import hint
from scenario_async.cli.sections import RESULT, Place, option
from scenario_async.errors import InvalidSearchError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from scenario_async import SyncSearchPage
    from scenario_async.models import Hit

AUTO: Final = "auto"
WAYS: Final = (AUTO, "blocks", "kitty", "iterm")
_NOT_HERE: Final = "no pictures are shown here: it is no terminal that can; --sheet FILE.png writes them"
_FILE: Final = Place(path_type=Path)
OPTIONS: Final = (
    option(
        "--show",
        bare=AUTO,
        type=click.Choice(WAYS),
        metavar="[=blocks|kitty|iterm]",
        help="Show pictures in the terminal, above the table.",
        section=RESULT,
    ),
    option(
        "--sheet",
        type=_FILE,
        metavar="FILE.png",
        help="Write a contact sheet: numbered pictures with captions and ids.",
        section=RESULT,
    ),
    option(
        "--gallery",
        type=_FILE,
        metavar="FILE.html",
        help="Write a page to look through, with all thumbnails in it.",
        section=RESULT,
    ),
)
"""What `search` takes for pictures."""


@attrs.frozen
class Looks:
    """How the hits that pass are to be looked at; they are kept for a sheet."""

    show: str | None = None
    sheet: Path | None = None
    overwrite: bool = False
    _hits: list[Hit] = attrs.field(factory=list[Any], init=False)
    _sources: list[Any] = attrs.field(factory=list[Any], init=False)

    @classmethod
    def of(cls, given: Mapping[str, Any], sheet: Path | None) -> Looks:
        """Take it from options, or refuse it, before anything is asked."""
        looks = cls(given["show"], sheet, given["overwrite"])
        if looks:
            looks._check()
        return looks

    def __bool__(self) -> bool:
        return self.show is not None or self.sheet is not None

    def _check(self) -> None:
        from scenario_async._tables.optional import found  # noqa: PLC0415 - `--help` has no need of it

        if found("PIL.Image") is None:
            option = "--show" if self.sheet is None else "--sheet"
            raise click.ClickException(f'{option} needs Pillow, of the extra "cli"; {INSTALL}')
        if self.sheet is not None:
            from scenario_async._tables.writing import check_place  # noqa: PLC0415 - as above

            if self.sheet.suffix.lower() != ".png":
                name = self.sheet.with_suffix(".png") if self.sheet.name else "name a file, such as sheet.png"
                raise click.UsageError(f"--sheet writes a PNG: {name}")
            check_place(self.sheet, overwrite=self.overwrite)

    def passing(self, pages: Iterable[SyncSearchPage[Any]]) -> Generator[SyncSearchPage[Any]]:
        """Show each page, and give it; keep its hits for the sheet."""
        from scenario_async._paging.page import origin_of  # noqa: PLC0415 - as above

        first = 1
        for page in pages:
            if self.show is not None and page.hits:
                self._show(page, self.show, first)
                first += len(page.hits)
            if self.sheet is not None:
                self._hits.extend(page.hits)
                self._sources.append(origin_of(page).source)
            yield page

    def _show(self, page: SyncSearchPage[Any], how: str, first: int) -> None:
        from scenario_async._looks.mosaic import show_table  # noqa: PLC0415 - as above

        sys.stdout.flush()
        shown = show_table(page.table, sys.stdout, None if how == AUTO else how, first=first)
        if shown is None:
            hint(_NOT_HERE)

    def finish(self, hit_class: type[Hit]) -> None:
        """Write the sheet of all hits that passed."""
        if self.sheet is None:
            return
        from scenario_async import HitTable  # noqa: PLC0415 - as above
        from scenario_async._tables.table import found_by  # noqa: PLC0415

        table: HitTable[Any] = HitTable(self._hits, hit_class)
        found_by(table, self._sources[0] if self._sources else None)
        try:
            table.write(self.sheet, "png", overwrite=self.overwrite)
        except InvalidSearchError as error:
            what = f"a sheet of {len(table):,} hits would be too large"
            raise click.ClickException(f"{what}: --max-hits 1000 reads fewer") from error
        hint(f"{self.sheet} shows {counted(len(table), 'hit')}")
