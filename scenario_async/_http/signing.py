"""The Authorization header of each attempt, and the renewal of tokens."""

from __future__ import annotations

import asyncio
import inspect
import math
import os
import time
from typing import TYPE_CHECKING, Any, cast

from scenario_async._support.lifetimes import PerLoop
from scenario_async._support.secret import Secret, basic_authorization, begins_with_scheme
from scenario_async._support.threads import in_thread
from scenario_async.errors import APIError, APIStatusError, AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from scenario_async._support.secret import TokenSource
    from scenario_async.settings import Settings

_EXPIRED = "AccessDeniedException"
_SHORTEST_SECRET = 6  # what is shorter would take ordinary words with it
_MOST_HIDDEN = 3  # tokens that were renewed long ago are worth nothing any more


class Signer:
    """Signs attempts with a key pair, a token, or tokens from a callable.

    A callable is asked when there is no token or the last one was refused; callers on one event loop that
    need a token at the same time share one question. A plain callable runs in a thread.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._token: Secret | None = None
        self._asked_at = -math.inf
        self._source: TokenSource | None = None
        self._fixed: Secret | None = None
        self._hidden: tuple[Secret, ...] = ()
        if settings.api_key is not None and settings.api_secret is not None:
            self._fixed = Secret(basic_authorization(settings.api_key, settings.api_secret))
        elif isinstance(settings.bearer_auth, Secret):
            self._fixed = Secret(f"Bearer {settings.bearer_auth.in_plain_text}")
        elif settings.bearer_auth is not None:
            self._source = settings.bearer_auth
        for secret in (settings.api_key, settings.api_secret, _without_scheme(self._fixed)):
            if secret is not None:
                self._hide(secret)
        self._questions: PerLoop[_Question] = PerLoop(_Question)

    def hide_in(self, error: APIError) -> None:
        """Take this client's own keys and tokens out of an error's text, which the service may have repeated."""
        error.message = self.hidden_in(error.message)
        error.args = (error.message,)

    def hidden_in(self, text: str) -> str:
        """Take them out of a text of the service's that is shown in many places."""
        for secret in self._hidden:
            if secret.in_plain_text in text or text.endswith("…"):
                text = _without(text, secret.in_plain_text)
        return text

    async def authorization(self, max_age: float = math.inf) -> Secret | None:
        """Give the header's value, or None when the request's own headers sign.

        A token from a callable is asked for anew when it is older than `max_age` seconds. Raises `AuthenticationError`,
        chained to the callable's error, when it gives no token.
        """
        if self._source is None:
            return self._fixed
        if self._token is None or self._now() - self._asked_at > max_age:
            shared = await self._questions.here().answered(self._renew)
            if shared is not None:  # an error of its own for each of those who shared the question
                raise AuthenticationError(shared.message, status_code=401) from shared.__cause__
        return self._token

    def latest(self, signed_with: Secret | None) -> Secret | None:
        """Give what signs now: a token that was renewed since, or the same."""
        return signed_with if self._source is None or self._token is None else self._token

    def renews(self, error: APIError, refused: Secret | None) -> bool:
        """Tell whether a new token may help against this error, and forget the refused one if so."""
        if self._source is None or not isinstance(error, APIStatusError):
            return False
        expired = refuses_credentials(error)
        if expired and self._token is refused:
            self._token = None
        return expired

    async def _renew(self) -> None:
        asked_at = self._now()
        token = await _asked(cast("TokenSource", self._source))
        self._asked_at = asked_at
        self._token = Secret(f"Bearer {token}")
        self._hide(Secret(token))

    def _hide(self, secret: Secret) -> None:
        """Let a key or token be hidden from now on."""
        if len(secret.in_plain_text) >= _SHORTEST_SECRET:
            self._hidden = (*self._hidden[-_MOST_HIDDEN:], secret)


def refuses_credentials(error: APIStatusError) -> bool:
    """Tell whether the service does not accept a key or token, or not any more."""
    reason = error.headers.get("x-amzn-errortype", "")
    return error.status_code == 401 or (error.status_code == 403 and _EXPIRED in reason)  # noqa: PLR2004


def _without_scheme(header: Secret | None) -> Secret | None:
    return None if header is None else Secret(header.in_plain_text.partition(" ")[2])


def _without(text: str, secret: str) -> str:
    text = text.replace(secret, "…")
    if text.endswith("…"):  # it was cut, maybe in the middle of the secret
        stem = text[:-1]
        for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
            if stem.endswith(secret[:length]):
                return stem[:-length] + "…"
    return text


class _Question:
    """A question for a token on one event loop, and those who wait for its answer."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def answered(self, ask: Callable[[], Coroutine[Any, Any, None]]) -> AuthenticationError | None:
        """Ask, unless somebody does already, and wait; give the error that all who wait have in common."""
        if self._task is None:
            self._task = asyncio.create_task(ask())
            self._task.add_done_callback(self._ended)
        try:
            await asyncio.shield(self._task)
        except AuthenticationError as error:
            return error
        return None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # all who waited may have been cancelled: nobody else would look at it


def _variable(error: Exception) -> str:
    """Name a variable that is not there; of other keys nobody knows what they hold."""
    key: object = error.args[0] if isinstance(error, KeyError) and error.args else None
    named = (
        isinstance(key, str) and key.startswith("SCENARIO_") and key.isidentifier() and key not in os.environ
    )
    return f": the variable {key} is not set" if named else ""


async def _asked(source: TokenSource) -> str:
    try:
        called = source if inspect.isfunction(source) or inspect.ismethod(source) else type(source).__call__
        if inspect.iscoroutinefunction(called):
            token: object = await cast("Any", source())
        else:
            token = await in_thread(source, "token")
            if inspect.isawaitable(token):
                token = await token
    except Exception as error:
        reason = f"bearer_auth failed: {type(error).__name__}{_variable(error)}"
        raise AuthenticationError(reason, status_code=401) from error
    if isinstance(token, str) and token and token.isprintable():
        if not begins_with_scheme(token):
            return token
        del token
        rule = "which is put before it anyway; give the token alone"
        raise AuthenticationError(
            f"bearer_auth gave a token that begins with `Bearer `, {rule}", status_code=401
        )
    kind = type(token).__name__
    del token  # which may be one all the same
    raise AuthenticationError(f"bearer_auth gave no token but a {kind}", status_code=401)
