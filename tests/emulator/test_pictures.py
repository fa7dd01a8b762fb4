"""The pictures behind the addresses, and the search by picture."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from emulator.records import asset, model, workflow
from emulator.talk import Talk
from PIL import Image

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.delivery import renditions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import ClientSession

SUBJECTS = ("knight", "castle", "dragon", "potion", "ship", "cat")
PALETTES = ("crimson", "emerald", "azure", "sandy")
MIME_TYPES = ("image/png", "image/jpeg", "image/webp")
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
SIZES = ((256, 256), (320, 180), (180, 320), (96, 64))


def library() -> Library:
    """Give a picture of each subject in each palette, and what has pictures without being one."""
    pairs = [(subject, palette) for subject in SUBJECTS for palette in PALETTES]
    assets = [
        asset(
            f"asset_{subject}_{palette}",
            {"kind": "image", "width": SIZES[number % 4][0], "height": SIZES[number % 4][1]},
            mimeType=MIME_TYPES[number % 3],
            tags=[subject, palette],
            privacy="public" if subject == "cat" else "private",
        )
        for number, (subject, palette) in enumerate(pairs)
    ]
    shown = {"assetId": "asset_frame", "url": "/thumbnails/asset_frame"}
    video = asset("asset_video", {"prompt": "golden robots"}, mimeType="video/mp4", thumbnail=shown)
    text = asset("asset_text", {"prompt": "a knight"}, mimeType="text/plain")
    foreign = asset("asset_foreign", mimeType="image/png", ownerId="proj_2", privacy="private")
    models = [
        model(
            f"model_{subject}",
            thumbnail={
                "assetId": f"asset_{subject}_azure",
                "url": f"/assets-transform/asset_{subject}_azure",
            },
        )
        for subject in SUBJECTS
    ]
    plain = model("model_plain")
    flow = workflow(
        "workflow_1", name="Ghosts", thumbnail={"assetId": "asset_w", "url": "/thumbnails/asset_w"}
    )
    return Library([*assets, video, text, foreign], [*models, plain], [flow])


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of the records above."""
    return Emulator(library())


def opened(content: bytes) -> Image.Image:
    """Decode a picture, which must be one."""
    image = Image.open(BytesIO(content))
    image.load()
    return image


def data_url(image: Image.Image, format: str = "PNG", **options: Any) -> str:
    """Give the data URL of a picture."""
    file = BytesIO()
    image.save(file, format, **options)
    return f"data:image/{format.lower()};base64,{b64encode(file.getvalue()).decode()}"


