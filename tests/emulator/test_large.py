"""Samples of many assets, which are made when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset

from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.attributes import SCHEMAS, value_at
from scenario_async.emulator.engine import search
from scenario_async.emulator.parameters import read_search

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.talk import Talk

    from scenario_async.emulator.attributes import Record

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

SIZE = 12_345
FILTERS: list[tuple[str, Callable[[Any], bool]]] = [
    ("kind = image", lambda asset: asset["metadata"]["kind"] == "image"),
    ("width >= 1024", lambda asset: asset["metadata"].get("width", 0) >= 1024),
    (
        "tags = landscape AND NOT tags = knight",
        lambda a: "landscape" in a["tags"] and "knight" not in a["tags"],
    ),
    ('createdAt >= "2025-06-01"', lambda asset: asset["createdAt"] >= "2025-06-01"),
    ('updatedAt < "2025-06-01"', lambda asset: asset["updatedAt"] < "2025-06-01"),
    ("seed STARTS WITH 77", lambda asset: asset["metadata"].get("seed", "").startswith("77")),
    ("seed NOT EXISTS", lambda asset: "seed" not in asset["metadata"]),
    ("prompt CONTAINS CASTLE", lambda asset: "castle" in asset["metadata"].get("prompt", "").lower()),
    ("guidance 1 TO 3.5", lambda asset: 1 <= asset["metadata"].get("guidance", 0) <= 3.5),
]


@pytest.fixture(scope="module")
def library() -> Library:
    """Give a sample whose assets are variations for the greater part."""
    return Library.sample(3, size=SIZE)


@pytest.fixture(scope="module")
def emulator(library: Library) -> Emulator:
    """Give an emulator of it."""
    return Emulator(library)


@pytest.fixture(scope="module")
def records(library: Library) -> list[Record]:
    """Make every asset."""
    return list(library.records("assets"))


@pytest.mark.parametrize("size", [100, 101, 4000, 4001])
def test_a_sample_has_the_size_asked_for(size: int) -> None:
    """Seven in ten are own, the others public ones of others; every kind is there."""
    library = Library.sample(size=size)
    records = library.records("assets")
    own = sum(record["ownerId"] == library.project_id for record in records)
    assert len(records) == len({record["id"] for record in records}) == size
    assert own == size - size * 3 // 10
    assert len({record["metadata"]["kind"] for record in records}) == 8


@pytest.mark.parametrize("size", [0, 99, 1_000_001, -1])
def test_other_sizes_are_refused(size: int) -> None:
    """By a message that names both bounds."""
    with pytest.raises(ValueError, match=f"size is {size}: a sample has 100 to 1,000,000 assets"):
        Library.sample(size=size)


def test_every_record_is_one_of_its_own(library: Library, records: list[Record]) -> None:
    """Ids differ, and lead back to the record; so do the addresses."""
    assert len({record["id"] for record in records}) == SIZE
    assert len({record["url"] for record in records}) == SIZE
    for position in (0, 3999, 4000, 4001, 8000, SIZE - 1):
        record = records[position]
        assert library.get(record["id"]) == record
        assert record["id"] in record["url"]


@pytest.mark.parametrize("id", ["", "asset_", "asset_nobody", "asset_" + "A" * 22, "model_x", "ä", "asset_é"])
def test_no_other_id_is_known(library: Library, id: str) -> None:
    """Whatever it looks like."""
    assert library.get(id) is None
    with pytest.raises(KeyError):
        library.remove(id)


def test_variations_differ_as_generations_do(records: list[Record]) -> None:
    """In seed, score and dates; what was asked for is the same."""
    position = next(place for place in range(4000) if {"seed", "prompt"} <= records[place]["metadata"].keys())
    first, again = records[position], records[position + 4000]
    assert first["metadata"]["prompt"] == again["metadata"]["prompt"]
    assert first["metadata"]["seed"] != again["metadata"]["seed"]
    differing = {name for name in first if first[name] != again[name]}
    assert differing - {"score"} == {"id", "url", "metadata", "createdAt", "updatedAt"}
    for record in records[4000:4100]:
        assert datetime.fromisoformat(record["createdAt"]) <= datetime.fromisoformat(record["updatedAt"])


def test_the_same_seed_gives_the_same(records: list[Record]) -> None:
    """Each seed and size its own library, however often it is made."""
    assert list(Library.sample(3, size=SIZE).records("assets"))[-3:] == records[-3:]
    others = {record["id"] for record in Library.sample(4, size=SIZE).records("assets")[-50:]}
    assert not others & {record["id"] for record in records}


@pytest.mark.parametrize(("filter", "holds"), FILTERS)
def test_filters_tell_of_the_records(
    library: Library, records: list[Record], filter: str, holds: Callable[[Any], bool]
) -> None:
    """What a filter finds without a record being made is what the records say."""
    page = search(
        library,
        "assets",
        read_search({"filter": filter, "limit": 100}, SCHEMAS["assets"]),
        max_total_hits=SIZE,
    )
    expected = [r for r in records if r["ownerId"] == library.project_id and holds(r)]
    assert page.total == len(expected) > 0
    assert all(holds(record) for record in page.records)


@pytest.mark.parametrize("attribute", ["createdAt:asc", "createdAt:desc", "width:desc", "updatedAt:asc"])
def test_sorting_tells_of_the_records(library: Library, records: list[Record], attribute: str) -> None:
    """The first hundred of all of them, in order."""
    name, _, order = attribute.partition(":")
    request = read_search({"query": "", "sortBy": [attribute], "limit": 100}, SCHEMAS["assets"])
    page = search(library, "assets", request, max_total_hits=SIZE)
    path = SCHEMAS["assets"].sortable[name]
    own = [value_at(record, path) for record in records if record["ownerId"] == library.project_id]
    values: list[Any] = [value for value in own if isinstance(value, str | int)]
    assert [value_at(r, path) for r in page.records] == sorted(values, reverse=order == "desc")[:100]


async def test_all_that_can_be_reached_is_there_once(talk: Talk) -> None:
    """A thousand hits, whatever else there is."""
    ids = [
        id_ for offset in range(0, 1100, 100) for id_ in await talk.ids(query="", limit=100, offset=offset)
    ]
    assert len(ids) == len(set(ids)) == 1000


async def test_variations_have_pictures(talk: Talk, library: Library) -> None:
    """The one of what they vary, at an address of their own."""
    record = library.records("assets")[4000]
    assert record["mimeType"].startswith("image/")
    reply = await talk.picture(record["url"])
    assert (reply.status, reply.headers["Content-Type"]) == (200, record["mimeType"])


def test_a_large_sample_can_be_changed(library: Library) -> None:
    """As any other, without the original noticing."""
    copy = library.copy()
    last, before = (record["id"] for record in (library.records("assets")[-1], library.records("assets")[-2]))

    def found(query: str) -> list[str]:
        request = read_search({"query": query}, SCHEMAS["assets"])
        return [record["id"] for record in search(copy, "assets", request, max_total_hits=9).records]

    assert found("xylophone") == []
    copy.add(asset("asset_new", {"prompt": "a xylophone"}, ownerId=copy.project_id))
    copy.replace(asset(last, {"prompt": "two xylophones"}, ownerId=copy.project_id, score=1))
    copy.remove(before)
    assert found("xylophones") == [last, "asset_new"]
    assert found("xylophone") == ["asset_new", last]
    assert copy.get(before) is None
    assert len(copy.records("assets")) == len(library.records("assets")) == SIZE
    assert library.get(before) is not None
    assert library.get("asset_new") is None


def test_a_million_assets_cost_next_to_nothing() -> None:
    """To be made, and a first search far less than the 3 GB that may be used."""
    code = """
import resource
from scenario_async.emulator import Library
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.engine import search
from scenario_async.emulator.parameters import read_search
library = Library.sample(size=1_000_000)
body = {"query": "dragon castle", "filter": 'width >= 512 AND createdAt >= "2025-01-01"', "sortBy": ["createdAt:desc"]}
page = search(library, "assets", read_search(body, SCHEMAS["assets"]), max_total_hits=10**6)
scale = 1024 if __import__("sys").platform != "darwin" else 1024**2
print(page.total > 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale < 1500)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["True", "True"]
