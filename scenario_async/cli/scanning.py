"""A scan at the command line: every hit, into a pipe or into a file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from scenario_async._support.counting import counted
from scenario_async._tables.formats import FORMATS
from scenario_async.cli.account import account, account_options, client
from scenario_async.cli.extent import Extent
from scenario_async.cli.options import keywords_of, options_of
from scenario_async.cli.saying import say
from scenario_async.cli.searching import SEARCHES
from scenario_async.cli.sections import EXTENT, RESULT, Option, Positive, Sectioned
from scenario_async.cli.writing import writing_options
from scenario_async.pages import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scenario_async import Scenario
    from scenario_async._exports.export import ExportProgress
    from scenario_async.cli.progress import Progress
    from scenario_async.searches import Search

_OWN: Final = ("limit", "offset", "page", "hits_per_page", "sort_by")
"""What a scan sets itself."""
_AS_THERE: Final = ("output", "flat", "resume", "overwrite")
"""The options of a search that a scan has as well."""
_HELP: Final = """Read every hit of a search of {what}, also past the 1,000 that engines show.

It proves that it is complete, or says why it cannot. Hits come as JSON lines, or into a file of the format that its name
says. What was interrupted goes on with --resume.
"""


def command(name: str) -> click.Command:
    """Make the command of a kind of searches."""
    search_class = SEARCHES[name]
    searching = [each for each in options_of(search_class) if each.name not in _OWN]
    made = Sectioned(
        name,
        params=[click.Argument(["query"], required=False), *searching, *_options()],
        callback=partial(_run, search_class),
        help=_HELP.format(what=name),
    )
    return account_options(made)


def _options() -> Iterator[click.Parameter]:
    yield Option(
        ["--max-requests"], type=Positive(), metavar="N",
        help="Stop after the page that takes request N.", section=EXTENT,
    )  # fmt: skip
    yield Option(
        ["--format"], type=click.Choice(list(FORMATS)),
        help="How to write hits. Without it: as the name of the file says, else jsonl.", section=RESULT,
    )  # fmt: skip
    of_searches = writing_options(click.Command("search"))
    yield from (each for each in of_searches.params if each.name in _AS_THERE)


class _EnoughError(Exception):
    """So many requests were sent as there may be."""


class _Watch:
    """Says the price when the first page is in, shows how far it is, and ends it after so many requests."""

    def __init__(self, progress: Progress, rate_limit: int, max_requests: int | None) -> None:
        self._progress = progress
        self._extent = Extent(everything=True, max_requests=max_requests, rate_limit=rate_limit)
        self._told = False
        self.last: ExportProgress | None = None

    def __call__(self, now: ExportProgress) -> None:
        if not self._told and now.pages:
            self._told = True
            self._tell(now.total)
        self.last = now
        self._progress.stand(now.hits, now.pages, now.waiting)
        most = self._extent.max_requests
        if most is not None and now.requests >= most:
            raise _EnoughError

    def _tell(self, total: int | None) -> None:
        from scenario_async.cli.reading import announce  # noqa: PLC0415 - `--help` needs none of it

        if total is None:
            announce(
                "1,000 hits or more, as engines count no further: 10 requests or more; --max-requests bounds them"
            )
        else:
            announce(self._extent.price(total, LARGEST_PAGE))
        self._progress.begin(total)


def _run(
    search_class: type[Search[Any]],
    *,
    emulator: bool,
    env_file: Path | None,
    rate_limit: int,
    **given: Any,  # noqa: ANN401
) -> None:
    from scenario_async.cli.progress import Progress  # noqa: PLC0415 - as above

    wanted = search_class(**keywords_of(search_class, {**dict.fromkeys(_OWN), **given}))
    progress = Progress(rate_limit, prints=given["output"] is None)
    watch = _Watch(progress, rate_limit, given["max_requests"])
    with account(emulator=emulator, env_file=env_file), client(rate_limit, **progress.hooks) as opened:
        _export(opened, wanted, given, watch, progress)


def _export(
    opened: Scenario, wanted: Search[Any], given: dict[str, Any], watch: _Watch, progress: Progress
) -> None:
    from scenario_async.cli.printing import Output  # noqa: PLC0415 - as above
    from scenario_async.cli.progress import hint  # noqa: PLC0415
    from scenario_async.errors import ScenarioError  # noqa: PLC0415 - as above

    path = given["output"] or "-"
    how = given["format"] or (None if given["output"] else "jsonl")
    try:
        done = opened.search.export(
            wanted, given["output"] or Output(), format=how, scan=True, resume=given["resume"], overwrite=given["overwrite"],
            flat=given["flat"], prefetch=0, on_progress=watch,
        )  # fmt: skip
    except _EnoughError:
        last = watch.last
        hits, requests = (0, 0) if last is None else (last.hits, last.requests)
        told = f"stopped after {counted(requests, 'request')} (--max-requests), {counted(hits, 'hit')}"
        say(f"{told}: {_going_on(path)}")
        return
    except ScenarioError as error:
        if watch.last is not None and watch.last.hits:
            error.add_note(_going_on(path))
        raise
    finally:
        progress.end()
    hint(f"{counted(done.hits, 'hit')} in {counted(done.requests, 'request')}: complete")


def _going_on(path: Path | str) -> str:
    if path == "-":
        return "with --output FILE, the same line could go on with --resume"
    return "the same line with --resume goes on behind them"
