"""Hits to keep, with their class: in memory, for data frames and SQL, and for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, cast, overload

from scenario_async._annotations import evaluable
from scenario_async._support import checks
from scenario_async._support.counting import counted
from scenario_async._tables.schema import checked_class, columns_named, columns_of
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Iterable, Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from scenario_async._gallery.gallery import Gallery
    from scenario_async._looks.thumbnails import Loaded, Thumbnails
    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.schema import Column
    from scenario_async.client import AsyncScenario
    from scenario_async.pages import StopReason
    from scenario_async.sync import Scenario

_SHOWN: Final = 3


def found_by(table: HitTable[Any], source: PageSource[Any] | None) -> None:
    """Note which search, of which client, found the hits; their thumbnails are kept for all of its tables."""
    table._source = source  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - out of sight of users, not of this package


def source_of(table: HitTable[Any]) -> PageSource[Any] | None:
    """Give the search, of a client, that found the hits; None for a table made by hand or out of a pickle."""
    return table._source  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above


@evaluable
class HitTable(Generic[HitT_co]):
    """Hits to keep: all of one class, which an empty table knows as well.

    It has a length, gives a hit by index and a `HitTable` by slice, and can be iterated again and again. Whatever reads
    Arrow reads it: `polars.DataFrame(table)`, `duckdb.sql("from hits")` where `hits` is a table, `pyarrow.table(table)`,
    `pandas.DataFrame.from_arrow(table)`. Its columns are flat, and the same for every table of a class.

    `HitTable(hits, hit_class=None)` takes hits of one class, which is `AssetHit`, `ModelHit`, `WorkflowHit` or a class of
    your own that derives from `Hit`; None stands for the class of the hits that are there. `.hit_class` gives it.
    `stopped_because` and `duplicates` tell of the reading that gave the hits, where there was one.
    """

    # No list and no Sequence on purpose: polars, DuckDB and pyarrow take those apart before they look for Arrow.

    def __init__(self, hits: Iterable[HitT_co] = (), hit_class: type[HitT_co] | None = None) -> None:
        self._hits = list(hits)
        if hit_class is None and not self._hits:
            rule = "a table without hits cannot know it: pass AssetHit, ModelHit or WorkflowHit"
            checks.refuse("hit_class", hit_class, rule)
        given: Any = type(self._hits[0]) if hit_class is None else hit_class
        self._hit_class = cast(
            "type[HitT_co]", checked_class(given, "hits" if hit_class is None else "hit_class")
        )
        other = next((hit for hit in self._hits if not isinstance(hit, given)), None)
        if other is not None:
            rule = f"the table is one of {given.__name__}: make a table for each class"
            checks.refuse("hits", type(other).__name__, rule, part="one of them")
        self.stopped_because: StopReason | None = None
        self.duplicates = 0
        self._source: PageSource[Any] | None = None
        self._thumbnails: Thumbnails | None = None

    @property
    def thumbnails(self) -> Thumbnails:
        """The thumbnails that were loaded."""
        if self._thumbnails is None:
            from scenario_async._looks.thumbnails import Thumbnails  # noqa: PLC0415 - as all below: loaded when it is used

            kept = {} if self._source is None else self._source.kept
            self._thumbnails = cast("Thumbnails", kept.setdefault("thumbnails", Thumbnails()))
        return self._thumbnails

    def __getstate__(self) -> dict[str, Any]:
        # A client is not pickled along.
        return {**vars(self), "_source": None, "_thumbnails": self.thumbnails}

    @property
    def hits(self) -> list[HitT_co]:
        """The hits."""
        return self._hits

    @property
    def hit_class(self) -> type[HitT_co]:
        """The class of the hits."""
        return self._hit_class

    def __len__(self) -> int:
        return len(self._hits)

    def __iter__(self) -> Iterator[HitT_co]:
        return iter(self._hits)

    @overload
    def __getitem__(self, index: int) -> HitT_co: ...
    @overload
    def __getitem__(self, index: slice) -> HitTable[HitT_co]: ...
    def __getitem__(self, index: int | slice) -> HitT_co | HitTable[HitT_co]:
        if not isinstance(index, slice):
            return self._hits[index]
        part = type(self)(self._hits[index], self._hit_class)
        part.stopped_because, part.duplicates = self.stopped_because, self.duplicates
        part._source, part._thumbnails = self._source, self.thumbnails  # noqa: SLF001 - of its own class
        return part

    def __repr__(self) -> str:
        count = counted(len(self), self._hit_class.__name__)
        ids = ", ".join(hit.id for hit in self._hits[:_SHOWN])
        more = ", …" if len(self) > _SHOWN else ""
        return f"<{type(self).__name__}: {count}{': ' if ids else ''}{ids}{more}>"

    def to_dicts(self, *, flat: bool = False, fields: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Give the JSON that the service sent, hit by hit; or flat rows with every column, or those of `fields`."""
        if not checks.truth(flat, "flat"):
            if fields is not None:
                checks.refuse("fields", fields, "only flat rows have columns: pass flat=True as well")
            return [hit.to_dict() for hit in self._hits]
        from scenario_async._tables.rows import dicts  # noqa: PLC0415

        return dicts(self._hits, columns_named(self._hit_class, fields))

    def to_json(self, *, indent: int | None = None) -> str:
        """Give the same JSON as a text: a list."""
        from scenario_async._tables.texts import json_text  # noqa: PLC0415

        return json_text(self.to_dicts(), indent)

    def to_arrow(self) -> Any:  # noqa: ANN401 - of pyarrow, which may not be installed
        """Give a `pyarrow.Table`; needs the extra `export`."""
        from scenario_async._tables import arrow  # noqa: PLC0415

        return arrow.table(self._hits, self._columns)

    def to_pandas(self) -> Any:  # noqa: ANN401
        """Give a `pandas.DataFrame`; needs pandas."""
        from scenario_async._tables import frames  # noqa: PLC0415

        return frames.pandas_frame(self._hits, self._columns)

    def to_polars(self) -> Any:  # noqa: ANN401
        """Give a `polars.DataFrame`; needs polars."""
        from scenario_async._tables import frames  # noqa: PLC0415

        return frames.polars_frame(self._hits, self._columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from scenario_async._tables import arrow  # noqa: PLC0415

        return arrow.stream(self._hits, self._columns, requested_schema)

    def write(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        flat: bool = False,
        fields: Sequence[str] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the hits to a file, which appears whole or not at all, and give its path.

        URLs are written without their query string, as it is a credential: no file carries a signature.

        Args:
            path: the file; its suffix names the format: .jsonl, .json, .csv, .parquet, .arrow, .sqlite, .html for the
                `gallery`, or .png for the `sheet`.
            format: the name of a format, where the suffix says nothing or something else.
            flat: write JSON as flat rows. CSV, Parquet and Arrow always are; SQLite has views.
            fields: of flat rows, only these columns, in this order.
            overwrite: replace a file that is there, which is refused otherwise. A database is brought up to date
                unless it is to be replaced.

        Raises `InvalidSearchError` for a format or a column that there is not, `WriteError` for a file that cannot be
        written, `ImportError` where a library is missing.
        """
        from scenario_async._tables import formats, writing  # noqa: PLC0415

        if formats.is_page(path, format):
            if flat or fields is not None:
                checks.refuse("flat" if flat else "fields", fields or flat, "a page keeps whole hits")
            return self.gallery(path, overwrite=overwrite)
        how = formats.format_of(path, format)
        layout = how.layout(self._hit_class, flat=flat, fields=fields, table=self)
        overwrite = bool(checks.truth(overwrite, "overwrite"))
        return writing.keep(path, self._hits, how, layout, overwrite=overwrite)

    def load_thumbnails(self, client: AsyncScenario | Scenario | None = None) -> Awaitable[Loaded]:
        """Load small pictures of the hits, those that are not there yet: to be awaited, but with the blocking client.

        They come from the picture host, a few at a time, without anything of the client's signature. Where there is
        none, or its address has expired, a placeholder says so; that is no error. What came of it is told.

        Args:
            client: the client to load them with; None for the one that found the hits.

        Raises `ScenarioError` for a table that knows no client, `ImportError` where pictures come large and Pillow, of
        the extra `pictures`, is not installed.
        """
        from scenario_async._looks.doors import load_thumbnails  # noqa: PLC0415

        return load_thumbnails(self, client)

    def sheet(self, columns: int | None = None, size: int | None = None) -> Image:
        """Draw a contact sheet: numbered thumbnails, each with a short caption and its id below; gives a Pillow image.

        What has no picture has a sign of its kind, and says why. With the blocking client, thumbnails that are missing are
        loaded now.

        Args:
            columns: how many pictures stand side by side; None makes the sheet a little wider than high.
            size: the side of a picture, in pixels, from 64 to 256; None stands for 200, and for less where there are
                more than a thousand hits.

        Raises `ScenarioError` for a table of the async client whose thumbnails were not loaded: `await
        table.load_thumbnails()` first. `ImportError` where Pillow, of the extra `pictures`, is not installed.
        """
        from scenario_async._tables.optional import needed  # noqa: PLC0415

        needed("PIL.Image", "a contact sheet")
        from scenario_async._looks.sheet import sheet  # noqa: PLC0415 - it loads Pillow

        return sheet(self, columns, size)

    def _repr_html_(self) -> str:
        from scenario_async._looks.notebook import table_html  # noqa: PLC0415

        return table_html(self, self._source)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002 - IPython sorts out
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @overload
    def gallery(self, path: None = None, *, title: str | None = None) -> Gallery: ...
    @overload
    def gallery(
        self, path: str | os.PathLike[str], *, title: str | None = None, overwrite: bool = False
    ) -> Path: ...
    def gallery(
        self, path: str | os.PathLike[str] | None = None, *, title: str | None = None, overwrite: bool = False
    ) -> Gallery | Path:
        """Write the hits as a page to look through, and give its path; without a path give one that notebooks show.

        It is one file that fetches nothing from anywhere, with the thumbnails: those that were loaded, and with the
        blocking client all of them. Beyond 50 MB they lie in a folder beside it, which a warning tells.

        Args:
            path: the file, whose name ends with .html as a rule.
            title: the page's title; None for the words of the search.
            overwrite: replace a file that is there, which is refused otherwise.

        Raises `ScenarioError` for a table of the async client whose thumbnails were not loaded, `WriteError` for a file
        that cannot be written.
        """
        from scenario_async._gallery.gallery import gallery_of  # noqa: PLC0415

        gallery = gallery_of(self, title)
        return gallery if path is None else gallery.write(path, overwrite=overwrite)

    @property
    def _columns(self) -> tuple[Column, ...]:
        return columns_of(self._hit_class)
