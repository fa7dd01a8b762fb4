"""The package's face: what it exports, and what importing it costs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from support.hits import asset

import scenario_async

EXPORTED = [
    "__version__",
    "preload",
    "AsyncScenario",
    "Scenario",
    "AssetSearch",
    "ModelSearch",
    "WorkflowSearch",
    "Search",
    "Images",
    "F",
    "Filter",
    "SearchPager",
    "SearchPage",
    "AsyncSearchPage",
    "SyncSearchPage",
    "Download",
    "DownloadProgress",
    "FanOutHit",
    "FanOutError",
    "Reply",
    "RateLimit",
    "RateLimiter",
    "Hit",
    "AssetHit",
    "ModelHit",
    "WorkflowHit",
    "AssetMetadata",
    "MetadataThumbnail",
    "Thumbnail",
    "Concept",
    "ScenarioError",
    "InvalidSearchError",
    "APIError",
    "APIConnectionError",
    "APITimeoutError",
    "DeadlineExceededError",
    "APIResponseValidationError",
    "APIStatusError",
    "BadRequestError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "ConflictError",
    "UnprocessableEntityError",
    "RateLimitError",
    "PlanLimitError",
    "InternalServerError",
]


def run(program: str) -> str:
    """Run a program in a fresh interpreter and give what it prints."""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_no_dependency() -> None:
    """`import scenario_async` costs next to nothing: neither dependencies nor extras nor clients."""
    heavy = (
        "aiohttp msgspec orjson click rich PIL numpy attrs attr cattrs tenacity asyncio redis pyarrow opentelemetry "
        "scenario_async.client scenario_async.sync scenario_async.cli scenario_async.emulator"
    )
    program = f"""
import sys
import scenario_async
print(sorted(set({heavy!r}.split()) & set(sys.modules)))
"""
    assert run(program) == "[]"


def test_clients_load_no_extras() -> None:
    """Building both clients loads neither emulator nor command line nor what they need."""
    extras = (
        "click rich PIL numpy redis pyarrow opentelemetry dask "
        "scenario_async.cli scenario_async.emulator scenario_async.testing"
    )
    program = f"""
import sys
import scenario_async
scenario_async.preload()
scenario_async.AsyncScenario(api_key="k", api_secret="s")
scenario_async.Scenario(api_key="k", api_secret="s")
print(sorted(set({extras!r}.split()) & set(sys.modules)))
"""
    assert run(program) == "[]"


@pytest.mark.parametrize("hidden", ["", "sys.modules['msgspec'] = None"], ids=["msgspec", "no msgspec"])
def test_a_first_call_after_preload_imports_nothing(hidden: str) -> None:
    """Whoever preloads waits for no import on the event loop, neither for a retry nor for a field that nobody knows."""
    pages = [[asset()], [asset(), asset("asset_2", aNewField=1)]]
    replies: list[tuple[int, dict[str, Any]]] = [(503, {})]
    replies += [(200, {"hits": hits, "limit": 20, "offset": 0}) for hits in pages]
    given = f"import sys; {hidden}\nANSWERS = {replies!r}"
    program = """
import asyncio
import json
import scenario_async

async def answer(reader, writer):
    while head := await reader.readuntil(b"\\r\\n\\r\\n"):
        length = next(int(l.split(b":")[1]) for l in head.lower().splitlines() if l.startswith(b"content-length"))
        await reader.readexactly(length)
        status, content = ANSWERS.pop(0)
        body = json.dumps(content).encode()
        writer.write(b"HTTP/1.1 %d OK\\r\\nRetry-After-Ms: 1\\r\\n" % status)
        writer.write(b"Content-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
        if not ANSWERS:
            writer.close()
            return

async def main():
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        warm = await asyncio.open_connection("127.0.0.1", port)
        warm[1].close()
        scenario_async.preload()
        before = set(sys.modules)
        url = f"http://127.0.0.1:{port}/v1"
        keywords = {"api_key": "k", "api_secret": "s", "base_url": url, "on_request": lambda event: None}
        async with scenario_async.AsyncScenario(**keywords) as client:
            first = await client.search.asset_search(query="x")
            second = await client.search.asset_search(query="y")
        assert (len(first.hits), first.response.attempts) == (1, 2)
        assert second.hits[1].extra == {"aNewField": 1}
        print(sorted(set(sys.modules) - before))

asyncio.run(main())
"""
    assert run(given + program) == "[]"


def test_exports_are_those_documented() -> None:
    """Nothing documented is missing, and `__all__` names nothing that is not there."""
    assert set(EXPORTED) <= set(scenario_async.__all__)
    assert len(scenario_async.__all__) == len(set(scenario_async.__all__))
    rooms = vars(scenario_async)["_ROOM_OF"]
    assert set(scenario_async.__all__) == {*rooms, "__version__", "preload"}


@pytest.mark.parametrize("name", scenario_async.__all__)
def test_every_export_resolves(name: str) -> None:
    """Each name of `__all__` is there, is listed, and stays the same object."""
    assert getattr(scenario_async, name) is getattr(scenario_async, name)
    assert name in dir(scenario_async)


def test_star_import() -> None:
    """`from scenario_async import *` brings exactly what is exported."""
    program = """
import scenario_async
names = {}
exec("from scenario_async import *", names)
print(sorted(set(scenario_async.__all__) ^ (set(names) - {"__builtins__"})))
"""
    assert run(program) == "[]"


@pytest.mark.parametrize("name", ["absent", "AsyncScenari0", "_absent", "aiohttp"])
def test_unknown_names_are_attribute_errors(name: str) -> None:
    """A misspelt name says which one and of what."""
    with pytest.raises(AttributeError, match=rf"scenario_async.*{name}"):
        getattr(scenario_async, name)


def test_version() -> None:
    """The version is one."""
    assert re.fullmatch(r"\d+\.\d+\.\d+([abrc.+-].*)?", scenario_async.__version__)
