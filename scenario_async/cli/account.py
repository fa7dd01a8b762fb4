"""Whose account a command uses: that of the environment, of a file `.env`, or the emulator's."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from scenario_async.cli.sections import ACCOUNT, Positive, option

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from scenario_async import Scenario

_F = TypeVar("_F", bound="Callable[..., Any]")
_LINE: Final = re.compile(r"(?:export\s+)?(SCENARIO_\w+)\s*=\s*(.*)", re.ASCII)
_COMMENT: Final = re.compile(r"\s+#.*$")
_KEYS: Final = ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT")
_LEADING: Final = (*_KEYS, "SCENARIO_BASE_URL", "SCENARIO_CUSTOM_HEADERS")
"""What says who one is, and who is told so."""
FILE: Final = ".env"
USUAL_RATE: Final = 100
"""Searches a minute, as the service documents its quota for a project."""


def account_options(command: _F) -> _F:
    """Add the options that say which account is used; there is none for a key, as command lines are seen by others."""
    for add in (
        option(
            "--rate-limit",
            type=Positive(),
            default=USUAL_RATE,
            show_default=True,
            metavar="N",
            help="Requests a minute to keep to.",
            section=ACCOUNT,
        ),
        option(
            "--env-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Read SCENARIO_… variables from this file; it wins over the environment. Without it, a file .env in "
            "this folder fills in what the environment does not have.",
            section=ACCOUNT,
        ),
        option(
            "--emulator",
            is_flag=True,
            help="Search sample data on this machine instead; no account needed.",
            section=ACCOUNT,
        ),
    ):
        command = add(command)
    return command


def read_env(text: str) -> dict[str, str]:
    """Read the variables of this package from a file of `NAME=value` lines; quotes and comments go."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line.strip()):
            value = match[2].strip()
            quote = value[:1]
            if quote in {'"', "'"} and (end := value.find(quote, 1)) > 0:
                value = value[1:end]
            else:
                value = "" if value.startswith("#") else _COMMENT.sub("", value)
            found[match[1]] = value
    return found


def filled_in(environment: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Give what a `.env` of this folder adds to an environment.

    Where the environment has a key, the file adds neither another one nor an address: no folder that somebody else made
    is to lead a key elsewhere.
    """
    has_key = any(environment.get(name) for name in _KEYS)
    return {
        name: value
        for name, value in found.items()
        if not environment.get(name) and not (has_key and name in _LEADING)
    }


def settled(env_file: Path | None) -> dict[str, str]:
    """Give the variables that come from a file."""
    path = env_file or Path(FILE)
    if env_file is None and not path.is_file():
        return {}
    try:
        found = read_env(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise click.UsageError(f"{path} cannot be read: {reason}") from None
    return found if env_file is not None else filled_in(os.environ, found)


@contextmanager
def account(*, emulator: bool, env_file: Path | None) -> Generator[None]:
    """Set up the environment of a command, as the options of `account_options` say."""
    if emulator:
        from scenario_async.cli.emulating import environment, make_emulator  # noqa: PLC0415 - only when it is wanted

        with make_emulator().running() as base_url, environment(base_url):
            yield
        return
    found = settled(env_file)
    before = {name: os.environ.get(name) for name in found}
    os.environ.update(found)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def client(rate_limit: int, **hooks: Any) -> Generator[Scenario]:  # noqa: ANN401 - those of `Settings`
    """Give a client that keeps to a pace."""
    from scenario_async import RateLimit, Scenario  # noqa: PLC0415 - `--help` needs no client

    with Scenario(rate_limit=RateLimit(rate_limit), **hooks) as opened:
        yield opened
