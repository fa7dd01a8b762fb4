"""Hits in a terminal: pictures as half blocks, with numbers and captions as text; or the sheet, where it shows pictures."""

from __future__ import annotations

import base64
import io
import re

import pytest
from pictures.showing import BLUE, RED, Screen, cells_of, table_of, thumbnail
from PIL import Image

from scenario_async._looks.mosaic import cells, padded, show_table
from scenario_async._looks.thumbnails import Missing, Shown

DEEP = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def shown(table: object, columns: int = 80) -> list[str]:
    """Give the lines that a terminal gets."""
    screen = Screen()
    assert show_table(table, screen, environ=DEEP | {"COLUMNS": str(columns)}) == "blocks"  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return screen.getvalue().splitlines()


@pytest.mark.parametrize(("columns", "across"), [(20, 1), (80, 3), (200, 7)])
def test_as_many_stand_side_by_side_as_fit(columns: int, across: int) -> None:
    """No line is wider than the terminal, and each row of captions has their numbers."""
    lines = shown(table_of(map(thumbnail, [RED, BLUE] * 4)), columns)
    assert max(len(cells_of(line)) for line in lines) < columns
    captions = [line for line in lines if re.match(r"\d+ ", line)]
    assert [re.findall(r"(?:^|  )(\d+) a knight", line) for line in captions] == [
        [str(number + 1) for number in range(start, min(start + across, 8))] for start in range(0, 8, across)
    ]
    assert [line for line in lines if not line] == [""] * len(captions)


@pytest.mark.parametrize("how", ["blocks", "kitty"])
def test_what_continues_others_numbers_on(how: str) -> None:
    """In its captions, and on the sheet."""
    pictures: list[str] = []
    for first in (1, 101):
        screen = Screen()
        show_table(table_of([thumbnail()]), screen, how, DEEP, first=first)
        pictures.append(screen.getvalue())
    assert pictures[0] != pictures[1]
    if how == "blocks":
        assert "101 a knight" in pictures[1]


def test_pictures_stand_in_their_order() -> None:
    """Each in its own colours, and wide ones with the terminal's ground above and below."""
    lines = shown(table_of([thumbnail(RED), thumbnail(BLUE, (64, 16))]))
    row = cells_of(lines[len(lines) // 2 - 1])
    assert row[5][1] == "2;{};{};{}".format(*RED)
    assert row[-5][1] == "2;{};{};{}".format(*BLUE)
    assert {letter for letter, _, _ in cells_of(lines[0])[-20:]} == {" "}


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (Missing("expired"), "its address has"),
        (Missing("none"), "video"),
        (Shown(b"RIFF", 9, 9), "video"),
        (None, "video"),
    ],
    ids=["expired", "none", "broken", "not loaded"],
)
def test_what_has_no_picture_has_a_frame_with_words(look: Shown | Missing | None, said: str) -> None:
    """Its kind, and why there is none."""
    lines = shown(table_of([look], "video"))
    assert any(said in line for line in lines)
    assert lines[0].startswith("\x1b[2m╭─")
    assert len({len(cells_of(line)) for line in lines[:-2]}) == 1


def test_texts_carry_no_sequence_into_the_terminal() -> None:
    """A prompt with an escape sequence is shown as what can be read of it."""
    prompt = "\x1b]0;owned\x07\x1b[2J\u202ea knight\r\n\x9b31m"
    *_, caption, _ = shown(table_of([thumbnail()], metadata={"prompt": prompt}), 38)
    assert caption == padded("1 ]0;owned [2J a knight 31m", 36).rstrip()


def test_a_thumbnail_of_a_video_says_so() -> None:
    """Below the picture."""
    lines = shown(table_of([thumbnail()], "video"))
    assert lines[-3].strip("\x1b[0m2 ") == "video"


def test_nothing_found_shows_nothing() -> None:
    """And is no error; neither is a pipe."""
    assert shown(table_of([])) == []
    pipe = Screen(terminal=False)
    assert show_table(table_of([thumbnail()]), pipe, "kitty", DEEP) is None
    assert pipe.getvalue() == ""


def test_a_terminal_that_shows_pictures_gets_the_sheet() -> None:
    """One PNG, with as many columns as fit beside each other."""
    screen = Screen()
    table = table_of([thumbnail()] * 9)
    assert show_table(table, screen, environ={"TERM": "xterm-kitty", "COLUMNS": "80"}) == "kitty"
    content = "".join(re.findall(r"\x1b_G[^;]*;([^\x1b]*)", screen.getvalue()))
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert image.size == table.sheet(columns=3).size


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("knight", 8, "knight  "),
        ("knight", 6, "knight"),
        ("knights", 6, "knigh…"),
        ("騎士騎士", 5, "騎士…"),
        ("騎士騎士", 6, "騎士… "),
        ("e\u0301te\u0301", 3, "e\u0301te\u0301"),
        ("knight", 0, ""),
    ],
)
def test_texts_take_the_cells_that_they_take(text: str, width: int, shown: str) -> None:
    """Wide letters take two, combining ones none."""
    assert padded(text, width) == shown
    assert cells(shown) == width
