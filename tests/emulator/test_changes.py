"""Libraries that change, and libraries with odd records: no search fails, and none sees what is gone."""

from __future__ import annotations

import gc
import json
import sqlite3
import sys
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import PROJECT, asset, model
from emulator.talk import Talk

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.engine import search
from scenario_async.emulator.parameters import read_search
from scenario_async.emulator.replies import encoder

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientSession


def found(library: Library, **body: Any) -> list[str]:
    """Give the ids of the first assets that a search finds."""
    page = search(library, "assets", read_search(body, SCHEMAS["assets"]), max_total_hits=1000)
    return [record["id"] for record in page.records]


def image_of(library: Library) -> str:
    """Give the id of an own image."""
    own = (record for record in library.records("assets") if record["ownerId"] == library.project_id)
    return next(str(record["id"]) for record in own if record["mimeType"] == "image/png")


class TestChanging:
    """Changes, many and at any time."""

    def test_a_change_from_another_thread_disturbs_no_search(self) -> None:
        """Each search works on the library as it was when it began."""
        library = Library.sample(1)
        image, done = image_of(library), threading.Event()

        def change() -> None:
            number = 0
            while not done.wait(0.01):
                library.add(asset(f"asset_{number}", {"name": "knight"}, ownerId=library.project_id))
                number += 1

        changing = threading.Thread(target=change)
        changing.start()
        try:
            for _ in range(5):
                assert len(found(library, image=image, query="knight")) == 20
                assert found(library, image=image)
        finally:
            done.set()
            changing.join()

    @pytest.mark.parametrize("size", [None, 5000])
    def test_many_changes_leave_nothing_behind(self, size: int | None) -> None:
        """What is gone is not found, and what is there is, however often it changed."""
        library = Library([asset("asset_a"), asset("asset_b")]) if size is None else Library.sample(size=size)
        owner = library.project_id
        library.add(asset("asset_c", ownerId=owner), asset("asset_d", ownerId=owner))
        for number in range(500):
            library.replace(asset("asset_c", {"name": f"xylo {number}"}, ownerId=owner, score=number))
            if number % 50 == 0:
                assert found(library, query=f"xylo {number}") == ["asset_c"]
                assert found(library, query="xylo", filter=f'name != "xylo {number}"') == []
                assert found(library, query="", sortBy=["createdAt:asc"], limit=100)
        library.remove("asset_c")
        assert found(library, query="xylo") == []
        assert [record["id"] for record in library.records("assets")][-1] == "asset_d"
        assert library.size("assets") < (800 if size is None else 5600)

    def test_the_order_of_arrival_outlives_changes(self) -> None:
        """What replaces a record stands in its place."""
        library = Library(asset(f"asset_{number}") for number in range(4))
        for number in range(450):
            library.replace(asset("asset_1", {"name": str(number)}))
            library.replace(asset("asset_2", {"name": str(number)}))
        library.add(asset("asset_4"))
        assert found(library, query="") == [f"asset_{number}" for number in range(5)]

    @pytest.mark.parametrize("order", ["asc", "desc"])
    def test_what_is_added_is_sorted_among_the_others(self, order: str) -> None:
        """Between them, before them, behind them and with them; what cannot be sorted is last."""
        library = Library(asset(f"asset_{width}", {"width": width}) for width in (10, 20, 30))
        library.add(
            *(asset(f"asset_{width}", {"width": width}) for width in (5, 15, 16, 25, 35, "x", None)),
            asset("asset_also20", {"width": 20.0}),
        )
        ids = found(library, query="", sortBy=[f"width:{order}"])
        expected = ["5", "10", "15", "16", "20", "also20", "25", "30", "35", "x"]
        if order == "desc":
            expected = ["x", "35", "30", "25", "20", "also20", "16", "15", "10", "5"]
        assert ids == [f"asset_{name}" for name in (*expected, "None")]

    async def test_answers_keep_no_library_of_the_past(self, session: ClientSession) -> None:
        """What was answered before a change does not hold the records of then."""
        library = Library([asset("asset_1", {"name": "knight"})])
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            table = weakref.ref(library.table("assets"))
            assert await talk.ids(query="knight") == ["asset_1"]
            library.add(asset("asset_2", {"name": "knight"}))
            assert await talk.ids(query="knight") == ["asset_1", "asset_2"]
            gc.collect()
            assert table() is None

    def test_an_index_is_closed_when_nobody_needs_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Python 3.13 warns of databases that are left open."""
        closed: list[int] = []

        class Connection(sqlite3.Connection):
            def close(self) -> None:
                closed.append(id(self))
                super().close()

        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Connection))
        library = Library([asset("asset_1", {"name": "knight"})])
        for number in range(3):
            library.add(asset(f"asset_new{number}", {"name": "knight"}))
            assert len(found(library, query="knight")) == 2 + number
        del library
        gc.collect()
        assert len(closed) == len(set(closed)) == 4

    async def test_another_project_is_seen_at_once(self, session: ClientSession) -> None:
        """By the next search."""
        library = Library([asset("asset_1"), asset("asset_2", ownerId="proj_2")])
        async with Emulator(library) as emulator:
            talk = Talk(session, emulator.base_url)
            assert await talk.ids(query="") == ["asset_1"]
            library.project_id = "proj_2"
            assert await talk.ids(query="") == ["asset_2"]


class TestCopies:
    """What one copy of a library goes through, the others do not notice."""

    def test_texts_of_one_are_not_those_of_others(self) -> None:
        """Half a character in one harms neither it nor the others."""
        first, second = Library.sample(), Library.sample()
        first.add(asset("asset_broken", {"name": "broken \ud83d emoji"}, ownerId=first.project_id))
        assert found(first, query="broken emoji") == ["asset_broken"]
        assert found(first, query="broken", querySemanticRatio=1)[0] == "asset_broken"
        assert found(second, query="broken") == found(Library.sample(), query="broken") == []

    @pytest.mark.parametrize("ratio", [0, 0.5, 1])
    def test_pictures_of_one_are_not_those_of_others(self, ratio: float) -> None:
        """Nor do pictures that are gone, or that a search does not see, change a ranking."""
        first, second = Library.sample(2), Library.sample(2)
        image = image_of(first)
        before = found(first, image=image, imageSemanticRatio=ratio, limit=100)
        tags = (first.get(image) or {})["tags"]
        near = [asset(f"asset_near{number}", ownerId="proj_x", tags=tags) for number in range(60)]
        second.add(*near)
        assert found(second, image=image, imageSemanticRatio=ratio, limit=100) == before
        second.remove(*(record["id"] for record in near))
        assert found(second, image=image, imageSemanticRatio=ratio, limit=100) == before


class TestThumbnails:
    """Pictures that records show, but that are no assets."""

    def test_a_thumbnail_goes_with_its_record(self) -> None:
        """It is neither served nor found by."""
        library = Library(models=[model("model_1", thumbnail={"assetId": "asset_t"})])
        assert library.sees("asset_t")
        assert library.picture("asset_t") is not None
        library.remove("model_1", kind="models")
        assert not library.sees("asset_t")
        assert library.picture("asset_t") is None

    @pytest.mark.parametrize("own", ["model_0", "model_1", "model_2"])
    def test_a_shared_thumbnail_is_seen_if_any_of_its_records_is(self, own: str) -> None:
        """Whichever came first."""
        models = [
            model(f"model_{number}", ownerId=PROJECT if f"model_{number}" == own else "other",
                  thumbnail={"assetId": "asset_t"})
            for number in range(2)
        ]  # fmt: skip
        library = Library(models=models, project_id=PROJECT)
        library.add(
            model(
                "model_2", ownerId=PROJECT if own == "model_2" else "other", thumbnail={"assetId": "asset_t"}
            ),
            kind="models",
        )
        assert library.sees("asset_t")


ODD: list[dict[str, Any]] = [
    {"tags": None},
    {"tags": [1, None, "knight"]},
    {"tags": "knight"},
    {"mimeType": ["image/png"]},
    {"mimeType": None},
    {"mimeType": "video/mp4", "thumbnail": "asset_1"},
    {"mimeType": "video/mp4", "thumbnail": ["asset_1"]},
    {"mimeType": "video/mp4", "thumbnail": {"assetId": 5}},
    {"mimeType": "video/mp4", "thumbnail": {"assetId": {}}},
    {"ownerId": ["proj_1"]},
    {"metadata": None},
    {"metadata": ["kind"]},
    {"metadata": {"width": float("nan"), "height": 10**400, "prompt": ["knight"]}},
    {"score": "high"},
    {"createdAt": None, "url": None},
    {"id": "asset_\ud83d"},
]


@pytest.mark.parametrize("fields", ODD, ids=repr)
async def test_an_odd_record_harms_nobody(session: ClientSession, fields: dict[str, Any]) -> None:
    """It is found where it can be, and the others are found as ever."""
    odd = {**asset("asset_odd"), **fields}
    library = Library([odd, asset("asset_1", {"name": "knight"})], project_id=PROJECT)
    bodies: list[dict[str, Any]] = [
        {"query": "knight"},
        {"query": "knight", "querySemanticRatio": 0.5},
        {"image": "asset_1"},
        {"filter": "width != 5 AND NOT tags = x", "sortBy": ["createdAt:asc", "width:desc"]},
    ]
    async with Emulator(library) as emulator:
        talk = Talk(session, emulator.base_url)
        for body in bodies:
            assert "asset_1" in await talk.ids(**body)
        if "\ud83d" not in odd["id"]:
            assert (await talk.picture(f"/assets/{odd['id']}")).status in {200, 404}


class TestTexts:
    """Words that are not as words usually are."""

    @pytest.mark.parametrize("query", ["ab\u19b0cd", "\u1972\u19b0\u1973", "a\u1cf2b", "x\u0300\u19b0"])
    def test_words_that_are_split_otherwise_do_no_harm(self, query: str) -> None:
        """What Python takes for a letter and SQLite does not is still found."""
        library = Library([asset("asset_1", {"name": query}), asset("asset_2", {"name": "knight"})])
        assert found(library, query=query) == ["asset_1"]

    def test_numbered_names_are_found_with_a_typo_in_no_time(self) -> None:
        """However many begin alike."""
        names = [f"ComfyUI_{number:05}_" for number in range(4000)] + [
            f"dragan{number:05}" for number in range(4000)
        ]
        library = Library(asset(f"asset_{name}", {"name": name}) for name in names)
        assert found(library, query="knight") == []
        assert len(found(library, query="ComfiUI", limit=100)) == 100
        assert found(library, query="dragon", limit=2) == ["asset_dragan00000", "asset_dragan00001"]

    def test_negative_prompts_are_searched(self) -> None:
        """Though they count least."""
        library = Library(
            [asset("asset_1", {"negativePrompt": "blurry"}), asset("asset_2", {"prompt": "blurry"})]
        )
        assert found(library, query="blurry") == ["asset_2", "asset_1"]


def test_thousands_of_alternatives_are_answered() -> None:
    """Each finds what it would find alone."""
    library = Library.sample(size=4100)
    made = [record for record in library.records("assets") if record["ownerId"] == library.project_id]
    models = {record["metadata"]["modelId"] for record in made if "modelId" in record["metadata"]}
    assert len(models) > 20
    alternatives = " OR ".join(f'modelId = "{name}"' for name in [*sorted(models), *map(str, range(3000))])
    request = read_search({"filter": alternatives}, SCHEMAS["assets"])
    page = search(library, "assets", request, max_total_hits=5000)
    assert page.total == sum("modelId" in record["metadata"] for record in made)


@pytest.mark.parametrize("fast", [True, False])
def test_numbers_that_json_has_not_are_null(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:  # noqa: FBT001
    """With orjson or without, and whatever else is in the reply."""
    if not fast:
        monkeypatch.setitem(sys.modules, "orjson", None)
    encode = encoder.__wrapped__()
    value = {
        "a": float("nan"),
        "b": [float("inf"), {"c": -float("inf"), "d": 2**70}],
        "e": "\ud800",
        "f": 1.5,
    }
    plain = {"a": None, "b": [None, {"c": None, "d": 2**70}], "e": "\ud800", "f": 1.5}
    assert json.loads(encode(value), parse_constant=pytest.fail) == plain


async def test_a_file_with_odd_numbers_is_served(tmp_path: Path, session: ClientSession) -> None:
    """As null where JSON has no number for them."""
    file = tmp_path / "hits.jsonl"
    file.write_text('{"id": "asset_1", "score": NaN, "metadata": {"width": 1e999}}\n')
    async with Emulator(Library.load(file)) as emulator:
        (hit,) = (await Talk(session, emulator.base_url).search(query=""))["hits"]
    assert (hit["score"], hit["metadata"]) == (None, {"width": None})
