"""What a file is, told by its first bytes."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wav"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"v/1\x01", "exr"),
    (0, b"\0\0\x01\0", "ico"),
    (0, b"8BPS", "psd"),
    (0, b"glTF", "glb"),
    (0, b"Kaydara FBX Binary", "fbx"),
    (0, b"\x1aE\xdf\xa3", "webm"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"PK\x03\x04", "zip"),
)
_OF_TEXTS: Final = ((b"#?RADIANCE\n", "hdr"), (b"#?RGBE\n", "hdr"), (b"%PDF-1.", "pdf"), (b"%PDF-2.", "pdf"))
"""What begins as a text does."""
_BITMAP: Final = re.compile(rb"BM.{4}.{8}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)
_TAGGED: Final = re.compile(
    rb"ID3[\x02-\x04][^\xff][\0\x10\x20\x40\x60\x80\xa0\xc0\xe0][\0-\x7f]{4}", re.DOTALL
)
_CONTROLS: Final = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_BRANDS: Final = {
    b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"M4A ": "m4a", b"qt  ": "mov",
}  # fmt: skip
_MPEG_FRAMES: Final = frozenset({0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2})
_OF_MIME_TYPE: Final = {
    "application/json": "json", "text/plain": "txt", "text/markdown": "md", "text/csv": "csv", "text/html": "html",
    "model/obj": "obj", "model/gltf+json": "gltf", "model/gltf-binary": "glb", "model/stl": "stl",
    "image/svg+xml": "svg", "audio/mpeg": "mp3", "audio/aac": "aac", "video/mp4": "mp4", "application/pdf": "pdf",
}  # fmt: skip
PICTURES: Final = frozenset(
    {"png", "jpg", "gif", "webp", "tiff", "bmp", "hdr", "exr", "ico", "psd", "avif", "heic", "svg"}
)
"""Extensions of what can be seen."""
UNKNOWN: Final = "bin"
EXTENSIONS: Final = tuple(
    sorted(
        {extension for _, _, extension in _MAGIC} | {*_BRANDS.values()} | {*_OF_MIME_TYPE.values()} | PICTURES | {extension for _, extension in _OF_TEXTS}
        | {"jpeg", "tif", "xml", "part", "jsonl", UNKNOWN}
    )
)  # fmt: skip
"""Every extension that a file may get here, and others that a name is not to end with."""
HEAD: Final = 512
"""So many of the first bytes tell."""


def sniffed(head: bytes) -> str | None:
    """Give the extension for what begins with these bytes; None if they do not tell."""
    return _of_text(head) if _is_text(head) else _of_bytes(head)


def _of_bytes(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "mp4")
    if head[:1] == b"\xff" and len(head) > 1 and head[1] in _MPEG_FRAMES:
        return "mp3"
    if _BITMAP.match(head):
        return "bmp"
    if _TAGGED.match(head):
        return "mp3"
    for place, magic, extension in _MAGIC:
        if head.startswith(magic, place) and (place == 0 or head.startswith(b"RIFF")):
            return extension
    return _of_text(head)


def _is_text(head: bytes) -> bool:
    """Tell whether it may be a text: then words that a file of bytes begins with say nothing."""
    if _CONTROLS.search(head):
        return False
    try:
        getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at the end
    except UnicodeDecodeError:
        return False
    return True


def _of_text(head: bytes) -> str | None:
    for magic, extension in _OF_TEXTS:
        if head.startswith(magic):
            return extension
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "html"
    if b"<svg" in start and start.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")):
        return "svg"
    return "xml" if start.startswith((b"<?xml", b"<!doctype svg")) else None


def _told_by(found: str | None, head: bytes, mime_types: Iterable[str]) -> str | None:
    """Give what a file is where its beginning leaves it open: of SVG much may come before it shows."""
    begins = found == "xml" or (found is None and head.lstrip().startswith(b"<!--"))
    return "svg" if begins and any("svg" in each.lower() for each in mime_types) else found


def extension_of(head: bytes, *mime_types: str) -> str:
    """Give the extension of a file: by its first bytes, else by the first mime type that is known."""
    found = _told_by(sniffed(head), head, mime_types)
    if found is None:
        found = next(
            (_OF_MIME_TYPE[each] for each in map(_plain, mime_types) if each in _OF_MIME_TYPE), UNKNOWN
        )
    return found


def complaint(head: bytes, *, picture: bool, came_as: str = "", mime_type: str = "") -> str | None:
    """Tell what is wrong with a file, if it cannot be the one that was asked for.

    It `came_as` a mime type, and the hit has one, or none.
    """
    found = _told_by(sniffed(head), head, (came_as, mime_type))
    if not head:
        return "it is empty"
    if picture and found not in PICTURES:
        return f"it is no picture, but {_named(found, head)}"
    if found in ("html", "xml") and not _may_be_page(found, _plain(came_as), _plain(mime_type)):
        return f"it is {_named(found, head)}, as a proxy or a sign-in may send one"
    return None


def _may_be_page(found: str, came_as: str, mime_type: str) -> bool:
    """Tell whether a page of a markup language may be the file itself, and no answer in its place."""
    expected = mime_type or came_as
    if found in expected:
        return True
    return expected.startswith("text/") and found not in came_as


def _plain(mime_type: str) -> str:
    return mime_type.partition(";")[0].strip().lower()


def _named(extension: str | None, head: bytes) -> str:
    if extension in ("html", "xml"):
        return f"a page of {extension.upper()}"
    if extension is not None:
        return f"a file of the type {extension}"
    return f"begins with {head[:12]!r}"
