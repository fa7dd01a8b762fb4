"""The requests that arrived, and what became of them."""

from collections.abc import Mapping
from typing import Any

import attrs

_LATER = attrs.setters.NO_OP


@attrs.define(on_setattr=attrs.setters.frozen)
class RecordedRequest:
    """A request as it arrived; `body` is the decoded JSON, or None when there was none or it was not JSON.

    `status` is that of the answer, from the moment when it is sent: None before, and when there was none
    because the connection was dropped or the client went away. `fault` is the name of the fault that the
    request met, if it met one. `over` says that no more will become of it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Any = attrs.field(on_setattr=_LATER)
    status: int | None = attrs.field(default=None, on_setattr=_LATER)
    fault: str | None = attrs.field(default=None, on_setattr=_LATER)
    over: bool = attrs.field(default=False, on_setattr=_LATER, repr=False)


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
