"""How many requests the retries of many calls may cost together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from support.hits import assets
from support.servers import Answer, Arrived, answers

from scenario_async import APIError, AssetSearch, FanOutError, InternalServerError, testing

if TYPE_CHECKING:
    from support.faces import Connect, Face
    from support.servers import Serve

SEARCH: Final = AssetSearch(query="q")
ONE_HIT: Final = {"hits": assets(1), "limit": 20, "offset": 0}
FAILURE: Final = Answer({"reason": "later"}, status=503)
instant_retries = testing.instant_retries
pytestmark = pytest.mark.usefixtures("instant_retries")


@pytest.fixture
def failing(connect: Connect, serve: Serve) -> Any:
    """Give a function that connects to a server that fails, and gives the requests that this gets as well."""

    def start(*each: Answer | dict[str, Any], **options: Any) -> tuple[Face, list[Arrived]]:
        server = serve(answers(*(each or [FAILURE])))
        return connect(server.base_url, **options), server.requests

    return start


def failure_of(face: Face) -> APIError:
    """Give the error that a search ends with."""
    with pytest.raises(APIError) as caught:
        face.page(SEARCH)
    return caught.value


@pytest.mark.parametrize(
    ("options", "searches", "requests"),
    [({}, 1000, 1100), ({"retry_budget": 10}, 200, 210), ({"retry_budget": False}, 200, 600)],
    ids=["default", "10", "False"],
)
def test_a_service_that_is_down_is_not_flooded(
    failing: Any, options: dict[str, Any], searches: int, requests: int
) -> None:
    """A thousand searches cost a tenth more requests, and each ends with an error that says why."""
    face, arrived = failing(**options)
    found = face.fan_out([SEARCH] * searches, concurrency=16, on_error="yield")
    errors = [each.error for each in found if isinstance(each, FanOutError)]
    assert (len(errors), len(arrived)) == (searches, requests)
    last = errors[-1]
    assert isinstance(last, InternalServerError)
    spent = options != {"retry_budget": False}
    assert (last.attempts, last.gave_up_because) == ((1, "retry_budget") if spent else (3, "max_retries"))
    assert last.retryable
    assert str(last).endswith("because the client's retry budget is spent") == spent


@pytest.mark.parametrize(
    ("headers", "requests"), [({"retry-after": "0"}, 210), ({"retry-after-ms": "1"}, 600)]
)
def test_a_429_that_asks_for_no_cool_down_is_paid_for(
    failing: Any, headers: dict[str, str], requests: int
) -> None:
    """Nothing else would hold its retries back."""
    face, arrived = failing(Answer({}, status=429, headers=headers), retry_budget=10)
    found = face.fan_out([SEARCH] * 200, concurrency=16, on_error="yield")
    assert sum(isinstance(each, FanOutError) for each in found) == 200
    assert len(arrived) == requests


def test_a_success_refills_the_budget(failing: Any) -> None:
    """Five successes pay for a retry, four do not."""
    face, arrived = failing(
        FAILURE, FAILURE, *[ONE_HIT] * 4, FAILURE, *[ONE_HIT] * 5, FAILURE, retry_budget=1
    )
    counts = list[int]()

    def fail() -> None:
        before = len(arrived)
        assert failure_of(face).gave_up_because == "retry_budget"
        counts.append(len(arrived) - before)

    fail()
    for _ in range(4):
        face.page(SEARCH)
    fail()
    for _ in range(5):
        face.page(SEARCH)
    fail()
    assert counts == [2, 1, 2]


def test_a_429_is_not_charged(failing: Any) -> None:
    """Its cool-down paces the client already."""
    face, arrived = failing(Answer({}, status=429), retry_budget=1)
    assert len(face.fan_out([SEARCH] * 10, on_error="yield")) == 10
    assert len(arrived) == 30


def test_a_derived_client_shares_the_budget(failing: Any) -> None:
    """Unless it is given one of its own."""
    face, arrived = failing(retry_budget=1)
    for each, attempts in (
        (face, 2),
        (face.derived(timeout=5), 1),
        (face.derived(retry_budget=1), 2),
        (face, 1),
    ):
        assert failure_of(each).attempts == attempts
    assert len(arrived) == 6