class TestServing:
    """What stands at an address."""

    @pytest.mark.parametrize("folder", ["assets", "assets-transform", "thumbnails"])
    @pytest.mark.parametrize("record", library().records("assets")[:12], ids=lambda record: record["id"])
    async def test_an_image_is_what_its_record_says(
        self, talk: Talk, folder: str, record: Mapping[str, Any]
    ) -> None:
        """Mime type, format and size are those of the record, and nobody has to sign in."""
        reply = await talk.picture(f"/{folder}/{record['id']}?p=100&Signature=s")
        assert (reply.status, reply.headers["Content-Type"]) == (200, record["mimeType"])
        image = opened(reply.content)
        assert image.format == FORMATS[record["mimeType"]]
        assert image.size == (record["metadata"]["width"], record["metadata"]["height"])
        assert len(image.convert("RGB").getcolors(image.width * image.height) or []) > 20

    @pytest.mark.parametrize("id", ["asset_frame", "asset_w"])
    async def test_a_thumbnail_is_a_picture(self, talk: Talk, id: str) -> None:
        """The thumbnail of what is no image is drawn too."""
        reply = await talk.picture(f"/thumbnails/{id}")
        assert (reply.status, reply.headers["Content-Type"]) == (200, "image/png")
        assert opened(reply.content).format == "PNG"

    @pytest.mark.parametrize(
        "path",
        ["thumbnails/asset_text", "thumbnails/asset_video", "assets/asset_unknown", "assets/model_plain"],
    )
    async def test_what_has_no_picture_is_not_found(self, talk: Talk, path: str) -> None:
        """The refusal names the asset."""
        reply = await talk.picture(f"/{path}")
        assert reply.status == 404
        assert path.partition("/")[2] in reply.body["reason"]

    @pytest.mark.parametrize(
        ("metadata", "size"),
        [
            ({}, (384, 384)),
            ({"width": 0, "height": -5}, (384, 384)),
            ({"width": 10**6, "height": float("nan")}, (384, 384)),
            ({"width": "5", "height": None}, (384, 384)),
            ({"width": 1, "height": 2048}, (1, 2048)),
            ({"width": 30.0, "height": 20.9}, (30, 20)),
        ],
    )
    async def test_odd_sizes_do_no_harm(
        self, session: ClientSession, metadata: dict[str, Any], size: tuple[int, int]
    ) -> None:
        """A size that cannot be drawn is replaced, and any picture can be searched with."""
        async with Emulator(Library([asset("asset_1", metadata)])) as emulator:
            talk = Talk(session, emulator.base_url)
            assert opened((await talk.picture("/assets/asset_1")).content).size == size
            assert await talk.ids(image="asset_1", filter="width NOT EXISTS OR width EXISTS") == ["asset_1"]

    async def test_the_samples_addresses_all_lead_somewhere(self, session: ClientSession) -> None:
        """Images, thumbnails and the pictures of workflows are served, as hits give their addresses."""
        async with Emulator() as emulator:
            talk = Talk(session, emulator.base_url)
            narrow = "width <= 640 AND height <= 640 AND kind = image"
            images = (await talk.search(filter=narrow, limit=10))["hits"]
            others = (await talk.search(filter="kind IN [video, '3d', audio]", limit=5))["hits"]
            flows = (await talk.search("workflows", query="", limit=2))["hits"]
            urls = [hit["url"] for hit in images] + [hit["thumbnail"]["url"] for hit in others]
            names = ("thumbnail", "before", "after")
            urls += [hit[name]["url"] for hit in flows for name in names if name in hit]
            assert len(urls) > 15
            for url in urls:
                assert url.startswith(talk.base_url.removesuffix("/v1"))
                reply = await talk.picture(url)
                assert reply.status == 200
                assert reply.headers["Content-Type"].startswith("image/")
                opened(reply.content)

    async def test_equal_seeds_draw_equal_pictures(self, session: ClientSession) -> None:
        """The same seed gives the same addresses and, drawn anew, the same bytes; another seed does not."""

        async def drawn(seed: int) -> dict[str, bytes]:
            renditions.clear()
            async with Emulator(seed=seed) as emulator:
                talk = Talk(session, emulator.base_url)
                hits = (await talk.search(filter="kind = image AND width <= 512", limit=4))["hits"]
                return {hit["id"]: (await talk.picture(hit["url"])).content for hit in hits}

        first, again, other = await drawn(7), await drawn(7), await drawn(8)
        assert first == again
        assert not set(first) & set(other)
        assert not set(first.values()) & set(other.values())


