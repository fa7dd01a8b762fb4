"""`scenario-async serve`: the emulator, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import errno
import json
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import click

from scenario_async.cli.emulating import installable, make_emulator, variables
from scenario_async.cli.ruling import engine_of, engine_options
from scenario_async.emulator.faults import described
from scenario_async.emulator.server import is_loopback
from scenario_async.errors import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenario_async.emulator import Emulator, Library
    from scenario_async.emulator.arrivals import RecordedRequest

_BEAT: Final = 0.2
_JSON: Final = "Content-Type: application/json"
_EXAMPLES: Final = """\b
Examples:
  scenario-async serve --port 0 --access-log
  scenario-async serve --size 100000 --rate-limit
  scenario-async serve --library pictures/
  scenario-async serve --library saved.jsonl --latency 0.2 --jitter 0.1
  scenario-async serve --faults "503 retry-after=1 x3, ok x5, hang, repeat"
"""
_USUAL_RATE: Final = 100
_ANNOUNCEMENT: Final = """\
The emulator runs at {base_url}. Press Ctrl-C to stop it.
Paste these lines into another terminal. Programs that you start there search the emulator:

{environment}

Or try it without Python:

  {curl}
"""


def _epilog() -> str:
    """Give the examples, and the faults by name."""
    rows = [
        (" ".join([each.name, *(f"{name}=" for name in each.options)]), each.help) for each in described()
    ]
    indent = " " * 6
    lines = [
        f"  {name}\n{fill(told, 78, initial_indent=indent, subsequent_indent=indent)}" for name, told in rows
    ]
    return "\n".join(
        [
            _EXAMPLES,
            "\b",
            "What a script of --faults is made of (add options, and x3 for three requests):",
            *lines,
        ]
    )


@click.command(epilog=_epilog())
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8900,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 takes any free one.",
)
@click.option(
    "--library",
    type=click.Path(exists=True, path_type=Path),
    help="Serve this instead of the sample: a folder of pictures, or a file of hits (.json, or .jsonl with one "
    "hit a line).",
)
@click.option("--size", type=int, help="Assets in the sample library: 100 to 1,000,000.  [default: 600]")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Another seed gives another sample library and other random events; the same seed repeats them.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(1),
    is_flag=False,
    flag_value=_USUAL_RATE,
    metavar="[N]",
    help=f"Allow N searches a minute ({_USUAL_RATE} without a number), and answer 429 to more.",
)
@click.option(
    "--faults", metavar="SCRIPT", default="", help="Make the next searches fail in these ways: see below."
)
@click.option(
    "--failure-rate",
    default=0.0,
    metavar="SHARE",
    help="Let this share of searches fail at random: 0.1 is one in ten.",
)
@click.option("--latency", default=0.0, metavar="SECONDS", help="Delay every answer by this time.")
@click.option("--jitter", default=0.0, metavar="SECONDS", help="Delay it by up to this time more, at random.")
@click.option(
    "--urls-expire-after",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Let the addresses of pictures expire after this time.",
)
@click.option(
    "--pictures-port",
    type=click.IntRange(0, 65535),
    help="Serve the pictures at a port of their own; 0 takes any free one.",
)
@engine_options
@click.option("--access-log", is_flag=True, help="Write a line for each request to stderr.")
def serve(  # noqa: PLR0917 - click passes by name
    host: str,
    port: int,
    library: Path | None,
    size: int | None,
    seed: int,
    rate_limit: int | None,
    faults: str,
    failure_rate: float,
    latency: float,
    jitter: float,
    urls_expire_after: float | None,
    pictures_port: int | None,
    *,
    access_log: bool,
    **engine: Any,  # noqa: ANN401 - the fields of Engine
) -> None:
    """Run a service with sample data on this machine, to try searches with.

    It is an emulator of Scenario's search API. It prints lines to paste into another terminal: programs that you
    start there search the emulator. Press Ctrl-C to stop it.
    """
    if library is not None and size is not None:
        raise click.UsageError("--size is for the sample library: give --size or --library, not both")
    try:
        emulator = make_emulator(
            library=_read(library, size, seed),
            host=host,
            port=port,
            allow_remote=True,
            seed=seed,
            rate_limit=rate_limit,
            faults=faults,
            failure_rate=failure_rate,
            latency=latency,
            jitter=jitter,
            urls_expire_after=urls_expire_after,
            pictures_port=pictures_port,
            engine=engine_of(engine),
        )
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
    if not is_loopback(host):
        click.echo(
            f"Warning: whoever reaches {host or 'this machine'} can use this emulator. "
            "Clients on other machines need allow_http=True",
            err=True,
        )
    try:
        asyncio.run(_serve(emulator, access_log=access_log))
    except OSError as error:
        taken = f"port {port} of {host} is in use: choose another one, or --port 0 for any free one"
        message = taken if error.errno == errno.EADDRINUSE else error.strerror
        raise click.ClickException(message or str(error)) from error
    except KeyboardInterrupt:
        pass  # the usual way to stop it
    click.echo("stopped")


def _read(path: Path | None, size: int | None, seed: int) -> Library | None:
    """Give the library that is asked for, telling a terminal how far it is; None for the usual one."""
    with installable():
        from scenario_async.emulator import Library  # noqa: PLC0415 - only when it is wanted

        if path is None:
            return None if size is None else Library.sample(seed, size=size)
        if sys.stderr.isatty():
            library = Library.load(path, progress=lambda done, total: _tell(f"{path}: {done:,} of {total:,}"))
            _tell("")
        else:
            library = Library.load(path)
        for file, reason in library.skipped.items():
            click.echo(f"{file} is left out: {reason}", err=True)
        return library


def _tell(message: str) -> None:
    """Write over the last line of the terminal."""
    click.echo(f"\r\x1b[K{message}", nl=False, err=True)


async def _serve(emulator: Emulator, *, access_log: bool) -> None:
    stop = asyncio.Event()
    async with emulator:
        with suppress(NotImplementedError):  # on Windows, where Ctrl-C interrupts
            for end in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(end, stop.set)
        click.echo(_announcement(emulator.base_url))
        while not stop.is_set():
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _BEAT)
            finally:
                _take_requests(emulator, access_log=access_log)


def _take_requests(emulator: Emulator, *, access_log: bool) -> None:
    """Tell of the requests that are over, and forget them: a server may run for weeks."""
    requests = emulator.requests[:]
    emulator.requests[:] = [request for request in requests if not request.over]
    if access_log:
        for request in requests:
            if request.over:
                click.echo(_told(request), err=True)


def _told(request: RecordedRequest) -> str:
    """Put a request in a line, without what signs a URL and without pictures."""
    signed = "Signature" in request.query
    query = "…" if signed else urlencode(list(request.query.items()))
    body = "" if request.body is None else redact(json.dumps(request.body))
    line = f"{request.status or '---'} {request.method} {quote(request.path)}{'?' if query else ''}{query} {body}"
    return line.rstrip() + (f" [{request.fault}]" if request.fault else "")


def _announcement(base_url: str) -> str:
    environment = variables(base_url)
    lines = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in environment.items())
    return _ANNOUNCEMENT.format(base_url=base_url, environment=lines, curl=_curl(base_url, environment))


def _curl(base_url: str, environment: Mapping[str, str]) -> str:
    signature = f"{environment['SCENARIO_SDK_API_KEY']}:{environment['SCENARIO_SDK_API_SECRET']}"
    body = '{"query": "knight", "limit": 1}'
    words = ("curl", "-u", signature, f"{base_url}/search/assets", "-H", _JSON, "-d", body)
    return shlex.join(words)
