"""The contact sheet: what stands where, what is said where there is no picture, and what is refused."""

from __future__ import annotations

import asyncio
import inspect
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import pytest
from pictures.showing import BLUE, GREEN, PROMPT, RED, of_kind, table_of, thumbnail
from PIL import Image, ImageChops
from support.faces import AsyncFace
from support.hits import asset
from support.servers import Answer, paged
from tables.kept import without

from scenario_async import AssetHit, AssetSearch, HitTable, InvalidSearchError, ScenarioError, WriteError
from scenario_async._looks import sheet as drawing
from scenario_async._looks.icons import sign
from scenario_async._looks.thumbnails import Missing, Shown
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Arrived, Serve

PAPER, FIELD = (255, 255, 255), (241, 243, 246)
MARGIN, GAP, SIDE = 28, 20, 200


@pytest.fixture(scope="module")
def base_url() -> Generator[str]:
    """Give the address of a running emulator."""
    with Emulator().running() as url:
        yield url


def middle(place: int, columns: int, image: Image.Image, row_height: int = 0) -> Any:
    """Give the colour in the middle of a picture."""
    row, column = divmod(place, columns)
    return image.getpixel(
        (MARGIN + column * (SIDE + GAP) + SIDE // 2, MARGIN + row * (row_height + GAP) + SIDE // 2)
    )


def same(one: Image.Image, other: Image.Image) -> bool:
    """Tell whether two pictures are the same in every pixel."""
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


def test_pictures_stand_in_their_order() -> None:
    """Row by row, each in the middle of its square, on white paper."""
    image = table_of(map(thumbnail, (RED, GREEN, BLUE))).sheet(columns=2)
    assert image.width == 2 * MARGIN + 2 * SIDE + GAP
    row_height = (image.height - 2 * MARGIN - GAP) // 2
    found = [middle(place, 2, image, row_height) for place in range(3)]
    for colour, wanted in zip(found, (RED, GREEN, BLUE), strict=True):
        assert max(abs(one - other) for one, other in zip(colour, wanted, strict=True)) < 6
    assert middle(3, 2, image, row_height) == PAPER
    assert image.getpixel((0, 0)) == image.getpixel((image.width - 1, image.height - 1)) == PAPER


def test_a_picture_keeps_its_shape() -> None:
    """A wide one leaves its square's ground free above and below, and transparency shows the ground."""
    wide = table_of([thumbnail(RED, (256, 128))]).sheet()
    x = MARGIN + SIDE // 2
    assert wide.getpixel((x, MARGIN + 30)) == wide.getpixel((x, MARGIN + SIDE - 30)) == FIELD
    assert wide.getpixel((x, MARGIN + 60)) != FIELD
    assert middle(0, 1, table_of([thumbnail((0, 0, 0, 0))]).sheet()) == FIELD


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (5, 5), (6, 5), (20, 7), (100, 15), (300, 25)])
def test_columns_make_a_sheet_that_is_a_little_wider_than_high(count: int, columns: int) -> None:
    """A few stand in one row; more stand in a field that fits a screen."""
    image = table_of([None] * count).sheet(size=64)
    assert image.width == 2 * 12 + columns * 64 + (columns - 1) * 8


@pytest.mark.parametrize("size", [64, 200])
@pytest.mark.parametrize("count", [7, 40, 150, 700])
def test_no_sheet_is_higher_than_wide(count: int, size: int) -> None:
    """However many hits it has, and however long their captions and ids are; nor is it much wider."""
    table = HitTable(
        [
            of_kind("image", metadata={"prompt": "word " * 40}, id=f"{'i' * 90}{number}")
            for number in range(count)
        ]
    )
    image = table.sheet(size=size)
    assert 1 <= image.width / image.height < (1.5 if count > 7 else 2)


def test_more_columns_than_hits_leave_no_room_free() -> None:
    """The paper ends behind the last one."""
    assert table_of([None] * 2).sheet(columns=9).width == 2 * MARGIN + 2 * SIDE + GAP


def test_captions_ids_and_numbers_are_drawn() -> None:
    """Each changes the picture, in its own place."""

    def drawn(**fields: Any) -> Image.Image:
        return table_of([thumbnail()], **fields).sheet()

    usual = drawn()
    other = drawn(metadata={"prompt": "a dragon in the snow, oil on canvas"})
    box = ImageChops.difference(usual, other).getbbox()
    assert box is not None
    assert box[1] > MARGIN + SIDE
    two = table_of([thumbnail()] * 2).sheet()
    first, second = (
        two.crop((MARGIN + x, MARGIN, MARGIN + x + SIDE, MARGIN + SIDE)) for x in (0, SIDE + GAP)
    )
    box = ImageChops.difference(first, second).getbbox()
    assert box is not None, "they have numbers of their own"
    assert box[2] < 40
    assert box[3] < 40
    captions = [two.crop((x, MARGIN + SIDE, x + SIDE, two.height)) for x in (MARGIN, MARGIN + SIDE + GAP)]
    box = ImageChops.difference(*captions).getbbox()
    assert box is not None, "and ids of their own"
    assert box[1] > 30


