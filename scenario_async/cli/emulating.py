"""The emulator as the commands use it, and the environment that leads clients to it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from scenario_async.cli import INSTALL

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from scenario_async.emulator import Emulator

_KEY: Final = "emulator"
_KEPT: Final = "SCENARIO_LOG"


def make_emulator(**options: Any) -> Emulator:  # noqa: ANN401 - the emulator's own keywords
    """Make an emulator that is not serving yet; without its extra, tell how to install it."""
    with installable():
        from scenario_async.emulator import Emulator  # noqa: PLC0415 - only when it is wanted

        return Emulator(api_key=_KEY, api_secret=_KEY, **options)


@contextmanager
def installable() -> Generator[None]:
    """Tell how to install the emulator's extra where something of it is missing."""
    try:
        yield
    except ImportError as error:
        missing = [name for name in ("lark", "numpy", "PIL") if find_spec(name) is None] or [error.name]
        needs = ", ".join(name or "more packages" for name in missing)
        raise click.ClickException(f'the emulator needs {needs}, of the extra "cli"; {INSTALL}') from error


def variables(base_url: str) -> Mapping[str, str]:
    """Name the variables that lead a client to an emulator of `make_emulator`."""
    return {
        "SCENARIO_BASE_URL": base_url,
        "SCENARIO_SDK_API_KEY": _KEY,
        "SCENARIO_SDK_API_SECRET": _KEY,
    }


@contextmanager
def environment(base_url: str) -> Generator[None]:
    """Lead clients to the emulator for a while, whatever account the user's own environment names."""
    before = {name: value for name, value in os.environ.items() if name.startswith("SCENARIO_")}
    for name in before.keys() - {_KEPT}:
        del os.environ[name]
    os.environ.update(variables(base_url))
    try:
        yield
    finally:
        for name in variables(base_url):
            del os.environ[name]
        os.environ.update(before)
