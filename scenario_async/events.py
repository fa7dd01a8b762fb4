"""What hooks are told: `on_request`, `on_response` and `on_retry` each get one of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from scenario_async.errors import APIError


@attrs.frozen(kw_only=True)
class RequestEvent:
    """An attempt is about to leave.

    `url` is without its query string. `attempt` counts from 1 within the call, `queued` the seconds that the
    call has waited so far for a slot, for the pace and for a cool-down.
    """

    method: str
    url: str
    attempt: int
    queued: float


@attrs.frozen(kw_only=True)
class ResponseEvent:
    """A whole reply arrived, whatever its status; `seconds` is what the attempt took."""

    method: str
    url: str
    attempt: int
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    request_id: str | None
    seconds: float


@attrs.frozen(kw_only=True)
class RetryEvent:
    """An attempt failed with `error`, and another one follows after `wait` seconds."""

    method: str
    url: str
    attempt: int
    error: APIError
    wait: float


OnRequest: TypeAlias = Callable[[RequestEvent], object]
OnResponse: TypeAlias = Callable[[ResponseEvent], object]
OnRetry: TypeAlias = Callable[[RetryEvent], object]
