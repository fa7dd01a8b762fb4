"""The files of assets that are no pictures: small ones, made of what the record says, that open as what they are.

Sounds are a short tone (WAV) or silence (MPEG), videos some frames of the asset's picture (WebM), models a triangle (GLB),
panoramas a gradient (Radiance). What a record says in words is in its text, its JSON, its PDF.
"""

import json
import math
import struct
import wave
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

from scenario_async.emulator.attributes import Record, value_at
from scenario_async.emulator.subjects import picture_of

_RATE: Final = 8_000
_MPEG_FRAME: Final = b"\xff\xfb\x90\xc4" + bytes(413)
"""A frame of silence: MPEG-1, layer III, 128 kbit/s, 44.1 kHz, mono."""
_WEBM: Final = "video/webm"
_GLB: Final = "model/gltf-binary"
_HDR: Final = "image/vnd.radiance"
_FRAMES: Final = 4
_FRAME_TIME: Final = 250
_VIDEO_SIDE: Final = 512


def content_of(record: Record) -> tuple[bytes, str] | None:
    """Give the file of an asset and its mime type; None where there is none to make.

    The type may be another one than the record says: of a sort of files, one stands for all.
    """
    mime_type = str(record.get("mimeType", ""))
    made = _MAKERS.get(mime_type) or _MAKERS.get(mime_type.partition("/")[0])
    if made is None:
        return None
    make, sent = made
    return make(record), sent or mime_type


def _words(record: Record) -> str:
    """Give what a record says of itself."""
    paths = (
        ("content",),
        ("metadata", "text"),
        ("metadata", "prompt"),
        ("metadata", "name"),
        ("description",),
    )
    told = (value_at(record, path) for path in paths)
    return next((each for each in told if isinstance(each, str) and each), str(record["id"]))


def _text(record: Record) -> bytes:
    return f"{_words(record)}\n".encode(errors="replace")


def _json(record: Record) -> bytes:
    told = {"asset": record["id"], "text": _words(record), "tags": record.get("tags", [])}
    return json.dumps(told, default=str).encode()


def _wav(_: Record) -> bytes:
    tone = (round(6000 * math.sin(2 * math.pi * 440 * at / _RATE)) for at in range(_RATE // 4))
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(b"".join(struct.pack("<h", each) for each in tone))
    return file.getvalue()


def _mpeg(_: Record) -> bytes:
    return _MPEG_FRAME * 10


def _radiance(_: Record) -> bytes:
    width, height = 4, 2  # a row of less than eight pixels is never compressed
    pixels = bytes(part for at in range(width * height) for part in (32 * at, 16 * at, 128, 129))
    return b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (height, width) + pixels


def _glb(record: Record) -> bytes:
    corners = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
    scene: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": _words(record)}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 3,
                "type": "VEC3",
                "min": [0, 0, 0],
                "max": [1, 1, 0],
            }
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(corners)}],
        "buffers": [{"byteLength": len(corners)}],
    }
    told = json.dumps(scene).encode()
    told += b" " * (-len(told) % 4)
    chunks = b"".join(
        struct.pack("<I4s", len(chunk), name) + chunk
        for name, chunk in ((b"JSON", told), (b"BIN\0", corners))
    )
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _pdf(record: Record) -> bytes:
    shown = _words(record).encode("latin-1", errors="replace")
    for special in (b"\\", b"(", b")"):
        shown = shown.replace(special, b"\\" + special)
    drawn = b"BT /F1 12 Tf 36 780 Td (%s) Tj ET" % shown
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    file, places = b"%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return file + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(file))
    )


def _webm(record: Record) -> bytes:
    """Give a video of the record's picture, which moves sideways: its frames are those of lossy WebP, VP8 like these."""
    from PIL import ImageChops  # noqa: PLC0415 - only videos need it

    from scenario_async.emulator.pictures import drawn  # noqa: PLC0415 - it loads Pillow

    across, down = (_side(value_at(record, ("metadata", name))) for name in ("width", "height"))
    scale = min(1.0, _VIDEO_SIDE / max(across, down))
    width, height = max(2, round(across * scale)), max(2, round(down * scale))
    image = drawn(picture_of(record), width, height).convert("RGB")
    blocks = b""
    for number in range(_FRAMES):
        file = BytesIO()
        ImageChops.offset(image, width * number // _FRAMES, 0).save(file, "WEBP", quality=60)
        head = struct.pack(">BhB", 0x81, number * _FRAME_TIME, 0x80)
        blocks += _element(0xA3, head + _vp8(file.getvalue()))
    video = _element(0xB0, _number(width)) + _element(0xBA, _number(height))
    entry = (
        _element(0xD7, b"\1") + _element(0x73C5, b"\1") + _element(0x83, b"\1") + _element(0x86, b"V_VP8")
        + _element(0xE0, video)
    )  # fmt: skip
    info = (
        _element(0x2AD7B1, _number(1_000_000)) + _element(0x4489, struct.pack(">d", _FRAMES * _FRAME_TIME))
        + _element(0x4D80, b"emulator") + _element(0x5741, b"emulator")
    )  # fmt: skip
    head = (
        _element(0x4286, b"\1") + _element(0x42F7, b"\1") + _element(0x42F2, b"\4") + _element(0x42F3, b"\x08")
        + _element(0x4282, b"webm") + _element(0x4287, b"\2") + _element(0x4285, b"\2")
    )  # fmt: skip
    segment = (
        _element(0x1549A966, info) + _element(0x1654AE6B, _element(0xAE, entry))
        + _element(0x1F43B675, _element(0xE7, b"\0") + blocks)
    )  # fmt: skip
    return _element(0x1A45DFA3, head) + _element(0x18538067, segment)


def _side(value: object) -> int:
    return value if isinstance(value, int) and 0 < value <= 1 << 14 else _VIDEO_SIDE


def _vp8(webp: bytes) -> bytes:
    """Give the frame that a file of lossy WebP holds."""
    at = webp.index(b"VP8 ")
    size = int.from_bytes(webp[at + 4 : at + 8], "little")
    return webp[at + 8 : at + 8 + size]


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _element(name: int, content: bytes) -> bytes:
    """Give an element of a Matroska file."""
    return _number(name) + (len(content) | 1 << 56).to_bytes(8, "big") + content


_MAKERS: Final[Mapping[str, tuple[Callable[[Record], bytes], str]]] = {
    "text": (_text, ""),
    "application/json": (_json, ""),
    "application/pdf": (_pdf, ""),
    "audio/mpeg": (_mpeg, ""),
    "audio": (_wav, "audio/wav"),
    "model": (_glb, _GLB),
    "video": (_webm, _WEBM),
    "image/vnd.radiance": (_radiance, ""),
    "image/x-exr": (_radiance, _HDR),
}
"""By mime type, or by its first half: what makes a file, and the type that is sent where it is always the same."""
