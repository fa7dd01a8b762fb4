"""Filter trees, and what their conditions compare.

What a test means follows Meilisearch, which the service passes its filters to: on a list any element may
match, texts compare without regard to case, a value that reads as a number is compared with numbers as a
number and with texts as a text, and `NOT` and `!=` hold for records without the attribute.
"""

import math
import re
from collections.abc import Iterator
from typing import Final, TypeAlias, cast

import attrs

Facet: TypeAlias = str | float

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@attrs.frozen
class Condition:
    """One attribute put to one test; the values are texts, unescaped."""

    attribute: str
    test: str
    values: tuple[str, ...] = ()
    line: int = 1
    column: int = 1
    depth: int = 0


@attrs.frozen
class Negation:
    """What holds where its operand does not."""

    operand: "Node"
    depth: int


@attrs.frozen
class Group:
    """Several operands, of which all must hold (`every`) or one."""

    every: bool
    operands: tuple["Node", ...]
    depth: int


Node: TypeAlias = Condition | Negation | Group


def fold(text: str) -> str:
    """Give a text without regard to case."""
    return text.casefold()


def number_of(text: str) -> float | None:
    """Give the number that a text reads as; one too large for a float is none."""
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def facets_of(value: object) -> Iterator[Facet]:
    """Give what comparisons see of a value: texts folded, booleans as texts, each element of a list."""
    match value:
        case str():
            yield fold(value)
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
