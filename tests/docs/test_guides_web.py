"""The web applications of the guides, each in its own server: what they answer, and what they do when a browser leaves."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from support.programs import EXAMPLES, eventually, needs, web_server

from scenario_async import Scenario
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

UVICORN = ["-m", "uvicorn", "--host", "127.0.0.1", "--port", "0"]
GUNICORN = ["-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:0", "--no-control-socket"]
FASTAPI = [*UVICORN, "fastapi_app:app"]
AIOHTTP = [str(EXAMPLES / "aiohttp_app.py"), "0"]
ASGI = [*UVICORN, "django_app:asgi"]
WSGI = [*GUNICORN, "django_app:wsgi"]
FLASK = [*GUNICORN, "flask_app:app"]
SLOW = 1.5

with_fastapi = needs("fastapi.sse", "uvicorn")
with_django = needs("django", "uvicorn", "gunicorn")
with_flask = needs("flask", "gunicorn")


@pytest.fixture
def emulator() -> Generator[Emulator]:
    """Give a running emulator."""
    emulator = Emulator()
    with emulator.running():
        yield emulator


@pytest.fixture
def slow() -> Generator[Emulator]:
    """Give one that takes its time for each answer, so that there is one to leave before."""
    emulator = Emulator(latency=SLOW)
    with emulator.running():
        yield emulator


def knights(base_url: str) -> list[str]:
    """Give the ids of all knights."""
    with Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client:
        return [hit.id for hit in client.search.asset_search(query="knight")]


def events(lines: str) -> list[dict[str, str]]:
    """Take server-sent events apart."""
    blocks = [block for block in lines.split("\n\n") if block.strip() and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def assets(found: list[dict[str, str]]) -> list[str]:
    """Give the ids of the assets that events tell of."""
    return [json.loads(event["data"])["asset"] for event in found if event["event"] == "hit"]


def ask_and_leave(url: str, emulator: Emulator, arrived: int) -> None:
    """Ask for a page, and hang up when so many requests have arrived at the emulator."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        connection.sendall(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        )
        eventually(lambda: len(emulator.requests) >= arrived)


@with_fastapi
def test_a_stream_is_resumed_by_its_last_event(emulator: Emulator, tmp_path: Path) -> None:
    """What a browser got before it lost the connection, and what it gets after, are all hits, each once."""
    with web_server(FASTAPI, emulator.base_url, tmp_path) as url, httpx.Client(base_url=url) as browser:
        about = {"about": "knight"}
        whole = events(browser.get("/stream", params=about).text)
        before = whole[:27]
        rest = browser.get("/stream", params=about, headers={"Last-Event-ID": before[-1]["id"]})
        assert rest.headers["content-type"].startswith("text/event-stream")
        assert assets(before) + assets(events(rest.text)) == assets(whole) == knights(emulator.base_url)
        assert events(rest.text)[-1] == {"event": "end", "data": '"exhausted"'}
        other = browser.get("/stream", params={"about": "castle"}, headers={"Last-Event-ID": whole[0]["id"]})
        assert (other.status_code, other.json()["detail"]) == (
            400,
            "the Last-Event-ID belongs to another search",
        )


@with_fastapi
def test_a_stream_tells_of_a_failure_in_its_midst(emulator: Emulator, tmp_path: Path) -> None:
    """The hits of the first page arrive, then the event that says the rest failed."""
    emulator.faults.add("ok, 503 retry-after=0 x3")
    with web_server(FASTAPI, emulator.base_url, tmp_path) as url:
        found = events(httpx.get(f"{url}/stream", params={"about": "knight"}).text)
    assert len(assets(found)) == 20
    assert found[-1] == {"event": "failed", "data": '{"again": true}'}


@with_fastapi
@pytest.mark.parametrize(
    "more",
    [
        {"extra_headers": '{"Authorization": "Basic c3RyYW5nZXI="}'},
        {"image": "/etc/passwd"},
        {"project_id": "proj_other"},
        {"limit": "100"},
        {"kind": 'image" OR privacy = "private'},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_a_stranger_may_not_set(emulator: Emulator, tmp_path: Path, more: dict[str, str]) -> None:
    """A parameter that the model does not have is refused before a request; a value stays a value of its filter."""
    with web_server(FASTAPI, emulator.base_url, tmp_path) as url:
        reply = httpx.get(f"{url}/search", params={"about": "knight", **more})
    if "kind" in more:
        [request] = emulator.requests
        assert (reply.status_code, reply.json()) == (200, [])
        assert request.body["filter"] == 'kind = "image\\" OR privacy = \\"private"'
    else:
        assert reply.status_code == 422
        assert reply.json()["detail"][0]["loc"] == ["query", next(iter(more))]
        assert list(emulator.requests) == []


@with_fastapi
def test_every_parameter_and_bad_values(emulator: Emulator, tmp_path: Path) -> None:
    """A search of a URL or a body gives its hits, also where no type is named; what breaks a rule is a 422 that says so."""
    command = [*UVICORN, "fastapi_depends:app"]
    with web_server(command, emulator.base_url, tmp_path) as url, httpx.Client(base_url=url) as browser:
        found = browser.get("/assets", params={"query": "knight", "limit": 3}).json()
        page = browser.post("/assets", json={"query": "knight", "limit": 3}).json()
        assert page["hits"] == found
        assert [hit["id"] for hit in found] == knights(emulator.base_url)[:3]
        assert page["limit"] == 3
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"query": "knight", "limit": 0}, "limit is 0, but it must be 1 or more"),
            ({}, "nothing to search for"),
            ({"query": "knight", "image_semantic_ratio": 4}, "it must lie within 0 and 1"),
            ({"image": "/etc/passwd"}, "pass pathlib.Path"),
            ({"querry": "knight"}, "query"),
        )
        for wrong, told in cases:
            for reply in (browser.get("/assets", params=wrong), browser.post("/assets", json=wrong)):
                assert reply.status_code == 422
                assert told in reply.json()["detail"][0]["msg"]
    assert len([each for each in emulator.requests if each.body.get("limit") == 3]) == 2


