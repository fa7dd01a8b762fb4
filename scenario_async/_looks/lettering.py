"""Letters of drawn pictures: which font, how wide, and where a line breaks.

Pillow brings a font with ASCII. The letters of Europe, Greek, Cyrillic, Hebrew and Arabic are in a file here, as are those
for ids, in which no two look alike. For texts in other letters, fonts of the machine are tried.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator

Font: TypeAlias = "ImageFont.FreeTypeFont | ImageFont.ImageFont"
_MORE: Final = (
    "NotoSansCJK-Regular.ttc", "NotoSans-Regular.ttf", "NotoSansArabic-Regular.ttf",
    "Arial Unicode.ttf", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "msyh.ttc", "segoeui.ttf",
)  # fmt: skip
"""Fonts of Linux, macOS and Windows that have many letters."""
_UNKNOWN: Final = "\U0010fffe"
_BLANKS: Final = frozenset(" \N{NO-BREAK SPACE}")


@cache
def usual(size: int) -> Font:
    """Give the font that Pillow brings, laid out in the same way wherever it runs."""
    font = ImageFont.load_default(size)
    if isinstance(font, ImageFont.FreeTypeFont):
        return font.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return font


@cache
def exact(size: int) -> Font:
    """Give the font for ids."""
    return _ours("DejaVuSansMono.ttf", size)


def _ours(name: str, size: int) -> Font:
    content = resources.files("scenario_async._looks").joinpath("letters", name).read_bytes()
    return ImageFont.truetype(BytesIO(content), size)


@cache
def _others(size: int) -> tuple[Font, ...]:
    found: list[Font] = [_ours("DejaVuSans.ttf", size)]
    for name in _MORE:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:  # there is none here
            continue
    return tuple(found)


def font_for(text: str, size: int) -> Font:
    """Give the first font that has every letter of a text; else the one that lacks the fewest."""
    letters = sorted({*text} - _BLANKS)
    first = usual(size)
    if text.isascii() or not lacking(first, letters):
        return first
    return min((first, *_others(size)), key=lambda font: lacking(font, letters))


def lacking(font: Font, letters: list[str]) -> int:
    """Count the letters that a font has not."""
    return sum(not _has(font, letter) for letter in letters)


@cache
def _has(font: Font, letter: str) -> bool:
    return shape_of(font, letter) not in (shape_of(font, _UNKNOWN), shape_of(font, " "))


@cache
def shape_of(font: Font, letter: str) -> bytes:
    """Give the pixels of a letter."""
    left, top, right, bottom = font.getbbox(letter)
    field = Image.new("1", (max(1, ceil(right - left)), max(1, ceil(bottom - top))))
    ImageDraw.Draw(field).text((-left, -top), letter, 1, font)
    return bytes(field.size) + field.tobytes()


def wrapped(text: str, font: Font, width: float, most: int) -> list[str]:
    """Break a text into so many lines at most, each no wider than that; what is left over becomes `…`."""
    lines: list[str] = []
    for begun in _broken(text, font, width):
        if len(lines) == most:
            lines[-1] = _shortened(lines[-1], font, width)
            break
        lines.append(begun)
    return lines


def _broken(text: str, font: Font, width: float) -> Iterator[str]:
    begun = ""
    for word in text.split(" "):
        longer = f"{begun} {word}" if begun else word
        if font.getlength(longer) <= width:
            begun = longer
            continue
        if begun:
            yield begun
        begun = word
        while font.getlength(begun) > width and len(begun) > 1:
            fits = next(
                end
                for end in range(len(begun) - 1, 0, -1)
                if end == 1 or font.getlength(begun[:end]) <= width
            )
            yield begun[:fits]
            begun = begun[fits:]
    if begun:
        yield begun


def _shortened(text: str, font: Font, width: float) -> str:
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
