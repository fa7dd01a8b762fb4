"""What the addresses of pictures may ask for, seen on the pixels that come back."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset
from PIL import Image, ImageDraw

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.delivery import Rendition, Renditions, renditions
from scenario_async.emulator.folders import FolderContents, read_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator.talk import Reply, Talk

    from scenario_async.emulator.subjects import AnyPicture

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def stripes(width: int = 300, height: int = 100) -> Image.Image:
    """Give a picture with a red, a green and a blue third, from left to right."""
    image = Image.new("RGB", (width, height), "lime")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3 - 1, height), "red")
    draw.rectangle((width - width // 3, 0, width, height), "blue")
    return image


def glass() -> Image.Image:
    """Give a picture with a red left half, and nothing on the right."""
    image = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 40, 40))
    return image


def upright() -> Image.Exif:
    """Give what a camera says of a picture that has to be turned clockwise."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of pictures of every sort, some of them broken after they were read."""
    folder = tmp_path_factory.mktemp("pictures")
    stripes().save(folder / "stripes.png")
    glass().save(folder / "glass.png")
    glass().convert("P").save(folder / "palette.gif", transparency=0)
    stripes().save(folder / "turned.jpg", quality=95, exif=upright())
    stripes().convert("CMYK").save(folder / "print.jpg", quality=95)
    stripes().save(folder / "scan.tiff")
    stripes().save(folder / "old.bmp")
    stripes(1536, 512).save(folder / "large.png")
    Image.new("I;16", (60, 60), 40_000).save(folder / "deep.png")
    Image.new("RGB", (1, 2000), "red").save(folder / "thin.png")
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    for name in ("gone", "cut", "text"):
        stripes().save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def contents(folder: Path) -> FolderContents:
    """Read the folder while everything in it is whole."""
    return read_folder(folder)


@pytest.fixture(scope="module")
def named(contents: FolderContents) -> dict[str, str]:
    """Give the ids of the assets by the names of their files."""
    return {file.path.stem: id_ for id_, file in contents.files.items()}


