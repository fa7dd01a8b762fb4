"""Pictures to search with: from an id, a data URL, a file or bytes to the text that travels."""

import base64
import binascii
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import attrs

from scenario_async.errors import InvalidSearchError, redact
from scenario_async.models import url_repr

Picture: TypeAlias = str | bytes | os.PathLike[str]
"""An asset id or an image data URL (`str`), a file (`os.PathLike`), or a picture's bytes."""

# Compiled when they are first used: an import has no need of them.
_SIGNATURES: Final = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"....ftypavi[fs]", "image/avif"),
    (rb"....ftyp(heic|heix|hevc|mif1|msf1)", "image/heic"),
    (rb"BM.{4}\0\0\0\0", "image/bmp"),
    (rb"II\*\0|MM\0\*", "image/tiff"),
)
_DATA_URL: Final = r"(?ai)data:(image/[\w.+-]+)((?:;[\w.+-]+=[^;,\s]*)*)(;base64)?,"
_SURROGATE: Final = "[\ud800-\udfff]"
_ID_LENGTH: Final = 200
_SHOWN: Final = 80
_IMAGE_SUFFIX: Final = r"(?i)\.(avif|bmp|gif|hei[cf]|jpe?g|png|svg|tiff?|webp)$"


def _pictures_repr(pictures: tuple[str, ...] | None) -> str:
    return "None" if pictures is None else "[" + ", ".join(map(picture_repr, pictures)) + "]"


def _like(pictures: Sequence[Picture] | None) -> tuple[str, ...] | None:
    return _travelling_all(pictures, "images.like")


def _unlike(pictures: Sequence[Picture] | None) -> tuple[str, ...] | None:
    return _travelling_all(pictures, "images.unlike")


