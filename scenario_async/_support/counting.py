"""Numbers of things: in words, and of the requests that hits take."""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """Give `1 hit`, `2 hits`, `1,000 hits`; the plural that does not end in s is given as well."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def requests_for(hits: int, size: int, most: int | None = None) -> int:
    """Give how many requests it takes to read so many hits, or the `most` that are wanted of them.

    Only a page that is not full shows that nothing follows.
    """
    return hits // size + 1 if most is None or most > hits else -(-most // size)
