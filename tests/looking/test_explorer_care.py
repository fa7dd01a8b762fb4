"""What the explorer takes care of: the quota, addresses that expire, what stands for what, and room for all of it."""

from __future__ import annotations

import gc
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from looking.browsing import BROKEN
from looking.exploring import PLENTY, explorer, wait_for_hits, wait_for_status
from support.hits import asset
from support.servers import Answer

from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from looking.browsing import Looking, Viewer
    from looking.exploring import Explorer
    from support.servers import Arrived, Serve

    Exploring = Callable[..., AbstractContextManager[Explorer]]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Run an emulator whose addresses expire."""
    emulator = Emulator(urls_expire_after=3600)
    with emulator.running():
        yield emulator


@pytest.fixture
def exploring(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exploring:
    """Give what runs an explorer over the emulator, or over another service."""
    for name in ("API_KEY", "API_SECRET"):
        monkeypatch.setenv(f"SCENARIO_SDK_{name}", "emulator")
    emulator.requests.clear()

    def run(rate_limit: int = PLENTY, base_url: str = "") -> AbstractContextManager[Explorer]:
        monkeypatch.setenv("SCENARIO_BASE_URL", base_url or emulator.base_url)
        return explorer(tmp_path / "explored", rate_limit)

    return run


def hits_of(*hits: dict[str, Any]) -> dict[str, Any]:
    """Give a page of hits."""
    return {"hits": list(hits), "offset": 0, "limit": 100, "estimatedTotalHits": len(hits)}


def edges(viewer: Viewer, name: str) -> tuple[float, float]:
    """Give where something begins and ends, from the left."""
    box = viewer.page.locator(name).bounding_box()
    assert box is not None
    return box["x"], box["x"] + box["width"]


def test_only_picks_ask_for_nothing(looking: Looking, exploring: Exploring, emulator: Emulator) -> None:
    """They are all here, however much of the screen they leave free; the rest goes on where it was."""
    with exploring() as running:
        viewer = running.visit(looking, "#zoom=l", viewport={"width": 900, "height": 500})
        wait_for_status(viewer, "100 of about 420 assets")
        viewer.tiles.nth(1).locator(".open").focus()
        viewer.page.keyboard.press("x")
        viewer.page.get_by_role("button", name="Only picks").click()
        wait_for_status(viewer, "1 picked")
        viewer.tiles.first.locator(".open").click()
        viewer.page.wait_for_timeout(600)
        viewer.page.keyboard.press("Escape")
        viewer.page.get_by_role("button", name="Only picks").click()
        wait_for_status(viewer, "100 of about 420 assets")
        assert len([each for each in emulator.requests if "/search/" in each.path]) == 1


def test_pictures_come_back_with_fresh_addresses(
    looking: Looking, exploring: Exploring, emulator: Emulator
) -> None:
    """An address that has expired is no last word: a later search brings another one."""
    expired = (
        "() => [...document.querySelectorAll('.placeholder')].filter("
        "each => each.dataset.reason === 'Address has expired').length"
    )
    with exploring() as running:
        viewer = running.visit(looking, "#q=knight")
        wait_for_status(viewer, "58 assets")
        emulator.expire_urls()
        viewer.page.evaluate("document.querySelector('#scroller').scrollTop = 1e9")
        viewer.page.wait_for_function(f"() => ({expired})() > 3")
        viewer.page.locator("#sort").select_option(label="Oldest first")
        viewer.page.wait_for_function("() => document.querySelector('.tile img')?.naturalWidth > 0")
        for place in range(6):
            viewer.page.evaluate("at => { document.querySelector('#scroller').scrollTop = at * 500 }", place)
            viewer.page.wait_for_timeout(100)
        viewer.page.wait_for_function(
            "() => [...document.querySelectorAll('.tile img')].every(each => each.complete)"
        )
        assert viewer.page.evaluate(expired) == 0


@pytest.mark.parametrize("fragment", ["#kind=video", "#in=model"])
def test_what_is_searched_with_is_seen(looking: Looking, exploring: Exploring, fragment: str) -> None:
    """Also where it is the thumbnail of a hit, which was itself not found; also after a reload."""
    seen = "() => document.querySelector('.likeness img')?.naturalWidth > 0"
    with exploring() as running:
        viewer = running.visit(looking, fragment)
        wait_for_hits(viewer)
        identifier = viewer.ids[0]
        viewer.tiles.first.locator(".open").focus()
        viewer.page.keyboard.press("m")
        viewer.page.wait_for_function(seen)
        assert "like=asset_" in viewer.fragment
        assert identifier not in viewer.fragment
        viewer.reload()
        viewer.page.wait_for_function(seen)


def test_months_that_there_are_not(looking: Looking, exploring: Exploring) -> None:
    """An address may say anything: what is wrong with it is told in words."""
    with exploring() as running:
        for month in ("9999-12", "0000-01"):
            viewer = running.visit(looking, f"#date={month}")
            viewer.page.get_by_text("it must be a month, such as 2025-12").wait_for()


def test_enter_at_once_searches_what_was_typed(
    looking: Looking, exploring: Exploring, emulator: Emulator
) -> None:
    """Also with few requests left, where letters wait for Enter: it takes the last of them along, and asks once."""
    with exploring(rate_limit=9) as running:
        viewer = running.visit(looking)
        wait_for_hits(viewer)
        viewer.page.evaluate(
            """() => {
              const query = document.querySelector('#query');
              query.value = 'knight';
              query.dispatchEvent(new Event('input', { bubbles: true }));
              query.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
            }"""
        )
        wait_for_status(viewer, "58 assets")
        viewer.page.wait_for_timeout(400)
        assert len([each for each in emulator.requests if "/search/" in each.path]) == 2


def test_the_order_that_is_shown_is_the_one_that_is_sent(looking: Looking, exploring: Exploring) -> None:
    """Where nothing is asked for, nothing matches best; an order that there is not counts for none."""
    chosen = "() => document.querySelector('#sort').selectedOptions[0]?.label"
    with exploring() as running:
        viewer = running.visit(looking, "#sort=largest")
        wait_for_hits(viewer)
        assert viewer.page.evaluate(chosen) == "Newest first"
        assert viewer.page.locator("#counted").is_visible()
        viewer.type("knight", "58 assets")
        assert viewer.page.evaluate(chosen) == "Best match"
        assert not viewer.page.locator("#counted").is_visible()
        viewer.page.locator("#query").fill("")
        wait_for_status(viewer, "100 of about 420 assets")
        assert viewer.page.evaluate(chosen) == "Newest first"


def test_a_filter_that_reaches_out_of_its_part(looking: Looking, exploring: Exploring) -> None:
    """Beside a choice it would undo it: it is refused, and that is said where it was typed."""
    with exploring() as running:
        viewer = running.visit(looking, "#kind=video&filter=kind+%3D+image)+OR+(kind+%3D+video")
        viewer.page.locator("#filter-words").wait_for()
        assert "it must be whole by itself" in viewer.page.locator("#filter-words").inner_text()
        assert not viewer.page.locator("#filter-caret").is_visible()


def test_the_caret_is_below_its_character(looking: Looking, exploring: Exploring) -> None:
    """Whatever stands before it, and however wide that is."""
    with exploring() as running:
        viewer = running.visit(looking, "#q=knight")
        wait_for_hits(viewer)
        box = viewer.page.locator("#filter")
        box.fill('tags = "\u65e5\u672c\u8a9e\t\U0001f600 wide" == 5')
        box.press("Enter")
        viewer.page.locator("#filter-caret").wait_for()
        apart = viewer.page.evaluate(
            """() => {
              const caret = document.querySelector('#filter-caret');
              const sign = document.createRange();
              sign.selectNodeContents(caret.lastChild);
              return sign.getBoundingClientRect().left - caret.querySelector('mark').getBoundingClientRect().left;
            }"""
        )
        assert abs(apart) < 2


def test_a_damaged_picture_is_called_so(looking: Looking, exploring: Exploring, serve: Serve) -> None:
    """One whose head is good, so that only the browser finds out; whole numbers of any size are copied as they came."""

    def script(request: Arrived) -> Answer | dict[str, Any]:
        if not request.path.startswith("/v1/search"):
            return Answer(BROKEN, headers={"content-type": "image/webp"})
        url = f"{server.base_url.removesuffix('/v1')}/assets-transform/a"
        return hits_of(asset("asset_1", url=url, mimeType="image/webp", newField=12345678901234567891))

    server = serve(script)
    with exploring(base_url=server.base_url) as running:
        viewer = running.visit(looking, "#q=x")
        wait_for_status(viewer, "1 asset")
        viewer.page.locator(".placeholder[data-reason='File is damaged']").wait_for()
        viewer.tiles.first.locator(".open").click()
        assert "12345678901234567891" in viewer.page.locator("#lightbox-details").inner_text()
        viewer.page.get_by_role("button", name="Copy JSON").click()
        viewer.page.wait_for_function("() => document.querySelector('#toast').textContent === 'JSON copied'")
        copied: str = viewer.page.evaluate("navigator.clipboard.readText()")
        assert json.loads(copied)["newField"] == 12345678901234567891


@pytest.mark.parametrize("width", [860, 1000, 1280])
def test_the_bar_of_picks_leaves_the_filters_free(looking: Looking, exploring: Exploring, width: int) -> None:
    """It stands below the pictures, in as many lines as it needs."""
    with exploring() as running:
        viewer = running.visit(looking, viewport={"width": width, "height": 700})
        wait_for_hits(viewer)
        viewer.tiles.first.locator(".open").focus()
        viewer.page.keyboard.press("x")
        assert edges(viewer, "#picks")[0] >= edges(viewer, "#side")[1]
        assert edges(viewer, "#picks")[1] <= width
        assert viewer.page.evaluate(
            "(bar => bar.scrollWidth <= bar.clientWidth)(document.querySelector('#picks'))"
        )


def test_the_smallest_screen_has_room_for_the_head(looking: Looking, exploring: Exploring) -> None:
    """No button lies over another one."""
    with exploring() as running:
        viewer = running.visit(looking, viewport={"width": 320, "height": 568})
        assert edges(viewer, "#kinds")[1] <= edges(viewer, "#help-open")[0]
        assert edges(viewer, "#theme")[1] <= 320


def test_a_stop_amid_a_download_leaves_nothing_open(
    exploring: Exploring, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The connections to the picture host are closed with all others."""
    came, free = threading.Event(), threading.Event()

    def script(request: Arrived) -> Answer | dict[str, Any]:
        host = server.base_url.removesuffix("/v1")
        if request.path.startswith("/v1/search"):
            return hits_of(*(asset(f"asset_{number}", url=f"{host}/file/{number}") for number in range(12)))
        if request.path.endswith("/0"):
            return Answer(b"RIFF", headers={"content-type": "image/webp"})
        came.set()
        free.wait(20)
        return Answer(b"")

    server = serve(script)
    with exploring(base_url=server.base_url) as running:

        def ask(name: str, **asked: Any) -> Any:
            body = json.dumps({"what": "asset", **asked}).encode()
            return urlopen(Request(running.address + name, data=body), timeout=30)  # noqa: S310 - of this machine

        with ask("search", query="x") as found:
            ids = [each["hit"]["id"] for each in json.load(found)["hits"]]
        telling = ask("download", ids=ids)
        assert json.loads(telling.readline())["id"] == "asset_0"
        assert came.wait(20)
    telling.close()
    free.set()
    gc.collect()
    assert [each.getMessage() for each in caplog.records if "Unclosed" in each.getMessage()] == []
