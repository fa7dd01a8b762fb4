"""`scenario-async doctor`: is there a key, does it work, which quota and versions."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from scenario_async import APIError, AuthenticationError, PermissionDeniedError, __version__
from scenario_async._support.counting import counted
from scenario_async._support.network import Network
from scenario_async.cli.account import FILE, account, account_options, client, settled
from scenario_async.cli.failures import DOCTOR, fix_of
from scenario_async.cli.sections import RESULT, Sectioned, option

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXAMPLES: Final = """\b
Examples:
  scenario-async doctor
  scenario-async doctor --env-file work.env
  scenario-async doctor --format json
"""
_DISTRIBUTIONS: Final = ("aiohttp", "attrs", "cattrs", "tenacity", "click", "rich")
_EXTRAS: Final[Mapping[str, str]] = {
    "speed": "msgspec",
    "emulator": "numpy",
    "arrow": "nanoarrow",
    "export": "pyarrow",
    "pictures": "PIL",
    "dask": "distributed",
    "redis": "redis",
    "otel": "opentelemetry",
}
_QUOTA: Final = ("x-ratelimit-limit", "ratelimit-limit", "x-ratelimit-remaining", "ratelimit-remaining")
_PATH: Final = "/search/models"
_SIGNING: Final = ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT")


@account_options
@click.command(cls=Sectioned, epilog=_EXAMPLES)
@option(
    "--format", type=click.Choice(["text", "json"]), default="text", help="How to write it.", section=RESULT
)
def doctor(*, format: str, emulator: bool, env_file: Path | None, rate_limit: int) -> None:
    """See whether there is a key, whether it works, and which quota and versions you have.

    It sends one request: a search for one model. No key is shown.
    """
    found: dict[str, Any] = {"versions": _versions(), "extras": _extras()}
    failure: Exception | None = None
    found["key"] = _key(emulator=emulator, env_file=env_file)
    with account(emulator=emulator, env_file=env_file):
        try:
            found |= _asked(rate_limit)
        except Exception as error:  # noqa: BLE001 - it is raised when all else is told
            failure = error
            found |= _told_by(error)
    click.echo(json.dumps(found, ensure_ascii=False) if format == "json" else _text(found))
    if failure is not None:
        raise failure


_NO_KEY: Final = "none"


def _told_by(error: Exception) -> dict[str, str]:
    """Tell how far it came; what this command would have told stays out of the advice."""
    if not isinstance(error, APIError):
        return {"service": "not asked"}
    if not error.__dict__.get("__notes__"):
        error.add_note(fix_of(error).removesuffix(DOCTOR))
    place = error.url.removesuffix(_PATH)
    status = getattr(error, "status_code", None)
    if status is None:
        return {"service": f"not reached: {place}"} | _proxy(place)
    what = ": the key is refused" if isinstance(error, (AuthenticationError, PermissionDeniedError)) else ""
    return {"service": f"{place} answers {status}{what}"} | _proxy(place)


def _proxy(base_url: str) -> dict[str, str]:
    """Tell through which proxy requests go, where there is one."""
    proxy = Network.of(base_url, None, None).proxy
    return {} if proxy is None else {"proxy": f"{proxy.url}, as the environment has it"}


def _key(*, emulator: bool, env_file: Path | None) -> str:
    """Tell where the key comes from, by the names of the variables."""
    if emulator:
        return "the emulator's"
    from_file = settled(env_file)
    parts: list[str] = []
    for name in _SIGNING:
        if from_file.get(name):
            parts.append(f"{name} in {env_file or FILE}")
        elif os.environ.get(name):
            parts.append(f"{name} in the environment")
    return ", ".join(parts) or _NO_KEY


def _asked(rate_limit: int) -> dict[str, Any]:
    """Search once, and give what the reply tells."""
    with client(rate_limit) as opened:
        page = opened.search.model_search(query="a", limit=1)
        told = {name: page.response.headers[name] for name in _QUOTA if name in page.response.headers}
        assumed = f"the service names none; commands keep to {counted(rate_limit, 'request')} a minute"
        return {
            "service": f"{opened.base_url} answers, in {page.response.elapsed:.2f} s: the key works",
            "project": opened.project_id or "the key's own project",
            "quota": ", ".join(f"{name}: {value}" for name, value in told.items()) or assumed,
            **_proxy(opened.base_url),
        }


def _versions() -> dict[str, str]:
    versions = {"scenario-async": __version__, "python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in _DISTRIBUTIONS}
    return versions | {"system": platform.platform(terse=True)}


def _extras() -> dict[str, bool]:
    return {name: find_spec(module) is not None for name, module in _EXTRAS.items()}


def _text(found: Mapping[str, Any]) -> str:
    there = [name for name, is_there in found["extras"].items() if is_there]
    lines = [(name, found[name]) for name in ("key", "service", "proxy", "project", "quota") if name in found]
    lines.append(("versions", ", ".join(f"{name} {version}" for name, version in found["versions"].items())))
    lines.append(("extras", ", ".join(there) or "none"))
    return "\n".join(f"{name + ':':<10}{told}" for name, told in lines)
