"""Faults that answer in the place of the service."""

import asyncio
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, TypeAlias, cast

import attrs
from aiohttp import web
from attrs.validators import matches_re

from scenario_async.emulator.errors import ServiceError, expired_token, phrase
from scenario_async.emulator.faults.base import MOST_SECONDS, Call, Fault, between, whole
from scenario_async.emulator.replies import Dropped, gzip_bomb, json_reply

_Headers: TypeAlias = Mapping[str, str] | str | Iterable[str]
# What frames a reply is the server's own.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection"})


def _headers(given: _Headers) -> Mapping[str, str]:
    """Read headers, which a script gives as `name:value`."""
    if isinstance(given, Mapping):
        return cast("Mapping[str, str]", given)
    lines = [given] if isinstance(given, str) else given
    if wrong := [line for line in lines if ":" not in line]:
        raise ValueError(f"{wrong[0]!r} is not a header: write name:value")
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _sendable(_: object, field: "attrs.Attribute[Any]", given: Any) -> None:  # noqa: ANN401 - headers or the value of one
    """Refuse headers, and values of headers, that no reply could carry."""
    headers = cast("Mapping[str, str]", given if isinstance(given, Mapping) else {field.name: given or ""})
    for name, value in headers.items():
        if not re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) or name.lower() in _FRAMING:
            raise ValueError(f"{name!r} can't be sent as the name of a header")
        if not value.isprintable():
            raise ValueError(f"{value!r} can't be sent as the value of a header: it must be printable")


def _encodable(_: object, __: "attrs.Attribute[Any]", text: str | None) -> None:
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise ValueError(f"body {text!r} can't be sent: it is not valid Unicode") from None


@attrs.frozen
class Instead(Fault):
    """A fault of what stands in front of the service: it comes before authentication."""

    async def answer(self, call: Call) -> web.Response:  # noqa: ARG002 - the service is not asked
        """Answer in the place of the service."""
        return await self.reply()

    @abstractmethod
    async def reply(self) -> web.Response:
        """Give the answer, or raise it as a `ServiceError`."""


@attrs.frozen
class Status(Instead):
    """Any status, with an error body in the service's shape unless `body` says otherwise.

    `retry_after` is sent as it is: seconds, or an HTTP date. A script may write the number alone.
    """

    name: ClassVar[str] = "status"
    code: int = attrs.field(converter=whole, validator=between(200, 599))
    retry_after: str | None = attrs.field(
        default=None, converter=attrs.converters.optional(str), validator=_sendable, kw_only=True
    )
    headers: Mapping[str, str] = attrs.field(
        factory=dict[str, str],
        converter=_headers,
        validator=_sendable,
        kw_only=True,
        metadata={"repeatable": True},
    )
    body: str | None = attrs.field(default=None, validator=_encodable, kw_only=True)

    async def reply(self) -> web.Response:
        """Answer with the status."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["retry-after"] = self.retry_after
        if self.body is None:
            raise ServiceError(self.code, phrase(self.code), headers=headers)
        headers.setdefault("content-type", "application/json")
        return web.Response(status=self.code, body=self.body.encode(), headers=headers)


@attrs.frozen
class Hang(Fault):
    """No answer until the client goes away or the emulator stops; after `seconds`, if given, the usual one."""

    name: ClassVar[str] = "hang"
    seconds: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(float),
        validator=attrs.validators.optional(between(0, MOST_SECONDS)),
    )

    async def answer(self, call: Call) -> web.Response:
        """Wait."""
        return await call.proceed() if await call.pause(self.seconds) else Dropped()


@attrs.frozen
class Drop(Instead):
    """The connection is closed in place of a reply."""

    name: ClassVar[str] = "drop"

    async def reply(self) -> web.Response:
        """Close the connection."""
        return Dropped()


@attrs.frozen
class Html(Instead):
    """An HTML page with the status `code`, as a proxy on the way may send one."""

    name: ClassVar[str] = "html"
    code: int = attrs.field(default=200, converter=whole, validator=between(200, 599))

    async def reply(self) -> web.Response:
        """Answer with the page."""
        page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
        return web.Response(status=self.code, text=page, content_type="text/html")


@attrs.frozen
class NotJson(Instead):
    """A 200 that is called JSON and is the text of `body`."""

    name: ClassVar[str] = "not-json"
    body: str = "upstream connect error"

    async def reply(self) -> web.Response:
        """Answer with the text."""
        return web.Response(body=self.body.encode(), content_type="application/json")


@attrs.frozen
class ErrorBody(Instead):
    """A 200 that carries the body of an error."""

    name: ClassVar[str] = "error-body"

    async def reply(self) -> web.Response:
        """Answer with the error."""
        return json_reply({"reason": "Internal server error", "name": "InternalServerError"})


@attrs.frozen
class GzipBomb(Instead):
    """A reply that is small on the wire and has `mebibytes` MiB when it is decoded."""

    name: ClassVar[str] = "gzip-bomb"
    mebibytes: int = attrs.field(default=80, converter=whole, validator=between(1, 4096))

    async def reply(self) -> web.Response:
        """Answer with the bomb."""
        content = await asyncio.to_thread(gzip_bomb, self.mebibytes)
        headers = {"content-encoding": "gzip"}
        return web.Response(body=content, headers=headers, content_type="application/json")


@attrs.frozen
class Redirect(Instead):
    """A redirection with the status `code` to `location`, a path of the emulator or a URL."""

    name: ClassVar[str] = "redirect"
    location: str = attrs.field(default="/login", validator=matches_re(r"\S+"))
    code: int = attrs.field(default=302, converter=whole, validator=between(300, 399))

    async def reply(self) -> web.Response:
        """Send the client elsewhere."""
        return web.Response(status=self.code, headers={"location": self.location})


@attrs.frozen
class ExpiredToken(Instead):
    """A 403 as for a bearer token that has expired, whatever the request is signed with."""

    name: ClassVar[str] = "expired-token"

    async def reply(self) -> web.Response:
        """Refuse the token."""
        raise expired_token()


@attrs.frozen
class PlanLimit(Fault):
    """A 429 that no waiting helps against: the plan's limit of an action is reached."""

    name: ClassVar[str] = "plan-limit"
    action: str = "search"
    limit: int = attrs.field(default=0, converter=whole)
    value: int = attrs.field(default=1, converter=whole)
    scope: str = "team"

    async def answer(self, call: Call) -> web.Response:
        """Refuse the search, if the service would not refuse it anyway."""
        await call.proceed()
        details = {
            "actionLimit": self.limit,
            "actionName": self.action,
            "actionValue": self.value,
            "limitScope": self.scope,
        }
        reason = f"The plan's limit of {self.action} is reached"
        body = {"reason": reason, "name": "PlanLimitReachedError", "details": details}
        return json_reply(body, status=429)
