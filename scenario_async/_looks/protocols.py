"""A PNG in the words of terminals that show pictures: kitty's protocol and iTerm2's, also through tmux.

Nothing here asks the terminal for an answer: one that stays mute would let us wait, and one that answers would do so
into the user's next command.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING, Final
from unicodedata import combining, decomposition

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = 4096
_LARGER_PIECE: Final = 200_000
_PLACE: Final = "\U0010eeee"
_FUSED: Final = frozenset(
    [*range(0x300, 0x305), *range(0x306, 0x30D), 0x30F, 0x311, 0x313, 0x314, 0x342, 0x653, 0x654]
)


def kitty(png: bytes, columns: int) -> str:
    """Give the sequences that show a PNG, so many columns wide; the terminal finds the height, and says nothing."""
    return "".join(_kitty_pieces(png, f"a=T,f=100,q=2,c={columns}")) + "\n"


def kitty_in_tmux(png: bytes, columns: int, rows: int, identifier: int) -> str:
    """Give the same for kitty within tmux, which sees letters that stand for the picture, and so can scroll them."""
    control = f"a=T,U=1,f=100,q=2,i={identifier},c={columns},r={rows}"
    sent = "".join(map(through_tmux, _kitty_pieces(png, control)))
    red, green, blue = identifier >> 16 & 255, identifier >> 8 & 255, identifier & 255
    marks = row_marks()
    shown = "".join(
        f"\x1b[38;2;{red};{green};{blue}m{_PLACE}{marks[row]}{marks[0]}{_PLACE * (columns - 1)}\x1b[39m\n"
        for row in range(rows)
    )
    return sent + shown


def iterm(png: bytes, columns: int) -> str:
    """Give the sequence that shows a PNG in iTerm2, so many columns wide."""
    return f"\x1b]1337;File=inline=1;size={len(png)};{_iterm_size(columns)}:{b64encode(png).decode()}\a\n"


def iterm_in_tmux(png: bytes, columns: int, rows: int) -> str:
    """Give the same for iTerm2 within tmux, in pieces, as tmux drops what is long.

    tmux does not see the picture: its lines are made before, and left afterwards.
    """
    parts = [f"\x1b]1337;MultipartFile=inline=1;size={len(png)};{_iterm_size(columns)}\a"]
    parts += [f"\x1b]1337;FilePart={piece}\a" for piece in _pieces(png, _LARGER_PIECE)]
    # Until something is drawn, tmux leaves the terminal's cursor elsewhere: here a cell is erased.
    room = "\n" * rows + f"\x1b[{rows}A\x1b[X"
    return "".join(map(through_tmux, parts)) + room + through_tmux("\x1b]1337;FileEnd\a") + f"\x1b[{rows}B\r"


def through_tmux(sequence: str) -> str:
    """Wrap a sequence so that tmux hands it on, where its `allow-passthrough` is on."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


@cache
def row_marks() -> tuple[str, ...]:
    """Give the combining letters by which kitty counts rows: of class 230, and with nothing to fuse with."""
    return tuple(
        chr(code)
        for code in range(0x300, 0x65F)
        if combining(chr(code)) == 230 and not decomposition(chr(code)) and code not in _FUSED  # noqa: PLR2004 - as above
    )


def _iterm_size(columns: int) -> str:
    return f"width={columns};height=auto;preserveAspectRatio=1"


def _kitty_pieces(png: bytes, control: str) -> Iterator[str]:
    pieces = list(_pieces(png, _PIECE))
    for place, piece in enumerate(pieces):
        more = int(place < len(pieces) - 1)
        head = f"{control}," if not place else "q=2,"
        yield f"\x1b_G{head}m={more};{piece}\x1b\\"


def _pieces(png: bytes, most: int) -> Iterator[str]:
    text = b64encode(png).decode()
    for start in range(0, len(text), most):
        yield text[start : start + most]
