"""Pictures: what is taken, what travels, and refusals that show no picture."""

from __future__ import annotations

import array
import base64
import os
import pathlib
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import AssetSearch, Images, InvalidSearchError, ScenarioError
from scenario_async.images import picture_repr, to_images, travelling

if TYPE_CHECKING:
    from collections.abc import Mapping

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
KINDS: dict[str, bytes] = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0rest",
    "image/gif": b"GIF89arest",
    "image/webp": b"RIFF\x00\x0a\x00\x00WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x1cftypavifrest",
    "image/heic": b"\x00\x00\x00\x1cftypheicrest",
    "image/bmp": b"BM\x0a\x00\x00\x00\x00\x00\x00\x00rest",
    "image/tiff": b"II*\x00rest",
}


def data_url(content: bytes, mime_type: str = "image/png") -> str:
    """Give the data URL of a picture."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def refusal(picture: Any, parameter: str = "image") -> str:
    """Give the message that refuses a picture."""
    with pytest.raises(InvalidSearchError) as caught:
        travelling(picture, parameter)
    assert caught.value.parameter == parameter
    assert isinstance(caught.value, ScenarioError)
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


class OwnPath(os.PathLike[str]):
    """A path that is no `pathlib.Path`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return self.path


@pytest.mark.parametrize("text", ["asset_1", "asset_AbC-09.x", "a", "x" * 200, "sc:asset", "ä"])
def test_asset_ids_travel_as_they_are(text: str) -> None:
    """A plain word is an asset id."""
    assert travelling(text, "image") == text


@pytest.mark.parametrize(
    "text",
    [
        data_url(PNG),
        data_url(b"anything", "image/svg+xml"),
        "DATA:image/PNG;BASE64," + base64.b64encode(PNG).decode(),
        "data:image/png;name=a.png;base64,QUJD",
        "data:image/svg+xml,%3Csvg%3E",
        "data:image/svg+xml;charset=utf-8,<svg/>",
    ],
)
def test_data_urls_travel_as_they_are(text: str) -> None:
    """An image data URL is not rewritten."""
    assert travelling(text, "image") == text


@pytest.mark.parametrize(("mime_type", "content"), KINDS.items())
def test_bytes_travel_as_a_data_url_of_their_kind(
    tmp_path: pathlib.Path, mime_type: str, content: bytes
) -> None:
    """The kind of bytes and of files is read from their first bytes, not from a name."""
    expected = data_url(content, mime_type)
    path = tmp_path / "no suffix"
    path.write_bytes(content)
    for picture in (content, bytearray(content), memoryview(content), path, OwnPath(str(path))):
        assert travelling(picture, "image") == expected


@QUICK
@given(rest=st.binary(max_size=200))
def test_any_bytes_come_back(rest: bytes) -> None:
    """What is encoded decodes to what it was."""
    head, _, encoded = travelling(PNG + rest, "image").partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(encoded, validate=True) == PNG + rest


@pytest.mark.parametrize(
    "text",
    [
        "./cat.png",
        "../cat",
        "/pictures/cat.png",
        "cat.png",
        "cat.JPEG",
        "a/b",
        "C:\\cat.png",
        "~/cat",
        ".hidden",
        "x.webp",
    ],
)
def test_texts_that_look_like_paths_name_the_way_out(text: str) -> None:
    """A text is never read as a file, and the message says what to pass."""
    message = refusal(text, "images.like[3]")
    assert "images.like[3]" in message
    assert repr(text) in message
    assert "pathlib.Path" in message


@pytest.mark.parametrize("text", ["", " ", "a cat", "a\nb", "a\tb", "\x00"])
def test_texts_that_are_no_id_are_refused(text: str) -> None:
    """What is neither an id nor a data URL is shown and refused."""
    message = refusal(text)
    assert message.startswith("image ")
    assert repr(text) in message
    assert "asset id" in message


@pytest.mark.parametrize("text", ["x" * 201, base64.b64encode(b"x" * 3000).decode()])
def test_long_texts_are_not_shown_whole(text: str) -> None:
    """A text too long for an id is told by its length."""
    message = refusal(text)
    assert str(len(text)) in message
    assert len(message) < 300


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/cat.png?Signature=s3cr3t",
        "http://example.com/cat",
        "HTTPS://example.com/cat?s3cr3t",
        "https://someone:s3cr3t@example.com/cat",
        "https://example.com/cat" + "/" * 5000 + "?s3cr3t",
    ],
)
def test_urls_are_refused_with_their_place(text: str) -> None:
    """The service fetches no URL; the message shows which one, without its query string."""
    message = refusal(text)
    assert "image" in message
    assert "URL" in message
    assert "example.com/cat" in message
    assert "s3cr3t" not in message
    assert len(message) < 700


