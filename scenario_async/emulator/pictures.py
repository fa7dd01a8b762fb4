"""Drawing the sample's pictures: a backdrop and, before it, the silhouette of the subject.

Everything is drawn by shares of the picture's size, so that a small rendition looks like a large one.
"""

from functools import cache, lru_cache
from io import BytesIO
from math import sin
from random import Random
from typing import Final, TypeAlias

from PIL import Image, ImageColor, ImageDraw, ImageOps

from scenario_async.emulator.silhouettes import Point, shapes_of
from scenario_async.emulator.subjects import PALETTES, Picture
from scenario_async.emulator.vocabulary import GENRE_OF

Rgb: TypeAlias = tuple[int, int, int]

_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_OVERSAMPLING: Final = 2
_HILL_STEPS: Final = 24


@lru_cache(maxsize=128)
def encoded(picture: Picture) -> bytes:
    """Give the file of a picture, in the format and the size that it says."""
    file = BytesIO()
    image = drawn(picture, picture.width, picture.height)
    image.save(file, _FORMATS[picture.mime_type], compress_level=1, quality=88)
    return file.getvalue()


def drawn(picture: Picture, width: int, height: int) -> Image.Image:
    """Draw a picture at a size of the caller's choice."""
    scene = _Scene(picture, width * _OVERSAMPLING, height * _OVERSAMPLING)
    scene.draw_heaven()
    if GENRE_OF[picture.subject] == "item":
        scene.draw_halo()
    else:
        scene.draw_hills()
    scene.draw_subject()
    return scene.image.reduce(_OVERSAMPLING)


class _Scene:
    """A picture while it is drawn; what varies between pictures of a kind follows from the variant."""

    def __init__(self, picture: Picture, width: int, height: int) -> None:
        self._picture = picture
        self._width = width
        self._height = height
        self._random = Random(picture.variant)  # noqa: S311 - it places hills and stars
        self._colours = _colours(picture.palette)
        self.image = _gradient(width, height, self._colours["top"], self._colours["bottom"])
        self._draw = ImageDraw.Draw(self.image)

    def draw_heaven(self) -> None:
        """Draw a sun with its glow, and some stars."""
        side, chance = min(self._width, self._height), self._random
        x, y = self._width * chance.uniform(0.12, 0.88), self._height * chance.uniform(0.12, 0.3)
        radius = side * chance.uniform(0.07, 0.12)
        for step, share in ((1.7, 0.12), (1.35, 0.25), (1.0, 0.7)):
            self._disc(x, y, radius * step, _mixed(self._colours["top"], self._colours["accent"], share))
        for _ in range(chance.randrange(6, 18)):
            x, y = self._width * chance.random(), self._height * chance.random() * 0.6
            self._disc(x, y, side * 0.004, self._colours["light"])

    def draw_halo(self) -> None:
        """Draw the rings that an item floats in."""
        side = min(self._width, self._height)
        for radius, share in ((0.47, 0.1), (0.42, 0.2), (0.36, 0.32)):
            colour = _mixed(self._colours["bottom"], self._colours["accent"], share)
            self._disc(self._width / 2, self._height / 2, side * radius, colour)

    def draw_hills(self) -> None:
        """Draw two rows of hills, the nearer one darker."""
        for level, share in ((0.74, 0.35), (0.86, 0.75)):
            phase, waves = self._random.uniform(0, 6), self._random.uniform(4, 9)
            ridge = [
                (
                    self._width * x / _HILL_STEPS,
                    self._height * (level + 0.035 * sin(phase + waves * x / _HILL_STEPS)),
                )
                for x in range(_HILL_STEPS + 1)
            ]
            colour = _mixed(self._colours["bottom"], self._colours["dark"], share)
            self._draw.polygon([(0, self._height), *ridge, (self._width, self._height)], fill=colour)

    def draw_subject(self) -> None:
        """Draw the silhouette, in the middle or a little off it, and sometimes mirrored."""
        chance, unit = self._random, min(self._width, self._height) / 100
        scale = unit * chance.uniform(0.68, 0.82)
        left = self._width / 2 + unit * chance.uniform(-6, 6) - 50 * scale
        top = self._height * 0.53 + unit * chance.uniform(-4, 4) - 50 * scale
        mirrored = chance.random() < 0.5  # noqa: PLR2004 - one in two

        def at(point: Point) -> Point:
            x, y = point
            return left + scale * (100 - x if mirrored else x), top + scale * y

        for shape in shapes_of(self._picture.subject):
            colour = self._colours[shape.colour]
            match shape.form:
                case "disc":
                    middle, (rx, ry) = shape.points
                    x, y = at(middle)
                    self._draw.ellipse(
                        (x - rx * scale, y - ry * scale, x + rx * scale, y + ry * scale), colour
                    )
                case "line":
                    points = [at(point) for point in shape.points]
                    self._draw.line(points, colour, max(1, round(shape.width * scale)), joint="curve")
                case _:
                    self._draw.polygon([at(point) for point in shape.points], colour)

    def _disc(self, x: float, y: float, radius: float, colour: Rgb) -> None:
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)


@cache
def _colours(palette: str) -> dict[str, Rgb]:
    """Give a palette's colours, and the lighter and the darker one that shapes also name."""
    known = PALETTES[palette]
    names = ("top", "bottom", "main", "shade", "accent")
    colours: dict[str, Rgb] = {name: ImageColor.getrgb(getattr(known, name))[:3] for name in names}
    colours["light"] = _mixed(colours["main"], (255, 255, 255), 0.62)
    colours["dark"] = _mixed(colours["shade"], (0, 0, 0), 0.45)
    return colours


def _gradient(width: int, height: int, top: Rgb, bottom: Rgb) -> Image.Image:
    column = Image.linear_gradient("L").resize((1, height), Image.Resampling.BILINEAR)
    return ImageOps.colorize(column, top, bottom).resize((width, height), Image.Resampling.NEAREST)


def _mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
