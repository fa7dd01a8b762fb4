"""How well pictures are told apart, and how fast."""

from __future__ import annotations

import os
from base64 import b64encode
from io import BytesIO
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from scenario_async.emulator import features
from scenario_async.emulator.errors import ServiceError
from scenario_async.emulator.features import LookIndex, look_of, look_of_data_url, prepare
from scenario_async.emulator.pictures import encoded, pixels_of
from scenario_async.emulator.subjects import PALETTES, SUBJECTS, AnyPicture, Picture, PictureFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.any_versions

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda image: image,
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "larger": lambda image: image.resize((image.width * 4 // 3, image.height * 4 // 3)),
    "squeezed": lambda image: image.resize((200, 150)),
    "jpeg": lambda image: recoded(image, "JPEG", quality=30),
    "webp": lambda image: recoded(image, "WEBP", quality=30),
    "gif": lambda image: recoded(image, "GIF"),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.12),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.88),
}
CROPS = {
    "central 80 %": (0.1, 0.1, 0.9, 0.9),
    "central 70 %": (0.15, 0.15, 0.85, 0.85),
    "central 60 %": (0.2, 0.2, 0.8, 0.8),
    "top left": (0.0, 0.0, 0.75, 0.75),
    "top right": (0.25, 0.0, 1.0, 0.75),
    "bottom left": (0.0, 0.25, 0.75, 1.0),
    "bottom right": (0.25, 0.25, 1.0, 1.0),
    "left side": (0.0, 0.0, 0.75, 1.0),
    "without sky": (0.0, 0.2, 1.0, 1.0),
    "odd": (0.07, 0.13, 0.88, 0.94),
}


def recoded(image: Image.Image, format: str, **options: Any) -> Image.Image:
    """Save a picture and read it again."""
    file = BytesIO()
    image.save(file, format, **options)
    return Image.open(file).convert("RGB")


def data_url(content: bytes | Image.Image, kind: str = "image/png") -> str:
    """Give the data URL of a file or, as a PNG, of pixels."""
    if isinstance(content, Image.Image):
        file = BytesIO()
        content.save(file, "PNG", compress_level=1)
        content = file.getvalue()
    return f"data:{kind};base64,{b64encode(content).decode()}"


def pictures(number: int, seed: int = 3) -> list[Picture]:
    """Give pictures as the sample has them: few subjects and moods, many variants and sizes."""
    random = Random(seed)
    sizes = ((256, 256), (512, 512), (640, 360), (360, 640), (640, 480), (480, 640), (768, 512))
    return [
        Picture(
            subject=random.choice(SUBJECTS),
            palette=random.choice(list(PALETTES)),
            variant=random.randrange(2**32),
            width=size[0],
            height=size[1],
            mime_type="image/png",
        )
        for size in (random.choice(sizes) for _ in range(number))
    ]


LIBRARY = pictures(450)
CHOSEN = range(0, 450, 11)


@pytest.fixture(scope="module")
def index() -> LookIndex:
    """Look at all pictures."""
    return LookIndex(LIBRARY)


@pytest.fixture(scope="module")
def originals() -> dict[int, Image.Image]:
    """Draw the chosen pictures in full."""
    return {place: pixels_of(LIBRARY[place]) for place in CHOSEN}


