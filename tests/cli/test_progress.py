"""How far a command is: what is counted, what is shown, and where."""

from __future__ import annotations

import io
import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from scenario_async import RetryEvent
from scenario_async._tables.formats import FORMATS
from scenario_async.cli.failures import tell_interruption
from scenario_async.cli.printing import NobodyReadsError, Output, check_output
from scenario_async.cli.progress import Progress, hint
from scenario_async.cli.signals import EndedError, ending_well
from scenario_async.errors import InternalServerError, WriteError
from scenario_async.events import ResponseEvent

if TYPE_CHECKING:
    from collections.abc import Callable


class Screen(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        """Be a terminal."""
        return True


def shown(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Lead both outputs to a terminal from now on, and give it."""
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    return screen


def replied(**headers: str) -> ResponseEvent:
    """Tell of a reply."""
    call = {"method": "POST", "url": "https://x/search/assets", "attempt": 1}
    return ResponseEvent(**call, status=200, headers=headers, request_id=None, seconds=0.1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the service says, and else what our own count of the last minute leaves."""
    now = 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("scenario_async.cli.progress.time", clock)
    progress = Progress(3)
    told = progress.hooks["on_response"]
    for expected in (2, 1, 0, 0):
        told(replied())
        assert progress.quota_left == expected
    now += 61
    assert progress.quota_left == 3
    told(replied(**{"x-ratelimit-remaining": "77"}))
    assert progress.quota_left == 77
    told(replied(**{"x-ratelimit-remaining": "many"}))
    assert progress.quota_left == 1


def test_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits, pages, the rate, the quota, and why it waits."""
    screen = shown(monkeypatch)
    progress = Progress(100)
    progress.begin(300)
    progress.count(100)
    error = InternalServerError("away", status_code=503)
    retry = RetryEvent(method="POST", url="https://x", attempt=1, error=error, wait=7.0)
    progress.hooks["on_retry"](retry)
    assert "100 hits · 1 page · " in progress.text
    assert progress.text.endswith(" hits/s · quota left 100 · 503, trying again in 7 s")
    progress.hooks["on_response"](replied())
    assert progress.text.endswith("quota left 99")
    progress.stand(250, 3, 12.0)
    assert progress.text.endswith("429, going on in 12 s")
    with progress.aside():
        screen.write("result\n")
    progress.end()
    assert "250 hits · 3 pages" in screen.getvalue()
    progress.end()  # which may be said twice


def test_only_a_terminal_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a pipe goes neither progress nor a hint."""
    progress = Progress(100)
    progress.begin(None)
    progress.count(1)
    progress.end()
    hint("there is more")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [None, object()])
def test_streams_that_are_none(monkeypatch: pytest.MonkeyPatch, stream: object) -> None:
    """Where there is no standard error, or something in its place, nobody is told and nothing fails."""
    monkeypatch.setattr("sys.stderr", stream)
    hint("there is more")


def test_binary_formats_are_refused_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are for files and pipes."""
    shown(monkeypatch)
    check_output(FORMATS["csv"])
    with pytest.raises(Exception, match="parquet is no text for a terminal"):
        check_output(FORMATS["parquet"])


class Broken(io.RawIOBase):
    """A file that cannot be written."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    @property
    def buffer(self) -> Broken:
        """Be its own file of bytes."""
        return self

    def write(self, _content: object) -> int:
        """Fail."""
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BrokenPipeError(32, "Broken pipe"), NobodyReadsError),
        (OSError(28, "No space left on device"), WriteError),
    ],
)
def test_outputs_that_break(
    monkeypatch: pytest.MonkeyPatch, error: OSError, expected: type[Exception]
) -> None:
    """A reader that left is one thing, no space another."""
    monkeypatch.setattr("sys.stdout", Broken(error))
    with pytest.raises(expected):
        Output().write(b"x")


def test_an_output_as_writers_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows its place, cannot be read or moved, and stays open."""
    out = Output()
    monkeypatch.setattr(out, "_file", io.BytesIO())
    assert out.write(b"abc") == 3
    out.flush()
    out.close()
    assert (out.tell(), out.closed, out.writable(), out.readable(), out.seekable()) == (
        3,
        False,
        True,
        False,
        False,
    )
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(WriteError, match="it is closed"):
        Output().write(b"x")


def test_an_output_that_takes_little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is written, also where Python does not gather it (`python -u`)."""

    class Raw(io.RawIOBase):
        content = b""

        def write(self, content: Any, /) -> int:
            self.content += bytes(content[:2])
            return min(2, len(content))

    raw = Raw()
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=raw))
    assert Output().write(b"knight") == 6
    assert raw.content == b"knight"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_are_interruptions(name: str) -> None:
    """A request to end raises where the program is, and only for as long as a command runs."""
    number = signal.Signals[name]
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(EndedError) as ended, ending_well():
            signal.raise_signal(number)
        assert ended.value.code == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN)
        with ending_well():
            signal.raise_signal(number)  # as `nohup` has it
    finally:
        signal.signal(number, before)


def test_an_interruption_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the terminal has gone, there is nothing to fail any more."""

    def gone(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("click.echo", gone)
    tell_interruption(KeyboardInterrupt(), as_json=False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Callable[..., tuple[int, str, str]], shell: str) -> None:
    """Each shell gets lines that name the command."""
    code, out, _ = run("completion", shell)
    assert code == 0
    assert f"_SCENARIO_ASYNC_COMPLETE={shell}_complete" in out
