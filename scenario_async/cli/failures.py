"""How a command ends that did not succeed: one line, or one JSON object, and an exit code that scripts can tell apart."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import attrs
import click

from scenario_async.cli.saying import say
from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    InvalidSearchError,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
    WriteError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
UNWRITTEN: Final = 4

_KEYWORD: Final = re.compile(r"\b(overwrite|flat|resume|format|max_hits|scan)=(True|False|None|\d+|\.\.\.|)")
_VARIABLES: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r"\(for a SOCKS proxy [^)]*\)"), "(commands go through HTTP proxies only)"),
    (re.compile(r"\bpass proxy=, or put\b"), "put"),
    (re.compile(r"\bssl= names other authorities"), "the variable SSL_CERT_FILE names other authorities"),
    (re.compile(r", or allow_http=True"), ""),
    (re.compile(r"\bbase_url, or SCENARIO_BASE_URL where you pass none,"), "SCENARIO_BASE_URL"),
    (
        re.compile(r"\bpass api_key and api_secret instead"),
        "set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET instead",
    ),
    (re.compile(r"\bpass it without\b"), "set it without"),
)
"""What errors advise in a program, and what to do at a prompt."""
_NOTHING_KEPT: Final = "nothing is kept, as no page was there yet"
"""What an export adds, which is no way out."""
_NO_KEY: Final = "there is no key: neither the environment nor a file .env has SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET"
DOCTOR: Final = "; scenario-async doctor tells more"
"""What a fix ends with where there is more to see."""
_SAMPLE: Final = "add --emulator to search sample data"
_FIXES: Final[Sequence[tuple[type[Exception], str]]] = (
    (InvalidSearchError, "see --help"),
    (AuthenticationError, f"check the key and its secret{DOCTOR}"),
    (PermissionDeniedError, f"check that the key may do this{DOCTOR}"),
    (PlanLimitError, "the plan has no more of this: waiting does not help"),
    (RateLimitError, "wait a minute, and run it again; --rate-limit sets a slower pace"),
    (BadRequestError, "--dry-run of a search shows what was asked"),
    (NotFoundError, "check the ids that were given, and that they are of this project"),
    (APIConnectionError, f"check the network and SCENARIO_BASE_URL{DOCTOR}"),
    (
        APIResponseValidationError,
        f"check SCENARIO_BASE_URL, and what is in between, such as a proxy{DOCTOR}",
    ),
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
        message, _, way_out = as_typed(str(error)).rpartition("; ")
        return Failure(message or way_out, notes or (way_out if message else ""), code=UNWRITTEN)
    if not isinstance(error, ScenarioError):
        return Failure(as_typed(str(error) or type(error).__name__), notes)
    if isinstance(error, ConfigurationError) and error.parameter.endswith("_PROXY"):
        message, _, way_out = as_typed(str(error)).rpartition("; ")
        return Failure(message, way_out, code=USAGE)
    retryable = isinstance(error, APIError) and error.retryable
    usage = isinstance(error, (ConfigurationError, InvalidSearchError))
    code = USAGE if usage else UNREACHABLE if isinstance(error, APIConnectionError) else REFUSED
    return Failure(as_typed(_without_hint(error)), notes or fix_of(error), retryable, code)


def fix_of(error: ScenarioError) -> str:
    """Say what to do about an error; nothing where it says so itself."""
    if isinstance(error, ConfigurationError):
        what = "it in the environment or a file .env" if error.parameter else "them there"
        return f"set {what}, or {_SAMPLE}"
    hint = error.hint.removesuffix(_NOTHING_KEPT).rstrip("; ") if isinstance(error, APIError) else ""
    if hint and not isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return as_typed(hint)  # those of a refused key speak of keywords
    later = "run it again later" if isinstance(error, APIError) and error.retryable else ""
    return next((fix for kind, fix in _FIXES if isinstance(error, kind)), later)


def _without_hint(error: ScenarioError) -> str:
    if isinstance(error, ConfigurationError) and not error.parameter:
        return _NO_KEY  # the error itself speaks of keywords
    hint = error.hint if isinstance(error, APIError) else ""
    return str(error).removesuffix(f"; {hint}") if hint else str(error)


def as_typed(message: str) -> str:
    """Name options and variables in place of the keywords that they stand for."""
    for keyword, variable in _VARIABLES:
        message = keyword.sub(variable, message)
    message = _KEYWORD.sub(_option, message).replace("(without resume)", "(without --resume)")
    return message.replace("the same call with --", "the same line with --")


def _option(keyword: re.Match[str]) -> str:
    """Give the option that a keyword stands for, as it is given or left out."""
    name, value = f"--{keyword[1].replace('_', '-')}", keyword[2]
    if value in {"False", "None"}:
        return f"no {name}"
    return f"{name} {value}" if value.isdecimal() else name


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
    if as_json:
        say(failure.json())
    elif isinstance(error, click.UsageError):
        with suppress(OSError):
            error.show()
    else:
        say(f"Error: {failure.line()}")
    return failure.code


def tell_interruption(error: KeyboardInterrupt, *, as_json: bool) -> None:
    """Write that a command was interrupted, what is kept, and how to go on; nobody may be there to read it."""
    notes = as_typed("; ".join(getattr(error, "__notes__", ())))
    failure = Failure("interrupted", notes, retryable=True)
    say(failure.json() if as_json else failure.line())


def end(error: Exception, *, as_json: bool) -> int:
    """End a command with what stopped it, and give the exit code; what nobody foresaw is raised again."""
    from scenario_async.cli.printing import NobodyReadsError, of_output, unwritten  # noqa: PLC0415 - only where it failed

    if isinstance(error, OSError) and of_output(error):  # of what is written before a command begins
        error = unwritten(error)
    if isinstance(error, NobodyReadsError):
        return 0
    foreseen = isinstance(error, (click.ClickException, ScenarioError)) or (
        isinstance(error, ImportError) and "extra" in str(error)
    )
    if not foreseen:
        raise error
    return tell(error, as_json=as_json)
