"""A quota that the workers of a cluster share: it lives on the scheduler, and outlives workers."""

from __future__ import annotations

import asyncio
import pickle
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import attrs
import distributed
from distributed import Client, SchedulerPlugin, Worker, get_worker
from distributed.comm.core import CommClosedError

from scenario_async._annotations import evaluable
from scenario_async._calls.quota import Quota, RateLimit
from scenario_async._support import checks
from scenario_async.dask.line import Line
from scenario_async.errors import ScenarioError
from scenario_async.limiters._shared import Answer, SharedQueue, Ticket, checked_per, checked_requests

if TYPE_CHECKING:
    from scenario_async._calls.quota import Place, Waiter

Node = Worker | Client
"""What reaches the scheduler from this process."""
_PATIENCE: Final = 30.0
"""Seconds for which a scheduler may be too busy to answer."""
_NAME: Final = "scenario_async_quota"


class SchedulerQuota(SchedulerPlugin):
    """Answers the workers' questions on the scheduler, where it keeps a line for each name of a quota."""

    idempotent = True
    name = _NAME

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int, float], Line] = {}

    async def start(self, scheduler: Any) -> None:  # noqa: ANN401 - a Scheduler
        """Be there for questions."""
        scheduler.handlers[_NAME] = self.answer

    def answer(
        self, *, name: str, requests: int, per: float, do: str, about: str | float
    ) -> tuple[float, float] | None:
        """Do to a line what a worker asks for."""
        line = self._lines.get((name, requests, per))
        if line is None:
            line = self._lines[name, requests, per] = Line(requests, per)
        given: tuple[float, float] | None = getattr(line, do)(about)
        return given


def _key(value: str) -> str:
    return checks.text(value, "key") or "scenario-async"


@evaluable
@attrs.frozen(eq=False)
class DaskRateLimit(Quota):
    """A quota that the workers of a Dask cluster keep together: at most `requests` in any `per` seconds of all of them.

    It lives on the scheduler, which needs this package installed. All give the same figures and the same `key`. First
    come, first served; the cool-down after a 429 of one worker holds back all. What a worker that dies had waited for
    is free again after 10 seconds.

    Make it in a task, or in a process that has a `distributed.Client`. It pickles. If the scheduler does not answer for
    30 seconds, searches raise `ScenarioError`.
    """

    requests: int = attrs.field(default=100, converter=checked_requests)
    per: float = attrs.field(default=60.0, converter=checked_per)
    key: str = attrs.field(default="scenario-async", kw_only=True, converter=_key)
    node: Node | None = attrs.field(default=None, kw_only=True, repr=False)
    _queue: SharedQueue = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        quota = RateLimit(self.requests, self.per)
        store = _OnScheduler(self.node or _node(), self.key, quota)
        queue = SharedQueue(
            store, quota, name="the scheduler of Dask", on_failure="closed", patience=_PATIENCE
        )
        object.__setattr__(self, "_queue", queue)

    def within(self, node: Node) -> DaskRateLimit:
        """Give the same quota, reached by a worker or client that is given."""
        return attrs.evolve(self, node=node)

    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one; a cancelled wait takes nothing."""
        return await self._queue.take(waiter)

    async def cool_down(self, seconds: float) -> None:
        """Hold back every worker for so long; a longer cool-down that runs already stays."""
        await self._queue.cool_down(seconds)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.requests, self.per, key=self.key), ()


class _OnScheduler:
    """The line on the scheduler; it is asked on the event loop of the worker or client that reaches it."""

    failures: ClassVar[tuple[type[Exception], ...]] = (OSError, CommClosedError, asyncio.TimeoutError)

    def __init__(self, node: Node | None, key: str, quota: RateLimit) -> None:
        self._node = node
        self._which: dict[str, Any] = {"name": key, "requests": quota.requests, "per": quota.per}
        self._introduced: Node | None = None

    async def ask(self, ticket: Ticket) -> Answer:
        """Grant a ticket at this moment, or say how long it takes."""
        if ticket.given_up:
            return Answer(0.0)
        return Answer(*await self._do("ask", ticket.name))

    async def give_back(self, ticket: Ticket) -> None:
        """Forget a ticket, granted or not."""
        await self._do("give_back", ticket.name)

    async def count(self, ticket: Ticket) -> None:
        """Let a ticket that was granted count from now on."""
        await self._do("count", ticket.name)

    async def hold(self, seconds: float) -> None:
        """Grant nothing for so long; a longer cool-down that runs already stays."""
        await self._do("hold", seconds)

    async def _do(self, do: str, about: str | float) -> Any:  # noqa: ANN401 - what the line answers
        node = self._node = self._node or _node()
        if node is None:
            raise ScenarioError(
                "a DaskRateLimit finds no scheduler: make it in a task, or where a distributed.Client is open"
            )
        there = cast("Any", node.loop).asyncio_loop
        asking = self._asked(node, do, about)
        if there is asyncio.get_running_loop():
            return await asking
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asking, there))

    async def _asked(self, node: Node, do: str, about: str | float) -> Any:  # noqa: ANN401 - as above
        scheduler = cast("Any", node.scheduler)
        if self._introduced is not node:
            await scheduler.register_scheduler_plugin(
                plugin=pickle.dumps(SchedulerQuota()), name=_NAME, idempotent=True
            )
            self._introduced = node
        return await getattr(scheduler, _NAME)(**self._which, do=do, about=about)


def _node() -> Node | None:
    """Give the worker whose task this is, or else the client of this process."""
    try:
        return get_worker()
    except ValueError:
        pass
    try:
        client: Client = cast("Any", distributed).get_client()
    except ValueError:
        return None
    return client
