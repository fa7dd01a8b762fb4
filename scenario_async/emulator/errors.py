"""What the service answers when it refuses a request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_NAMES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    413: "PayloadTooLargeError",
    500: "InternalServerError",
}


class ServiceError(Exception):
    """A refusal that the caller of the API sees; `headers` go with the reply."""

    def __init__(self, status: int, reason: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """Give the JSON of the reply: keys that were seen in the service's own refusals, and no others."""
        name = _NAMES.get(self.status) or HTTPStatus(self.status).phrase
        return {"reason": self.reason, "name": name, "trace_id": request_id}


def bad_request(reason: str) -> ServiceError:
    """Make the 400 for a request that breaks a rule."""
    return ServiceError(400, reason)
