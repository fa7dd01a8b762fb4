"""The command as its users have it: a process of its own, in pipes or in a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import scenario_async

if TYPE_CHECKING:
    from collections.abc import Sequence

_INSTALLED = Path(sys.executable).with_name("scenario-async")
COMMAND = [str(_INSTALLED)] if _INSTALLED.exists() else [sys.executable, "-m", "scenario_async"]
_PATIENCE = 60.0
_BEFORE = """
import fcntl, os, signal, sys, termios
for end in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(end, signal.SIG_DFL)
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
BY_ITSELF = [sys.executable, "-c", _BEFORE]
"""What comes before a command that is to hear signals, whatever the tests were started from, and Ctrl-C."""


def surroundings(**more: str) -> dict[str, str]:
    """Give an environment that finds this package, uninstalled as well."""
    found = str(Path(scenario_async.__file__).parents[1])
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return plain | {"PYTHONPATH": found, "COLUMNS": "100", "LINES": "30", "TERM": "xterm"} | more


def in_pipes(*arguments: str, folder: Path | None = None, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command line with its three streams in pipes."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        check=False,
        timeout=_PATIENCE,
        env=surroundings(**more),
        cwd=folder,
    )


class Terminal:
    """A command line in a pseudo-terminal; its standard output may lead to a file instead."""

    def __init__(
        self, arguments: Sequence[str], *, output: str | None = None, folder: Path | None = None, **more: str
    ) -> None:
        self.shown = b""
        self._terminal, inside = pty.openpty()
        with ExitStack() as files:
            stdout = inside if output is None else files.enter_context(Path(output).open("wb"))
            self.process = subprocess.Popen(
                [*BY_ITSELF, *COMMAND, *arguments],
                stdin=inside,
                stdout=stdout,
                stderr=inside,
                env=surroundings(**more),
                cwd=folder,
                start_new_session=True,
            )
        os.close(inside)

    def read_until(self, awaited: bytes | None) -> None:
        """Read what is shown, until it has what a pattern means; None for the end."""
        end = time.monotonic() + _PATIENCE
        while awaited is None or not re.search(awaited, self.shown, re.DOTALL):
            assert time.monotonic() < end, self.shown
            if not select.select([self._terminal], [], [], 0.1)[0]:
                continue
            try:
                content = os.read(self._terminal, 65536)
            except OSError:  # as Linux tells the end of a terminal
                content = b""
            if not content:
                assert awaited is None, self.shown
                return
            self.shown += content

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._terminal, b"\x03")

    def closed(self) -> int:
        """Close the terminal, and give the exit code."""
        os.close(self._terminal)
        return self.process.wait(_PATIENCE)

    def ended(self) -> tuple[int, str]:
        """Give the exit code and all that was shown."""
        self.read_until(None)
        os.close(self._terminal)
        return self.process.wait(_PATIENCE), self.shown.decode()


def in_terminal(
    *arguments: str, output: str | None = None, folder: Path | None = None, **more: str
) -> tuple[int, str]:
    """Run a command line in a terminal to its end."""
    return Terminal(arguments, output=output, folder=folder, **more).ended()
