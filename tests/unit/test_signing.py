"""Signatures: who is asked for a token, how often, and what happens when that fails."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any

import pytest
from multidict import CIMultiDict

from scenario_async._http.signing import Signer
from scenario_async._support.secret import Secret
from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    PermissionDeniedError,
)
from scenario_async.settings import Settings


def signer(bearer_auth: Any) -> Signer:
    """Make a signer of a token or a callable."""
    return Signer(Settings(bearer_auth=bearer_auth))


async def signed(by: Signer) -> str | None:
    """Give the header's value."""
    secret = await by.authorization()
    return None if secret is None else secret.in_plain_text


def refusal(status: int, **headers: str) -> APIStatusError:
    """Give the error of a refused token."""
    own = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    cls = AuthenticationError if status == 401 else PermissionDeniedError
    return cls("no", status_code=status, headers=own)


SECRET = "s3cr3t"


class Counting:
    """A plain callable that counts, and notes the threads it was called in."""

    def __init__(self) -> None:
        self.calls = 0
        self.threads: list[int] = []

    def __call__(self) -> str:
        """Give a token."""
        self.calls += 1
        self.threads.append(threading.get_ident())
        return f"t{self.calls}"

    def method(self) -> str:
        """Do the same as a method."""
        return self()


class AsyncCounting:
    """The same, asynchronous."""

    def __init__(self) -> None:
        self.calls = 0
        self.threads: list[int] = []

    async def __call__(self) -> str:
        """Give a token."""
        self.calls += 1
        self.threads.append(threading.get_ident())
        await asyncio.sleep(0)
        return f"t{self.calls}"

    async def method(self) -> str:
        """Do the same as a method."""
        return await self()


async def plain_async() -> str:
    """Give a token."""
    return "t1"


def returns_awaitable() -> Any:
    """Give a token to be awaited, without being a coroutine function."""
    return plain_async()


@pytest.mark.parametrize(
    "source",
    [
        Counting(),
        Counting().method,
        lambda: "t1",
        functools.partial(str, "t1"),
        AsyncCounting(),
        AsyncCounting().method,
        plain_async,
        functools.partial(plain_async),
        returns_awaitable,
        lambda: plain_async(),  # noqa: PLW0108 - a lambda is the point
    ],
)
async def test_every_form_of_callable(source: Any) -> None:
    """Plain or async, function, method or object: each gives its token."""
    assert await signed(signer(source)) == "Bearer t1"


async def test_where_callables_run() -> None:
    """A plain callable, which may block, has a thread to itself; an async one is awaited where it is needed."""
    plain, asynchronous = Counting(), AsyncCounting()
    await signed(signer(plain))
    await signed(signer(asynchronous))
    assert plain.threads != [threading.get_ident()]
    assert asynchronous.threads == [threading.get_ident()]


async def test_fixed_signatures() -> None:
    """A pair or a token is the same for every attempt, and is never renewed."""
    pair = Signer(Settings(api_key="k", api_secret="s"))
    assert await signed(pair) == "Basic azpz"
    token = signer("jwt")
    assert await signed(token) == "Bearer jwt"
    for each in (pair, token):
        assert not each.renews(refusal(401), await each.authorization())
        assert await each.authorization() is await each.authorization()


@pytest.mark.parametrize(
    ("error", "renews"),
    [
        (refusal(401), True),
        (refusal(403, x_amzn_errortype="AccessDeniedException"), True),
        (refusal(403, X_Amzn_ErrorType="AccessDeniedException:http://internal.amazon.com/"), True),
        (refusal(403), False),
        (refusal(403, x_amzn_errortype="ForbiddenException"), False),
        (APIStatusError("no", status_code=500), False),
        (APIConnectionError("gone"), False),
        (APIStatusError("no", status_code=400, headers={"x-amzn-errortype": "AccessDeniedException"}), False),
    ],
)
async def test_which_refusals_renew(error: APIError, *, renews: bool) -> None:
    """A 401, and the 403 of an expired token, lead to a new token; nothing else does."""
    source = Counting()
    by = signer(source)
    first = await by.authorization()
    assert by.renews(error, first) is renews
    assert await signed(by) == ("Bearer t2" if renews else "Bearer t1")


