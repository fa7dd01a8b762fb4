"""Every error this package raises.

```
ScenarioError
├── ConfigurationError (also ValueError)   a keyword of a client, or a variable, is wrong
├── InvalidSearchError (also ValueError)   refused before any request
├── WriteError (also OSError)              a file could not be written
├── ScanIncompleteError                    a scan cannot prove that it has every hit
└── APIError                               a call that went out, or tried to
    ├── APIConnectionError                 no whole reply arrived
    │   ├── APITimeoutError                an attempt took longer than `timeout`
    │   └── DeadlineExceededError          the call took longer than `deadline`
    ├── APIResponseValidationError         a reply that is not what the service documents
    └── APIStatusError                     the service answered with a status of 300 or more
        ├── BadRequestError 400            ├── ConflictError 409
        ├── AuthenticationError 401        ├── UnprocessableEntityError 422
        ├── PermissionDeniedError 403      ├── RateLimitError 429
        ├── NotFoundError 404              │   └── PlanLimitError: waiting does not help
        └── InternalServerError 500 and above
```

`SearchWindowWarning` (a UserWarning) is no error: an iteration ended where engines stop to show hits.

All of them pickle, and none carries a secret in its text or in the frames it was raised from: those are this package's
own, and hold keys and tokens as objects that do not print.
"""

from __future__ import annotations

import json
import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from scenario_async._annotations import evaluable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scenario_async._scans.report import ScanReport

CALL_TIMES: Final = (
    "attempts", "attempt_seconds", "waited_for_slot", "waited_for_quota", "waited_for_cool_down", "elapsed",
)  # fmt: skip
"""What every reply and error tells of its call: how often it was tried, and where the time went."""

FIRST_ERROR_STATUS: Final = 300
_MESSAGE_LENGTH = 500
# Compiled when they are first used: an import has no need of them.
_UNPRINTABLE = r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
_DATA_URL = r"(?ai)data:[^,\s\"']*,[^\"']*"
_QUERY_STRING = r"(?ai)([a-z][a-z0-9+.-]*://[^\s?\"'<>]+)\?[^\s\"'<>]+?(?=[)\]},.;:!]*(?:[\s\"'<>]|$))"
_CREDENTIALS_IN_URL = r"(?i)([a-z][a-z0-9+.-]*://|\b)(?:(?<=://)[^\s/@\"'<>]+|[^\s/:@\"'<>]+:[^\s/@\"'<>]*)@"
_ECHOED = r"(?i)\b(when reading:) b['\"].*"
"""What servers quote of a header that is too long, which may be a key."""
_AUTHORIZATION = r"(?ai)\b((?:(?:Basic|Bearer)\s+)+)[\w.~+/=-]{6,}"


GaveUp: TypeAlias = Literal["max_retries", "deadline", "retry_budget"]
"""What kept a client from trying again: its `max_retries`, its `deadline`, or its `retry_budget`."""
_GAVE_UP: Final[Mapping[GaveUp, str]] = {
    "max_retries": "",
    "deadline": "; the wait before the next attempt would outlast the deadline",
    "retry_budget": "; not tried again, because the client's retry budget is spent",
}


_ErrorT = TypeVar("_ErrorT", bound="ScenarioError")


class ScenarioError(Exception):
    """The base of every error of this package."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message: str = message
        """What happened, without the history that the text of the error adds."""

    def __reduce__(self) -> tuple[Callable[..., ScenarioError], tuple[Any, ...]]:
        return _rebuild, (type(self), self.args, self.__dict__)


class ConfigurationError(ScenarioError, ValueError):
    """A client cannot be built: a keyword or an environment variable is wrong or missing.

    The message names the keyword and the rule, and the variable if the value came from one.
    """

    def __init__(self, message: str, *, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter: str = parameter
        """The keyword that is wrong; empty where it is no single one."""


class InvalidSearchError(ScenarioError, ValueError):
    """A parameter breaks a rule; no request was sent.

    The message names the parameter, its value and the rule.
    """

    def __init__(self, message: str, *, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter: str = parameter
        """The parameter that is wrong; empty where it is no single one."""


class WriteError(ScenarioError, OSError):
    """A file could not be written; nothing half-written stands under its name.

    The message says what is kept and how to go on; `errno` is that of the operating system.
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.errno = code

    def __reduce__(self) -> tuple[Callable[..., ScenarioError], tuple[Any, ...]]:
        return partial(type(self), code=self.errno), (self.message,)


