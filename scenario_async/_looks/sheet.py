"""A contact sheet: every hit of a table as a numbered picture, with a short caption and its id below."""

from __future__ import annotations

import math
from functools import cache
from io import BytesIO
from itertools import count as count_from
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import attrs
from PIL import Image, ImageDraw

from scenario_async._looks.doors import ensure_thumbnails
from scenario_async._looks.icons import sign
from scenario_async._looks.lettering import exact, font_for, usual, wrapped
from scenario_async._looks.thumbnails import SIDE, Missing, Shown
from scenario_async._looks.words import caption_of, is_shown_by_another, kind_of_hit, line
from scenario_async._support import checks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scenario_async._looks.lettering import Font
    from scenario_async._tables.formats import Layout
    from scenario_async._tables.table import HitTable
    from scenario_async.models import Hit

Colour: TypeAlias = tuple[int, int, int]

USUAL_SIZE: Final = 200
_SIZES: Final = (USUAL_SIZE, 160, 128, 96, 64)
_MOST_PIXELS: Final = 100_000_000
_ONE_ROW: Final = 5
_CAPTION_LINES: Final = 2
_ID_LINES: Final = 3
_NOT_LOADED: Final = "not loaded"

_PAPER: Final[Colour] = (255, 255, 255)
_FIELD: Final[Colour] = (241, 243, 246)
_INK: Final[Colour] = (31, 36, 46)
_QUIET: Final[Colour] = (99, 107, 122)
_SIGN: Final[Colour] = (150, 159, 174)
_LABEL: Final = (22, 27, 38, 205)


@attrs.frozen
class _Measures:
    """The lengths of a sheet, all of which follow from the side of a picture."""

    side: int
    columns: int

    @property
    def margin(self) -> int:
        return max(12, round(self.side * 0.14))

    @property
    def gap(self) -> int:
        return max(8, round(self.side * 0.1))

    @property
    def caption(self) -> int:
        return max(10, round(self.side * 0.07))

    @property
    def small(self) -> int:
        return max(9, round(self.side * 0.055))

    @property
    def most_below(self) -> int:
        """How high the longest captions are."""
        ids = (1 + _ID_LINES) * _spacing(self.small)
        return _below_caption(self) + _CAPTION_LINES * _spacing(self.caption) + ids

    def left(self, column: int) -> int:
        return self.margin + column * (self.side + self.gap)

    @property
    def width(self) -> int:
        return self.left(self.columns) - self.gap + self.margin

    def pixels(self, count: int) -> int:
        """Give how many pixels so many hits take with the longest captions."""
        rows = math.ceil(count / self.columns)
        return self.width * (2 * self.margin + rows * (self.side + 6 * self.caption + self.gap))


@attrs.frozen
class _Lines:
    """What stands below a picture, broken into lines."""

    caption: list[str]
    font: Font
    id: list[str]

    def height(self, measures: _Measures) -> int:
        return (
            _spacing(measures.small)
            + _below_caption(measures)
            + len(self.caption) * _spacing(measures.caption)
            + len(self.id) * _spacing(measures.small)
        )


def sheet(
    table: HitTable[Any], columns: int | None = None, size: int | None = None, *, first: int = 1
) -> Image.Image:
    """Draw the sheet of a table; the hits without a thumbnail have a sign of their kind, and why they have none.

    `first` is the number of the first one, for what continues others.
    """
    columns = checks.integer(columns, "columns", least=1)
    count = len(table)
    tried = [
        _Measures(side, max(1, min(columns or _columns_for(count, side), count))) for side in _sizes(size)
    ]
    measures = next((each for each in tried if each.pixels(count) <= _MOST_PIXELS), None)
    if measures is None:
        name, value = (
            ("columns", columns) if columns is not None and size is None else ("size", tried[-1].side)
        )
        rule = f"a sheet of {count:,} hits would be too large: draw a part of it, table[:500].sheet()"
        checks.refuse(name, value, rule if size is None else f"{rule}, or choose a smaller size")
    ensure_thumbnails(table, "sheet()")
    return _drawn(table, measures, first) if count else _empty(table, measures)


def write(file: BinaryIO, hits: Iterable[Hit], layout: Layout) -> None:  # noqa: ARG001 - it is the table's
    """Write the sheet of a table as PNG."""
    assert layout.table is not None  # noqa: S101 - a format of tables asks for one
    sheet(layout.table).save(file, "PNG")


def _sizes(size: object) -> tuple[int, ...]:
    """Give the sides of pictures that are to be tried: the one that is asked for, or those for ever more hits."""
    side = checks.integer(size, "size", least=_SIZES[-1])
    if side is None:
        return _SIZES
    if side > SIDE:
        checks.refuse("size", side, f"it must be {SIDE} or less, which is what thumbnails have")
    return (side,)


def _columns_for(count: int, side: int) -> int:
    """Give the fewest columns that make a sheet no higher than wide, also with the longest captions."""
    if count <= _ONE_ROW:
        return count
    one = _Measures(side, 1)
    wide, high = side + one.gap, side + one.most_below + one.gap
    return next(columns for columns in count_from(1) if columns * wide >= math.ceil(count / columns) * high)


def _spacing(size: int) -> int:
    return round(size * 1.35)


def _below_caption(measures: _Measures) -> int:
    return round(measures.small * 0.2)


