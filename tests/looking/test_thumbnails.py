"""Thumbnails of tables, with both clients: where they come from, what is kept, and what is said where there are none."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import struct
import threading
import time
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import pytest
from PIL import Image
from support.hits import asset, model, workflow
from support.servers import Answer, Arrived, paged

from scenario_async import (
    APIConnectionError,
    AssetHit,
    AssetSearch,
    HitTable,
    InvalidSearchError,
    ModelSearch,
    ScenarioError,
    WorkflowSearch,
)
from scenario_async._looks import loading, shrinking
from scenario_async._looks.thumbnails import Missing, Shown
from scenario_async._tables import optional
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from support.faces import Connect, Face
    from support.servers import Serve, Server

PAST, FUTURE = 1_000_000_000, 4_000_000_000


def encoded(
    size: tuple[int, int] = (300, 200), kind: str = "PNG", mode: str = "RGB", **options: Any
) -> bytes:
    """Give the file of a picture."""
    file = BytesIO()
    Image.new(mode, size, 120).save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """Give a part of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def animated() -> bytes:
    """Give a WebP of three pictures, small enough to stay as it is if it were still."""
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    return _animation(frames, "WEBP")


def _animation(frames: list[Image.Image], kind: str) -> bytes:
    file = BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


def load(face: Face, table: HitTable[Any], *given: Any) -> Any:
    """Load thumbnails, with either client."""
    loading_ = table.load_thumbnails(*given)
    return cast("Any", face).runner.run(loading_) if inspect.iscoroutine(loading_) else loading_


class Host:
    """A service that knows some hits, and serves what is asked for by path."""

    def __init__(self, serve: Serve, connect: Connect, **options: Any) -> None:
        self.files: dict[str, Answer] = {}
        self.found: list[dict[str, Any]] = []
        self.server: Server = serve(self._answer)
        self.face = connect(self.server.base_url, **options)
        self.origin = self.server.base_url.removesuffix("/v1")

    def _answer(self, arrived: Arrived) -> Answer | dict[str, Any]:
        if arrived.method == "POST":
            return paged(self.found)(arrived)
        return self.files.get(arrived.path, Answer({"message": "not found"}, 404))

    def put(
        self, path: str, content: bytes | Answer, query: str = "?p=100&Signature=s3cr3t", **fields: Any
    ) -> None:
        """Add a hit whose address is at a path, and what is there."""
        self.files[path] = content if isinstance(content, Answer) else Answer(content)
        fields = {"mimeType": "image/png", **fields}
        self.found.append(asset(f"asset_{len(self.found)}", url=self.origin + path + query, **fields))

    def table(self) -> HitTable[AssetHit]:
        """Search."""
        return self.face.page(AssetSearch(query="q", limit=100)).table

    @property
    def asked(self) -> list[Arrived]:
        """The requests for pictures."""
        return [each for each in self.server.requests if each.method == "GET"]


@pytest.fixture
def host(serve: Serve, connect: Connect) -> Host:
    """Run one, with a client of either kind."""
    return Host(serve, connect, max_retries=0)


def looks(table: HitTable[Any]) -> list[Any]:
    """Give a table's thumbnails: their size, or the reason why there is none."""
    each = [table.thumbnails.of(hit) for hit in table]
    return [(look.width, look.height) if isinstance(look, Shown) else look and look.reason for look in each]


def test_pictures_are_asked_for_small_and_without_a_signature(host: Host) -> None:
    """The host makes them small; nothing of the client's goes there."""
    small = encoded((256, 170), "WEBP")
    host.put("/assets-transform/a", small)
    table = host.table()
    assert str(load(host.face, table)) == "1 thumbnails"
    look = table.thumbnails.of(table[0])
    assert look == Shown(small, 256, 170)
    assert isinstance(look, Shown)
    assert look.data_url.startswith("data:image/webp;base64,UklGR")
    (request,) = host.asked
    assert list(request.query.items())[-2:] == [("width", "256"), ("format", "webp")]
    assert "authorization" not in request.headers


