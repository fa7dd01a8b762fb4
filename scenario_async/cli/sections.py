"""Options in sections, so that a long help can be read; and options whose value may be left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any] | click.Command")
WANTED: Final = "What to search for"
EXTENT: Final = "How much to read"
RESULT: Final = "What to do with it"
FILES: Final = "Which files"
ACCOUNT: Final = "Account"
RARE: Final = "Rarely needed"
_REST: Final = "Others"
SECTIONS: Final = (WANTED, EXTENT, RESULT, FILES, ACCOUNT, RARE, _REST)
"""The sections of a help, in their order."""
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.ASCII)


class Option(click.Option):
    """An option with the section of the help that it stands in.

    With a `bare` value it may be given without one; its value stands after `=` then, and never takes the next word.
    """

    def __init__(self, *names: Any, section: str = _REST, bare: str | None = None, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*names, **more)
        self.section = section
        self.bare = bare


def option(*names: str, **more: Any) -> Callable[[_F], _F]:  # noqa: ANN401 - as in click
    """Declare an `Option`, as `click.option` does."""
    return click.option(*names, cls=Option, **more)


if TYPE_CHECKING:
    _WholeNumber = click.ParamType[int]
    _Seconds = click.ParamType[float]
else:
    _WholeNumber = _Seconds = click.ParamType  # which takes no arguments before click 8.4


class Positive(_WholeNumber):
    """A whole number, 1 or more."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """Read it, or refuse it."""
        number = click.INT.convert(value, param, ctx)
        if number < 1:
            self.fail(f"{number} is less than 1", param, ctx)
        return int(number)


class Span(_Seconds):
    """A stretch of time such as 10m."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """Read it, or refuse it."""
        found = _SPAN.fullmatch(str(value).strip())
        seconds = float(found[1]) * _UNITS[found[2] or "s"] if found else 0.0
        if not seconds > 0:
            self.fail(f"{value!r} is no time: write 30s, 10m, 2h or 1d", param, ctx)
        return seconds


class Place(click.Path):
    """A path that is not empty, which would be this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Read it, or refuse it."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


class Sectioned(click.Command):
    """A command whose help has its options in sections."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give bare options their value before click would take the next word for it."""
        bare = {
            name: each.bare
            for each in self.params
            if isinstance(each, Option) and each.bare
            for name in each.opts
        }
        end = args.index("--") if "--" in args else len(args)
        filled = [f"{word}={bare[word]}" if word in bare else word for word in args[:end]]
        return super().parse_args(ctx, filled + args[end:])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for each in self.get_params(ctx):
            record = None if isinstance(each, click.Argument) else each.get_help_record(ctx)
            if record is not None:
                name = each.section if isinstance(each, Option) else _REST
                sections.setdefault(name, []).append(record)
        for name, records in sorted(sections.items(), key=_rank):
            with formatter.section(name):
                formatter.write_dl(records)


def _rank(section: tuple[str, object]) -> int:
    """Put the sections into the order in which they are needed."""
    return SECTIONS.index(section[0])
