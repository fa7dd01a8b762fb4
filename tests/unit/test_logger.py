"""Where the lines that `SCENARIO_LOG` asks for go, whatever a program does to its loggers and its stderr."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest

from scenario_async._support.logger import LOG, log, set_up_logging

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """Put a root logger without pytest's own handlers above ours, as in a program that has set up no logging."""
    fresh = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(LOG, "parent", fresh)
    return fresh


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[], io.StringIO]:
    """Give a function that puts something else in the place of stderr."""

    def replaced() -> io.StringIO:
        stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", stream)
        return stream

    return replaced


def _asked(monkeypatch: pytest.MonkeyPatch, word: str = "info") -> None:
    monkeypatch.setenv("SCENARIO_LOG", word)
    set_up_logging()


class _Kept(logging.Handler):
    """A handler of the program's own."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def test_a_line_goes_to_what_stderr_is_by_then(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[], io.StringIO]
) -> None:
    """The stream of the moment at which a client was built may be closed long since."""
    first = shown()
    _asked(monkeypatch)
    first.close()
    second = shown()
    log(logging.INFO, "one %s", "line")
    (line,) = second.getvalue().splitlines()
    assert line.endswith(" INFO scenario_async: one line")


class _Broken(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def _closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    "stream", [None, _closed(), _Broken(), object()], ids=["none", "closed", "broken", "no stream"]
)
def test_a_stderr_that_takes_nothing_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], stream: Any
) -> None:
    """Nothing is raised, and nothing is said of it anywhere else."""
    _asked(monkeypatch)
    monkeypatch.setattr("sys.stderr", stream)
    LOG.info("a line")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("ours", [False, True], ids=["root", "ours"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_what_a_handler_of_the_program_takes_is_not_shown_twice(
    monkeypatch: pytest.MonkeyPatch,
    shown: Callable[[], io.StringIO],
    root: logging.Logger,
    *,
    ours: bool,
    late: bool,
) -> None:
    """The program may have set up its handler before a client was built, or do it later."""
    stream, kept = shown(), _Kept()
    if late:
        _asked(monkeypatch)
    (LOG if ours else root).addHandler(kept)
    if not late:
        _asked(monkeypatch)
    log(logging.INFO, "once")
    assert kept.texts == ["once"]
    assert stream.getvalue() == ""


def test_what_no_handler_of_the_program_takes_is_shown(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[], io.StringIO], root: logging.Logger
) -> None:
    """A handler for errors alone, one that drops all, and one that our logger does not pass records to show nothing."""
    stream, errors, never = shown(), _Kept(logging.ERROR), _Kept()
    root.addHandler(errors)
    root.addHandler(logging.NullHandler())
    _asked(monkeypatch)
    log(logging.INFO, "first")
    root.addHandler(never)
    monkeypatch.setattr(LOG, "propagate", False)
    log(logging.ERROR, "second")
    assert [line.rpartition(" ")[2] for line in stream.getvalue().splitlines()] == ["first", "second"]
    assert (errors.texts, never.texts) == ([], [])


def test_a_word_that_is_no_level_is_told_once(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[], io.StringIO]
) -> None:
    """The line says what it may be; it asks for no other lines, and what looks like a secret is hidden."""
    stream = shown()
    _asked(monkeypatch, "loud")
    _asked(monkeypatch, " Loud\t")
    _asked(monkeypatch, "loud")
    log(logging.WARNING, "another")
    first, second = stream.getvalue().splitlines()
    assert " WARNING scenario_async: SCENARIO_LOG is 'loud', but it must be info " in first
    assert "'Loud'" in second
    _asked(monkeypatch, "Bearer s3cr3t-token")
    assert "s3cr3t" not in stream.getvalue()


def test_a_word_that_is_no_level_goes_to_the_handlers_of_the_program(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[], io.StringIO], root: logging.Logger
) -> None:
    """Where there are some, they alone show it; a program that wants no warnings gets none."""
    stream, kept = shown(), _Kept()
    root.addHandler(kept)
    _asked(monkeypatch, "louder")
    LOG.setLevel(logging.ERROR)
    _asked(monkeypatch, "loudest")
    assert [text.partition(",")[0] for text in kept.texts] == ["SCENARIO_LOG is 'louder'"]
    assert stream.getvalue() == ""


def test_a_wrong_word_after_a_right_one_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[], io.StringIO]
) -> None:
    """Lines go on as they were asked for, and the wrong word is told once."""
    stream = shown()
    _asked(monkeypatch)
    _asked(monkeypatch, "lower")
    log(logging.INFO, "a line")
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["WARNING", "INFO"]


@pytest.mark.parametrize("word", ["", "off", " OFF ", " "])
def test_no_word_and_off_say_nothing(
    monkeypatch: pytest.MonkeyPatch, shown: Callable[[], io.StringIO], word: str
) -> None:
    """They ask for silence."""
    stream = shown()
    _asked(monkeypatch, word)
    log(logging.WARNING, "a line")
    assert stream.getvalue() == ""
