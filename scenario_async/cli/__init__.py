"""The command line, `scenario-async`: a file per command, gathered in `app`."""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

INSTALL: Final = "in a clone of the repository, run: pip install '.[cli]'"
"""The way to every command, also while no index has the package."""

_EXTRA: Final = ("click", "rich")
_NAME: Final = "scenario-async"


def main() -> None:
    """Run the command line and leave with its exit code.

    0 is fine, 1 a failure, 2 a wrong usage, 130 an interruption. Without the packages of the `cli` extra it
    leaves with 1 and tells what to install.
    """
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        sys.exit(f'the command line needs {" and ".join(missing)}, of the extra "cli"; {INSTALL}')
    try:
        from scenario_async.cli.app import app  # noqa: PLC0415 - it loads click

        app(prog_name=_NAME if Path(sys.argv[0]).name != "__main__.py" else "python -m scenario_async")
    except KeyboardInterrupt:  # while it loaded
        sys.exit(INTERRUPTED)


def typed(name: str, *, anew: bool = False) -> str:
    """Give what a user types for `name`, the command or `python`, to reach this very environment.

    That is the name alone where the shell finds it, as in an activated environment, and else its path, relative to
    the working directory if it is below it. With `anew` it holds in a new terminal, where nothing is activated and
    the working directory is another.
    """
    here = Path(sys.executable).with_name(name)
    found = which(name)
    if not anew and found is not None and Path(found).absolute() == here:
        return name
    if not here.exists() and name == _NAME:
        return f"{typed('python', anew=anew)} -m scenario_async"
    near = not anew and here.is_relative_to(Path.cwd())
    return shlex.quote(str(here.relative_to(Path.cwd()) if near else here))
