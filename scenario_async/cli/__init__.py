"""The command line, `scenario-async`: a file per command, gathered in `app`."""

import sys
from importlib.util import find_spec
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

_EXTRA: Final = ("click", "rich")


def main() -> None:
    """Run the command line and leave with its exit code.

    0 is fine, 1 a failure, 2 a wrong usage, 130 an interruption. Without the packages of the `cli` extra it
    leaves with 1 and tells what to install.
    """
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        sys.exit(f'the command line needs {" and ".join(missing)}: pip install "scenario-async[cli]"')
    try:
        from scenario_async.cli.app import app  # noqa: PLC0415 - it loads click

        app(prog_name="scenario-async")
    except KeyboardInterrupt:  # while it loaded
        sys.exit(INTERRUPTED)
