"""Pictures as half blocks: each cell of a terminal shows two pixels, one as the letter's colour, one as its ground."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RESET: Final = "\x1b[0m"
_UPPER, _LOWER = "\N{UPPER HALF BLOCK}", "\N{LOWER HALF BLOCK}"
_OPAQUE: Final = 128
_LEVELS: Final = (0, 95, 135, 175, 215, 255)
"""Of red, green and blue in the colours 16 to 231; those from 232 on are greys."""


def fitted(image: Image.Image, width: int, height: int | None = None) -> Image.Image:
    """Make a picture fit a field of so many pixels, which are square: two stand in a cell, one above the other."""
    scale = min(1.0, width / image.width, 1.0 if height is None else height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)


def lines(image: Image.Image, *, deep: bool) -> Iterator[str]:
    """Give a picture line by line, each of which ends in the terminal's own colours; `deep` stands for 24 bits."""
    pixels = image.convert("RGBA").tobytes()
    stride = 4 * image.width
    for top in range(0, image.height, 2):
        upper = pixels[top * stride : (top + 1) * stride]
        lower = pixels[(top + 1) * stride : (top + 2) * stride] or bytes(stride)
        yield "".join(_cells(upper, lower, deep=deep)) + RESET


def _cells(upper: bytes, lower: bytes, *, deep: bool) -> Iterator[str]:
    front = back = ""
    for place in range(0, len(upper), 4):
        above, below = (_colour(row[place : place + 4], deep=deep) for row in (upper, lower))
        sign = _UPPER if above else _LOWER if below else " "
        wanted = above or below or front
        if wanted != front:
            front = wanted
            yield f"\x1b[38;{front}m"
        ground = below if above else ""
        if ground != back:
            back = ground
            yield f"\x1b[48;{back}m" if back else "\x1b[49m"
        yield sign


def _colour(pixel: Sequence[int], *, deep: bool) -> str:
    """Give the parameters of a colour; nothing where the terminal's own ground is to be seen."""
    red, green, blue, opacity = pixel
    if opacity < _OPAQUE:
        return ""
    return f"2;{red};{green};{blue}" if deep else f"5;{nearest(red, green, blue)}"


@lru_cache(maxsize=8192)
def nearest(red: int, green: int, blue: int) -> int:
    """Give the number of the one of the 256 colours that looks most like a colour."""
    near = map(_near, (red, green, blue))
    cube = {16 + 36 * r + 6 * g + b: (_LEVELS[r], _LEVELS[g], _LEVELS[b]) for r, g, b in product(*near)}
    step = max(0, min(23, round(((red + green + blue) / 3 - 8) / 10)))
    known = cube | {232 + step: (8 + 10 * step,) * 3}
    return min(known, key=lambda number: _distance(known[number], (red, green, blue)))


def _near(value: int) -> list[int]:
    """Give the places of the two levels next to a value."""
    return sorted(range(len(_LEVELS)), key=lambda place: abs(_LEVELS[place] - value))[:2]


def _distance(one: Sequence[int], other: Sequence[int]) -> float:
    """Tell how different two colours look, and not only how far apart their numbers are."""
    red, green, blue = (first - second for first, second in zip(one, other, strict=True))
    warm = (one[0] + other[0]) / 512
    light = 2 + warm, 4, 3 - warm
    tint = (
        (red - green) ** 2 + (green - blue) ** 2 + (blue - red) ** 2
    )  # a grey in place of a colour is seen most
    return light[0] * red**2 + light[1] * green**2 + light[2] * blue**2 + 2 * tint
