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
    assert complaint(file.read_bytes(), picture=True) is None


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"\0\0\0 ftypavif", "avif"),
        (b"\0\0\0 ftypmif1", "heic"),
        (b"\0\0\0 ftypisom", "mp4"),
        (b"\0\0\0 ftypqt  ", "mov"),
        (b"RIFF\x10\0\0\0WAVE", "wav"),
        (b"RIFF\x10\0\0\0AVI ", None),
        (b"\x10\0\0\0WEBP", None),
        (b"ID3\x04\0\0\0\0\x02\x01", "mp3"),
        (b"\xff\xfb....", "mp3"),
        (b"\xff", None),
        (b"glTF\x02\0\0\0", "glb"),
        (b"#?RADIANCE\n", "hdr"),
        (b"<svg xmlns='x'>", "svg"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg>", "svg"),
        (b"<?xml version='1.0'?><Error>", "xml"),
        (b"\n <!DOCTYPE html>", "html"),
        (b"%PDF-1.7\n", "pdf"),
        (b"", None),
        (b"plain", None),
        (b"BMW is a make of cars, and BMX one of bicycles.", None),
        ("BMW für alle".encode("latin-1"), None),
        (b"ID3 is an algorithm that makes decision trees.", None),
        (b"GIF89a is a format of pictures", None),
        (b"glTF, OggS, fLaC and 8BPS begin files", None),
        (b"PK\x03\x04", "zip"),
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
    assert extension_of(b"GIF89a\x01\0", "image/png") == "gif"
    assert extension_of(b"?", "x/y") == "bin"


LATE = (
    b"<?xml version='1.0'?>\n<!-- " + b"made by hand " * 400 + b"--><svg xmlns='http://www.w3.org/2000/svg'/>"
)


@pytest.mark.parametrize(
    "head", [LATE[:512], LATE[22:534], b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'"]
)
def test_svg_that_shows_late(head: bytes) -> None:
    """Its type tells, by whoever names it, where its first bytes are those of any XML."""
    for types in (("image/svg+xml", ""), ("application/xml", "image/svg+xml; charset=utf-8")):
        assert extension_of(head, *types) == "svg"
        assert complaint(head, picture=True, came_as=types[0], mime_type=types[1]) is None
    assert complaint(head, picture=True, came_as="text/xml", mime_type="image/png")


@pytest.mark.parametrize(
    ("came_as", "mime_type", "fits"),
    [
        ("text/plain", "text/plain", True),
        ("application/octet-stream", "text/plain", True),
        ("text/html; charset=utf-8", "text/html", True),
        ("text/html", "", True),
        ("text/html", "text/plain", False),
        ("text/html", "video/mp4", False),
        ("video/mp4", "video/mp4", False),
        ("", "", False),
    ],
)
def test_a_page_of_html_is_a_file_where_a_text_is_expected(
    came_as: str, mime_type: str, *, fits: bool
) -> None:
    """And nowhere else: it may come from a proxy, or be a sign-in."""
    wrong = complaint(b"<html><body>hello", picture=False, came_as=came_as, mime_type=mime_type)
    assert (wrong is None) is fits


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
