"""A search at the command line: on the screen, into a pipe, or into a file."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from scenario_async._support.counting import counted
from scenario_async.cli.account import account, account_options, client
from scenario_async.cli.extent import Extent, reading_options
from scenario_async.cli.options import keywords_of, options_of
from scenario_async.cli.saying import say
from scenario_async.cli.sections import Sectioned
from scenario_async.cli.writing import Wish, writing_options
from scenario_async.errors import APIError, BadRequestError
from scenario_async.pages import LARGEST_PAGE, USUAL_WINDOW
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scenario_async import Scenario
    from scenario_async.searches import Search

SEARCHES: Final[Mapping[str, type[Search[Any]]]] = {f"{each.kind}s": each for each in ENDPOINTS}
_EXAMPLES: Final[Mapping[str, str]] = {
    "assets": """\b
Examples:
  scenario-async search assets knight
  scenario-async search assets --where kind=image --where 'width>=1024'
  scenario-async search assets --image sketch.png --max-hits 50 --ids
  scenario-async search assets --where tags=cat --all --output cats.parquet
  scenario-async search assets castle --dry-run=curl
""",
    "models": """\b
Examples:
  scenario-async search models watercolor --public
  scenario-async search models --where type=custom --sort-by createdAt:desc
  scenario-async search models knight --format json --fields id,name
""",
    "workflows": """\b
Examples:
  scenario-async search workflows upscale
  scenario-async search workflows upscale --count
  scenario-async search workflows --where status=ready --all --output all.csv
""",
}
_HELP: Final = """Search {what}.

QUERY is words to look for. It can be left out where another option says what to look for.

You get one page of hits: a table in a terminal, JSON lines in a pipe or a file. --all reads every hit, --max-hits so
many. What takes more than one request says first how many it takes, and how long.
"""


def command(name: str) -> click.Command:
    """Make the command of a kind of searches, with the options that its class has."""
    search_class = SEARCHES[name]
    what = (search_class.__doc__ or "").partition("\n")[0].removeprefix("Search ").rstrip(".")
    made = Sectioned(
        name,
        params=[click.Argument(["query"], required=False), *options_of(search_class)],
        callback=partial(_run, search_class),
        help=_HELP.format(what=what),
        epilog=_EXAMPLES[name],
    )
    for add in (reading_options, writing_options, account_options):
        made = add(made)
    return made


def _run(
    search_class: type[Search[Any]],
    *,
    emulator: bool,
    env_file: Path | None,
    rate_limit: int,
    **given: Any,  # noqa: ANN401
) -> None:
    extent = Extent.of(given, rate_limit)
    wish = Wish.of(given, search_class.hit_class)
    keywords = keywords_of(search_class, given)
    dry_run: str | None = given["dry_run"]
    if dry_run or not wish.exports:
        keywords |= extent.size(keywords, counting=wish.counts)
    wanted = search_class(**keywords)
    with account(emulator=emulator, env_file=env_file):
        if dry_run:
            from scenario_async.cli.dry_run import shown  # noqa: PLC0415 - only when it is wanted

            click.echo(shown(wanted, dry_run))
            return
        from scenario_async.cli.progress import Progress  # noqa: PLC0415 - as `--help` needs none of it

        progress = Progress(rate_limit, prints=wish.kept is None)
        with client(rate_limit, **progress.hooks) as opened:
            _carry_out(opened, wanted, extent, wish, progress)


def _tell_count(count: int) -> None:
    click.echo(count)
    if count and count % USUAL_WINDOW == 0:
        say(f"{count:,} hits or more, as engines count no further: `scan` reads every hit, and counts them")


def _carry_out(opened: Scenario, wanted: Search[Any], extent: Extent, wish: Wish, progress: Any) -> None:  # noqa: ANN401
    from scenario_async.cli.progress import hint, is_terminal  # noqa: PLC0415 - as above
    from scenario_async.cli.reading import Reading, count_of  # noqa: PLC0415

    if wish.counts:
        _tell_count(count_of(opened, wanted))
        return
    if wish.exports:
        from scenario_async.cli.exporting import export  # noqa: PLC0415

        export(opened, wanted, extent, wish, progress)
        return
    reading = Reading(opened, wanted, extent, progress)
    try:
        wish.carry_out(reading, wanted.hit_class)
    except (Exception, KeyboardInterrupt) as error:
        size = wanted.limit or wanted.hits_per_page or 0
        if size > LARGEST_PAGE and isinstance(error, BadRequestError):
            error.add_note(f"a page has {LARGEST_PAGE} hits at most: --max-hits {size} reads several")
        if wish.kept is None and reading.delivered and not wish.quiet:
            error.add_note(f"{counted(reading.delivered, 'hit is', 'hits are')} out: {reading.going_on()}")
        elif wish.kept is not None and isinstance(error, (APIError, KeyboardInterrupt)):
            error.add_note(f"{wish.kept} is as it was: run the same line again")
        raise
    told, unasked = reading.ended()
    if unasked:
        say(told)
    elif told:
        hint(told)
    elif not reading.delivered and is_terminal(sys.stdout):
        hint("nothing was found")
