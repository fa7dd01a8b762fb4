"""Quoted texts of filters: what their escapes stand for."""

import re
import sys
from typing import Final

_ESCAPE: Final = re.compile(
    r"""\\(?:
        u\{0*(?P<point>[0-9a-fA-F]{1,6})\} | u(?P<unit>[0-9a-fA-F]{4}) | x(?P<byte>[0-9a-fA-F]{2})
        | (?P<octal>[0-3][0-7]{0,2} | [4-7][0-7]?) | (?P<letter>.)
    )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPED: Final = {
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    **{character: character for character in "\\/'\""},
}
_SURROGATES: Final = range(0xD800, 0xE000)


def unquoted(text: str) -> str:
    """Give what a quoted text stands for; an escape that stands for nothing is left out."""
    return _ESCAPE.sub(lambda match: _decoded(match) or "", text[1:-1])


def unknown_escape(text: str) -> re.Match[str] | None:
    """Find the first escape of a quoted text that stands for nothing."""
    return next(
        (match for match in _ESCAPE.finditer(text, 1, len(text) - 1) if _decoded(match) is None), None
    )


def _decoded(escape: re.Match[str]) -> str | None:
    """Give the character that an escape stands for, or None if it stands for none."""
    if letter := escape["letter"]:
        return _ESCAPED.get(letter)
    digits = escape["point"] or escape["unit"] or escape["byte"]
    code = int(digits, 16) if digits else int(escape["octal"], 8)
    return None if code in _SURROGATES or code > sys.maxunicode else chr(code)
