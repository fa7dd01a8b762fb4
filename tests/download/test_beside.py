"""What stands beside a file, what becomes of a client's other work, and when the first file is there."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from download.running import digest, download, statuses
from support.hits import asset, model
from support.servers import Answer, Arrived

from scenario_async import AssetHit, AsyncScenario, ModelHit, Scenario
from scenario_async._downloads.manifest import Manifest
from scenario_async._http import pictures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 200
SIGNED = "https://cdn.example/a.png?Policy=x&Signature=s3cr3t&Key-Pair-Id=y"


def picture(_: Arrived) -> Answer:
    """Answer with a picture."""
    return Answer(PNG, headers={"content-type": "image/png"})


def hits_at(base_url: str, count: int, **fields: Any) -> list[AssetHit]:
    """Give assets whose files are there."""
    root = base_url.removesuffix("/v1")
    return [
        AssetHit.from_dict(
            asset(f"asset_{number}", **{"url": f"{root}/p/{number}", "mimeType": "image/png"} | fields)
        )
        for number in range(count)
    ]


def lines_in(folder: Path) -> list[dict[str, Any]]:
    """Give the lines of a manifest."""
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_bytes().splitlines()]


def test_a_file_of_the_user_stays(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """What a hit says gets another name then, and is found there the next time."""
    base_url = serve(picture).base_url
    face, hits = connect(base_url), hits_at(base_url, 1)
    for content in (b"mine", b'{"id": "another"}'):
        folder = tmp_path / digest(content)
        folder.mkdir()
        (folder / "asset_0.png.json").write_bytes(content)
        assert statuses(download(face, hits, folder, sidecar=True)) == {"saved": 1}
        assert (folder / "asset_0.png.json").read_bytes() == content
        [other] = folder.glob("asset_0.png-*.json")
        assert json.loads(other.read_bytes())["id"] == "asset_0"
        before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
        assert statuses(download(face, hits, folder, sidecar=True)) == {"present": 1}
        assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")} == before


@pytest.mark.parametrize("first", [0, 1])
def test_a_file_of_another_hit_stays(connect: Connect, serve: Serve, tmp_path: Path, first: int) -> None:
    """Also where its name is that of what stands beside a file, whichever comes first."""

    def script(request: Arrived) -> Answer:
        if request.path == "/p/0":
            return Answer(b'<?xml version="1.0"?><a/>', headers={"content-type": "application/xml"})
        return Answer(b'{"b": 1}', headers={"content-type": "application/json"})

    base_url = serve(script).base_url
    face, root = connect(base_url), base_url.removesuffix("/v1")
    hits = [
        AssetHit.from_dict(
            asset(
                f"a{number}", url=f"{root}/p/{number}", mimeType=kind, metadata={"kind": "text", "name": name}
            )
        )
        for number, kind, name in ((0, "application/xml", "scene"), (1, "application/json", "scene.xml"))
    ]
    hits = [hits[first], hits[1 - first]]
    done = download(face, hits, tmp_path, name="{name}", sidecar=True, concurrency=1)
    for each in done:
        assert each.path is not None
        assert digest(each.path.read_bytes()) == each.sha256
    told: list[str | None] = [json.loads(path.read_bytes()).get("id") for path in tmp_path.glob("*.json")]
    assert sorted(filter(None, told)) == ["a0", "a1"]


@pytest.mark.parametrize("form", ["hit", "mapping"])
def test_what_a_hit_says_has_no_signature(connect: Connect, serve: Serve, tmp_path: Path, form: str) -> None:
    """Wherever one stands: in other addresses, in texts, in fields that this version does not know."""
    base_url = serve(picture).base_url
    fields: dict[str, Any] = {
        "description": f"({SIGNED})[{SIGNED.replace('&', '&amp;')}] and more",
        "tags": [SIGNED],
        "metadata": {"kind": "image", "prompt": f"as in {SIGNED}, but blue"},
        "previewUrl": SIGNED,
        "later": {
            SIGNED: [SIGNED],
            "path": "/a.png?Signature=s3cr3t",
            "host": "//a.example/?Signature=s3cr3t",
        },
        "inner": "https://x.example/?to=https%3A%2F%2Fcdn.example%2Fa%3FSignature%3Ds3cr3t",
    }
    [hit] = hits_at(base_url, 1, **fields)
    given = hit if form == "hit" else hit.to_dict()
    assert statuses(download(connect(base_url), [given], tmp_path, sidecar=True)) == {"saved": 1}
    told = (tmp_path / "asset_0.png.json").read_text(encoding="utf-8")
    assert "s3cr3t" not in told
    kept = json.loads(told)
    assert kept["description"] == "(https://cdn.example/a.png)[https://cdn.example/a.png] and more"
    assert kept["metadata"]["prompt"] == "as in https://cdn.example/a.png, but blue"
    assert kept["previewUrl"] == "https://cdn.example/a.png"


def test_each_failure_has_a_line(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Whatever it is: no file, no thumbnail, an address that is refused, one that is gone."""

    def script(request: Arrived) -> Answer | dict[str, Any]:
        if request.path.endswith("get-bulk"):
            return {"assets": []}
        return Answer(b"x", 404 if request.path == "/p/0" else 403)

    base_url = serve(script).base_url
    hits: list[Any] = [*hits_at(base_url, 2), ModelHit.from_dict(model("bare", thumbnail=None))]
    hits.append(AssetHit.from_dict(asset("private", url="https://10.0.0.1/x")))
    face = connect(base_url)
    for _ in range(2):  # the same failure is noted once
        done = download(face, hits, tmp_path)
        assert statuses(done) == {"failed": 4}
        noted = {line["id"]: line["error"] for line in lines_in(tmp_path)}
        assert noted == {each.hit.id: each.error.message for each in done if each.error is not None}
        assert len(lines_in(tmp_path)) == 4


