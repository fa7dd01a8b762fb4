"""The explorer's page: the gallery's, with parts of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scenario_async._gallery.assembling import Design
from scenario_async._gallery.data import markup_of
from scenario_async.explore.conditions import JOINS, OPERATORS
from scenario_async.explore.parameters import described
from scenario_async.explore.picks import exports
from scenario_async.pages import USUAL_WINDOW

if TYPE_CHECKING:
    from pathlib import Path

DESIGN: Final = Design(
    room="scenario_async.explore",
    scripts=(
        "server.js", "live.js", "pictures.js", "filter.js", "parameters.js", "trouble.js", "taking.js", "explore.js",
    ),
    styles=("explore.css",),
    places=("head", "kinds", "search", "side", "bar", "above", "picks", "lightbox", "keys", "dialogs"),
)  # fmt: skip
TITLE: Final = "Scenario explorer"


def policy() -> str:
    """Give the content security policy: nothing but the explorer itself answers the page, and nobody frames it."""
    return DESIGN.policy("img-src 'self' data: blob:; connect-src 'self'")


def page_of(folder: Path, *, emulator: bool) -> str:
    """Give the page; `folder` is where downloads go."""
    about: dict[str, Any] = {
        "title": TITLE,
        "kinds": described(),
        "operators": OPERATORS,
        "joins": JOINS,
        "exports": exports(),
        "folder": str(folder),
        "window": USUAL_WINDOW,
        "emulator": emulator,
    }
    return "".join(DESIGN.pieces(TITLE, policy(), [markup_of("about", about)]))