def test_nothing_is_loaded_twice(host: Host) -> None:
    """Neither for the table, nor for a part of it, nor for another table of the same search; a pickle keeps it."""
    for name in "abc":
        host.put(f"/assets-transform/{name}", encoded((8, 8), "WEBP"))
    page = host.face.page(AssetSearch(query="q"))
    load(host.face, page.table[:2])
    assert looks(page.table) == [(8, 8), (8, 8), None]
    load(host.face, page.table)
    load(host.face, page.table)
    assert len(host.asked) == 3
    kept: HitTable[AssetHit] = pickle.loads(pickle.dumps(page.table))  # noqa: S301 - our own
    assert looks(kept) == [(8, 8)] * 3
    with pytest.raises(ScenarioError, match="knows no client"):
        kept.load_thumbnails()


@pytest.mark.parametrize(
    ("content", "look"),
    [
        (encoded(), (256, 171)),
        (encoded((300, 1200), "JPEG"), (64, 256)),
        (encoded((256, 600), "WEBP"), (256, 600)),
        (encoded((600, 300), "WEBP", lossless=True), (256, 128)),
        (encoded((20, 10), mode="LA"), (20, 10)),
        (encoded((20, 10), mode="I;16"), (20, 10)),
        (encoded((20, 10), mode="P"), (20, 10)),
        (animated(), (64, 64)),
        (encoded()[:90], "broken"),
        (encoded((40, 40), "WEBP", lossless=True)[:30], "broken"),
        (b"<!doctype html><p>Sign in", "broken"),
        (b"", "broken"),
        (b"GIF89a" + b"\xff" * 400, "broken"),
    ],
    ids=["png", "jpeg", "portrait", "large", "grey", "16 bits", "palette", "animated", "torn", "torn webp", "html", "empty", "gif"],
)  # fmt: skip
def test_what_comes_is_made_small_or_called_broken(host: Host, content: bytes, look: Any) -> None:
    """A still WebP, whatever came."""
    host.put("/assets/a", content)
    table = host.table()
    load(host.face, table)
    assert looks(table) == [look]
    shown = table.thumbnails.of(table[0])
    if isinstance(shown, Shown):
        with Image.open(BytesIO(shown.data)) as image:
            assert (image.format, image.size, getattr(image, "n_frames", 1)) == ("WEBP", look, 1)


