"""What a fault is, and what it has to work with."""

import operator
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import attrs
from aiohttp import web

from scenario_async.emulator.parameters import SearchRequest

MOST_SECONDS = 86_400


@attrs.frozen
class Call:
    """A search that meets a fault.

    `proceed` gives the usual answer, or raises the `ServiceError` of the usual refusal; `pause` waits for
    some seconds, or for ever, and tells whether the emulator still serves afterwards.
    """

    request: web.Request
    proceed: Callable[[], Awaitable[web.Response]]
    pause: Callable[[float | None], Awaitable[bool]]


@attrs.frozen
class Fault:
    """What may go wrong with a search: by overriding a method, a fault changes what the method does."""

    name: ClassVar[str]
    ranges: ClassVar[bool] = True
    """Whether parts of a picture can be asked for."""

    async def answer(self, call: Call) -> web.Response:
        """Answer a search; a `ServiceError` is answered in the service's own shape."""
        return await call.proceed()

    def asking(self, asked: SearchRequest) -> SearchRequest:
        """Give what is searched for in place of what is asked for."""
        return asked

    def telling(self, page: dict[str, Any]) -> dict[str, Any]:
        """Give what is told in place of the page; the inner values of its hits belong to the library."""
        return page

    def showing(self, content: bytes) -> bytes:
        """Give the file that is sent in place of a picture's."""
        return content


@attrs.frozen
class Ok(Fault):
    """Nothing goes wrong: the usual answer."""

    name: ClassVar[str] = "ok"


def whole(value: int | str) -> int:
    """Read a whole number, which a script gives as text."""
    return int(value) if isinstance(value, str) else operator.index(value)


def between(low: float, high: float) -> Callable[[Any, "attrs.Attribute[Any]", Any], Any]:
    """Make the validator of a number from `low` to `high`, with both."""
    return attrs.validators.and_(attrs.validators.ge(low), attrs.validators.le(high))
