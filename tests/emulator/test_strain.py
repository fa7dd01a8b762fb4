"""What people do to the emulator: endless filters, large pictures, many requests that are kept."""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
import threading
import time
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset
from PIL import Image

from scenario_async.emulator import Emulator, Library, pictures
from scenario_async.emulator.arrivals import RecordedRequest, RequestLog
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.engine import search
from scenario_async.emulator.errors import ServiceError
from scenario_async.emulator.parameters import read_search

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.talk import Talk

pytestmark = pytest.mark.long

FORMS = [
    "name = x{}",
    "width = {}",
    "name STARTS WITH x{}",
    "NOT seed = {}",
    "name CONTAINS x{}",
    "tags != x{}",
]


def seconds(filter: str, assets: int = 600) -> float:
    """Measure a search with a filter in seconds of this thread, the fewest of three times."""
    library = Library.sample(size=assets)
    request = read_search({"filter": filter}, SCHEMAS["assets"])
    times: list[float] = []
    for _ in range(3):
        begin = time.thread_time()
        search(library, "assets", request, max_total_hits=1000)
        times.append(time.thread_time() - begin)
    return min(times)


@pytest.mark.parametrize("form", FORMS[:4])
@pytest.mark.parametrize("word", ["OR", "AND"])
def test_many_conditions_are_linear(form: str, word: str) -> None:
    """Ten times as many take ten times as long, and no longer over ten times as many assets.

    The conditions of an attribute are put to it together. How long 60,000 take is told by the benchmarks.
    """
    few, many = (f" {word} ".join(form.format(each) for each in range(number)) for number in (3000, 30_000))
    taken = seconds(few)
    assert seconds(many) < 30 * taken
    assert seconds(few, 6000) < 3 * taken


def test_conditions_of_many_attributes_take_no_longer() -> None:
    """Each attribute is read once, however often it is named."""
    names = sorted(SCHEMAS["assets"].filterable)
    assert len(names) > 20
    conditions = [f"{names[number % len(names)]} = x{number}" for number in range(10_000)]
    of_one = [f"name = x{number}" for number in range(10_000)]
    assert seconds(" OR ".join(conditions)) < 3 * seconds(" OR ".join(of_one))


