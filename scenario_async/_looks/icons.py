"""Drawn signs for what has no picture: one for each kind of hit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SIDE: Final = 96
_FINER: Final = 4
_STROKE: Final = 5


class _Pen:
    """Draws on a field of 96 by 96, finely enough to be made small without steps."""

    def __init__(self) -> None:
        self.mask = Image.new("L", (_SIDE * _FINER, _SIDE * _FINER), 0)
        self._draw = ImageDraw.Draw(self.mask)

    def line(self, *points: tuple[float, float]) -> None:
        """Draw a line with round corners and ends."""
        finer = [(x * _FINER, y * _FINER) for x, y in points]
        self._draw.line(finer, fill=255, width=_STROKE * _FINER, joint="curve")
        for x, y in finer:
            radius = _STROKE * _FINER / 2
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

    def box(self, left: float, top: float, right: float, bottom: float, radius: float = 8) -> None:
        """Draw a frame with round corners."""
        place = tuple(each * _FINER for each in (left, top, right, bottom))
        self._draw.rounded_rectangle(place, radius * _FINER, outline=255, width=_STROKE * _FINER)  # pyright: ignore[reportArgumentType] - four numbers

    def dot(self, x: float, y: float, radius: float) -> None:
        """Draw a dot."""
        place = tuple(each * _FINER for each in (x - radius, y - radius, x + radius, y + radius))
        self._draw.ellipse(place, fill=255)  # pyright: ignore[reportArgumentType] - four numbers

    def area(self, *points: tuple[float, float]) -> None:
        """Fill what lies between points."""
        self._draw.polygon([(x * _FINER, y * _FINER) for x, y in points], fill=255)


def _image(pen: _Pen) -> None:
    pen.box(10, 18, 86, 78)
    pen.dot(32, 38, 6)
    pen.line((13, 70), (36, 50), (50, 62), (66, 44), (83, 62))


def _video(pen: _Pen) -> None:
    pen.box(10, 18, 86, 78)
    pen.area((39, 34), (39, 62), (63, 48))


def _audio(pen: _Pen) -> None:
    for x, half in ((16, 8), (29, 18), (42, 30), (55, 14), (68, 24), (81, 8)):
        pen.line((x, 48 - half), (x, 48 + half))


def _solid(pen: _Pen) -> None:
    top, left, right = (48, 10), (14, 29), (82, 29)
    pen.line(top, left, (14, 67), (48, 86), (82, 67), right, top)
    pen.line(left, (48, 48), right)
    pen.line((48, 48), (48, 86))


def _text(pen: _Pen) -> None:
    for y, right in ((26, 80), (41, 80), (56, 80), (71, 52)):
        pen.line((16, y), (right, y))


def _document(pen: _Pen) -> None:
    pen.line((20, 10), (58, 10), (76, 28), (76, 86), (20, 86), (20, 10))
    pen.line((57, 12), (57, 29), (74, 29))
    for y in (46, 59, 72):
        pen.line((33, y), (63, y))


def _json(pen: _Pen) -> None:
    for out, turn, inner in ((38, 26, 14), (58, 70, 82)):
        pen.line((out, 14), (turn, 18), (turn, 40), (inner, 48), (turn, 56), (turn, 78), (out, 82))


def _model(pen: _Pen) -> None:
    pen.line((48, 14), (84, 33), (48, 52), (12, 33), (48, 14))
    pen.line((12, 49), (48, 68), (84, 49))
    pen.line((12, 65), (48, 84), (84, 65))


def _workflow(pen: _Pen) -> None:
    pen.box(8, 34, 34, 60)
    pen.box(62, 12, 88, 38)
    pen.box(62, 58, 88, 84)
    pen.line((34, 47), (48, 47), (48, 25), (62, 25))
    pen.line((48, 47), (48, 71), (62, 71))


_SIGNS: Final[Mapping[str, Callable[[_Pen], None]]] = {
    "image": _image,
    "image-hdr": _image,
    "video": _video,
    "audio": _audio,
    "3d": _solid,
    "text": _text,
    "document": _document,
    "json": _json,
    "model": _model,
    "workflow": _workflow,
}


@cache
def sign(kind: str, side: int) -> Image.Image:
    """Give the mask of a kind's sign; a kind that is not known has that of documents."""
    pen = _Pen()
    _SIGNS.get(kind, _document)(pen)
    return pen.mask.resize((side, side), Image.Resampling.LANCZOS)
