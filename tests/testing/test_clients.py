"""Clients without a service: real ones, answered from what is given, which keep the searches they made."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, assert_type

import pytest
from support.faces import AsyncFace, Face, SyncFace

from scenario_async import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    FanOutError,
    InternalServerError,
    InvalidSearchError,
    ModelSearch,
    RateLimitError,
    RetryEvent,
    Scenario,
    ScenarioError,
    Search,
    SyncSearchPage,
    WorkflowSearch,
)
from scenario_async.testing import make_asset, make_client, make_model, make_page, make_workflow, searches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from scenario_async import Hit

    Make = Callable[..., Face]

HITS = [make_asset() for _ in range(250)]
MODELS = [make_model() for _ in range(3)]
KNIGHTS = AssetSearch(query="knight")
EMPTY = make_page(HITS[:0])
NO_ANSWERS: list[Any] = [None, "hits", 5, [1], {"hits": []}, [EMPTY]]
NOTHING_TO_ANSWER_FROM: list[tuple[Any, str]] = [
    (5, "something of type int: it must be hits, a page, an exception, a list of pages and exceptions, or"),
    ("hits", "something of type str: it must be hits"),
    ({"hits": []}, "something of type dict: it must be hits"),
    (make_asset(), "something of type AssetHit: one hit is given as [hit]"),
    (RateLimitError, "the class RateLimitError: an exception is given as an object, with its message"),
    ([EMPTY, make_asset()], "a list with something of type AssetHit at 1: a list has hits alone, or"),
    ([[make_asset()]], "a list with something of type list at 0: a list has hits alone, or pages and"),
]


def ids(hits: list[Any]) -> list[str]:
    """Give the ids of hits."""
    return [hit.id for hit in hits]


def slow_down(wait: float | None = 60.0) -> RateLimitError:
    """Give the error of a 429."""
    return RateLimitError("slow down", status_code=429, retry_after=wait)


@pytest.fixture(params=["async", "sync"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[Make]:
    """Give a function that makes a client of either kind, where no socket connects."""

    def refused(*_: object) -> None:
        raise AssertionError("a socket was to connect")

    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        monkeypatch.setattr(socket.socket, "connect", refused)

        def made(answers: Any, **settings: Any) -> Face:
            face: Face
            if request.param == "async":
                face = AsyncFace(make_client(answers, **settings), runner)
            else:
                face = SyncFace(make_client(answers, cls=Scenario, **settings))
            return face

        yield made


class TestHits:
    """All that there is."""

    def test_they_are_found_page_by_page(self, make: Make) -> None:
        """By limit and offset, or by page, with totals, to the end."""
        face = make(HITS)
        page = face.page(KNIGHTS)
        assert page.hits == HITS[:20]
        assert (page.limit, page.offset, page.estimated_total_hits) == (20, 0, 250)
        assert face.next_page(page).hits == HITS[20:120]
        assert face.hits(KNIGHTS).ids == ids(HITS)
        assert [len(each.hits) for each in face.pages(AssetSearch(query="x", limit=100)).items] == [
            100,
            100,
            50,
        ]
        page = face.page(AssetSearch(query="x", page=3, hits_per_page=100))
        assert page.hits == HITS[200:]
        assert (page.page, page.hits_per_page, page.total_hits, page.total_pages) == (3, 100, 250, 3)

    def test_each_search_finds_those_of_its_kind(self, make: Make) -> None:
        """One list serves searches of all kinds."""
        face = make([*HITS[:2], *MODELS])
        assert face.page(KNIGHTS).hits == HITS[:2]
        assert face.page(ModelSearch(query="x")).hits == MODELS
        assert face.page(WorkflowSearch(query="x")).hits == []

    def test_nothing_is_found_in_nothing(self, make: Make) -> None:
        """An empty list is no hits, not no answers."""
        face = make([])
        assert face.page(KNIGHTS).hits == face.hits(KNIGHTS).items == []

    def test_a_page_has_a_hundred_at_most(self, make: Make) -> None:
        """As with the service, which refuses a search that asks for more."""
        face = make(HITS)
        for search, name in (
            (AssetSearch(query="x", limit=101), "limit"),
            (AssetSearch(query="x", page=1, hits_per_page=101), "hitsPerPage"),
        ):
            with pytest.raises(BadRequestError, match=f'"{name}" must be from 1 to 100'):
                face.page(search)

    def test_searches_go_on_from_tokens(self, make: Make) -> None:
        """In the middle of a page too."""
        face = make(HITS)
        begun = face.hits(KNIGHTS, max_hits=130)
        assert face.hits(KNIGHTS, token=begun.resume_token).ids == ids(HITS[130:])

    def test_many_searches_at_once(self, make: Make) -> None:
        """Each finds all."""
        face = make(HITS)
        searches = [AssetSearch(query=str(number)) for number in range(5)]
        found = face.fan_out(searches, max_hits=120)
        assert sorted(each.index for each in found) == [number for number in range(5) for _ in range(120)]


class TestPagesAndExceptions:
    """Answers just so."""

    def test_one_page_is_the_answer_to_all(self, make: Make) -> None:
        """With the hits, counts and request id that it has, on either client."""
        page = make_page(HITS[:3], limit=3, estimated_total_hits=77, request_id="req_7", cls=SyncSearchPage)
        face = make(page)
        for _ in range(2):
            found = face.page(KNIGHTS)
            assert (found.hits, found.limit, found.estimated_total_hits) == (HITS[:3], 3, 77)
            assert found.response.request_id == "req_7"
            assert found.search == KNIGHTS
        by_page = face.page(AssetSearch(query="x", page=2, hits_per_page=50))
        assert (by_page.page, by_page.hits_per_page, by_page.total_hits, by_page.total_pages) == (
            2,
            3,
            77,
            26,
        )

    def test_a_list_answers_in_its_order(self, make: Make) -> None:
        """The pages of an iteration, one after another, though each was made to begin at 0."""
        face = make([make_page(HITS[:2], limit=2), make_page(HITS[2:4], limit=2), make_page(HITS[4:5])])
        done = face.hits(AssetSearch(query="x", limit=2))
        assert (done.ids, done.stopped_because) == (ids(HITS[:5]), "exhausted")
        assert [search.offset for search in searches_of(face.client)] == [0, 2, 4]

    def test_a_page_that_is_not_full_ends_a_search(self, make: Make) -> None:
        """The next answer is that of the next search."""
        face = make([make_page(HITS[:2]), make_page(HITS[2:3])])
        assert face.hits(KNIGHTS).ids == ids(HITS[:2])
        assert face.hits(KNIGHTS).ids == ids(HITS[2:3])

    def test_a_list_that_is_used_up_is_told(self, make: Make) -> None:
        """No program takes it for a failure of the service."""
        face = make([EMPTY])
        face.page(KNIGHTS)
        with pytest.raises(AssertionError) as caught:
            face.page(AssetSearch(query="castle", image="data:image/png;base64,c2VjcmV0", limit=7))
        told = str(caught.value)
        assert told.startswith(
            "the answers given to make_client (1) are used up, and here is one more search: Asset"
        )
        assert "AssetSearch(query='castle', limit=7, offset=0, image=" in told
        assert "c2VjcmV0" not in told

    def test_an_exception_is_raised_at_once(self, make: Make) -> None:
        """As it is, with what it says of itself and of the call, again and again."""
        given = slow_down()
        face = make(given)
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(RateLimitError) as caught:
                face.page(KNIGHTS)
            error = caught.value
            assert (error.message, error.retry_after, error.attempts) == ("slow down", 60.0, 1)
            assert error.url.endswith("/search/assets")
            assert error.retryable
        assert time.monotonic() - began < 30, "no cool-down"
        assert (given.attempts, given.__traceback__) == (0, None), "the one that was given stays as it was"

    @pytest.mark.parametrize(
        "given", [APITimeoutError("late"), InternalServerError("500", status_code=500), KeyError("of theirs")]
    )
    def test_any_exception_will_do(self, make: Make, given: Exception) -> None:
        """Also one that no service causes."""
        with pytest.raises(type(given)) as caught:
            make(given).page(KNIGHTS)
        assert caught.value.args == given.args

    def test_an_exception_in_the_middle(self, make: Make) -> None:
        """What was found before it stays."""
        face = make([make_page(HITS[:2], limit=2), APIConnectionError("gone")])
        page = face.page(KNIGHTS)
        with pytest.raises(APIConnectionError, match="gone"):
            face.next_page(page)

    def test_a_search_that_fails_among_many(self, make: Make) -> None:
        """The others go on."""

        def answer(search: Search[Any]) -> Any:
            return slow_down() if search.query == "1" else HITS[:1]

        face = make(answer)
        found = face.fan_out([AssetSearch(query=str(number)) for number in range(3)], on_error="yield")
        assert {each.index: isinstance(each, FanOutError) for each in found} == {0: False, 1: True, 2: False}

    def test_retries_take_an_answer_each(self, make: Make) -> None:
        """Where they are asked for, and without a wait."""
        told: list[RetryEvent] = []
        answers = [
            slow_down(),
            slow_down(None),
            InternalServerError("503", status_code=503),
            make_page(HITS[:1]),
        ]
        face = make(answers, max_retries=3, on_retry=told.append)
        began = time.monotonic()
        assert face.page(KNIGHTS).response.attempts == 4
        assert time.monotonic() - began < 30
        assert len(told) == 3

    def test_hits_that_do_not_fit(self, make: Make) -> None:
        """They meet the client's own rule."""
        page = make_page(HITS[:1], invalid_hits=[{"id": 7}])
        with pytest.raises(APIResponseValidationError, match=r"hits\[1\]"):
            make(page).page(KNIGHTS)
        assert make(page, invalid_hits="keep").page(KNIGHTS).invalid_hits == [{"id": 7}]

    def test_a_page_of_another_kind_is_told(self, make: Make) -> None:
        """The error names both."""
        with pytest.raises(TypeError) as caught:
            make(make_page(MODELS)).page(KNIGHTS)
        told = "make_client has a page of ModelHits for AssetSearch(query='knight'): it finds AssetHits"
        assert str(caught.value) == told


