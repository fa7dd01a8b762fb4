"""A small HTTP proxy on the standard library: absolute URLs and CONNECT, with its own idea of where hosts are."""

from __future__ import annotations

import http.client
import selectors
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import attrs

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator, Mapping

_HOP_BY_HOP = {"connection", "proxy-connection", "proxy-authorization", "keep-alive", "transfer-encoding"}


@attrs.frozen
class Passed:
    """A request that the proxy got: `target` as it stood in the request line, header names in lower case.

    `connection` is the port it came from, so that equal numbers are one connection.
    """

    method: str
    target: str
    headers: dict[str, str]
    connection: int

    @property
    def authorization(self) -> str | None:
        """What the proxy was told of who asks."""
        return self.headers.get("proxy-authorization")


@attrs.define(eq=False)
class Proxy:
    """A running proxy: where it is, what it got, and the status it answers everything with, where it refuses.

    `hosts` tells which base URL of this machine stands behind a host name; other names are a 502.
    """

    host: str
    hosts: Mapping[str, str]
    refusal: int | None = None
    requests: list[Passed] = attrs.field(factory=list[Passed])

    def url(self, userinfo: str = "", scheme: str = "http") -> str:
        """Give the URL that a client is configured with."""
        return f"{scheme}://{userinfo}@{self.host}" if userinfo else f"{scheme}://{self.host}"

    def address(self, name: str) -> tuple[str, int] | None:
        """Give where a host is."""
        place = urlsplit(self.hosts.get(name, ""))
        return None if place.hostname is None or place.port is None else (place.hostname, place.port)


@contextmanager
def proxying(hosts: Mapping[str, str], tls: ssl.SSLContext | None = None) -> Generator[Proxy]:
    """Run a proxy on a free port of the loopback, one thread a connection; with `tls` it speaks HTTPS itself."""
    httpd = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    httpd.proxy = Proxy(f"127.0.0.1:{httpd.server_port}", hosts)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield httpd.proxy
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_CONNECT(self) -> None:
        address = self._admitted(urlsplit(f"//{self.path}").hostname)
        if address is None:
            return
        self.close_connection = True
        with socket.create_connection(address) as beyond:
            self.send_response(200, "Connection established")
            self.end_headers()
            _relay(self.connection, beyond)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        address = self._admitted(parts.hostname)
        if address is None:
            return
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        beyond = http.client.HTTPConnection(*address)
        beyond.request(self.command, path, content, headers)
        reply = beyond.getresponse()
        body = reply.read()
        beyond.close()
        self.send_response_only(reply.status)
        for name, value in reply.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the standard library's names

    def _admitted(self, name: str | None) -> tuple[str, int] | None:
        """Take note of the request, and answer it unless it may pass."""
        proxy = cast("_Server", self.server).proxy
        headers = {name.lower(): value for name, value in self.headers.items()}
        proxy.requests.append(Passed(self.command, self.path, headers, self.client_address[1]))
        address = proxy.address(name or "")
        status = proxy.refusal or (502 if address is None else None)
        if status is None:
            return address
        body = b"<html>refused by the proxy</html>"
        self.send_response(status)
        if status == http.client.PROXY_AUTHENTICATION_REQUIRED:
            self.send_header("proxy-authenticate", 'Basic realm="proxy"')
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until a side ends."""
    peers = {one: other, other: one}
    with selectors.DefaultSelector() as selector:
        for each in peers:
            selector.register(each, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                near = one if key.fileobj is one else other
                chunk = near.recv(65536)
                if not chunk:
                    return
                while getattr(near, "pending", int)():  # what TLS has decrypted no selector sees
                    chunk += near.recv(65536)
                peers[near].sendall(chunk)