@pytest.mark.parametrize(
    "prompt",
    [
        f"\u202e{PROMPT}",
        f"\x1b\x07{PROMPT}\x00",
        PROMPT.replace(" ", "\r\n\t"),
        f"\u2066{PROMPT}\u2069\ufeff",
    ],
    ids=["override", "control", "lines", "isolate"],
)
def test_hidden_characters_change_nothing(prompt: str) -> None:
    """Texts with control and bidi characters are drawn as what can be read of them."""
    usual = table_of([thumbnail()]).sheet()
    assert same(usual, table_of([thumbnail()], metadata={"prompt": prompt}).sheet())


def test_a_long_prompt_takes_two_lines() -> None:
    """Also one of 100,000 characters, and one that is a single word; lone surrogates do no harm."""
    usual = table_of([thumbnail()], metadata={"prompt": "a knight " * 20}).sheet()
    for prompt in ("a knight " * 12_000, "k" * 100_000, "\ud83d a knight" * 9):
        assert table_of([thumbnail()], metadata={"prompt": prompt}).sheet().height == usual.height


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (None, "not loaded"),
        (Missing("none"), ""),
        (Missing("expired"), "its address has expired"),
        (Missing("large"), "too large to be made small"),
        (Shown(b"RIFF\x00\x00\x00\x00WEBPVP8 broken", 64, 64), "the file is damaged"),
    ],
    ids=["not loaded", "none", "expired", "large", "broken"],
)
def test_where_there_is_no_picture_the_reason_stands(look: Any, said: str) -> None:
    """In its square, below the sign of its kind."""
    assert drawing.decoded(look, SIDE) == (None, said)
    image, bare = table_of([look]).sheet(), table_of([Missing("none")]).sheet()
    assert image.crop((MARGIN, MARGIN + 60, MARGIN + SIDE, MARGIN + 90)).getcolors() != [(6000, FIELD)]
    box = ImageChops.difference(image, bare).getbbox()
    assert (box is not None) == bool(said)


def test_kinds_have_signs_of_their_own() -> None:
    """Videos, sounds, 3D and the others can be told apart, and a kind of later has one as well."""
    kinds = ("image", "video", "audio", "3d", "text", "document", "json", "model", "workflow")
    assert len({sign(kind, 60).tobytes() for kind in kinds}) == len(kinds)
    drawn = [table_of([Missing("none")], kind).sheet().tobytes() for kind in (*kinds, "hologram")]
    assert len({*drawn}) == len(kinds) + 1


@pytest.mark.parametrize(
    ("kind", "labelled"), [("image", False), ("video", True), ("audio", True), ("model", False)]
)
def test_a_thumbnail_of_what_is_no_picture_has_its_kind(kind: str, labelled: bool) -> None:  # noqa: FBT001
    """In the lower left corner."""
    image = table_of([thumbnail()], kind).sheet()
    corner = image.crop((MARGIN + 6, MARGIN + SIDE - 28, MARGIN + 60, MARGIN + SIDE - 8))
    colours = corner.getcolors(10_000) or []
    assert (len(colours) > 20) == labelled


def test_nothing_found_is_a_sheet_that_says_so() -> None:
    """And no error."""
    image = HitTable([], AssetHit).sheet()
    assert image.width > image.height > 100
    assert len(image.getcolors(10_000) or []) > 5
    assert not same(image, table_of([], "model").sheet())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": 0}, "columns is 0, but it must be 1 or more"),
        ({"columns": "4"}, "columns is '4', but it must be an int"),
        ({"size": 63}, "size is 63, but it must be 64 or more"),
        ({"size": 257}, "size is 257, but it must be 256 or less"),
    ],
)
def test_what_is_no_size_is_refused(given: dict[str, Any], said: str) -> None:
    """By name, before anything is loaded."""
    with pytest.raises(InvalidSearchError) as caught:
        table_of([None]).sheet(**given)
    assert str(caught.value).startswith(said)


