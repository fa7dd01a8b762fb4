"""The Authorization header of each attempt, and the renewal of tokens."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, cast

import attrs

from scenario_async._loops import PerLoop
from scenario_async._secret import Secret, basic_authorization
from scenario_async.errors import APIError, APIStatusError, AuthenticationError, without_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenario_async._wire import Reply
    from scenario_async.settings import Settings, TokenSource

_EXPIRED = "AccessDeniedException"
_SHORTEST_SECRET = 6  # what is shorter would take ordinary words with it


class Signer:
    """Signs attempts with a key pair, a token, or tokens from a callable.

    A callable is asked when there is no token or the last one was refused; callers on one event loop that
    need a token at the same time share one question. A plain callable runs in a thread.
    """

    def __init__(self, settings: Settings) -> None:
        self._token: Secret | None = None
        self._source: TokenSource | None = None
        self._fixed: Secret | None = None
        self._key, self._secret = settings.api_key, settings.api_secret
        if settings.api_key is not None and settings.api_secret is not None:
            self._fixed = Secret(basic_authorization(settings.api_key, settings.api_secret))
        elif isinstance(settings.bearer_auth, Secret):
            self._fixed = Secret(f"Bearer {settings.bearer_auth.reveal()}")
        elif settings.bearer_auth is not None:
            self._source = settings.bearer_auth
        self._flights: PerLoop[_Flight] = PerLoop(_Flight)

    def hide_in(self, error: APIError) -> None:
        """Take this client's own keys and tokens out of an error's text, which the service may have repeated."""
        error.message = self._without_secrets(error.message)
        error.args = (error.message,)

    def hidden_in(self, reply: Reply) -> Reply:
        """Take them out of the name that the service gave its reply, which is shown in many places."""
        if reply.request_id is None:
            return reply
        hidden = self._without_secrets(reply.request_id)
        return reply if hidden == reply.request_id else attrs.evolve(reply, request_id=hidden)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets():
            if len(secret) >= _SHORTEST_SECRET:
                text = _without(text, secret)
        return text

    def _secrets(self) -> Iterator[str]:
        for secret in (self._key, self._secret):
            if secret is not None:
                yield secret.reveal()
        for header in (self._fixed, self._token):
            if header is not None:
                yield header.reveal().partition(" ")[2]  # without the scheme

    async def authorization(self) -> Secret | None:
        """Give the header's value, or None when the request's own headers sign.

        Raises `AuthenticationError`, chained to the callable's error, when it gives no token.
        """
        if self._source is None:
            return self._fixed
        if self._token is None:
            try:
                await self._flights.get().join(self._renew)
            except AuthenticationError as error:  # one for each of those who shared the question
                raise AuthenticationError(error.message, status_code=401) from error.__cause__
        return self._token

    def renews(self, error: APIStatusError, refused: Secret | None) -> bool:
        """Tell whether a new token may help against this error, and forget the refused one if so."""
        told = error.headers.get("x-amzn-errortype", "")
        expired = error.status_code == 401 or (error.status_code == 403 and _EXPIRED in told)  # noqa: PLR2004
        if self._source is None or not expired:
            return False
        if self._token is refused:
            self._token = None
        return True

    async def _renew(self) -> None:
        token = await _asked(cast("TokenSource", self._source))
        self._token = Secret(f"Bearer {token}")


def _without(text: str, secret: str) -> str:
    text = text.replace(secret, "…")
    if text.endswith("…"):  # it was cut, maybe in the middle of the secret
        stem = text[:-1]
        for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
            if stem.endswith(secret[:length]):
                return stem[:-length] + "…"
    return text


class _Flight:
    """A question under way on one event loop, and those who wait for its answer."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def join(self, ask: Any) -> None:  # noqa: ANN401
        if self._task is None:
            self._task = asyncio.create_task(ask())
            self._task.add_done_callback(self._landed)
        await asyncio.shield(self._task)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # all who waited may have been cancelled: nobody else would look at it


def _outcome(source: TokenSource) -> tuple[object, Exception | None]:
    """Call a plain callable; its error is a result, because a `StopIteration` cannot leave a thread's future."""
    try:
        return source(), None
    except StopIteration as error:
        return None, LookupError(f"StopIteration: {error}")
    except Exception as error:  # noqa: BLE001 - whatever the user's callable raises
        return None, error


def _given(outcome: tuple[object, Exception | None]) -> object:
    value, error = outcome
    if error is not None:
        raise error
    return value


async def _asked(source: TokenSource) -> str:
    try:
        called = source if inspect.isfunction(source) or inspect.ismethod(source) else type(source).__call__
        if inspect.iscoroutinefunction(called):
            token: object = await cast("Any", source())
        else:
            token = _given(await asyncio.to_thread(_outcome, source))
            if inspect.isawaitable(token):
                token = await token
    except Exception as error:  # noqa: BLE001 - whatever the user's callable raises
        told = f"bearer_auth failed: {type(error).__name__}"
        raise AuthenticationError(told, status_code=401) from without_frames(error)
    if not isinstance(token, str) or not token or not token.isprintable():
        raise AuthenticationError(f"bearer_auth gave no token but a {type(token).__name__}", status_code=401)
    return token
