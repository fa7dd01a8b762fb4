"""What hooks are told: `on_request`, `on_response` and `on_retry` each get one of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from scenario_async.errors import APIError
    from scenario_async.searches import Search


@attrs.frozen(kw_only=True)
class _Event:
    """What all events tell of their call."""

    method: str
    url: str
    attempt: int
    call_id: str = ""
    search: Search[Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class RequestEvent(_Event):
    """An attempt is about to go out.

    `url` is without its query string. `attempt` counts from 1 within the call, and `call_id` is the same text in all
    events, log records and spans of it. `search` is what was asked for, None for `client.request`; all pages of it are
    calls of their own with the same one. `waited_for_slot`, `waited_for_quota` and `waited_for_cool_down` are the
    seconds that the call has waited so far, `queued` is their sum.
    """

    waited_for_slot: float = 0.0
    waited_for_quota: float = 0.0
    waited_for_cool_down: float = 0.0

    @property
    def queued(self) -> float:
        """The seconds of the three waits together."""
        return self.waited_for_slot + self.waited_for_quota + self.waited_for_cool_down


@attrs.frozen(kw_only=True)
class ResponseEvent(_Event):
    """A whole reply arrived, whatever its status; `seconds` is what the attempt took."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    request_id: str | None
    seconds: float


@attrs.frozen(kw_only=True)
class RetryEvent(_Event):
    """An attempt failed with `error`, and another one follows after `wait` seconds."""

    error: APIError
    wait: float


OnRequest: TypeAlias = Callable[[RequestEvent], object]
OnResponse: TypeAlias = Callable[[ResponseEvent], object]
OnRetry: TypeAlias = Callable[[RetryEvent], object]
