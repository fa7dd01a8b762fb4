"""Filter trees, and what their conditions compare.

What a test means follows Meilisearch, which the service passes its filters to: on a list any element may
match, texts compare as they are folded here, a value that reads as a number is compared with numbers as a
number and with texts as a text, and `NOT` and `!=` hold for records without the attribute.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Final, TypeAlias, cast

import attrs

Facet: TypeAlias = str | float

BLANKS: Final = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Unicode calls white space: Python's own list has four separators more."""
MOST_FACET_BYTES: Final = 468
"""Longer texts, as they are folded, are no facets: no comparison finds them."""

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@attrs.frozen
class Condition:
    """One attribute put to one test; the values are texts, unescaped."""

    attribute: str
    test: str
    values: tuple[str, ...] = ()
    line: int = attrs.field(default=1, eq=False)
    column: int = attrs.field(default=1, eq=False)


@attrs.frozen
class Negation:
    """What holds where its operand does not."""

    operand: "Node"


@attrs.frozen
class Group:
    """Several operands, of which all must hold (`every`) or one."""

    every: bool
    operands: tuple["Node", ...]


Node: TypeAlias = Condition | Negation | Group


def fold(text: str) -> str:
    """Give a text as the engine compares it: without blanks around it, decomposed (NFKD), in lower case."""
    if text.isascii():
        return text.strip(BLANKS).lower()
    return unicodedata.normalize("NFKD", text.strip(BLANKS)).lower()


def number_of(text: str) -> float | None:
    """Give the number that a text reads as; one too large for a float is none."""
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def facets_of(value: object) -> Iterator[Facet]:
    """Give what comparisons see of a value: texts folded, booleans as texts, each element of a list.

    An empty text is nothing to compare with, and a long one neither.
    """
    match value:
        case "":
            return
        case str():
            facet = fold(value)
            if len(facet.encode(errors="surrogatepass")) <= MOST_FACET_BYTES:
                yield facet
        case bool():
            yield "true" if value else "false"
        case int() | float():
            yield from finite(value)
        case list():
            for item in cast("list[object]", value):
                yield from facets_of(item)
        case _:
            return


def finite(number: float) -> tuple[float, ...]:
    """Give a number as a float, or nothing for one that no float comes near."""
    try:
        return (float(number),) if math.isfinite(number) else ()
    except OverflowError:
        return ()