@pytest.fixture(scope="module")
def emulator(folder: Path, contents: FolderContents) -> Emulator:
    """Serve the folder and a drawn picture, and break some of the files."""
    drawn = asset("asset_drawn", {"width": 640, "height": 320}, tags=["knight", "azure"])
    emulator = Emulator(Library([*contents.records, drawn], files=contents.files))
    (folder / "gone.png").unlink()
    cut = (folder / "cut.png").read_bytes()
    (folder / "cut.png").write_bytes(cut[: len(cut) * 2 // 3])
    (folder / "text.png").write_text("I was a picture once")
    return emulator


@pytest.fixture
def fetch(talk: Talk, named: dict[str, str]) -> Callable[..., Any]:
    """Give a call that fetches a picture of the folder as it is transformed, and decodes it."""

    async def fetch(name: str, query: str = "", folder: str = "assets-transform") -> Image.Image:
        reply = await talk.picture(f"/{folder}/{named[name]}?p=100&Signature=s&{query}")
        assert reply.status == 200, reply.content
        return decoded(reply)

    return fetch


def decoded(reply: Reply) -> Image.Image:
    """Decode a reply, whose type must be that of its content."""
    image = Image.open(BytesIO(reply.content))
    image.load()
    assert reply.headers["Content-Type"] == Image.MIME[image.format or ""]
    return image


def colour(image: Image.Image, across: float, down: float, mode: str = "RGB") -> tuple[int, ...]:
    """Give the colour at a place that is given in shares of the sides."""
    at = (int(across * (image.width - 1)), int(down * (image.height - 1)))
    found = image.convert(mode).getpixel(at)
    assert isinstance(found, tuple)
    return found


def near(found: tuple[int, ...], wanted: tuple[int, ...], most: int = 12) -> bool:
    """Tell whether two colours are about the same."""
    return all(abs(one - other) <= most for one, other in zip(found, wanted, strict=True))


class TestSizes:
    """`width`, `height` and `fit`."""

    @pytest.mark.parametrize(
        ("query", "size", "colours"),
        [
            ("width=100&height=100", (100, 100), (GREEN, GREEN, GREEN)),
            ("width=100&height=100&fit=cover", (100, 100), (GREEN, GREEN, GREEN)),
            ("width=100&height=100&fit=contain", (100, 100), (RED, GREEN, BLACK)),
            ("width=100&height=100&fit=contain&background=ffffff", (100, 100), (RED, GREEN, WHITE)),
            ("width=100&height=100&fit=fill", (100, 100), (RED, GREEN, RED)),
            ("width=100&height=100&fit=inside", (100, 33), (RED, GREEN, RED)),
            ("width=100&height=100&fit=outside", (300, 100), (RED, GREEN, RED)),
            ("width=150", (150, 50), (RED, GREEN, RED)),
            ("height=50", (150, 50), (RED, GREEN, RED)),
            ("width=150&fit=contain", (150, 50), (RED, GREEN, RED)),
            ("width=600", (600, 200), (RED, GREEN, RED)),
            ("width=900&height=900&fit=inside", (900, 300), (RED, GREEN, RED)),
            ("width=900&height=900&fit=contain", (900, 900), (RED, GREEN, BLACK)),
            ("width=600&height=100", (600, 100), (RED, GREEN, RED)),
            ("quality=50", (300, 100), (RED, GREEN, RED)),
            ("unheard=of&Policy=x&Key-Pair-Id=y", (300, 100), (RED, GREEN, RED)),
        ],
    )
    async def test_a_picture_is_fitted(
        self,
        fetch: Callable[..., Any],
        query: str,
        size: tuple[int, int],
        colours: tuple[tuple[int, ...], ...],
    ) -> None:
        """Size and colours are those of the fit: cut, with edges, squeezed, within or around."""
        image = await fetch("stripes", query)
        assert image.size == size
        places = ((0.02, 0.5), (0.5, 0.5), (0.0, 0.0))
        for (across, down), wanted in zip(places, colours, strict=True):
            assert near(colour(image, across, down), wanted)

    @pytest.mark.parametrize(
        "query", ["width=1", "height=1", "width=1&height=1", "width=1&height=1&fit=inside"]
    )
    async def test_the_smallest(self, fetch: Callable[..., Any], query: str) -> None:
        """No side vanishes."""
        assert min((await fetch("stripes", query)).size) == 1

    async def test_the_drawn_ones_are_fitted_too(self, talk: Talk) -> None:
        """A picture that is drawn is brought to size as it is, in its own format."""
        image = decoded(await talk.picture("/assets-transform/asset_drawn?p=100&width=64"))
        assert (image.size, image.format) == ((64, 32), "PNG")
        whole = decoded(await talk.picture("/assets/asset_drawn"))
        assert whole.size == (640, 320)
        assert near(colour(image, 0.5, 0.02), colour(whole, 0.5, 0.02), 25)

    @pytest.mark.parametrize("query", ["width=4096", "width=4096&height=9&fit=outside"])
    async def test_what_would_be_too_large_is_refused(
        self, talk: Talk, named: dict[str, str], query: str
    ) -> None:
        """A side that follows the ratio is not drawn at any length."""
        reply = await talk.picture(f"/assets-transform/{named['thin']}?{query}")
        assert reply.status == 400
        assert "4096 x 8192000 pixels" in reply.body["reason"]

    async def test_a_thin_picture_covers(self, fetch: Callable[..., Any]) -> None:
        """However little of it is shown."""
        image = await fetch("thin", "width=400&height=2")
        assert image.size == (400, 2)
        assert near(colour(image, 0.5, 0.5), RED)


class TestFormats:
    """`format` and `quality`."""

    @pytest.mark.parametrize(
        ("format", "mime_type"),
        [
            ("jpeg", "image/jpeg"),
            ("png", "image/png"),
            ("webp", "image/webp"),
            ("tiff", "image/tiff"),
            ("origin", "image/png"),
            ("auto", "image/png"),
        ],
    )
    async def test_a_format_is_made(
        self, talk: Talk, named: dict[str, str], format: str, mime_type: str
    ) -> None:
        """The type says what the content is; the picture is the same."""
        reply = await talk.picture(f"/assets-transform/{named['stripes']}?format={format}")
        assert reply.headers["Content-Type"] == mime_type
        image = decoded(reply)
        assert image.size == (300, 100)
        assert near(colour(image, 0.1, 0.5), RED)
        assert near(colour(image, 0.9, 0.5), BLUE)

    async def test_avif_where_pillow_can(self, talk: Talk, named: dict[str, str]) -> None:
        """Else it is refused with the reason."""
        Image.init()
        reply = await talk.picture(f"/assets-transform/{named['stripes']}?format=avif")
        if "AVIF" in Image.SAVE:
            assert near(colour(decoded(reply), 0.1, 0.5), RED, 20)
        else:
            assert (reply.status, "Pillow" in reply.body["reason"]) == (400, True)

    @pytest.mark.parametrize(
        ("accept", "mime_type"),
        [
            ("image/webp,*/*;q=0.8", "image/webp"),
            ("*/*", "image/png"),
            ("image/*", "image/png"),
            ("text/html, Image/WebP ; q=0.5", "image/webp"),
            ("image/webp;q=0, image/png", "image/png"),
            ("", "image/png"),
        ],
    )
    async def test_auto_goes_by_what_the_browser_names(
        self, talk: Talk, named: dict[str, str], accept: str, mime_type: str
    ) -> None:
        """The best type that Accept names, else the picture's own; caches are told."""
        url = f"{talk.base_url.removesuffix('/v1')}/assets-transform/{named['stripes']}?format=auto"
        async with talk.session.get(url, headers={"Accept": accept}) as response:
            assert response.headers["Content-Type"] == mime_type
            assert response.headers["Vary"] == "Accept"

    @pytest.mark.parametrize(("name", "mime_type"), [("scan", "image/png"), ("old", "image/png")])
    async def test_auto_avoids_what_browsers_cannot_show(
        self, talk: Talk, named: dict[str, str], name: str, mime_type: str
    ) -> None:
        """A TIFF or BMP becomes a PNG; asked for as it is, it is one."""
        reply = await talk.picture(f"/assets-transform/{named[name]}?format=auto&width=30")
        assert decoded(reply).size == (30, 10)
        assert reply.headers["Content-Type"] == mime_type
        reply = await talk.picture(f"/assets-transform/{named[name]}?width=30")
        assert reply.headers["Content-Type"] in {"image/tiff", "image/bmp"}
        assert decoded(reply).size == (30, 10)

    @pytest.mark.parametrize("format", ["jpeg", "webp"])
    async def test_quality_costs_bytes(self, talk: Talk, format: str) -> None:
        """The better one is larger; without one it lies between."""
        url = f"/assets-transform/asset_drawn?format={format}"
        worst, usual, best = [
            len((await talk.picture(f"{url}{quality}")).content)
            for quality in ("&quality=1", "", "&quality=100")
        ]
        assert worst < usual < best


class TestTreatments:
    """Turning, blurring, colours and transparency."""

    @pytest.mark.parametrize(
        ("degrees", "size", "top", "left"),
        [
            (90, (100, 300), RED, GREEN),
            (-90, (100, 300), BLUE, GREEN),
            (180, (300, 100), GREEN, BLUE),
            (360, (300, 100), GREEN, RED),
        ],
    )
    async def test_rotate_turns_clockwise(
        self,
        fetch: Callable[..., Any],
        degrees: int,
        size: tuple[int, int],
        top: tuple[int, ...],
        left: tuple[int, ...],
    ) -> None:
        """The left side comes to the top with 90 degrees."""
        image = await fetch("stripes", f"rotate={degrees}")
        assert image.size == size
        assert near(colour(image, 0.5, 0.02), top)
        assert near(colour(image, 0.02, 0.5), left)

    async def test_an_oblique_turn_shows_the_background(self, fetch: Callable[..., Any]) -> None:
        """The picture grows, and its corners have the colour asked for."""
        image = await fetch("stripes", "rotate=45&background=white")
        assert image.width == pytest.approx(283, abs=3)
        assert near(colour(image, 0.0, 0.0), WHITE)
        assert near(colour(image, 0.5, 0.5), GREEN)

    async def test_blur_mixes_neighbours(self, fetch: Callable[..., Any]) -> None:
        """The edge between two stripes is neither one nor the other."""
        sharp, blurred = await fetch("stripes"), await fetch("stripes", "blur=8")
        assert near(sharp.getpixel((99, 50)), RED)
        red, green, blue = blurred.getpixel((99, 50))
        assert 90 < red < 165
        assert 90 < green < 165
        assert blue < 20

    @pytest.mark.parametrize(("value", "grey"), [("true", True), ("1", True), ("false", False)])
    async def test_greyscale(self, fetch: Callable[..., Any], value: str, *, grey: bool) -> None:
        """Red, green and blue become greys, green the lightest."""
        image = await fetch("stripes", f"greyscale={value}")
        shades = [colour(image, across, 0.5) for across in (0.1, 0.5, 0.9)]
        assert all(len(set(shade)) == 1 for shade in shades) is grey
        if grey:
            assert [shade[0] for shade in shades] == [76, 150, 29]

    @pytest.mark.parametrize("format", ["png", "webp", "tiff"])
    @pytest.mark.parametrize("query", ["", "&greyscale=true", "&width=40", "&blur=1"])
    async def test_transparency_stays(self, fetch: Callable[..., Any], format: str, query: str) -> None:
        """A format that has it keeps it, whatever else is done."""
        image = await fetch("glass", f"format={format}{query}")
        assert colour(image, 0.9, 0.5, "RGBA")[3] == 0
        assert colour(image, 0.1, 0.5, "RGBA")[3] == 255

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("format=jpeg", BLACK),
            ("format=jpeg&background=white", WHITE),
            ("flatten=true", BLACK),
            ("flatten=true&background=00f", BLUE),
            ("flatten=true&background=%230000ff", BLUE),
        ],
    )
    async def test_flatten_puts_a_background_behind(
        self, fetch: Callable[..., Any], query: str, wanted: tuple[int, ...]
    ) -> None:
        """So does a format without transparency."""
        image = await fetch("glass", query)
        assert near(colour(image, 0.9, 0.5), wanted)
        assert near(colour(image, 0.1, 0.5), RED)
        assert colour(image, 0.9, 0.5, "RGBA")[3] == 255


