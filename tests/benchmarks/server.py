"""A server in a process of its own that answers as fast as it can.

Every search gets the same 100 asset hits, 20 of them or one, but for that of "each", whose pages have other ids at each
offset; every GET a small picture.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

from page import PAGE


def reply(limit: int) -> bytes:
    """Give the bytes of a page of so many hits."""
    content = json.dumps({**PAGE, "hits": PAGE["hits"][:limit], "limit": limit}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


def picture(size: int) -> bytes:
    """Give the bytes of a reply with a file of this size that begins like a PNG."""
    content = b"\x89PNG\r\n\x1a\n".ljust(size, b"\0")
    head = f'HTTP/1.1 200 OK\r\ncontent-type: image/png\r\netag: "a"\r\ncontent-length: {size}\r\n\r\n'
    return head.encode() + content


OFFSET = re.compile(rb'"offset":(\d+)')


def page_at(asked: bytes) -> bytes:
    """Give a page of 100 hits with ids of its own, which are as long as those of the others."""
    found = OFFSET.search(asked)
    return LARGE.replace(b"asset_00000000", b"asset_%08d" % (int(found[1]) if found else 0))


LARGE, SMALL, ONE, PICTURE = reply(100), reply(20), reply(1), picture(8192)


class Answering(asyncio.Protocol):
    """Answers as soon as a whole request is there; no HTTP library, so that little of the time is the server's."""

    def __init__(self) -> None:
        self.received = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, rest = self.received.partition(b"\r\n\r\n")
            fields = [line.partition(b":") for line in head.lower().split(b"\r\n")]
            length = next((int(value) for name, _, value in fields if name == b"content-length"), 0)
            if len(rest) < length:
                return
            body, self.received = rest[:length], rest[length:]
            assert self.transport is not None
            if head.startswith(b"GET "):
                self.transport.write(PICTURE)
                continue
            asked = body.replace(b" ", b"")
            if b'"query":"each"' in asked:
                self.transport.write(page_at(asked))
                continue
            small = b'"limit":20' in asked or b'"limit":5,' in asked
            self.transport.write(SMALL if small else ONE if b'"limit":1,' in asked else LARGE)


async def main() -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