def test_a_sheet_that_no_memory_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way out; without a size of the caller's, pictures become smaller first."""
    table = table_of([None] * 40)
    usual = table.sheet()
    monkeypatch.setattr(drawing, "_MOST_PIXELS", usual.width * usual.height // 2)
    assert table.sheet().width < usual.width
    with pytest.raises(
        InvalidSearchError, match=r"size is 200, but a sheet of 40 hits .* or choose a smaller size"
    ):
        table.sheet(size=200)
    monkeypatch.setattr(drawing, "_MOST_PIXELS", 1000)
    with pytest.raises(
        InvalidSearchError, match=r"size is 64, but .* draw a part of it, table\[:500\]\.sheet\(\)$"
    ):
        table.sheet()
    with pytest.raises(InvalidSearchError, match=r"^columns is 2, but "):
        table.sheet(columns=2)


def test_without_pillow_the_extra_is_named() -> None:
    """Both where a sheet is drawn, and where it is written."""
    with without("PIL", "PIL.Image"), pytest.raises(ImportError, match=r'extra "pictures".*\[pictures\]'):
        table_of([]).sheet()
    with without("PIL", "PIL.Image"), pytest.raises(ImportError, match=r"writing \.png needs PIL"):
        table_of([]).write("never.png")


def test_thumbnails_are_loaded_or_asked_for(connect: Connect, base_url: str, tmp_path: Path) -> None:
    """The blocking client loads what is missing; with the other one the error says what to await, and nothing is left."""
    face = connect(base_url)
    table = face.page(AssetSearch(query="knight", limit=6)).table
    path = tmp_path / "knights.png"
    if isinstance(face, AsyncFace):
        for act in (table.sheet, lambda: table.write(path)):
            with pytest.raises(ScenarioError, match=r"`await table\.load_thumbnails\(\)`, then sheet\(\)"):
                act()
        assert [*tmp_path.iterdir()] == []
        face.runner.run(cast("Any", table.load_thumbnails()))
    assert table.write(path) == path
    assert not table.thumbnails.never_loaded(table)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert same(image.convert("RGB"), table.sheet())


def test_writing_keeps_what_is_there(tmp_path: Path) -> None:
    """As every format does; columns and rows are for others."""
    path = tmp_path / "hits.png"
    table = table_of([thumbnail()])
    table.write(path)
    before = path.read_bytes()
    with pytest.raises(WriteError, match="is there already"):
        table.write(path)
    assert table.write(path, overwrite=True).read_bytes() == before
    with pytest.raises(InvalidSearchError, match=r"flat is True, but png has no columns"):
        table.write(path, flat=True)
    with pytest.raises(InvalidSearchError, match=r"fields is \['id'\]"):
        table.write(path, fields=["id"])
    assert (tmp_path / "as.told").exists() is False
    table.write(tmp_path / "as.told", "png")
    assert (tmp_path / "as.told").read_bytes() == before


def test_an_export_cannot_be_a_sheet(connect: Connect, base_url: str, tmp_path: Path) -> None:
    """It streams hits, and a sheet is of a table: the error says so before anything is asked."""
    face = connect(base_url)

    async def export() -> Any:
        result = face.client.search.export(AssetSearch(query="knight"), tmp_path / "all.png")
        return await result if inspect.isawaitable(result) else result

    runner = getattr(face, "runner", None)
    with pytest.raises(
        InvalidSearchError, match=r"format is 'png', but it shows a table: collect\(\) the hits"
    ):
        runner.run(export()) if runner else asyncio.run(export())
    assert [*tmp_path.iterdir()] == []


def test_hits_of_no_known_class_have_words_as_well() -> None:
    """A hit with nothing that says what it is has its kind for a caption."""
    bare = of_kind("audio", metadata={"prompt": "\u200b"})
    table = HitTable([bare])
    assert table.sheet().height > SIDE


def gif(frames: int, size: tuple[int, int] = (60, 40)) -> bytes:
    """Give an animation."""
    file = BytesIO()
    each = [Image.new("RGB", size, (40 * number, 0, 200)) for number in range(frames)]
    each[0].save(file, "GIF", save_all=True, append_images=each[1:])
    return file.getvalue()


def huge() -> bytes:
    """Give a small file of a picture that would take gigabytes."""
    content = bytearray(gif(1))
    content[6:10] = b"\xff\xff\xff\xff"
    return bytes(content)


def test_hard_files_are_no_errors(connect: Connect, serve: Serve) -> None:
    """Broken, huge and animated pictures, and an address that has expired: each is a square of the sheet."""
    files = {"/animated": gif(5), "/broken": b"\x89PNG\r\n\x1a\n nothing", "/huge": huge()}
    addresses = [*files, "/expired?Expires=1000000000&Signature=s", "/gone"]

    def answered(arrived: Arrived) -> Answer | dict[str, Any]:
        if arrived.method == "POST":
            return paged([asset(f"asset_{n}", url=origin + path) for n, path in enumerate(addresses)])(
                arrived
            )
        return Answer(files[arrived.path]) if arrived.path in files else Answer({}, 404)

    server = serve(answered)
    origin = server.base_url.removesuffix("/v1")
    face = connect(server.base_url, max_retries=0)
    table = face.page(AssetSearch(query="q")).table
    if isinstance(face, AsyncFace):
        face.runner.run(cast("Any", table.load_thumbnails()))
    image = table.sheet()
    assert image.width == 2 * MARGIN + 5 * SIDE + 4 * GAP
    looks = [table.thumbnails.of(hit) for hit in table]
    assert isinstance(looks[0], Shown)
    assert [look.reason for look in looks[1:] if isinstance(look, Missing)] == [
        "broken",
        "large",
        "expired",
        "gone",
    ]
    assert middle(0, 5, image)[2] > 150, "the first picture of the animation"
