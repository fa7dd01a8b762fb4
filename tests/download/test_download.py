"""Files of hits in a folder: what comes, how it is called, and that it comes once."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from download.running import Downloads, digest, download, library, statuses
from emulator.records import model
from PIL import Image
from support.faces import AsyncFace, Connect

from scenario_async import (
    AssetSearch,
    Download,
    DownloadProgress,
    InvalidSearchError,
    ModelSearch,
    ScenarioError,
)
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_each_hit_becomes_a_file(downloads: Downloads) -> None:
    """It is called as its id and its bytes say, and the item tells all of it."""
    hits = downloads.hits()
    done = downloads.run(hits)
    assert statuses(done) == {"saved": 12}
    assert {each.hit.id for each in done} == {hit.id for hit in hits}
    for each in done:
        assert each.path == downloads.folder / f"{each.hit.id}.png"
        content = (downloads.folder / f"{each.hit.id}.png").read_bytes()
        assert (each.bytes, each.sha256, each.error) == (len(content), digest(content), None)
        assert Image.open(BytesIO(content)).size == (24, 24)
    assert len(downloads.files) == 12


def test_the_manifest_tells_what_is_there(downloads: Downloads) -> None:
    """A line for each file, with the digest of what is in it, and without any address."""
    downloads.run()
    assert {line["path"]: line["sha256"] for line in downloads.manifest} == {
        name: digest(content) for name, content in downloads.files.items()
    }
    assert downloads.manifest[0].keys() == {"id", "path", "bytes", "sha256", "status"}
    assert {line["status"] for line in downloads.manifest} == {"saved"}
    assert "Signature" not in (downloads.folder / "manifest.jsonl").read_text(encoding="utf-8")


def test_a_second_run_fetches_nothing(downloads: Downloads) -> None:
    """What is there is told as present, with its path and digest."""
    first = {each.hit.id: each for each in downloads.run()}
    asked = len(downloads.requests())
    second = downloads.run()
    assert statuses(second) == {"present": 12}
    assert len(downloads.requests()) == asked
    for each in second:
        assert (each.path, each.sha256) == (first[each.hit.id].path, first[each.hit.id].sha256)


def test_only_what_is_missing_is_fetched(downloads: Downloads) -> None:
    """A file that is gone comes again; one that somebody changed stays, and what was saved comes beside it."""
    downloads.run()
    before = downloads.files
    (downloads.folder / "asset_00003.png").unlink()
    (downloads.folder / "asset_00005.png").write_bytes(b"cut")
    again = downloads.run()
    assert {each.hit.id: each.status for each in again if each.status != "present"} == {
        "asset_00003": "saved",
        "asset_00005": "saved",
    }
    names = {each.hit.id: each.path.name for each in again if each.path is not None}
    assert names["asset_00003"] == "asset_00003.png"
    assert names["asset_00005"].startswith("asset_00005-")
    assert downloads.files["asset_00003.png"] == before["asset_00003.png"]
    assert downloads.files["asset_00005.png"] == b"cut"
    assert statuses(downloads.run()) == {"present": 12}


def test_a_hit_that_comes_twice_is_fetched_once(downloads: Downloads) -> None:
    """The others are told as present, at the same place."""
    hit = downloads.hits()[0]
    done = downloads.run([hit, hit, hit])
    assert statuses(done) == {"saved": 1, "present": 2}
    assert {each.path for each in done} == {downloads.folder / "asset_00000.png"}
    assert len(downloads.requests()) == 1


def test_nothing_to_download_is_no_error(downloads: Downloads) -> None:
    """An empty input gives nothing, and leaves a folder with an empty manifest."""
    assert downloads.run([]) == []
    assert downloads.files == {}


@pytest.mark.parametrize(
    ("options", "format", "width"),
    [
        ({"width": 8}, "PNG", 8),
        ({"format": "webp"}, "WEBP", 24),
        ({"format": "JPG", "width": 12, "quality": 50}, "JPEG", 12),
    ],
)
def test_pictures_come_as_asked_for(
    downloads: Downloads, options: dict[str, Any], format: str, width: int
) -> None:
    """What is asked for stands behind what is signed, and the extension is that of what came."""
    done = downloads.run(**options)
    assert statuses(done) == {"saved": 12}
    assert done[0].path is not None
    image = Image.open(BytesIO(done[0].path.read_bytes()))
    assert (image.format, image.width) == (format, width)
    assert done[0].path.suffix == {"PNG": ".png", "WEBP": ".webp", "JPEG": ".jpg"}[format]
    names = list(downloads.requests()[0].query)
    assert names[:4] == ["p", "Policy", "Signature", "Key-Pair-Id"]
    assert set(names[4:]) == options.keys()


def test_another_rendition_is_another_file(downloads: Downloads) -> None:
    """What was saved stays, and both are known from then on."""
    hits = downloads.hits()[:2]
    downloads.run(hits)
    assert statuses(downloads.run(hits, width=8)) == {"saved": 2}
    assert len(downloads.files) == 4
    assert statuses(downloads.run(hits, width=8)) == {"present": 2}
    assert statuses(downloads.run(hits)) == {"present": 2}


def test_an_original_takes_no_width(downloads: Downloads) -> None:
    """That is told for each file, and no request is made."""
    done = downloads.run(downloads.hits(original_assets=True)[:1], width=8)
    assert statuses(done) == {"failed": 1}
    assert "width cannot be asked for of" in str(done[0].error)
    assert "original_assets=True" in str(done[0].error)
    assert statuses(downloads.run(downloads.hits(original_assets=True))) == {"saved": 12}


def test_names_from_a_template(downloads: Downloads) -> None:
    """Fields of the hit stand for themselves; the index is the place in the input."""
    downloads.run(downloads.hits()[:2], name="{index:03}-{kind}-{name}-{created}.{ext}")
    assert [*downloads.files] == [
        "000-image-Picture 0-2024-05-01.png",
        "001-image-Picture 1-2024-05-01.png",
    ]
    downloads.run(downloads.hits()[:1], name="{ext} {id}", width=8)
    assert "png asset_00000.png" in downloads.files


def test_two_hits_with_one_name(downloads: Downloads) -> None:
    """Each has its own file, also where only case and Unicode form differ, and a later run finds both."""
    names = ["Cafe\u0301", "caf\u00e9", "CAFÉ", "x"]
    hits = [
        hit.from_dict({**hit.to_dict(), "metadata": {"kind": "image", "name": name}})
        for hit, name in zip(downloads.hits(), names, strict=False)
    ]
    done = downloads.run(hits, name="{name}")
    assert statuses(done) == {"saved": 4}
    folded = {each.path.name.casefold() for each in done if each.path is not None}
    assert len(folded) == len(downloads.files) == 4
    assert {"x.png", "caf\u00e9.png"} <= folded
    again = downloads.run(list(reversed(hits)), name="{name}")
    assert {each.hit.id: each.path for each in again} == {each.hit.id: each.path for each in done}
    assert statuses(again) == {"present": 4}


HOSTILE = [
    "../../etc/passwd",
    "CON",
    "a\0b",
    "x" * 300,
    "🧙‍♂️" * 100,
    "-rf",
    ".hidden",
    "a/b\\c",
    "nul.txt",
    "\u202egnp.exe",
]


def test_hostile_names_stay_in_the_folder(downloads: Downloads) -> None:
    """Whatever a hit is called, its file is in the folder, visible, and has a name that every system takes."""
    hits = [
        hit.from_dict({**hit.to_dict(), "metadata": {"kind": "image", "name": name}})
        for hit, name in zip(downloads.hits(), HOSTILE, strict=False)
    ]
    done = downloads.run(hits, name="{name}", sidecar=True)
    assert statuses(done) == {"saved": len(HOSTILE)}
    for each in done:
        assert each.path is not None
        assert each.path.parent == downloads.folder
        assert len(each.path.name.encode()) <= 255
        assert not each.path.name.startswith((".", "-"))
    assert [path.name for path in downloads.folder.parent.iterdir()] == ["pictures"]


def test_what_a_hit_says_stands_beside_its_file(downloads: Downloads) -> None:
    """As JSON, without what signs an address; where it is missing later, it comes without its picture."""
    hits = downloads.hits()[:2]
    downloads.run(hits, sidecar=True)
    told = json.loads(downloads.files["asset_00000.png.json"])
    assert told == hits[0].to_dict() | {"url": hits[0].url.partition("?")[0]}
    (downloads.folder / "asset_00000.png.json").unlink()
    asked = len(downloads.requests())
    assert statuses(downloads.run(hits, sidecar=True)) == {"present": 2}
    assert json.loads(downloads.files["asset_00000.png.json"]) == told
    assert len(downloads.requests()) == asked


def test_ids_and_mappings_will_do(downloads: Downloads) -> None:
    """Ids get their addresses from the service, all with one request; mappings may bring their own."""
    given = ["asset_00000", "asset_00001", downloads.hits()[2].to_dict(), {"id": "asset_00003"}]
    done = downloads.run(given)
    assert statuses(done) == {"saved": 4}
    assert {each.hit if isinstance(each.hit, str) else each.hit["id"] for each in done} == {
        f"asset_{number:05}" for number in range(4)
    }
    assert "Signature" in str(given)
    assert "Signature" not in repr(done)
    asked = downloads.requests("/v1/assets/get-bulk")
    assert [request.body for request in asked] == [
        {"assetIds": ["asset_00000", "asset_00001", "asset_00003"]}
    ]


def test_an_asset_that_is_gone_is_told(downloads: Downloads) -> None:
    """Its id is named, and the others come."""
    done = {each.hit: each for each in downloads.run(["asset_nope", "asset_00000"])}
    assert done["asset_00000"].status == "saved"
    assert isinstance(done["asset_nope"].error, ScenarioError)
    assert "the service gives none for the asset asset_nope" in str(done["asset_nope"].error)


def test_of_a_model_it_is_the_thumbnail(connect: Connect, tmp_path: Path) -> None:
    """One without a thumbnail fails clearly."""
    shown = {"assetId": "asset_00001", "url": "/assets-transform/asset_00001"}
    assets = [dict(record) for record in library(2).records("assets")]
    plain = Library(assets, [model("model_1", name="Knights", thumbnail=shown), model("model_2")])
    with Emulator(plain).running() as base_url:
        face = connect(base_url)
        models = face.page(ModelSearch(filter='type = "custom"')).hits
        done = {
            each.hit.id: each for each in download(face, models, tmp_path / "models", name="{kind} {name}")
        }
    assert done["model_1"].path == tmp_path / "models" / "model Knights.png"
    assert done["model_2"].status == "failed"
    assert "model_2, of the kind model, has no thumbnail" in str(done["model_2"].error)


def test_whatever_gives_hits_is_read(downloads: Downloads) -> None:
    """A page goes on to those that follow, as iterating it does, and so does a fan-out."""
    face, search = downloads.face, AssetSearch(filter='kind = "image"', limit=5)
    page = face.page(search)
    assert len(downloads.run(page)) == 12
    fan_out = face.client.search.fan_out([search])
    done = downloads.run(fan_out)
    assert statuses(done) == {"present": 12}
    if isinstance(face, AsyncFace):
        assert len(downloads.run(face.client.search.run(search))) == 12
        assert len(downloads.run(face.client.search.run(search).iter_hits(max_hits=3))) == 3


def test_the_input_is_read_as_places_free_up(downloads: Downloads) -> None:
    """A long input stays unread while nobody takes what is done."""
    hits = downloads.hits()
    read: list[str] = []

    def reading() -> Iterator[Any]:
        for hit in hits:
            read.append(hit.id)
            yield hit

    client, folder = downloads.face.client, downloads.folder
    if isinstance(downloads.face, AsyncFace):

        async def take_one() -> Download[Any]:
            items = client.download(reading(), folder, concurrency=2)
            try:
                return await anext(items)
            finally:
                await items.aclose()

        first = downloads.face.runner.run(take_one())
    else:
        items = client.download(reading(), folder, concurrency=2)
        first = next(items)
        items.close()
    assert first.status == "saved"
    assert 1 <= len(read) <= 4
    assert statuses(downloads.run(hits)).keys() == {"saved", "present"}
    assert len(downloads.files) == 12


def test_progress_counts_what_is_done(downloads: Downloads) -> None:
    """It is told after each file, of what kind it was and how many bytes came."""
    told: list[DownloadProgress] = []
    done = downloads.run([*downloads.hits()[:3], "asset_nope"], on_progress=told.append)
    assert [each.done for each in told] == [1, 2, 3, 4]
    last = DownloadProgress(saved=3, failed=1, bytes=sum(each.bytes for each in done))
    assert told[-1] == last


def test_concurrency_bounds_what_is_under_way(connect: Connect, tmp_path: Path) -> None:
    """Never more requests than that are answered at once."""
    emulator = Emulator(library(12), urls_expire_after=3600)
    emulator.faults.repeat("hang seconds=0.05", kind="pictures")
    with emulator.running() as base_url:
        downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
        hits, ended = downloads.hits(), threading.Event()
        seen: list[int] = []

        def watch() -> None:
            while not ended.wait(0.002):
                seen.append(sum(not request.over for request in downloads.requests()))

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert statuses(downloads.run(hits, concurrency=3)) == {"saved": 12}
        ended.set()
        watcher.join()
    assert 1 <= max(seen) <= 3


@pytest.mark.parametrize(
    ("hits", "options", "told"),
    [
        ("asset_1", {}, "hits is 'asset_1', but it must be several hits"),
        (None, {}, "hits is 'NoneType', but it must be several hits"),
        (5, {}, "hits is 'int', but it must be several hits"),
        ([], {"folder": ""}, "folder is '', but it must be the path of a folder"),
        ([], {"folder": 5}, "folder is 5, but it must be the path of a folder"),
        ([], {"name": ""}, "name is '', but it must be a text like"),
        ([], {"name": "a/{id}"}, "name is 'a/{id}', but it must name a file of the folder"),
        ([], {"name": "{nope}"}, "name is '{nope}', but it may have the fields {id} {name}"),
        ([], {"name": "{id"}, "name is '{id', but it cannot be read"),
        ([], {"name": "{id!r}"}, "and no others"),
        ([], {"name": "{id.x}"}, "and no others"),
        ([], {"name": "{id:>9}"}, "only {index} can be padded"),
        ([], {"name": "{index:999}"}, "only {index} can be padded"),
        ([], {"width": 0}, "width is 0, but it must be 1 or more"),
        ([], {"width": "wide"}, "width is 'wide', but it must be an int"),
        ([], {"format": "gif"}, "format is 'gif', but it must be \"jpeg\" or"),
        ([], {"format": 5}, "format is 5, but it must be"),
        ([], {"quality": 101}, "quality is 101, but it must be 100 or less"),
        ([], {"concurrency": 0}, "concurrency is 0, but it must be 1 or more"),
        ([], {"concurrency": None}, "concurrency is None, but it must be an int"),
        ([], {"sidecar": 1}, "sidecar is 1, but it must be True or False"),
        ([], {"on_progress": 1}, "on_progress is 1, but it must be a function"),
    ],
)
def test_what_cannot_be_done_is_refused_at_the_call(
    downloads: Downloads, hits: Any, options: dict[str, Any], told: str
) -> None:
    """Before anything is read or made."""
    given = {"folder": downloads.folder} | options
    with pytest.raises(InvalidSearchError) as caught:
        downloads.face.client.download(hits, **given)
    assert told in str(caught.value)
    assert not downloads.folder.exists()


@pytest.mark.parametrize(
    "item", [5, None, {"name": "x"}, {"id": 5}, "https://cdn.example/x?Signature=s3cr3t"]
)
def test_an_item_that_is_no_hit_ends_it(downloads: Downloads, item: Any) -> None:
    """It is named, without an address, and what was saved before stays."""
    with pytest.raises(InvalidSearchError, match="hits: ") as caught:
        downloads.run([downloads.hits()[0], item])
    assert "s3cr3t" not in str(caught.value)


def test_an_input_that_fails_ends_it(downloads: Downloads) -> None:
    """Its error comes as it is."""
    hits = downloads.hits()

    def failing() -> Iterator[Any]:
        yield hits[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        downloads.run(failing())
    assert statuses(downloads.run()).get("failed") is None
