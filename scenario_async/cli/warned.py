"""Warnings as people at a command line read them: one line, and a way out that can be typed."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async.cli.saying import say

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_PACKAGE: Final = Path(__file__).parents[1]
_WINDOW: Final = (
    "the hits end where search engines stop to show them, so there may be more: {} reads them all"
)
_WAYS: Final = {
    "harvest": "--scan",
    "download": "scenario-async scan assets … | scenario-async download - --to FOLDER",
}
_WAY: Final = "scenario-async scan …, with the same options,"


@contextmanager
def plainly_warned(command: Callable[[], str | None]) -> Generator[None]:
    """Write warnings of this package without the place in it that they come from, for a while."""
    shown_before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], filename: str, *where: Any) -> None:  # noqa: ANN401 - as in warnings
        if category.__name__ == "SearchWindowWarning":
            say(_WINDOW.format(_WAYS.get(command() or "", _WAY)))
        elif Path(filename).is_relative_to(_PACKAGE):
            say(str(message))
        else:
            shown_before(message, category, filename, *where)

    warnings.showwarning = cast("Any", show)
    try:
        yield
    finally:
        warnings.showwarning = shown_before