@evaluable
class ScanIncompleteError(ScenarioError):
    """A scan cannot prove that it has every hit; the message says why, what was read, and how to go on."""

    def __init__(self, message: str, *, report: ScanReport | None = None, resume_token: str = "") -> None:
        super().__init__(message)
        self.report: ScanReport | None = report
        """What was read."""
        self.resume_token: str = resume_token
        """A text that `client.search.resume(token, search)` goes on from."""


class SearchWindowWarning(UserWarning):
    """An iteration ended where search engines stop to show hits, so there may be more; `scan` reads them all."""


class ErrorRequest:
    """The request that failed: its method, and its URL without the query string."""

    __slots__ = ("method", "url")

    def __init__(self, method: str, url: str) -> None:
        self.method: str = method
        """The HTTP method."""
        self.url: str = url
        """The address, without its query string."""

    def __repr__(self) -> str:
        return f"<ErrorRequest: {self.method} {self.url}>"


@evaluable
class ErrorResponse:
    """The reply that an error tells of, as the official SDK shows it."""

    __slots__ = ("content", "headers", "request", "status_code")

    def __init__(
        self, status_code: int, headers: Mapping[str, str], content: bytes, request: ErrorRequest
    ) -> None:
        self.status_code: int = status_code
        """The HTTP status."""
        self.headers: Mapping[str, str] = headers
        """The headers of the reply."""
        self.content: bytes = content
        """The body as it came."""
        self.request: ErrorRequest = request
        """The request."""

    def __repr__(self) -> str:
        return f"<ErrorResponse: {self.status_code}, {len(self.content)} bytes>"

    @property
    def url(self) -> str:
        """The URL of the request, without its query string."""
        return self.request.url

    @property
    def text(self) -> str:
        """The body as a text."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:  # noqa: ANN401
        """Decode the body; `ValueError` if it is not JSON."""
        return json.loads(self.content)


class APIError(ScenarioError):
    """A call failed after it left for the service, or while it waited to leave."""

    content: bytes | None = None
    """The body as it came, cut after a megabyte; None where nothing came."""

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        url: str = "",
        request_id: str | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message)
        self.method: str = method
        """The HTTP method."""
        self.url: str = url
        """The address, without its query string."""
        self.request_id: str | None = request_id
        """The service's name for the last request, None where it sent none; Scenario's support asks for it."""
        self.body: object = body
        """The body of the last reply: its JSON, or its text; None without a reply."""
        self.attempts: int = 0
        """How often the request was sent."""
        self.attempt_seconds: tuple[float, ...] = ()
        """How many seconds each attempt took."""
        self.waited_for_slot: float = 0.0
        """Seconds of waiting for a slot."""
        self.waited_for_quota: float = 0.0
        """Seconds of waiting for the quota of `rate_limit`."""
        self.waited_for_cool_down: float = 0.0
        """Seconds of waiting for the end of a cool-down."""
        self.elapsed: float = 0.0
        """Seconds in all, from the call to the error."""
        self.retryable: bool = False
        """Whether the same call may succeed later."""
        self.gave_up_because: GaveUp | None = None
        """Why the client did not try again, None where trying again cannot help."""
        self.hint: str = ""
        """What to look at, where there is something to say beyond the service's own words; else empty."""

    @property
    def request(self) -> ErrorRequest:
        """The request, as the official SDK shows it."""
        return ErrorRequest(self.method, self.url)

    def _response(self, status_code: int, headers: Mapping[str, str]) -> ErrorResponse:
        content = self.content
        if content is None:  # an error that was made by hand
            body = self.body
            content = b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        return ErrorResponse(status_code, headers, content, self.request)

    @property
    def queued(self) -> float:
        """The seconds of the three waits together."""
        return self.waited_for_slot + self.waited_for_quota + self.waited_for_cool_down

    def __str__(self) -> str:
        """Tell what happened, where, after how many attempts, and why there was no other."""
        text = self.message
        if self.method:
            text += f" [{self.method} {self.url}]"
        if self.request_id:
            text += f" (request id {self.request_id})"
        text += self._history()
        if self.gave_up_because is not None:
            text += _GAVE_UP[self.gave_up_because]
        return f"{text}; {self.hint}" if self.hint else text

    def _history(self) -> str:
        if self.attempts > 1:
            times = ", ".join(f"{seconds:.2f} s" for seconds in self.attempt_seconds)
            return f" after {self.attempts} attempts ({times})"
        return ""


