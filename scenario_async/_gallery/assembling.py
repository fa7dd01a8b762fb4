"""The page itself: its files, inlined into one, under a policy that lets nothing in but what it brings along."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final

from scenario_async._tables.texts import mended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STYLES: Final = ("theme.css", "frame.css", "grid.css", "dialogs.css", "print.css")
SCRIPTS: Final = (
    "text.js", "record.js", "source.js", "facets.js", "state.js", "layout.js", "grid.js", "lightbox.js", "compare.js",
    "picks.js", "printing.js", "theme.js", "start.js", "gallery.js",
)  # fmt: skip
"""In the order in which they need one another; the last says where hits come from."""
_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@cache
def file(name: str) -> str:
    """Give one of the page's files, wherever the package lies."""
    return resources.files("scenario_async._gallery").joinpath("page", name).read_text("utf-8")


@cache
def style() -> str:
    """Give all of the page's style."""
    return "\n".join(map(file, STYLES))


@cache
def script() -> str:
    """Give all of the page's script, in a scope of its own."""
    return '(() => {\n"use strict";\n' + "\n".join(map(file, SCRIPTS)) + "})();\n"


def policy(*, beside: bool) -> str:
    """Give the page's content security policy; with pictures `beside` it, those may be shown as well."""
    images = "data: 'self'" if beside else "data:"
    return (
        f"default-src 'none'; img-src {images}; style-src '{_digest(style())}'; script-src '{_digest(script())}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def pieces(title: str, data: Iterable[str], *, beside: bool) -> Iterator[str]:
    """Give the page, piece by piece; `data` are pieces of markup that are safe."""
    filled: Mapping[str, str] = {
        "policy": escape(policy(beside=beside)),
        "title": escape(plain(title)),
        "style": style(),
        "script": script(),
    }
    before, after = file("page.html").split("{{data}}")
    yield _filled(before, filled)
    yield from data
    yield _filled(after, filled)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], template)


def plain(text: str) -> str:
    """Give a title as one line, without what would change how the rest is read."""
    return " ".join(_HIDDEN.sub(" ", mended(text)).split())
