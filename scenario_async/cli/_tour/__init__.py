"""The programs of the demo: a file is what runs, what is shown, and what a reader can paste and run.

The docstring of a file is its heading and its text. To fit a terminal of 24 lines a program has at most 18 lines,
none wider than 76 characters, and what it prints of hits is at most 40 characters wide.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from scenario_async.cli.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS: Final = ("words", "filters", "picture", "trouble", "many", "resuming")


def listings() -> Iterator[Listing]:
    """Give the programs in their order."""
    for name in STEPS:
        yield Listing.of(files(__name__) / f"{name}.py", f"{__name__}.{name}")
