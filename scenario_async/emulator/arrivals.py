"""The requests that arrived, and what became of them."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

MOST_BYTES: Final = 64 * 2**20

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
    size: int = attrs.field(default=0, on_setattr=_LATER, repr=False)
    """How many bytes the body takes, roughly."""
    over: bool = attrs.field(default=False, on_setattr=_LATER, repr=False)
    """Whether the request is over, with an answer or without."""


class RequestLog(list[RecordedRequest]):
    """The newest requests, in the order of arrival: at most `kept`, whose bodies take `most_bytes` together.

    The newest one is kept whatever its size, unless none is to be.
    """

    def __init__(self, kept: int, most_bytes: int = MOST_BYTES) -> None:
        super().__init__()
        for name, number, what in (
            ("requests_kept", kept, "requests"),
            ("request_bytes_kept", most_bytes, "bytes"),
        ):
            if number < 0:
                raise ValueError(f"{name} must be a number of {what} from 0 up, not {number!r}")
        self._kept = kept
        self._most_bytes = most_bytes
        self._bytes = 0
        self._counted = 0

    def append(self, request: RecordedRequest, /) -> None:
        """Add a request, and forget the oldest when there are too many, or they are too large."""
        if self._counted != len(self):  # whoever reads the list may empty it, too
            self._bytes = sum(each.size for each in self)
        super().append(request)
        self._bytes += request.size
        gone = 0
        while len(self) - gone > self._kept or (self._bytes > self._most_bytes and len(self) - gone > 1):
            self._bytes -= self[gone].size
            gone += 1
        del self[:gone]
        self._counted = len(self)
