"""What two pictures have in common: their looks, measured on pixels, and what they show, as far as known.

A picture is kept as a rendition of 32 by 32 pixels, whatever its ratio was. Looks are compared by window:
a picture that is a part of another one looks like one of the other's windows.

Loading this module loads numpy and Pillow: the engine does so when the first picture arrives.
"""

import binascii
import os
import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias
from zlib import crc32

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenario_async.emulator.errors import bad_request
from scenario_async.emulator.loading import Progress
from scenario_async.emulator.pictures import UnreadableError, pixels_of, read
from scenario_async.emulator.subjects import (
    PALETTES,
    SUBJECTS,
    AnyPicture,
    Picture,
    first_palette,
    first_subject,
)

Floats: TypeAlias = NDArray[np.float32]

_DATA_URL: Final = re.compile(r"data:image/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE)
_MOST_BYTES: Final = 6 * 2**20
_MOST_PIXELS: Final = 64 * 10**6
_LONGEST_REASON: Final = 180
_SIDE: Final = 32
_GRID: Final = 6
_HASHED_WORDS: Final = 64
_CHUNK: Final = 1024
_NEIGHBOURS: Final = 5
_LOOKED_AT_CLOSELY: Final = 24
_SHAPES: Final = 0.5
"""What the shapes in a picture count against its colours."""
_MIRRORED: Final = 0.995
# Even a search by subject alone looks a little, so that a picture is most like itself.
_MOST_SEMANTIC: Final = 0.7

_WHOLE: Final = (0.0, 1.0)
_WINDOWS: Final = (
    (_WHOLE, _WHOLE),
    *(((edge, 1 - edge),) * 2 for edge in (0.1, 0.2)),
    *((rows, columns) for rows in ((0.0, 0.75), (0.25, 1.0)) for columns in ((0.0, 0.75), (0.25, 1.0))),
)
"""The windows that every picture is compared by: the whole, two central ones and the corners."""
_STRETCHES: Final = (
    _WHOLE,
    *((at * (1 - size), at * (1 - size) + size) for size in (0.9, 0.8, 0.7, 0.6) for at in (0.0, 0.5, 1.0)),
)
"""The stretches of either side whose windows the likeliest pictures are compared by."""


@attrs.frozen(eq=False)
class Look:
    """What a picture looks like, in 3 x 32 x 32 bytes, and what it shows, as far as that is known."""

    pixels: NDArray[np.uint8] = attrs.field(repr=False)
    subject: Floats | None = attrs.field(default=None, repr=False)


class LookIndex:
    """The looks of the pictures at some positions; equal pictures are looked at once.

    `progress` is told how many of how many different pictures were looked at.
    """

    def __init__(self, pictures: Sequence[AnyPicture | None], *, progress: Progress | None = None) -> None:
        numbers: dict[AnyPicture | None, int] = {None: -1}
        shown = np.fromiter(
            (numbers.setdefault(picture, len(numbers) - 1) for picture in pictures), np.intp, len(pictures)
        )
        known = [picture for picture in numbers if picture is not None]
        looks = prepare(known, progress)
        kept = [number for number, look in enumerate(looks) if look is not None]
        # The last one of these is for those without a picture, and for pictures that cannot be seen.
        numbers_kept = np.full(len(known) + 1, -1)
        numbers_kept[kept] = np.arange(len(kept))
        self._shown = numbers_kept[shown]
        seen = [look for look in looks if look is not None]
        self._pixels = np.array([look.pixels for look in seen], np.uint8).reshape(-1, 3, _SIDE, _SIDE)
        nothing = np.zeros(len(SUBJECTS) + len(PALETTES) + _HASHED_WORDS, np.float32)
        self._subjects = np.array([nothing if look.subject is None else look.subject for look in seen])
        self._windows = _windows(self._pixels)

    @property
    def size(self) -> int:
        """How many positions there are."""
        return len(self._shown)

    def search(
        self,
        like: Sequence[Look],
        unlike: Sequence[Look],
        semantic_ratio: float,
        *,
        among: NDArray[np.bool_] | None = None,
    ) -> Floats:
        """Give each position its likeness: about 1 for what is wanted alone, less for what is unwanted.

        A ratio of 0 goes by the pixels alone, one of 1 mostly by what the pictures show. Where no picture
        is, the likeness is `-inf`. Only the pictures at the positions `among` are compared closely.
        """
        wanted = np.full(len(self._pixels) + 1, among is None)
        if among is not None:
            wanted[self._shown[among]] = True
        likeness = np.zeros(len(self._pixels) + 1, np.float32)
        likeness[-1] = -np.inf
        if len(self._pixels):
            for looks, sign in ((like, 1), (unlike, -1)):
                for look in looks:
                    likeness[:-1] += sign / len(looks) * self._likeness(look, semantic_ratio, wanted[:-1])
        everywhere: Floats = likeness[self._shown]
        return everywhere

    def _likeness(self, look: Look, semantic_ratio: float, among: NDArray[np.bool_]) -> Floats:
        by_pixels = self._by_pixels(np.stack([look.pixels, look.pixels[:, :, ::-1]]), among)
        share = semantic_ratio * _MOST_SEMANTIC
        if not share:
            return by_pixels
        subject = self._guessed(by_pixels, among) if look.subject is None else look.subject
        likeness: Floats = self._subjects @ (share * subject).astype(np.float32)
        likeness += (1 - share) * by_pixels
        return likeness

    def _by_pixels(self, wanted: NDArray[np.uint8], among: NDArray[np.bool_]) -> Floats:
        """Compare all pictures with one, given as it is and mirrored, and the likeliest ones closely."""
        vectors = _vectors(_cells(wanted, [_WHOLE], [_WHOLE])).reshape(2, -1)
        vectors[1] *= _MIRRORED
        by_window = vectors @ self._windows.T
        likeness: Floats = by_window.reshape(2 * len(_WINDOWS), -1).max(axis=0)
        likeliest = _highest(np.where(among, likeness, -np.inf), _LOOKED_AT_CLOSELY)
        closely = _vectors(_cells(self._pixels[likeliest], _STRETCHES, _STRETCHES)) @ vectors.T
        likeness[likeliest] = np.maximum(likeness[likeliest], closely.max(axis=(1, 2, 3)))
        # Spread, because all backdrops are somewhat alike.
        likeness *= np.abs(likeness) ** 3
        return likeness

    def _guessed(self, by_pixels: Floats, among: NDArray[np.bool_]) -> Floats:
        """Take what a picture from elsewhere shows from those that look most like it."""
        nearest = _highest(np.where(among, by_pixels, -np.inf), _NEIGHBOURS)
        weights = np.maximum(by_pixels[nearest], 0) ** 16
        return _unit(weights @ self._subjects[nearest])


def prepare(pictures: Iterable[AnyPicture], progress: Progress | None = None) -> list[Look | None]:
    """Look at many pictures, files on all cores; `progress` is told now and then how many of how many.

    A picture that cannot be seen has no look. Looks are remembered, so that an index made later is quick.
    """
    known = list(pictures)
    looks: list[Look | None] = []
    # Drawing is too much Python for threads to help; decoding is none.
    files = any(not isinstance(picture, Picture) for picture in known)
    pool = ThreadPoolExecutor(os.cpu_count() or 1, "scenario-emulator-looks") if files else None
    try:
        for look in pool.map(_looked_at, known) if pool else map(_looked_at, known):
            looks.append(None if isinstance(look, str) else look)
            if progress is not None and (len(looks) % 32 == 0 or len(looks) == len(known)):
                progress(len(looks), len(known))
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    return looks


def look_of(picture: AnyPicture) -> Look:
    """Give the look of a picture of the library; a file that cannot be seen is a 400."""
    look = _looked_at(picture)
    if isinstance(look, str):
        raise bad_request(f"Invalid image: the file of the asset cannot be decoded: {look}"[:_LONGEST_REASON])
    return look


def fault_of(picture: AnyPicture) -> str | None:
    """Say why a picture cannot be seen, or give None for one that can."""
    look = _looked_at(picture)
    return look if isinstance(look, str) else None


@lru_cache(maxsize=2**16)
def _looked_at(picture: AnyPicture) -> Look | str:
    """Give the look of a picture, or the reason why it has none."""
    try:
        return Look(_small(pixels_of(picture, least=_SIDE)), _subject(picture))
    except UnreadableError as error:
        return str(error)


# Few, because they are kept with the megabytes of their data URLs.
@lru_cache(maxsize=4)
def look_of_data_url(text: str) -> Look:
    """Give the look of a picture that came with the search; one that is none is a 400."""
    head = _DATA_URL.match(text)
    if head is None:
        raise bad_request("Invalid image: neither the ID of an asset nor a base64 data URL of an image")
    try:
        content = b64decode(text[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("Invalid image: the data URL is not base64") from None
    if len(content) > _MOST_BYTES:
        raise bad_request(f"Invalid image: {len(content)} bytes are too many, at most {_MOST_BYTES} are read")
    try:
        return Look(_small(read(content, least=_SIDE, most_pixels=_MOST_PIXELS)))
    except UnreadableError as error:
        raise bad_request(
            f"Invalid image: the data URL cannot be decoded: {error}"[:_LONGEST_REASON]
        ) from None


def _small(image: Image.Image) -> NDArray[np.uint8]:
    """Shrink a picture to the square that looks are made of; what is transparent shows white."""
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.moveaxis(np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX)), 2, 0).copy()


def _subject(picture: AnyPicture) -> Floats | None:
    """Say what a picture shows: mostly its subject, a little its mood, and other words that tell of it."""
    if isinstance(picture, Picture):
        subject: str | None = picture.subject
        palette: str | None = picture.palette
        words = set[str]()
    else:
        subject, palette = first_subject(picture.caption), first_palette(picture.caption)
        words = {word for word in picture.caption if not word.isdecimal()} - {subject, palette}
    vector = np.zeros(len(SUBJECTS) + len(PALETTES) + _HASHED_WORDS)
    if subject:
        vector[SUBJECTS.index(subject)] = 1.0
    if palette:
        vector[len(SUBJECTS) + list(PALETTES).index(palette)] = 0.3
    for word in words:
        vector[crc32(word.encode()) % _HASHED_WORDS - _HASHED_WORDS] += 0.5 / len(words) ** 0.5
    return _unit(vector) if vector.any() else None


def _windows(pixels: NDArray[np.uint8]) -> Floats:
    """Measure each window of each picture; the vectors of one window stand together."""
    measured = np.empty((len(_WINDOWS), len(pixels), 3 * _GRID**2 + 2), np.float32)
    for start in range(0, len(pixels), _CHUNK):
        part = slice(start, start + _CHUNK)
        for number, (rows, columns) in enumerate(_WINDOWS):
            measured[number, part] = _vectors(_cells(pixels[part], [rows], [columns]))[:, 0, 0]
    return measured.reshape(-1, measured.shape[-1])


_Stretches: TypeAlias = Sequence[tuple[float, float]]


def _cells(pixels: NDArray[np.uint8], rows: _Stretches, columns: _Stretches) -> Floats:
    """Lay a grid over each window: pictures x rows x columns x (red, green, blue) x cells, from 0 to 1."""
    down, across = (np.concatenate([_shares(*stretch) for stretch in side]) for side in (rows, columns))
    cells = (down / 255) @ pixels.astype(np.float32) @ across.T
    shape = (len(pixels), 3, len(rows), _GRID, len(columns), _GRID)
    cells = cells.reshape(shape).transpose(0, 2, 4, 1, 3, 5)
    laid: Floats = cells.reshape(*cells.shape[:4], -1).astype(np.float32, copy=False)
    return laid


def _vectors(cells: Floats) -> Floats:
    """Measure windows: the shapes in them and the colours of their parts, as vectors of length one."""
    red, green, blue = (cells[..., channel, :] for channel in range(3))
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    light -= light.mean(axis=-1, keepdims=True)
    hues = np.concatenate([(red - green) / 2, (2 * blue - red - green) / 4], axis=-1)
    vectors = np.empty((*cells.shape[:-2], 3 * cells.shape[-1] + 2), np.float32)
    end = 0
    # What stands behind each part makes windows without any shape or any colour look alike.
    for part, constant, weight in ((light, 0.05, _SHAPES), (hues, 0.1 * _GRID, 1 - _SHAPES)):
        scale = (weight / ((part * part).sum(axis=-1, keepdims=True) + constant**2)) ** 0.5
        start, end = end, end + part.shape[-1] + 1
        vectors[..., start : end - 1] = part * scale
        vectors[..., end - 1 : end] = constant * scale
    return vectors


@cache
def _shares(low: float, high: float) -> Floats:
    """Give what each pixel of a side counts in each cell of a stretch of it: cells x pixels."""
    edges, pixels = np.linspace(low, high, _GRID + 1)[:, None] * _SIDE, np.arange(_SIDE)
    inside = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    shares: Floats = np.maximum(inside, 0.0).astype(np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _highest(values: Floats, number: int) -> NDArray[np.intp]:
    """Give the places of the highest values, in no order."""
    return np.argpartition(values, -number)[-number:] if number < len(values) else np.arange(len(values))


def _unit(vector: NDArray[Any]) -> Floats:
    length = float(np.linalg.norm(vector))
    unit: Floats = (vector / (length or 1.0)).astype(np.float32)
    return unit
