"""Pictures as pixels: the sample's, which are drawn, and users' files, which are read.

A drawn picture is a backdrop and, before it, the silhouette of the subject. Everything is drawn by shares
of the picture's size, so that a small rendition looks like a large one.
"""

import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from io import BytesIO
from math import ceil, sin
from pathlib import Path
from random import Random
from typing import Final, TypeAlias, TypeVar, cast

from PIL import Image, ImageColor, ImageDraw, ImageOps, UnidentifiedImageError

from scenario_async.emulator.silhouettes import Point, shapes_of
from scenario_async.emulator.subjects import PALETTES, AnyPicture, Picture
from scenario_async.emulator.vocabulary import GENRE_OF

_T = TypeVar("_T")
Rgb: TypeAlias = tuple[int, int, int]

MIME_TYPES: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}
"""The formats of pictures that are read, by their names in Pillow, and their mime types."""
MOST_PIXELS: Final = 89 * 10**6
"""What a picture may hold to be read; Pillow warns of more."""

# Pixels from which a picture takes so much memory that it must be the only one of its sort.
_LARGE: Final = 16 * 10**6
_choosing: Final = threading.Lock()
_here: Final = threading.local()

_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_OVERSAMPLING: Final = 2
_HILL_STEPS: Final = 24


class UnreadableError(Exception):
    """What should be a picture cannot be decoded; the text says why."""


def encoded(picture: AnyPicture) -> bytes:
    """Give the file of a picture: that of the user, or one in the format and the size that it says.

    Raises `UnreadableError` for a file that is gone or that is no picture any more.
    """
    if isinstance(picture, Picture):
        file = BytesIO()
        image = drawn(picture, picture.width, picture.height)
        image.save(file, _FORMATS[picture.mime_type], compress_level=1, quality=88)
        return file.getvalue()
    content = _content(picture.path)
    with opened(content) as image:
        alone_if_large(image.size, partial(_decode, image))
    return content


def pixels_of(picture: AnyPicture, *, least: int | None = None) -> Image.Image:
    """Give a picture as a viewer sees it, as RGB or RGBA; `UnreadableError` where there is nothing to see.

    With `least`, a rendition is enough whose shorter side has that many pixels.
    """
    if not isinstance(picture, Picture):
        return read(_content(picture.path), least=least)
    scale = 1.0 if least is None else min(1.0, least / min(picture.width, picture.height))
    return drawn(picture, ceil(picture.width * scale), ceil(picture.height * scale))


def read(content: bytes, *, least: int | None = None, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """Decode the file of a picture; all else is as with `pixels_of`. Of an animation it is the first frame."""
    with opened(content, most_pixels=most_pixels) as image:
        if least is not None:
            image.draft("RGB", (2 * least, 2 * least))
        return alone_if_large(image.size, partial(_pixels, image, least))


def _pixels(image: Image.Image, least: int | None) -> Image.Image:
    _decode(image)
    ImageOps.exif_transpose(image, in_place=True)
    pixels = _eight_bit(image)
    if least is not None and _is_large(image.size):
        pixels = pixels.reduce(max(1, min(pixels.size) // (4 * least)))
    return pixels


def _is_large(size: tuple[int, int]) -> bool:
    return size[0] * size[1] > _LARGE


def alone_if_large(size: tuple[int, int], work: Callable[[], _T]) -> _T:
    """Work with a picture; with large ones one at a time, in a thread that they have for themselves.

    A thread's allocator keeps what was freed for the next picture: of many threads, each would keep a large one.
    """
    if not _is_large(size) or getattr(_here, "alone", False):
        return work()
    with _choosing:
        thread = _thread_of(os.getpid())
    return thread.submit(work).result()


@cache
def _thread_of(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - a fork has no thread of its parent
    return ThreadPoolExecutor(1, "scenario-emulator-large-pictures", lambda: setattr(_here, "alone", True))


@contextmanager
def opened(source: Path | bytes, *, most_pixels: int = MOST_PIXELS) -> Generator[Image.Image]:
    """Open a picture without decoding its pixels; `UnreadableError` if it is none, or has too many."""
    try:
        image = Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=_readable())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableError("its pixels are too many") from None
    except Exception as error:  # noqa: BLE001 - broken files make the decoders raise all sorts of errors
        raise UnreadableError(_told(error)) from None
    with image:
        if image.width * image.height > most_pixels:
            raise UnreadableError(f"{image.width} x {image.height} pixels are too many")
        yield image


@cache
def _readable() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in MIME_TYPES if name in Image.OPEN)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(_told(error)) from None


def _decode(image: Image.Image) -> None:
    try:
        image.load()
    except Exception as error:  # noqa: BLE001 - broken files make the decoders raise all sorts of errors
        raise UnreadableError(_told(error)) from None


def _told(error: Exception) -> str:
    """Say what is wrong with a file, without its path."""
    if isinstance(error, UnidentifiedImageError):
        return "it is not a picture of a known format"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring the pixels of any mode to RGB, or to RGBA where some may be transparent."""
    match image.mode:
        case "RGBA":
            return image
        case "RGB" if not image.has_transparency_data:
            return image
        case "F":
            low, high = cast("tuple[float, float]", image.getextrema())
            scale = 255 / (high - low or 1.0)
            return image.point(lambda value: value * scale - low * scale).convert("L").convert("RGB")
        case "I" | "I;16" | "I;16B" | "I;16L":
            return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
        case "CMYK":
            # Its profile would be wrong for what it becomes.
            image.info.pop("icc_profile", None)
            return image.convert("RGB")
        case _:
            return image.convert("RGBA" if image.has_transparency_data else "RGB")


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
