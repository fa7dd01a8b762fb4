"""Exceptions of others are left as they are, and ours show where in this package they come from."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from support.servers import Answer, answers

from scenario_async import (
    APIConnectionError,
    AssetSearch,
    AsyncScenario,
    AuthenticationError,
    BadRequestError,
    Scenario,
    ScenarioError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Connect, Face
    from support.servers import Serve

SEARCH = AssetSearch(query="q", limit=5)
WRONG: dict[str, Any] = {"query": "q", "limit": -1}


def _no_token() -> str:
    raise LookupError("no token today")


def _a_search_value(_: Face) -> object:
    return AssetSearch(**WRONG)


def _a_method(face: Face) -> object:
    return face.client.search.asset_search(**WRONG)


def _a_client_without_keys(face: Face) -> object:
    return type(face.client)(base_url="http://127.0.0.1:1")


def _a_client_with_a_wrong_keyword(face: Face) -> object:
    return face.client.with_options(timeout=-1)


def _a_refused_search(face: Face) -> object:
    return face.page(SEARCH)


def _a_refused_request(face: Face) -> object:
    return face.request("GET", "/x")


def _a_fan_out(face: Face) -> object:
    return face.fan_out([SEARCH, SEARCH])


def _an_iteration(face: Face) -> object:
    return face.hits(SEARCH, prefetch=2)


def _nobody_listens(face: Face) -> object:
    return face.derived(base_url="http://127.0.0.1:1", max_retries=0).page(SEARCH)


def _a_token_that_fails(face: Face) -> object:
    return face.derived(bearer_auth=_no_token, api_key=None).page(SEARCH)


def _a_wrong_token(face: Face) -> object:
    return face.resume("nonsense", SEARCH)


def _a_deadline(face: Face) -> object:
    return face.derived(deadline=0.000001).page(SEARCH)


FAILING: list[Callable[[Face], object]] = [
    _a_search_value,
    _a_method,
    _a_client_without_keys,
    _a_client_with_a_wrong_keyword,
    _a_refused_search,
    _a_refused_request,
    _a_fan_out,
    _an_iteration,
    _nobody_listens,
    _a_token_that_fails,
    _a_wrong_token,
    _a_deadline,
]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key of the machine reach a test."""
    for name in ("API_KEY", "API_SECRET", "JWT"):
        monkeypatch.delenv(f"SCENARIO_SDK_{name}", raising=False)


def _cause_of_trouble() -> None:
    marker = "kept"
    assert marker
    _ = 1 / 0


def _of_others(error: BaseException | None) -> tuple[Any, ...]:
    assert error is not None
    trace = traceback.extract_tb(error.__traceback__)
    return [(line.filename, line.lineno) for line in trace], error.__context__, error.__cause__, error.args


@pytest.mark.parametrize("fail", FAILING)
def test_a_failure_within_the_handling_of_an_exception_changes_nothing_of_it(
    connect: Connect, serve: Serve, fail: Callable[[Face], object]
) -> None:
    """Its traceback, its context and its cause stay, and so do those of what it comes from."""
    face = connect(serve(answers(Answer({"reason": "No."}, status=400))).base_url)
    handled: list[tuple[Any, ...]] = []
    try:
        try:
            _cause_of_trouble()
        except ZeroDivisionError as first:
            raise KeyError("second") from first
    except KeyError as second:
        first_error = second.__cause__
        handled += [_of_others(second), _of_others(first_error)]
        with pytest.raises(ScenarioError):
            fail(face)
        handled += [_of_others(second), _of_others(first_error)]
    assert len(handled) == 4
    assert handled[:2] == handled[2:]


@pytest.mark.parametrize("fail", FAILING)
def test_our_errors_keep_our_frames_and_no_other_library_s(
    connect: Connect, serve: Serve, fail: Callable[[Face], object]
) -> None:
    """Where it happened can be read; aiohttp's frames, which hold headers and bodies, are not there."""
    face = connect(serve(answers(Answer({"reason": "No."}, status=400))).base_url)
    with pytest.raises(ScenarioError) as caught:
        fail(face)
    links: list[BaseException] = [caught.value]
    for link in links:
        modules = [frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(link.__traceback__)]
        assert not [name for name in modules if name.partition(".")[0] in ("aiohttp", "tenacity")]
        links += [each for each in (link.__cause__, link.__context__) if each is not None]
    ours = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert any(frame.f_globals["__name__"].startswith("scenario_async") for frame in ours)


def test_a_refusal_leads_to_the_attempt_that_met_it(connect: Connect, serve: Serve) -> None:
    """The way of a call, from the pager to the attempt."""
    face = connect(serve(answers(Answer({"reason": "No."}, status=400))).base_url)
    with pytest.raises(BadRequestError) as caught:
        face.page(SEARCH)
    functions = [frame.f_code.co_name for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert [name for name in functions if name in ("page_at", "reply", "_attempt")] == [
        "page_at",
        "reply",
        "_attempt",
    ]


def test_the_failure_of_a_token_callable_is_the_cause_as_it_was(connect: Connect, serve: Serve) -> None:
    """With its own traceback, down to the line of the callable."""
    face = connect(serve(answers(Answer({}))).base_url, api_key=None, api_secret=None, bearer_auth=_no_token)
    with pytest.raises(AuthenticationError) as caught:
        face.page(SEARCH)
    cause = caught.value.__cause__
    assert isinstance(cause, LookupError)
    last = list(traceback.walk_tb(cause.__traceback__))[-1][0]
    assert last.f_code is _no_token.__code__


def test_a_failed_connection_names_its_cause_without_frames(connect: Connect) -> None:
    """What the system said is there, and what aiohttp did on the way is not."""
    with pytest.raises(APIConnectionError) as caught:
        connect("http://127.0.0.1:1/v1", max_retries=0).page(SEARCH)
    cause = caught.value.__cause__
    assert cause is not None
    assert (cause.__traceback__, cause.__context__) == (None, None)
    assert "127.0.0.1:1" in str(caught.value)


@pytest.mark.parametrize("kind", [AsyncScenario, Scenario])
def test_the_context_of_ours_is_what_was_being_handled(kind: Any) -> None:
    """As with every exception that is raised while another is handled."""
    contexts: list[BaseException | None] = []
    try:
        _cause_of_trouble()
    except ZeroDivisionError as error:
        with pytest.raises(ScenarioError) as caught:
            kind(api_key="a")
        contexts += [error, caught.value.__context__]
    assert len(contexts) == 2
    assert contexts[0] is contexts[1]


async def test_an_error_of_the_users_own_resolver_stays_as_it_was() -> None:
    """It is theirs, though it is one of Python's classes: its frames are not cut off."""
    raised: list[OSError] = []

    class Resolver(AbstractResolver):
        async def resolve(self, *_: Any, **__: Any) -> list[ResolveResult]:
            raised.append(OSError("the phone book is lost"))
            raise raised[0]

        async def close(self) -> None: ...

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Resolver())) as session,
        AsyncScenario(
            api_key="a", api_secret="b", base_url="https://scenario.test/v1", session=session, max_retries=0
        ) as client,
    ):
        with pytest.raises(APIConnectionError, match="the phone book is lost"):
            await client.search.asset_search(query="q")
    assert raised[0].__traceback__ is not None
