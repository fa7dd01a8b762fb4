"""Pictures as the content delivery gives them: parts, addresses that expire, faults, and assets by their ids."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from emulator.records import asset, model
from emulator.talk import Talk
from PIL import Image

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Generator

    from aiohttp import ClientSession


def library() -> Library:
    """Give three pictures, one of them of somebody else, and a model whose thumbnail is no asset."""
    sides = {"kind": "image", "width": 16, "height": 16}
    assets = [
        asset("asset_1", sides, tags=["knight"]),
        asset("asset_2", sides, tags=["dragon"], content="text", transcription="text"),
        asset("asset_3", sides, ownerId="proj_2"),
    ]
    shown = {"assetId": "asset_shown", "url": "/assets-transform/asset_shown"}
    return Library(assets, [model("model_1", thumbnail=shown)])


@pytest.fixture
def emulator() -> Emulator:
    """Give an emulator whose addresses expire in an hour."""
    return Emulator(library(), urls_expire_after=3600)


@pytest.fixture
def base_url(emulator: Emulator) -> Generator[str]:
    """Run it."""
    with emulator.running() as url:
        yield url


async def get(session: ClientSession, url: str, **headers: str) -> tuple[int, bytes, Any]:
    """Fetch an address with some headers."""
    async with session.get(url, headers=headers) as response:
        return response.status, await response.read(), response.headers


async def url_of(talk: Talk) -> str:
    """Give the address of the first picture."""
    page = await talk.search(filter="tags = knight")
    return str(page["hits"][0]["url"])


class TestParts:
    """Parts of a file."""

    @pytest.mark.parametrize(
        ("asked", "first", "last"),
        [("bytes=0-9", 0, 9), ("bytes=5-", 5, None), ("bytes=-7", -7, None), ("bytes=3-99999", 3, None)],
    )
    async def test_a_part(
        self, talk: Talk, session: ClientSession, asked: str, first: int, last: int | None
    ) -> None:
        """It is given with its place in the whole."""
        url = await url_of(talk)
        _, whole, headers = await get(session, url)
        assert headers["Accept-Ranges"] == "bytes"
        status, content, told = await get(session, url, Range=asked)
        start = first % len(whole)
        stop = len(whole) if last is None else last + 1
        assert (status, content) == (206, whole[start:stop])
        assert told["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert told["ETag"] == headers["ETag"]

    async def test_only_of_the_file_that_is_meant(self, talk: Talk, session: ClientSession) -> None:
        """With another ETag it is all of the file."""
        url = await url_of(talk)
        _, whole, headers = await get(session, url)
        same = await get(session, url, **{"Range": "bytes=5-", "If-Range": headers["ETag"]})
        assert (same[0], same[1]) == (206, whole[5:])
        other = await get(session, url, **{"Range": "bytes=5-", "If-Range": '"other"'})
        assert (other[0], other[1]) == (200, whole)

    @pytest.mark.parametrize("asked", ["bytes=1-2,4-5", "apples=1-2", "bytes=9-1"])
    async def test_what_cannot_be_read_is_taken_for_nothing(
        self, talk: Talk, session: ClientSession, asked: str
    ) -> None:
        """Then it is all of the file."""
        url = await url_of(talk)
        assert (await get(session, url, Range=asked))[0] == 200

    async def test_beyond_the_end(self, talk: Talk, session: ClientSession) -> None:
        """There is nothing, and the size is told."""
        url = await url_of(talk)
        _, whole, _ = await get(session, url)
        status, content, told = await get(session, url, Range=f"bytes={len(whole)}-")
        assert (status, content) == (416, b"")
        assert told["Content-Range"] == f"bytes */{len(whole)}"


class TestExpiry:
    """Addresses that open nothing any more."""

    async def test_an_address_is_signed_and_opens_its_picture(
        self, talk: Talk, session: ClientSession
    ) -> None:
        """What is appended is let through, what is changed or put before is not."""
        url = await url_of(talk)
        address, _, query = url.partition("?")
        assert query.startswith("p=100&Policy=")
        assert (await get(session, url))[0] == 200
        assert (await get(session, f"{url}&width=8"))[0] == 200
        for wrong in (
            address,
            f"{address}?width=8&{query}",
            url.replace("asset_1", "asset_2"),
            f"{url[:-60]}",
        ):
            status, content, headers = await get(session, wrong)
            assert status == 403, wrong
            assert headers["Content-Type"].startswith("text/xml")
            assert b"<Code>AccessDenied</Code>" in content

    async def test_thumbnails_are_open_to_all(self, session: ClientSession, base_url: str) -> None:
        """They are not signed, as at the service."""
        origin = base_url.removesuffix("/v1")
        assert (await get(session, f"{origin}/thumbnails/asset_1"))[0] == 200

    async def test_time_ends_them(self, session: ClientSession) -> None:
        """Each search signs anew, so that a later one gives an address that opens the picture."""
        async with Emulator(library(), urls_expire_after=0.5) as emulator:
            talk = Talk(session, emulator.base_url)
            url = await url_of(talk)
            assert (await get(session, url))[0] == 200
            await asyncio.sleep(0.8)
            assert (await get(session, url))[0] == 403
            assert (await get(session, await url_of(talk)))[0] == 200

    async def test_they_can_be_ended_at_once(
        self, talk: Talk, session: ClientSession, emulator: Emulator
    ) -> None:
        """Those that were given so far."""
        url = await url_of(talk)
        emulator.expire_urls()
        assert (await get(session, url))[0] == 403
        assert (await get(session, await url_of(talk)))[0] == 200
        with pytest.raises(RuntimeError, match="pass urls_expire_after=seconds"):
            Emulator(library()).expire_urls()

    @pytest.mark.parametrize("seconds", [0, -1, float("nan")])
    def test_a_time_has_to_be_one(self, seconds: float) -> None:
        """What is none is refused."""
        with pytest.raises(ValueError, match="urls_expire_after must be a number of seconds above 0"):
            Signatures(seconds)


class TestBulk:
    """Assets by their ids."""

    async def test_assets_come_with_new_addresses(
        self, talk: Talk, session: ClientSession, emulator: Emulator
    ) -> None:
        """In the order of the ids; what is not there, or not to be seen, is left out."""
        emulator.expire_urls()
        ids = ["asset_2", "asset_nope", "asset_3", "asset_1", "asset_shown"]
        reply = await talk.send("POST", "assets/get-bulk", json={"assetIds": ids})
        assert reply.status == 200
        assets = reply.body["assets"]
        assert [each["id"] for each in assets] == ["asset_2", "asset_1", "asset_shown"]
        for each in assets:
            status, content, _ = await get(session, each["url"])
            assert status == 200
            assert Image.open(BytesIO(content)).format == "PNG"
        assert assets[0]["kind"] == "image"
        assert assets[0]["status"] == "success"
        assert {"teamId", "content", "transcription"}.isdisjoint(assets[0])

    async def test_originals_can_be_asked_for(self, talk: Talk) -> None:
        """As in searches."""
        path = "assets/get-bulk?originalAssets=true"
        reply = await talk.send("POST", path, json={"assetIds": ["asset_1"]})
        assert urlsplit(str(reply.body["assets"][0]["url"])).path == "/assets/asset_1"

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ({}, '"assetIds" must be an array'),
            ([], '"assetIds" must be an array'),
            ({"assetIds": "asset_1"}, '"assetIds" must be an array'),
            ({"assetIds": []}, '"assetIds" must contain from 1 to 200 items'),
            ({"assetIds": [f"asset_{number}" for number in range(201)]}, "from 1 to 200 items"),
            ({"assetIds": ["a", 5]}, '"assetIds[1]" must be a string'),
            ({"assetIds": ["a", "b", "a"]}, '"assetIds" contains a twice'),
        ],
    )
    async def test_what_is_refused(self, talk: Talk, body: Any, told: str) -> None:
        """More than 200 are refused as a whole."""
        reply = await talk.send("POST", "assets/get-bulk", json=body)
        assert reply.status == 400
        assert told in reply.body["reason"]

    async def test_a_key_is_needed(self, talk: Talk) -> None:
        """And it counts as a request."""
        reply = await talk.send("POST", "assets/get-bulk", json={"assetIds": ["a"]}, authorization=None)
        assert reply.status == 401
        async with Emulator(library(), rate_limit=1) as emulator:
            own = Talk(talk.session, emulator.base_url)
            told = [
                (await own.send("POST", "assets/get-bulk", json={"assetIds": ["a"]})).status for _ in range(2)
            ]
        assert told == [200, 429]


class TestFaults:
    """What goes wrong with pictures and ids, and with nothing else."""

    async def test_they_are_for_what_they_name(
        self, talk: Talk, session: ClientSession, emulator: Emulator
    ) -> None:
        """A fault of pictures meets no search, one of searches no picture."""
        url = await url_of(talk)
        emulator.faults.add("503", kind="pictures")
        emulator.faults.add("500, 502 kind=get-bulk")
        assert (await talk.send("POST", "search/assets", json={"query": "x"})).status == 500
        assert (await get(session, url))[0] == 503
        assert (await talk.send("POST", "assets/get-bulk", json={"assetIds": ["a"]})).status == 502
        assert (await get(session, url))[0] == 200
        assert [request.fault for request in emulator.requests] == [None, "status", "status", "status", None]

    async def test_files_that_are_not_as_they_should(
        self, talk: Talk, session: ClientSession, emulator: Emulator
    ) -> None:
        """Another file with another ETag, another type, all where a part was asked for, an address that expired."""
        url = await url_of(talk)
        _, whole, headers = await get(session, url)
        emulator.faults.add("changed, wrong-type type=webp, no-ranges, expired-url", kind="pictures")
        _, changed, told = await get(session, url)
        assert changed == whole + b"\0"
        assert told["ETag"] != headers["ETag"]
        _, other, told = await get(session, url)
        assert Image.open(BytesIO(other)).format == "WEBP"
        assert told["Content-Type"] == "image/png"
        status, content, told = await get(session, url, Range="bytes=5-")
        assert (status, content) == (200, whole)
        assert "Accept-Ranges" not in told
        assert (await get(session, url))[0] == 403
        assert (await get(session, url, Range="bytes=5-"))[1] == whole[5:]


async def test_pictures_at_a_port_of_their_own(session: ClientSession) -> None:
    """The API's has none, and theirs has no API; both are in the log."""
    emulator = Emulator(library(), pictures_port=0, urls_expire_after=3600)
    async with emulator:
        talk = Talk(session, emulator.base_url)
        url = await url_of(talk)
        assert url.startswith(f"{emulator.pictures_url}/assets-transform/")
        assert urlsplit(url).port != urlsplit(emulator.base_url).port
        assert (await get(session, url))[0] == 200
        api = url.replace(emulator.pictures_url, emulator.base_url.removesuffix("/v1"))
        assert (await get(session, api))[0] == 404
        elsewhere = Talk(session, f"{emulator.pictures_url}/v1")
        assert (await elsewhere.send("POST", "search/assets", json={"query": "x"})).status == 404
        bulk = await talk.send("POST", "assets/get-bulk", json={"assetIds": ["asset_1"]})
        assert bulk.body["assets"][0]["url"].startswith(emulator.pictures_url)
        assert len(emulator.requests) == 5
    with pytest.raises(RuntimeError, match="not serving"):
        _ = emulator.pictures_url
    with pytest.raises(ValueError, match="pictures_port must be from 0 to 65535"):
        Emulator(library(), pictures_port=70_000)