class TestUnusualFiles:
    """Pictures of users, as cameras and old programs make them."""

    async def test_a_camera_held_upright(self, fetch: Callable[..., Any]) -> None:
        """What is transformed is turned as a viewer would."""
        image = await fetch("turned", "width=50")
        assert image.size == (50, 150)
        assert near(colour(image, 0.5, 0.1), RED)
        assert near(colour(image, 0.5, 0.9), BLUE)

    async def test_colours_of_print(self, fetch: Callable[..., Any]) -> None:
        """CMYK becomes RGB."""
        image = await fetch("print", "format=png")
        assert image.mode == "RGB"
        assert near(colour(image, 0.1, 0.5), RED, 20)

    async def test_sixteen_bits(self, fetch: Callable[..., Any]) -> None:
        """A grey of 40,000 of 65,535 is one of 155 of 255."""
        assert near(colour(await fetch("deep", "width=20"), 0.5, 0.5), (155, 155, 155), 1)

    async def test_the_first_frame(self, fetch: Callable[..., Any]) -> None:
        """An animation stands still when it is transformed, and is whole otherwise."""
        assert near(colour(await fetch("moving", "format=png"), 0.5, 0.5), RED)
        assert getattr(await fetch("moving"), "n_frames", 1) == 2

    async def test_palettes_keep_their_transparency(self, fetch: Callable[..., Any]) -> None:
        """A GIF with a transparent colour becomes a PNG with transparency."""
        image = await fetch("palette", "format=png")
        assert colour(image, 0.9, 0.5, "RGBA")[3] == 0
        assert near(colour(image, 0.1, 0.5), RED)

    @pytest.mark.parametrize("address", ["assets", "assets-transform", "thumbnails"])
    @pytest.mark.parametrize("name", ["gone", "cut", "text"])
    async def test_what_cannot_be_read_is_not_found(
        self, talk: Talk, named: dict[str, str], name: str, address: str
    ) -> None:
        """The refusal names the asset and says why, and tells nothing of the machine's folders."""
        for query in ("", "?width=10", "?format=jpeg"):
            reply = await talk.picture(f"/{address}/{named[name]}{query}")
            assert reply.status == 404
            assert f"asset {named[name]} cannot be read: " in reply.body["reason"]
            assert ".png" not in reply.body["reason"]