@pytest.mark.long
async def test_a_filter_of_five_megabytes_holds_nobody_up(talk: Talk) -> None:
    """It is read and put in a thread, while others are answered."""
    long = " OR ".join(FORMS[number % len(FORMS)].format(number) for number in range(270_000))
    assert 5_000_000 < len(long) < 6_000_000
    began = time.perf_counter()
    task = asyncio.create_task(talk.ids(filter=long, limit=1))
    waits: list[float] = []
    while not task.done():
        begin = time.perf_counter()
        assert await talk.ids(filter="kind = image", limit=1)
        waits.append(time.perf_counter() - begin)
        await asyncio.sleep(0.05)
    assert await task
    whole = time.perf_counter() - began
    assert len(waits) > 3
    assert max(waits) < whole / 4
    assert sorted(waits)[len(waits) // 2] < whole / 20


async def test_too_many_attributes_to_sort_by_are_refused(talk: Talk) -> None:
    """A hundred are taken, and nobody has to look at a hundred thousand."""
    assert await talk.ids(filter="", sortBy=["createdAt:desc"] * 100)
    for orders in (["createdAt:desc"] * 101, ["nonsense"] * 100_000):
        reason = await talk.refusal(filter="", sortBy=orders)
        assert reason == '"sortBy" must contain less than or equal to 100 items'


# --- requests that are kept ---------------------------------------------------------------------------------


def request(size: int) -> RecordedRequest:
    """Make a request with a body of a size."""
    return RecordedRequest("POST", "/", {}, {}, None, size=size)


def test_the_oldest_requests_go_when_bodies_take_too_much() -> None:
    """The newest stays, whatever its size."""
    log = RequestLog(100, 1000)
    for _ in range(5):
        log.append(request(300))
    assert len(log) == 3
    log.append(request(5000))
    assert [each.size for each in log] == [5000]
    for _ in range(3):
        log.append(request(10))
    assert [each.size for each in log] == [10, 10, 10]


def test_a_log_that_was_emptied_has_room_again() -> None:
    """Tests clear the list between their parts."""
    log = RequestLog(100, 1000)
    for _ in range(3):
        log.append(request(300))
    log.clear()
    for _ in range(3):
        log.append(request(300))
    del log[1]
    log.append(request(300))
    assert len(log) == 3


def test_a_log_may_keep_nothing() -> None:
    """By number; by bytes it keeps the newest."""
    for log, kept in ((RequestLog(0), 0), (RequestLog(5, 0), 1)):
        log.append(request(300))
        log.append(request(300))
        assert len(log) == kept


@pytest.mark.parametrize("name", ["requests_kept", "request_bytes_kept"])
def test_a_bound_below_nothing_is_refused(name: str) -> None:
    """The error names the keyword."""
    with pytest.raises(ValueError, match=f"{name} must be a number of .* from 0 up, not -1"):
        Emulator(**{name: -1})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def test_searches_with_large_pictures_are_not_kept_for_ever() -> None:
    """Sixty bodies of a megabyte are kept as far as they fit; all small ones are."""
    from aiohttp import ClientSession  # noqa: PLC0415 - the fixtures' emulator has other bounds
    from emulator.talk import Talk  # noqa: PLC0415 - as above

    async with Emulator(request_bytes_kept=10 * 2**20) as emulator, ClientSession() as session:
        talk = Talk(session, emulator.base_url)
        for _ in range(15):
            await talk.refusal(image="data:image/png;base64," + "A" * 2**20)
        assert 8 <= len(emulator.requests) <= 10
        for _ in range(20):
            await talk.search(filter="kind = image")
        assert len(emulator.requests) >= 28


async def test_many_small_parts_count_as_what_they_take(talk: Talk, emulator: Emulator) -> None:
    """A list of half a million empty lists has one megabyte on the wire, and thirty in memory."""
    await talk.send("POST", "search/assets", data=b"[" + b"[]," * 500_000 + b"[]]")
    assert emulator.requests[-1].size > 30 * 2**20
    emulator.requests.clear()


# --- pictures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("large", "together"), [(True, 1), (False, 4)])
def test_large_pictures_are_decoded_one_at_a_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    large: bool,  # noqa: FBT001 - a parameter of the test
    together: int,
) -> None:
    """Small ones as many at a time as there are threads."""
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    content = (tmp_path / "red.png").read_bytes()
    monkeypatch.setattr(pictures, "_LARGE", 64 * 64 - 1 if large else 64 * 64)
    lock, all_here = threading.Lock(), threading.Barrier(4)
    inside: list[int] = [0, 0]

    def load(image: Image.Image) -> None:
        with lock:
            inside[0] += 1
            inside[1] = max(inside)
        if large:
            time.sleep(0.05)
        else:
            all_here.wait(10)
        with lock:
            inside[0] -= 1

    monkeypatch.setattr(pictures, "_decode", load)
    threads = [threading.Thread(target=pictures.read, args=(content,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == [0, together]


def png(width: int, height: int) -> bytes:
    """Make a grey picture in the fewest bytes."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" + b"\x80" * width) for _ in range(height)) + packer.flush()
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT": rows, b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="there is no `resource`")
def test_eight_pictures_of_64_megapixels_fit_into_a_gigabyte() -> None:
    """Eight searches at once; each picture takes 64 MB as it is, and 192 MB as RGB."""
    program = f"""
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from scenario_async.emulator.features import look_of_data_url
urls = ["data:image/png;base64,{b64encode(png(8000, 8000)).decode()}" + "" for _ in range(8)]
with ThreadPoolExecutor(8) as pool:
    list(pool.map(look_of_data_url.__wrapped__, urls))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""
    done = subprocess.run(
        [sys.executable, "-"], input=program, capture_output=True, text=True, timeout=120, check=True
    )
    assert int(done.stdout) < 10**9


# --- what is no record, and no picture ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["add", "replace"])
@pytest.mark.parametrize("given", ["x", 5, None, ["id"]])
def test_what_is_no_record_is_told_so(method: str, given: Any) -> None:
    """The error says what one is, and nothing is changed."""
    library = Library([asset("asset_1")])
    with pytest.raises(
        TypeError, match=r"a record of assets must be a mapping, .*\{'id': 'asset_1', ...\}\), not "
    ):
        getattr(library, method)(given)
    assert len(library.records("assets")) == 1
    with pytest.raises(TypeError, match="a record of models must be a mapping"):
        Library(models="model_1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_of_hits_is_told_so(tmp_path: Path, content: str) -> None:
    """Not as a fault of its JSON."""
    (tmp_path / "hits.json").write_text(content)
    with pytest.raises(
        ValueError, match=r"hits\.json: the file is empty; a library of nothing is an empty list"
    ):
        Library.load(tmp_path / "hits.json")


def test_pictures_that_end_too_early_are_left_out(tmp_path: Path) -> None:
    """Each with its reason, as those that are no pictures; alone they are no library."""
    Image.effect_noise((90, 90), 50).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "truncated.png").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    library = Library.load(tmp_path)
    assert [record["metadata"]["name"] for record in library.records("assets")] == ["whole"]
    reasons = {path.name: reason for path, reason in library.skipped.items()}
    assert reasons.keys() == {"truncated.png", "empty.png"}
    assert "truncated" in reasons["truncated.png"]
    assert reasons["empty.png"] == "the file is empty"
    (tmp_path / "whole.png").unlink()
    with pytest.raises(ValueError, match=r"none of its 2 pictures can be read; "):
        Library.load(tmp_path)


def test_a_refusal_behind_many_conditions_names_its_place() -> None:
    """However many lines there are before it."""
    text = " OR\n".join(f"name = x{number}" for number in range(20_000)) + " OR\ncolour = red"
    with pytest.raises(ServiceError, match=r"`colour` is not filterable \(line 20001, column 1\)"):
        search(Library.sample(), "assets", read_search({"filter": text}, SCHEMAS["assets"]), max_total_hits=9)
