"""`scenario-async search`: the group of the searches, each of which is loaded when it is called for."""

from __future__ import annotations

from typing import Final

import click

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


class _Searches(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as in click
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as in click
        if cmd_name not in KINDS:
            return None
        from scenario_async.cli.searching import command  # noqa: PLC0415 - as the docstring says

        return command(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as in click
        with formatter.section("Commands"):
            formatter.write_dl(list(KINDS.items()))


@click.group(cls=_Searches, epilog=_EXAMPLES)
def search() -> None:
    """Search assets, models or workflows."""
