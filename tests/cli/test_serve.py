"""The server: what it prints can be used as it is, and it ends when it is told to."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click
import pytest
from PIL import Image

from scenario_async import Scenario
from scenario_async.cli.emulating import make_emulator
from scenario_async.cli.serve import _read  # pyright: ignore[reportPrivateUsage]
from scenario_async.emulator.faults import described

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scenario_async.emulator import Emulator

PICTURE = "data:image/png;base64," + "A" * 64


@pytest.fixture
def when_served(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], object]], None]:
    """Give a function that says what to do once the server has told where it is."""

    def arrange(act: Callable[[str], object]) -> None:
        echo = click.echo

        def spying(message: str, **options: Any) -> None:
            echo(message, **options)
            if "export " in message:
                act(message)

        monkeypatch.setattr(click, "echo", spying)

    return arrange


def exported(announcement: str) -> dict[str, str]:
    """Read the variables that a shell would set."""
    words = shlex.split(announcement.replace(";", ""))
    return dict(words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "export")


def curled(announcement: str) -> Request:
    """Make the request that the line for curl makes."""
    line = next(line for line in announcement.splitlines() if line.startswith("  curl "))
    _, user, credentials, url, head, header, data, body = shlex.split(line)
    assert (user, credentials, head, data) == ("-u", "emulator:emulator", "-H", "-d")
    name, _, value = header.partition(": ")
    basic = "Basic ZW11bGF0b3I6ZW11bGF0b3I="
    return Request(url, body.encode(), {name: value, "Authorization": basic})  # noqa: S310 - of this machine


def requests_then_stops(announcement: str) -> None:
    """Search as the announcement says, and then end the server: to be run beside it."""
    try:
        settings = exported(announcement)
        credentials = (settings["SCENARIO_SDK_API_KEY"], settings["SCENARIO_SDK_API_SECRET"])
        with Scenario(
            api_key=credentials[0], api_secret=credentials[1], base_url=settings["SCENARIO_BASE_URL"]
        ) as client:
            found = client.search.asset_search(query="knight", limit=1)
            image = client.search.asset_search(filter='kind = "image"', limit=1).hits[0]
            client.search.asset_search(image=image.id, query=PICTURE, limit=1, original_assets=True)
        with urlopen(image.url) as reply:  # noqa: S310 - of this machine
            assert reply.status == 200
        with urlopen(curled(announcement)) as reply:  # noqa: S310 - of this machine
            assert json.load(reply)["hits"][0]["id"] == found.hits[0].id
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_to(
    run: Callable[..., tuple[int, str, str]],
    when_served: Callable[[Callable[[str], object]], None],
    end: signal.Signals,
) -> None:
    """Ctrl-C and SIGTERM end it well."""
    when_served(lambda _: signal.raise_signal(end))
    code, out, err = run("serve", "--port", "0")
    assert (code, err) == (0, "")
    assert out.endswith("\nstopped\n")


def test_what_it_prints_can_be_pasted(
    run: Callable[..., tuple[int, str, str]], when_served: Callable[[Callable[[str], object]], None]
) -> None:
    """The variables lead a client to it and the line for curl works; the log tells of it, but of no picture."""
    with ThreadPoolExecutor() as beside:
        when_served(lambda announcement: asked.append(beside.submit(requests_then_stops, announcement)))
        asked: list[Any] = []
        code, _, err = run("serve", "--port", "0", "--access-log")
        asked[0].result()
    assert code == 0
    first, second, third, fourth, fifth = err.splitlines()
    assert first == '200 POST /v1/search/assets {"query": "knight", "limit": 1, "offset": 0}'
    assert second.startswith("200 POST /v1/search/assets {")
    assert third.startswith("200 POST /v1/search/assets?originalAssets=true {")
    assert '"query": "data:…"' in third
    assert fourth.startswith("200 GET /assets")
    assert fourth.endswith("?…")
    assert fifth == '200 POST /v1/search/assets {"query": "knight", "limit": 1}'


def test_it_forgets_what_it_answered(
    run: Callable[..., tuple[int, str, str]],
    when_served: Callable[[Callable[[str], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that runs for long does not keep every request; without `--access-log` it tells of none."""
    made: list[Emulator] = []

    def making(**options: Any) -> Emulator:
        made.append(make_emulator(**options))
        return made[0]

    monkeypatch.setattr("scenario_async.cli.serve.make_emulator", making)
    with ThreadPoolExecutor() as beside:
        when_served(lambda announcement: asked.append(beside.submit(requests_then_stops, announcement)))
        asked: list[Any] = []
        assert run("serve", "--port", "0")[::2] == (0, "")
        asked[0].result()
    assert made[0].requests == []