def _drawn(table: HitTable[Any], measures: _Measures, first: int) -> Image.Image:
    hits = table.hits
    lines = [_lines_of(hit, measures) for hit in hits]
    starts = range(0, len(hits), measures.columns)
    heights = [
        measures.side + max(each.height(measures) for each in lines[start : start + measures.columns])
        for start in starts
    ]
    height = 2 * measures.margin + sum(heights) + measures.gap * (len(heights) - 1)
    paper = Image.new("RGB", (measures.width, height), _PAPER)
    top = measures.margin
    for start, row_height in zip(starts, heights, strict=True):
        for place in range(start, min(start + measures.columns, len(hits))):
            corner = measures.left(place - start), top
            hit = hits[place]
            paper.paste(_field(hit, table.thumbnails.of(hit), first + place, measures), corner)
            _write_below(paper, lines[place], corner, measures)
        top += row_height + measures.gap
    return paper


def _lines_of(hit: Hit, measures: _Measures) -> _Lines:
    caption = caption_of(hit)
    font = font_for(caption, measures.caption)
    identifier = line(hit.id, 80)
    return _Lines(
        wrapped(caption, font, measures.side, _CAPTION_LINES),
        font,
        wrapped(identifier, exact(measures.small), measures.side, _ID_LINES),
    )


def _write_below(paper: Image.Image, lines: _Lines, corner: tuple[int, int], measures: _Measures) -> None:
    draw = ImageDraw.Draw(paper)
    left, top = corner
    top += measures.side + round(measures.small * 0.8)
    for text in lines.caption:
        draw.text((left, top), text, _INK, lines.font)
        top += _spacing(measures.caption)
    top += _below_caption(measures)
    for text in lines.id:
        draw.text((left, top), text, _QUIET, exact(measures.small))
        top += _spacing(measures.small)


def _field(hit: Hit, look: Shown | Missing | None, number: int, measures: _Measures) -> Image.Image:
    """Draw a picture in its square, or the sign that stands for it."""
    side = measures.side
    field = Image.new("RGB", (side, side), _FIELD)
    picture, reason = decoded(look, side)
    if picture is not None:
        place = (side - picture.width) // 2, (side - picture.height) // 2
        field.paste(picture, place, picture)
    else:
        _draw_sign(field, hit, reason, measures)
    _label(field, str(number), measures, at_bottom=False)
    if picture is not None and is_shown_by_another(hit):
        _label(field, kind_of_hit(hit), measures, at_bottom=True)
    rounded = Image.new("RGB", (side, side), _PAPER)
    rounded.paste(field, (0, 0), _corners(side))
    return rounded


def decoded(look: Shown | Missing | None, side: int) -> tuple[Image.Image | None, str]:
    """Give a thumbnail in its size on the sheet, or why there is none."""
    if look is None:
        return None, _NOT_LOADED
    if isinstance(look, Missing):
        return None, "" if look.reason == "none" else look.words
    try:
        with Image.open(BytesIO(look.data), formats=("WEBP", "PNG", "JPEG")) as file:
            picture = file.convert("RGBA")
    except Exception:  # noqa: BLE001 - decoders raise whatever they like at broken files
        return None, Missing("broken").words
    scale = side / max(picture.size)
    size = tuple(max(1, round(length * scale)) for length in picture.size)
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS), ""


def _draw_sign(field: Image.Image, hit: Hit, reason: str, measures: _Measures) -> None:
    """Draw what stands for a hit: the sign of its kind, the word for it, and why there is no picture."""
    side = measures.side
    kind = kind_of_hit(hit)
    drawn = sign(kind, round(side * 0.3))
    top = round(side * 0.25)
    field.paste(_SIGN, ((side - drawn.width) // 2, top), drawn)
    draw = ImageDraw.Draw(field)
    top += drawn.height + round(side * 0.06)
    texts = wrapped(kind, font_for(kind, measures.caption), side - 12, 1)
    texts += wrapped(reason, usual(measures.small), side - 12, 2)
    for place, text in enumerate(texts):
        size = measures.small if place else measures.caption
        font = font_for(text, size)
        draw.text(((side - font.getlength(text)) / 2, top), text, _QUIET, font)
        top += _spacing(size)


def _label(field: Image.Image, text: str, measures: _Measures, *, at_bottom: bool) -> None:
    """Put a word on a dark ground into the upper left corner, or the lower one."""
    font = font_for(text, measures.small)
    inset, padding = max(4, round(measures.side * 0.03)), round(measures.small * 0.5)
    height = _spacing(measures.small) + padding // 2
    width = max(round(font.getlength(text)) + 2 * padding, height)
    finer = 4
    shape = Image.new("L", (width * finer, height * finer), 0)
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, width * finer - 1, height * finer - 1), finer * height / 2.6, fill=_LABEL[3]
    )
    shape = shape.resize((width, height), Image.Resampling.LANCZOS)
    top = field.height - inset - height if at_bottom else inset
    field.paste(_LABEL[:3], (inset, top), shape)
    draw = ImageDraw.Draw(field)
    draw.text((inset + width / 2, top + height / 2), text, (255, 255, 255), font, anchor="mm")


@cache
def _corners(side: int) -> Image.Image:
    """Give the mask of a square with round corners."""
    finer = 4
    mask = Image.new("L", (side * finer, side * finer), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, side * finer - 1, side * finer - 1), finer * max(4, round(side * 0.04)), fill=255
    )
    return mask.resize((side, side), Image.Resampling.LANCZOS)


def _empty(table: HitTable[Any], measures: _Measures) -> Image.Image:
    """Draw the sheet of nothing, which says so."""
    paper = Image.new("RGB", (2 * measures.side + 2 * measures.margin, measures.side), _PAPER)
    words = f"no {kind_word(table)}s"
    font = usual(measures.caption)
    ImageDraw.Draw(paper).text((paper.width / 2, paper.height / 2), words, _QUIET, font, anchor="mm")
    return paper


def kind_word(table: HitTable[Any]) -> str:
    """Give the word for what a table holds: asset, model or workflow."""
    return table.hit_class.__name__.removesuffix("Hit").lower()
