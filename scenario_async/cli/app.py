"""The group that the commands belong to."""

from importlib import import_module
from typing import Any, Final, cast

import click

from scenario_async import __version__
from scenario_async.cli import INTERRUPTED

_COMMANDS: Final = {
    "demo": "Watch small programs search; no account needed.",
    "serve": "Run a service with sample data on this machine.",
}
"""What each command is for; the command itself is the function of that name in the module of that name."""

_EXAMPLES: Final = """\b
Examples:
  scenario-async demo              see what the SDK can do, with the code
  scenario-async serve             start a service to try things with
  scenario-async serve --help      read about one command
"""


class _Commands(click.Group):
    """A group that loads a command when it is called for, and ends with 130 when it is interrupted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as in click
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as in click
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"scenario_async.cli.{cmd_name}")
        return cast("click.Command", getattr(module, cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as in click
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as in click
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=_Commands, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scenario-async", message="%(prog)s %(version)s")
def app() -> None:
    """Try the search SDK for Scenario: a tour, and a service on your own machine."""
