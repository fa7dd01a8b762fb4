"""What goes wrong between a client and the picture host, and what becomes of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from download.running import Downloads, digest, library, statuses
from support.faces import AsyncFace

from scenario_async import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    AuthenticationError,
    DeadlineExceededError,
    InternalServerError,
    PermissionDeniedError,
    RateLimitError,
    ScenarioError,
)
from scenario_async._calls.retries import Backoff
from scenario_async._downloads import files, manifest, picture, run
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Connect


def test_what_passes_is_tried_again(downloads: Downloads) -> None:
    """A 503, a 429 and a dropped connection cost an attempt each, and no file."""
    downloads.emulator.faults.add("503, ok, 429 retry-after=1, ok, drop, ok, 500, ok, 408", kind="pictures")
    assert statuses(downloads.run(concurrency=1)) == {"saved": 12}
    told = [request.status for request in downloads.requests()]
    assert told == [503, 200, 429, 200, None, 200, 500, 200, 408, *[200] * 8]


@pytest.mark.parametrize(
    ("fault", "error", "attempts"),
    [
        ("503", InternalServerError, 3),
        ("429", RateLimitError, 3),
        ("drop", APIConnectionError, 3),
        ("404", ScenarioError, 1),
        ("redirect location=http://127.0.0.1:1/x", ScenarioError, 1),
        ("html", APIResponseValidationError, 1),
        ("204", APIResponseValidationError, 1),
    ],
)
def test_what_lasts_fails_that_file_alone(
    downloads: Downloads, fault: str, error: type[Exception], attempts: int
) -> None:
    """It is told with its file, noted, and nothing of it is there; the next run gets it."""
    downloads.emulator.faults.repeat(fault, kind="pictures")
    done = downloads.run(downloads.hits()[:1])
    assert statuses(done) == {"failed": 1}
    assert isinstance(done[0].error, error)
    assert (done[0].path, done[0].bytes, done[0].sha256) == (None, 0, None)
    assert getattr(done[0].error, "attempts", None) == attempts
    assert downloads.files == {}
    assert [line["status"] for line in downloads.manifest] == ["failed"]
    assert "Signature" not in str(done[0].error)
    assert statuses(downloads.run(downloads.hits()[:1])) == {"failed": 1}
    assert len(downloads.manifest) == 1, "the same failure is noted once"
    downloads.emulator.faults.clear()
    assert statuses(downloads.run()) == {"saved": 12}


def test_an_error_tells_where_and_how_often(downloads: Downloads) -> None:
    """With the address, but without what signs it."""
    downloads.emulator.faults.repeat("503", kind="pictures")
    error: Any = downloads.run(downloads.hits()[:1])[0].error
    assert error.method == "GET"
    assert error.url == downloads.emulator.pictures_url + "/assets-transform/asset_00000"
    assert error.attempts == len(error.attempt_seconds) == 3
    assert error.retryable
    assert error.gave_up_because == "max_retries"


def test_a_redirect_is_not_followed(downloads: Downloads) -> None:
    """Not even to a picture that is there."""
    downloads.emulator.faults.repeat("redirect location=/thumbnails/asset_00001", kind="pictures")
    done = downloads.run(downloads.hits()[:1])
    assert "redirects are not followed" in str(done[0].error)
    assert {request.path for request in downloads.requests("/thumbnails")} == set()


def test_a_429_holds_back_the_other_files(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody asks again before the host said; the API is not held back by it."""
    monkeypatch.setattr(Backoff, "instant", False)
    emulator = Emulator(library(8))
    emulator.faults.add("429 retry-after=1", kind="pictures")
    with emulator.running() as base_url:
        downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
        done = downloads.run(concurrency=1)
        assert statuses(done) == {"saved": 8}
    assert downloads.face.client._caller.admission.cool_down.left() == 0


