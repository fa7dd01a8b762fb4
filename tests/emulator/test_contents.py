"""The files of assets that are no pictures: each opens as what it says it is."""

from __future__ import annotations

import json
import struct
import wave
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset
from emulator.talk import Talk

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.vocabulary import ASSET_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientSession

WORDS = "The tale of a (crimson) knight"


def is_text(content: bytes) -> None:
    """See that a text says what the record says."""
    assert content.decode() == f"{WORDS}\n"


def is_json(content: bytes) -> None:
    """See that it is JSON about the asset."""
    assert json.loads(content) == {"asset": "asset_1", "text": WORDS, "tags": ["knight"]}


def is_pdf(content: bytes) -> None:
    """See that a document has its words, and that its table points at its objects."""
    assert content.startswith(b"%PDF-1.4\n")
    assert rb"(The tale of a \(crimson\) knight) Tj" in content
    place = int(content.split(b"startxref\n")[1].split()[0])
    assert content[place:].startswith(b"xref\n0 6\n")
    for number, line in enumerate(content[place:].splitlines()[3:8], 1):
        assert content[int(line[:10]) :].startswith(b"%d 0 obj\n" % number)


def is_wav(content: bytes) -> None:
    """See that there is a sound of a quarter of a second."""
    with wave.open(BytesIO(content)) as sound:
        assert sound.getnframes() / sound.getframerate() == 0.25
        assert any(sound.readframes(100))


def is_mp3(content: bytes) -> None:
    """See that frame follows frame."""
    assert len(content) == 4170
    assert {content[at : at + 4] for at in range(0, 4170, 417)} == {b"\xff\xfb\x90\xc4"}


def is_glb(content: bytes) -> None:
    """See that the chunks fill the file, and that the scene has three corners."""
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, name = struct.unpack_from("<I4s", content, 12)
    scene = json.loads(content[20 : 20 + size])
    assert (name, size % 4, scene["nodes"][0]["name"]) == (b"JSON", 0, WORDS)
    assert struct.unpack_from("<I4s", content, 20 + size) == (36, b"BIN\0")


def is_webm(content: bytes) -> None:
    """See that there is a head, and four frames that each begin with a key frame of VP8."""
    assert content.startswith(b"\x1aE\xdf\xa3")
    assert b"webm" in content[:80]
    assert content.count(b"\x9d\x01\x2a" + struct.pack("<HH", 320, 180)) == 4


def is_radiance(content: bytes) -> None:
    """See that there are as many pixels as the head says."""
    head, _, pixels = content.partition(b"\n\n")
    assert head == b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe"
    assert pixels.startswith(b"-Y 2 +X 4\n")
    assert len(pixels) == 10 + 4 * 8


def record(mime_type: str) -> dict[str, Any]:
    """Give an asset of a mime type."""
    return asset("asset_1", {"text": WORDS, "width": 320, "height": 180}, mimeType=mime_type, tags=["knight"])


@pytest.mark.parametrize(
    ("mime_type", "sent", "opens"),
    [
        ("text/plain", "text/plain", is_text),
        ("text/markdown", "text/markdown", is_text),
        ("application/json", "application/json", is_json),
        ("application/pdf", "application/pdf", is_pdf),
        ("audio/wav", "audio/wav", is_wav),
        ("audio/mpeg", "audio/mpeg", is_mp3),
        ("model/gltf-binary", "model/gltf-binary", is_glb),
        ("model/fbx", "model/gltf-binary", is_glb),
        ("video/webm", "video/webm", is_webm),
        ("video/mp4", "video/webm", is_webm),
        ("image/vnd.radiance", "image/vnd.radiance", is_radiance),
        ("image/x-exr", "image/vnd.radiance", is_radiance),
    ],
)
async def test_files_of_every_sort(
    session: ClientSession, mime_type: str, sent: str, opens: Callable[[bytes], None]
) -> None:
    """It is served whole and in part, whatever size is asked for, and says its type; there is no picture of it."""
    async with Emulator(Library([record(mime_type)])) as emulator:
        talk = Talk(session, emulator.base_url)
        for address in ("/assets/asset_1", "/assets-transform/asset_1", "/assets-transform/asset_1?width=64"):
            reply = await talk.picture(address)
            assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, sent)
            opens(reply.content)
        for address in ("/thumbnails/asset_1", "/assets-transform/asset_1?format=webp"):
            assert (await talk.picture(address)).status == 404


async def test_every_hit_of_the_sample_can_be_opened(session: ClientSession) -> None:
    """One asset of each kind and mime type: its address leads to a file."""
    library = Library.sample(size=400)
    found = {(each["metadata"]["kind"], each["mimeType"]): each["id"] for each in library.records("assets")}
    assert {kind for kind, _ in found} == set(ASSET_KINDS)
    async with Emulator(library) as emulator:
        talk = Talk(session, emulator.base_url)
        for id_ in found.values():
            reply = await talk.picture(f"/assets-transform/{id_}")
            assert (reply.status, bool(reply.content)) == (200, True)


async def test_what_there_is_no_file_for(session: ClientSession) -> None:
    """A type that nobody knows, and one that is none, are a 404 as before."""
    library = Library([asset("asset_1", mimeType="application/x-unknown"), asset("asset_2", mimeType=5)])
    async with Emulator(library) as emulator:
        talk = Talk(session, emulator.base_url)
        for id_ in ("asset_1", "asset_2"):
            assert (await talk.picture(f"/assets/{id_}")).status == 404
