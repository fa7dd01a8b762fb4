"""Which way pictures are shown where, and what is written then: nothing ever where it could do harm."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from pictures.showing import BLUE, GREEN, RED, Screen, pixels_of
from PIL import Image, ImageChops

from scenario_async import InvalidSearchError
from scenario_async._looks import terminal as room
from scenario_async._looks.protocols import row_marks
from scenario_async._looks.terminal import show, terminal_of, way_of

XTERM = {"TERM": "xterm-256color"}
KITTY = {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}
ITERM = {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}
TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}  # noqa: S108 - a name only
APC = re.compile(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\")


def picture(width: int = 40, height: int = 30) -> Image.Image:
    """Give a picture whose halves have two colours."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, height // 2, width, height))
    return image


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        (XTERM, "blocks"),
        ({"TERM": "xterm"}, "blocks"),
        (KITTY, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        (ITERM, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, "blocks"),
        (TMUX, "blocks"),
        (KITTY | TMUX, "blocks"),
        (ITERM | {"TERM": "screen-256color", "TMUX": "x"}, "blocks"),
        (KITTY | {"TERM": "screen", "STY": "1.x"}, "blocks"),
        (XTERM | {"NO_COLOR": "1"}, None),
        (KITTY | {"NO_COLOR": "1"}, "kitty"),
        ({"TERM": "dumb"}, None),
        (KITTY | {"TERM": "dumb"}, None),
        ({"TERM": "vt100"}, None),
        ({"TERM": ""}, None),
        ({}, None),
        ({"WT_SESSION": "x"}, "blocks"),
    ],
)
def test_the_environment_decides(environ: dict[str, str], way: str | None) -> None:
    """And nothing is asked of the terminal."""
    screen = Screen()
    assert way_of(screen, environ=environ) == way
    assert show(picture(), screen, environ=environ) == way
    assert bool(screen.getvalue()) == (way is not None)


@pytest.mark.parametrize("how", [None, "blocks", "kitty", "iterm"])
@pytest.mark.parametrize("environ", [XTERM, KITTY, ITERM, TMUX])
def test_what_is_no_terminal_gets_nothing(how: str | None, environ: dict[str, str]) -> None:
    """Whatever is chosen: no sequence goes into a pipe or a file."""
    for stream in (Screen(terminal=False), io.StringIO()):
        assert show(picture(), stream, how, environ) is None
        assert stream.getvalue() == ""
    closed = Screen()
    closed.close()
    assert way_of(closed, how, environ) is None


def test_a_choice_goes_before() -> None:
    """Also before NO_COLOR and tmux; only a terminal that knows no sequences keeps its peace."""
    assert way_of(Screen(), "blocks", KITTY) == "blocks"
    assert way_of(Screen(), "kitty", XTERM) == "kitty"
    assert way_of(Screen(), "iterm", TMUX) == "iterm"
    assert way_of(Screen(), "blocks", XTERM | {"NO_COLOR": "1"}) == "blocks"
    assert way_of(Screen(), "kitty", {"TERM": "dumb"}) is None
    with pytest.raises(
        InvalidSearchError, match=r'how is .sixel., but it must be "kitty" or "iterm" or "blocks"'
    ):
        way_of(Screen(), "sixel", XTERM)


def test_a_stream_that_lacks_the_letter_gets_no_blocks() -> None:
    """The protocols are ASCII, and come all the same."""
    assert way_of(Screen(encoding="ascii"), environ=XTERM) is None
    assert way_of(Screen(encoding="ascii"), environ=KITTY) == "kitty"


def test_blocks_show_two_pixels_a_cell() -> None:
    """In 24 bits the very colours, and each line ends in the terminal's own."""
    screen = Screen()
    show(picture(4, 6), screen, environ=XTERM | {"COLORTERM": "truecolor"})
    red, blue = ("2;{};{};{}".format(*colour) for colour in (RED, BLUE))
    assert pixels_of(screen.getvalue()) == [[red] * 4] * 3 + [[blue] * 4] * 3


