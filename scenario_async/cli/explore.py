"""`scenario-async explore`: the page that searches, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import click

from scenario_async.cli.account import account, account_options
from scenario_async.cli.sections import FILES, RESULT, Sectioned, option

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from scenario_async import RateLimit

_EXAMPLES: Final = """\b
Examples:
  scenario-async explore
  scenario-async explore knight --emulator
  scenario-async explore --port 9000 --no-browser
"""
_ANNOUNCEMENT: Final = """\
The explorer is at {address}
Anyone with this address can search with your key: keep it to yourself. Press Ctrl-C to stop it."""
_FOLDER: Final = "explored"


@click.command(cls=Sectioned, epilog=_EXAMPLES)
@click.argument("query", required=False)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="The port to listen on; 0 takes any free one.  [default: 8910, or the next free one]",
    section=RESULT,
)
@option("--no-browser", is_flag=True, help="Print the address, and open no browser.", section=RESULT)
@option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=_FOLDER,
    show_default=True,
    metavar="FOLDER",
    help="Where files go that you download from the page; it is made when the first one comes.",
    section=FILES,
)
@account_options
def explore(
    *,
    query: str | None,
    port: int | None,
    no_browser: bool,
    folder: Path,
    rate_limit: int,
    env_file: Path | None,
    emulator: bool,
) -> None:
    """Search in the browser, as you type.

    It serves a page on this machine, and opens it. There you search assets, models and workflows, narrow down, look
    at pictures, compare two, find similar ones, and pick some to export or to download. Press Ctrl-C to stop it.
    """
    from scenario_async import RateLimit  # noqa: PLC0415 - `--help` needs none of it
    from scenario_async.explore.server import bound  # noqa: PLC0415

    try:
        at = bound(port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        way_out = "choose another one, or leave --port out for a free one"
        message = f"port {port} is in use: {way_out}" if taken else error.strerror or str(error)
        raise click.ClickException(message) from error
    fragment = f"#{urlencode({'q': query})}" if query else ""

    def announce(address: str) -> None:
        click.echo(_ANNOUNCEMENT.format(address=address + fragment))
        if not no_browser and has_browser():
            threading.Thread(target=webbrowser.open, args=(address + fragment,), daemon=True).start()

    with at, account(emulator=emulator, env_file=env_file), suppress(KeyboardInterrupt):
        asyncio.run(_serve(at, RateLimit(rate_limit), folder.absolute(), announce, emulator=emulator))
    click.echo("stopped")


def has_browser() -> bool:
    """Tell whether a browser may open beside a terminal: one with windows, or the one that BROWSER names."""
    if not sys.stdout.isatty():
        return False
    named = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in named)


async def _serve(
    at: socket.socket, rate_limit: RateLimit, folder: Path, announce: Callable[[str], None], *, emulator: bool
) -> None:
    from scenario_async.explore.server import serving  # noqa: PLC0415 - as above

    stop = asyncio.Event()
    with suppress(NotImplementedError):  # on Windows, where Ctrl-C interrupts
        for end in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(end, stop.set)
    async with serving(at, rate_limit, folder, emulator=emulator) as guard:
        announce(guard.address)
        await stop.wait()