LONG = "U2VjcmV0" * 12


@pytest.mark.parametrize(
    "text",
    [
        f"data:text/plain;base64,{LONG}",
        f"data:;base64,{LONG}",
        f"data:image/png;base64{LONG}",
        f"data:image/png;base64,{LONG}%",
        f"data:image/png;base64,{LONG}A",
        f"data:image/png;base64,{LONG} {LONG}",
        "data:image/png;base64,",
        "data:image/png,",
        "data:",
        f" data:image/png;base64,{LONG}",
        f"\ndata:image/png;base64,{LONG}",
        f"'data:image/png;base64,{LONG}'",
        f"data:image/svg+xml,<svg>\ud800{LONG}</svg>",
        f"data:image/png;name=\udcff;base64,{LONG}",
        f"data:image/{'x' * 5000};base64,{LONG}%",
    ],
)
def test_damaged_data_urls_are_refused_unseen(text: str) -> None:
    """A data URL that is none is refused by name and rule, and is not shown."""
    message = refusal(text, "images.unlike[0]")
    assert "images.unlike[0]" in message
    assert "data URL" in message
    assert "U2VjcmV0" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"%PDF-1.7", b"<svg xmlns='x'/>", b"RIFF0000WAVE"]
)
def test_bytes_of_no_image_are_refused(tmp_path: pathlib.Path, content: bytes) -> None:
    """Bytes and files of no known kind tell their length and the kinds that are known."""
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    for picture in (content, path):
        message = refusal(picture)
        assert message.startswith("image")
        assert f"{len(content)} bytes" in message
        assert "PNG" in message
        assert "xmlns" not in message
    assert "odd.png" in refusal(path)


def test_files_that_cannot_be_read_are_refused(tmp_path: pathlib.Path) -> None:
    """The message has the parameter, the path and the reason."""
    for path in (tmp_path / "absent.png", tmp_path):
        message = refusal(path)
        assert message.startswith("image ")
        assert str(path) in message
        assert "cannot be read" in message


@pytest.mark.parametrize("path", [pathlib.Path("a\0b.png"), OwnPath("a\0b.png")])
def test_paths_that_can_be_none_are_refused(path: os.PathLike[str]) -> None:
    """A path that no system has is refused like one that is absent."""
    assert "image" in refusal(path)


class BytesPath(os.PathLike[bytes]):
    """A path of bytes, as `os.scandir(b"...")` gives them."""

    def __init__(self, path: bytes) -> None:
        self.path = path

    def __fspath__(self) -> bytes:
        return self.path


def test_paths_of_bytes_are_read(tmp_path: pathlib.Path) -> None:
    """A path of bytes is a path."""
    path = tmp_path / "picture"
    path.write_bytes(PNG)
    assert travelling(BytesPath(os.fsencode(path)), "image") == data_url(PNG)


@pytest.mark.parametrize("value", [5, 1.5, True, [], ["asset_1"], {}, object(), array.array("b", [1]), None])
def test_other_types_are_no_pictures(value: object) -> None:
    """The message names the type, and what would do."""
    message = refusal(value)
    assert "pathlib.Path" in message
    if value is not None:
        assert type(value).__name__ in message


def test_images_take_every_form_of_picture(tmp_path: pathlib.Path) -> None:
    """`like` and `unlike` are pictures in any form, in any sequence."""
    path = tmp_path / "picture"
    path.write_bytes(PNG)
    images = Images(like=("asset_1", PNG, path), unlike=[data_url(PNG)])
    assert images.like == ("asset_1", data_url(PNG), data_url(PNG))
    assert images.unlike == (data_url(PNG),)
    assert Images(like=["a"]).unlike is None


