"""Servers that mean harm, or are broken: one typed error each, no request that cannot help, and bounded memory."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset, assets
from support.servers import Answer, answers
from support.versions import OLD_AIOHTTP, aiohttp_is_old

import scenario_async
from scenario_async import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AssetSearch,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
GOOD = json.dumps({"hits": assets(1)}).encode()
LENGTH = b"content-length: %d" % len(GOOD)
CHUNKED = b"transfer-encoding: chunked"
MIB = 1024 * 1024


def head(*fields: bytes, status: bytes = b"200 OK", version: bytes = b"HTTP/1.1") -> bytes:
    """Give the head of a reply."""
    return b"\r\n".join([version + b" " + status, *fields, b"", b""])


def wire(content: bytes, then: bytes = b"") -> Answer:
    """Answer with these very bytes, and then with others without end."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(content)
        while then:
            handler.wfile.write(then)

    return Answer(behave=behave)


def encoded(encoding: str, content: bytes) -> Answer:
    """Answer with a body that has a content-encoding, rightly or not."""
    return Answer(content, headers={"content-encoding": encoding})


def hit_with(unknown: bytes) -> Answer:
    """Answer with a page of one hit, whose field `x` holds what nobody expects."""
    return Answer(b'{"hits": [' + json.dumps(asset()).encode()[:-1] + b', "x": ' + unknown + b"}]}")


