"""`scenario-async serve`: the emulator, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import shlex
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import click

from scenario_async.cli.emulating import make_emulator, variables
from scenario_async.errors import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenario_async.emulator import Emulator
    from scenario_async.emulator.app import RecordedRequest

_BEAT: Final = 0.2
_JSON: Final = "Content-Type: application/json"
_EXAMPLES: Final = """\b
Examples:
  scenario-async serve
  scenario-async serve --port 0 --access-log
  scenario-async serve --host 0.0.0.0 --seed 7
"""
_ANNOUNCEMENT: Final = """\
The emulator serves at {base_url}; Ctrl-C stops it.
Clients in another shell find it after these lines:

{environment}

And it answers to:

  {curl}
"""


@click.command(epilog=_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    default=8900,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen at; 0 for any free one.",
)
@click.option("--seed", default=0, show_default=True, help="Which sample library: same seed, same library.")
@click.option("--access-log", is_flag=True, help="Write a line per request to stderr.")
def serve(host: str, port: int, seed: int, *, access_log: bool) -> None:
    """Serve the emulator: Scenario's search API on this machine, with a sample library.

    It prints the lines to paste into another shell; there, every client and every command of
    scenario-async talks to the emulator. Ctrl-C stops it.
    """
    emulator = make_emulator(host=host, port=port, seed=seed)
    if not _is_loopback(host):
        click.echo(
            f"Warning: whoever reaches {host or 'this machine'} can use this emulator; "
            "clients elsewhere need allow_http=True",
            err=True,
        )
    try:
        asyncio.run(_serve(emulator, access_log=access_log))
    except OSError as error:
        taken = f"port {port} of {host} is taken: choose another one, or --port 0 for any that is free"
        message = taken if error.errno == errno.EADDRINUSE else error.strerror
        raise click.ClickException(message or str(error)) from error
    except KeyboardInterrupt:
        pass  # the usual way to stop it
    click.echo("stopped")


async def _serve(emulator: Emulator, *, access_log: bool) -> None:
    stop = asyncio.Event()
    async with emulator:
        with suppress(NotImplementedError):  # on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        click.echo(_announcement(reachable(emulator.base_url)))
        while not stop.is_set():
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _BEAT)
            finally:
                _take_requests(emulator, access_log=access_log)


def _take_requests(emulator: Emulator, *, access_log: bool) -> None:
    """Tell of what arrived, and forget it: a server may run for weeks."""
    if access_log:
        for request in emulator.requests:
            click.echo(_told(request), err=True)
    emulator.requests.clear()


def _told(request: RecordedRequest) -> str:
    """Put a request in a line, without what signs a URL and without pictures."""
    signed = "Signature" in request.query
    query = "…" if signed else urlencode(list(request.query.items()))
    body = "" if request.body is None else redact(json.dumps(request.body))
    return f"{request.method} {quote(request.path)}{'?' if query else ''}{query} {body}".rstrip()


def reachable(base_url: str) -> str:
    """Give an address to connect to where the one that is listened at means all of them."""
    return base_url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _announcement(base_url: str) -> str:
    environment = variables(base_url)
    lines = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in environment.items())
    return _ANNOUNCEMENT.format(base_url=base_url, environment=lines, curl=_curl(base_url, environment))


def _curl(base_url: str, environment: Mapping[str, str]) -> str:
    signature = f"{environment['SCENARIO_SDK_API_KEY']}:{environment['SCENARIO_SDK_API_SECRET']}"
    body = '{"query": "knight", "limit": 1}'
    words = ("curl", "-u", signature, f"{base_url}/search/assets", "-H", _JSON, "-d", body)
    return shlex.join(words)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
