"""Every error this package raises.

```
ScenarioError
├── ConfigurationError (also ValueError)   a keyword of a client, or a variable, is wrong
├── InvalidSearchError (also ValueError)   refused before any request
├── WriteError (also OSError)              a file could not be written
└── APIError                               a call that went out, or tried to
    ├── APIConnectionError                 no whole reply arrived
    │   ├── APITimeoutError                an attempt outlasted `timeout`
    │   └── DeadlineExceededError          the call outlasted `deadline`
    ├── APIResponseValidationError         a reply that is not what the service documents
    └── APIStatusError                     the service answered with a status of 300 or more
        ├── BadRequestError 400            ├── ConflictError 409
        ├── AuthenticationError 401        ├── UnprocessableEntityError 422
        ├── PermissionDeniedError 403      ├── RateLimitError 429
        ├── NotFoundError 404              │   └── PlanLimitError: waiting does not help
        └── InternalServerError 500 and above
```

All of them pickle, and none carries a secret in its text or in the frames it was raised from: those are this package's
own, and hold keys and tokens as objects that do not print.
"""

from __future__ import annotations

import json
import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CALL_TIMES: Final = (
    "attempts", "attempt_seconds", "waited_for_slot", "waited_for_quota", "waited_for_cool_down", "elapsed",
)  # fmt: skip
"""What every reply and error tells of its call: how often it was tried, and where the time went."""

FIRST_ERROR_STATUS: Final = 300
_MESSAGE_LENGTH = 500
# Compiled when they are first used: an import has no need of them.
_UNPRINTABLE = r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
_DATA_URL = r"(?ai)data:[^,\s\"']*,[^\"']*"
_QUERY_STRING = r"(?ai)([a-z][a-z0-9+.-]*://[^\s?\"'<>]+)\?[^\s\"'<>]+"
_CREDENTIALS_IN_URL = r"(?i)([a-z][a-z0-9+.-]*://|\b)(?:(?<=://)[^\s/@\"'<>]+|[^\s/:@\"'<>]+:[^\s/@\"'<>]*)@"
_AUTHORIZATION = r"(?ai)\b((?:(?:Basic|Bearer)\s+)+)[\w.~+/=-]{6,}"


GaveUp: TypeAlias = Literal["max_retries", "deadline", "retry_budget"]
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
        self.message = message

    def __reduce__(self) -> tuple[Callable[..., ScenarioError], tuple[Any, ...]]:
        return _rebuild, (type(self), self.args, self.__dict__)


class ConfigurationError(ScenarioError, ValueError):
    """A client cannot be built of what it was given, or of what the environment has.

    `parameter` names the keyword; the message adds its value, the rule, and the variable where it came from one.
    """

    def __init__(self, message: str, *, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


class InvalidSearchError(ScenarioError, ValueError):
    """A parameter breaks a rule; no request was sent.

    `parameter` names it; the message adds its value and the rule.
    """

    def __init__(self, message: str, *, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


class WriteError(ScenarioError, OSError):
    """A file could not be written; nothing half-written stands under its name.

    The message says what is kept and how to go on; `errno` is that of the operating system.
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.errno = code

    def __reduce__(self) -> tuple[Callable[..., ScenarioError], tuple[Any, ...]]:
        return partial(type(self), code=self.errno), (self.message,)


class ErrorRequest:
    """The request that failed: its method, and its URL without the query string."""

    __slots__ = ("method", "url")

    def __init__(self, method: str, url: str) -> None:
        self.method = method
        self.url = url

    def __repr__(self) -> str:
        return f"<ErrorRequest: {self.method} {self.url}>"


class ErrorResponse:
    """The reply that an error tells of: `status_code`, `headers`, `content` and the `request`."""

    __slots__ = ("content", "headers", "request", "status_code")

    def __init__(
        self, status_code: int, headers: Mapping[str, str], content: bytes, request: ErrorRequest
    ) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.request = request

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
    """A call failed after it left for the service.

    `method` and `url` (without its query string) tell the endpoint, `attempts` how often it was tried,
    `attempt_seconds` how long each try took, `waited_for_slot`, `waited_for_quota` and `waited_for_cool_down` the
    seconds before them, `elapsed` the seconds in all, `request_id` the service's own name for the last reply, and
    `body` that reply's decoded JSON or text.

    `retryable` tells whether the same call may fare better later, and `gave_up_because` what kept the client from
    trying again by itself: `"max_retries"`, `"deadline"`, `"retry_budget"`, or None where that cannot help.
    `hint` says what to look at, where there is something to say beyond the service's own words.
    """

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
        self.method = method
        self.url = url
        self.request_id = request_id
        self.body = body
        self.attempts = 0
        self.attempt_seconds: tuple[float, ...] = ()
        self.waited_for_slot = 0.0
        self.waited_for_quota = 0.0
        self.waited_for_cool_down = 0.0
        self.elapsed = 0.0
        self.retryable = False
        self.gave_up_because: GaveUp | None = None
        self.hint = ""

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
    """No whole reply arrived: the connection failed, was refused, or broke off.

    `transient` is False where the same connection would fail again: a certificate that is not trusted, a proxy that
    refuses.
    """

    transient = True


class APITimeoutError(APIConnectionError):
    """The last attempt took longer than `timeout` allows."""


class DeadlineExceededError(APIConnectionError):
    """The call as a whole took longer than `deadline` allows, or a wait that it needs would.

    `retry_after` is that wait in seconds, None where the deadline itself struck. The error of the attempt before,
    if there was one, is its `__cause__`.
    """

    retry_after: float | None = None

    def _history(self) -> str:
        if self.attempts <= 1:
            times = f"1 attempt ({self.attempt_seconds[0]:.2f} s)" if self.attempt_seconds else "no attempt"
            return f" after {times}, {self.queued:.2f} s of waiting for its turn"
        return super()._history()


class APIResponseValidationError(APIError):
    """The reply is not what the service documents: too large, undecodable, misshapen, or an error as a 200.

    `status_code`, `headers` and `response` are there if the reply was read to its end; else they say nothing.
    """

    status_code: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def response(self) -> ErrorResponse | None:
        """The reply, as the official SDK shows it; None if it was not read to its end."""
        return None if self.status_code is None else self._response(self.status_code, self.headers)


class APIStatusError(APIError):
    """The service answered with a status of 300 or more.

    `headers` are the reply's, `retry_after` the seconds it asks to wait (None when it does not), `details`
    the mapping that some of the service's errors carry.
    """

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
        self.status_code = status_code
        self.headers: Mapping[str, str] = headers or {}
        self.retry_after = retry_after
        self.details: Mapping[str, Any] = details or {}

    @property
    def response(self) -> ErrorResponse:
        """The reply, as the official SDK shows it."""
        return self._response(self.status_code, self.headers)


class BadRequestError(APIStatusError):
    """400: the service does not accept the request."""


class AuthenticationError(APIStatusError):
    """401: the credentials are missing or wrong, or the `bearer_auth` callable failed."""


class PermissionDeniedError(APIStatusError):
    """403: the credentials do not reach this."""


class NotFoundError(APIStatusError):
    """404: there is no such thing."""


class ConflictError(APIStatusError):
    """409: the request collides with another."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed, but cannot be carried out."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` tells when to come again."""


class PlanLimitError(RateLimitError):
    """429: a quota of the plan is used up; waiting does not refill it, so it is never retried."""


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
