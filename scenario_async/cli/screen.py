"""What the demo writes: headings, code and what it prints, for people to read."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.control import Control
from rich.rule import Rule
from rich.segment import ControlType
from rich.syntax import Syntax
from rich.text import Text

from scenario_async.cli.pauses import Pauses
from scenario_async.cli.printing import NobodyReadsError, leave_output

if TYPE_CHECKING:
    from collections.abc import Generator

    from scenario_async.cli.listing import Listing

_INDENT: Final = 2
_NARROW: Final = 60
"""In a narrower terminal nothing is indented: every column is needed."""


class _Output(Console):
    """The standard output; where nobody reads it any more, the command ends as every other does."""

    def on_broken_pipe(self) -> None:
        leave_output()
        raise NobodyReadsError


class Screen:
    """The standard output, and the number of the step that is shown.

    It is plain text where the output is no terminal. Texts are written as they are, never read as markup.
    With pauses, it also waits before what it writes would push unread lines out of the terminal.
    """

    def __init__(self, pauses: Pauses | None = None) -> None:
        if reconfigure := getattr(sys.stdout, "reconfigure", None):
            reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to fail
        # It keeps to this output: what a step prints is written by us, too.
        self._console = _Output(file=sys.stdout, markup=False, highlight=False, emoji=False)
        self._indent = _INDENT if self._console.width >= _NARROW else 0
        self._pauses = pauses or Pauses()
        self._unread = 0
        self._steps = 0

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._blank()
        self._make_room(1)
        self._console.print(Rule(Text(text, style="bold"), align="left", style="blue"))

    def step(self, listing: Listing) -> None:
        """Begin a step: say what it does and show its code."""
        self._steps += 1
        self.heading(f"{self._steps}. {listing.title}")
        self._prose(listing.text)
        self._blank()
        code = Syntax(listing.code, "python", theme="ansi_dark", background_color="default")
        for line in code.highlight(listing.code.rstrip()).split():
            self._line(line, indent=2 * self._indent)

    @contextmanager
    def printed(self) -> Generator[None]:
        """Show what is printed in this block, line by line as it comes."""
        self._blank()
        with _Lines(self) as lines, redirect_stdout(lines):
            yield

    def note(self, text: str) -> None:
        """Write a paragraph."""
        self._blank()
        self._prose(text)

    def command(self, text: str, *lines: str) -> None:
        """Write what lines do, and the lines to type."""
        self.note(text)
        for line in lines:
            self.output(line)

    def output(self, line: str) -> None:
        """Write a line of output, or one to type."""
        self._line(Text(line, style="green"), indent=2 * self._indent)

    def drawn(self, lines: list[str]) -> None:
        """Write lines that are drawn for a terminal, a row of it each."""
        if lines:
            self._blank()
        for line in lines:
            self._make_room(1)
            self._console.file.write(f"{line}\n")

    def pause(self, hint: str) -> None:
        """Wait, if that is agreed on; where it takes Enter, say what Enter does, and take that away again."""
        if self._pauses.enter:
            self._console.print(Text(f"[Enter] {hint}", style="dim"))
            self._pauses.wait()
            if self._console.is_terminal and self._pauses.enter:  # Enter is a line as well
                up = (ControlType.CURSOR_UP, 1)
                erase = (ControlType.ERASE_IN_LINE, 2)
                self._console.control(Control(up, erase, up, erase))
        else:
            self._pauses.wait()
        self._unread = 0

    def _prose(self, text: str) -> None:
        for line in Text(text).wrap(self._console, self._console.width - self._indent):
            self._line(line, indent=self._indent)

    def _blank(self) -> None:
        self._make_room(1)
        self._console.print()

    def _line(self, line: Text, *, indent: int) -> None:
        """Write a line as it is: what is to be copied must not be broken."""
        line.rstrip()
        if line:
            line.pad_left(indent)
        self._make_room(1 + max(line.cell_len - 1, 0) // self._console.width)
        self._console.print(line, soft_wrap=True)

    def _make_room(self, rows: int) -> None:
        """Wait for the reader where these rows would be too many; one is kept for the hint, one for the cursor."""
        if self._pauses and self._unread and self._unread + rows > self._console.height - 2:
            self.pause("read on")
        self._unread += rows


class _Lines(io.TextIOBase):
    """A standard output that gives its whole lines to a screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._screen.output(line)
        return len(text)

    def close(self) -> None:
        if self._begun:
            self.write("\n")
        super().close()
