"""Bytes of a picture that came, made a thumbnail: as they are if they are small, else by Pillow."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from scenario_async._downloads.formats import HEAD, PICTURES, sniffed
from scenario_async._looks.thumbnails import SIDE, Missing, Shown
from scenario_async._tables.optional import needed

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_PIXELS: Final = 64_000_000
_LONGEST: Final = 3 * SIDE
_QUALITY: Final = 80
_SMALL_FILE: Final = 64 * 1024
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "ICO")
"""Those whose decoders are fit for files of strangers."""
_ANIMATED: Final = 0x02
_FRAME: Final = b"\x9d\x01\x2a"
_LOSSLESS: Final = 0x2F
"""What WebP's pictures begin with, behind the heads of their chunks."""
_PILLOW: Final = "making thumbnails of pictures that came large"


def thumbnail_of(data: bytes) -> Shown | Missing:
    """Give the thumbnail of a file; `ImportError` if that takes Pillow, which is not there."""
    head = data[:HEAD]
    kind = sniffed(head)
    if kind == "webp" and len(data) <= _SMALL_FILE and (size := _size_of_webp(data)) is not None:
        return Shown(data, *size)
    if kind not in PICTURES:
        return Missing("broken", "it is no picture")
    return _shrunk(data)


def _size_of_webp(data: bytes) -> tuple[int, int] | None:
    """Read the size of a WebP file that can stay as it is: whole, still, and small enough."""
    whole, first = (int.from_bytes(data[at : at + 4], "little") for at in (4, 16))
    if len(data) < 30 or whole + 8 > len(data) or first + 12 > whole:  # noqa: PLR2004 - the longest head
        return None
    match data[12:16]:
        case b"VP8 " if data[23:26] == _FRAME:
            width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        case b"VP8L" if data[20] == _LOSSLESS:
            bits = int.from_bytes(data[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        case b"VP8X" if not data[20] & _ANIMATED:
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        case _:
            return None
    # A host that was asked for a width gives portraits that are higher.
    return (width, height) if 0 < min(width, height) <= SIDE and max(width, height) <= _LONGEST else None


def _shrunk(data: bytes) -> Shown | Missing:
    image_module = needed("PIL.Image", _PILLOW)
    try:
        return _made_small(image_module, data)
    except (image_module.DecompressionBombError, image_module.DecompressionBombWarning, MemoryError):
        return Missing("large")
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like at broken files
        return Missing("broken", type(error).__name__)


def _made_small(image_module: Any, data: bytes) -> Shown | Missing:  # noqa: ANN401 - of Pillow
    transposed: Callable[[Any], Any] = needed("PIL.ImageOps", _PILLOW).exif_transpose
    with image_module.open(BytesIO(data), formats=_FORMATS) as image:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))  # JPEG is decoded small
        if image.width * image.height > _MOST_PIXELS:
            return Missing("large", f"{image.width} x {image.height}")
        if image.mode.startswith(("I", "F")):  # 16 bits a pixel
            scale: Callable[[float], float] = lambda value: value * (1 / 256)  # noqa: E731 - Pillow asks for one
            still = image.point(scale).convert("L")
        else:
            still = image.convert("RGBA" if image.has_transparency_data else "RGB")
        still.thumbnail((SIDE, SIDE), reducing_gap=2.0)
        still = transposed(still)
    file = BytesIO()
    still.save(file, "WEBP", quality=_QUALITY, method=4)
    return Shown(file.getvalue(), *still.size)