class TestFolders:
    """The other two addresses."""

    @pytest.mark.parametrize("name", ["stripes", "turned", "moving", "scan"])
    async def test_an_original_is_the_file(
        self, talk: Talk, named: dict[str, str], folder: Path, name: str
    ) -> None:
        """Byte by byte, whatever parameters are there; so is a transform without any."""
        (content,) = [path.read_bytes() for path in folder.glob(f"{name}.*")]  # noqa: ASYNC240 - a few kilobytes
        for url in (
            f"/assets/{named[name]}?width=10&format=nonsense",
            f"/assets-transform/{named[name]}?p=1",
        ):
            reply = await talk.picture(url)
            assert reply.content == content

    @pytest.mark.parametrize(
        ("name", "size", "format"),
        [
            ("large", (512, 171), "PNG"),
            ("stripes", (300, 100), "PNG"),
            ("thin", (1, 512), "PNG"),
            ("scan", (300, 100), "PNG"),
            ("turned", (300, 100), "JPEG"),
        ],
    )
    async def test_a_thumbnail_is_small(
        self, fetch: Callable[..., Any], name: str, size: tuple[int, int], format: str
    ) -> None:
        """At most 512 pixels long, never enlarged, and in a format that browsers show."""
        image = await fetch(name, "width=9", folder="thumbnails")
        assert (image.size, image.format) == (size, format)


