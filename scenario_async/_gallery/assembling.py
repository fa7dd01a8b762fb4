"""The page itself: its files, inlined into one, under a policy that lets nothing in but what it brings along."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final

import attrs

from scenario_async._tables.texts import mended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOM: Final = "scenario_async._gallery"
STYLES: Final = ("theme.css", "frame.css", "grid.css", "dialogs.css", "print.css")
SCRIPTS: Final = (
    "text.js", "record.js", "source.js", "facets.js", "state.js", "layout.js", "grid.js", "lightbox.js", "compare.js",
    "picks.js", "printing.js", "theme.js", "start.js",
)  # fmt: skip
"""In the order in which they need one another; what comes last says where hits come from."""
_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@cache
def file(name: str, room: str = ROOM) -> str:
    """Give one of a page's files, wherever the package lies."""
    return resources.files(room).joinpath("page", name).read_text("utf-8")


@attrs.frozen
class Design:
    """What a page is made of: the parts that all pages have, and those of one, which stand in a room of their own.

    `places` names the places of `page.html` that a file of that name fills; a page that names none leaves them empty.
    """

    room: str = ROOM
    scripts: tuple[str, ...] = ("gallery.js",)
    styles: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def style(self) -> str:
        """All of the page's style."""
        return "\n".join([*map(file, STYLES), *(file(name, self.room) for name in self.styles)])

    @property
    def script(self) -> str:
        """All of the page's script, in a scope of its own."""
        parts = [*map(file, SCRIPTS), *(file(name, self.room) for name in self.scripts)]
        return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"

    def policy(self, sources: str) -> str:
        """Give the page's content security policy: its own style and script, and what `sources` lets in."""
        return (
            f"default-src 'none'; {sources}; style-src '{_digest(self.style)}'; script-src '{_digest(self.script)}'; "
            "base-uri 'none'; form-action 'none'"
        )

    def pieces(self, title: str, policy: str, data: Iterable[str]) -> Iterator[str]:
        """Give the page, piece by piece; `data` are pieces of markup that are safe."""
        filled = {
            "policy": escape(policy),
            "title": escape(plain(title)),
            "style": self.style,
            "script": self.script,
            **{name: file(f"{name}.html", self.room) for name in self.places},
        }
        before, after = file("page.html").split("{{data}}")
        yield _filled(before, filled)
        yield from data
        yield _filled(after, filled)


GALLERY: Final = Design()


def policy(*, beside: bool) -> str:
    """Give the gallery's content security policy; with pictures `beside` it, those may be shown as well."""
    return GALLERY.policy("img-src data: 'self'" if beside else "img-src data:")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def pieces(title: str, data: Iterable[str], *, beside: bool) -> Iterator[str]:
    """Give a gallery, piece by piece; `data` are pieces of markup that are safe."""
    return GALLERY.pieces(title, policy(beside=beside), data)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values.get(found[1], ""), template)


def plain(text: str) -> str:
    """Give a title as one line, without what would change how the rest is read."""
    return " ".join(_HIDDEN.sub(" ", mended(text)).split())
