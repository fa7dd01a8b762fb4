"""What is said of a hit, and how it is broken into lines."""

from __future__ import annotations

import pytest
from pictures.showing import of_kind

from scenario_async._looks.lettering import exact, font_for, lacking, shape_of, usual, wrapped
from scenario_async._looks.words import caption_of, facts_of, kind_of_hit, line


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a  knight\n\n at dawn ", "a knight at dawn"),
        ("a\x1b[31mknight\x07", "a [31mknight"),
        ("\u202egnp.thginк\u202c", "gnp.thginк"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("\u200b\u2060\ufeff", ""),
        ("x" * 30, "x" * 19 + "…"),
        ("x " * 100_000, "x x x x x x x x x x…"),
    ],
)
def test_a_text_becomes_one_line(given: str, shown: str) -> None:
    """Without what is not seen, and no longer than asked for."""
    assert line(given, 20) == shown
    assert len(line(given, 20)) <= 20


def test_captions_say_the_first_that_there_is() -> None:
    """The prompt, else the name, else another text, else the kind."""
    assert caption_of(of_kind("image")) == "a knight in the rain, oil on canvas"
    assert caption_of(of_kind("image", metadata={"prompt": "", "name": "K 1"})) == "K 1"
    assert caption_of(of_kind("text", metadata={"prompt": None, "text": "Once"})) == "Once"
    assert caption_of(of_kind("video", metadata={"prompt": "\x00"})) == "video"
    assert caption_of(of_kind("model", name="", shortDescription="for knights")) == "for knights"
    assert caption_of(of_kind("workflow")) == "Upscale"


def test_kinds_and_sizes() -> None:
    """A hit without a kind has that of its file."""
    assert facts_of(of_kind("image", metadata={"width": 640, "height": 480.0})) == "image · 640 \u00d7 480"
    assert facts_of(of_kind("audio")) == "audio"
    assert facts_of(of_kind("model")) == "model · custom"
    assert kind_of_hit(of_kind("x", metadata={"kind": None}, mimeType="video/mp4")) == "video"
    assert kind_of_hit(of_kind("x", metadata={"kind": None}, mimeType="")) == "asset"


def test_lines_break_between_words_and_within_long_ones() -> None:
    """None is wider than asked for, and what is left over becomes a sign."""
    font = usual(14)
    text = "a knight in the rain and " + "m" * 60 + " end"
    lines = wrapped(text, font, 100, 30)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(font.getlength(each) <= 100 for each in lines)
    short = wrapped(text, font, 100, 2)
    assert short[0] == lines[0]
    assert short[1].endswith("…")
    assert font.getlength(short[1]) <= 100
    assert wrapped("", font, 100, 2) == []
    assert wrapped("mm", font, 1, 9) == ["m", "m"]


def test_other_letters_take_another_font_where_there_is_one() -> None:
    """ASCII stays in the font that Pillow brings; no letters of any script are an error."""
    assert font_for("a knight", 14) is usual(14)
    for text in ("a café", "Ørn på kæmpe", "рыцарь", "ιππότης", "אביר", "فارس"):
        assert lacking(font_for(text, 14), [*text.replace(" ", "")]) == 0
    for text in ("騎士", "🏰", "\U0010ffff"):
        assert wrapped(text, font_for(text, 14), 500, 1) == [text]


def test_letters_of_ids_can_be_told_apart() -> None:
    """Those that look alike in most fonts."""
    font = exact(11)
    assert len({shape_of(font, letter) for letter in "Il1|O0oS5B8Z2"}) == 13
    assert len({font.getlength(letter) for letter in "ilmW_-0"}) == 1
