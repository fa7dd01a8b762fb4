"""Pictures in a terminal: by kitty's or iTerm2's protocol where the environment says so, else as half blocks, or not at all.

Only environment variables and the operating system are asked, never the terminal. What is no terminal gets nothing.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from io import BytesIO
from secrets import randbelow
from typing import TYPE_CHECKING, Final, Literal, TextIO, TypeAlias

import attrs

from scenario_async._looks.protocols import iterm, iterm_in_tmux, kitty, kitty_in_tmux, row_marks
from scenario_async._support import checks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

Way: TypeAlias = Literal["kitty", "iterm", "blocks"]
WAYS: Final[tuple[Way, ...]] = ("kitty", "iterm", "blocks")
_KITTY: Final = frozenset({"xterm-kitty", "xterm-ghostty"})
_ITERM: Final = frozenset({"iterm.app", "wezterm"})
_DEEP: Final = frozenset({"truecolor", "24bit"})
_DEEP_PROGRAMS: Final = frozenset(
    {"iterm.app", "wezterm", "ghostty", "vscode", "hyper", "tabby", "warpterminal"}
)
_DEEP_TERMS: Final = ("kitty", "ghostty", "alacritty", "-direct", "foot")
_PLAIN_TERMS: Final = ("dumb", "unknown", "emacs", "vt", "ansi-m", "xterm-mono")
_USUAL_COLUMNS: Final = 80
_USUAL_CELL: Final = (10, 20)


@attrs.frozen
class Terminal:
    """What is known of a terminal without asking it: its columns, and a cell's size in pixels."""

    columns: int
    cell: tuple[int, int]
    deep: bool
    in_tmux: bool


def way_of(stream: TextIO, how: str | None = None, environ: Mapping[str, str] | None = None) -> Way | None:
    """Tell how a stream shows pictures; None if it does not. `how` is a choice of the user's, which goes before.

    Within tmux the variables of the terminal around it may be those of another one, so half blocks are used there unless
    something else is chosen. `NO_COLOR` leaves only the protocols, unless blocks are chosen.
    """
    environ = os.environ if environ is None else environ
    if how is not None:
        checks.one_of(*WAYS)(how, "how")
    if not _is_terminal(stream) or _is_plain(environ):
        return None
    way = _known(environ) if how is None else how
    if way != "blocks":
        return "kitty" if way == "kitty" else "iterm"
    if (how is None and environ.get("NO_COLOR")) or not _has_blocks(stream):
        return None
    return "blocks"


def show(
    image: Image, stream: TextIO, how: str | None = None, environ: Mapping[str, str] | None = None
) -> Way | None:
    """Show a picture in a terminal, as wide as it is or as fits, and tell how; None if nothing was written."""
    environ = os.environ if environ is None else environ
    way = way_of(stream, how, environ)
    if way is None:
        return None
    terminal = terminal_of(stream, environ)
    if way == "blocks":
        from scenario_async._looks.blocks import fitted, lines  # noqa: PLC0415 - it loads Pillow

        shown = lines(fitted(image, terminal.columns), deep=terminal.deep)
        stream.writelines(f"{line}\n" for line in shown)
    else:
        stream.write(_by_protocol(image, way, terminal))
    stream.flush()
    return way


def terminal_of(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """Tell what is known of a terminal."""
    given = environ.get("COLUMNS", "")
    columns, cell = _asked_of_the_system(stream)
    if given.isdecimal() and int(given):
        columns = int(given)
    # The last column stays free: some terminals break the line when it is written.
    return Terminal(max(1, columns - 1), cell, _is_deep(environ), _in_tmux(environ))


def _by_protocol(image: Image, way: Way, terminal: Terminal) -> str:
    file = BytesIO()
    image.save(file, "PNG")
    png = file.getvalue()
    wide, high = terminal.cell
    columns = max(1, min(terminal.columns, -(-image.width // wide)))
    if not terminal.in_tmux:
        return iterm(png, columns) if way == "iterm" else kitty(png, columns)
    rows = max(1, round(columns * wide * image.height / image.width / high))
    if way == "iterm":
        return iterm_in_tmux(png, columns, rows)
    if rows > (most := len(row_marks())):
        columns, rows = max(1, columns * most // rows), most
    return kitty_in_tmux(png, columns, rows, 1 + randbelow(0xFFFFFF))


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # it is none, or closed
        return False


def _is_plain(environ: Mapping[str, str]) -> bool:
    term = environ.get("TERM", "").lower()
    if not term:
        return not environ.get("WT_SESSION")
    return term.startswith(_PLAIN_TERMS)


def _has_blocks(stream: TextIO) -> bool:
    try:
        "\N{UPPER HALF BLOCK}".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _known(environ: Mapping[str, str]) -> Way:
    if _in_tmux(environ) or environ.get("STY") or environ.get("TERM", "").startswith("screen"):
        return "blocks"
    program = environ.get("TERM_PROGRAM", "").lower()
    if environ.get("KITTY_WINDOW_ID") or environ.get("TERM", "").lower() in _KITTY or program == "ghostty":
        return "kitty"
    if program in _ITERM or environ.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "blocks"


def _in_tmux(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("TMUX")) or environ.get("TERM", "").startswith("tmux")


def _is_deep(environ: Mapping[str, str]) -> bool:
    """Tell whether a terminal has colours of 24 bits."""
    if environ.get("COLORTERM", "").lower() in _DEEP or environ.get("WT_SESSION"):
        return True
    if environ.get("TERM_PROGRAM", "").lower() in _DEEP_PROGRAMS:
        return True
    return any(each in environ.get("TERM", "").lower() for each in _DEEP_TERMS)


def _asked_of_the_system(stream: TextIO) -> tuple[int, tuple[int, int]]:
    """Give the columns of a terminal, and the size of a cell where it is known."""
    columns, cell = _USUAL_COLUMNS, _USUAL_CELL
    with suppress(OSError, ValueError, AttributeError):
        columns = os.get_terminal_size(stream.fileno()).columns or columns
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import fcntl  # noqa: PLC0415 - not on Windows
        import termios  # noqa: PLC0415

        found = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
        rows, across, wide, high = struct.unpack("HHHH", found)
        if rows and across and wide >= across and high >= rows:
            cell = wide // across, high // rows
    return columns, cell