MISSHAPEN: dict[str, Answer] = {
    "cut off": Answer(GOOD[:-9]),
    "empty": Answer(b""),
    "utf-16": Answer('{"hits": []}'.encode("utf-16")),
    "latin-1": hit_with('"é"'.encode("latin-1")),
    "byte order mark": Answer(b"\xef\xbb\xbf" + GOOD),
    "nul": Answer(GOOD + b"\0"),
    "lists": Answer(b"[" * 100_000 + b"]" * 100_000),
    "objects": Answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "lists in a hit": hit_with(b"[" * 500 + b"]" * 500),
    "infinite": hit_with(b"1e400"),
    "no number": hit_with(b"NaN"),
    "hits null": Answer({"hits": None}),
    "hit null": Answer({"hits": [None]}),
    "id is a number": Answer({"hits": [asset(id=1)]}),
    "an error": Answer({"error": "internal"}),
    "an error beside hits": Answer({"hits": [], "error": {"message": "internal"}}),
    "an error beneath errors": Answer(b'{"error":' * 900 + b'"x"' + b"}" * 900),
    "a million hits": Answer(b'{"hits": [' + b"{}," * 1_000_000 + b"{}]}"),
    "no content": Answer(behave=wire(head(status=b"204 No Content")).behave),
    "gzip in gzip": encoded("gzip, gzip", gzip.compress(gzip.compress(GOOD))),
    "unknown encoding": encoded("rot13", zlib.compress(GOOD)),
    "gzip of another sum": encoded("gzip", gzip.compress(GOOD)[:-8] + b"12345678"),
    "gzip cut off": encoded("gzip", gzip.compress(GOOD)[:60]),
    "gzip and more": encoded("gzip", gzip.compress(GOOD) + b"xyz"),
    "deflate cut off": wire(
        head(b"content-encoding: deflate", b"content-length: 60") + zlib.compress(GOOD)[:60]
    ),
    "endless headers": wire(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n" * 1000),
    "endless line": wire(b"HTTP/1.1 200 OK\r\nx-a: ", b"a" * 65536),
    "long line": wire(head(LENGTH, b"x-a: " + b"a" * MIB) + GOOD),
    "thousands of headers": wire(head(LENGTH, *(b"x-%d: a" % each for each in range(5000))) + GOOD),
    "nul in a header": wire(head(LENGTH, b"x-a: a\0b") + GOOD),
    "return in a header": wire(head(LENGTH, b"x-a: a\rb") + GOOD),
    "no header": wire(head(LENGTH, b"nonsense") + GOOD),
    "two lengths": wire(head(LENGTH, b"content-length: 5") + GOOD),
    "length below zero": wire(head(b"content-length: -5") + GOOD),
    "length and chunks": wire(head(LENGTH, CHUNKED) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)),
    "chunk of no size": wire(head(CHUNKED) + b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunk below zero": wire(head(CHUNKED) + b"-2\r\n{}\r\n0\r\n\r\n"),
    "status 99": wire(head(LENGTH, status=b"99 x") + GOOD),
    "status 1000": wire(head(LENGTH, status=b"1000 x") + GOOD),
    "status of letters": wire(head(LENGTH, status=b"abc x") + GOOD),
    "upgrade": wire(
        head(b"upgrade: websocket", b"connection: upgrade", status=b"101 Switching") + b"\x81\x05"
    ),
    "tls": wire(b"\x15\x03\x01\0\x02\x02\x28"),
    "endless": wire(head(b"connection: close"), b" " * 65536),
    "endless chunks": wire(head(CHUNKED), b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "endless by its length": wire(head(b"content-length: 99999999999999"), b" " * 65536),
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_what_no_retry_can_help_is_one_error_after_one_request(
    connect: Connect, serve: Serve, name: str
) -> None:
    """The server gives the same again, so it is asked once; the message is for a person."""
    if name in ("endless headers", "thousands of headers", "nul in a header") and aiohttp_is_old():
        pytest.skip(OLD_AIOHTTP)
    server = serve(answers(MISSHAPEN[name]))
    with pytest.raises(APIResponseValidationError) as caught:
        connect(server.base_url, max_response_bytes=8 * MIB, timeout=5).page(SEARCH)
    assert len(server.requests) == 1
    assert caught.value.attempts == 1
    assert len(caught.value.message) < 700


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_to_itself_is_refused_once(connect: Connect, serve: Serve, status: int) -> None:
    """Nobody goes round in circles."""
    server = serve(answers(Answer({}, status=status, headers={"location": "/v1/search/assets"})))
    with pytest.raises(APIStatusError, match="redirects are not followed") as caught:
        connect(server.base_url).page(SEARCH)
    assert type(caught.value) is APIStatusError
    assert len(server.requests) == 1


FAILING: dict[str, tuple[Answer, str]] = {
    "huge text": (Answer(b"x" * 7 * MIB, status=400), "BadRequestError"),
    "huge JSON": (Answer(b"[" + b"[]," * 2 * MIB + b"1]", status=400), "BadRequestError"),
    "deep": (Answer(b'{"error":' * 900 + b'"x"' + b"}" * 900, status=403), "PermissionDeniedError"),
    "list": (Answer([1], status=404), "NotFoundError"),
    "number": (Answer(3, status=409, headers={"x-should-retry": "false"}), "ConflictError"),
    "page of HTML": (Answer(b"<html>" * 1000, status=422), "UnprocessableEntityError"),
    "bytes": (Answer(bytes(range(256)), status=418), "APIStatusError"),
    "with hits": (Answer({"hits": assets(1)}, status=400), "BadRequestError"),
}


@pytest.mark.parametrize("name", FAILING)
def test_an_error_of_any_body_is_that_error(connect: Connect, serve: Serve, name: str) -> None:
    """The status decides, and what an error carries is bounded."""
    answer, kind = FAILING[name]
    server = serve(answers(answer))
    with pytest.raises(APIError) as caught:
        connect(server.base_url, max_response_bytes=8 * MIB, timeout=5).page(SEARCH)
    assert type(caught.value) is getattr(scenario_async, kind)
    assert len(server.requests) == 1
    assert len(str(caught.value)) < 700
    assert len(str(caught.value.body)) < 2 * MIB


ODD: dict[str, Answer] = {
    "continue": wire(head(status=b"100 Continue") + head(LENGTH) + GOOD),
    "early hints": wire(head(b"link: <x>", status=b"103 Early Hints") * 3 + head(LENGTH) + GOOD),
    "no length": wire(head(version=b"HTTP/1.0") + GOOD),
    "trailers": wire(head(CHUNKED) + b"%x\r\n%b\r\n0\r\nx-a: 1\r\n\r\n" % (len(GOOD), GOOD)),
    "no reason": wire(head(LENGTH, status=b"200") + GOOD),
    "latin-1 header": wire(head(LENGTH, b"x-a: caf\xe9") + GOOD),
    "hundred headers": wire(head(LENGTH, *(b"x-%d: a" % each for each in range(100))) + GOOD),
    "encoding in capitals": encoded("GZIP", gzip.compress(GOOD)),
    "deflate without its header": encoded("deflate", zlib.compress(GOOD, wbits=-15)),
    "half a character": hit_with(rb'"\ud83d"'),
    "a name twice": Answer(b'{"hits": 1, ' + GOOD[1:]),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_merely_odd_is_read(connect: Connect, serve: Serve, name: str) -> None:
    """Not everything unusual is an attack."""
    server = serve(answers(ODD[name]))
    found = connect(server.base_url).page(SEARCH)
    assert found.hits[0].id in ("asset_00000", "asset_1")
    assert len(server.requests) == 1


SLOW: dict[str, Answer] = {
    "endless hints": wire(b"", head(b"link: <x>", status=b"103 Early Hints") * 100),
    "endless small chunks": wire(head(CHUNKED), b"1\r\n \r\n" * 1000),
}


@pytest.mark.parametrize("name", SLOW)
def test_what_never_comes_to_a_point_times_out(connect: Connect, serve: Serve, name: str) -> None:
    """The timeout counts, however much arrives."""
    server = serve(answers(SLOW[name]))
    with pytest.raises(APITimeoutError):
        connect(server.base_url, timeout=1.0, max_retries=0).page(SEARCH)
    assert len(server.requests) == 1


def test_a_reply_shorter_than_it_says_is_asked_for_again(connect: Connect, serve: Serve) -> None:
    """What broke off may be whole the next time."""
    short = wire(head(b"content-length: %d" % (len(GOOD) + 5)) + GOOD)
    server = serve(answers(short))
    with pytest.raises(APIConnectionError):
        connect(server.base_url, max_retries=1).page(SEARCH)
    assert len(server.requests) == 2


def repeated(wbits: int, prefix: bytes) -> bytes:
    """Compress 256 MiB of spaces: a block that stands by itself, 256 times, without an end."""
    packer = zlib.compressobj(9, wbits=wbits)
    return prefix + (packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)) * 256


def brotli_bomb() -> bytes:
    """Compress as `br`."""
    brotli: Any = pytest.importorskip("brotli")
    packer = brotli.Compressor(quality=1)
    parts: list[bytes] = [packer.process(b" " * MIB) for _ in range(256)]
    return b"".join(parts)


def zstd_bomb() -> bytes:
    """Compress as `zstd`, in many frames."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    zstd: Any = pytest.importorskip(name)
    frame: bytes = zstd.compress(b" " * 4 * MIB)
    return frame * 64


BOMBS: dict[str, Callable[[], Answer]] = {
    "gzip": lambda: encoded("gzip", repeated(-15, gzip.compress(b"")[:10])),
    "gzip members": lambda: encoded("gzip", gzip.compress(b" " * MIB) * 256),
    "empty gzip members": lambda: encoded("gzip", gzip.compress(b"") * 500_000),
    "deflate": lambda: encoded("deflate", repeated(-15, b"\x78\x9c")),
    "raw deflate": lambda: encoded("deflate", repeated(-15, b"")),
    "br": lambda: encoded("br", brotli_bomb()),
    "zstd": lambda: encoded("zstd", zstd_bomb()),
    "no encoding": lambda: wire(head(b"connection: close"), b" " * 65536),
    "objects": lambda: encoded("gzip", gzip.compress(b'{"hits": [' + b"{}," * 20 * MIB + b"{}]}", 1)),
    "as many objects as are read": lambda: encoded(
        "gzip", gzip.compress(b'{"hits": [' + b'{"":0},' * 490_000 + b'"' + b"x" * 59 * MIB + b'"]}', 1)
    ),
    "spaces": lambda: encoded("gzip", gzip.compress(b" " * 63 * MIB + b"[]", 1)),
    "error": lambda: Answer(b"\xff" * 60 * MIB, status=400),
}
MEASURE = """
import json, resource, sys
from pathlib import Path
from scenario_async import AssetSearch, Scenario, ScenarioError, preload

def peak():  # of this very process: what `getrusage` gives on Linux begins with its parent's
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

preload()
with Scenario(
    api_key="k", api_secret="k", base_url=sys.argv[1], max_response_bytes=int(sys.argv[2]), max_retries=0
) as client:
    before = peak()
    try:
        client.search.run(AssetSearch(query="q"))
    except ScenarioError as error:
        print(json.dumps({"error": type(error).__name__, "grown": peak() - before}))
"""


@pytest.mark.long
@pytest.mark.parametrize("name", BOMBS)
def test_memory_is_bounded(serve: Serve, name: str) -> None:
    """A process that searches grows by no more than 16 MiB with a small limit, or by thrice the usual one.

    Measured with aiohttp 3.14.5: 7.5 MiB at most with 64 KiB, 128 MiB with 64 MiB. A reply as large as the limit
    that holds as many objects as are read, of the largest kind, takes 302 MiB: itself, its text, the objects.
    """
    server = serve(answers(BOMBS[name]()))
    small, usual = _measured(server.base_url, 65536), _measured(server.base_url, 64 * MIB)
    assert small["error"] == "APIResponseValidationError"
    assert usual["error"] in ("APIResponseValidationError", "BadRequestError")
    assert small["grown"] < 16 * MIB
    assert usual["grown"] < 64 * MIB * (6 if name == "as many objects as are read" else 3)
    assert len(server.requests) == 2


def _measured(base_url: str, limit: int) -> dict[str, Any]:
    """Search once in a process of its own, and give what it tells of its memory."""
    command = [sys.executable, "-c", MEASURE, base_url, str(limit)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
