"""The explorer where it is hard: strangers, lost connections, a spent quota, hostile texts, many hits, small screens."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from looking.browsing import axe_path
from looking.exploring import explorer, wait_for_hits, wait_for_status
from support.hits import asset, assets
from support.servers import Answer, paged

from scenario_async.emulator import Emulator
from scenario_async.explore.desk import MOST_BYTES
from scenario_async.explore.server import PORT, bound

if TYPE_CHECKING:
    from pathlib import Path

    from looking.browsing import Looking, Viewer
    from support.servers import Arrived, Serve

pytestmark = pytest.mark.long

TEXTS = [
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>",
    "\u202egnirts desrever\u202c and nul \x00 bell \x07 \ud83d {{script}} ${alert(3)} `'\" &lt; \u2028",
]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give what leads the explorer to a service."""

    def lead(base_url: str) -> None:
        monkeypatch.setenv("SCENARIO_BASE_URL", base_url)
        monkeypatch.setenv("SCENARIO_SDK_API_KEY", "emulator")
        monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "emulator")

    return lead


def asked(
    address: str, path: str = "", method: str = "GET", **headers: str
) -> tuple[int, str, dict[str, str]]:
    """Ask without a browser."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.putrequest(method, path or parts.path, skip_host=True)
    sent = {"Host": parts.netloc, **{name.replace("_", "-"): value for name, value in headers.items()}}
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    reply = connection.getresponse()
    told = reply.status, reply.read().decode(), {name.lower(): value for name, value in reply.getheaders()}
    connection.close()
    return told


def test_strangers_are_refused_before_anything_else(at: Any, tmp_path: Path) -> None:
    """Without the token, by another name, from another page: 403, whatever is asked for, and nothing is searched."""
    emulator = Emulator()
    with emulator.running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:
            address = running.address
            path = urlsplit(address).path
            status, page, headers = asked(address)
            assert (status, "LiveSource" in page) == (200, True)
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            port = urlsplit(address).port
            refused: list[tuple[str, dict[str, str]]] = [
                ("/", {}), ("/favicon.ico", {}), ("/wrong/", {}), (path[:-2] + "/", {}), (path.rstrip("/"), {}),
                (path, {"Host": "evil.example"}), (path, {"Host": f"localhost:{port}"}), (path, {"Host": "127.0.0.1"}),
                (path, {"Origin": "http://evil.example"}), (path, {"Origin": "null"}),
                (path, {"Sec_Fetch_Site": "cross-site"}), (path, {"Sec_Fetch_Site": "same-site"}),
                (f"{path}search", {"Origin": f"http://127.0.0.1:{(port or 0) + 1}"}), (f"/x{path}search", {}),
            ]  # fmt: skip
            for each, headers in refused:
                for method in ("GET", "POST", "OPTIONS", "DELETE"):
                    told = asked(address, each, method, **headers)
                    assert (told[0], "LiveSource" in told[1]) == (403, False), (each, headers, method)
            assert asked(address, f"{path}nothing")[0] == 404
            assert asked(address, path, "DELETE")[0] == 405
            own = {"Origin": f"http://127.0.0.1:{port}", "Sec_Fetch_Site": "same-origin"}
            assert asked(address, f"{path}quota", "POST", **own)[0] == 200
    assert emulator.requests == []


def test_odd_requests_are_answered_in_words(at: Any, tmp_path: Path) -> None:
    """What nobody knows, what is no JSON, what is too large, picks that were never found: none is a failure of ours."""
    with Emulator().running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:

            def told(name: str, body: bytes) -> str:
                request = Request(running.address + name, data=body)  # noqa: S310 - an address of this machine
                with urlopen(request, timeout=30) as reply:  # noqa: S310
                    assert reply.status == 200
                    what: str = json.loads(reply.read())["error"]["what"]
                    return what

            nothing = json.dumps({"what": "asset", "ids": ["asset_1"], "format": "csv"}).encode()
            assert told("unknown", b"{}") == "The explorer does not know this."
            assert told("search", b"[1") == "This cannot be searched for."
            assert told("search", b"[" * 100_000) == "This cannot be searched for."
            assert told("picture", b"x" * (MOST_BYTES + 1)) == "This is too large."
            for name in ("export", "download", "picked-code"):
                assert told(name, nothing) == "This failed."
            assert list(tmp_path.iterdir()) == []


def test_a_second_browser_needs_the_address(looking: Looking, at: Any, tmp_path: Path) -> None:
    """Without the token it sees a 403, in words."""
    with Emulator().running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:
            viewer = running.visit(looking, "#q=knight")
            wait_for_status(viewer, "58 assets")
            page = looking.browser.new_page()
            reply = page.goto("/".join(running.address.split("/")[:3]))
            assert reply is not None
            assert reply.status == 403
            assert "Open the whole address" in page.inner_text("body")
            page.close()


def test_a_port_that_is_taken() -> None:
    """One that is named is refused, else the next free one is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            bound(taken.getsockname()[1])
    with bound(None) as first, bound(None) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
        assert first.getsockname()[1] >= PORT


