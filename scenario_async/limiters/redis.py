"""A quota that processes of several machines share, over Redis."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, cast
from urllib.parse import urlsplit

import attrs

from scenario_async._annotations import evaluable
from scenario_async._calls.quota import Quota, RateLimit
from scenario_async._support import checks
from scenario_async._support.lifetimes import KeptOpen
from scenario_async._support.secret import Secret
from scenario_async.errors import ScenarioError
from scenario_async.limiters._shared import (
    LEASE,
    Answer,
    OnFailure,
    SharedQueue,
    Ticket,
    checked_on_failure,
    checked_per,
    checked_requests,
    window,
)

try:
    from redis.asyncio import Redis
    from redis.asyncio.connection import parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError
except ImportError as _error:
    raise ImportError(
        'RedisRateLimit needs redis, of the extra "redis"; '
        "in a clone of the repository, run: pip install '.[redis]'",
        name="redis",
    ) from _error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from scenario_async._calls.quota import Place, Waiter

_MICROSECONDS: Final = 1_000_000

# Keys: departures (when), line (since when), seen (last when), cool-down (its length, for as long as it lasts).
# A moment still to come means that Redis' clock went back: it is taken for now, so that nobody waits longer
# than the quota and a cool-down ask for.
_ASK: Final = """
local departures, line, seen, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ticket, requests = ARGV[1], tonumber(ARGV[2])
local window, lease = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

for _, key in ipairs({departures, seen}) do
  for _, ahead in ipairs(redis.call('ZRANGEBYSCORE', key, string.format('(%.0f', now), '+inf')) do
    redis.call('ZADD', key, now, ahead)
  end
end
redis.call('ZREMRANGEBYSCORE', departures, '-inf', now - window)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - lease)) do
  redis.call('ZREM', seen, gone)
  redis.call('ZREM', line, gone)
end

local before = 0
if redis.call('ZREM', departures, ticket) == 0 then
  redis.call('ZADD', line, 'NX', now, ticket)
  redis.call('ZADD', seen, now, ticket)
  redis.call('PEXPIRE', line, math.ceil(lease / 1000))
  redis.call('PEXPIRE', seen, math.ceil(lease / 1000))
  before = redis.call('ZRANK', line, ticket)
end

local departed = redis.call('ZCARD', departures)
local lapsing = departed + before - requests
local wait = 0
if lapsing >= departed then
  wait = window
elseif lapsing >= 0 then
  wait = redis.call('ZRANGE', departures, lapsing, lapsing, 'WITHSCORES')[2] + window - now
end

local length = tonumber(redis.call('GET', held) or 0)
local left = redis.call('PTTL', held)
if left > length then
  redis.call('PEXPIRE', held, length)
  left = length
end
if left * 1000 > wait then
  return {left * 1000, length}
end
if wait > 0 then
  return {math.ceil(wait), 0}
end
redis.call('ZREM', line, ticket)
redis.call('ZREM', seen, ticket)
redis.call('ZADD', departures, now, ticket)
redis.call('PEXPIRE', departures, math.ceil(window / 1000))
return {0, 0}
"""
_GIVE_BACK: Final = """
for each = 1, 3 do
  redis.call('ZREM', KEYS[each], ARGV[1])
end
"""
_COUNT: Final = """
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000000 + time[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[2]) / 1000))
"""
_HOLD: Final = """
if tonumber(ARGV[1]) > redis.call('PTTL', KEYS[4]) then
  redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[1])