@pytest.mark.parametrize(
    ("environ", "deep"),
    [
        (XTERM, False),
        (XTERM | {"COLORTERM": "24bit"}, True),
        ({"TERM": "xterm-direct"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "linux"}, False),
    ],
)
def test_colours_of_24_bits_or_256(environ: dict[str, str], deep: bool) -> None:  # noqa: FBT001
    """As the environment says."""
    screen = Screen()
    show(picture(2, 2), screen, "blocks", environ)
    assert ("38;2;" in screen.getvalue(), "38;5;" in screen.getvalue()) == (deep, not deep)


@pytest.mark.parametrize("columns", [20, 80])
def test_a_picture_fits_the_terminal(columns: int) -> None:
    """It keeps its shape, is never made larger, and leaves the last column free."""
    screen = Screen()
    show(picture(400, 100), screen, environ=XTERM | {"COLUMNS": str(columns)})
    rows = pixels_of(screen.getvalue())
    assert {len(row) for row in rows} == {columns - 1}
    assert abs(len(rows) - (columns - 1) / 4) < 2
    screen = Screen()
    show(picture(10, 10), screen, environ=XTERM | {"COLUMNS": str(columns)})
    assert {len(row) for row in pixels_of(screen.getvalue())} == {10}


def kitty_png(pieces: list[tuple[str, str]]) -> bytes:
    """Put the pieces of kitty's protocol together, as kitty does."""
    assert all(len(content) <= 4096 for _, content in pieces)
    assert all("q=2" in control.split(",") for control, _ in pieces), "the terminal is to answer nothing"
    more = [control.rpartition("m=")[2] for control, _ in pieces]
    assert more == ["1"] * (len(pieces) - 1) + ["0"]
    return base64.b64decode("".join(content for _, content in pieces))


def assert_same(png: bytes, image: Image.Image) -> None:
    """Hold a PNG to a picture."""
    with Image.open(io.BytesIO(png)) as shown:
        assert shown.format == "PNG"
        assert ImageChops.difference(shown.convert("RGB"), image).getbbox() is None


def noisy() -> Image.Image:
    """Give a picture whose PNG takes several pieces."""
    return Image.effect_noise((160, 120), 80).convert("RGB")


def test_kitty_gets_one_png_in_pieces() -> None:
    """All of it, with the columns it is to take, and nothing that asks for an answer."""
    screen, image = Screen(), noisy()
    assert show(image, screen, environ=KITTY | {"COLUMNS": "80"}) == "kitty"
    pieces = APC.findall(screen.getvalue())
    assert len(pieces) > 3
    assert (
        "".join(f"\x1b_G{control};{content}\x1b\\" for control, content in pieces) + "\n" == screen.getvalue()
    )
    assert_same(kitty_png(pieces), image)
    control = dict(each.split("=") for each in pieces[0][0].split(","))
    assert (control["a"], control["f"], control["c"]) == ("T", "100", "16")
    narrow = Screen()
    show(image, narrow, environ=KITTY | {"COLUMNS": "11"})
    assert ",c=10," in narrow.getvalue()


def test_iterm_gets_one_png() -> None:
    """In one sequence, with its size in bytes and in columns."""
    screen, image = Screen(), noisy()
    assert show(image, screen, environ=ITERM | {"COLUMNS": "80"}) == "iterm"
    found = re.fullmatch(r"\x1b\]1337;File=([^:]*):([A-Za-z0-9+/=]*)\a\n", screen.getvalue())
    assert found is not None
    png = base64.b64decode(found[2])
    assert_same(png, image)
    assert found[1].split(";") == [
        "inline=1", f"size={len(png)}", "width=16", "height=auto", "preserveAspectRatio=1",
    ]  # fmt: skip