class TestLooks:
    """Search by how a picture looks."""

    @pytest.mark.parametrize("ratio", [0, 0.5, 1])
    @pytest.mark.parametrize("subject", SUBJECTS)
    @pytest.mark.parametrize("palette", PALETTES[:2])
    async def test_a_picture_finds_itself_first(
        self, talk: Talk, subject: str, palette: str, ratio: float
    ) -> None:
        """By its id, whatever the ratio is, among those that the search sees."""
        id_ = f"asset_{subject}_{palette}"
        assert (await talk.ids(image=id_, imageSemanticRatio=ratio))[0] == id_
        assert (await talk.ids(images={"like": [id_]}, imageSemanticRatio=ratio))[0] == id_

    @pytest.mark.parametrize("subject", SUBJECTS)
    @pytest.mark.parametrize(
        "change", ["none", "larger", "smaller", "jpeg", "worst jpeg", "cropped", "webp", "gif", "transparent"]
    )
    async def test_a_changed_picture_finds_its_original_first(
        self, talk: Talk, subject: str, change: str
    ) -> None:
        """Scaling, recompression and a slight crop don't hide what it is."""
        id_ = f"asset_{subject}_sandy"
        image = opened((await talk.picture(f"/assets/{id_}")).content).convert("RGB")
        width, height = image.size
        match change:
            case "larger":
                url = data_url(image.resize((width * 3, height * 3)))
            case "smaller":
                url = data_url(image.resize((width // 2, height // 2)))
            case "jpeg" | "worst jpeg":
                url = data_url(image, "JPEG", quality=70 if change == "jpeg" else 15)
            case "cropped":
                edge = min(width, height) // 25
                url = data_url(image.crop((edge, edge, width - edge, height - edge)))
            case "webp" | "gif":
                url = data_url(image, change.upper())
            case "transparent":
                url = data_url(image.convert("RGBA"))
            case _:
                url = data_url(image)
        assert (await talk.ids(image=url, imageSemanticRatio=0))[0] == id_

    @pytest.mark.parametrize("subject", SUBJECTS)
    async def test_a_full_ratio_puts_the_subject_first(self, talk: Talk, subject: str) -> None:
        """With a ratio of 1, which is the usual one, pictures of the same subject come before all others."""
        wanted = {f"asset_{subject}_{palette}" for palette in PALETTES}
        for given in ({}, {"imageSemanticRatio": 1}):
            ids = await talk.ids(image=f"asset_{subject}_azure", limit=4, **given)
            assert set(ids) == wanted

    @pytest.mark.parametrize("subject", SUBJECTS)
    async def test_a_full_ratio_knows_a_picture_from_elsewhere(self, talk: Talk, subject: str) -> None:
        """The subject of a picture that came along is that of those it looks like."""
        image = opened((await talk.picture(f"/assets/asset_{subject}_azure")).content)
        url = data_url(image.convert("RGB").resize((200, 150)), "JPEG", quality=80)
        ids = await talk.ids(images={"like": [url]}, imageSemanticRatio=1, limit=3)
        assert ids[0] == f"asset_{subject}_azure"
        assert sum(subject in id_ for id_ in ids) >= 2

    @pytest.mark.parametrize("ratio", [0, 1])
    async def test_unlike_pushes_away(self, talk: Talk, ratio: float) -> None:
        """What is unwanted comes last, and what is wanted still first."""
        alone = await talk.ids(images={"unlike": ["asset_dragon_azure"]}, imageSemanticRatio=ratio, limit=100)
        assert alone[-1] == "asset_dragon_azure"
        both = {"like": ["asset_knight_azure"], "unlike": ["asset_dragon_azure"]}
        ids = await talk.ids(images=both, imageSemanticRatio=ratio, limit=100)
        assert ids[0].startswith("asset_knight")
        assert ids[-1].startswith("asset_dragon")

    async def test_several_pictures_are_wanted_at_once(self, talk: Talk) -> None:
        """Each of those that are liked counts."""
        ids = await talk.ids(images={"like": ["asset_knight_azure", "asset_ship_sandy"]}, limit=8)
        assert {id_.split("_")[1] for id_ in ids} == {"knight", "ship"}

    async def test_only_what_has_a_picture_is_found(self, talk: Talk) -> None:
        """A video is found by its thumbnail, a text is not."""
        ids = await talk.ids(image="asset_knight_azure", limit=100)
        assert "asset_video" in ids
        assert "asset_text" not in ids
        assert len(ids) == len(SUBJECTS) * len(PALETTES) + 1

    async def test_words_filters_and_sorting_hold_beside_a_picture(self, talk: Talk) -> None:
        """All conditions of a search must hold."""
        ids = await talk.ids(image="asset_knight_azure", query="dragon", limit=100)
        assert sorted(ids) == sorted(f"asset_dragon_{palette}" for palette in PALETTES)
        ids = await talk.ids(image="asset_knight_azure", filter="tags = azure AND tags IN [cat, ship]")
        assert sorted(ids) == ["asset_cat_azure", "asset_ship_azure"]
        ids = await talk.ids(image="asset_knight_azure", filter="tags = knight", sortBy=["width:desc"])
        assert ids == await talk.ids(
            image="asset_knight_azure", filter="tags = knight"
        )  # ranked before sorted
        assert await talk.ids(image="asset_knight_azure", query="nowhere") == []

    async def test_pages_of_a_search_by_picture(self, talk: Talk) -> None:
        """The ranking is the same on every page."""
        whole = await talk.ids(image="asset_cat_azure", limit=25)
        parts = [await talk.ids(image="asset_cat_azure", page=page, hitsPerPage=5) for page in range(1, 6)]
        assert [id_ for part in parts for id_ in part] == whole

    async def test_public_pictures_are_found_by_own_ones(self, talk: Talk) -> None:
        """The picture need not be in the scope that is searched."""
        ids = await talk.ids(image="asset_knight_azure", public=True)
        assert sorted(ids) == sorted(f"asset_cat_{palette}" for palette in PALETTES)

    async def test_models_are_found_by_picture(self, talk: Talk) -> None:
        """They are seen as their thumbnails show them; one without a thumbnail is not found."""
        for subject in SUBJECTS:
            ids = await talk.ids("models", image=f"asset_{subject}_crimson")
            assert ids[0] == f"model_{subject}"
            assert "model_plain" not in ids

    async def test_nothing_to_look_at(self, session: ClientSession) -> None:
        """A library without pictures finds none, by a picture that came along."""
        url = data_url(Image.new("RGB", (10, 10), "red"))
        async with Emulator(Library([asset("asset_1", mimeType="text/plain")])) as emulator:
            assert await Talk(session, emulator.base_url).ids(image=url) == []

    async def test_a_plain_picture_is_one_too(self, talk: Talk) -> None:
        """A picture of a single colour has no shapes, and does no harm."""
        for colour in ("black", "white", "#808080"):
            url = data_url(Image.new("RGB", (3, 3), colour))
            assert len(await talk.ids(image=url, imageSemanticRatio=0, limit=100)) == 25


def _png(width: int, height: int) -> bytes:
    """Give the head of a PNG of this size, and none of its pixels."""
    head = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    end = b"IEND"
    chunks = [len(chunk[4:]).to_bytes(4) + chunk + crc32(chunk).to_bytes(4) for chunk in (head, b"IDAT", end)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _palette_with_transparency() -> str:
    image = Image.new("P", (16, 16))
    image.putpalette([value for index in range(256) for value in (index, 255 - index, 7)])
    image.putdata(list(range(256)))
    return data_url(image, transparency=bytes(range(256)))


def _deep_grey() -> str:
    return data_url(Image.new("I;16", (16, 16), 30_000))


def _encoded(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"


class TestRefusals:
    """Pictures that cannot be searched by."""

    @pytest.mark.parametrize("parameter", ["image", "like", "unlike"])
    @pytest.mark.parametrize(
        "picture",
        [
            "data:",
            "data:,",
            "data:image/png",
            "data:image/png,abc",
            "data:image/png;base64",
            "data:text/plain;base64,aGVsbG8=",
            _encoded(b"", "text/html"),
            "data:image/png;base64,",
            "data:image/png;base64,not base64!",
            "data:image/png;base64,abc",
            "data:image/png;base64,é",
            _encoded(b"hello, I am no picture"),
            _encoded(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            _encoded(_png(8, 8)),
            _encoded(_png(8, 8)[:20]),
            data_url(Image.new("RGB", (64, 64), "red"))[:80],
        ],
        ids=lambda picture: str(picture)[:40],
    )
    async def test_what_is_no_picture_is_a_bad_request(
        self, talk: Talk, parameter: str, picture: str
    ) -> None:
        """Data URLs of other things, and broken ones, are refused."""
        body: dict[str, Any] = (
            {"image": picture} if parameter == "image" else {"images": {parameter: [picture]}}
        )
        reason = await talk.refusal(**body)
        assert "image" in reason
        assert len(reason) < 200

    @pytest.mark.parametrize("size", [(8001, 8001), (9700, 9700), (20_000, 20_000)])
    async def test_a_picture_of_too_many_pixels_is_refused_for_that(
        self, talk: Talk, size: tuple[int, int]
    ) -> None:
        """It is refused before it is decoded, with the reason."""
        reason = await talk.refusal(image=_encoded(_png(*size)))
        assert "pixels" in reason

    @pytest.mark.parametrize("picture", [_palette_with_transparency(), _deep_grey()], ids=["palette", "grey"])
    async def test_unusual_pictures_are_pictures(self, talk: Talk, picture: str) -> None:
        """What a browser shows can be searched by, and nothing is said on stderr about it."""
        assert len(await talk.ids(image=picture, limit=100)) == 25

    @pytest.mark.parametrize("head", ["DATA:IMAGE/PNG;BASE64,", "data:image/png;charset=utf-8;base64,"])
    async def test_other_spellings_of_a_data_url(self, talk: Talk, head: str) -> None:
        """Case does not matter, nor do parameters."""
        content = data_url(Image.new("RGB", (9, 9), "red")).partition(",")[2]
        assert await talk.ids(image=head + content)

    @pytest.mark.parametrize("kind", ["assets", "models"])
    @pytest.mark.parametrize("id", ["asset_unknown", "", "/etc/passwd", "model_cat", "asset_foreign"])
    async def test_an_unknown_asset_is_not_found(self, talk: Talk, kind: str, id: str) -> None:
        """An id that is no asset's, or that of another's private one, is a 404 that names it."""
        for images in ({"like": [id]}, {"unlike": [id]}, {"like": ["asset_cat_azure", id]}):
            assert f"Asset {id} not found" in await talk.refusal(kind, status=404, images=images)
        assert f"Asset {id} not found" in await talk.refusal(kind, status=404, image=id)

    @pytest.mark.parametrize("id", ["asset_text", "asset_video"])
    async def test_an_asset_that_is_no_image_is_refused(self, talk: Talk, id: str) -> None:
        """There is an asset, but nothing to look at."""
        assert id in await talk.refusal(image=id)