@pytest.mark.parametrize(
    ("command", "path", "arrived", "status"),
    [
        pytest.param(FASTAPI, "/stream", 2, None, id="fastapi-stream", marks=with_fastapi),
        pytest.param(FASTAPI, "/search", 1, None, id="fastapi-watching", marks=with_fastapi),
        pytest.param(FASTAPI, "/search-to-the-end", 1, 200, id="fastapi-await", marks=with_fastapi),
        pytest.param(AIOHTTP, "/search", 1, None, id="aiohttp"),
        pytest.param(AIOHTTP, "/all", 1, None, id="aiohttp-lines"),
        pytest.param(ASGI, "/search-async", 1, None, id="django-async", marks=with_django),
        pytest.param(ASGI, "/search", 1, 200, id="django-sync", marks=with_django),
    ],
)
def test_what_becomes_of_a_search_when_the_browser_leaves(
    slow: Emulator, tmp_path: Path, command: list[str], path: str, *, arrived: int, status: int | None
) -> None:
    """The emulator's last request ends without an answer where the search was cancelled, else with one."""
    with web_server(command, slow.base_url, tmp_path) as url:
        ask_and_leave(f"{url}{path}?about=knight", slow, arrived)
        eventually(lambda: slow.requests[-1].over and len(slow.requests) == arrived)
        eventually(lambda: slow.requests[-1].status == status)
        assert [request.status for request in slow.requests] == [200] * (arrived - 1) + [status]


@pytest.mark.parametrize(
    ("command", "path"),
    [
        pytest.param(FASTAPI, "/search", id="fastapi", marks=with_fastapi),
        pytest.param(AIOHTTP, "/search", id="aiohttp"),
        pytest.param(ASGI, "/search", id="django-sync-asgi", marks=with_django),
        pytest.param(ASGI, "/search-async", id="django-async-asgi", marks=with_django),
        pytest.param(WSGI, "/search", id="django-sync-wsgi", marks=with_django),
        pytest.param(WSGI, "/search-async", id="django-async-wsgi", marks=with_django),
        pytest.param(FLASK, "/search", id="flask", marks=with_flask),
    ],
)
def test_a_view_answers_and_says_when_the_search_failed(
    emulator: Emulator, tmp_path: Path, command: list[str], path: str
) -> None:
    """The first five knights, also the second time; then a refusal, which is a 502."""
    first = knights(emulator.base_url)[:5]
    more = {"QUOTA_FILE": str(tmp_path / "quota")}
    with (
        web_server(command, emulator.base_url, tmp_path, **more) as url,
        httpx.Client(base_url=url, timeout=30) as browser,
    ):
        for _ in range(2):
            reply = browser.get(path, params={"about": "knight"})
            assert reply.status_code == 200
            assert first == (reply.json() if isinstance(reply.json(), list) else reply.json()["assets"])
        emulator.faults.add("403")
        assert browser.get(path, params={"about": "knight"}).status_code == 502


def test_lines_are_all_hits(emulator: Emulator, tmp_path: Path) -> None:
    """The JSON lines of the application on aiohttp.web are the hits of every page."""
    with web_server(AIOHTTP, emulator.base_url, tmp_path) as url:
        lines = httpx.get(f"{url}/all", params={"about": "knight"}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == knights(emulator.base_url)


@pytest.mark.long
@with_flask
@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["each-loads", "preload"])
def test_the_workers_share_one_quota(tmp_path: Path, options: list[str]) -> None:
    """Of eight searches that two workers are asked for at once, the four that the quota allows leave."""
    slow = Emulator(latency=0.5)  # so that one worker cannot be quick enough to answer all
    more = {"QUOTA_FILE": str(tmp_path / "quota"), "QUOTA": "4"}
    with (
        slow.running() as base_url,
        web_server([*FLASK, *options], base_url, tmp_path, **more) as url,
        ThreadPoolExecutor(8) as pool,
    ):

        def ask(_: int) -> int:
            return httpx.get(f"{url}/search", params={"about": "knight"}, timeout=60).status_code

        assert sorted(pool.map(ask, range(8))) == [200] * 4 + [503] * 4
    assert len(slow.requests) == 4
