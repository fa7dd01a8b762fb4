"""The tree of errors: what is what, what each carries, and what none of them shows."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

import scenario_async
from scenario_async import errors
from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    DeadlineExceededError,
    InternalServerError,
    InvalidSearchError,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    ScanIncompleteError,
    ScenarioError,
    SearchWindowWarning,
    UnprocessableEntityError,
    WriteError,
    redact,
)

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TREE: dict[type[Exception], tuple[type[Exception], ...]] = {
    ScenarioError: (Exception,),
    ConfigurationError: (ScenarioError, ValueError),
    InvalidSearchError: (ScenarioError, ValueError),
    WriteError: (ScenarioError, OSError),
    ScanIncompleteError: (ScenarioError,),
    SearchWindowWarning: (UserWarning,),
    APIError: (ScenarioError,),
    APIConnectionError: (APIError,),
    APITimeoutError: (APIConnectionError,),
    DeadlineExceededError: (APIConnectionError,),
    APIResponseValidationError: (APIError,),
    APIStatusError: (APIError,),
    BadRequestError: (APIStatusError,),
    AuthenticationError: (APIStatusError,),
    PermissionDeniedError: (APIStatusError,),
    NotFoundError: (APIStatusError,),
    ConflictError: (APIStatusError,),
    UnprocessableEntityError: (APIStatusError,),
    RateLimitError: (APIStatusError,),
    PlanLimitError: (RateLimitError,),
    InternalServerError: (APIStatusError,),
}
TIMES: dict[str, Any] = {
    "attempts": 3, "attempt_seconds": (0.5, 0.25, 1.0), "waited_for_slot": 0.25, "waited_for_quota": 0.5,
    "waited_for_cool_down": 1.0, "elapsed": 4.5,
}  # fmt: skip
PLAIN = [cls for cls in TREE if issubclass(cls, APIError) and not issubclass(cls, APIStatusError)]
STATUS = [cls for cls in TREE if issubclass(cls, APIStatusError)]


class OwnError(RateLimitError):
    """An error that a user derived from one of ours."""


def api_error(cls: type[Any]) -> APIError:
    """Give an error with every attribute set to something of its own."""
    common: dict[str, Any] = {
        "method": "POST", "url": "https://x.example.com/v1/a", "request_id": "req_1", "body": {"a": [1, None]},
    }  # fmt: skip
    if issubclass(cls, APIStatusError):
        common |= {
            "status_code": 429, "headers": CIMultiDict({"Retry-After": "3"}), "retry_after": 3.0,
            "details": {"actionLimit": 0},
        }  # fmt: skip
    error: APIError = cls("what happened", **common)
    for name, value in TIMES.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(("cls", "bases"), TREE.items())
def test_tree(cls: type[Exception], bases: tuple[type[Exception], ...]) -> None:
    """Each error is caught by the classes above it, and is exported."""
    assert cls.__bases__ == bases
    assert getattr(scenario_async, cls.__name__) is cls


def test_the_tree_is_whole() -> None:
    """There is no error that the package does not export."""
    found = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)}
    assert found == set(TREE)


@pytest.mark.parametrize("cls", [*PLAIN, *STATUS, OwnError])
def test_api_errors_pickle_with_all_they_carry(cls: type[Any], repickle: Callable[[Any], Any]) -> None:
    """Every attribute is there after a pickle, and the text is the same."""
    error = api_error(cls)
    copied = repickle(error)
    assert type(copied) is cls
    assert vars(copied) == vars(error)
    assert str(copied) == str(error)
    assert copied.args == error.args
    assert copied.queued == 1.75
    for name in ("message", "method", "url", "request_id", "body", *TIMES):
        assert getattr(copied, name) == getattr(error, name)
    if isinstance(error, APIStatusError):
        assert (copied.status_code, copied.retry_after, copied.details) == (429, 3.0, {"actionLimit": 0})
        assert copied.headers["RETRY-after"] == "3"


def test_other_errors_pickle(repickle: Callable[[Any], Any]) -> None:
    """Errors before any request pickle too, notes included."""
    error = InvalidSearchError("limit is 0", parameter="limit")
    error.add_note("a note")
    copied = repickle(error)
    assert (str(copied), copied.message, copied.parameter) == ("limit is 0", "limit is 0", "limit")
    assert copied.__notes__ == ["a note"]
    assert repickle(ScenarioError("x")).message == "x"


@pytest.mark.parametrize("cls", [*PLAIN, *STATUS])
def test_text_tells_what_where_and_how_often(cls: type[Any]) -> None:
    """The text has the message, the endpoint, the request's name and the attempts."""
    text = str(api_error(cls))
    for part in ("what happened", "POST", "https://x.example.com/v1/a", "req_1", "3 attempts"):
        assert part in text


