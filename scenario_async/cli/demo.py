"""`scenario-async demo`: the tour, against an emulator in this process."""

import asyncio
from typing import Final

import click

from scenario_async import AsyncScenario, ScenarioError, __version__, preload
from scenario_async.cli import tour
from scenario_async.cli.emulating import environment, make_emulator, variables
from scenario_async.cli.screen import Screen

_EXAMPLES: Final = """\b
Examples:
  scenario-async demo
  scenario-async demo | less
"""
_INTRODUCTION: Final = (
    "An emulator of Scenario's search serves {assets} assets, {models} models and {workflows} workflows from "
    "this process. Each step shows the code that runs, and then what show() writes. The environment leads "
    "the clients to the emulator:"
)
_NEXT: Final = """\
On this machine:  scenario-async serve
At the service:   export SCENARIO_SDK_API_KEY=... SCENARIO_SDK_API_SECRET=..."""


@click.command(epilog=_EXAMPLES)
def demo() -> None:
    """Take a tour of the SDK: seven searches, the code of each, and what it finds.

    It runs against an emulator of the service in this process, so it needs no account and no network.
    """
    emulator, screen = make_emulator(), Screen()
    library = emulator.library
    preload()
    try:
        with emulator.running() as base_url, environment(base_url):
            screen.heading(f"scenario-async {__version__}: the tour")
            screen.note(
                _INTRODUCTION.format(
                    assets=len(library.records("assets")),
                    models=len(library.records("models")),
                    workflows=len(library.records("workflows")),
                )
            )
            screen.assignments(variables(base_url))
            asyncio.run(_async_steps(screen))
            screen.step(tour.blocking)
            tour.blocking(screen)
    except (ScenarioError, OSError) as error:
        raise click.ClickException(str(error)) from error
    screen.heading("What next")
    screen.note(_NEXT)


async def _async_steps(screen: Screen) -> None:
    screen.step(tour.by_words)
    await tour.by_words(screen)
    async with AsyncScenario() as client:
        for step in tour.STEPS:
            screen.step(step)
            await step(client, screen)
