"""Replies: how they are encoded, and those that break on their way."""

import json
import math
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

if TYPE_CHECKING:
    import asyncio

_JSON: Final = "application/json"
_WORTH_IT: Final = 1024
# Bytes of a body whose compressed form is kept.
_KEPT: Final = 2**18
_GZIP: Final = 31


class Dropped(web.Response):
    """No reply: the connection is closed in its place."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Close the connection."""
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError


class Cut(web.Response):
    """A reply that ends after a `share` of its body, although its length promises more."""

    def __init__(self, whole: web.Response, *, share: float) -> None:
        super().__init__(body=whole.body, status=whole.status, headers=whole.headers)
        self._share = share
        self._transport: asyncio.Transport | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Remember what to close."""
        self._transport = request.transport
        return await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 - aiohttp's signature
        """Send the share, and close the connection."""
        content = _content(self)
        await self.write(content[: int(len(content) * self._share)])
        if self._transport is not None:
            self._transport.close()
        raise ConnectionResetError


class Dripped(web.Response):
    """A reply of which `size` bytes arrive at a time; `pause` tells whether to go on."""

    def __init__(self, whole: web.Response, *, size: int, pause: Callable[[], Awaitable[bool]]) -> None:
        super().__init__(body=whole.body, status=whole.status, headers=whole.headers)
        self._size = size
        self._pause = pause

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 - aiohttp's signature
        """Send all of it, bit by bit."""
        content = _content(self)
        for start in range(0, len(content), self._size):
            if start and not await self._pause():
                raise ConnectionResetError
            await self.write(content[start : start + self._size])
        await web.StreamResponse.write_eof(self)


def json_reply(value: object, *, status: int = 200) -> web.Response:
    """Make a reply of a JSON value."""
    return encoded_reply(encoded(value), status=status)


def encoded_reply(content: bytes, *, status: int = 200) -> web.Response:
    """Make a reply of JSON that is encoded already."""
    return web.Response(body=content, status=status, content_type=_JSON)


def encoded(value: object) -> bytes:
    """Encode JSON, as fast as this installation can."""
    return encoder()(value)


@cache
def encoder() -> Callable[[object], bytes]:
    """Choose what encodes JSON: orjson where it is installed."""

    def encode(value: object) -> bytes:
        try:
            return json.dumps(value, allow_nan=False).encode()
        except ValueError:  # what JSON has no number for
            return json.dumps(_with_numbers(value)).encode()

    try:
        import orjson  # noqa: PLC0415 - it need not be there
    except ImportError:
        return encode

    def encode_fast(value: object) -> bytes:
        try:
            return orjson.dumps(value)
        except TypeError:  # what it does not know: integers beyond 64 bits, lone surrogates
            return encode(value)

    return encode_fast


def _with_numbers(value: object) -> object:
    """Give a value with null for what is infinite or no number, as orjson does."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_with_numbers(item) for item in cast("list[object]", value)]
        case Mapping():
            fields = cast("Mapping[str, object]", value)
            return {name: _with_numbers(field) for name, field in fields.items()}
        case _:
            return value


def compress(response: web.Response, accepted: str) -> None:
    """Compress a JSON body where the client accepts it and it is large enough to be worth it."""
    body = response.body
    if (
        isinstance(body, bytes)
        and len(body) > _WORTH_IT
        and response.content_type == _JSON
        and "Content-Encoding" not in response.headers
        and _accepts_gzip(accepted)
    ):
        response.body = _compressed(body) if len(body) <= _KEPT else _compressed.__wrapped__(body)
        response.headers["Content-Encoding"] = "gzip"


@lru_cache(maxsize=64)
def _compressed(body: bytes) -> bytes:
    # The lowest level: on loopback, time is dearer than bytes.
    return zlib.compress(body, 1, _GZIP)


@lru_cache(maxsize=1)
def gzip_bomb(mebibytes: int) -> bytes:
    """Give a small gzip file of an empty page whose JSON has so many MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    packed = [packer.compress(b'{"hits": [], "offset": 0, "limit": 20, "estimatedTotalHits": 0')]
    spaces = b" " * 2**20
    packed += [packer.compress(spaces) for _ in range(mebibytes)]
    packed += [packer.compress(b"}"), packer.flush()]
    return b"".join(packed)


@lru_cache(maxsize=64)
def _accepts_gzip(accepted: str) -> bool:
    for coding in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in coding.split(";"))
        if name == "gzip":
            return not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return False


def _content(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""
