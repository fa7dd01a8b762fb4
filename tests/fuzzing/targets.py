"""The fuzz targets: functions of bytes that break when what they hold to be true is not.

Each has seeds, from which mutation begins, and words, which mutation puts in; both hypothesis (in the suite) and
atheris (`fuzz.py`) run them. `REGRESSIONS` are inputs that once broke a target.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs
from fuzzing import asking, filtering, replies
from support.hits import asset, model, workflow

from scenario_async._paging.position import Position
from scenario_async._paging.token import make_token

Run: TypeAlias = Callable[[bytes], None]


@attrs.frozen
class Target:
    """What is run with any bytes."""

    run: Run
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def _page(**members: object) -> bytes:
    return json.dumps({"limit": 2, "offset": 0, "estimatedTotalHits": 2} | members).encode()


_THUMBNAIL: Final = {
    "assetId": "asset_2",
    "url": "https://cdn.example/t?Signature=s3cr3t",
    "more": [{"a": None}],
}
_PAGES: Final = (
    b"\0" + _page(hits=[asset(), asset("asset_2", score=0.5)]),
    b"\0" + _page(hits=[asset(), asset("asset_2", thumbnail=_THUMBNAIL, score=0.5, extra={"a": [None, 1]})]),
    b"\4" + _page(hits=[model(), model("model_2", thumbnail=None, later={"x": "\ud800"})]),
    b"\x0b"
    + _page(hits=[workflow(), workflow("workflow_2", before=_THUMBNAIL), {"id": 3}], page=2, hitsPerPage=1),
    b"\6" + _page(hits=[], error={"message": "no", "details": {"reason": "none"}}),
)
_JSON_WORDS: Final = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"null",
        b"true",
        b"0",
        b"-1",
        b"1.0",
        b"1e999",
        b"NaN",
        b'""',
    ),
    *(
        b'"hits"',
        b'"id"',
        b'"error"',
        b'"metadata"',
        b'"limit"',
        b'"page"',
        b'"thumbnail"',
        b'"extra"',
        b"\\ud800",
    ),
    *(
        b"18446744073709551616",
        b"\\u0000",
        b"\xed\xa0\x80",
        b"\xff",
        b'{"a":1,"a":2}',
        b"[[[[[[[[",
        b"\xef\xbb\xbf",
    ),
)
_ERRORS: Final = (
    {"reason": "PlanLimitReachedError", "details": {"actionLimit": 0}},
    {"error": {"message": "https://a.example/x?Signature=s3cr3t"}, "code": "QUOTA_EXCEEDED"},
    {"statusCode": 400, "message": "Invalid sort field"},
    {"detail": ["no text"], "details": [1]},
)
_WAITS: Final = (
    *(
        b"ms:1500",
        b"s:3",
        b"s:604800",
        b"s:1e309",
        b"s:Thu, 01 Jan 2026 00:00:10 GMT",
        b"s:Thu Jan  1 00:00:10 2026",
    ),
    *(b"s:Fri, 31 Dec 9999 23:59:59 +9999", b"s:0 Jan 0 0:0:0", "s:٣".encode()),
)
_BODIES: Final = tuple(
    bytes([encoding, size, cap]) + content
    for size, cap in ((0, 1), (6, 2))
    for encoding, content in (
        (0, gzip.compress(b"a knight" * 9)),
        (0, gzip.compress(b"a knight") + bytes(9) + gzip.compress(b"")),
        (1, zlib.compress(b"a knight" * 9)),
        (1, zlib.compress(b"a knight", wbits=-15)),
    )
)
_TOKENS: Final = tuple(
    bytes([number, 0])
    + make_token(search, Position.first(search, default_size=20), ["asset_1", "asset_2"]).encode()
    for number, search in enumerate(replies.SEARCHES)
)
_TOKEN_MEMBERS: Final = tuple(token[:1] + b"\1" + asking.decoded(token[2:].decode()) for token in _TOKENS)
_TAKEN: Final = tuple(bytes([kind, *range(first, 255, 7)]) for kind in range(12) for first in (0, 3, 130))
"""Bytes that a `Taker` makes something of: each kind of target with values of many kinds."""

TARGETS: Final = {
    "json": Target(replies.read_json, tuple(page[1:] for page in _PAGES), _JSON_WORDS),
    "page": Target(replies.read_any_page, _PAGES, _JSON_WORDS),
    "status": Target(
        replies.read_any_status,
        tuple(
            bytes([0, number, 0, 0]) + json.dumps(body).encode()
            for number in (100, 129, 200)
            for body in _ERRORS
        ),
        (*_JSON_WORDS, b'"reason"', b'"message"', b'"details"', b'"detail"', b'"actionLimit"'),
    ),
    "wait": Target(
        replies.read_any_wait,
        _WAITS,
        (b"GMT", b"Jan", b" 9999", b"e308", b"nan", b"inf", b"1_0", b"+9999", b"-0000", b"(", b":", b"0x1"),
    ),
    "body": Target(
        replies.inflate_anything, _BODIES, (b"\x1f\x8b\x08", b"\x78\x9c", b"\x03\x00", bytes(8), bytes(600))
    ),
    "secrets": Target(
        replies.hide_secrets,
        tuple(bytes([number]) + b"the service said|, and no more" for number in range(len(replies.SECRETS))),
        (b"|", b"://", b"?", b"@", b"Bearer ", b"Basic ", b"data:", b",", b'"', b"'", b"=", b"/"),
    ),
    "filter": Target(filtering.build_filter, _TAKEN),
    "attribute": Target(filtering.name_attribute, _TAKEN),
    "token": Target(
        asking.read_any_token,
        (*_TOKENS, *_TOKEN_MEMBERS),
        (*_JSON_WORDS, b'"v"', b'"kind"', b'"next"', b'"size"', b'"seen"', b"=", b"AAAAAAAA"),
    ),
    "picture": Target(
        asking.take_picture, _TAKEN, (b";base64,", b"image/png", b"data:", b"AAAA", b"=", b";a=")
    ),
    "search": Target(asking.build_search, _TAKEN),
    "request": Target(
        asking.send_anything, _TAKEN, (b"\r\n", b"://", b"//", b"..", b"[", b"]", b"\\", b"%2e")
    ),
}

REGRESSIONS: Final = (
    ("filter", b"\x00\x00\x00\x00\x00\x00\xb3\x8f\x00\x00\xce\xf8"),
    ("filter", b"\x007\x14" + bytes(9) + b"\xd1" + bytes(10) + b"\xcc\x1a\x00\x00\x81\x00\x00\x00L\xed"),
    ("filter", b"\x00\x00\x00\x00\x00\x00\xb2\xc7\x00\x00\xe0\xf1"),
    ("attribute", b"\xf5"),
    ("attribute", b"U"),
    ("picture", b"\x08\x00\x00\xf8"),
    ("search", b"\xbeM\x1b\x9e\x00\r\x9b\x00`\x9dv\x00\x00\xca"),
    ("token", b"\x00\x01" + b'{"v":"' + b"1" * 3000 + b'"}'),
)