def test_text_of_an_error_that_never_left() -> None:
    """Without an endpoint the text is the message alone."""
    assert str(APIError("what happened")) == "what happened"


def test_defaults_of_a_status_error() -> None:
    """Headers and details are mappings also where there are none."""
    error = APIStatusError("x", status_code=418)
    assert dict(error.headers) == {}
    assert dict(error.details) == {}
    assert error.retry_after is None
    assert (error.attempts, error.elapsed, error.queued) == (0, 0.0, 0.0)


SECRET = "s3cr3tS3CR3T+/=="
SECRETIVE = [
    f"see data:image/png;base64,{SECRET}",
    f"see DATA:IMAGE/PNG;base64,{SECRET}",
    f"see data:image/svg+xml;charset=utf-8,{SECRET} now",
    f'{{"image": "data:image/jpeg;base64,{SECRET}"}}',
    f"see data:;base64,{SECRET}",
    f"see https://cdn.example.com/a.png?Policy={SECRET}&Signature={SECRET}",
    f"see http://cdn.example.com/a.png?{SECRET}",
    f"see HTTPS://CDN.example.com/a.png?{SECRET}",
    f"see https://{SECRET.replace('/', '')}@example.com/a",
    f"see https://user:{SECRET.replace('/', '')}@example.com/a",
    f"Authorization: Basic {SECRET}",
    f"authorization: bearer {SECRET}",
    f"Bearer {SECRET}",
]


@pytest.mark.parametrize("text", SECRETIVE)
def test_redaction(text: str) -> None:
    """Data URLs, query strings and credentials are taken out, wherever they stand."""
    for around in (text, f"before {text} after", f"({text})", f'"{text}"'):
        assert "s3cr3t" not in redact(around)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Invalid sort field",
        "data: nothing of note, really",
        "metadata:image is not an attribute, they said",
        "what? no url",
        "https://x.example.com/v1/search",
        "basic usage",
        "a bearer of news",
    ],
)
def test_redaction_leaves_plain_words(text: str) -> None:
    """What holds no secret stays as it is."""
    assert redact(text) == text


def test_redaction_keeps_what_helps() -> None:
    """The place stays, only its query string goes."""
    text = redact("see https://cdn.example.com/a.png?Signature=x for more")
    assert "https://cdn.example.com/a.png" in text
    assert "for more" in text
    kept = "a.png?… (b.png?…), [c.png?…]. end"
    for address in ("https://x.example/", "http://y.example/"):
        told = "a.png?Policy=1&Signature=x ({0}b.png?Signature=x), [{0}c.png?Signature=x]. end"
        want = f"{address}{kept.replace('(', '(' + address).replace('[', '[' + address)}"
        assert redact(address + told.format(address)) == want


@QUICK
@given(text=st.text(max_size=2000))
def test_redaction_bounds_the_length(text: str) -> None:
    """Whatever a service says, a message stays readable."""
    assert len(redact(text)) <= 510


def test_every_error_tells_all_times() -> None:
    """What replies tell of a call, errors tell as well, from the first moment."""
    assert set(TIMES) == set(errors.CALL_TIMES)
    assert set(TIMES) <= set(vars(APIError("x")))


def test_a_file_that_cannot_be_written_keeps_the_number_of_the_system() -> None:
    """It pickles as it is, and shows its message alone."""
    error = WriteError("could not write x.csv: no space", code=28)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(again), again.errno, again.message) == (WriteError, 28, error.message)
    assert str(again) == str(error) == "could not write x.csv: no space"
