"""The rate limit: how many requests a project may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from emulator.records import PROJECT, asset
from emulator.talk import Talk

from scenario_async.emulator import Emulator, Library, Quota
from scenario_async.emulator.errors import ServiceError

if TYPE_CHECKING:
    from aiohttp import ClientSession


@attrs.define
class Clock:
    """A clock that stands still until it is told otherwise."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


def library() -> Library:
    """Give one asset."""
    return Library([asset("asset_1")], project_id=PROJECT)


def remaining(quota: Quota, project_id: str = PROJECT) -> Any:
    """Send a request, and give how many seconds it is told to wait, if it is refused."""
    try:
        quota.admit(project_id)
    except ServiceError as refusal:
        return refusal.more["remainingSeconds"]
    return None


def test_the_window_slides() -> None:
    """A place is free as soon as the request that had it is a minute old, and refused ones have none."""
    clock = Clock()
    quota = Quota(2, clock=clock)
    assert remaining(quota) is None
    clock.now += 20
    assert [remaining(quota) for _ in range(3)] == [None, 40, 40]
    clock.now += 39.5
    assert remaining(quota) == 1
    clock.now += 0.5
    assert [remaining(quota) for _ in range(2)] == [None, 20]
    clock.now += 20
    assert [remaining(quota) for _ in range(2)] == [None, 40]


def test_each_project_has_its_own() -> None:
    """What one sends is not taken from the other."""
    quota = Quota(1, clock=Clock())
    assert [remaining(quota, project) for project in ("proj_1", "proj_2", "proj_1", "proj_2")] == [
        None,
        None,
        60,
        60,
    ]


def test_another_window() -> None:
    """It may be longer or shorter than a minute, and a wait is never less than a second."""
    clock = Clock()
    quota = Quota(1, per=0.25, clock=clock)
    assert [remaining(quota) for _ in range(2)] == [None, 1]
    clock.now += 0.25
    assert remaining(quota) is None


async def test_a_refusal_says_when_to_come_back(session: ClientSession) -> None:
    """It is a 429 with `retry-after`, in the documented shape."""
    clock = Clock()
    async with Emulator(library(), rate_limit=Quota(1, per=30, clock=clock)) as emulator:
        talk = Talk(session, emulator.base_url)
        assert await talk.ids(query="") == ["asset_1"]
        clock.now += 9.5
        reply = await talk.send("POST", "search/models", json={"query": ""}, params={"projectId": PROJECT})
        assert (reply.status, reply.headers["retry-after"]) == (429, "21")
        assert reply.body == {
            "reason": "Too many requests: try again in 21 s",
            "name": "TooManyRequestsError",
            "trace_id": reply.headers["x-request-id"],
            "remainingSeconds": 21,
        }
        clock.now += 20.5
        assert await talk.ids(query="") == ["asset_1"]


async def test_strangers_and_pictures_do_not_count(session: ClientSession) -> None:
    """Nor do those who ask for another project, but a search that breaks a rule does."""
    async with Emulator(library(), rate_limit=Quota(2, clock=Clock())) as emulator:
        talk = Talk(session, emulator.base_url)
        assert (await talk.send("POST", "search/assets", json={})).status == 400
        stranger = await talk.send("POST", "search/assets", json={"query": ""}, authorization=None)
        other = await talk.send("POST", "search/assets", json={"query": ""}, params={"projectId": "proj_2"})
        assert (stranger.status, other.status) == (401, 403)
        assert await talk.ids(query="") == ["asset_1"]
        assert (await talk.send("POST", "search/assets", json={"query": ""})).status == 429
        assert (await talk.picture("/assets/unknown")).status == 404


async def test_a_fault_in_front_of_the_service_does_not_count(session: ClientSession) -> None:
    """What never reaches the service takes no place."""
    async with Emulator(library(), rate_limit=Quota(1, clock=Clock()), faults="503 x3") as emulator:
        talk = Talk(session, emulator.base_url)
        replies = [await talk.send("POST", "search/assets", json={"query": ""}) for _ in range(5)]
        assert [reply.status for reply in replies] == [503, 503, 503, 200, 429]


@pytest.mark.parametrize(("rate_limit", "admitted"), [(True, 100), (3, 3), (None, 110), (False, 110)])
async def test_the_limit_of_an_emulator(
    session: ClientSession, rate_limit: int | None, admitted: int
) -> None:
    """True is a hundred a minute, a number so many, and without one there is none."""
    async with Emulator(library(), rate_limit=rate_limit) as emulator:
        talk = Talk(session, emulator.base_url)
        for _ in range(110):
            await talk.send("POST", "search/assets", json={"query": ""})
        statuses = [kept.status for kept in emulator.requests]
    assert statuses == [200] * admitted + [429] * (110 - admitted)


@pytest.mark.parametrize("rate_limit", [0, -5, 2.5, "100"])
def test_another_limit_is_refused(rate_limit: Any) -> None:
    """The message names the parameter, what it may be, and what it is."""
    with pytest.raises(
        ValueError,
        match=rf"rate_limit must be True \(100 a minute\), .*, a Quota or None, not {rate_limit!r}",
    ):
        Emulator(library(), rate_limit=rate_limit)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"requests": 0}, "a quota must let at least 1 request in, not 0"),
        ({"per": 0}, "per must be a number of seconds above 0, not 0"),
        ({"per": float("inf")}, "per must be a number of seconds above 0, not inf"),
    ],
)
def test_a_quota_that_cannot_be(options: dict[str, Any], told: str) -> None:
    """It names what is wrong."""
    with pytest.raises(ValueError, match=told):
        Quota(**options)
