"""What the service answers when it refuses a request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import attrs

_NAMES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    413: "PayloadTooLargeError",
    429: "TooManyRequestsError",
    500: "InternalServerError",
}


@attrs.define(init=False)
class ServiceError(Exception):
    """A refusal that the caller of the API sees.

    `details` is the mapping that plan limits carry; `headers` go with the reply.
    """

    status: int
    reason: str
    name: str
    details: Mapping[str, Any] | None
    headers: Mapping[str, str]

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        name: str | None = None,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.name = name or _NAMES.get(status) or HTTPStatus(status).phrase
        self.details = details
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """Give the JSON of the reply: the keys seen in the service's own refusals, and no others."""
        shape: dict[str, Any] = {"reason": self.reason, "name": self.name, "trace_id": request_id}
        if self.details is not None:
            shape["details"] = dict(self.details)
        return shape


def bad_request(reason: str) -> ServiceError:
    """Make the 400 for a request that breaks a rule."""
    return ServiceError(400, reason)