def test_offline_and_back(looking: Looking, at: Any, tmp_path: Path) -> None:
    """What was asked meanwhile comes by itself, and what is there stays."""
    with Emulator().running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:
            viewer = running.visit(looking, "#q=knight")
            wait_for_status(viewer, "58 assets")
            context = viewer.page.context
            context.set_offline(True)
            viewer.page.locator("#query").fill("castle")
            viewer.page.get_by_text("The explorer does not answer.").wait_for()
            assert viewer.tiles.count() > 10
            context.set_offline(False)
            wait_for_status(viewer, "77 assets")
            viewer.page.locator("#trouble").wait_for(state="hidden")
            viewer.complaints[:] = [
                each for each in viewer.complaints if "ERR_INTERNET_DISCONNECTED" not in each
            ]


def test_a_service_that_fails_for_a_while(looking: Looking, at: Any, tmp_path: Path) -> None:
    """The error stands there in words until it works again, which is tried by itself."""
    emulator = Emulator(faults="503 x3")
    with emulator.running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:
            viewer = running.visit(looking, "#q=knight")
            viewer.page.get_by_text("The service failed.").wait_for()
            wait_for_status(viewer, "58 assets")
            assert not viewer.page.locator("#trouble").is_visible()


def test_a_service_that_nobody_reaches(looking: Looking, at: Any, tmp_path: Path) -> None:
    """It is said, and the button tries again."""
    with Emulator(port=0).running() as base_url:
        port = urlsplit(base_url).port
    at(base_url)
    with explorer(tmp_path) as running:
        viewer = running.visit(looking, "#q=knight")
        viewer.page.get_by_text("The service cannot be reached.").wait_for()
        with Emulator(port=port or 0).running():
            viewer.page.get_by_role("button", name="Try again").click()
            wait_for_status(viewer, "58 assets")


def test_a_refused_key_is_told(looking: Looking, at: Any, tmp_path: Path) -> None:
    """With what to do about it; nothing is tried again, and the key is nowhere."""
    emulator = Emulator(api_key="another")
    with emulator.running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:
            viewer = running.visit(looking, "#q=knight")
            viewer.page.get_by_text("The service does not know this key.").wait_for()
            assert "scenario-async doctor" in viewer.page.locator("#trouble").inner_text()
            viewer.page.wait_for_timeout(1500)
            assert len(emulator.requests) == 1


