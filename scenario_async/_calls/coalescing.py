"""One request for identical searches that are in flight at once on an event loop."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, TypeAlias

from scenario_async._support.lifetimes import PerLoop
from scenario_async.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from scenario_async._http.reply import Reply
    from scenario_async._http.request import Request

_Send: TypeAlias = "Callable[[Request], Awaitable[Reply]]"


class Flights:
    """Requests under way, and how many wait for each.

    The first caller's request is sent; those who come while it is under way share what becomes of it, its deadline
    included. Whoever gives up leaves the others alone; when all did, the request is given up too.
    """

    def __init__(self) -> None:
        self._flights: PerLoop[dict[Hashable, _Flight]] = PerLoop(dict)

    async def send(self, request: Request, send: _Send) -> Reply:
        """Give the reply of this request, or of an identical one that is under way."""
        flights = self._flights.here()
        key = _identity(request)
        flight = flights.get(key)
        if flight is None:
            flight = flights[key] = _Flight(asyncio.ensure_future(send(request)))
        try:
            return await flight.join()
        finally:
            if flight.is_over and flights.get(key) is flight:
                del flights[key]


class _Flight:
    """A request under way."""

    def __init__(self, task: asyncio.Future[Reply]) -> None:
        self._task = task
        self._waiting = 0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to join any more."""
        return self._waiting == 0 or self._task.done()

    async def join(self) -> Reply:
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        except APIError as error:
            own = copy.copy(error)  # an error that several raise would collect the frames of all of them
            own.__cause__ = error.__cause__
            error.__traceback__ = None  # it holds this frame, which holds the task, which holds it
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._task.cancel()
        try:
            raise own
        finally:
            del own  # it holds this frame, which would hold it


def _identity(request: Request) -> Hashable:
    headers = tuple(sorted(request.headers.items()))
    return request.method, request.url, headers, request.body, request.timeout, request.deadline
