"""The group that the commands belong to."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn, cast

import click

from scenario_async import __version__
from scenario_async.cli import INTERRUPTED
from scenario_async.cli.nearest import Guiding
from scenario_async.cli.signals import EndedError, ending_well, interruption
from scenario_async.cli.warned import plainly_warned

_COMMANDS: Final = {
    "search": "Search assets, models or workflows.",
    "download": "Download what a search finds.",
    "scan": "Read every hit of a search, past what engines show of it.",
    "harvest": "Run many searches into one SQLite file.",
    "explore": "Search in the browser, as you type.",
    "doctor": "Check the key, the connection and the versions.",
    "demo": "Watch small programs search; no account needed.",
    "serve": "Run a service with sample data on this machine.",
    "completion": "Let your shell complete commands and options.",
}
"""What each command is for; the command itself is the function of that name in the module of that name."""

_EXAMPLES: Final = """\b
Examples:
  scenario-async search assets knight --emulator
  scenario-async search models watercolor --public --format json
  scenario-async download knight --to knights
  scenario-async explore           search and look in the browser
  scenario-async doctor            see whether your key works
  scenario-async demo              see what the SDK can do, with the code
  scenario-async search --help     read about one command
"""


class _Commands(Guiding):
    """A group that loads a command when it is called for, and turns every end into an exit code."""

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
            with ending_well(), plainly_warned(lambda: ctx.invoked_subcommand):
                return super().invoke(ctx)
        except BaseException as error:
            ended = interruption(error)
            if ended is None:
                if isinstance(error, OSError):  # with some of them, click would end by itself
                    from scenario_async.cli import printing  # noqa: PLC0415 - only where something failed

                    if printing.of_output(error):
                        raise printing.unwritten(error) from error
                raise
            from scenario_async.cli import failures  # noqa: PLC0415 - only where something was interrupted

            failures.tell_interruption(ended, as_json=failures.wants_json(ctx.obj))
            ctx.exit(ended.code if isinstance(ended, EndedError) else INTERRUPTED)

    def main(self, args: Sequence[str] | None = None, *others: Any, **more: Any) -> NoReturn:  # noqa: ANN401 - as in click
        """Run a command line, and leave with its exit code."""
        given = sys.argv[1:] if args is None else list(args)
        more |= {"standalone_mode": False, "obj": given}
        code: Any = 0
        try:
            code = super().main(given, *others, **more)
        except Exception as error:  # noqa: BLE001 - what is no failure of a command goes on from `ending`
            code = _ending(error, given)
        sys.exit(code if isinstance(code, int) else 0)


def _ending(error: Exception, arguments: Sequence[str]) -> int:
    """Tell how a command failed; what is a mistake of ours is raised again."""
    from scenario_async.cli import failures  # noqa: PLC0415 - only where something failed

    return failures.end(error, as_json=failures.wants_json(arguments))


@click.group(cls=_Commands, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scenario-async", message="%(prog)s %(version)s")
def app() -> None:
    """Search Scenario from a shell, download what is found, and try the SDK on your own machine."""
