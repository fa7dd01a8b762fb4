"""`scenario-async harvest`: many searches of a file into one SQLite file, which goes on where it was left."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs
import click

from scenario_async._paging.token import search_digest
from scenario_async._support.counting import counted
from scenario_async.cli.account import account, account_options, client
from scenario_async.cli.extent import time_of
from scenario_async.cli.saying import say
from scenario_async.cli.searching import SEARCHES
from scenario_async.cli.sections import EXTENT, RESULT, WANTED, Option, Place, Positive, Sectioned, Span
from scenario_async.errors import APIError, InvalidSearchError, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scenario_async import Harvest, HarvestProgress, Scenario
    from scenario_async.cli.listed import Row
    from scenario_async.cli.progress import Progress

_HELP: Final = """Run many searches into one SQLite file.

SEARCHES is a CSV file with a column for each parameter, JSON lines with an object for each search, or a text with a query
a line; - is the standard input. FILE is made if it is not there. If it stops, rerun the same command to continue: each
search is finished once.
"""
_EXAMPLES: Final = """\b
Examples:
  scenario-async harvest queries.txt knights.sqlite
  scenario-async harvest searches.csv all.sqlite --scan
  scenario-async harvest searches.csv all.sqlite --refresh
  scenario-async harvest searches.csv all.sqlite --watch 10m | jq .id
  scenario-async serve --library all.sqlite
