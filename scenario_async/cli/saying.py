"""Lines on the standard error."""

from __future__ import annotations

from contextlib import suppress

import click


def say(text: str) -> None:
    """Write a line, also into a pipe; one that nobody can be shown is left out, and costs no result."""
    with suppress(OSError):
        click.echo(text, err=True)
