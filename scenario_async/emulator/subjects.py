"""What pictures show, and which picture stands behind a record.

A drawn picture follows from its record alone: the first known subject and palette among its tags, prompt
and name, else ones chosen by its id. So a record that a user brings has its picture too.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeAlias, cast

import attrs

from scenario_async.emulator.attributes import Record, texts_at, value_at
from scenario_async.emulator.words import words_of

Colour: TypeAlias = str

SUBJECTS: Final[tuple[str, ...]] = (
    *("knight", "castle", "dragon", "forest", "potion", "spaceship", "sword", "shield", "mountain"),
    *("moon", "robot", "chest", "mushroom", "crystal", "skull", "crown", "tower", "ship", "planet"),
    *("coin", "book", "key", "lantern", "axe", "ghost", "cat"),
)


@attrs.frozen
class Palette:
    """The colours of one mood: a backdrop from `top` to `bottom`, and three for what stands before it."""

    top: Colour
    bottom: Colour
    main: Colour
    shade: Colour
    accent: Colour


PALETTES: Final[Mapping[str, Palette]] = {
    "crimson": Palette("#2b0a12", "#d1495b", "#7a1226", "#3f0713", "#ffd9a0"),
    "golden": Palette("#f6d365", "#fda085", "#b5651d", "#6e3b0e", "#fff6c9"),
    "emerald": Palette("#0b3d2e", "#8fd694", "#1f7a4d", "#0c3b26", "#e9f5a1"),
    "azure": Palette("#12355b", "#7cc6fe", "#2e6fb0", "#123a66", "#ffe08a"),
    "violet": Palette("#1d0f3a", "#b388eb", "#5f2a9b", "#2c1250", "#f7aef8"),
    "frozen": Palette("#7fa8c9", "#eef7fb", "#8cb4d2", "#4a7391", "#ffffff"),
    "midnight": Palette("#05060f", "#27375f", "#52658f", "#141b33", "#ffd166"),
    "rusty": Palette("#3b2f2f", "#c08457", "#7d4427", "#3d2013", "#9ee6cf"),
    "rosy": Palette("#ff9a9e", "#fecfef", "#c2517f", "#762a4c", "#fff3b0"),
    "sandy": Palette("#8fd3f4", "#f3e2b3", "#c99a5b", "#80592c", "#d8573c"),
}

# Where a record tells what its picture shows, the surest first.
_TELLING: Final = (("tags",), ("metadata", "prompt"), ("metadata", "name"), ("name",), ("description",))
IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/webp"})

_LARGEST: Final = 2048
_THUMBNAIL: Final = 384


@attrs.frozen(kw_only=True, cache_hash=True)
class Picture:
    """All that a picture is drawn from; equal ones are drawn alike, pixel by pixel."""

    subject: str
    palette: str
    variant: int
    width: int
    height: int
    mime_type: str


@attrs.frozen(kw_only=True, cache_hash=True)
class PictureFile:
    """A picture in a file, as it was when it was read; `width` and `height` are those that a viewer sees.

    `caption` holds the plain words that are known of it, `modified` is the file's time in nanoseconds and
    `size` its length in bytes: a file that changes makes another picture.
    """

    path: Path
    mime_type: str
    width: int
    height: int
    size: int
    modified: int
    caption: tuple[str, ...] = ()


AnyPicture: TypeAlias = Picture | PictureFile


def picture_of(record: Record) -> Picture:
    """Give the picture of an image record, or the thumbnail of one that is no image."""
    found = words_of(" ".join(texts_at(record, *_TELLING)))
    chance = int.from_bytes(blake2b(record["id"].encode(errors="replace"), digest_size=8).digest())
    mime_type = str(record.get("mimeType", ""))
    is_image = mime_type in IMAGE_TYPES
    return Picture(
        subject=first_subject(found) or SUBJECTS[chance % len(SUBJECTS)],
        palette=first_palette(found) or list(PALETTES)[chance % len(PALETTES)],
        variant=chance % 2**32,
        width=_side(value_at(record, ("metadata", "width"))) if is_image else _THUMBNAIL,
        height=_side(value_at(record, ("metadata", "height"))) if is_image else _THUMBNAIL,
        mime_type=mime_type if is_image else "image/png",
    )


def first_subject(words: Iterable[str]) -> str | None:
    """Give the first known subject among plain words, which name it in the singular or the plural."""
    known = _subjects()
    return next((known[word] for word in words if word in known), None)


def first_palette(words: Iterable[str]) -> str | None:
    """Give the first known palette among plain words."""
    return next((word for word in words if word in PALETTES), None)


@cache
def _subjects() -> Mapping[str, str]:
    """Map the words for a subject to it: singular and plural."""
    return {word: subject for subject in SUBJECTS for word in (subject, f"{subject}s")}


def _side(value: object) -> int:
    usable = isinstance(value, int | float) and 1 <= value <= _LARGEST
    return int(cast("float", value)) if usable else _THUMBNAIL