class TestRefusals:
    """Parameters that break a rule."""

    @pytest.mark.parametrize(
        ("query", "named_rule"),
        [
            ("width=0", "\"width\" must be an integer from 1 to 4096, not '0'"),
            ("width=4097", "\"width\" must be an integer from 1 to 4096, not '4097'"),
            ("height=-1", "\"height\" must be an integer from 1 to 4096, not '-1'"),
            ("height=10.5", "not '10.5'"),
            ("height=", "not ''"),
            ("width=1e3", "not '1e3'"),
            ("width=%D9%A1%D9%A0", '"width" must be an integer from 1 to 4096'),
            (f"width={'9' * 5000}", '"width" must be an integer from 1 to 4096'),
            ("fit=crop", "\"fit\" must be one of [cover, contain, fill, inside, outside], not 'crop'"),
            ("format=gif", '"format" must be one of [jpeg, png, webp, avif, tiff, origin, auto]'),
            ("format=glb", "for a picture, not 'glb'"),
            ("format=fbx", "for a picture, not 'fbx'"),
            ("quality=0", '"quality" must be an integer from 1 to 100'),
            ("quality=101", "not '101'"),
            ("rotate=sideways", '"rotate" must be an integer from -360 to 360'),
            ("blur=0", '"blur" must be a number from 0.3 to 1000'),
            ("blur=nan", "not 'nan'"),
            ("greyscale=yes", '"greyscale" must be true or false'),
            ("flatten=", '"flatten" must be true or false'),
            ("background=nocolour", '"background" must be a colour'),
        ],
    )
    async def test_a_parameter_that_breaks_its_rule_is_named(
        self, talk: Talk, named: dict[str, str], query: str, named_rule: str
    ) -> None:
        """With its value and the rule."""
        for id_ in (named["stripes"], "asset_drawn"):
            reply = await talk.picture(f"/assets-transform/{id_}?p=100&{query}")
            assert reply.status == 400
            assert named_rule in reply.body["reason"]
            assert len(reply.body["reason"]) < 200