def test_the_port_is_taken(run: Callable[..., tuple[int, str, str]]) -> None:
    """A port that is taken ends it with 1 and a line that tells which."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, out, err = run("serve", "--port", str(port))
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: port {port} of 127.0.0.1 is in use: ")
    assert err.count("\n") == 1


def test_a_host_that_is_not_this_machine(run: Callable[..., tuple[int, str, str]]) -> None:
    """An address for documentation only cannot be served at: a warning, and a line that tells why."""
    code, out, err = run("serve", "--host", "192.0.2.1", "--port", "0")
    assert (code, out) == (1, "")
    warning, error = err.splitlines()
    assert warning.startswith("Warning: whoever reaches 192.0.2.1 can use this emulator")
    assert error.startswith("Error: cannot serve at 192.0.2.1:0: ")


def test_localhost_is_no_reason_to_warn(
    run: Callable[..., tuple[int, str, str]], when_served: Callable[[Callable[[str], object]], None]
) -> None:
    """The name of the loopback is as good as its address."""
    when_served(lambda _: signal.raise_signal(signal.SIGTERM))
    assert run("serve", "--host", "localhost", "--port", "0")[::2] == (0, "")


def searched_with(announcement: str, *statuses: int) -> None:
    """Search as the line for curl does, expecting these statuses in turn, and then end the server."""
    try:
        seen: list[int] = []
        for _ in statuses:
            try:
                with urlopen(curled(announcement)) as reply:  # noqa: S310 - of this machine
                    seen.append(reply.status)
            except HTTPError as error:
                with error:
                    seen.append(error.code)
        assert seen == list(statuses)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        (["--rate-limit", "2"], (200, 200, 429)),
        (["--faults", "503 x2, ok, 404"], (503, 503, 200, 404)),
        (["--faults", "plan-limit, repeat"], (429, 429)),
        (["--failure-rate", "0"], (200,)),
        (["--rate-limit", "--latency", "0.001", "--jitter", "0.001"], (200,)),
        (["--size", "150", "--seed", "4"], (200,)),
    ],
)
def test_what_goes_wrong_on_demand(
    run: Callable[..., tuple[int, str, str]],
    when_served: Callable[[Callable[[str], object]], None],
    options: list[str],
    statuses: tuple[int, ...],
) -> None:
    """Limits, faults and sizes reach the emulator; the log has each answer and the fault."""
    with ThreadPoolExecutor() as beside:
        when_served(lambda told: asked.append(beside.submit(searched_with, told, *statuses)))
        asked: list[Any] = []
        code, _, err = run("serve", "--port", "0", "--access-log", *options)
        asked[0].result()
    assert code == 0
    lines = err.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(statuses)
    if "503 x2, ok, 404" in options:
        assert [line.rpartition("}")[2] for line in lines] == [" [status]", " [status]", "", " [status]"]


def leaves_early_then_searches(announcement: str) -> None:
    """Leave before an answer comes, search as the line for curl does, and end the server by several Ctrl-C."""
    host, _, port = curled(announcement).host.partition(":")
    body = b'{"query": "gone"}'
    with socket.create_connection((host, int(port))) as impatient:
        head = f"POST /v1/search/assets HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n\r\n"
        impatient.sendall(head.encode() + body)
        time.sleep(0.05)
    with urlopen(curled(announcement)) as reply:  # noqa: S310 - of this machine
        assert reply.status == 200
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("interruptible")
def test_the_log_tells_what_became_of_each_request(
    run: Callable[..., tuple[int, str, str]], when_served: Callable[[Callable[[str], object]], None]
) -> None:
    """Also of one whose client went away, and of one that had to wait; Ctrl-C may come more than once."""
    with ThreadPoolExecutor() as beside:
        when_served(lambda told: asked.append(beside.submit(leaves_early_then_searches, told)))
        asked: list[Any] = []
        script = "ok, hang seconds=0.3"
        code, out, err = run("serve", "--port", "0", "--access-log", "--latency", "0.3", "--faults", script)
        asked[0].result()
    assert (code, out.splitlines()[-1]) == (0, "stopped")
    gone, waited = err.splitlines()
    assert gone == '--- POST /v1/search/assets {"query": "gone"}'
    assert waited.startswith("200 POST /v1/search/assets")
    assert waited.endswith("[hang]")


@pytest.mark.parametrize(
    ("name", "content"),
    [("hits.jsonl", '{"id": "asset_1", "metadata": {"name": "knight"}}'), ("pictures", None)],
)
def test_a_library_of_ones_own(
    run: Callable[..., tuple[int, str, str]],
    when_served: Callable[[Callable[[str], object]], None],
    tmp_path: Path,
    name: str,
    content: str | None,
) -> None:
    """A file of hits, or a folder of pictures."""
    library = tmp_path / name
    if content is None:
        library.mkdir()
        Image.new("RGB", (40, 30), "red").save(library / "knight.png")
        (library / "torn.png").write_bytes(b"PNG")
    else:
        library.write_text(content)
    with ThreadPoolExecutor() as beside:
        when_served(lambda told: asked.append(beside.submit(searched_with, told, 200)))
        asked: list[Any] = []
        code, _, err = run("serve", "--port", "0", "--library", str(library))
        asked[0].result()
    assert code == 0
    assert [line.partition(" is left out: ")[0] for line in err.splitlines()] == (
        [str(library / "torn.png")] if content is None else []
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--faults", "503 x3, hagn"], "there is no fault 'hagn'"),
        (["--size", "99"], "size is 99: a sample has 100 to 1,000,000 assets"),
        (["--failure-rate", "2"], "failure_rate must be a share from 0 to 1"),
        (["--latency", "-1"], "latency must be a number of seconds"),
        (["--library", "nowhere"], "Path 'nowhere' does not exist"),
        (["--library", ".", "--size", "100"], "--size is for the sample"),
        (["--rate-limit", "0"], "0 is not in the range x>=1"),
    ],
)
def test_wrong_use(run: Callable[..., tuple[int, str, str]], options: list[str], told: str) -> None:
    """Ends with 2 and says what is wrong, before anything is served."""
    code, out, err = run("serve", *options)
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())


def test_a_faulty_library_is_told_of(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """With the line."""
    file = tmp_path / "hits.jsonl"
    file.write_text('{"id": "asset_1"}\n5')
    code, _, err = run("serve", "--library", str(file))
    assert code == 2
    assert "hits.jsonl, line 2: not a hit" in " ".join(err.split())


def test_a_terminal_is_told_how_far_reading_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """On one line, which is empty at the end."""
    file = tmp_path / "hits.jsonl"
    file.write_text('{"id": "asset_1"}')
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    library = _read(file, None, 0)
    assert library is not None
    assert [record["id"] for record in library.records("assets")] == ["asset_1"]
    assert capsys.readouterr().err == f"\r\x1b[K{file}: 17 of 17\r\x1b[K"


def test_the_help_names_every_fault(run: Callable[..., tuple[int, str, str]]) -> None:
    """With its options and what it does."""
    _, out, _ = run("serve", "--help")
    for fault in described():
        assert fault.name in out
        assert fault.help.split()[0] in out


def test_as_a_program() -> None:
    """In a process of its own it answers, and Ctrl-C ends it with 0 and no traceback."""
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from scenario_async.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        too_late = threading.Timer(30, server.kill)
        too_late.start()
        try:
            assert server.stdout is not None
            announcement = ""
            while "curl" not in announcement and (line := server.stdout.readline()):
                announcement += line
            with urlopen(curled(announcement)) as reply:  # noqa: S310 - of this machine
                assert len(json.load(reply)["hits"]) == 1
            server.send_signal(signal.SIGINT)
            out, err = server.communicate()
        finally:
            too_late.cancel()
            server.kill()
    assert (server.returncode, err) == (0, "")
    assert out.endswith("stopped\n")
