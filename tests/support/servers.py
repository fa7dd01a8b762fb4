"""A small server on the standard library, so that no bug of aiohttp can hide on both sides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import attrs

if TYPE_CHECKING:
    import ssl


@attrs.frozen
class Arrived:
    """A request that came in: `query` and `body` decoded, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@attrs.frozen
class Answer:
    """What goes back: `body` as JSON unless it is bytes.

    `behave` is called with the handler in place of writing the answer, for misbehaviour on the wire.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    behave: Callable[[BaseHTTPRequestHandler], None] | None = None


Script: TypeAlias = Callable[[Arrived], Answer | dict[str, Any]]


@attrs.define(eq=False)
class Server:
    """A running server: where it is, what came in, and the script, which may be replaced."""

    base_url: str
    script: Script
    requests: list[Arrived] = attrs.field(factory=list[Arrived])
    lock: threading.Lock = attrs.field(factory=threading.Lock)
    in_flight: int = 0
    most_in_flight: int = 0

    def bodies(self) -> list[Any]:
        """Give the bodies that came in."""
        return [request.body for request in self.requests]


Serve: TypeAlias = Callable[[Script], Server]


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Generator[Server]:
    """Serve a script on a free port of the loopback, one thread a connection; with `tls` over HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            content = self.rfile.read(length)
            parts = urlsplit(self.path)
            arrived = Arrived(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=json.loads(content) if content else None,
            )
            with server.lock:
                server.requests.append(arrived)
                server.in_flight += 1
                server.most_in_flight = max(server.most_in_flight, server.in_flight)
            try:
                answer = server.script(arrived)
                answer = answer if isinstance(answer, Answer) else Answer(answer)
                if answer.behave is not None:
                    answer.behave(self)
                else:
                    self._write(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with server.lock:
                    server.in_flight -= 1

        do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the standard library's names

        def _write(self, answer: Answer) -> None:
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            names = {name.lower() for name in answer.headers}
            if "content-type" not in names:
                self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing: clients that go away are what many tests are about."""

    httpd = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if tls is None else "https"
    server = Server(f"{scheme}://127.0.0.1:{httpd.server_port}/v1", script)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def answers(*each: Answer | dict[str, Any]) -> Script:
    """Give a script of these answers in turn; the last one goes on."""
    left: list[Answer | dict[str, Any]] = list(each)
    lock = threading.Lock()

    def script(_: Arrived) -> Answer | dict[str, Any]:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return script


def paged(
    library: Sequence[dict[str, Any]], total: Callable[[int], int | None] = lambda real: real
) -> Script:
    """Give a script that pages through a library as the service does, with totals of one's own."""

    def script(request: Arrived) -> dict[str, Any]:
        body = request.body
        told = total(len(library))
        if "page" in body or "hitsPerPage" in body:
            page, size = body.get("page", 1), body.get("hitsPerPage", 20)
            envelope = {
                "page": page,
                "hitsPerPage": size,
                "totalHits": told,
                "totalPages": told and -(-told // size),
            }
            start = (page - 1) * size
        else:
            start, size = body.get("offset", 0), body.get("limit", 20)
            envelope = {"offset": start, "limit": size, "estimatedTotalHits": told}
        given = {name: value for name, value in envelope.items() if value is not None}
        return {"hits": list(library[start : start + size]), **given}

    return script