class TestCaching:
    """What browsers and the emulator itself remember."""

    async def test_head_tells_all_but_the_content(self, talk: Talk) -> None:
        """Type, length and tag are those of the GET."""
        url = "/assets-transform/asset_drawn?width=100"
        got = await talk.picture(url)
        head = await talk.send("HEAD", url, authorization=None)
        assert (head.status, head.content) == (200, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
            assert head.headers[name] == got.headers[name]
        assert int(head.headers["Content-Length"]) == len(got.content) > 0

    async def test_a_known_picture_is_not_sent_again(self, talk: Talk) -> None:
        """If-None-Match with its tag is a 304, with another one the picture."""
        url = f"{talk.base_url.removesuffix('/v1')}/assets-transform/asset_drawn?width=99"
        first = await talk.picture(url)
        for tag, status in ((first.headers["ETag"], 304), ('"other"', 200), ("*", 304)):
            async with talk.session.get(url, headers={"If-None-Match": tag}) as response:
                assert response.status == status
                assert response.headers["ETag"] == first.headers["ETag"]
                assert await response.read() == (b"" if status == 304 else first.content)
        other = await talk.picture(url.replace("width=99", "width=98"))
        assert other.headers["ETag"] != first.headers["ETag"]

    async def test_a_changed_file_is_read_anew(self, talk: Talk, named: dict[str, str], folder: Path) -> None:
        """Even while the library still knows the old one."""
        url = f"/assets-transform/{named['old']}?format=png&width=7"
        before = decoded(await talk.picture(url))
        assert near(colour(before, 0.0, 0.5), RED)
        Image.new("RGB", (70, 70), "white").save(folder / "old.bmp")
        try:
            assert near(colour(decoded(await talk.picture(url)), 0.0, 0.5), WHITE)
        finally:
            stripes().save(folder / "old.bmp")

    async def test_a_rendition_is_made_once(self, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second request finds the first one's."""
        from scenario_async.emulator import pictures  # noqa: PLC0415 - it is watched

        drawn: list[AnyPicture] = []
        draw = pictures.pixels_of

        def watched(picture: AnyPicture) -> Image.Image:
            drawn.append(picture)
            return draw(picture)

        monkeypatch.setattr(pictures, "pixels_of", watched)
        renditions.clear()
        first = await talk.picture("/assets-transform/asset_drawn?width=55")
        second = await talk.picture("/assets-transform/asset_drawn?width=55&Signature=other")
        assert first.content == second.content
        assert len(drawn) == 1

    def test_what_is_kept_is_bounded_in_bytes(self) -> None:
        """The oldest go first; what was asked for lately stays, and what is huge is not kept."""
        kept = Renditions(1000)
        for number in range(10):
            kept.put(number, Rendition(bytes(100), "image/png"))
        assert kept.size == 1000
        assert kept.get(0) is not None
        kept.put("new", Rendition(bytes(150), "image/png"))
        assert kept.get(0) is not None
        assert kept.get(1) is None
        assert kept.get(2) is None
        assert kept.get("new") is not None
        assert kept.size == 950
        kept.put("huge", Rendition(bytes(600), "image/png"))
        assert kept.get("huge") is None
        kept.put("new", Rendition(bytes(50), "image/png"))
        assert kept.size == 850
        kept.clear()
        assert (kept.size, kept.get(0)) == (0, None)

    def test_threads_may_share_it(self) -> None:
        """The count stays right when many put and get at once."""
        kept = Renditions(10_000)

        def work(seed: int) -> None:
            for number in range(300):
                kept.put((number * seed) % 50, Rendition(bytes(100 + number), "image/png"))
                kept.get(number % 50)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = [rendition for key in range(50) if (rendition := kept.get(key)) is not None]
        assert kept.size == sum(len(rendition.content) for rendition in left) <= 10_000
