"""The screen of the demo, on outputs of several kinds."""

from __future__ import annotations

import io

import pytest

from scenario_async.cli.screen import Screen


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_lacks_letters(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A letter that the output cannot hold is replaced."""
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding=encoding) as output:
        monkeypatch.setattr("sys.stdout", output)
        Screen().note("a dragon\N{HORIZONTAL ELLIPSIS}")
        output.flush()
        assert written.getvalue() == b"\n  a dragon?\n"


def test_an_output_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard output that a program has put in the place of the usual one will do."""
    monkeypatch.setattr("sys.stdout", output := io.StringIO())
    Screen().note("a dragon")
    assert output.getvalue() == "\n  a dragon\n"


def test_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes line by line, as it is, and what ends without a line break is not lost."""
    monkeypatch.setattr("sys.stdout", output := io.StringIO())
    with Screen().printed():
        print("[bold]", "a", "dragon")
        print("the end", end="")
    assert output.getvalue() == "\n    [bold] a dragon\n    the end\n"
