"""What a file is, told by its first bytes."""

from __future__ import annotations

from typing import Final

_MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wav"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"BM", "bmp"),
    (0, b"#?RADIANCE", "hdr"),
    (0, b"#?RGBE", "hdr"),
    (0, b"v/1\x01", "exr"),
    (0, b"\0\0\x01\0", "ico"),
    (0, b"8BPS", "psd"),
    (0, b"glTF", "glb"),
    (0, b"Kaydara FBX Binary", "fbx"),
    (0, b"\x1aE\xdf\xa3", "webm"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"ID3", "mp3"),
    (0, b"%PDF-", "pdf"),
    (0, b"PK\x03\x04", "zip"),
)
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
        {extension for _, _, extension in _MAGIC} | {*_BRANDS.values()} | {*_OF_MIME_TYPE.values()} | PICTURES
        | {"jpeg", "tif", "xml", "part", "jsonl", UNKNOWN}
    )
)  # fmt: skip
"""Every extension that a file may get here, and others that a name is not to end with."""
HEAD: Final = 512
"""So many of the first bytes tell."""


def sniffed(head: bytes) -> str | None:
    """Give the extension for what begins with these bytes; None if they do not tell."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "mp4")
    if head[:1] == b"\xff" and len(head) > 1 and head[1] in _MPEG_FRAMES:
        return "mp3"
    for place, magic, extension in _MAGIC:
        if head.startswith(magic, place) and (place == 0 or head.startswith(b"RIFF")):
            return extension
    return _of_text(head)


def _of_text(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "html"
    if b"<svg" in start and start.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")):
        return "svg"
    return "xml" if start.startswith(b"<?xml") else None


def extension_of(head: bytes, *mime_types: str) -> str:
    """Give the extension of a file: by its first bytes, else by the first mime type that is known."""
    found = sniffed(head)
    if found is None:
        plain = (each.partition(";")[0].strip().lower() for each in mime_types)
        found = next((_OF_MIME_TYPE[each] for each in plain if each in _OF_MIME_TYPE), UNKNOWN)
    return found


def complaint(head: bytes, *, picture: bool, mime_types: tuple[str, ...]) -> str | None:
    """Tell what is wrong with a file, if it cannot be the one that was asked for."""
    found = sniffed(head)
    if not head:
        return "it is empty"
    if picture and found not in PICTURES:
        return f"it is no picture, but {_named(found, head)}"
    if found in ("html", "xml") and not any(found in each for each in mime_types):
        return f"it is {_named(found, head)}, as a proxy or a sign-in may send one"
    return None


def _named(extension: str | None, head: bytes) -> str:
    if extension in ("html", "xml"):
        return f"a page of {extension.upper()}"
    if extension is not None:
        return f"a file of the type {extension}"
    return f"begins with {head[:12]!r}"
