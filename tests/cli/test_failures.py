"""How failures are told: the exit code, the words, and what to do."""

from __future__ import annotations

import json

import click
import pytest

from scenario_async.cli.failures import SeveralFailedError, end, failure_of, wants_json
from scenario_async.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    InternalServerError,
    InvalidSearchError,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
    WriteError,
)


def status(kind: type[APIStatusError], code: int, *, retryable: bool = False) -> APIStatusError:
    """Make an error of a status."""
    error = kind("refused", status_code=code)
    error.retryable = retryable
    return error


def noted(error: Exception) -> Exception:
    """Add what is kept and how to go on."""
    error.add_note("--offset 100 goes on")
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (status(BadRequestError, 400), 1),
        (status(AuthenticationError, 401), 1),
        (status(RateLimitError, 429), 1),
        (status(InternalServerError, 500), 1),
        (ScenarioError("something"), 1),
        (click.ClickException("something"), 1),
        (ImportError('parquet needs pyarrow, of the extra "export"'), 1),
        (click.UsageError("wrong"), 2),
        (InvalidSearchError("wrong"), 2),
        (ConfigurationError("wrong", parameter="base_url"), 2),
        (APIConnectionError("nobody there"), 3),
        (WriteError("full"), 4),
        (SeveralFailedError("some", WriteError("full")), 4),
        (SeveralFailedError("some", APIConnectionError("nobody there")), 3),
    ],
)
def test_exit_codes(error: Exception, code: int) -> None:
    """Each kind of failure has its exit code."""
    assert failure_of(error).code == code


def test_what_to_do() -> None:
    """A failure says how to go on: where something is kept, with that, and else by its kind."""
    assert failure_of(status(RateLimitError, 429, retryable=True)).json() == json.dumps(
        {
            "error": "refused",
            "fix": "wait a minute, and run it again; --rate-limit sets a slower pace",
            "retryable": True,
        }
    )
    assert (
        failure_of(status(PlanLimitError, 429)).fix == "the plan has no more of this: waiting does not help"
    )
    assert failure_of(noted(status(RateLimitError, 429))).line() == "refused; --offset 100 goes on"
    assert failure_of(ScenarioError("plain")).line() == "plain"


def test_the_hint_of_an_error_is_its_fix() -> None:
    """What an error itself advises stands where programs look for it, and not twice."""
    error = status(BadRequestError, 404)
    error.hint = "is it /v1?"
    assert failure_of(error).line() == "refused; is it /v1?"


def test_keywords_become_options() -> None:
    """An error that speaks of keywords speaks of options here."""
    told = failure_of(
        WriteError("a.csv is there already, and is left as it is: pass overwrite=True, or name another file")
    )
    assert (
        told.line() == "a.csv is there already, and is left as it is: pass --overwrite, or name another file"
    )
    told = failure_of(WriteError("could not write a.csv: no space; nothing was left there; free some space"))
    assert (told.error, told.fix) == (
        "could not write a.csv: no space; nothing was left there",
        "free some space",
    )


@pytest.mark.parametrize(
    ("message", "parameter", "error", "fix"),
    [
        (
            (
                "HTTPS_PROXY has the scheme 'socks5' (for a SOCKS proxy give session= a factory), but it must be like "
                "http://host:3128; pass proxy=, or put a.test into NO_PROXY to go without"
            ),
            "HTTPS_PROXY",
            (
                "HTTPS_PROXY has the scheme 'socks5' (commands go through HTTP proxies only), but it must be like "
                "http://host:3128"
            ),
            "put a.test into NO_PROXY to go without",
        ),
        (
            "base_url is 'http://a', which sends keys unprotected; use https, or allow_http=True",
            "base_url",
            "base_url is 'http://a', which sends keys unprotected; use https",
            "set it in the environment or a file .env, or add --emulator to search sample data",
        ),
        (
            "nothing to sign with",
            "",
            (
                "there is no key: neither the environment nor a file .env has SCENARIO_SDK_API_KEY and "
                "SCENARIO_SDK_API_SECRET"
            ),
            "set them there, or add --emulator to search sample data",
        ),
    ],
)
def test_configuration_at_a_prompt(message: str, parameter: str, error: str, fix: str) -> None:
    """What a program would change by keywords is told as a prompt has it: by variables."""
    told = failure_of(ConfigurationError(message, parameter=parameter))
    assert (told.error, told.fix) == (error, fix)


def test_an_untrusted_certificate_at_a_prompt() -> None:
    """The variable is named that has other authorities, and no keyword."""
    told = failure_of(
        APIConnectionError("the certificate of a:443 is not trusted: x; ssl= names other authorities")
    )
    assert told.error.endswith("the variable SSL_CERT_FILE names other authorities")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("search assets --format json", True),
        ("search assets --format=jsonl x", True),
        ("search assets --format csv", False),
        ("search assets -- --format=json", False),
        ("search assets json", False),
    ],
)
def test_who_wants_json(line: str, *, expected: bool) -> None:
    """`--format json` and `jsonl` make failures JSON, however wrong the line is otherwise."""
    assert wants_json(line.split()) is expected


def test_what_nobody_foresaw() -> None:
    """A mistake of ours is not dressed up as a failure: it comes with its traceback."""
    with pytest.raises(ZeroDivisionError):
        end(ZeroDivisionError(), as_json=False)
