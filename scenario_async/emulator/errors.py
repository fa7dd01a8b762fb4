"""What the service answers when it refuses a request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

# Where the name is not that of the status.
_NAMES: Final = {413: "PayloadTooLargeError", 500: "InternalServerError"}
_SHOWN: Final = 40


class ServiceError(Exception):
    """A refusal that the caller of the API sees; `headers` go with the reply, and `more` into its body."""

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers: Mapping[str, str] = headers or {}
        self.more: Mapping[str, Any] = more or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """Give the JSON of the reply: keys that were seen in the service's own refusals, and no others."""
        name = _NAMES.get(self.status) or f"{phrase(self.status).replace(' ', '')}Error"
        return {"reason": self.reason, "name": name, "trace_id": request_id, **self.more}


def bad_request(reason: str) -> ServiceError:
    """Make the 400 for a request that breaks a rule."""
    return ServiceError(400, reason)


def expired_token() -> ServiceError:
    """Make the 403 that an expired token gets from the gateway in front of the service."""
    headers = {"x-amzn-errortype": "AccessDeniedException"}
    return ServiceError(403, "The bearer token is unknown or has expired", headers=headers)


def shortened(text: str) -> str:
    """Give a text of the caller's as a message can show it."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def phrase(status: int) -> str:
    """Give the usual words for a status, and the number for one that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