def handed_on(text: str) -> tuple[str, str]:
    """Read a text as tmux does: give what goes to the terminal around it, and what tmux itself shows."""
    wrapped = re.compile(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\")
    return "".join(each.replace("\x1b\x1b", "\x1b") for each in wrapped.findall(text)), wrapped.sub("", text)


def test_kitty_within_tmux() -> None:
    """The picture goes through, and letters that stand for it are what tmux sees, line by line."""
    screen, image = Screen(), noisy()
    assert show(image, screen, "kitty", KITTY | TMUX | {"COLUMNS": "80"}) == "kitty"
    through, shown = handed_on(screen.getvalue())
    pieces = APC.findall(through)
    assert_same(kitty_png(pieces), image)
    control = dict(each.split("=") for each in pieces[0][0].split(","))
    assert (control["U"], control["c"], control["r"]) == ("1", "16", "6")
    lines = shown.splitlines()
    assert len(lines) == 6
    number = int(control["i"])
    for row, text in enumerate(lines):
        found = re.fullmatch(r"\x1b\[38;2;(\d+);(\d+);(\d+)m(.*)\x1b\[39m", text)
        assert found is not None
        assert int(found[1]) << 16 | int(found[2]) << 8 | int(found[3]) == number
        assert found[4] == "\U0010eeee" + row_marks()[row] + row_marks()[0] + "\U0010eeee" * 15


def test_a_picture_higher_than_kitty_counts_becomes_narrower() -> None:
    """Within tmux there are marks for so many rows only."""
    screen = Screen()
    show(Image.new("RGB", (200, 4000)), screen, "kitty", TMUX | {"COLUMNS": "80"})
    assert len(handed_on(screen.getvalue())[1].splitlines()) == len(row_marks()) == 69
    assert f"{ord(row_marks()[0]):X} {ord(row_marks()[-1]):X}" == "305 65E"


def test_iterm_within_tmux_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tmux drops what is long; its lines are kept free, as tmux sees no picture."""
    monkeypatch.setattr("scenario_async._looks.protocols._LARGER_PIECE", 5000)
    screen, image = Screen(), noisy()
    show(image, screen, "iterm", ITERM | TMUX)
    through, shown = handed_on(screen.getvalue())
    assert shown == "\n" * 6 + "\x1b[6A\x1b[X\x1b[6B\r"
    begin, *parts, end, rest = through.split("\a")
    assert begin.startswith("\x1b]1337;MultipartFile=inline=1;size=")
    assert (end, rest) == ("\x1b]1337;FileEnd", "")
    assert len(parts) > 3
    assert_same(base64.b64decode("".join(each.removeprefix("\x1b]1337;FilePart=") for each in parts)), image)


def test_the_system_knows_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS goes before it; a terminal of no size counts as a usual one."""

    def asked(_stream: object) -> tuple[int, tuple[int, int]]:
        return 132, (8, 17)

    monkeypatch.setattr(room, "_asked_of_the_system", asked)
    assert terminal_of(Screen(), {}).columns == 131
    assert terminal_of(Screen(), {}).cell == (8, 17)
    assert terminal_of(Screen(), {"COLUMNS": "40"}).columns == 39
    assert terminal_of(Screen(), {"COLUMNS": "0"}).columns == 131
    monkeypatch.undo()
    assert terminal_of(Screen(), {}).columns == 79


def test_a_real_terminal_is_measured() -> None:
    """By the system's own call, in cells and in pixels."""
    fcntl, pty, struct, termios = (
        pytest.importorskip(name) for name in ("fcntl", "pty", "struct", "termios")
    )
    outside, inside = pty.openpty()
    size: Any = struct.pack("HHHH", 50, 100, 900, 1000)
    fcntl.ioctl(inside, termios.TIOCSWINSZ, size)
    with open(inside, "w", encoding="utf-8") as stream, open(outside, "rb", buffering=0):  # noqa: PTH123 - of descriptors
        found = terminal_of(stream, {})
        assert (found.columns, found.cell) == (99, (9, 20))
        assert way_of(stream, environ=XTERM) == "blocks"


def test_256_colours_are_those_that_look_most_alike() -> None:
    """The known ones are themselves; a dark colour stays one in place of a grey."""
    nearest: Any = pytest.importorskip("scenario_async._looks.blocks").nearest
    assert [nearest(*each) for each in ((0, 0, 0), (255, 255, 255), (255, 0, 0), (95, 135, 175))] == [
        16, 231, 196, 67,
    ]  # fmt: skip
    assert nearest(118, 118, 118) == 243
    assert nearest(90, 10, 20) == 52
    assert nearest(*GREEN) in {28, 35}