@attrs.frozen(kw_only=True)
class Images:
    """Pictures that hits should look like (`like`), and pictures that they should not look like (`unlike`).

    Each is an asset id, an image data URL, a path (`os.PathLike`, read now) or bytes; at least one is needed. With
    pydantic installed, `Images` can be the type of a field: an object with `like` and `unlike`.
    """

    like: tuple[str, ...] | None = attrs.field(default=None, converter=_like, repr=_pictures_repr)
    """What hits should look like, as ids and data URLs."""
    unlike: tuple[str, ...] | None = attrs.field(default=None, converter=_unlike, repr=_pictures_repr)
    """What hits should not look like, as ids and data URLs."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:  # noqa: ANN401 - pydantic's type
        from scenario_async._support.pydantic import plain_schema  # noqa: PLC0415 - only pydantic asks for it

        return plain_schema(_validated, as_mapping)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        pictures = {
            "type": "array",
            "items": {"type": "string", "description": "An asset id or an image data URL."},
        }
        return {
            "type": "object",
            "description": "Pictures that hits should look like (`like`) or not (`unlike`), at least one.",
            "properties": {"like": pictures, "unlike": pictures},
            "minProperties": 1,
            "additionalProperties": False,
        }


def _validated(value: Any) -> Images:  # noqa: ANN401 - pydantic gives whatever it gets
    images = to_images(value)
    if images is None:
        raise InvalidSearchError("images is None; give `like` or `unlike`", parameter="images")
    return images


def as_mapping(images: Images) -> dict[str, list[str]]:
    """Give what travels: the mapping that `to_images` takes."""
    given = {"like": images.like, "unlike": images.unlike}
    return {name: list(pictures) for name, pictures in given.items() if pictures is not None}


def picture_repr(picture: object) -> str:
    """Show a picture, with a data URL cut down to its kind and its length."""
    if picture is None:
        return "None"
    if isinstance(picture, str):
        head = re.match(_DATA_URL, picture)
        return f"'data:{head[1][:_SHOWN]}…' ({len(picture)} characters)" if head else repr(picture[:_SHOWN])
    if isinstance(picture, bytes):
        return f"{len(picture)} bytes"
    if isinstance(picture, os.PathLike):
        return repr(os.fspath(cast("os.PathLike[str]", picture)))
    return f"a {type(picture).__name__}"


def travelling(picture: object, parameter: str) -> str:
    """Give what the service takes for a picture: an asset id or a data URL.

    Raises `InvalidSearchError`, named after the parameter, for what is no picture or cannot be read.
    """
    if isinstance(picture, str):
        return _text(picture, parameter)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return _data_url(bytes(cast("bytes", picture)), parameter, "bytes")
    if isinstance(picture, os.PathLike):
        path = Path(os.fsdecode(cast("os.PathLike[str]", picture)))
        try:
            content = path.read_bytes()
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or error
            raise _refused(parameter, path, f"cannot be read: {told}") from None
        return _data_url(content, parameter, f"contents of {str(path)!r}")
    rule = "is no picture; pass an asset id, an image data URL, a pathlib.Path or bytes"
    raise _refused(parameter, picture, rule)


def to_images(value: Images | Mapping[str, Sequence[Picture]] | None) -> Images | None:
    """Take `Images`, a mapping with `like` and `unlike`, or None."""
    if value is None or isinstance(value, Images):
        images = value
    elif isinstance(cast("object", value), Mapping):
        given: dict[str, Any] = {str(key): item for key, item in value.items()}
        if unknown := sorted(set(given) - {"like", "unlike"}):
            message = f"images has the unknown key {unknown[0][:_SHOWN]!r}; it takes `like` and `unlike`"
            raise InvalidSearchError(message, parameter="images")
        images = Images(**given)
    else:
        message = (
            f"images is a {type(value).__name__}; pass Images(like=[...], unlike=[...]) or the same mapping"
        )
        raise InvalidSearchError(message, parameter="images")
    if images and not (images.like or images.unlike):
        message = "images is empty; give `like` or `unlike` at least one picture"
        raise InvalidSearchError(message, parameter="images")
    return images


def _travelling_all(pictures: object, parameter: str) -> tuple[str, ...] | None:
    given = pictures
    if pictures is None:
        return None
    if isinstance(pictures, (str, bytes, os.PathLike)) or not isinstance(pictures, Sequence):
        raise _refused(parameter, given, "is not a sequence of pictures; put it into a list")
    each = enumerate(cast("Sequence[object]", pictures))
    return tuple(travelling(picture, f"{parameter}[{index}]") for index, picture in each)


def _text(text: str, parameter: str) -> str:
    start = text.lstrip(" \t\r\n\"'")[:8].lower()
    if start.startswith("data:"):
        _check_data_url(text, parameter)
    elif start.startswith(("http://", "https://")):
        rule = "is a URL, which the service does not fetch; pass the picture's bytes or its asset id"
        raise InvalidSearchError(f"{parameter} {redact(url_repr(text))} {rule}", parameter=parameter)
    elif len(text) > _ID_LENGTH:
        raise _refused(
            parameter, text, f"is neither an asset id nor an image data URL ({len(text)} characters)"
        )
    elif "/" in text or "\\" in text or text.startswith((".", "~")) or re.search(_IMAGE_SUFFIX, text):
        raise _refused(parameter, text, "looks like a path; pass pathlib.Path to read a file")
    elif not text or not text.isprintable() or " " in text:
        raise _refused(parameter, text, "is neither an asset id nor an image data URL")
    return text


def _check_data_url(text: str, parameter: str) -> None:
    head = re.match(_DATA_URL, text)
    if not text.isascii() and re.search(_SURROGATE, text):
        raise _refused(parameter, text, "is a data URL that holds a lone surrogate, which UTF-8 cannot carry")
    if not head:
        rule = "is a data URL of no image; it has to start with data:image/<type>;base64,"
        raise InvalidSearchError(f"{parameter} {rule}", parameter=parameter)
    try:
        content = base64.b64decode(text[head.end() :], validate=True) if head[3] else text[head.end() :]
    except (binascii.Error, ValueError):
        raise _refused(parameter, text, "is a data URL whose base64 is damaged") from None
    if not content:
        raise _refused(parameter, text, "is a data URL without a picture in it")


def _data_url(content: bytes, parameter: str, shown: str) -> str:
    for signature, mime_type in _SIGNATURES:
        if re.match(signature, content, re.DOTALL):
            return f"data:{mime_type};base64,{base64.b64encode(content).decode('ascii')}"
    kinds = "PNG, JPEG, GIF, WebP, AVIF, HEIC, BMP, TIFF"
    rule = (
        f"no image that we know ({kinds}), but {len(content)} bytes; pass a data URL to send another format"
    )
    raise InvalidSearchError(f"{parameter}: the {shown} are {rule}", parameter=parameter)


def _refused(parameter: str, value: object, rule: str) -> InvalidSearchError:
    return InvalidSearchError(f"{parameter} {picture_repr(value)} {rule}", parameter=parameter)