class TestFunctions:
    """Answers that follow from the search."""

    def test_it_gives_all_hits_of_a_search(self, make: Make) -> None:
        """They are paged like those of a list."""
        found: dict[str | None, list[Hit]] = {"knight": [*HITS[:150]], "castle": [make_asset()]}

        def answer(search: Search[Any]) -> list[Hit]:
            return found[search.query]

        face = make(answer)
        assert face.hits(KNIGHTS).ids == ids(HITS[:150])
        assert face.page(AssetSearch(query="castle")).hits == found["castle"]
        with pytest.raises(KeyError):
            face.page(AssetSearch(query="okapi"))

    def test_it_is_given_the_place_of_the_page(self, make: Make) -> None:
        """So that it can answer page by page."""

        def answer(search: Search[Any]) -> Any:
            start = search.offset or 0
            return make_page(HITS[start : start + 2], limit=2) if start < 4 else slow_down()

        face = make(answer)
        page = face.next_page(face.page(KNIGHTS))
        assert page.hits == HITS[2:4]
        with pytest.raises(RateLimitError):
            face.next_page(page)

    def test_it_may_be_async(self, make: Make) -> None:
        """The call's own limits hold, so a program's patience can be tried."""

        async def answer(search: Search[Any]) -> list[Hit]:
            if search.query == "hang":
                await asyncio.Event().wait()
            return [*HITS[:1]]

        face = make(answer)
        assert face.page(KNIGHTS).hits == HITS[:1]
        with pytest.raises(APITimeoutError):
            face.page(AssetSearch(query="hang", timeout=0.05))

    @pytest.mark.parametrize("given", NO_ANSWERS)
    def test_what_is_no_answer_is_told(self, make: Make, given: Any) -> None:
        """With what it gave, and for which search."""

        def answer(_: Search[Any]) -> Any:
            return given

        with pytest.raises(TypeError) as caught:
            make(answer).page(KNIGHTS)
        told = "for AssetSearch(query='knight'): it must give hits, a page or an exception"
        assert str(caught.value).startswith("the function given to make_client gave ")
        assert str(caught.value).endswith(told)