def test_the_quota_is_kept(looking: Looking, at: Any, tmp_path: Path) -> None:
    """With few requests left, letters wait for Enter; with none, the page says when it goes on."""
    emulator = Emulator()
    with emulator.running() as base_url:
        at(base_url)
        with explorer(tmp_path, rate_limit=11) as running:
            viewer = running.visit(looking, "#q=knight")
            wait_for_status(viewer, "58 assets")
            words = viewer.page.locator("#quota-words")
            assert words.inner_text() == "1 of 11 / minute"
            viewer.type("castle", "77 assets")
            assert words.inner_text() == "2 of 11 / minute"
            viewer.page.locator("#query").fill("dragon")
            wait_for_status(viewer, "Press Enter to search: 9 requests left in this minute")
            viewer.page.wait_for_timeout(600)
            before = len([each for each in emulator.requests if "search" in each.path])
            assert before == 2
            viewer.page.keyboard.press("Enter")
            wait_for_status(viewer, "60 assets")
            for number in range(8):
                viewer.page.locator("#query").fill(f"potion {number}")
                viewer.page.wait_for_function(
                    "() => document.querySelector('#status').textContent.startsWith('Press')"
                )
                viewer.page.keyboard.press("Enter")
                viewer.page.wait_for_function(
                    "used => document.querySelector('#quota-words').textContent.startsWith(used)",
                    arg=f"{4 + number} of",
                )
            viewer.page.locator("#query").fill("ship")
            viewer.page.wait_for_function(
                "() => document.querySelector('#status').textContent.startsWith('Press')"
            )
            viewer.page.keyboard.press("Enter")
            viewer.page.wait_for_function(
                "() => document.querySelector('#quota-words').textContent.startsWith('goes on in')"
            )
            assert len([each for each in emulator.requests if "search" in each.path]) == 11


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_data(looking: Looking, at: Any, serve: Serve, tmp_path: Path, text: str) -> None:
    """In hits, and in errors of the service, nothing runs and nothing is taken for markup."""
    metadata = {"kind": text, "prompt": text, "modelId": text, "name": text}
    hit = asset("asset_1", metadata=metadata, tags=[text], url="", newField={text: text})
    answers: list[Answer | dict[str, Any]] = [
        {"hits": [hit], "offset": 0, "limit": 100, "estimatedTotalHits": 1},
        Answer({"reason": f"Invalid filter: {text}"}, 400),
    ]
    at(serve(lambda _: answers.pop(0) if len(answers) > 1 else answers[0]).base_url)
    with explorer(tmp_path) as running:
        viewer = running.visit(looking, "#q=x")
        wait_for_status(viewer, "1 asset")
        viewer.tiles.first.locator(".open").click()
        viewer.page.get_by_role("dialog").wait_for()
        assert viewer.page.locator("#lightbox-details dd.long").count() >= 1
        viewer.page.keyboard.press("Escape")
        viewer.page.locator("#filter").fill("x")
        viewer.page.locator("#filter").press("Enter")
        viewer.page.locator("#filter-words").wait_for()
        assert viewer.page.locator("script:not([type])").count() == 1
        assert "s3cr3t" not in viewer.page.content()


def test_what_has_no_picture_says_why(looking: Looking, at: Any, serve: Serve, tmp_path: Path) -> None:
    """Known before or found out when somebody looks; the console stays empty."""
    gone = serve(lambda _: Answer(b"gone", 404))
    host = gone.base_url.removesuffix("/v1")
    hits = [
        asset("asset_1", url=f"{host}/assets-transform/a"),
        asset("asset_2", url=f"{host}/assets-transform/b?Expires=1&Signature=s3cr3t"),
        asset("asset_3", url=""),
    ]

    def script(request: Arrived) -> Answer | dict[str, Any]:
        if request.path.startswith("/v1/search"):
            return {"hits": hits, "offset": 0, "limit": 100, "estimatedTotalHits": 3}
        return Answer(b"gone", 404)

    server = serve(script)
    hits[0] = asset("asset_1", url=f"{server.base_url.removesuffix('/v1')}/assets-transform/a")
    at(server.base_url)
    with explorer(tmp_path) as running:
        viewer = running.visit(looking, "#q=x")
        wait_for_status(viewer, "3 assets")
        viewer.page.wait_for_function(
            "() => [...document.querySelectorAll('.placeholder')].every(each => each.dataset.reason !== 'Not loaded')"
            " && document.querySelectorAll('.placeholder').length === 3"
        )
        reasons = viewer.page.locator(".placeholder").evaluate_all(
            "all => all.map(each => each.dataset.reason)"
        )
        assert reasons == ["Not found any more", "Address has expired", "No picture"]


