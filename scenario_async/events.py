"""What hooks are told: `on_request`, `on_response` and `on_retry` each get one of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from scenario_async._annotations import evaluable

if TYPE_CHECKING:
    from scenario_async.errors import APIError
    from scenario_async.searches import Search


@evaluable
@attrs.frozen(kw_only=True)
class _Event:
    """What all events tell of their call."""

    method: str
    """The HTTP method."""
    url: str
    """The address, without its query string."""
    attempt: int
    """Which attempt of the call it is, from 1."""
    call_id: str = ""
    """A short text, the same in all events, log records and spans of the call."""
    search: Search[Any] | None = attrs.field(default=None, repr=False)
    """The search that the call belongs to, None for `client.request`; each page of a search is a call."""


@evaluable
@attrs.frozen(kw_only=True)
class RequestEvent(_Event):
    """An attempt is about to go out."""

    waited_for_slot: float = 0.0
    """Seconds of waiting for a slot."""
    waited_for_quota: float = 0.0
    """Seconds of waiting for the quota of `rate_limit`."""
    waited_for_cool_down: float = 0.0
    """Seconds of waiting for the end of a cool-down."""

    @property
    def queued(self) -> float:
        """The seconds of the three waits together."""
        return self.waited_for_slot + self.waited_for_quota + self.waited_for_cool_down


@evaluable
@attrs.frozen(kw_only=True)
class ResponseEvent(_Event):
    """A whole reply arrived, whatever its status."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str] = attrs.field(repr=False)
    """The headers of the reply."""
    request_id: str | None
    """The service's name for the request, None where it sent none."""
    seconds: float
    """How many seconds the attempt took."""


@evaluable
@attrs.frozen(kw_only=True)
class RetryEvent(_Event):
    """An attempt failed, and another one will follow."""

    error: APIError
    """What the attempt failed with."""
    wait: float
    """Seconds until the next attempt."""


OnRequest: TypeAlias = Callable[[RequestEvent], object]
"""What `on_request` takes: a function, plain or async, of a `RequestEvent`."""
OnResponse: TypeAlias = Callable[[ResponseEvent], object]
"""What `on_response` takes: a function, plain or async, of a `ResponseEvent`."""
OnRetry: TypeAlias = Callable[[RetryEvent], object]
"""What `on_retry` takes: a function, plain or async, of a `RetryEvent`."""
