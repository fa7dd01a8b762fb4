"""The hits of a table in a terminal: the contact sheet where it shows pictures, else half blocks with captions as text."""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TextIO
from unicodedata import category, east_asian_width

from PIL import Image

from scenario_async._looks.blocks import RESET, fitted, lines
from scenario_async._looks.doors import ensure_thumbnails
from scenario_async._looks.sheet import USUAL_SIZE, sheet
from scenario_async._looks.terminal import show, terminal_of, way_of
from scenario_async._looks.thumbnails import Missing, Shown
from scenario_async._looks.words import caption_of, is_shown_by_another, kind_of_hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scenario_async._looks.terminal import Terminal, Way
    from scenario_async._looks.thumbnails import Thumbnails
    from scenario_async._tables.table import HitTable
    from scenario_async.models import Hit

_TILE: Final = 24
_MOST_TILE: Final = 36
_GAP: Final = 2
_DIM: Final = "\x1b[2m"


def show_table(
    table: HitTable[Any],
    stream: TextIO,
    how: str | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    first: int = 1,
) -> Way | None:
    """Show the hits of a table in a terminal, numbered from `first`, and tell how; None if nothing was written."""
    environ = os.environ if environ is None else environ
    way = way_of(stream, how, environ)
    if way is None:
        return None
    terminal = terminal_of(stream, environ)
    if way == "blocks":
        ensure_thumbnails(table, "what a terminal shows")
        stream.writelines(f"{text}\n" for text in mosaic(table, terminal, first))
        stream.flush()
        return way
    across = terminal.columns * terminal.cell[0]
    columns = max(1, min(len(table), across // round(USUAL_SIZE * 1.2)))
    return show(sheet(table, columns, first=first), stream, way, environ)


def mosaic(table: HitTable[Any], terminal: Terminal, first: int = 1) -> Iterator[str]:
    """Give the hits line by line: rows of pictures, each with its number, from `first` on, and its caption below."""
    across = max(1, (terminal.columns + _GAP) // (_TILE + _GAP))
    width = min((terminal.columns + _GAP) // across - _GAP, _MOST_TILE)
    gap = " " * _GAP
    for start in range(0, len(table), across):
        row = list(enumerate(table.hits[start : start + across], first + start))
        tiles = [_tile(hit, table.thumbnails, width, deep=terminal.deep) for _, hit in row]
        for parts in zip(*tiles, strict=True):
            yield gap.join(parts).rstrip()
        yield gap.join(padded(f"{number} {caption_of(hit)}", width) for number, hit in row).rstrip()
        yield ""


def _tile(hit: Hit, thumbnails: Thumbnails, width: int, *, deep: bool) -> list[str]:
    """Give the lines of one picture, all of which take the same room."""
    high = (width + 1) // 2
    look = thumbnails.of(hit)
    picture = _opened(look, width) if isinstance(look, Shown) else None
    if picture is None:
        reason = look.words if isinstance(look, Missing) and look.reason != "none" else ""
        return _without_picture([kind_of_hit(hit), *_words(reason, width)], width, high)
    field = Image.new("RGBA", (width, 2 * high))
    field.paste(picture, ((width - picture.width) // 2, (2 * high - picture.height) // 2))
    made = list(lines(field, deep=deep))
    if is_shown_by_another(hit):
        made[-1] = f"{_DIM}{_centred(kind_of_hit(hit), width)}{RESET}"
    return made


def _opened(look: Shown, width: int) -> Image.Image | None:
    try:
        with Image.open(BytesIO(look.data), formats=("WEBP", "PNG", "JPEG")) as file:
            return fitted(file, width, width)
    except Exception:  # noqa: BLE001 - decoders raise whatever they like at broken files
        return None


def _without_picture(texts: Sequence[str], width: int, high: int) -> list[str]:
    """Draw a frame with a few words in it."""
    inner = max(0, width - 2)
    shown = [_centred(text, inner) for text in texts][: max(0, high - 2)]
    above = (high - 2 - len(shown)) // 2
    blank = " " * inner
    within = [blank] * above + shown
    within += [blank] * (high - 2 - len(within))
    if high < 3 or width < 3:  # noqa: PLR2004 - no room for a frame
        return [" " * width] * high
    framed = [f"╭{'─' * inner}╮", *(f"│{text}│" for text in within), f"╰{'─' * inner}╯"]
    return [f"{_DIM}{text}{RESET}" for text in framed]


def _words(text: str, width: int) -> list[str]:
    found: list[str] = []
    for word in text.split():
        if found and len(found[-1]) + 1 + len(word) <= width - 4:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _centred(text: str, width: int) -> str:
    short = padded(text, width).rstrip()
    left = (width - cells(short)) // 2
    return " " * left + short + " " * (width - left - cells(short))


def padded(text: str, width: int) -> str:
    """Make a text exactly so many cells wide; one that is longer ends in `…`."""
    if cells(text) > width:
        text = text[: width + 1]
        while text and cells(text) > width - 1:
            text = text[:-1]
        text = text.rstrip() + "…" * (width > 0)
    return text + " " * (width - cells(text))


def cells(text: str) -> int:
    """Count the cells that a text takes in a terminal."""
    return sum(
        0 if category(each) in ("Mn", "Me", "Cf") else 2 if east_asian_width(each) in "WF" else 1
        for each in text
    )
