"""What the page shows, as JSON that no browser takes for markup: hits without signatures, and thumbnails in blocks."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async._looks.thumbnails import Missing, Shown
from scenario_async._tables.texts import json_text
from scenario_async._tables.unsigned import unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scenario_async._tables.table import HitTable

BLOCK: Final = 100
"""So many thumbnails stand together: a browser reads them when one is to be seen."""
_ESCAPED: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@attrs.frozen(eq=False)
class Contents:
    """The hits of a page, each with its thumbnail or why there is none."""

    title: str
    what: str
    hits: Sequence[Any]
    looks: Sequence[Shown | Missing | None]

    @property
    def picture_bytes(self) -> int:
        """How many bytes the thumbnails have in the page."""
        return sum(4 * ((len(look.data) + 2) // 3) for look in self.looks if isinstance(look, Shown))

    def scripts(self, folder: str = "", note: str = "") -> Iterator[str]:
        """Give the data as elements of the page; with a folder, thumbnails lie there."""
        about = {"title": self.title, "what": self.what, "note": note, "folder": folder, "block": BLOCK}
        hits = [unsigned(hit).to_dict() for hit in self.hits]
        yield markup_of("hits", {"about": about, "hits": hits, "looks": [_look(each) for each in self.looks]})
        if folder:
            return
        for start in range(0, len(self.looks), BLOCK):
            block = self.looks[start : start + BLOCK]
            yield markup_of(
                "", [b64encode(look.data).decode() if isinstance(look, Shown) else "" for look in block]
            )


def contents_of(table: HitTable[Any], title: str) -> Contents:
    """Give what a page shows of a table."""
    what = table.hit_class.__name__.removesuffix("Hit").lower()
    return Contents(title, what, table.hits, [table.thumbnails.of(hit) for hit in table])


def _look(look: Shown | Missing | None) -> list[int] | str:
    if isinstance(look, Shown):
        return [look.width, look.height]
    return "unloaded" if look is None else look.reason


def markup_of(identifier: str, content: object) -> str:
    """Give JSON as an element of a page, which the element of that id holds; without one it is one of the pictures."""
    attribute = f'id="{identifier}"' if identifier else 'class="pictures"'
    # JSON has these characters in texts only, where they may be escaped.
    return f'<script type="application/json" {attribute}>{json_text(content).translate(_ESCAPED)}</script>\n'