def test_huge_pictures_are_not_decoded(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their pixels, which cost no bytes, or by their bytes, of which no more come than are allowed."""
    monkeypatch.setattr(loading, "_MOST_BYTES", 100_000)
    monkeypatch.setattr(shrinking, "_MOST_PIXELS", 1_000_000)
    bomb = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    host.put("/assets/pixels", encoded((2000, 1000)))
    host.put("/assets/bytes", b"\x89PNG\r\n\x1a\n" + bytes(200_000))
    host.put("/assets/bomb", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bomb) + chunk(b"IDAT", b""))
    table = host.table()
    load(host.face, table)
    assert looks(table) == ["large", "large", "large"]


def test_what_there_is_not_is_said_and_no_error(host: Host) -> None:
    """404, 403, an address that has expired, no picture at all; what may pass is asked for again, and nothing else."""
    host.put("/assets-transform/gone", Answer({}, 404))
    host.put("/assets-transform/refused", Answer({}, 403), query="")
    host.put("/assets-transform/old", Answer({}, 403))
    host.put("/assets-transform/expired", encoded(), query=f"?Expires={PAST}")
    host.put("/assets-transform/sound", encoded(), mimeType="audio/mpeg")
    host.put("/assets-transform/trouble", Answer({}, 500))
    host.put("/assets-transform/fine", encoded((8, 8), "WEBP"), query=f"?Expires={FUTURE}")
    table = host.table()
    report = load(host.face, table)
    expected = ["gone", "refused", "expired", "expired", "none", "failed", (8, 8)]
    assert looks(table) == expected
    assert (report.shown, sum(report.missing.values()), report.missing["expired"]) == (1, 6, 2)
    assert "2: its address has expired" in str(report)
    assert not [each for each in host.asked if each.path.endswith(("/expired", "/sound"))]
    host.files["/assets-transform/trouble"] = Answer(encoded((9, 9), "WEBP"))
    before = len(host.asked)
    load(host.face, table)
    assert looks(table)[5] == (9, 9)
    assert sorted(each.path for each in host.asked[before:]) == [
        "/assets-transform/old",
        "/assets-transform/trouble",
    ]


def test_a_thumbnail_stands_in(host: Host) -> None:
    """For a video it is what shows it; for an original it is smaller; for an address that fails it is the next."""
    host.files["/thumbnails/t"] = Answer(encoded((32, 16)))
    host.files["/assets-transform/t"] = Answer(encoded((16, 8), "WEBP"))
    stands_in: dict[str, Any] = {"thumbnail": {"assetId": "t", "url": f"{host.origin}/thumbnails/t"}}
    host.put("/assets-transform/v", encoded(), mimeType="video/mp4", **stands_in)
    host.put("/assets/o", encoded((64, 64)), **stands_in)
    host.put("/assets-transform/g", Answer({}, 404), **stands_in)
    host.put(
        "/assets/f", encoded((64, 64)), thumbnail={"assetId": "t", "url": f"{host.origin}/thumbnails/gone"}
    )
    table = host.table()
    load(host.face, table)
    assert looks(table) == [(32, 16), (32, 16), (32, 16), (64, 64)]


def test_models_and_workflows_have_thumbnails(host: Host) -> None:
    """Their own; a workflow also shows what it gives."""
    host.files["/assets-transform/t"] = Answer(encoded((16, 8), "WEBP"))
    shown = {"assetId": "t", "url": f"{host.origin}/assets-transform/t?p=100"}
    host.found = [model(thumbnail=shown), model("model_2")]
    models = host.face.page(ModelSearch(query="q")).table
    load(host.face, models)
    assert looks(models) == [(16, 8), "none"]
    host.found = [workflow(after=shown), workflow("workflow_2")]
    workflows = host.face.page(WorkflowSearch(query="q")).table
    load(host.face, workflows)
    assert looks(workflows) == [(16, 8), "none"]


def test_what_comes_of_it_can_be_awaited(host: Host) -> None:
    """Also where it is there already: a notebook's `await` does no harm with the blocking client."""
    host.put("/assets-transform/a", encoded((8, 8), "WEBP"))
    table = host.table()
    report = load(host.face, table)

    async def awaited() -> Any:
        return await report

    assert asyncio.run(awaited()) == report
    assert repr(table.thumbnails) == "<Thumbnails: 1 of 1 hits>"
    assert len(table.thumbnails) == 1


def test_addresses_that_are_none_are_no_error(host: Host) -> None:
    """Whatever stands there."""
    host.put("/assets/a", encoded())
    host.put("/assets/b", encoded())
    host.found[0]["url"] = "http://[nowhere/assets/a"
    host.found[1]["url"] = "ftp://example.com/a"
    table = host.table()
    load(host.face, table)
    assert looks(table) == ["failed", "failed"]


def test_a_deadline_bounds_each_picture(serve: Serve, connect: Connect) -> None:
    """The others come all the same."""
    host = Host(serve, connect, deadline=0.5, max_retries=5)
    release = threading.Event()
    script = host.server.script

    def answer(arrived: Arrived) -> Answer | dict[str, Any]:
        if arrived.path.endswith("/slow"):
            release.wait(20)
        return script(arrived)

    host.server.script = answer
    host.put("/assets-transform/slow", encoded((8, 8), "WEBP"))
    host.put("/assets-transform/fine", encoded((8, 8), "WEBP"))
    table = host.table()
    load(host.face, table)
    release.set()
    assert looks(table) == ["failed", (8, 8)]
    look = table.thumbnails.of(table[0])
    assert isinstance(look, Missing)
    assert look.details == "the picture outlasted the deadline of 0.5 s"
    assert look.words == "could not be fetched"


def test_few_are_asked_for_at_once(host: Host) -> None:
    """However many there are."""
    slow = Answer(encoded((8, 8), "WEBP"))
    script = host.server.script

    def answer(arrived: Arrived) -> Answer | dict[str, Any]:
        if arrived.method == "GET":
            time.sleep(0.02)
        return script(arrived)

    host.server.script = answer
    for number in range(60):
        host.put(f"/assets-transform/{number}", slow)
    table = host.table()
    load(host.face, table)
    assert looks(table) == [(8, 8)] * 60
    assert 2 <= host.server.most_in_flight <= 8


def test_trouble_is_tried_again(serve: Serve, connect: Connect) -> None:
    """As often as the client does, also after it was asked to wait."""
    host = Host(serve, connect, max_retries=2)
    answers = [Answer({}, 503), Answer({}, 429, {"retry-after": "1"}), Answer(encoded((8, 8), "WEBP"))]
    host.put("/assets-transform/a", answers[0])
    script = host.server.script
    host.server.script = lambda arrived: answers.pop(0) if arrived.method == "GET" else script(arrived)
    table = host.table()
    load(host.face, table)
    assert looks(table) == [(8, 8)]


def test_tables_made_by_hand_take_a_client(host: Host) -> None:
    """Of either kind; anything else is refused, and so is none."""
    host.put("/assets-transform/a", encoded((8, 8), "WEBP"))
    table = HitTable(host.table().hits)
    with pytest.raises(ScenarioError, match=r"pass one, load_thumbnails\(client\)"):
        table.load_thumbnails()
    with pytest.raises(InvalidSearchError, match="an AsyncScenario or a Scenario"):
        table.load_thumbnails(cast("Any", "client"))
    load(host.face, table, host.face.client)
    assert looks(table) == [(8, 8)]


def test_a_closed_client_loads_nothing(host: Host) -> None:
    """Before, and while it loads."""
    entered, release = threading.Event(), threading.Event()
    host.put("/assets-transform/a", encoded())
    script = host.server.script

    def answer(arrived: Arrived) -> Answer | dict[str, Any]:
        if arrived.method == "GET":
            entered.set()
            release.wait(10)
        return script(arrived)

    host.server.script = answer
    table = host.table()
    client = host.face.client

    def close() -> None:
        entered.wait(10)
        client._caller.closed.set()
        for call in list(client._caller.pool.calls):
            call.client_closed()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(APIConnectionError, match="closed during the call"):
        load(host.face, table)
    closing.join()
    release.set()
    with pytest.raises(ScenarioError, match=r"is closed: .*load_thumbnails\(client\)"):
        load(host.face, table)
    assert looks(table) == [None]


def test_without_pillow_what_came_small_is_kept(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what came large says which extra brings it."""
    monkeypatch.setattr(optional, "import_module", _no_pillow)
    host.put("/assets-transform/small", encoded((8, 8), "WEBP"))
    table = host.table()
    load(host.face, table)
    assert looks(table) == [(8, 8)]
    host.put("/assets/large", encoded())
    table = host.table()
    with pytest.raises(ImportError, match=r'needs PIL, of the extra "pictures".*pip install') as failed:
        load(host.face, table)
    assert failed.value.name == "PIL"


def _no_pillow(name: str) -> Any:
    assert name.startswith("PIL")
    raise ImportError(name)


def test_pictures_come_from_public_hosts_only(host: Host) -> None:
    """Another address of this machine is not asked."""
    host.put("/assets-transform/a", encoded())
    host.found[0]["url"] = "https://127.0.0.2/assets-transform/a"
    table = host.table()
    load(host.face, table)
    assert looks(table) == ["failed"]
    look = table.thumbnails.of(table[0])
    assert isinstance(look, Missing)
    assert "no public address" in look.details


def test_of_the_emulator_all_comes(connect: Connect) -> None:
    """What its hits show is there, small."""
    with Emulator().running() as base_url:
        face = connect(base_url)
        table = face.page(AssetSearch(filter="kind EXISTS", limit=50)).table
        report = load(face, table)
        assert report.shown >= 40
        assert set(report.missing) <= {"none"}
        sizes = [each for each in looks(table) if each != "none"]
        assert all(min(size) <= 256 for size in sizes)