class TestBrokenOff:
    """A body that is cut is continued where it broke off, and never put together wrongly."""

    @pytest.fixture(autouse=True)
    def small_buffer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Write what comes at once, as is done with large files."""
        monkeypatch.setattr(picture, "_BUFFER", 64)

    @pytest.fixture
    def whole(self, downloads: Downloads) -> bytes:
        """Give the file as it should come."""
        done = downloads.run(downloads.hits()[:1])
        assert done[0].path is not None
        content = done[0].path.read_bytes()
        done[0].path.unlink()
        downloads.emulator.requests.clear()
        return content

    def test_it_is_continued(self, downloads: Downloads, whole: bytes) -> None:
        """With `If-Range`, from the byte where it broke off."""
        downloads.emulator.faults.add("half, half share=0.9", kind="pictures")
        done = downloads.run(downloads.hits()[:1])
        assert statuses(done) == {"saved": 1}
        assert downloads.files == {"asset_00000.png": whole}
        first, second, third = downloads.requests()
        assert "Range" not in first.headers
        assert second.headers["Range"] == f"bytes={len(whole) // 2}-"
        assert second.headers["If-Range"].startswith('"')
        assert (first.status, second.status, third.status) == (200, 206, 206)

    def test_a_later_run_continues_it(self, downloads: Downloads, whole: bytes) -> None:
        """What came is kept beside the manifest under no name of a picture."""
        downloads.emulator.faults.repeat("half", kind="pictures")
        failed = downloads.run(downloads.hits()[:1])
        assert statuses(failed) == {"failed": 1}
        assert isinstance(failed[0].error, APIConnectionError)
        (part,) = downloads.files
        assert part.endswith(".part")
        assert whole.startswith(downloads.files[part])
        assert len(downloads.files[part]) > len(whole) // 2
        downloads.emulator.faults.clear()
        downloads.emulator.requests.clear()
        assert statuses(downloads.run(downloads.hits()[:1])) == {"saved": 1}
        assert downloads.files == {"asset_00000.png": whole}
        assert downloads.requests()[0].headers["Range"].startswith("bytes=")

    def test_a_server_without_ranges(self, downloads: Downloads, whole: bytes) -> None:
        """It is fetched anew, from its beginning."""
        downloads.emulator.faults.add("half, no-ranges", kind="pictures")
        assert statuses(downloads.run(downloads.hits()[:1])) == {"saved": 1}
        assert downloads.files == {"asset_00000.png": whole}
        assert [request.status for request in downloads.requests()] == [200, 200]

    def test_a_changed_file(self, downloads: Downloads, whole: bytes) -> None:
        """Another ETag: what was there is left out, and the new file is whole."""
        downloads.emulator.faults.add("half, changed", kind="pictures")
        done = downloads.run(downloads.hits()[:1])
        assert statuses(done) == {"saved": 1}
        new = whole + b"\0"
        assert downloads.files == {"asset_00000.png": new}
        assert done[0].sha256 == digest(new)

    def test_a_part_that_was_whole_already(self, downloads: Downloads, whole: bytes) -> None:
        """A run that was killed before the file got its name: what is there is taken, and not fetched again."""
        downloads.emulator.faults.repeat("half share=0.99", kind="pictures")
        downloads.run(downloads.hits()[:1])
        (part,) = downloads.files
        (downloads.folder / part).write_bytes(whole)
        downloads.emulator.faults.clear()
        assert statuses(downloads.run(downloads.hits()[:1])) == {"saved": 1}
        assert downloads.files == {"asset_00000.png": whole}
        assert downloads.requests()[-1].status == 416

    def test_a_part_longer_than_the_file(self, downloads: Downloads, whole: bytes) -> None:
        """It belongs to something else, and goes."""
        downloads.emulator.faults.repeat("half share=0.99", kind="pictures")
        downloads.run(downloads.hits()[:1])
        (part,) = downloads.files
        (downloads.folder / part).write_bytes(whole + b"more")
        downloads.emulator.faults.clear()
        assert statuses(downloads.run(downloads.hits()[:1])) == {"saved": 1}
        assert downloads.files == {"asset_00000.png": whole}

    def test_a_silent_host(self, connect: Connect, emulator: Emulator, base_url: str, tmp_path: Path) -> None:
        """`timeout` is how long it may be silent; a slow host that goes on sending is waited for."""
        face = connect(base_url, timeout=0.5, max_retries=0)
        downloads = Downloads(face, emulator, tmp_path / "pictures")
        emulator.faults.add("hang", kind="pictures")
        done = downloads.run(downloads.hits()[:1])
        assert isinstance(done[0].error, APITimeoutError)
        assert "the picture host was silent for 0.5 s" in str(done[0].error)
        emulator.faults.add("drip pause=0.05 size=32", kind="pictures")
        assert statuses(downloads.run(downloads.hits()[:1])) == {"saved": 1}

    def test_the_deadline_bounds_a_file(
        self, connect: Connect, emulator: Emulator, base_url: str, tmp_path: Path
    ) -> None:
        """However often it is tried; what came is kept."""
        face = connect(base_url, deadline=0.6)
        downloads = Downloads(face, emulator, tmp_path / "pictures")
        hits = downloads.hits()[:1]
        emulator.faults.add("drip pause=0.2 size=64", kind="pictures")
        done = downloads.run(hits)
        assert isinstance(done[0].error, DeadlineExceededError)
        assert "the file outlasted the deadline of 0.6 s" in str(done[0].error)
        (part,) = downloads.files
        assert part.endswith(".part")


def test_the_extension_is_that_of_the_bytes(downloads: Downloads) -> None:
    """Whatever the reply calls them, and whatever was asked for."""
    downloads.emulator.faults.repeat("wrong-type type=gif", kind="pictures")
    done = downloads.run(downloads.hits()[:1], format="webp")
    assert statuses(done) == {"saved": 1}
    assert list(downloads.files) == ["asset_00000.gif"]
    assert statuses(downloads.run(downloads.hits()[:1], format="webp")) == {"present": 1}


class TestExpired:
    """Addresses that open nothing any more are renewed, once for all that wait."""

    def test_by_the_host_s_word(self, downloads: Downloads) -> None:
        """Every file is refused once, and one request renews all."""
        hits = downloads.hits()
        downloads.emulator.expire_urls()
        assert statuses(downloads.run(hits)) == {"saved": 12}
        (bulk,) = downloads.requests("/v1/assets/get-bulk")
        assert sorted(bulk.body["assetIds"]) == [hit.id for hit in hits]
        assert [request.status for request in downloads.requests()] == [403] * 12 + [200] * 12

    @pytest.mark.parametrize("count", [200, 201, 450])
    def test_two_hundred_with_each_request(
        self, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        """The limit of the service is kept, and used up."""
        monkeypatch.setattr(run, "_GATHERING", 60)  # however slowly they come
        emulator = Emulator(library(count, side=4), urls_expire_after=3600)
        with emulator.running() as base_url:
            downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
            ids = [f"asset_{number:05}" for number in range(count)]
            assert statuses(downloads.run(ids)) == {"saved": count}
            sizes = [len(each.body["assetIds"]) for each in downloads.requests("/v1/assets/get-bulk")]
        assert max(sizes) <= 200
        assert len(sizes) == -(-count // 200)

    def test_by_what_the_address_says(self, connect: Connect, tmp_path: Path) -> None:
        """One that says that it has expired is not even tried."""
        emulator = Emulator(library(3), urls_expire_after=3600)
        with emulator.running() as base_url:
            downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
            gone = "Expires=1&Signature=x"
            hits = [{"id": hit.id, "url": f"{hit.url.partition('?')[0]}?{gone}"} for hit in downloads.hits()]
            assert statuses(downloads.run(hits)) == {"saved": 3}
            assert [request.status for request in downloads.requests()] == [200] * 3

    def test_an_original_stays_one(self, downloads: Downloads) -> None:
        """Its new address is that of the original again."""
        hits = downloads.hits(original_assets=True)[:2]
        downloads.emulator.expire_urls()
        assert statuses(downloads.run(hits)) == {"saved": 2}
        (bulk,) = downloads.requests("/v1/assets/get-bulk")
        assert bulk.query["originalAssets"] == "true"
        assert all(request.path.startswith("/assets/") for request in downloads.requests())

    def test_a_new_address_that_is_refused_fails(self, downloads: Downloads) -> None:
        """It is asked for once: nobody goes round in circles."""
        downloads.emulator.faults.repeat("expired-url", kind="pictures")
        done = downloads.run(downloads.hits()[:2])
        assert statuses(done) == {"failed": 2}
        assert isinstance(done[0].error, PermissionDeniedError)
        assert len(downloads.requests("/v1/assets/get-bulk")) == 1
        assert len(downloads.requests()) == 4

    def test_addresses_that_expire_again_and_again(
        self,
        connect: Connect,
        emulator: Emulator,
        base_url: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """There is an end to that as well."""
        monkeypatch.setattr(run, "expires_at", len)  # long ago
        downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
        emulator.faults.repeat("expired-url", kind="pictures")
        assert statuses(downloads.run(downloads.hits()[:1])) == {"failed": 1}
        assert len(downloads.requests("/v1/assets/get-bulk")) == 3

    def test_a_renewal_that_fails_fails_those_that_waited(
        self, connect: Connect, emulator: Emulator, base_url: str, tmp_path: Path
    ) -> None:
        """With its error; what needs none comes all the same."""
        downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
        emulator.faults.repeat("401", kind="get-bulk")
        done = downloads.run([downloads.hits()[0], "asset_00001", "asset_00002"])
        assert statuses(done) == {"saved": 1, "failed": 2}
        assert {type(each.error) for each in done} == {type(None), AuthenticationError}
        emulator.faults.repeat("503, ok", kind="get-bulk")
        assert statuses(downloads.run(["asset_00001"])) == {"saved": 1}

    @pytest.mark.parametrize("body", ["[]", "{}", '{"assets": 5}'])
    def test_a_renewal_that_is_none(self, downloads: Downloads, body: str) -> None:
        """A reply of another shape is told as what it is."""
        downloads.emulator.faults.repeat(f"200 body='{body}'", kind="get-bulk")
        done = downloads.run(["asset_00001"])
        assert isinstance(done[0].error, APIResponseValidationError)
        assert "no list of assets" in str(done[0].error)

    def test_the_project_is_named(
        self, connect: Connect, emulator: Emulator, base_url: str, tmp_path: Path
    ) -> None:
        """As in searches."""
        face = connect(base_url, project_id="proj_1")
        downloads = Downloads(face, emulator, tmp_path / "pictures")
        assert statuses(downloads.run(["asset_00001"])) == {"saved": 1}
        assert downloads.requests("/v1/assets/get-bulk")[0].query["projectId"] == "proj_1"


def test_pictures_cost_none_of_the_quota(connect: Connect, tmp_path: Path) -> None:
    """Of three requests a minute one is the search, whatever is downloaded."""
    emulator = Emulator(library(12), rate_limit=1)
    with emulator.running() as base_url:
        downloads = Downloads(connect(base_url, max_concurrency=1), emulator, tmp_path / "pictures")
        assert statuses(downloads.run()) == {"saved": 12}


@attrs.define
class SlowDisk:
    """A disk that takes so many seconds for each file; `done` has what was laid down."""

    seconds: float = 0.3
    done: list[str] = attrs.field(factory=list[str])


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    """Let the disk take its time."""
    disk, lay_down = SlowDisk(), files.Part.lay_down

    def late(part: files.Part) -> None:
        time.sleep(disk.seconds)
        lay_down(part)
        disk.done.append(part.name)

    monkeypatch.setattr(files.Part, "lay_down", late)
    return disk


def test_a_slow_disk_is_no_failure_of_a_file(
    connect: Connect, downloads: Downloads, slow_disk: SlowDisk
) -> None:
    """The deadline is that of the fetching: a file that came whole is saved, and not told to have failed."""
    slow_disk.seconds = 2.5
    face = connect(downloads.face.client.settings.base_url, deadline=2.0)
    bounded = attrs.evolve(downloads, face=face)
    assert statuses(bounded.run(downloads.hits()[:3])) == {"saved": 3}
    assert len(slow_disk.done) == 3
    assert {line["status"] for line in downloads.manifest} == {"saved"}


def test_a_download_that_is_left_writes_nothing_later(
    downloads: Downloads, slow_disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are laid down just then are finished before the folder is let go, and the manifest knows them."""
    open_when_written: list[bool] = []
    write = manifest.Manifest.write

    def noted(self: manifest.Manifest, key: manifest.Key, entry: manifest.Entry) -> None:
        write(self, key, entry)
        open_when_written.append(True)

    monkeypatch.setattr(manifest.Manifest, "write", noted)
    hits, face, folder = downloads.hits(), downloads.face, downloads.folder
    if isinstance(face, AsyncFace):

        async def leave() -> None:
            items = face.client.download(hits, folder, concurrency=6)
            await anext(items)
            await items.aclose()

        face.runner.run(leave())
    else:
        items = face.client.download(hits, folder, concurrency=6)
        next(items)
        items.close()
    written = len(open_when_written)
    assert written == len(slow_disk.done) == len(downloads.manifest)
    there = {path.name for path in folder.iterdir()} - {"manifest.jsonl"}
    assert there == {line["path"] for line in downloads.manifest}
    time.sleep(0.4)
    assert len(open_when_written) == written
    assert written < 12
    assert statuses(downloads.run()) == {"present": written, "saved": 12 - written}