@pytest.mark.parametrize("refused", [True, False])
def test_originals_and_pictures_are_renewed_apart(
    connect: Connect, serve: Serve, tmp_path: Path, *, refused: bool
) -> None:
    """Where one of the two requests fails, what the other one renewed goes on, and is told of once."""
    renewed, under_way = threading.Event(), threading.Event()

    def script(request: Arrived) -> Answer | dict[str, Any]:
        if request.path.endswith("get-bulk"):
            original = request.query.get("originalAssets") == "true"
            if original:
                renewed.set()
                under_way.wait(10)
                if refused:
                    return Answer({"message": "no"}, 400)
            root = base_url.removesuffix("/v1")
            folder = "assets" if original else "p"
            ids = request.body["assetIds"]
            return {"assets": [{"id": each, "url": f"{root}/{folder}/new/{each}"} for each in ids]}
        if request.path == "/p/2":
            renewed.wait(10)
        elif "/new/" not in request.path:
            return Answer(b"x", 403)
        else:
            under_way.set()
            time.sleep(1)  # the other renewal fails meanwhile
        return picture(request)

    base_url = serve(script).base_url
    root = base_url.removesuffix("/v1")
    pictures, originals = hits_at(base_url, 3), hits_at(base_url, 2)
    originals = [
        AssetHit.from_dict(hit.to_dict() | {"id": f"original_{hit.id}", "url": f"{root}/assets/{hit.id}"})
        for hit in originals
    ]
    done = download(connect(base_url, max_retries=0), [*pictures, *originals], tmp_path)
    by_id = {each.hit.id: each.status for each in done}
    assert len(done) == 5
    assert [by_id[hit.id] for hit in pictures] == ["saved"] * 3
    assert [by_id[hit.id] for hit in originals] == ["failed" if refused else "saved"] * 2


@pytest.mark.parametrize("end", ["break", "error", "kept"])
def test_a_client_closes_what_a_download_left_open(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Whether its loop was left by `break` or by an error, or its generator is still held."""
    opened: list[Any] = []
    new_session: Any = getattr(pictures, "new_session")  # noqa: B009 - it is there for that room alone

    def remembered(**options: Any) -> Any:
        opened.append(new_session(**options))
        return opened[-1]

    def slow(request: Arrived) -> Answer:
        time.sleep(0 if request.path == "/p/0" else 0.5)
        return picture(request)

    monkeypatch.setattr(pictures, "new_session", remembered)
    base_url = serve(slow).base_url

    async def main() -> None:
        held: list[Any] = []
        async with AsyncScenario(api_key="k", api_secret="s", base_url=base_url) as client:
            downloads = client.download(hits_at(base_url, 20), tmp_path)
            if end == "kept":
                held.append(downloads)
            with suppress(ZeroDivisionError):
                async for _ in downloads:
                    del downloads
                    if end == "error":
                        _ = 1 // 0
                    break
        assert opened
        assert all(session.closed for session in opened)
        Manifest(tmp_path).close()  # which is no longer taken

    asyncio.run(main())


def test_the_first_file_waits_for_no_second_one(serve: Serve, tmp_path: Path) -> None:
    """What gives hits to the blocking client may take its time for the next one."""
    base_url = serve(picture).base_url
    told: list[str] = []

    def slowly() -> Iterator[AssetHit]:
        for hit in hits_at(base_url, 3):
            time.sleep(1)
            told.append(f"given {hit.id}")
            yield hit

    with Scenario(api_key="k", api_secret="s", base_url=base_url) as client:
        told.extend(f"saved {each.hit.id}" for each in client.download(slowly(), tmp_path))
    assert told == [f"{what} asset_{number}" for number in range(3) for what in ("given", "saved")]
