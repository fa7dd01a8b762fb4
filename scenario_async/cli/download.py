"""`scenario-async download`: the files of what a search finds, or of hits that are there already."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from scenario_async._support.counting import counted
from scenario_async.cli.account import account, account_options, client
from scenario_async.cli.extent import Extent, reading_options
from scenario_async.cli.options import keywords_of, options_of
from scenario_async.cli.piped import NAME, Piped
from scenario_async.cli.saying import say
from scenario_async.cli.sections import FILES, Option, Place, Positive, Sectioned
from scenario_async.searches import AssetSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from scenario_async import Scenario
    from scenario_async.cli.progress import Progress
    from scenario_async.cli.reading import Reading

_STDIN: Final = "-"
_EXAMPLES: Final = """\b
Examples:
  scenario-async download knight --to knights
  scenario-async download --where kind=video --all --to videos
  scenario-async download castle --to castles --width 512
  scenario-async search models cat | scenario-async download - --to faces
  scenario-async download --from hits.jsonl --to pictures
"""
_HELP: Final = """Download the files of assets into a folder.

QUERY is words to look for, as in "search assets", with the same options. A - in its place, or --from, takes hits that
are there already: JSON lines as "search" writes them, or ids, one a line. Of models and workflows you get the
thumbnails.

The path of each file is written when it is there. Run the same line again, and it fetches only what is missing.
"""


def _options() -> Iterator[Option]:
    yield Option(
        ["--to", "folder"],
        type=Place(file_okay=False, path_type=Path),
        required=True,
        metavar="FOLDER",
        help="Where the files go; it is made if it is not there.",
        section=FILES,
    )
    yield Option(
        ["--from", "source"],
        metavar="FILE|-",
        help="Take hits from a file of JSON lines or ids, or from the standard input.",
        section=FILES,
    )
    yield Option(
        ["--name"],
        default="{id}",
        show_default=True,
        metavar="TEMPLATE",
        help="Names of files, made of {id} {name} {index} {kind} {created} {ext}.",
        section=FILES,
    )
    yield Option(
        ["--width"],
        type=Positive(),
        metavar="N",
        help="Fetch pictures N pixels wide.",
        section=FILES,
    )
    yield Option(
        ["--picture-format"],
        metavar="NAME",
        help="Fetch pictures as jpeg, png, webp, avif, …",
        section=FILES,
    )
    yield Option(
        ["--quality"],
        type=Positive(),
        metavar="N",
        help="Fetch them in this quality, 1 to 100.",
        section=FILES,
    )
    yield Option(
        ["--concurrency"],
        type=Positive(),
        default=8,
        show_default=True,
        metavar="N",
        help="Files to fetch at once.",
        section=FILES,
    )
    yield Option(
        ["--sidecar"], is_flag=True, help="Write the JSON of each hit beside its file as well.", section=FILES
    )


def _run(
    *,
    emulator: bool,
    env_file: Path | None,
    rate_limit: int,
    source: str | None,
    query: str | None,
    **given: Any,  # noqa: ANN401
) -> None:
    given["query"] = None if query == _STDIN else query
    source = _STDIN if query == _STDIN else source
    extent = Extent.of(given, rate_limit)
    keywords: dict[str, Any] = keywords_of(AssetSearch, given)
    if source is not None and (keywords or extent.several):
        named = next(iter(keywords), "max_hits" if given["max_hits"] else "all")
        shown = "QUERY" if named == "query" else f"--{named.replace('_', '-')}"
        raise click.UsageError(f"{shown} is for a search, and the hits come from {source}: give one of them")
    keywords |= extent.size(keywords, counting=False)
    wanted = None if source is not None else AssetSearch(**keywords)
    from scenario_async.cli.progress import Progress  # noqa: PLC0415 - `--help` needs none of it
    from scenario_async.cli.reading import Reading  # noqa: PLC0415

    progress = Progress(rate_limit, unit="files")
    with account(emulator=emulator, env_file=env_file), client(rate_limit, **progress.hooks) as opened:
        if wanted is None:
            _fetch(opened, read_hits(source or _STDIN), given, progress)
        else:
            reading = Reading(opened, wanted, extent, progress, shows=False)
            with closing(reading.hits()) as hits:
                _fetch(opened, hits, given, progress)
            _tell_rest(reading)


def _tell_rest(reading: Reading) -> None:
    from scenario_async.cli.progress import hint  # noqa: PLC0415

    told, unasked = reading.ended()
    if unasked:
        say(told)
    elif told:
        hint(told)


def _fetch(opened: Scenario, hits: Iterable[Any], given: Mapping[str, Any], progress: Progress) -> None:
    """Download, writing a line for each file; a failure is told, and is the exit code in the end."""
    from scenario_async.cli.printing import Output  # noqa: PLC0415
    from scenario_async.cli.progress import hint  # noqa: PLC0415
    from scenario_async.errors import redact  # noqa: PLC0415

    out, failure = Output(), None
    counts = {"saved": 0, "present": 0, "failed": 0}
    downloads = opened.download(
        hits,
        given["folder"],
        name=given["name"],
        width=given["width"],
        format=given["picture_format"],
        quality=given["quality"],
        concurrency=given["concurrency"],
        sidecar=given["sidecar"],
    )
    try:
        progress.begin(None)
        for each in downloads:
            counts[each.status] += 1
            progress.count(1)
            with progress.aside(always=each.error is not None):
                if each.error is not None:
                    failure = failure or each.error
                    say(f"failed: {_id_of(each.hit)}: {redact(each.error.message)}")
                else:
                    out.write(f"{each.path}\n".encode(errors="surrogateescape"))
                    out.flush()
    except (Exception, KeyboardInterrupt) as error:
        if counts["saved"]:
            error.add_note(
                f"{counted(counts['saved'], 'file is', 'files are')} saved: the same line fetches the rest"
            )
        raise
    finally:
        downloads.close()
        progress.end()
    told = (
        ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "nothing was found"
    )
    if failure is not None:
        from scenario_async.cli.failures import SeveralFailedError  # noqa: PLC0415 - only where something failed

        ending = SeveralFailedError(f"not every file is there: {told}", failure)
        ending.add_note("the same line tries again what failed")
        raise ending
    hint(told)


def _id_of(given: Any) -> str:  # noqa: ANN401 - a hit, or a line of a file
    if isinstance(given, dict):
        return str(cast("dict[str, Any]", given).get("id"))
    return str(getattr(given, "id", given))


def read_hits(source: str) -> Hits:
    """Give the hits of a file of JSON lines, or ids; `-` is the standard input."""
    if source == _STDIN:
        piped = Piped()
        return Hits(piped, NAME, piped.waits)
    return Hits(_lines_of(source), source)


def _lines_of(source: str) -> Iterator[str]:
    try:
        with Path(source).open(encoding="utf-8-sig") as file:
            yield from file
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise click.UsageError(f"{source} cannot be read: {reason}") from None


class Hits:
    """The hits of lines; where those come from somebody who takes his time, `waits` tells so."""

    def __init__(self, lines: Iterable[str], name: str, waits: Callable[[], bool] = lambda: False) -> None:
        self._lines = lines
        self._name = name
        self.waits = waits

    def __iter__(self) -> Iterator[Any]:
        for number, line in enumerate(self._lines, start=1):
            if text := line.strip():
                yield self._hit(text, number)

    def _hit(self, text: str, number: int) -> Any:  # noqa: ANN401 - an id, or JSON
        hit: Any = text
        if text[0] in '{"[':
            try:
                hit = json.loads(text)
            except (ValueError, RecursionError):
                raise click.UsageError(
                    f"line {number} of {self._name} is no JSON: give one hit a line"
                ) from None
        if not (isinstance(hit, str) or (isinstance(hit, dict) and "id" in hit)):
            raise click.UsageError(f"line {number} of {self._name} is no hit: it needs an id")
        return cast("Any", hit)


download: Sectioned = Sectioned(
    "download",
    params=[click.Argument(["query"], required=False), *options_of(AssetSearch), *_options()],
    callback=_run,
    help=_HELP,
    epilog=_EXAMPLES,
)
for _add in (reading_options, account_options):
    download = _add(download)