"""


def _options() -> Iterator[Option]:
    yield Option(
        ["--kind"], type=click.Choice(list(SEARCHES)), default="assets", show_default=True,
        help="What the searches are for.", section=WANTED,
    )  # fmt: skip
    yield Option(
        ["--max-hits"], type=Positive(), metavar="N", help="Read up to N hits of each search.", section=EXTENT
    )
    yield Option(
        ["--scan"],
        is_flag=True,
        help="Read every hit, also past the 1,000 that engines show.",
        section=EXTENT,
    )
    yield Option(
        ["--refresh"], bare="new", type=click.Choice(["new", "full"]), metavar="[=full]",
        help="Ask finished searches for what is new; =full reads them again, and tells what is gone.", section=EXTENT,
    )  # fmt: skip
    yield Option(
        ["--max-requests"], type=Positive(), metavar="N",
        help="Stop after N requests; the same line goes on.", section=EXTENT,
    )  # fmt: skip
    yield Option(
        ["--concurrency"], type=Positive(), default=8, show_default=True, metavar="N",
        help="Searches to read at once.", section=EXTENT,
    )  # fmt: skip
    yield Option(
        ["--on-error"], type=click.Choice(["raise", "yield"]), default="raise", show_default=True,
        help="What to do about a search that fails, or a wrong line: stop everything, or report it and continue.",
        section=RESULT,
    )  # fmt: skip
    yield Option(
        ["--watch"], type=Span(), metavar="TIME",
        help="Refresh every so often, such as 10m, and write hits that are new to the file as JSON lines.",
        section=RESULT,
    )  # fmt: skip


class _Watch:
    """Shows how far it is, and says the price when the first replies are in."""

    def __init__(self, progress: Progress, rate_limit: int, max_requests: int | None) -> None:
        self._progress = progress
        self._rate_limit = rate_limit
        self._most = max_requests
        self._told = False

    def __call__(self, now: HarvestProgress) -> None:
        if not self._told and now.expected is not None:
            self._told = True
            requests = min(now.expected, self._most or now.expected)
            if requests > 1:
                more = now.at_least and requests == now.expected
                about = f"{requests:,} requests or more" if more else f"about {requests:,} requests"
                told = f"{about}, {time_of(requests, self._rate_limit)}"
                say(told)
                self._progress.begin(None)
        self._progress.stand(now.hits, now.requests, now.waiting)


@attrs.frozen
class _Work:
    """What the options ask for: searches, each with its line, and the file."""

    client: Scenario
    rows: Sequence[Row]
    path: Path
    given: dict[str, Any]
    progress: Progress
    rate_limit: int

    def harvested(self, refresh: Any) -> Harvest:  # noqa: ANN401 - as `harvest` takes it
        """Harvest once."""
        given = self.given
        names = ("concurrency", "max_hits", "max_requests", "scan", "on_error")
        try:
            return self.client.search.harvest(
                [row.search for row in self.rows if row.search is not None],
                self.path,
                refresh=refresh,
                on_progress=_Watch(self.progress, self.rate_limit, given["max_requests"]),
                **{name: given[name] for name in names},
            )
        finally:
            self.progress.end()

    def once(self, wrong: int) -> None:
        """Harvest, and tell what became of it; `wrong` lines were no searches."""
        refresh = {None: False, "new": True, "full": "full"}[self.given["refresh"]]
        done = self.harvested(refresh)
        gone = f", {done.gone:,} gone" if refresh == "full" else ""
        distinct = len({search_digest(row.search) for row in self.rows if row.search is not None})
        told = f"{self.path}: {done.searches:,} of {distinct:,} searches, {counted(done.hits, 'hit')}"
        click.echo(f"{told} ({done.new:,} new, {done.changed:,} changed{gone})")
        if done.errors or wrong:
            self._fail(done, wrong)
        if done.searches < distinct:
            told = f"stopped after {counted(done.requests, 'request')} (--max-requests)"
            say(f"{told}: the same line goes on")

    def _tell_failed(self, done: Harvest) -> None:
        for each in done.errors:
            message = redact(each.error.message)
            say(f"failed: line {self.rows[each.index].line}: {message}")

    def _fail(self, done: Harvest, wrong: int) -> NoReturn:
        from scenario_async.cli.failures import SeveralFailedError  # noqa: PLC0415 - only where something failed

        self._tell_failed(done)
        first = done.errors[0].error if done.errors else InvalidSearchError("a line is no search")
        failed = len(done.errors) + wrong
        ending = SeveralFailedError(f"not every search is finished: {failed:,} failed", first)
        ending.add_note("the same line tries again what failed")
        raise ending

    def again_and_again(self) -> None:
        """Refresh for ever, and write each hit that is new to the file, also where a round fails.

        What passes by itself, such as a service that is down, ends one round; what does not ends all of them.
        """
        last = _last_of(self.path)
        while True:
            began = time.monotonic()
            try:
                self._tell_failed(self.harvested(refresh=True))
            except APIError as error:
                if not error.retryable:
                    raise
                told = f"this round failed, and the next one goes on with it: {redact(str(error))}"
                say(told)
            finally:
                last = self._write_new(last)
            time.sleep(max(0.0, self.given["watch"] - (time.monotonic() - began)))

    def _write_new(self, last: int) -> int:
        """Write the hits behind a number, and give the number of the newest."""
        from scenario_async.cli.printing import Output  # noqa: PLC0415 - as above

        out, newest = Output(), _last_of(self.path)
        if newest > last:
            with closing(sqlite3.connect(self.path)) as file:
                asked = "SELECT data FROM hits WHERE rowid > ? AND rowid <= ? ORDER BY rowid"
                for (data,) in file.execute(asked, (last, newest)):
                    out.write(f"{data}\n".encode())
            out.flush()
        return max(last, newest)


def _run(
    *,
    emulator: bool,
    env_file: Path | None,
    rate_limit: int,
    source: str,
    path: Path,
    **given: Any,  # noqa: ANN401
) -> None:
    from scenario_async.cli.listed import rows_of  # noqa: PLC0415 - `--help` needs none of it
    from scenario_async.cli.progress import Progress  # noqa: PLC0415 - as above

    rows = rows_of(source, SEARCHES[given["kind"]])
    wrong = [row.wrong for row in rows if row.search is None]
    if wrong and given["on_error"] == "raise":
        more = f"; and {len(wrong) - 1:,} more" if wrong[1:] else ""
        raise click.UsageError(f"{wrong[0]}{more}; --on-error yield runs the others")
    for each in wrong:
        say(each)
    rows = [row for row in rows if row.search is not None]
    if not rows:
        raise click.UsageError(f"{source} has no search in it")
    progress = Progress(rate_limit)
    with account(emulator=emulator, env_file=env_file), client(rate_limit, **progress.hooks) as opened:
        work = _Work(opened, rows, path, given, progress, rate_limit)
        if given["watch"] is None:
            work.once(len(wrong))
        else:
            work.again_and_again()


def _last_of(path: Path) -> int:
    """Give the number of the newest hit that a file has."""
    if not path.is_file():
        return 0
    with closing(sqlite3.connect(path)) as file:
        try:
            return int(file.execute("SELECT coalesce(max(rowid), 0) FROM hits").fetchone()[0])
        except sqlite3.Error:
            return 0  # what it is shows when it is written to


harvest: Sectioned = Sectioned(
    "harvest",
    params=[
        click.Argument(["source"], metavar="SEARCHES"),
        click.Argument(["path"], type=Place(path_type=Path), metavar="FILE"),
        *_options(),
    ],
    callback=_run,
    help=_HELP,
    epilog=_EXAMPLES,
)
harvest = account_options(harvest)