@pytest.mark.long
class TestRecognition:
    """A changed picture finds its original first among 450, by its pixels alone."""

    @pytest.mark.parametrize("change", CHANGES)
    def test_a_near_duplicate(self, index: LookIndex, originals: dict[int, Image.Image], change: str) -> None:
        """Other sizes, formats and a little more or less light hide nothing."""
        assert self._found(index, originals, CHANGES[change]) >= 0.95

    @pytest.mark.parametrize("crop", CROPS)
    def test_a_part(self, index: LookIndex, originals: dict[int, Image.Image], crop: str) -> None:
        """So does a part of it, from the middle, from a corner or without an edge."""
        left, top, right, bottom = CROPS[crop]

        def cut(image: Image.Image) -> Image.Image:
            width, height = image.size
            return image.crop(
                (round(left * width), round(top * height), round(right * width), round(bottom * height))
            )

        assert self._found(index, originals, cut) >= 0.85

    def test_a_mirrored_one(self, index: LookIndex, originals: dict[int, Image.Image]) -> None:
        """Left and right exchanged."""
        assert self._found(index, originals, ImageOps.mirror) >= 0.85

    def _found(
        self,
        index: LookIndex,
        originals: dict[int, Image.Image],
        change: Callable[[Image.Image], Image.Image],
    ) -> float:
        """Give the share of the chosen pictures that are found first when they are changed."""
        assert len(originals) >= 40
        firsts = {
            place: int(index.search([look_of_data_url(data_url(change(image)))], [], 0).argmax())
            for place, image in originals.items()
        }
        return sum(place == first for place, first in firsts.items()) / len(firsts)


class TestMeaning:
    """What pictures show."""

    @pytest.mark.parametrize("subject", ["knight", "dragon", "potion"])
    def test_the_subject_leads_at_a_full_ratio(self, index: LookIndex, subject: str) -> None:
        """All of the first ten for a known picture, eight for one that came along."""
        places = [place for place, picture in enumerate(LIBRARY) if picture.subject == subject]
        known = look_of(LIBRARY[places[0]])
        came = look_of_data_url(data_url(pixels_of(LIBRARY[places[0]]).resize((120, 90))))
        for look, least in ((known, 10), (came, 8)):
            first: list[int] = np.argsort(-index.search([look], [], 1))[:10].tolist()
            assert sum(LIBRARY[place].subject == subject for place in first) >= min(least, len(places))
            assert first[0] == places[0]

    def test_unlike_pushes_away(self, index: LookIndex) -> None:
        """What was near without it is far with it, by subject and by pixels."""
        for ratio in (0, 1):
            like, unlike = look_of(LIBRARY[0]), look_of(LIBRARY[1])
            alone = index.search([like], [], ratio)
            both = index.search([like], [unlike], ratio)
            assert (both - alone)[1] == pytest.approx(-1, abs=0.01)
            assert index.search([], [unlike], ratio).argmin() == 1

    def test_captions_of_files_count(self, tmp_path: Path) -> None:
        """Files without a known subject are near to those that share words with them."""
        captions = (("harbour", "night"), ("meadow", "morning"), ("harbour", "rain"), ("0001",))
        files = [
            saved(tmp_path / f"{number}.png", Image.new("RGB", (40, 40), "teal"), caption)
            for number, caption in enumerate(captions)
        ]
        likeness = LookIndex(files).search([look_of(files[0])], [], 1)
        assert likeness[0] > likeness[2] > likeness[1] == pytest.approx(likeness[3])

    def test_known_words_of_a_file_name_its_subject(self, index: LookIndex, tmp_path: Path) -> None:
        """A user's picture of knights finds the library's, though it looks like nothing there."""
        noise = Image.effect_noise((64, 64), 90).convert("RGB")
        file = saved(tmp_path / "a.png", noise, ("two", "knights", "azure"))
        first: list[int] = np.argsort(-index.search([look_of(file)], [], 1))[:5].tolist()
        assert [LIBRARY[place].subject for place in first] == ["knight"] * 5


