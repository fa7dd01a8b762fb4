"""What the address of a picture may ask for: another size, format or treatment, and how that is done.

The rules are those of the library sharp, which services of this sort are built with. `fit` is `cover`
where both sides are given; a side that is not given follows the ratio. Pictures are enlarged as well as
shrunk, whatever `fit` is. Where something must be filled in (`contain`, an oblique `rotate`, a format
without transparency), the `background` is black unless another is given. `quality` is for JPEG, WebP and
AVIF; the other formats keep every pixel. Of an animation, the first frame is taken.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final, TypeAlias

import attrs
from PIL import Image, ImageColor, ImageFilter, ImageOps

from scenario_async.emulator.errors import ServiceError, bad_request
from scenario_async.emulator.pictures import MIME_TYPES

Colour: TypeAlias = tuple[int, int, int, int]

FITS: Final = ("cover", "contain", "fill", "inside", "outside")
FORMATS: Final = ("jpeg", "png", "webp", "avif", "tiff", "origin", "auto")
ORIGIN: Final = "origin"
AUTO: Final = "auto"

_FORMATS_3D: Final = ("glb", "obj", "fbx")
_LARGEST_SIDE: Final = 4096
_MOST_PIXELS: Final = 4 * _LARGEST_SIDE**2
_WITH_QUALITY: Final = ("JPEG", "WEBP", "AVIF")
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "PNG": {"compress_level": 3},
    "TIFF": {"compression": "tiff_lzw"},
    "AVIF": {"speed": 9},
}
_OPAQUE: Final = 255
_BLACK: Final = (0, 0, 0, _OPAQUE)


@attrs.frozen(kw_only=True)
class Transform:
    """What is asked for; None and False stand for what is not."""

    width: int | None = None
    height: int | None = None
    fit: str = "cover"
    rotate: int = 0
    blur: float = 0.0
    greyscale: bool = False
    flatten: bool = False
    background: Colour = _BLACK
    quality: int = 80
    format: str = ORIGIN

    def applied(self, image: Image.Image) -> Image.Image:
        """Give a picture (RGB or RGBA) as it is asked for; 400 when it would be too large."""
        image = self._resized(_turned(image, self.rotate, self.background))
        if self.greyscale:
            grey = ImageOps.grayscale(image)
            image = Image.merge("LA", (grey, image.getchannel("A"))) if image.mode == "RGBA" else grey
        if self.blur:
            image = image.filter(ImageFilter.GaussianBlur(self.blur))
        return _flat(image, self.background) if self.flatten else image

    def encoded(self, image: Image.Image, mime_type: str) -> bytes:
        """Give the file of a transformed picture in a format that `writable` knows."""
        name = _NAMES[mime_type]
        if name in {"JPEG", "BMP"}:
            image = _flat(image, self.background)
        if name != "PNG" and image.mode == "LA":
            image = image.convert("RGBA")
        options = dict(_OPTIONS.get(name, {}))
        if name in _WITH_QUALITY:
            options["quality"] = self.quality
        file = BytesIO()
        image.save(file, name, **options)
        return file.getvalue()

    def _resized(self, image: Image.Image) -> Image.Image:
        size, box = self._placed(image.width, image.height)
        if size[0] * size[1] > _MOST_PIXELS or max(size) > 4 * _LARGEST_SIDE:
            raise bad_request(
                f'"width" and "height" would make a picture of {size[0]} x {size[1]} pixels: ask for a '
                'smaller one, or for "fit=cover" with both'
            )
        if size != image.size or box != (0, 0, *image.size):
            image = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
        if self.fit == "contain" and self.width and self.height and size != (self.width, self.height):
            frame = Image.new("RGBA", (self.width, self.height), self.background)
            frame.paste(image, ((self.width - size[0]) // 2, (self.height - size[1]) // 2))
            image = frame if image.mode == "RGBA" or self.background[3] < _OPAQUE else frame.convert("RGB")
        return image

    def _placed(self, width: int, height: int) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
        """Give the size that a picture is brought to, and the part of it that is shown."""
        whole = (0, 0, width, height)
        if self.width is None or self.height is None:
            across, down = (self.width or 0) / width, (self.height or 0) / height
            scale = max(across, down) or 1.0
            return (self.width or _side(width * scale), self.height or _side(height * scale)), whole
        wanted, scales = (self.width, self.height), (self.width / width, self.height / height)
        match self.fit:
            case "cover":
                shown = [side / max(scales) for side in wanted]
                left, top = (width - shown[0]) / 2, (height - shown[1]) / 2
                return wanted, (
                    max(left, 0.0),
                    max(top, 0.0),
                    min(left + shown[0], width),
                    min(top + shown[1], height),
                )
            case "fill":
                return wanted, whole
            case _:
                scale = max(scales) if self.fit == "outside" else min(scales)
                return (_side(width * scale), _side(height * scale)), whole


def read_transform(query: Mapping[str, str]) -> Transform | None:
    """Read the parameters of an address, or give None when there is none that asks for anything.

    What breaks a rule is a 400; parameters that mean nothing here are ignored, as those of signatures are.
    """
    given = {name: read(query[name], name) for name, read in _READERS.items() if name in query}
    return Transform(**given) if given else None


def writable(mime_type: str) -> bool:
    """Tell whether pictures of a type can be made here."""
    Image.init()
    return _NAMES.get(mime_type) in Image.SAVE


def _turned(image: Image.Image, degrees: int, background: Colour) -> Image.Image:
    """Turn a picture clockwise."""
    match degrees % 360:
        case 0:
            return image
        case 90:
            return image.transpose(Image.Transpose.ROTATE_270)
        case 180:
            return image.transpose(Image.Transpose.ROTATE_180)
        case 270:
            return image.transpose(Image.Transpose.ROTATE_90)
        case oblique:
            fill = background[: len(image.getbands())]
            return image.rotate(-oblique, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def _flat(image: Image.Image, background: Colour) -> Image.Image:
    if image.mode not in {"RGBA", "LA"}:
        return image
    backdrop = Image.new("RGBA", image.size, (*background[:3], _OPAQUE))
    flat = Image.alpha_composite(backdrop, image.convert("RGBA"))
    return flat.convert("RGB" if image.mode == "RGBA" else "L")


def _side(length: float) -> int:
    return max(1, round(length))


def _refused(name: str, text: str, rule: str) -> ServiceError:
    shown = text if len(text) <= 40 else f"{text[:40]}..."  # noqa: PLR2004 - what fits into a message
    return bad_request(f'"{name}" must be {rule}, not {shown!r}')


def _integer(least: int, most: int) -> Callable[[str, str], int]:
    def read(text: str, name: str) -> int:
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 8 and least <= int(text) <= most:  # noqa: PLR2004
            return int(text)
        raise _refused(name, text, f"an integer from {least} to {most}")

    return read


def _one_of(known: tuple[str, ...]) -> Callable[[str, str], str]:
    def read(text: str, name: str) -> str:
        if text in known:
            return text
        raise _refused(name, text, f"one of [{', '.join(known)}]")

    return read


def _format(text: str, name: str) -> str:
    if text in _FORMATS_3D:
        raise _refused(name, text, f"one of [{', '.join(FORMATS)}] for a picture")
    return _one_of(FORMATS)(text, name)


def _sigma(text: str, name: str) -> float:
    try:
        sigma = float(text)
    except ValueError:
        sigma = 0.0
    if 0.3 <= sigma <= 1000:  # noqa: PLR2004 - sharp's own bounds
        return sigma
    raise _refused(name, text, "a number from 0.3 to 1000")


def _boolean(text: str, name: str) -> bool:
    if text in {"true", "1"}:
        return True
    if text in {"false", "0"}:
        return False
    raise _refused(name, text, "true or false")


def _colour(text: str, name: str) -> Colour:
    for spelling in (text, f"#{text}"):
        try:
            red, green, blue, *alpha = ImageColor.getrgb(spelling)
        except ValueError:
            continue
        return red, green, blue, alpha[0] if alpha else _OPAQUE
    raise _refused(name, text, "a colour like ff8800, %23ff8800 or orange")


_NAMES: Final = {mime_type: name for name, mime_type in MIME_TYPES.items() if name != "MPO"}
_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "width": _integer(1, _LARGEST_SIDE),
    "height": _integer(1, _LARGEST_SIDE),
    "fit": _one_of(FITS),
    "rotate": _integer(-360, 360),
    "blur": _sigma,
    "greyscale": _boolean,
    "flatten": _boolean,
    "background": _colour,
    "quality": _integer(1, 100),
    "format": _format,
}
