"""What the demo writes: headings, code and tables, for people to read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from scenario_async.cli.listing import Listing
from scenario_async.cli.tables import fan_out_table, hits_table, pages_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.table import Table

    from scenario_async import FanOutHit, Hit, SearchPage

_INDENT: Final = 2
_TABLE_WIDTH: Final = 80
"""Where the terminal is narrower it breaks the rows itself; ids must stay whole."""


class Screen:
    """The standard output, and the number of the step that is shown.

    It is plain text where the output is no terminal. Texts are written as they are, never read as markup.
    """

    def __init__(self) -> None:
        if reconfigure := getattr(sys.stdout, "reconfigure", None):
            reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to fail
        self._console = Console(markup=False, highlight=False, emoji=False)
        self._width = self._console.width
        self._console.width = max(self._width, _TABLE_WIDTH)
        self._steps = 0

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._console.print()
        self._console.print(Rule(Text(text, style="bold"), align="left", style="blue"), width=self._width)

    def step(self, function: Callable[..., Any]) -> None:
        """Begin a step: say what it does and show its code."""
        listing = Listing.of(function)
        self._steps += 1
        self.heading(f"{self._steps}. {listing.title}")
        self._prose(listing.text)
        code = Syntax(listing.code, "python", theme="ansi_dark", background_color="default")
        self._console.print()
        for line in code.highlight(listing.code).split():
            self._line(line, indent=4)

    def note(self, text: str) -> None:
        """Write a paragraph."""
        self._console.print()
        self._prose(text)

    def assignments(self, variables: Mapping[str, str]) -> None:
        """Write what environment variables are set to."""
        self._console.print()
        for name, value in variables.items():
            self._line(Text.assemble((name, "green"), "=", value), indent=4)

    def hits(self, page: SearchPage[Hit]) -> None:
        """Show the hits of one page."""
        self._table(hits_table(page.hits))
        hint = page.total_hits if page.estimated_total_hits is None else page.estimated_total_hits
        total = "" if hint is None else f" of about {hint}"
        self._aside(f"{len(page.hits)} hits{total} in {page.response.elapsed * 1000:.0f} ms")

    def fan_out(self, found: Sequence[FanOutHit[Hit]]) -> None:
        """Show the hits of several searches."""
        self._table(fan_out_table(found))

    def pages(self, pages: Sequence[SearchPage[Hit]]) -> None:
        """Show pages, a row for each."""
        self._table(pages_table(pages))
        self._aside(f"{sum(len(page.hits) for page in pages)} hits on {len(pages)} pages")

    def _aside(self, text: str) -> None:
        self._line(Text(text, style="dim"))

    def _prose(self, text: str) -> None:
        for line in Text(text).wrap(self._console, self._width - _INDENT):
            self._line(line)

    def _table(self, table: Table) -> None:
        self._console.print()
        self._console.print(Padding(table, (0, 0, 0, _INDENT), expand=False), crop=False)

    def _line(self, line: Text, *, indent: int = _INDENT) -> None:
        """Write a line as it is: what is to be copied must not be broken."""
        line.rstrip()
        line.pad_left(indent)
        self._console.print(line, soft_wrap=True)