async def test_an_old_refusal_forgets_no_new_token() -> None:
    """Two calls refused with the same token lead to one new token, not two."""
    source = Counting()
    by = signer(source)
    refused = await by.authorization()
    assert by.renews(refusal(401), refused)
    assert await signed(by) == "Bearer t2"
    assert by.renews(refusal(401), refused), "the other call may try again too"
    assert await signed(by) == "Bearer t2"
    assert source.calls == 2


async def test_renewal_is_shared_by_all_who_wait() -> None:
    """Many calls refused at once ask once."""
    source = AsyncCounting()
    by = signer(source)
    refused = await by.authorization()
    for _ in range(10):
        by.renews(refusal(401), refused)
    assert set(await asyncio.gather(*(signed(by) for _ in range(10)))) == {"Bearer t2"}
    assert source.calls == 2


class OddError(Exception):
    """An error of the user's callable."""


def _fails() -> str:
    raise OddError("could not log in")


async def _fails_async() -> str:
    await asyncio.sleep(0)
    raise OddError("could not log in")


@pytest.mark.parametrize("source", [_fails, _fails_async])
async def test_a_failing_callable_is_an_authentication_error(source: Any) -> None:
    """The callable's error is the cause, and everyone who waited gets an error of their own."""
    by = signer(source)
    errors = await asyncio.gather(*(by.authorization() for _ in range(3)), return_exceptions=True)
    assert len({id(error) for error in errors}) == 3
    for error in errors:
        assert type(error) is AuthenticationError
        assert isinstance(error.__cause__, OddError)
        assert "bearer_auth" in str(error)
        assert error.status_code == 401


async def test_a_failure_is_not_remembered() -> None:
    """The next call asks again."""
    calls = 0

    def sometimes() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OddError
        return "t2"

    by = signer(sometimes)
    with pytest.raises(AuthenticationError):
        await by.authorization()
    assert await signed(by) == "Bearer t2"


async def test_a_failure_that_nobody_waits_for_is_silent() -> None:
    """Where all who waited gave up, the late failure is no complaint of the loop's."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    answer = asyncio.Event()

    async def slow() -> str:
        await answer.wait()
        raise OddError

    by = signer(slow)
    waiting = asyncio.ensure_future(by.authorization())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    answer.set()
    for _ in range(5):
        await asyncio.sleep(0)
    del by
    assert complaints == []


def test_a_token_outlives_its_loop() -> None:
    """A signer works on one loop after another, and keeps its token."""
    source = AsyncCounting()
    by = signer(source)
    assert [asyncio.run(signed(by)) for _ in range(3)] == ["Bearer t1"] * 3
    assert source.calls == 1


async def test_signatures_do_not_print() -> None:
    """The header's value is a secret until it is asked for."""
    secret = await signer("s3cr3t").authorization()
    assert isinstance(secret, Secret)
    assert "s3cr3t" not in f"{secret} {secret!r}"


async def test_tokens_of_late_are_hidden_too() -> None:
    """The service may repeat the refused token in an error that comes after the new one."""
    tokens = iter(["token-one", "token-two", "three"])
    by = signer(lambda: next(tokens))
    for _ in range(3):
        by.renews(refusal(401), await by.authorization())
    assert by.hidden_in("token-one, token-two: three") == "…, …: three", "short words are no secrets"
    error = refusal(401)
    error.message = "no token-on…"
    by.hide_in(error)
    assert (error.message, error.args) == ("no …", ("no …",))


@pytest.mark.parametrize(("age", "asked"), [(9.0, 1), (11.0, 2)])
async def test_a_token_that_is_too_old_is_asked_for_anew(age: float, asked: int) -> None:
    """Those who waited long after a refusal sign with a token that has not expired meanwhile."""
    moment, source = [100.0], Counting()
    by = Signer(Settings(bearer_auth=source), lambda: moment[0])
    await by.authorization()
    moment[0] += age
    secret = await by.authorization(max_age=10.0)
    assert secret is not None
    assert (secret.in_plain_text, source.calls) == (f"Bearer t{asked}", asked)