class APIConnectionError(APIError):
    """No whole reply arrived: the connection failed, was refused, or broke off."""

    transient: bool = True
    """False where the same connection would fail again: the certificate is not trusted, or a proxy refuses."""


class APITimeoutError(APIConnectionError):
    """The last attempt took longer than `timeout` allows."""


class DeadlineExceededError(APIConnectionError):
    """The call as a whole took longer than `deadline` allows, or a wait that it needs would.

    The error of the attempt before, if there was one, is its `__cause__`.
    """

    retry_after: float | None = None
    """The seconds of that wait, None where the deadline itself ran out."""

    def _history(self) -> str:
        if self.attempts <= 1:
            times = f"1 attempt ({self.attempt_seconds[0]:.2f} s)" if self.attempt_seconds else "no attempt"
            return f" after {times}, {self.queued:.2f} s of waiting for its turn"
        return super()._history()


@evaluable
class APIResponseValidationError(APIError):
    """The reply is not what the service documents: too large, not JSON, of another shape, or an error with status 200."""

    status_code: int | None = None
    """The HTTP status, None if the reply was not read to its end."""
    headers: Mapping[str, str] = MappingProxyType({})
    """The headers of the reply, empty if it was not read to its end."""

    @property
    def response(self) -> ErrorResponse | None:
        """The reply, as the official SDK shows it; None if it was not read to its end."""
        return None if self.status_code is None else self._response(self.status_code, self.headers)


@evaluable
class APIStatusError(APIError):
    """The service answered with a status of 300 or more."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        method: str = "",
        url: str = "",
        request_id: str | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message, method=method, url=url, request_id=request_id, body=body)
        self.status_code: int = status_code
        """The HTTP status."""
        self.headers: Mapping[str, str] = headers or {}
        """The headers of the reply."""
        self.retry_after: float | None = retry_after
        """The seconds that the service asks to wait, None where it does not say."""
        self.details: Mapping[str, Any] = details or {}
        """What some errors of the service carry besides: `actionLimit` and `limitScope`, for instance."""

    @property
    def response(self) -> ErrorResponse:
        """The reply, as the official SDK shows it."""
        return self._response(self.status_code, self.headers)


class BadRequestError(APIStatusError):
    """400: the service does not accept the request."""


class AuthenticationError(APIStatusError):
    """401: the credentials are missing or wrong, or the callable of `bearer_auth` failed."""


class PermissionDeniedError(APIStatusError):
    """403: the credentials do not allow this."""


class NotFoundError(APIStatusError):
    """404: there is no such thing."""


class ConflictError(APIStatusError):
    """409: the request conflicts with another."""


class UnprocessableEntityError(APIStatusError):
    """422: the service understands the request, but cannot carry it out."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` says how long to wait."""


class PlanLimitError(RateLimitError):
    """429: a limit of your plan is reached; waiting does not help, so it is never tried again."""


class InternalServerError(APIStatusError):
    """500 and above: the service failed."""


STATUS_ERRORS: Final[Mapping[int, type[APIStatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
"""Which class a status has; 500 and above is `InternalServerError`, any other `APIStatusError`."""


def redact(text: str) -> str:
    """Give a text from outside on one line, cut, and without what could be a secret.

    That is data URLs, query strings, credentials in URLs and in Authorization headers.
    """
    text = " ".join(re.sub(_UNPRINTABLE, "�", text[: _MESSAGE_LENGTH * 4]).split())
    text = re.sub(_ECHOED, r"\1 …", text)
    text = re.sub(_DATA_URL, "data:…", text)
    text = re.sub(_QUERY_STRING, r"\1?…", text)
    text = re.sub(_CREDENTIALS_IN_URL, r"\1…@", text)
    text = re.sub(_AUTHORIZATION, r"\1…", text)
    return text if len(text) <= _MESSAGE_LENGTH else text[:_MESSAGE_LENGTH] + "…"


def drop_frames(error: _ErrorT) -> _ErrorT:
    """Let an error of ours forget the frames that it has passed, whose locals hold what was given or received.

    Nothing else is changed: no cause, and no context but one that the error itself suppresses. `raise` the error that
    this gives, where the frame that does so is to be seen.
    """
    error.__traceback__ = None
    if error.__suppress_context__:
        error.__context__ = None
    return error


def _rebuild(cls: type[ScenarioError], args: tuple[Any, ...], state: dict[str, Any]) -> ScenarioError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
