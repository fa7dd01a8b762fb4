"""The bodies of requests."""

import json
import zlib
from typing import Any, Final

import attrs
from aiohttp import web

from scenario_async.emulator.errors import ServiceError, bad_request

MAX_BODY_BYTES: Final = 6 * 2**20

_GZIP: Final = 31
_NONE: Final = frozenset({"", "identity"})
# What an object of Python takes beside its text, roughly.
_BYTES_OF_A_PART: Final = 64


@attrs.frozen
class Body:
    """The JSON value of a body, None for what is none and what is wrong with that; `size` is what it takes in memory."""

    value: Any
    complaint: str
    size: int


async def read_json(request: web.Request) -> Body:
    """Read the JSON of a request's body.

    A compressed body is decoded here, and not by the server, which would decode a bomb to its end. The
    limit on its size is that of the decoded body: 413; 415 for an encoding other than gzip.
    """
    content = await request.read()
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding == "gzip":
        content = _unpacked(content)
    elif encoding not in _NONE:
        raise ServiceError(415, f"Content-Encoding {encoding} is not understood: it can be gzip")
    try:
        value, complaint = json.loads(content), ""
    except ValueError as error:
        value, complaint = None, str(error)
    except RecursionError:
        value, complaint = None, "it nests too deeply"
    parts = sum(map(content.count, (b",", b"[", b"{"))) if value is not None else 0
    return Body(value, complaint, (len(content) if value is not None else 0) + _BYTES_OF_A_PART * parts)


def _unpacked(content: bytes) -> bytes:
    """Decode a gzip file, which may have several members."""
    unpacked = b""
    while True:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            unpacked += unpacker.decompress(content, MAX_BODY_BYTES + 1 - len(unpacked))
        except zlib.error as error:
            raise bad_request(f"The body is not gzip: {error}") from None
        if len(unpacked) > MAX_BODY_BYTES:
            raise ServiceError(413, "Request Entity Too Large")
        if not unpacker.eof:
            raise bad_request("The body is not gzip: it ends too early")
        content = unpacker.unused_data
        if not content:
            return unpacked
