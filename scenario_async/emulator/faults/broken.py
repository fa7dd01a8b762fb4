"""Faults on the way of a good reply."""

from functools import partial
from typing import ClassVar

import attrs
from aiohttp import web
from attrs.validators import and_, ge, lt

from scenario_async.emulator.faults.base import MOST_SECONDS, Call, Fault, between, whole
from scenario_async.emulator.replies import Cut, Dripped


@attrs.frozen
class Half(Fault):
    """The connection is closed after a `share` of the body."""

    name: ClassVar[str] = "half"
    share: float = attrs.field(default=0.5, converter=float, validator=and_(ge(0), lt(1)))

    async def answer(self, call: Call) -> web.Response:
        """Answer, and close the connection early."""
        return Cut(await call.proceed(), share=self.share)


@attrs.frozen
class Truncated(Fault):
    """A reply that is whole to HTTP, but whose JSON ends after a `share` of it."""

    name: ClassVar[str] = "truncated"
    share: float = attrs.field(default=0.5, converter=float, validator=and_(ge(0), lt(1)))

    async def answer(self, call: Call) -> web.Response:
        """Answer with the beginning of the JSON."""
        response = await call.proceed()
        if isinstance(response.body, bytes):
            response.body = response.body[: int(len(response.body) * self.share)]
        return response


@attrs.frozen
class Drip(Fault):
    """A reply of which `size` bytes arrive at a time, with `pause` seconds between."""

    name: ClassVar[str] = "drip"
    pause: float = attrs.field(default=0.05, converter=float, validator=between(0, MOST_SECONDS))
    size: int = attrs.field(default=16, converter=whole, validator=between(1, 2**20))

    async def answer(self, call: Call) -> web.Response:
        """Answer slowly."""
        return Dripped(await call.proceed(), size=self.size, pause=partial(call.pause, self.pause))
