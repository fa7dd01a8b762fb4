"""Options of `serve` for how the engine searches: each field of `Engine` is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

import attrs
import click

from scenario_async.emulator.rules import RULES, Engine, Matching

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_USUAL: Final = Engine()


def engine_options(command: _Command) -> _Command:
    """Give a command an option for each choice."""
    for field in reversed(attrs.fields(Engine)):
        command = _option(field)(command)
    return command


def engine_of(given: dict[str, Any]) -> Engine:
    """Give the engine that options ask for."""
    ranking: str = given["ranking"]
    options: dict[str, Any] = {
        **given,
        "ranking": [each.strip() for each in ranking.split(",") if each.strip()],
    }
    return Engine(**options)


def _option(field: attrs.Attribute[Any]) -> Callable[[_Command], _Command]:
    name, usual = f"--{field.name.replace('_', '-')}", getattr(_USUAL, field.name)
    told = field.metadata["help"]
    if isinstance(usual, bool):
        return click.option(f"{name}/--no-{name[2:]}", default=usual, show_default=True, help=told)
    if field.name == "matching":
        return click.option(
            name, type=click.Choice(get_args(Matching)), default=usual, show_default=True, help=told
        )
    if field.name == "ranking":
        return click.option(name, metavar="RULES", default=",".join(RULES), show_default=True, help=told)
    if isinstance(usual, tuple):
        return click.option(name, multiple=True, metavar="TEXT", help=f"{told} May be given several times.")
    kind = int if isinstance(usual, int) else float
    return click.option(
        name, type=kind, metavar="N", default=usual, show_default=usual is not None, help=told
    )