class TestIndex:
    """Positions, and the work that is spared."""

    def test_positions_without_a_picture(self, tmp_path: Path) -> None:
        """They are minus infinity, as are files that cannot be seen."""
        (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
        broken = attrs.evolve(
            saved(tmp_path / "gone.png", Image.new("RGB", (9, 9))), path=tmp_path / "broken.png"
        )
        gone = saved(tmp_path / "gone.png", Image.new("RGB", (9, 9)))
        (tmp_path / "gone.png").unlink()
        shown = [None, LIBRARY[0], broken, LIBRARY[1], None, gone, LIBRARY[0]]
        likeness = LookIndex(shown).search([look_of(LIBRARY[0])], [], 0.5)
        assert likeness.dtype == np.float32
        assert np.isneginf(likeness).tolist() == [True, False, True, False, True, True, False]
        assert likeness[1] == likeness[6] == pytest.approx(1, abs=1e-4)
        assert likeness[3] < 1

    @pytest.mark.parametrize("shown", [[], [None, None]])
    def test_nothing_to_see(self, shown: list[None]) -> None:
        """An index without pictures answers too."""
        likeness = LookIndex(shown).search([look_of(LIBRARY[0])], [look_of(LIBRARY[1])], 1)
        assert likeness.tolist() == [-np.inf] * len(shown)

    def test_equal_pictures_are_looked_at_once(self) -> None:
        """Progress counts different pictures; each position has its likeness all the same."""
        told: list[tuple[int, int]] = []
        shown = [attrs.evolve(LIBRARY[place % 3]) for place in range(999)]
        index = LookIndex(shown, progress=lambda done, total: told.append((done, total)))
        assert told == [(3, 3)]
        likeness = index.search([look_of(LIBRARY[2])], [], 0)
        assert np.flatnonzero(likeness > 0.999).tolist() == list(range(2, 999, 3))

    def test_looks_are_remembered_until_a_file_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same path, time and size is the same picture; another time makes it another one."""
        seen: list[AnyPicture] = []

        def watched(picture: AnyPicture, *, least: int | None = None) -> Image.Image:
            seen.append(picture)
            return pixels_of(picture, least=least)

        monkeypatch.setattr(features, "pixels_of", watched)
        files = [saved(tmp_path / f"{n}.png", Image.new("RGB", (30, 30), (n, 9, 9))) for n in range(70)]
        told: list[tuple[int, int]] = []
        looks = prepare(files, lambda done, total: told.append((done, total)))
        assert told == [(32, 70), (64, 70), (70, 70)]
        assert all(look is not None for look in looks)
        assert len(seen) == 70
        assert [look_of(file) for file in files] == looks
        LookIndex([*files, *files])
        assert len(seen) == 70
        newer = attrs.evolve(files[0], modified=files[0].modified + 1)
        look_of(newer)
        assert seen[70:] == [newer]

    def test_a_search_among_many_positions_is_quick(self) -> None:
        """Some 20 ms for 100,000 positions, with room for a busy machine."""
        some = pictures(600, seed=8)
        index = LookIndex([some[place % 600] for place in range(100_000)])
        look = look_of(LIBRARY[0])
        times: list[float] = []
        for ratio in (0, 1) * 5:
            start = perf_counter()
            assert len(index.search([look], [], ratio)) == 100_000
            times.append(perf_counter() - start)
        assert min(times) < 0.06


def saved(path: Path, image: Image.Image, caption: tuple[str, ...] = ()) -> PictureFile:
    """Save a picture, and give what is known of the file."""
    image.save(path)
    state = path.stat()
    return PictureFile(
        path=path,
        mime_type="image/png",
        width=image.width,
        height=image.height,
        size=state.st_size,
        modified=state.st_mtime_ns,
        caption=caption,
    )


def halves(first: str, second: str, *, upright: bool = False) -> Image.Image:
    """Give a picture of two colours: left and right, or one above the other."""
    image = Image.new("RGB", (80, 80), second)
    image.paste(first, (0, 0, 80, 40) if upright else (0, 0, 40, 80))
    return image


class TestDataUrls:
    """Pictures that come along, of all sorts."""

    @pytest.fixture
    def places(self, tmp_path: Path) -> LookIndex:
        """Give an index of three pictures of two colours, and one of one."""
        images = (
            halves("red", "blue"),
            halves("red", "blue", upright=True),
            halves("black", "white"),
            Image.new("RGB", (80, 80), "red"),
        )
        return LookIndex([saved(tmp_path / f"{n}.png", image) for n, image in enumerate(images)])

    @pytest.mark.parametrize(
        ("image", "format", "options", "place"),
        [
            (halves("red", "blue"), "PNG", {}, 0),
            (halves("red", "blue"), "BMP", {}, 0),
            (halves("red", "blue").convert("CMYK"), "JPEG", {"quality": 90}, 0),
            (halves("red", "blue").convert("CMYK"), "TIFF", {}, 0),
            (halves("red", "blue").quantize(4), "PNG", {"transparency": 3}, 0),
            (halves("red", "blue").quantize(4), "PNG", {"transparency": b"\xff\xff\xff\x00"}, 0),
            (halves("black", "white").convert("1"), "PNG", {}, 2),
            (halves("black", "white").convert("LA"), "PNG", {}, 2),
            (halves("black", "white").convert("I;16").point(lambda v: v * 257), "PNG", {}, 2),
            (halves("black", "white").convert("I").point(lambda v: v * 257), "TIFF", {}, 2),
            (halves("black", "white").convert("F"), "TIFF", {}, 2),
            (
                Image.new("RGB", (50, 50), "red"),
                "GIF",
                {"save_all": True, "append_images": [Image.new("RGB", (50, 50), "blue")]},
                3,
            ),
        ],
        ids=lambda value: getattr(value, "mode", None),
    )
    def test_unusual_pictures_are_seen_as_they_are(
        self, places: LookIndex, image: Image.Image, format: str, options: dict[str, Any], place: int
    ) -> None:
        """Colours of print, palettes, sixteen bits, floating point, animations (their first frame)."""
        file = BytesIO()
        image.save(file, format, **options)
        look = look_of_data_url(data_url(file.getvalue(), f"image/{format.lower()}"))
        assert places.search([look], [], 0).argmax() == place

    def test_a_camera_held_upright(self, places: LookIndex) -> None:
        """What EXIF turns is seen turned: the left half comes to the top."""
        exif = Image.Exif()
        exif[0x0112] = 6
        file = BytesIO()
        halves("red", "blue").save(file, "JPEG", exif=exif, quality=95)
        look = look_of_data_url(data_url(file.getvalue(), "image/jpeg"))
        assert places.search([look], [], 0).argmax() == 1

    def test_what_is_transparent_shows_white(self, places: LookIndex) -> None:
        """Whatever colour hides beneath."""
        image = Image.new("RGBA", (80, 80), (255, 0, 0, 0))
        image.paste((0, 0, 0, 255), (0, 0, 40, 80))
        assert places.search([look_of_data_url(data_url(image))], [], 0).argmax() == 2

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            (data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), "cannot be decoded"),
            (data_url(encoded(LIBRARY[0])[:-5000]), "cannot be decoded"),
            (data_url(encoded(LIBRARY[0])[:50]), "cannot be decoded"),
            (data_url(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/eps"), "known format"),
            (data_url(b"P6 1 1 255\nabc", "image/x-portable-pixmap"), "known format"),
            (data_url(os.urandom(64)), "known format"),
            (data_url(b"\0" * (6 * 2**20 + 1)), "6291457 bytes are too many, at most 6291456"),
            ("data:image/png;base64,%%%", "not base64"),
            ("data:image/png;base64,AAAA\nAAAA", "not base64"),
        ],
        ids=["svg", "cut", "head", "eps", "ppm", "noise", "large", "percent", "newline"],
    )
    def test_what_cannot_be_seen_is_refused(self, url: str, reason: str) -> None:
        """With a 400 that says why, in a line."""
        with pytest.raises(ServiceError, match=reason) as caught:
            look_of_data_url(url)
        assert caught.value.status == 400
        assert len(caught.value.reason) <= 180
