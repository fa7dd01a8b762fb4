"""The groups `search` and `scan`, whose commands, one for each kind of searches, are loaded when they are called for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from scenario_async.cli.nearest import Guiding, as_query

KINDS: Final = {
    "assets": "Search images, videos, sounds, 3D objects and other assets.",
    "models": "Search generative models.",
    "workflows": "Search workflows.",
}
"""What there is to search, in the words of the search classes, which take longer to load."""
_EXAMPLES: Final = """\b
Examples:
  scenario-async search assets knight
  scenario-async search models watercolor --public
  scenario-async search workflows upscale --count
  scenario-async search assets --help      read about every option
"""


class Kinds(Guiding):
    """A command for each kind of searches; `module` has the function that makes it."""

    module = "searching"

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as in click
        """Give the kinds."""
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as in click
        """Make the command of a kind."""
        if cmd_name not in KINDS:
            return None
        made: click.Command = import_module(f"scenario_async.cli.{self.module}").command(cmd_name)
        return made

    def elsewhere(self, name: str, others: list[str]) -> str:  # noqa: ARG002 - as in `Guiding`
        """Give nothing: what is no kind is a word to search for."""
        return ""

    def way_out(self, ctx: click.Context, name: str, others: list[str]) -> str:
        """Tell that the kind comes before the words."""
        line = f"{ctx.command_path} assets {as_query(name, others)}"
        return f"name what to search first ({', '.join(KINDS)}), as in `{line}`"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as in click
        """Write the kinds with their words."""
        with formatter.section("Commands"):
            formatter.write_dl(list(KINDS.items()))


@click.group(cls=Kinds, epilog=_EXAMPLES)
def search() -> None:
    """Search assets, models or workflows."""
