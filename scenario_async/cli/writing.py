"""What is to become of hits: which format, which columns, which file; checked before anything is asked."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

from scenario_async._support.counting import counted
from scenario_async._tables.formats import FORMATS, PAGE, format_of, is_page
from scenario_async._tables.schema import columns_named
from scenario_async.cli.looking import OPTIONS, Looks
from scenario_async.cli.sections import RESULT, Place, option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scenario_async._tables.formats import Format, Layout
    from scenario_async.cli.reading import Reading
    from scenario_async.models import Hit

_F = TypeVar("_F", bound="Callable[..., Any] | click.Command")
TABLE: Final = "table"
_PIPED: Final = "jsonl"


if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # which takes no arguments before click 8.2


class _Nearest(_Choice):
    """A choice whose error names what was probably meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        if near := [] if value in self.choices else get_close_matches(str(value), self.choices, n=1):
            self.fail(
                f"{value!r} is none of {', '.join(self.choices)}; did you mean {near[0]!r}?", param, ctx
            )
        return super().convert(value, param, ctx)


def _fields(_ctx: click.Context, _param: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [each.strip() for each in value.split(",") if each.strip()]


def _path(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    return None if value == Path("-") else value  # the standard output, as usual


def writing_options(command: _F) -> _F:
    """Add the options that say what is to become of hits."""
    for add in (
        option(
            "--format",
            type=_Nearest([TABLE, *FORMATS, PAGE]),
            help="How to write hits. Without it: as the name of the file says, a table in a terminal, else jsonl.",
            section=RESULT,
        ),
        option(
            "--fields",
            metavar="A,B.C",
            callback=_fields,
            help="Only these columns, such as id,metadata.width; JSON is flat then.",
            section=RESULT,
        ),
        option("--flat", is_flag=True, help="Write JSON as flat rows: metadata_width.", section=RESULT),
        option("--ids", is_flag=True, help="Write only the ids, one a line.", section=RESULT),
        option("--count", is_flag=True, help="Write only how many hits there are.", section=RESULT),
        option(
            "--output",
            type=Place(path_type=Path),
            metavar="FILE",
            callback=_path,
            help="Write a file, which appears whole or not at all.",
            section=RESULT,
        ),
        *OPTIONS,
        option("--resume", is_flag=True, help="Go on with a file that was not finished.", section=RESULT),
        option("--overwrite", is_flag=True, help="Replace a file that is there.", section=RESULT),
        option(
            "--dry-run",
            bare="json",
            type=click.Choice(["json", "curl"]),
            metavar="[=curl]",
            help="Send nothing; show the request as JSON, or as a line for curl, without keys.",
            section=RESULT,
        ),
    ):
        command = add(command)
    return command


@attrs.frozen
class Wish:
    """What is to become of hits. `how` is None for a table or a page, and `kept` for the standard output.

    `quiet` tells that a sheet is all that is wanted, so that nothing is printed.
    """

    how: Format | None
    layout: Layout | None
    fields: list[str] | None
    flat: bool
    ids: bool
    counts: bool
    kept: Path | None
    page: bool
    resume: bool
    overwrite: bool
    looks: Looks
    quiet: bool

    @classmethod
    def of(cls, given: Mapping[str, Any], hit_class: type[Hit]) -> Wish:
        """Take it from options, or refuse it."""
        from scenario_async.cli.printing import check_output  # noqa: PLC0415 - `--help` has no need of it

        _check(given)
        kept, fields, named, flat = given["output"], given["fields"], given["format"], given["flat"]
        sheet = given["sheet"]
        if kept is not None and named is None and kept.suffix.lower() == ".png":
            kept, sheet = None, kept
        looks = Looks.of(given, sheet)
        page = given["gallery"] is not None or _is_page(given)
        if page:
            _check_page(given)
            kept = given["gallery"] or kept
        if fields is not None:
            fields = _full_names(fields, hit_class)
        how = None
        if not page:
            how = format_of(kept, named) if kept is not None else _printed(named)
        if how is not None and fields is not None and how.flat == "chosen":
            flat = True
        layout = None if how is None else how.layout(hit_class, flat=flat, fields=fields)
        if how is None and fields is not None:
            columns_named(hit_class, fields)  # which refuses what is none
        if kept is None and not given["ids"] and not given["count"] and not given["dry_run"]:
            check_output(how)
        return cls(
            how=how,
            layout=layout,
            fields=fields,
            flat=flat,
            ids=given["ids"],
            counts=given["count"],
            kept=kept,
            page=page,
            resume=given["resume"],
            overwrite=given["overwrite"],
            looks=looks,
            quiet=sheet is not None and not (named or looks.show or given["ids"] or fields),
        )

    @property
    def exports(self) -> bool:
        """Whether the hits go to a file by way of a journal; with columns of one's own, and as a page, they do not."""
        return self.kept is not None and self.fields is None and not self.page

    def carry_out(self, reading: Reading, hit_class: type[Hit]) -> None:
        """Read, and write what comes to where it belongs."""
        from scenario_async.cli import printing  # noqa: PLC0415 - as above

        if self.page and self.kept is not None:
            self._show(reading, self.kept)
            return
        if self.how is not None and self.layout is not None and self.kept is not None:
            self._keep(reading, self.kept, self.how, self.layout)
            return
        with closing(reading.pages()) as read, closing(self.looks.passing(read)) as pages:
            if self.quiet:
                deque(pages, maxlen=0)
            elif self.ids:
                printing.print_ids(pages)
            elif self.how is None or self.layout is None:
                printing.print_table(pages, hit_class, self.fields)
            else:
                printing.print_hits(pages, self.how, self.layout)
        self.looks.finish(hit_class)

    def _show(self, reading: Reading, path: Path) -> None:
        from scenario_async._tables.writing import check_place  # noqa: PLC0415 - as below
        from scenario_async.cli.progress import hint  # noqa: PLC0415

        check_place(path, overwrite=self.overwrite)
        table = reading.table()
        table.gallery(path, overwrite=self.overwrite)
        hint(f"{path} has {counted(len(table), 'hit')}")

    def _keep(self, reading: Reading, path: Path, how: Format, layout: Layout) -> None:
        from scenario_async._tables.writing import check_place, keep  # noqa: PLC0415 - only for files

        if not (how.database and path.is_file()):
            check_place(path, overwrite=self.overwrite)
        with closing(reading.hits()) as hits:
            keep(path, hits, how, layout, overwrite=self.overwrite)


def _full_names(fields: list[str], hit_class: type[Hit]) -> list[str]:
    """Give the columns that are meant: `width` is `metadata_width` where there is no other."""
    known = {column.name for column in columns_named(hit_class, None)}
    return [
        f"metadata_{name}" if name not in known and f"metadata_{name}" in known else name for name in fields
    ]


def _is_page(given: Mapping[str, Any]) -> bool:
    """Tell whether a page is meant by the name of a file or of a format."""
    if given["output"] is not None:
        return is_page(given["output"], given["format"])
    if given["format"] == PAGE:
        raise click.UsageError("--format html is for a file: name it with --output")
    return False


def _printed(format: str | None) -> Format | None:
    from scenario_async.cli.printing import goes_to_terminal  # noqa: PLC0415 - as above

    name = format or (TABLE if goes_to_terminal() else _PIPED)
    return None if name == TABLE else FORMATS[name]


def _check_looks(given: Mapping[str, Any], chosen: list[str]) -> None:
    """Refuse pictures of what is counted, or goes to a file page by page."""
    for name in ("show", "sheet"):
        others = [each for each in chosen if each != "--ids"]
        if given[name] and others:
            raise click.UsageError(f"--{name} and {others[0]} exclude each other: give one of them")
    if given["show"] and (given["ids"] or given["format"] not in {None, TABLE}):
        raise click.UsageError("--show goes with the table: leave out --ids and --format")


def _check(given: Mapping[str, Any]) -> None:
    """Refuse options that say opposite things."""
    ends = ("ids", "count", "dry_run", "output", "gallery")
    chosen = [f"--{name.replace('_', '-')}" for name in ends if given[name]]
    if len(chosen) > 1 and chosen not in (["--dry-run", "--output"], ["--dry-run", "--gallery"]):
        raise click.UsageError(f"{chosen[0]} and {chosen[1]} exclude each other: give one of them")
    _check_looks(given, chosen)
    if given["resume"] and given["output"] is None:
        raise click.UsageError("--resume is for a file: name it with --output")
    if given["overwrite"] and not (given["output"] or given["sheet"] or given["gallery"]):
        raise click.UsageError("--overwrite is for a file: name it with --output")
    for name in ("fields", "flat", "format"):
        if given[name] and given["ids"]:
            raise click.UsageError(f"--ids writes nothing but ids, so it goes without --{name}")
    if given["output"] is not None and given["format"] == TABLE:
        raise click.UsageError("--format table is for the screen: leave it out, or leave out --output")
    if given["resume"] and given["fields"] is not None:
        raise click.UsageError("--resume keeps every column: leave out --fields")


def _check_page(given: Mapping[str, Any]) -> None:
    """Refuse what a page cannot be."""
    for name in ("fields", "flat", "resume"):
        if given[name]:
            raise click.UsageError(f"--{name} is for rows: a page keeps whole hits, and is written at once")
    if given["format"] not in (None, PAGE):
        raise click.UsageError(f"--gallery writes a page: leave out --format {given['format']}")
