"""`scenario-async completion`: the lines that let a shell complete commands, options and their values."""

from __future__ import annotations

from typing import Final

import click

from scenario_async.cli.app import app

_NAME: Final = "scenario-async"
_VARIABLE: Final = "_SCENARIO_ASYNC_COMPLETE"
_EXAMPLES: Final = """\b
Examples:
  scenario-async completion bash >> ~/.bashrc
  scenario-async completion zsh >> ~/.zshrc
  scenario-async completion fish >> ~/.config/fish/config.fish
"""


@click.command(epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what lets your shell complete commands and options.

    Add it to the configuration of your shell, and open a new terminal.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only this command needs it

    made = get_completion_class(shell)
    if made is None:
        raise click.ClickException(f"this version of click knows nothing of {shell}")
    # Not its `source()`, which runs bash to ask for its version.
    filled = made(app, {}, _NAME, _VARIABLE)
    click.echo(filled.source_template % filled.source_vars())
