"""The requests that arrived, and what became of them."""

from collections.abc import Mapping
from typing import Any

import attrs

_LATER = attrs.setters.NO_OP


@attrs.define(on_setattr=attrs.setters.frozen)
class RecordedRequest:
    """A request as it arrived, and what became of it."""

    method: str
    """The HTTP method."""
    path: str
    """The path, without the query string."""
    query: Mapping[str, str]
    """The parameters of the URL."""
    headers: Mapping[str, str] = attrs.field(repr=False)
    """The headers."""
    body: Any = attrs.field(on_setattr=_LATER)
    """The JSON of the body, None where there was none."""
    status: int | None = attrs.field(default=None, on_setattr=_LATER)
    """The status of the answer; None before it is sent, and where none was sent."""
    fault: str | None = attrs.field(default=None, on_setattr=_LATER)
    """The name of the fault that the request met, None without one."""
    over: bool = attrs.field(default=False, on_setattr=_LATER, repr=False)
    """Whether the request is over, with an answer or without."""


class RequestLog(list[RecordedRequest]):
    """The newest requests, in the order of arrival: at most `kept`, without those before."""

    def __init__(self, kept: int) -> None:
        super().__init__()
        if kept < 0:
            raise ValueError(f"requests_kept must be a number of requests from 0 up, not {kept!r}")
        self._kept = kept

    def append(self, request: RecordedRequest, /) -> None:
        """Add a request, and forget the oldest when there are too many."""
        super().append(request)
        del self[: max(0, len(self) - self._kept)]
