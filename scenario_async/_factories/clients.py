"""Clients without a service: whole clients, but for their connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

import attrs

from scenario_async._annotations import evaluable_function
from scenario_async._calls.retries import Backoff
from scenario_async._factories.answers import Answering, finder
from scenario_async._http.transport import Pool, Sessions
from scenario_async.client import AsyncScenario, Client
from scenario_async.settings import CREDENTIALS, signs

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._calls.call import Caller
    from scenario_async._factories.answers import Answers
    from scenario_async._http.request import Request
    from scenario_async._http.transport import Answer
    from scenario_async.searches import Search

_ClientT = TypeVar("_ClientT", bound=Client)

USUAL: Final[dict[str, Any]] = {"base_url": "https://scenario.invalid/v1", "max_retries": 0}
"""Settings of a client that has nobody to talk to; no such host can exist."""
KEYS: Final[dict[str, Any]] = {"api_key": "made", "api_secret": "made"}


@overload
def make_client(answers: Answers, *, cls: Callable[..., _ClientT], **settings: object) -> _ClientT: ...
@overload
def make_client(
    answers: Answers, *, cls: Callable[..., AsyncScenario] = AsyncScenario, **settings: object
) -> AsyncScenario: ...
@evaluable_function
def make_client(
    answers: Answers, *, cls: Callable[..., Client] = AsyncScenario, **settings: object
) -> Client:
    """Make a client whose searches are answered from what is given, without a server, a socket or a loop.

    All else is as ever: parameters are checked, pages followed, hooks told. `answers` is one of these:

    - hits: all that there is. Each search finds those of its kind, page by page, whatever it asks for;
    - a page of `make_page`, or an exception: the answer to every request;
    - a list of pages and exceptions: each answers one request, in their order; an `AssertionError` tells of one
      request too many;
    - a function of a search, plain or async, that gives hits, a page or an exception, or raises one. The search that it
      is given has the `limit` and `offset` of the page that is asked for.

    `cls` is the class of the client, `Scenario` for the blocking one, and `settings` are its keywords. Exceptions are
    raised as they are, at once: `max_retries` is 0 unless given, and then each retry takes an answer, without a wait.
    `searches_of` gives the searches that were made.

    Raises `TypeError` for what is no answer.
    """
    find = finder(answers)
    signed = any(settings.get(name) is not None for name in CREDENTIALS) or signs(
        settings.get("default_headers")
    )
    keywords: dict[str, Any] = {**USUAL, **({} if signed else KEYS), **settings}
    client = cls(**keywords)
    caller = unconnected(client._caller, Answering(find))  # pyright: ignore[reportPrivateUsage]
    client._begin(client.settings, caller, owns_pool=True)  # pyright: ignore[reportPrivateUsage]
    return client


@evaluable_function
def searches_of(client: Client) -> list[Search[Any]]:
    """Give the searches that a client of `make_client`, and those derived from it, have made so far.

    There is one for each request: a search value with the `limit` and `offset`, or `page` and `hits_per_page`, of the
    page that was asked for; a search that is awaited without a size has neither.

    Raises `TypeError` for another client.
    """
    caller = getattr(client, "_caller", None)
    pool = getattr(caller, "pool", None)
    if not isinstance(pool, _AnsweringPool):
        raise TypeError(f"searches_of takes a client that make_client made, not {client!r}")
    return list(pool.answering.searches)


def unconnected(caller: Caller, answering: Answering) -> Caller:
    """Give a caller like this one that is answered without connections, and never waits to try again."""
    return attrs.evolve(caller, pool=_AnsweringPool(answering), backoff=_NoBackoff())


class _NoBackoff(Backoff):
    instant = True


class _AnsweringPool(Pool):
    """In place of connections: one answering for all loops, with nothing to close."""

    def __init__(self, answering: Answering) -> None:
        super().__init__(None)
        self.answering = answering

    async def sessions(self) -> Sessions:
        return _AnsweringSessions(self.answering)


class _AnsweringSessions(Sessions):
    def __init__(self, answering: Answering) -> None:
        # No session is opened, as nothing is sent.
        self._answering = answering

    async def send(self, request: Request, *_: object, **__: object) -> Answer:
        return await self._answering.answer(request)