@pytest.mark.long
def test_twenty_thousand_hits_scroll_with_few_nodes(
    looking: Looking, at: Any, serve: Serve, tmp_path: Path
) -> None:
    """Page after page as one scrolls, each once, and never more than 200 elements."""
    library = [{**each, "url": ""} for each in assets(20_000)]
    server = serve(paged(library))
    at(server.base_url)
    with explorer(tmp_path) as running:
        viewer = running.visit(looking, "#q=x")
        wait_for_hits(viewer)
        most = viewer.page.evaluate(
            """async () => {
              let most = 0;
              const status = document.querySelector('#status');
              while (status.textContent !== '20,000 assets') {
                scroller.scrollTop = scroller.scrollHeight;
                await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                most = Math.max(most, document.querySelectorAll('#grid *').length);
              }
              return most;
            }"""
        )
        assert 20 < most < 200
        assert len(server.requests) == 201
        viewer.tiles.first.locator(".open").focus()
        viewer.page.keyboard.press("End")
        viewer.wait_for_focus("asset_19999")
        assert viewer.page.locator("#grid *").count() < 200


def test_the_end_of_a_window_is_told(looking: Looking, at: Any, serve: Serve, tmp_path: Path) -> None:
    """Where the service shows no more than 1,000 hits, the page does not pretend that there are no others."""
    library = [{**each, "url": ""} for each in assets(1000)]
    at(serve(paged(library)).base_url)
    with explorer(tmp_path) as running:
        viewer = running.visit(looking, "#q=x&zoom=s")
        wait_for_hits(viewer)
        viewer.tiles.first.locator(".open").focus()
        while viewer.status != "1,000 assets":
            viewer.page.keyboard.press("End")
            viewer.page.wait_for_timeout(50)
        assert "shows the first 1,000 assets only" in viewer.page.locator("#note").inner_text()


def faults(viewer: Viewer) -> list[str]:
    """Give what axe-core finds serious or critical."""
    found: list[str] = viewer.page.evaluate(
        "async () => (await axe.run()).violations.filter(each => ['serious', 'critical'].includes(each.impact))"
        ".flatMap(each => each.nodes.map(node => `${each.id}: ${node.target} ${node.failureSummary}`))"
    )
    return found


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_serious_fault(
    looking: Looking, at: Any, tmp_path: Path, colours: str, width: int
) -> None:
    """With pictures, picks, parameters, a faulty filter and the code, in either colours; and nothing is too wide."""
    axe = axe_path()
    if axe is None:
        pytest.skip("no axe-core: SCENARIO_AXE names no folder that npm has installed it into")
    with Emulator().running() as base_url:
        at(base_url)
        with explorer(tmp_path) as running:
            viewer = running.visit(
                looking, "#q=knight&like=asset_QtNqmUn7SwNTBd6LLqf1gy&unlike=asset_LogeMqZZnVXoFG7Rdsr4EZ",
                color_scheme=colours, viewport={"width": width, "height": 800}, bypass_csp=True, reduced_motion="reduce",
            )  # fmt: skip
            wait_for_hits(viewer)
            page = viewer.page
            page.add_script_tag(path=axe)
            for place in range(2):
                page.locator(".pick").nth(place).click(force=True)
            assert faults(viewer) == []
            assert page.evaluate("document.documentElement.scrollWidth") == width
            if width == 390:
                page.locator("#filters").click()
            page.get_by_text("All parameters").click()
            page.locator("#filter").fill("kind == x")
            page.locator("#filter").press("Enter")
            page.locator("#filter-caret").wait_for()
            assert faults(viewer) == []
            if width == 390:
                page.keyboard.press("Escape")
            page.locator("#code-open").click()
            page.get_by_role("tab").first.wait_for()
            assert faults(viewer) == []
            page.keyboard.press("Escape")
            page.locator(".tile .open").first.click()
            page.get_by_role("dialog").wait_for()
            assert faults(viewer) == []
            viewer.complaints.clear()
