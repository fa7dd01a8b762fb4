"""The formats that hits are written in: one table, which tables, exports and the command line use."""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, cast

import attrs

from scenario_async._support import checks
from scenario_async._tables.optional import needed
from scenario_async._tables.schema import columns_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scenario_async._tables.schema import Column
    from scenario_async._tables.table import HitTable
    from scenario_async.models import Hit


@attrs.frozen
class Layout:
    """What a file is to hold: hits of one class, as the service sends them or flat, and when they were seen.

    `table` is where the hits stand, if they stand in one: what is to be looked at shows its thumbnails.
    """

    hit_class: type[Hit]
    columns: tuple[Column, ...]
    flat: bool
    seen: str
    table: HitTable[Any] | None = None


@attrs.frozen(kw_only=True)
class Format:
    """A format: its name, its suffixes, and the function that writes it, in a room of its own.

    `flat` tells whether its rows are always flat, never, or as the caller chooses. A `database` is written by path, and
    one that is there already is brought up to date. What is to be looked at is made `of_table`, with its thumbnails, and
    of no stream of hits.
    """

    name: str
    suffixes: tuple[str, ...]
    flat: Literal["always", "chosen", "never"]
    room: str
    function: str = "write"
    needs: str = ""
    database: bool = False
    of_table: bool = False

    def layout(
        self,
        hit_class: type[Hit],
        *,
        flat: bool = False,
        fields: Sequence[str] | None = None,
        seen: str = "",
        table: HitTable[Any] | None = None,
    ) -> Layout:
        """Give what a file of this format is to hold, or refuse it; what is not installed shows now."""
        if self.of_table and table is None:
            checks.refuse(
                "format", self.name, "it shows a table: collect() the hits, and write() their table"
            )
        if checks.truth(flat, "flat") and self.flat == "never":
            rule = "has no columns" if self.of_table else "has its flat columns in views"
            checks.refuse("flat", flat, f"{self.name} {rule}")
        flat = flat or self.flat == "always"
        if fields is not None and not flat:
            rule = "pass flat=True as well" if self.flat == "chosen" else f"{self.name} keeps whole hits"
            checks.refuse("fields", fields, f"only flat rows have columns: {rule}")
        if self.needs:
            needed(self.needs, f"writing {self.suffixes[0]}")
        return Layout(hit_class, columns_named(hit_class, fields), flat, seen, table)

    def write(self, target: BinaryIO | Path, hits: Iterable[Hit], layout: Layout) -> None:
        """Write hits, in constant memory, to a file that is open (to a path for a database), without signatures."""
        unsigned: Any = import_module("scenario_async._tables.unsigned").unsigned
        rooms = "scenario_async._looks" if self.of_table else "scenario_async._tables"
        getattr(import_module(f"{rooms}.{self.room}"), self.function)(
            target, map(cast("Callable[[Hit], Hit]", unsigned), hits), layout
        )


FORMATS: Final[dict[str, Format]] = {
    each.name: each
    for each in (
        Format(name="jsonl", suffixes=(".jsonl", ".ndjson"), flat="chosen", room="jsonlines"),
        Format(name="json", suffixes=(".json",), flat="chosen", room="jsonlines", function="write_list"),
        Format(name="csv", suffixes=(".csv",), flat="always", room="csv"),
        Format(name="parquet", suffixes=(".parquet",), flat="always", room="parquet", needs="pyarrow"),
        Format(name="arrow", suffixes=(".arrow",), flat="always", room="arrow", needs="pyarrow"),
        Format(
            name="sqlite", suffixes=(".sqlite", ".sqlite3", ".db"), flat="never", room="sqlite", database=True
        ),
    )
}
"""Those of rows."""
OF_TABLES: Final[dict[str, Format]] = {
    each.name: each
    for each in (
        Format(name="png", suffixes=(".png",), flat="never", room="sheet", needs="PIL.Image", of_table=True),
    )
}
"""Those to be looked at, which show a table with its thumbnails."""
_ALL: Final = FORMATS | OF_TABLES
_BY_SUFFIX: Final = {suffix: each for each in _ALL.values() for suffix in each.suffixes}


PAGE: Final = "html"
"""The name of the gallery among the formats."""


def is_page(path: str | os.PathLike[str], format: str | None = None) -> bool:
    """Tell whether the gallery is meant, which is no format of rows."""
    if format is not None:
        return str(format).lstrip(".").lower() == PAGE
    return str(path).lower().endswith((".html", ".htm"))


def format_of(path: str | os.PathLike[str], format: str | None = None) -> Format:
    """Give the format that is named, else that of the path's suffix; the error names the nearest."""
    if format is not None:
        named = _ALL.get(str(format).lstrip(".").lower()) or _BY_SUFFIX.get(str(format).lower())
        return named or _unknown("format", format, format, _ALL)
    if isinstance(cast("object", path), bytes) or not isinstance(cast("object", path), str | os.PathLike):
        checks.refuse("path", path, "it must be a str or a pathlib.Path")
    name = Path(path).name
    suffix = Path(name.lower()).suffix
    return _BY_SUFFIX.get(suffix) or _unknown("path", name, suffix, _BY_SUFFIX)


def _unknown(parameter: str, value: str, word: str, known: Iterable[str]) -> Format:
    near = get_close_matches(str(word).lower(), list(known), n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    rule = "its suffix names no format" if parameter == "path" else "it is none"
    more = "; or pass format=" if parameter == "path" else ""
    return checks.refuse(parameter, value, f"{rule}; {meant}{more}")