end
"""


def _server(value: object) -> Secret | Redis:
    if isinstance(value, Redis | Secret):
        return value
    if not isinstance(value, str):
        checks.refuse("redis", type(value).__name__, "it must be a URL or a redis.asyncio.Redis")
    try:
        parse_url(value)
        usable = "@" not in urlsplit(value).path + urlsplit(value).fragment or value.startswith("unix:")
    except ValueError:
        usable = False
    if not usable:  # its text may hold a password, wherever one may have been put
        rule = "redis://user:password@host:6379/0, rediss://… or unix://…"
        raise ScenarioError(f"redis is no URL like {rule}; a password's special characters need %-escapes")
    return Secret(value)


def _shown(server: Secret | Redis) -> str:
    """Tell which server it is, without a password."""
    options: dict[str, Any]
    if isinstance(server, Secret):
        options = {"host": "localhost", **parse_url(server.in_plain_text)}
    else:
        options = cast("Any", server).connection_pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host')}:{options.get('port', 6379)}")


def _key(value: str) -> str:
    return checks.text(value, "key") or "scenario-async"


@evaluable
@checks.hides_arguments
@attrs.frozen(eq=False)
class RedisRateLimit(Quota):
    """A quota that processes of several machines keep together: at most `requests` in any `per` seconds of all.

    All give the same figures, the same `key` and the same Redis (5 or later), whose clock counts. First come, first
    served; the cool-down after a 429 of one process holds back all. What a process that dies had waited for is
    free again after 10 seconds.

    `redis` is a URL, or a `redis.asyncio.Redis`, which serves the event loop that it belongs to and stays
    yours to close. With a URL the limiter serves several event loops and threads, works in a forked child, and
    pickles, with the URL and its password. Its connections close with their event loop, or by `aclose`.

    If Redis fails or does not answer in 3 seconds, `on_failure="closed"` raises `ScenarioError`, and `"open"`
    lets each process go on under this quota by itself until Redis answers again.
    """

    redis: Secret | Redis = attrs.field(converter=_server, repr=_shown)
    requests: int = attrs.field(default=100, converter=checked_requests)
    per: float = attrs.field(default=60.0, converter=checked_per)
    key: str = attrs.field(default="scenario-async", kw_only=True, converter=_key)
    on_failure: OnFailure = attrs.field(default="closed", kw_only=True, converter=checked_on_failure)
    _clients: _Clients = attrs.field(init=False, repr=False)
    _queue: SharedQueue = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        quota = RateLimit(self.requests, self.per)
        clients = _Clients(self.redis)
        name = f"Redis at {_shown(self.redis)}"
        queue = SharedQueue(_Keys(clients, self.key, quota), quota, name=name, on_failure=self.on_failure)
        object.__setattr__(self, "_clients", clients)
        object.__setattr__(self, "_queue", queue)

    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one; a cancelled wait takes nothing."""
        return await self._queue.take(waiter)

    async def cool_down(self, seconds: float) -> None:
        """Hold back every process for so long; a longer cool-down that runs already stays."""
        await self._queue.cool_down(seconds)

    async def aclose(self) -> None:
        """Close the connections that this limiter opened; a later request opens new ones."""
        await self._clients.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __reduce__(self) -> tuple[Any, ...]:
        if not isinstance(self.redis, Secret):
            raise ScenarioError("a RedisRateLimit with a client of its own cannot be pickled; give it a URL")
        made = partial(
            type(self), self.redis, self.requests, self.per, key=self.key, on_failure=self.on_failure
        )
        return made, ()


class _Keys:
    """The queue in a few keys of one hash slot, which expire when nobody uses them."""

    failures: ClassVar[tuple[type[Exception], ...]] = (RedisError, OSError)

    def __init__(self, clients: _Clients, key: str, quota: RateLimit) -> None:
        self._clients = clients
        self._keys = [f"{{{key}}}:{name}" for name in ("departures", "line", "seen", "cool-down")]
        self._figures = [
            quota.requests,
            round(window(quota.per) * _MICROSECONDS),
            round(LEASE * _MICROSECONDS),
        ]

    async def ask(self, ticket: Ticket) -> Answer:
        wait, cool_down = await self._run(_ASK, ticket.name, *self._figures)
        return Answer(wait / _MICROSECONDS, cool_down / 1000)

    async def give_back(self, ticket: Ticket) -> None:
        await self._run(_GIVE_BACK, ticket.name)

    async def count(self, ticket: Ticket) -> None:
        await self._run(_COUNT, ticket.name, self._figures[1])

    async def hold(self, seconds: float) -> None:
        await self._run(_HOLD, max(1, round(seconds * 1000)))

    async def _run(self, script: str, *arguments: str | int) -> Any:  # noqa: ANN401
        client = await self._clients.get()
        return await client.register_script(script)(self._keys, arguments)


class _Clients:
    """The client of each event loop, or the one that the user made."""

    def __init__(self, server: Secret | Redis) -> None:
        self._server = server
        self._pid = os.getpid()
        self._kept = KeptOpen(lambda: _keeper(cast("Secret", server)))

    async def get(self) -> Redis:
        """Give the running loop's client."""
        if isinstance(self._server, Secret):
            return self._kept.open.get(asyncio.get_running_loop()) or await self._kept.opened()
        if self._pid != os.getpid():
            raise ScenarioError("a redis client made before a fork cannot be used after it; give a URL")
        return self._server

    async def aclose(self) -> None:
        await self._kept.aclose()


async def _keeper(url: Secret) -> AsyncGenerator[Redis]:
    """Hold a client open."""
    # One retry, for a connection that the server closed meanwhile; how long it takes is not for Redis to say.
    client = cast("Any", Redis).from_url(url.in_plain_text, retry=Retry(NoBackoff(), 1))
    try:
        yield client
    finally:
        await client.aclose()
