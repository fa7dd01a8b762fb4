"""`scenario-async demo`: the tour, against an emulator in this process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

from scenario_async import F, Scenario, ScenarioError, __version__, preload
from scenario_async.cli import typed
from scenario_async.cli._tour import listings
from scenario_async.cli.emulating import environment, make_emulator, variables
from scenario_async.cli.pauses import Pauses
from scenario_async.cli.printing import of_output
from scenario_async.cli.screen import Screen

if TYPE_CHECKING:
    from scenario_async.emulator import Library

_EXAMPLES: Final = """\b
Examples:
  scenario-async demo
  scenario-async demo --step
  scenario-async demo --pause 5
  scenario-async demo | less
"""
_INTRODUCTION: Final = (
    "You see seven small programs, each followed by what it prints. They search a sample library "
    "of {assets} assets, {models} models and {workflows} workflows. An emulator serves it: Scenario's search "
    "API, rebuilt in this process. Nothing leaves this machine."
)
_PORT: Final = 8900


@click.command(epilog=_EXAMPLES)
@click.option("--step", is_flag=True, help="Wait for Enter before each program runs, and after it.")
@click.option(
    "--pause",
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    help="Wait that long in those places instead.",
)
def demo(*, step: bool, pause: float | None) -> None:
    """Watch seven small programs search, and see their code.

    They search by words, by filters and with a picture, and draw what they find. They survive errors, run many
    searches at once, and stop and go on. You need no account and no network: the demo brings a service of its own,
    with sample data.

    In a small terminal, --step shows one screenful at a time. Every program can be pasted into a file and run; the
    end says how.
    """
    if step and pause is not None:
        raise click.UsageError("--step waits for Enter, --pause for a time: give one of them")
    screen = Screen(Pauses(enter=step, seconds=pause))
    emulator = make_emulator()
    try:
        with emulator.running() as base_url, environment(base_url):
            _warm_up()
            _show(screen, emulator.library)
    except (ScenarioError, OSError) as error:
        if of_output(error):
            raise
        raise click.ClickException(str(error)) from error


def _warm_up() -> None:
    """Search once unseen, so that the first figure on the screen is that of a search and not of imports."""
    preload()
    with Scenario() as client:
        client.search.asset_search(query="knight", limit=1)


def _pictures() -> list[str]:
    """Give what the sheet shows as lines of half blocks; none where the screen has no colours for them."""
    from scenario_async._looks.mosaic import mosaic  # noqa: PLC0415 - it loads Pillow
    from scenario_async._looks.terminal import terminal_of, way_of  # noqa: PLC0415

    if os.environ.get("NO_COLOR") or way_of(sys.stdout) is None:
        return []
    with Scenario() as client:
        page = client.search.asset_search(query="knight", filter=F.kind == "image", limit=6)
        table = page.table
        table.load_thumbnails()
    *lines, _ = mosaic(table, terminal_of(sys.stdout, os.environ))
    return lines


def _show(screen: Screen, library: Library) -> None:
    screen.heading(f"scenario-async {__version__}: a tour")
    screen.note(
        _INTRODUCTION.format(
            assets=len(library.records("assets")),
            models=len(library.records("models")),
            workflows=len(library.records("workflows")),
        )
    )
    screen.pause("see the first program")
    for listing in listings():
        screen.step(listing)
        screen.pause("run it")
        with screen.printed():
            listing.run()
        if listing.module.endswith(".looking"):
            screen.drawn(_pictures())
        screen.pause("go on")
    screen.heading("Three things to type next")
    screen.command("Start a service to try things with:", f"{typed('scenario-async')} serve --port {_PORT}")
    settings = variables(f"http://127.0.0.1:{_PORT}/v1")
    exports = [f"export {name}={value}" for name, value in settings.items()]
    screen.command("In a second terminal, let programs search it:", *exports)
    screen.command("There, run a first search:", f"{typed('scenario-async', anew=True)} search models knight")
    screen.note(
        "Every program above runs there, too: paste it into a file, and run that with the same python. "
        "To search your own project, set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET to your keys, and leave "
        "SCENARIO_BASE_URL out."
    )
