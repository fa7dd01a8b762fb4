"""Where pictures may come from, and what the host of theirs is told."""

from __future__ import annotations

import base64
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from download.running import Downloads, download, library, statuses
from support.servers import Answer, Arrived, serving

from scenario_async import APIConnectionError, ScenarioError
from scenario_async._http import pictures
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Server

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give an authority of our own."""
    return trustme.CA()


@pytest.fixture
def host(authority: trustme.CA) -> Generator[Server]:
    """Run a picture host over HTTPS that is not where the API is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate: Any = authority.issue_cert("127.0.0.1", "localhost")
    certificate.configure_cert(context)

    def answer(_: Arrived) -> Answer:
        return Answer(PNG, headers={"content-type": "image/png"})

    with serving(answer, context) as server:
        yield server


def url_at(server: Server, host: str = "127.0.0.1") -> str:
    """Give the address of a picture there."""
    return server.base_url.removesuffix("/v1").replace("127.0.0.1", host) + "/a.png?Policy=p&Signature=s3cr3t"


def client_options(authority: trustme.CA, folder: Path) -> dict[str, Any]:
    """Trust that authority."""
    folder.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return {"ssl": str(folder / "authority.pem")}


def test_the_picture_host_is_not_told_who_asks(
    connect: Connect, host: Server, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No signature and no header of the user's own goes there: neither of headers, nor of the address."""
    monkeypatch.setattr(pictures, "is_public", bool)
    monkeypatch.setattr(pictures, "is_loopback", str.isspace)
    options = client_options(authority, tmp_path / "ca") | {
        "default_headers": {"x-own": "1"},
        "default_query": {"own": "1"},
    }
    face = connect("https://api.example/v1", **options)
    done = download(face, [{"id": "asset_1", "url": url_at(host)}], tmp_path / "pictures", width=8)
    assert statuses(done) == {"saved": 1}, done
    (request,) = host.requests
    assert request.headers.keys() == {"host", "user-agent", "accept", "accept-encoding"}
    assert request.headers["accept-encoding"] == "identity"
    assert list(request.query) == ["Policy", "Signature", "width"]


def test_not_even_where_the_api_is(connect: Connect, tmp_path: Path) -> None:
    """The emulator's pictures are asked for like all others."""
    emulator = Emulator(library(1))
    with emulator.running() as base_url:
        downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
        assert statuses(downloads.run()) == {"saved": 1}
    assert "Authorization" in downloads.requests("/v1/search")[0].headers
    assert "Authorization" not in downloads.requests()[0].headers


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1"])
def test_this_machine_is_refused(
    connect: Connect, host: Server, authority: trustme.CA, tmp_path: Path, name: str
) -> None:
    """However it is written, and although it would answer; nothing is sent, and nothing tried again."""
    face = connect("https://api.example/v1", **client_options(authority, tmp_path / "ca"))
    done = download(face, [{"id": "asset_1", "url": url_at(host, name)}], tmp_path / "pictures")
    assert statuses(done) == {"failed": 1}
    assert "is refused: it is no public address, and not that of base_url" in str(done[0].error)
    assert host.requests == []


def test_a_name_that_leads_to_this_machine_is_refused(
    connect: Connect, host: Server, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is where the name leads that counts, at the moment of the connection."""
    real = socket.getaddrinfo

    def look_up(name: str, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if name == "cdn.example" else name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    face = connect("https://api.example/v1", **client_options(authority, tmp_path / "ca"))
    done = download(face, [{"id": "asset_1", "url": url_at(host, "cdn.example")}], tmp_path / "pictures")
    error = done[0].error
    assert isinstance(error, APIConnectionError)
    assert "the picture host cdn.example (127.0.0.1) is refused" in str(error)
    assert error.attempts == 1
    assert host.requests == []


def test_another_port_of_the_api_s_host_is_refused(connect: Connect, tmp_path: Path) -> None:
    """Scheme, host and port have to be the API's own."""
    emulator = Emulator(library(1), pictures_port=0)
    with emulator.running() as base_url:
        downloads = Downloads(connect(base_url), emulator, tmp_path / "pictures")
        done = downloads.run()
        assert statuses(done) == {"failed": 1}
        assert "pictures come over https, or from where base_url is" in str(done[0].error)
        assert downloads.requests() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.png?Signature=s3cr3t",
        "ftp://cdn.example/a.png?Signature=s3cr3t",
        "https://user:s3cr3t@cdn.example/a.png",
        "https:///a.png?Signature=s3cr3t",
        "file:///etc/passwd?Signature=s3cr3t",
        "https://[::1/a.png?Signature=s3cr3t",
        "https://cdn.example:99999/a.png?Signature=s3cr3t",
        "a.png?Signature=s3cr3t",
    ],
)
def test_addresses_that_are_none(connect: Connect, tmp_path: Path, url: str) -> None:
    """They are refused before anything is sent, and without what signs them."""
    done = download(connect("https://api.example/v1"), [{"id": "asset_1", "url": url}], tmp_path / "pictures")
    assert statuses(done) == {"failed": 1}
    assert isinstance(done[0].error, ScenarioError)
    assert "s3cr3t" not in str(done[0].error)
    assert "s3cr3t" not in (tmp_path / "pictures" / "manifest.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens there
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:  # noqa: FBT001 - what is expected
    """Those of the internet, also where one stands within another."""
    assert pictures.is_public(address) is public


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(PNG, headers={"content-encoding": "gzip"}), "the file is encoded (gzip)"),
        (Answer(b"", headers={"content-type": "image/png"}), "it is empty"),
        (Answer({"error": "no"}), 'it is no picture, but begins with b\'{"error": "n\''),
        (Answer(b"GIF89a" + b"x" * 9, status=206, headers={"content-range": "bytes 5-9/20"}), "another part"),
        (Answer(b"%PDF-1.7 ...."), "it is no picture, but a file of the type pdf"),
    ],
)
def test_what_is_no_picture(connect: Connect, tmp_path: Path, answer: Answer, told: str) -> None:
    """Is told, and never gets the name of one."""
    with serving(lambda _: answer) as server:
        url = server.base_url.removesuffix("/v1") + "/assets-transform/a"
        hit = {"id": "asset_1", "url": url, "mimeType": "image/png"}
        done = download(connect(server.base_url), [hit], tmp_path / "pictures")
    assert statuses(done) == {"failed": 1}
    assert told in str(done[0].error)
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["manifest.jsonl"]


