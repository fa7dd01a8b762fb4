"""The bodies of requests."""

import json
import zlib
from typing import Any, Final

from aiohttp import web

from scenario_async.emulator.errors import ServiceError, bad_request

MAX_BODY_BYTES: Final = 6 * 2**20

_GZIP: Final = 31
_NONE: Final = frozenset({"", "identity"})


async def read_json(request: web.Request) -> tuple[Any, str]:
    """Give the JSON value of a request's body, or None and what is wrong with it.

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
        return json.loads(content), ""
    except ValueError as error:
        return None, str(error)
    except RecursionError:
        return None, "it nests too deeply"


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
