"""What a file is, told by its first bytes; and what addresses say."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scenario_async import ScenarioError
from scenario_async._downloads.addresses import Rendition, expires_at
from scenario_async._downloads.formats import EXTENSIONS, complaint, extension_of, sniffed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("GIF", "gif"),
        ("WEBP", "webp"),
        ("TIFF", "tiff"),
        ("BMP", "bmp"),
        ("ICO", "ico"),
    ],
)
def test_pictures_as_pillow_writes_them(tmp_path: Path, name: str, extension: str) -> None:
    """Each is told by its bytes alone."""
    file = tmp_path / "x"
    Image.new("RGB", (16, 16)).save(file, name)
    assert sniffed(file.read_bytes()[:512]) == extension
    assert complaint(file.read_bytes(), picture=True, mime_types=()) is None


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"\0\0\0 ftypavif", "avif"),
        (b"\0\0\0 ftypmif1", "heic"),
        (b"\0\0\0 ftypisom", "mp4"),
        (b"\0\0\0 ftypqt  ", "mov"),
        (b"RIFF....WAVE", "wav"),
        (b"RIFF....AVI ", None),
        (b"....WEBP", None),
        (b"ID3....", "mp3"),
        (b"\xff\xfb....", "mp3"),
        (b"\xff", None),
        (b"glTF", "glb"),
        (b"#?RADIANCE\n", "hdr"),
        (b"<svg xmlns='x'>", "svg"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg>", "svg"),
        (b"<?xml version='1.0'?><Error>", "xml"),
        (b"\n <!DOCTYPE html>", "html"),
        (b"", None),
        (b"plain", None),
    ],
)
def test_first_bytes(head: bytes, extension: str | None) -> None:
    """What they do not tell is not guessed."""
    assert sniffed(head) == extension


@given(st.binary(max_size=600), st.text(max_size=30))
def test_any_bytes_have_an_extension(head: bytes, mime_type: str) -> None:
    """One of those that names are kept free of."""
    assert extension_of(head, mime_type) in EXTENSIONS


def test_the_type_tells_what_bytes_do_not() -> None:
    """The first one that is known."""
    assert extension_of(b"{}", "application/octet-stream", "Application/JSON; charset=utf-8") == "json"
    assert extension_of(b"o cube", "model/obj") == "obj"
    assert extension_of(b"GIF89a", "image/png") == "gif"
    assert extension_of(b"?", "x/y") == "bin"


def signed(until: object) -> str:
    """Give an address whose policy says when it expires."""
    policy = f'{{"Statement":[{{"Condition":{{"DateLessThan":{{"AWS:EpochTime":{until}}}}}}}]}}'
    packed = b64encode(policy.encode(), b"-~").decode().replace("=", "_")
    return f"https://cdn.example/assets-transform/a?p=100&Policy={packed}&Signature=s3cr3t"


@pytest.mark.parametrize(
    ("url", "moment"),
    [
        (signed(1_700_000_000), 1_700_000_000),
        ("https://cdn.example/a?Expires=17&Signature=x", 17),
        (signed('"x"'), None),
        (signed("null"), None),
        ("https://cdn.example/a?Policy=%%%", None),
        ("https://cdn.example/a?Policy=e30_", None),
        ("https://cdn.example/a?Expires=soon", None),
        ("https://cdn.example/a", None),
        ("https://[/?Policy=x", None),
    ],
)
def test_when_an_address_expires(url: str, moment: float | None) -> None:
    """It is read from what is signed; what does not tell is tried."""
    assert expires_at(url) == moment


def test_what_is_asked_for_stands_behind_what_is_signed() -> None:
    """Nothing is changed in front of it."""
    rendition = Rendition.checked(512, "JPG", 80)
    assert rendition.of(signed(1)) == signed(1) + "&width=512&format=jpeg&quality=80"
    assert (
        rendition.of("https://cdn.example/x#part") == "https://cdn.example/x?width=512&format=jpeg&quality=80"
    )
    assert Rendition.checked(None, None, None).of(signed(1)) == signed(1)


def test_a_thumbnail_takes_no_width() -> None:
    """Nor does an original; neither message shows what is signed."""
    for folder in ("thumbnails", "assets"):
        with pytest.raises(ScenarioError, match="format cannot be asked for of") as caught:
            Rendition.checked(None, "webp", None).of(f"https://cdn.example/{folder}/a?Signature=s3cr3t")
        assert "s3cr3t" not in str(caught.value)