def test_a_reply_of_no_known_length(connect: Connect, tmp_path: Path) -> None:
    """Nobody could tell whether such a file is whole."""

    def close_in_the_end(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(PNG)
        handler.close_connection = True

    with serving(lambda _: Answer(behave=close_in_the_end)) as server:
        url = server.base_url.removesuffix("/v1") + "/assets-transform/a"
        done = download(connect(server.base_url), [{"id": "asset_1", "url": url}], tmp_path / "pictures")
    assert "the reply does not tell how long the file is" in str(done[0].error)


def test_other_files_than_pictures(connect: Connect, tmp_path: Path) -> None:
    """Their extension is that of their bytes, else of their type; what cannot be told is `bin`."""
    served = {
        "/assets-transform/glb": (b"glTF\x02\0\0\0", "application/octet-stream", "glb"),
        "/assets-transform/json": (b'{"a": 1}', "application/json; charset=utf-8", "json"),
        "/assets-transform/mp4": (b"\0\0\0\x18ftypisom", "binary/octet-stream", "mp4"),
        "/assets-transform/what": (b"what is it", "application/octet-stream", "bin"),
        "/assets-transform/text": (b"once upon a time", "text/plain", "txt"),
    }

    def answer(request: Arrived) -> Answer:
        content, mime_type, _ = served[request.path]
        return Answer(content, headers={"content-type": mime_type})

    with serving(answer) as server:
        origin = server.base_url.removesuffix("/v1")
        hits = [{"id": f"asset_{path[-3:]}", "url": origin + path} for path in served]
        done = download(connect(server.base_url), hits, tmp_path / "pictures")
    assert {each.path.suffix.lstrip(".") for each in done if each.path is not None} == {
        extension for _, _, extension in served.values()
    }