@pytest.mark.parametrize(
    "value", [{"like": ["a"]}, {"unlike": ["a"], "like": None}, {"like": ["a"], "unlike": []}]
)
def test_a_mapping_is_the_same_as_images(value: Mapping[str, Any]) -> None:
    """A mapping with `like` and `unlike` does what the class does."""
    assert to_images(value) == Images(**value)
    assert AssetSearch(images=value) == AssetSearch(images=Images(**value))


@pytest.mark.parametrize("value", [None, Images(like=["a"])])
def test_images_and_none_pass(value: Images | None) -> None:
    """What is right already is left alone."""
    assert to_images(value) is value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "at least one"),
        ({"like": []}, "at least one"),
        ({"like": None, "unlike": ()}, "at least one"),
        (Images(), "at least one"),
        ({"likes": ["a"]}, "likes"),
        ({"l" * 5000: ["a"]}, "lll'"),
        ({"like": ["a"], 5: ["b"]}, "5"),
        (["a"], "list"),
        ("a", "str"),
        (b"a", "bytes"),
        (5, "int"),
    ],
)
def test_images_that_are_refused(value: Any, told: str) -> None:
    """What is no `Images` and no such mapping is told under `images`."""
    with pytest.raises(InvalidSearchError, match="images") as caught:
        to_images(value)
    assert caught.value.parameter == "images"
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", ["asset_1", PNG, pathlib.Path("x"), 5, {"a": 1}, {"a"}, iter(["a"])])
@pytest.mark.parametrize("side", ["like", "unlike"])
def test_one_picture_is_no_list_of_pictures(side: str, value: Any) -> None:
    """A single picture in the place of several is refused with the way out."""
    with pytest.raises(InvalidSearchError, match=rf"images\.{side}.*list"):
        Images(**cast("Any", {side: value}))


def test_a_refused_picture_is_named_by_its_place() -> None:
    """Of several pictures, the odd one is told."""
    with pytest.raises(InvalidSearchError, match=r"images\.unlike\[1\]"):
        AssetSearch(images={"like": ["a"], "unlike": ["b", "./c.png"]})


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (None, "None"),
        ("asset_1", "'asset_1'"),
        (PNG, f"{len(PNG)} bytes"),
        (pathlib.Path("a") / "b.png", repr(os.path.join("a", "b.png"))),  # noqa: PTH118
        (5, "a int"),
    ],
)
def test_pictures_are_shown_briefly(picture: object, shown: str) -> None:
    """A picture is shown by what it is, not by its content."""
    assert picture_repr(picture) == shown


def test_images_repr_shows_no_data_url() -> None:
    """The repr has ids, and kind and length of the others."""
    text = repr(Images(like=["asset_1", PNG], unlike=[data_url(b"x" * 500, "image/gif")]))
    assert "asset_1" in text
    assert "image/png" in text
    assert "image/gif" in text
    assert ";base64," not in text
    assert len(text) < 200


def test_images_are_a_type_of_pydantics_fields() -> None:
    """They take what `images` takes, travel as the mapping, and come back; JSON schemas say what the mapping is."""
    pydantic = pytest.importorskip("pydantic", minversion="2")
    field = pydantic.TypeAdapter(Images)
    images = Images(like=[PNG], unlike=["asset_1"])
    assert field.validate_python(images) is images
    assert field.validate_python({"like": [PNG], "unlike": ("asset_1",)}) == images
    assert field.dump_python(images) == {"like": [data_url(PNG)], "unlike": ["asset_1"]}
    assert field.dump_python(Images(unlike=["asset_1"])) == {"unlike": ["asset_1"]}
    assert field.validate_json(field.dump_json(images)) == images
    for mode in ("validation", "serialization"):
        schema = field.json_schema(mode=mode)
        assert schema["type"] == "object"
        assert {name: part["items"]["type"] for name, part in schema["properties"].items()} == {
            "like": "string",
            "unlike": "string",
        }
        assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (None, "images is None"),
        ({}, "images is empty"),
        (5, "images is a int"),
        ({"likes": ["asset_1"]}, "unknown key 'likes'"),
        ({"like": ["knight.png"]}, "looks like a path"),
    ],
)
def test_pydantic_tells_why_images_are_refused(given: object, rule: str) -> None:
    """What breaks a rule is pydantic's own error, with our words."""
    pydantic = pytest.importorskip("pydantic", minversion="2")
    with pytest.raises(pydantic.ValidationError, match=rule):
        pydantic.TypeAdapter(Images).validate_python(given)
