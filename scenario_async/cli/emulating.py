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

_PACKAGES: Final = ("numpy", "PIL")
_KEY: Final = "emulator"
_KEPT: Final = "SCENARIO_LOG"
_LEADING: Final = ("SCENARIO_", "NO_PROXY", "no_proxy")
_DIRECTLY: Final = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
"""The emulator is on this machine: no proxy reaches it."""


def make_emulator(**options: Any) -> Emulator:  # noqa: ANN401 - the emulator's own keywords
    """Make an emulator that is not serving yet; without its packages, tell how to install them."""
    with installable():
        from scenario_async.emulator import Emulator  # noqa: PLC0415 - only when it is wanted

        return Emulator(api_key=_KEY, api_secret=_KEY, bearer_tokens=[_KEY], **options)


@contextmanager
def installable() -> Generator[None]:
    """Tell how to install what the emulator needs, where something of it is missing."""
    try:
        yield
    except ImportError as error:
        missing = [name for name in _PACKAGES if find_spec(name) is None]
        needs = ", ".join(missing) or error.name or "more packages"
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
    """Lead clients to the emulator for a while, whatever account and proxies the user's own environment names."""
    before = {name: value for name, value in os.environ.items() if name.startswith(_LEADING)}
    kept = {name: before[name] for name in before.keys() & {_KEPT}}
    after = {**kept, **variables(base_url), **_DIRECTLY}
    _replace(before, after)
    try:
        yield
    finally:
        _replace(after, before)


def _replace(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)
