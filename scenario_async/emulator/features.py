"""What two pictures have in common: their looks, measured on pixels, and what they show, as far as known.

Loading this module loads numpy and Pillow: the engine does so when the first picture arrives.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenario_async.emulator.errors import bad_request
from scenario_async.emulator.pictures import drawn
from scenario_async.emulator.subjects import PALETTES, SUBJECTS, Picture

Vector: TypeAlias = NDArray[np.floating[Any]]

_DATA_URL: Final = re.compile(r"data:image/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE)
_LONGEST_SIDE: Final = 64
_MOST_PIXELS: Final = 64 * 10**6
_NEIGHBOURS: Final = 5
_SHARES: Final = {"shapes": 0.5, "places": 0.2, "colours": 0.3}
# Even a search by subject alone looks a little, so that a picture is most like itself.
_MOST_SEMANTIC: Final = 0.7


@attrs.frozen(eq=False)
class Look:
    """A picture as vectors of length one: how it looks and, if it is one of the library's, what it shows."""

    pixels: Vector
    subject: Vector | None = None


class LookIndex:
    """The looks of the records that have a picture, by their positions."""

    def __init__(self, pictures: Sequence[Picture | None]) -> None:
        shown = [(place, picture) for place, picture in enumerate(pictures) if picture is not None]
        self._places = [place for place, _ in shown]
        self._pixels = _stacked([look_of(picture).pixels for _, picture in shown])
        self._subjects = _stacked([_subject(picture) for _, picture in shown])

    def search(
        self, like: Sequence[Look], unlike: Sequence[Look], semantic_ratio: float
    ) -> Mapping[int, float]:
        """Give each position its likeness: about 1 for what is wanted alone, less for what is unwanted.

        A ratio of 0 goes by the pixels alone, one of 1 mostly by what the pictures show.
        """
        if not self._places:
            return {}
        likeness: Vector = np.zeros(len(self._places))
        for looks, sign in ((like, 1), (unlike, -1)):
            for look in looks:
                likeness += sign / len(looks) * self._likeness(look, semantic_ratio)
        return dict(zip(self._places, map(float, likeness), strict=True))

    def _likeness(self, look: Look, semantic_ratio: float) -> Vector:
        by_pixels = self._pixels @ look.pixels
        subject = self._guessed(by_pixels) if look.subject is None else look.subject
        share = semantic_ratio * _MOST_SEMANTIC
        likeness: Vector = share * (self._subjects @ subject) + (1 - share) * by_pixels
        return likeness

    def _guessed(self, by_pixels: Vector) -> Vector:
        """Take what a picture from elsewhere shows from those that look most like it."""
        nearest = np.argsort(-by_pixels, kind="stable")[:_NEIGHBOURS]
        weights = np.maximum(by_pixels[nearest], 0) ** 32
        return _unit(weights @ self._subjects[nearest])


@lru_cache(maxsize=4096)
def look_of(picture: Picture) -> Look:
    """Give the look of a picture of the library, from a small rendition of it."""
    scale = _LONGEST_SIDE / max(picture.width, picture.height)
    small = drawn(picture, max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
    return Look(_pixels(small), _subject(picture))


@lru_cache(maxsize=32)
def look_of_data_url(text: str) -> Look:
    """Give the look of a picture that came with the search; one that is none is a 400."""
    head = _DATA_URL.match(text)
    if head is None:
        raise bad_request("Invalid image: neither the ID of an asset nor a base64 data URL of an image")
    try:
        content = b64decode(text[head.end() :], validate=True)
        with Image.open(BytesIO(content)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise bad_request(f"Invalid image: {image.width} x {image.height} pixels are too many")
            image.draft("RGB", (2 * _LONGEST_SIDE, 2 * _LONGEST_SIDE))
            # By way of RGBA, because Pillow warns of palettes with transparency that go another way.
            return Look(_pixels(image.convert("RGBA" if image.mode == "P" else "RGB").convert("RGB")))
    except binascii.Error:
        raise bad_request("Invalid image: the data URL is not base64") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise bad_request("Invalid image: its pixels are too many") from None
    except (OSError, SyntaxError, ValueError):
        raise bad_request("Invalid image: the data URL cannot be decoded") from None


def _pixels(image: Image.Image) -> Vector:
    """Measure a picture: the shapes in it, the colours of its parts, and the colours that it has in all."""
    grey, rgb, parts = (
        np.asarray(image.convert(mode).resize((side, side), Image.Resampling.BOX), dtype=np.float32) / 256
        for mode, side in (("L", 16), ("RGB", 32), ("RGB", 4))
    )
    codes = (rgb * 4).astype(np.int64) @ np.array([16, 4, 1])
    measured: Mapping[str, Any] = {
        "shapes": grey - grey.mean(),
        "places": parts - 0.5,
        "colours": np.sqrt(np.bincount(codes.ravel(), minlength=64)),
    }
    weighted = [share**0.5 * _unit(measured[name].ravel()) for name, share in _SHARES.items()]
    return _unit(np.concatenate(weighted))


def _subject(picture: Picture) -> Vector:
    """Say what a picture shows: mostly its subject, and a little its mood."""
    vector = np.zeros(len(SUBJECTS) + len(PALETTES))
    vector[SUBJECTS.index(picture.subject)] = 1.0
    vector[len(SUBJECTS) + list(PALETTES).index(picture.palette)] = 0.3
    return _unit(vector)


def _unit(vector: NDArray[Any]) -> Vector:
    length = float(np.linalg.norm(vector))
    unit: Vector = (vector / (length or 1.0)).astype(np.float32)
    return unit


def _stacked(vectors: Sequence[Vector]) -> Vector:
    return np.stack(vectors) if vectors else np.zeros((0, 0))
