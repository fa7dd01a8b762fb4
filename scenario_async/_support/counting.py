"""Numbers of things, in words."""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """Give `1 hit`, `2 hits`, `1,000 hits`; the plural that does not end in s is given as well."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"
