"""Groups of commands that tell what was meant where there is no command of a name."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEAR: Final = 0.7
_ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("export", "save", "write"), "search assets QUERY --all --output hits.csv"),
    **dict.fromkeys(("assets", "asset"), "search assets QUERY"),
    **dict.fromkeys(("models", "model"), "search models QUERY"),
    **dict.fromkeys(("workflows", "workflow"), "search workflows QUERY"),
    **dict.fromkeys(("find", "list", "query"), "search assets QUERY"),
    **dict.fromkeys(("fetch", "get", "pull"), "download QUERY --to FOLDER"),
    **dict.fromkeys(("auth", "check", "login", "ping", "status"), "doctor"),
    "count": "search assets QUERY --count",
    "emulator": "serve",
    "gallery": "search assets QUERY --gallery FILE.html",
    "help": "--help",
    "sheet": "search assets QUERY --sheet FILE.png",
    "version": "--version",
}
"""What other programs call commands, and the line that does it here."""


def as_query(name: str, others: list[str]) -> str:
    """Give a word and what follows it as a line has them that searches for it: the words are one argument."""
    options = next((place for place, each in enumerate(others) if each.startswith("-")), len(others))
    return shlex.join([" ".join([name, *others[:options]]), *others[options:]])


class Guiding(click.Group):
    """A group whose refusal of a command names the nearest one, or the line that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a line calls for."""
        name = args[0]
        if not ctx.resilient_parsing and name[:1].isalnum() and self.get_command(ctx, name) is None:
            self._refuse(ctx, name, args[1:])
        return super().resolve_command(ctx, args)

    def _refuse(self, ctx: click.Context, name: str, others: list[str]) -> NoReturn:
        near = get_close_matches(name.lower(), self.list_commands(ctx), 1, _NEAR)
        meant = self.elsewhere(name, others) or (f"{near[0]} {shlex.join(others)}" if near else "")
        way_out = (
            f"did you mean `{ctx.command_path} {meant.strip()}`?"
            if meant
            else self.way_out(ctx, name, others)
        )
        raise click.UsageError(f"No such command {name!r}: {way_out}", ctx)

    def elsewhere(self, name: str, others: list[str]) -> str:  # noqa: ARG002 - of those that derive from it
        """Give what stands in place of a name that is known from elsewhere; nothing for any other."""
        return _ELSEWHERE.get(name.lower(), "")

    def way_out(self, ctx: click.Context, name: str, others: list[str]) -> str:
        """Tell what to write where no command has a name that is near: it may be what is searched for."""
        line = f"{ctx.command_path} search assets {as_query(name, others)}"
        return f"`{line}` searches for it; --help lists the commands"