class TestClient:
    """It is a client like any other."""

    def test_its_class(self) -> None:
        """An `AsyncScenario`, or what is asked for, which may be a class of one's own."""

        class Own(Scenario):
            def __init__(self, *, shelf: str = "", **keywords: Any) -> None:
                super().__init__(**keywords)
                self.shelf = shelf

        assert type(assert_type(make_client(HITS), AsyncScenario)) is AsyncScenario
        assert type(assert_type(make_client(HITS, cls=Scenario), Scenario)) is Scenario
        own = make_client(HITS, cls=Own, shelf="top", max_concurrency=3)
        assert (assert_type(own, Own).shelf, own.max_concurrency) == ("top", 3)
        assert own.search.asset_search(query="x").hits == HITS[:20]

    def test_parameters_are_checked(self, make: Make) -> None:
        """As ever, before anything is answered."""
        face = make(HITS)
        with pytest.raises(InvalidSearchError, match="limit"):
            face.client.search.asset_search(query="x", limit=0)
        with pytest.raises(TypeError):
            face.client.search.asset_search(qeury="x")
        assert searches_of(face.client) == []
        with pytest.raises(TypeError, match="max_retires"):
            make(HITS, max_retires=3)

    def test_hooks_are_told(self, make: Make) -> None:
        """Of the request that would have gone out, signed or not."""
        told: list[Any] = []
        face = make(HITS, on_request=told.append, on_response=told.append, bearer_auth="token")
        face.page(KNIGHTS)
        assert [type(each).__name__ for each in told] == ["RequestEvent", "ResponseEvent"]

    def test_it_closes(self, make: Make) -> None:
        """And answers nothing afterwards."""
        face = make(HITS)
        face.page(KNIGHTS)
        face.close()
        assert face.client.is_closed
        with pytest.raises(ScenarioError, match="closed"):
            face.page(KNIGHTS)

    def test_it_has_no_answer_to_other_requests(self, make: Make) -> None:
        """The error names the request."""
        with pytest.raises(AssertionError, match=r"GET https.*/assets/asset_1: .* answers for searches only"):
            make(HITS).request("GET", "assets/asset_1")

    def test_the_searches_that_were_made(self, make: Make) -> None:
        """Each is as it was given, with the place of its page; clients derived from one another keep them together."""
        face = make(HITS)
        search = AssetSearch(query="x", filter="width > 1", project_id="p", timeout=5, extra_body={"a": 1})
        face.page(search)
        face.derived(project_id="other").hits(ModelSearch(query="y", offset=0))
        face.page(WorkflowSearch(query="z", page=2))
        assert searches_of(face.client) == [
            search,
            ModelSearch(query="y", limit=100, offset=0),
            WorkflowSearch(query="z", page=2, hits_per_page=100),
        ]
        searches_of(face.client).clear()
        assert len(searches_of(face.client)) == 3, "what is given is a copy"

    def test_other_clients_are_refused(self) -> None:
        """There is nothing to tell of them."""
        with (
            Scenario(api_key="a", api_secret="b") as client,
            pytest.raises(TypeError, match="make_client made"),
        ):
            searches_of(client)

    def test_it_serves_several_loops_and_threads(self) -> None:
        """It is bound to none."""
        client = make_client([*HITS, *MODELS, make_workflow()])

        async def count() -> int:
            return len([hit async for hit in client.search.asset_search(query="x")])

        assert [asyncio.run(count()) for _ in range(2)] == [250, 250]
        counted: list[int] = []
        threads = [threading.Thread(target=lambda: counted.append(asyncio.run(count()))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counted == [250] * 3
        assert len(searches_of(client)) == 15

    def test_the_environment_has_no_say_in_where_it_goes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It needs no keys, and takes none of the developer's."""
        monkeypatch.setenv("SCENARIO_SDK_API_KEY", "of the developer")
        monkeypatch.delenv("SCENARIO_SDK_API_SECRET", raising=False)
        monkeypatch.setenv("SCENARIO_BASE_URL", "nonsense")
        assert make_client(HITS, cls=Scenario).search.asset_search(query="x").hits == HITS[:20]

    @pytest.mark.parametrize(("answers", "told"), NOTHING_TO_ANSWER_FROM)
    def test_what_is_no_answer_is_told(self, answers: Any, told: str) -> None:
        """When the client is made."""
        with pytest.raises(TypeError) as caught:
            make_client(answers)
        assert str(caught.value).startswith(f"make_client was given {told}")
