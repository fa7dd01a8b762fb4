"""Libraries from files of hits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset, model, workflow
from emulator.talk import Talk

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientSession

SAVED = "https://cdn.example/assets-transform/asset_1?p=100&Policy=abc"
HITS: list[dict[str, Any]] = [
    asset("asset_1", {"prompt": "a knight"}, url=SAVED),
    asset("asset_2", {"kind": "video"}, mimeType="video/mp4", thumbnail={"assetId": "asset_1", "url": SAVED}),
    model("model_1", name="Knights", thumbnail={"assetId": "asset_1", "url": SAVED}),
    workflow("workflow_1", name="Upscale", before={"assetId": "asset_1", "url": SAVED}),
]


def written(folder: Path, name: str, content: object) -> Path:
    """Write a file of one JSON value, or of lines."""
    file = folder / name
    lines = content if isinstance(content, str) else json.dumps(content)
    file.write_text(lines, encoding="utf-8")
    return file


def lines_of(hits: list[dict[str, Any]]) -> str:
    """Give hits a line each, with an empty one among them."""
    return "\n\n".join(json.dumps(hit) for hit in hits) + "\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hits.jsonl", lines_of(HITS)),
        ("hits.NDJSON", lines_of(HITS)),
        ("hits.json", HITS),
        ("page.json", {"hits": HITS, "offset": 0, "limit": 20, "estimatedTotalHits": 4}),
        ("library.json", {"assets": HITS[:2], "models": [HITS[2]], "workflows": [HITS[3]]}),
        ("mixed.json", {"hits": HITS[:2], "models": [HITS[2]], "workflows": [HITS[3]]}),
    ],
)
async def test_every_shape_of_file_is_understood(
    tmp_path: Path, session: ClientSession, name: str, content: object
) -> None:
    """Hits are of the kind that their ids begin with, or that their list is named for."""
    library = Library.load(written(tmp_path, name, content))
    assert library.project_id == "proj_1"
    async with Emulator(library) as emulator:
        talk = Talk(session, emulator.base_url)
        assert await talk.ids(query="knight") == ["asset_1"]
        assert await talk.ids("models", query="knight") == ["model_1"]
        assert await talk.ids("workflows", query="upscale") == ["workflow_1"]
        assert [record["id"] for record in library.records("assets")] == ["asset_1", "asset_2"]


async def test_every_address_is_the_emulators(tmp_path: Path, session: ClientSession) -> None:
    """What a saved hit shows can be fetched without the service."""
    library = Library.load(written(tmp_path, "hits.json", HITS))
    async with Emulator(library) as emulator:
        talk = Talk(session, emulator.base_url)
        video, model_, workflow_ = [
            (await talk.search(kind, query=query))["hits"][-1]
            for kind, query in (("assets", ""), ("models", ""), ("workflows", ""))
        ]
        origin = emulator.base_url.removesuffix("/v1")
        for url in (video["thumbnail"]["url"], model_["thumbnail"]["url"], workflow_["before"]["url"]):
            assert url.startswith(f"{origin}/assets-transform/asset_1?")
            assert (await talk.picture(url)).headers["Content-Type"] == "image/png"


def test_a_loaded_library_can_be_changed(tmp_path: Path) -> None:
    """As one of records that were given."""
    library = Library.load(str(written(tmp_path, "hits.jsonl", lines_of(HITS))), project_id="proj_2")
    assert library.project_id == "proj_2"
    assert library.get("asset_1") == {**HITS[0], "url": (library.get("asset_1") or {})["url"]}
    library.replace(asset("asset_1", tags=["new"]))
    library.add(asset("asset_3"))
    library.remove("asset_2")
    assert [record["id"] for record in library.records("assets")] == ["asset_1", "asset_3"]
    assert (library.get("asset_1") or {})["tags"] == ["new"]


@pytest.mark.parametrize("name", ["hits.json", "hits.jsonl"])
def test_progress_is_told(tmp_path: Path, name: str) -> None:
    """Now and then, and at the end that all is done."""
    hits = [asset(f"asset_{number}") for number in range(2500)]
    file = written(tmp_path, name, lines_of(hits) if name.endswith("l") else hits)
    told: list[tuple[int, int]] = []
    Library.load(file, progress=lambda done, total: told.append((done, total)))
    whole = file.stat().st_size if name.endswith("l") else 2500
    assert len(told) >= 3
    assert told == sorted(told)
    assert told[-1] == (whole, whole)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", '{"id": "asset_1"}\n{"id": ', r"a\.jsonl, line 2: not JSON: Expecting value"),
        (
            "a.jsonl",
            '{"id": "asset_1"}\n\n5',
            r"a\.jsonl, line 3: not a hit, which is an object with an `id`",
        ),
        ("a.jsonl", '{"id": "x"}\n{"id": "x"}', r"a\.jsonl, line 2: x is in assets already"),
        ("a.json", [{"id": "asset_1"}, {"name": "y"}], r"a\.json, hit 2: not a hit"),
        ("a.json", [{"id": 5}], r"a\.json, hit 1: not a hit"),
        ("a.json", "[1, 2", r"a\.json: not JSON"),
        ("a.json", "[" * 100_000, r"a\.json: not JSON"),
        ("a.json", "5", r"a\.json: expected a list of hits"),
        ("a.json", {"asset": []}, r"a\.json: expected a list of hits, an object with `hits`, or one with"),
        ("a.json", {"hits": 5}, r"a\.json: expected a list of hits"),
        ("a.json", {"models": {"id": "x"}}, r"a\.json: expected a list of hits"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path: Path, name: str, content: object, told: str) -> None:
    """With the place and the reason."""
    with pytest.raises(ValueError, match=told):
        Library.load(written(tmp_path, name, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is the usual error of files."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Library.load(tmp_path / "nowhere.json")


def test_nothing_is_a_library_too(tmp_path: Path) -> None:
    """An empty file of lines, and an empty list."""
    for name, content in (("a.jsonl", ""), ("a.json", "[]")):
        library = Library.load(written(tmp_path, name, content))
        assert len(library.records("assets")) == 0
        assert library.project_id == "proj_emulator"
