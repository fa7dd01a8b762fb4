"""How a command ends that did not succeed: one line, or one JSON object, and an exit code that scripts can tell apart."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import attrs
import click

from scenario_async.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    InvalidSearchError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
    WriteError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
UNWRITTEN: Final = 4

_KEYWORD: Final = re.compile(r"\b(overwrite|flat|resume|format|max_hits)=(?:True|\.\.\.)?")
_NO_KEY: Final = (
    "there is no key: neither the environment nor a file .env has SCENARIO_SDK_API_KEY and _SECRET"
)
_NOTHING_KEPT: Final = "nothing is kept, as no page was there yet"
"""What an export adds, which is no way out."""
_DOCTOR: Final = "scenario-async doctor tells more"
_FIXES: Final[Sequence[tuple[type[Exception], str]]] = (
    (ConfigurationError, "set them there, or add --emulator to search sample data"),
    (InvalidSearchError, "see --help"),
    (AuthenticationError, f"check the key and its secret; {_DOCTOR}"),
    (PermissionDeniedError, f"check that the key may do this; {_DOCTOR}"),
    (PlanLimitError, "the plan has no more of this: waiting does not help"),
    (RateLimitError, "wait a minute, and run it again; --rate-limit sets a slower pace"),
    (BadRequestError, "--dry-run shows what was asked"),
    (APIConnectionError, f"check the network and SCENARIO_BASE_URL; {_DOCTOR}"),
    (APIError, "run it again later"),
)


@attrs.frozen
class Failure:
    """What went wrong, what to do about it, whether the same line may fare better later, and the exit code."""

    error: str
    fix: str = ""
    retryable: bool = False
    code: int = REFUSED

    def line(self) -> str:
        """Give it as people read it."""
        return f"{self.error.rstrip('.')}; {self.fix}" if self.fix else self.error

    def json(self) -> str:
        """Give it as programs read it."""
        told = {"error": self.error, "fix": self.fix, "retryable": self.retryable}
        return json.dumps(told, ensure_ascii=False)


class SeveralFailedError(ScenarioError):
    """Some of many failed; the exit code is that of the first of them."""

    def __init__(self, message: str, first: Exception) -> None:
        super().__init__(message)
        self.code: int = failure_of(first).code


def failure_of(error: Exception) -> Failure:
    """Sort an error into what is told of it; notes on it say what is kept, and how to go on."""
    notes = "; ".join(getattr(error, "__notes__", ()))
    if isinstance(error, SeveralFailedError):
        return Failure(error.message, notes, code=error.code)
    if isinstance(error, click.ClickException):
        fix = notes or ("see --help" if isinstance(error, click.UsageError) else "")
        return Failure(error.format_message(), fix, code=error.exit_code)
    if isinstance(error, WriteError):
        message, _, way_out = _as_options(str(error)).rpartition("; ")
        return Failure(message or way_out, notes or (way_out if message else ""), code=UNWRITTEN)
    if not isinstance(error, ScenarioError):
        return Failure(_as_options(str(error) or type(error).__name__), notes)
    retryable = isinstance(error, APIError) and error.retryable
    usage = isinstance(error, (ConfigurationError, InvalidSearchError))
    code = USAGE if usage else UNREACHABLE if isinstance(error, APIConnectionError) else REFUSED
    return Failure(_as_options(_without_hint(error)), notes or _fix(error), retryable, code)


def _fix(error: ScenarioError) -> str:
    hint = error.hint.removesuffix(_NOTHING_KEPT).rstrip("; ") if isinstance(error, APIError) else ""
    if hint and not isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return hint  # those of a refused key speak of keywords
    return next((fix for kind, fix in _FIXES if isinstance(error, kind)), "")


def _without_hint(error: ScenarioError) -> str:
    if isinstance(error, ConfigurationError) and not error.parameter:
        return _NO_KEY  # the error itself speaks of keywords
    hint = error.hint if isinstance(error, APIError) else ""
    return str(error).removesuffix(f"; {hint}") if hint else str(error)


def _as_options(message: str) -> str:
    """Name options in place of the keywords that they stand for."""
    message = _KEYWORD.sub(lambda found: "--" + found[1].replace("_", "-"), message)
    return message.replace("the same call with --", "the same line with --")


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether `--format json` or `jsonl` is asked for, also in a line that cannot be understood otherwise."""
    given = [*arguments[: arguments.index("--") if "--" in arguments else None], ""]
    return any(
        one.startswith("--format=json") or (one == "--format" and two.startswith("json"))
        for one, two in pairwise(given)
    )


def tell(error: Exception, *, as_json: bool) -> int:
    """Write on stderr what went wrong, and give the exit code."""
    failure = failure_of(error)
    write: Callable[[str], None] = lambda line: click.echo(line, err=True)  # noqa: E731 - one way to write
    if as_json:
        write(failure.json())
    elif isinstance(error, click.UsageError):
        error.show()
    else:
        write(f"Error: {failure.line()}")
    return failure.code


def tell_interruption(error: KeyboardInterrupt, *, as_json: bool) -> None:
    """Write that a command was interrupted, what is kept, and how to go on; nobody may be there to read it."""
    notes = _as_options("; ".join(getattr(error, "__notes__", ())))
    failure = Failure("interrupted", notes, retryable=True)
    with suppress(OSError):
        click.echo(failure.json() if as_json else failure.line(), err=True)


def end(error: Exception, *, as_json: bool) -> int:
    """End a command with what stopped it, and give the exit code; what nobody foresaw is raised again."""
    from scenario_async.cli.printing import NobodyReadsError  # noqa: PLC0415 - which may not be loaded

    if isinstance(error, NobodyReadsError):
        return 0
    foreseen = isinstance(error, (click.ClickException, ScenarioError)) or (
        isinstance(error, ImportError) and "extra" in str(error)
    )
    if not foreseen:
        raise error
    return tell(error, as_json=as_json)
