"""`scenario-async explore` as a process: what it prints, how it ends, and what it does where something is missing."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from cli.driving import Terminal, in_pipes

from scenario_async.cli import explore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ADDRESS = rb"http://127\.0\.0\.1:\d+/[\w-]{32}/"
_AT_ONCE = 3.0
"""Seconds in which it has ended, on a machine that is busy with other tests."""


@pytest.mark.parametrize("asking", [False, True])
def test_ctrl_c_ends_it_at_once(tmp_path: Path, *, asking: bool) -> None:
    """It prints the address, which opens the page; it ends also while a browser holds a connection and waits."""
    terminal = Terminal(["explore", "knight", "--emulator", "--port", "0"], folder=tmp_path, DISPLAY="")
    terminal.read_until(_ADDRESS + rb"#q=knight\s.*Ctrl-C")
    found = re.search(_ADDRESS, terminal.shown)
    assert found
    address = found[0].decode()
    with urlopen(address) as reply:  # noqa: S310 - an address of this machine
        assert b"LiveSource" in reply.read()
    with socket.create_connection(("127.0.0.1", int(address.split(":")[2].split("/")[0]))) as browser:
        if asking:
            head = (
                f"POST {address.split('/', 3)[3]}search HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"
            )
            browser.sendall(head.encode())
        began = time.monotonic()
        terminal.interrupt()
        code, shown = terminal.ended()
    assert time.monotonic() - began < _AT_ONCE
    assert (code, "stopped" in shown, "Traceback" in shown) == (0, True, False)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Is told in a line, with the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = in_pipes("explore", "--emulator", "--port", str(port), folder=tmp_path)
    assert ended.returncode == 1
    told = f"Error: port {port} is in use: choose another one, or leave --port out for a free one\n"
    assert ended.stderr.decode() == told


def test_without_a_key_it_says_so(tmp_path: Path) -> None:
    """As the other commands do."""
    ended = in_pipes(
        "explore",
        "--port",
        "0",
        folder=tmp_path,
        SCENARIO_SDK_API_KEY="",
        SCENARIO_SDK_API_SECRET="",
        SCENARIO_SDK_JWT="",
    )
    assert ended.returncode == 2
    assert b"there is no key" in ended.stderr
    assert b"http://" not in ended.stdout


@pytest.mark.parametrize(
    ("terminal", "platform", "environment", "expected"),
    [
        (True, "linux", {}, False),
        (True, "linux", {"DISPLAY": ":0"}, True),
        (True, "linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        (True, "linux", {"BROWSER": "firefox"}, True),
        (True, "darwin", {}, True),
        (False, "darwin", {"DISPLAY": ":0"}, False),
    ],
)
def test_a_browser_opens_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
    *,
    terminal: bool,
    platform: str,
    environment: dict[str, str],
    expected: bool,
) -> None:
    """Beside a terminal with windows, and nowhere else: a browser of letters would take the terminal over."""
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert explore.has_browser() is expected


def test_help(run: Callable[..., tuple[int, str, str]]) -> None:
    """Tells of the port, the browser and the folder."""
    code, out, _ = run("explore", "--help")
    assert code == 0
    for word in ("--port", "--no-browser", "--to", "--emulator", "--rate-limit"):
        assert word in out
