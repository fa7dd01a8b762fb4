"""Scans against the emulator and against servers that do wrong, on both clients."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset, workflow
from support.servers import Answer, answers

from scenario_async import (
    APIError,
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    InvalidSearchError,
    ModelSearch,
    PermissionDeniedError,
    PlanLimitError,
    RateLimit,
    ScanIncompleteError,
    Scenario,
    SearchWindowWarning,
    WorkflowSearch,
)
from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.attributes import SCHEMAS
from scenario_async.emulator.engine import search
from scenario_async.emulator.parameters import read_search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.faces import Connect
    from support.servers import Arrived, Serve

ALL = AssetSearch(filter="width >= 0 OR NOT width >= 0")
KNIGHTS = AssetSearch(query="knight", filter='kind = "image" OR kind = "video"', public=True)


@pytest.fixture(scope="module")
def library() -> Library:
    """Give a sample of some size."""
    return Library.sample(5, size=4000)


@pytest.fixture(scope="module")
def emulator(library: Library) -> Iterator[Emulator]:
    """Give an emulator of it that shows 150 hits of a search."""
    served = Emulator(library, max_total_hits=150)
    with served.running():
        yield served


def expected(library: Library, wanted: AssetSearch) -> set[str]:
    """Give the ids that a search finds."""
    body = {"query": wanted.query, "filter": wanted.filter, "public": bool(wanted.public)}
    body = {name: value for name, value in body.items() if value is not None}
    found: set[str] = set()
    for offset in range(0, 10_000, 100):
        asked = read_search({**body, "offset": offset, "limit": 100}, SCHEMAS["assets"])
        page = search(library, "assets", asked, max_total_hits=100_000)
        found |= {record["id"] for record in page.records}
    return found


@pytest.mark.parametrize("prefetch", [0, 1])
@pytest.mark.parametrize("by", ["created_at", "updated_at"])
@pytest.mark.parametrize("wanted", [ALL, KNIGHTS], ids=["filter", "words"])
def test_every_hit_comes_once(
    *, connect: Connect, emulator: Emulator, library: Library, wanted: AssetSearch, by: str, prefetch: int
) -> None:
    """Past the window, in the order of the attribute where the service does not rank; the report tells how."""
    ids = expected(library, wanted)
    assert len(ids) > 150
    found = connect(emulator.base_url).scan(wanted, by=by, prefetch=prefetch)
    assert len(found.ids) == len(ids)
    assert {*found.ids} == ids
    assert found.stopped_because == "exhausted"
    report = found.report
    assert (report.hits, report.complete, report.reason) == (len(ids), True, "")
    assert report.window_size == 150
    assert report.requests >= report.windows > 1
    assert found.duplicates > 0
    if wanted is ALL:
        values = [getattr(hit, by) for hit in found.items]
        assert values == sorted(values)
        assert report.requests <= 1.03 * len(ids) / 100 + 5


def test_small_searches_cost_two_requests(connect: Connect, emulator: Emulator) -> None:
    """One for the hits, one for the window, which proves that they are all; nothing found costs one."""
    face = connect(emulator.base_url)
    few = face.scan(AssetSearch(filter='kind = "3d" AND createdAt < "2025-06-01"'))
    none = face.scan(AssetSearch(filter="width < 0"))
    assert 0 < len(few.ids) < 100
    assert [few.report.requests, none.report.requests] == [2, 1]
    assert [few.report.complete, none.report.complete, none.ids] == [True, True, []]


@pytest.mark.parametrize("after", [0, 1, 99, 100, 250, 1001])
@pytest.mark.parametrize("wanted", [ALL, KNIGHTS], ids=["filter", "words"])
def test_a_scan_goes_on_from_its_token(
    connect: Connect, emulator: Emulator, library: Library, wanted: AssetSearch, after: int
) -> None:
    """After any hit; nothing is lost, and nothing comes twice."""
    ids = expected(library, wanted)
    face = connect(emulator.base_url)
    after = min(after, len(ids) - 1)
    first = face.scan(wanted, most=after) if after else face.scan(wanted, most=1)
    if not after:
        return
    rest = face.scan(wanted, first.resume_token)
    assert len(first.ids) == after
    assert len(rest.ids) == len(ids) - after
    assert {*first.ids, *rest.ids} == ids
    assert rest.report.complete


def test_a_scan_that_is_resumed_again_and_again_keeps_its_token_short(
    connect: Connect, emulator: Emulator, library: Library
) -> None:
    """What cannot come again is not in it."""
    face = connect(emulator.base_url)
    found: list[str] = []
    token, longest = None, 0
    while True:
        part = face.scan(ALL, token, most=150)
        found += part.ids
        if part.report.complete or not part.ids:
            break
        token = part.resume_token
        longest = max(longest, len(token))
    assert sorted(found) == sorted(expected(library, ALL))
    assert longest < 6000


def test_other_kinds_are_scanned_as_well(connect: Connect, emulator: Emulator, library: Library) -> None:
    """Models and workflows have the attribute too."""
    face = connect(emulator.base_url)
    models = face.scan(ModelSearch(filter="trainingImagesNumber >= 0 OR NOT trainingImagesNumber >= 0"))
    flows = face.scan(WorkflowSearch(query=""))
    assert len(models.ids) > 0
    assert len(flows.ids) > 0
    assert models.report.complete
    assert flows.report.complete


@pytest.mark.parametrize(
    ("wanted", "options", "message"),
    [
        (AssetSearch(query="q", sort_by="width:asc"), {}, "sort_by"),
        (AssetSearch(query="q", limit=5), {}, "limit is 5"),
        (AssetSearch(query="q", offset=5), {}, "offset is 5"),
        (AssetSearch(query="q", page=5), {}, "page is 5"),
        (AssetSearch(query="q", hits_per_page=5), {}, "hits_per_page is 5"),
        (AssetSearch(query="q", extra_body={"sortBy": []}), {}, "'sortBy' would replace"),
        (AssetSearch(query="q"), {"by": "width"}, "by is 'width'.*created_at"),
        (AssetSearch(query="q"), {"prefetch": -1}, "prefetch is -1"),
    ],
    ids=lambda value: "" if isinstance(value, AssetSearch | dict) else value[:12],
)
def test_what_a_scan_sets_itself_is_refused(
    connect: Connect, serve: Serve, wanted: AssetSearch, options: dict[str, Any], message: str
) -> None:
    """Before any request, by its name."""
    server = serve(answers({"hits": []}))
    with pytest.raises(InvalidSearchError, match=message):
        connect(server.base_url).scan(wanted, **options)
    assert not server.requests


def test_tokens_belong_to_their_search(connect: Connect, emulator: Emulator) -> None:
    """The token of another search is refused, and so is a damaged one; that of an iteration gives an iteration."""
    face = connect(emulator.base_url)
    token = face.scan(ALL, most=5).resume_token
    with pytest.raises(InvalidSearchError, match="other parameters"):
        face.scan(KNIGHTS, token)
    with pytest.raises(InvalidSearchError, match="damaged"):
        face.scan(ALL, token[: len(token) // 2])
    plain = face.hits(ALL, max_hits=5).resume_token
    assert len(face.hits(ALL, plain, max_hits=10).ids) == 10


@pytest.mark.parametrize(
    "place", [7, {}, {"by": "width", "at": None, "dates": False}, {"by": "created_at", "at": 3, "dates": False},
              {"by": "created_at", "at": {"bound": 7}, "dates": False}, {"by": "created_at", "at": {"x": 7}, "dates": False}],
)  # fmt: skip
def test_places_that_cannot_be_are_refused(connect: Connect, emulator: Emulator, place: Any) -> None:
    """Whatever somebody wrote into the token."""
    from scenario_async._paging.token import make_scan_token  # noqa: PLC0415 - only this test makes one

    with pytest.raises(InvalidSearchError, match="damaged"):
        connect(emulator.base_url).scan(ALL, make_scan_token(ALL, place, ()))


def test_a_429_is_waited_out_however_often_it_comes(connect: Connect, library: Library) -> None:
    """Beyond `max_retries`; a plan limit is not."""
    with Emulator(library, max_total_hits=150).running() as base_url:
        quiet = connect(base_url).scan(ALL)
    served = Emulator(
        library, max_total_hits=150, faults="429 retry-after=0.02 x4, ok, 429 retry-after=0.02 x3"
    )
    with served.running() as base_url:
        found = connect(base_url, max_retries=0).scan(ALL)
        assert {*found.ids} == {*quiet.ids}
        assert found.report.requests == quiet.report.requests + 7
        served.faults.add("plan-limit")
        with pytest.raises(PlanLimitError):
            connect(base_url).scan(ALL)


def alike(count: int) -> list[dict[str, Any]]:
    """Give hits of one instant that nothing parts, and a few that came later."""
    later = [asset(f"asset_{name}", createdAt="2026-01-01T00:00:00.000Z") for name in "abc"]
    return [asset(f"asset_{number:03}") for number in range(count)] + later


@pytest.mark.parametrize(
    "wanted", [AssetSearch(filter='kind = "image"'), AssetSearch(query="knight")], ids=["filter", "words"]
)
def test_an_instant_with_more_alike_than_the_window_is_an_error(
    connect: Connect, wanted: AssetSearch
) -> None:
    """It says so, and how many; with fewer of them, the scan is complete."""
    with Emulator(Library(alike(140)), max_total_hits=150).running() as base_url:
        assert len(connect(base_url).scan(wanted).ids) == 143
    with (
        Emulator(Library(alike(160)), max_total_hits=150).running() as base_url,
        pytest.raises(
            ScanIncompleteError, match=r"150 or more hits have '2025-01-16T11:19:41.579Z' as their createdAt"
        ) as caught,
    ):
        connect(base_url).scan(wanted)
    assert caught.value.report is not None
    assert caught.value.report.hits >= 150


def test_an_instant_is_parted_by_what_its_hits_are(connect: Connect) -> None:
    """Kind, model and author, in this order."""
    hits = [
        asset(
            f"asset_{n:03}",
            authorId=f"user_{n % 5}",
            metadata={"kind": ["image", "video"][n % 2], "modelId": f"m{n % 3}"},
        )
        for n in range(800)
    ]
    with Emulator(Library(hits), max_total_hits=150).running() as base_url:
        found = connect(base_url).scan(AssetSearch(filter="tags = knight"))
    assert sorted(found.ids) == [hit["id"] for hit in hits]
    assert found.report.complete


@pytest.mark.parametrize("wanted", [ALL, KNIGHTS], ids=["filter", "words"])
def test_a_window_smaller_than_a_page(connect: Connect, library: Library, wanted: AssetSearch) -> None:
    """Then each page ends at it, and no short page is the end."""
    with Emulator(library, max_total_hits=30).running() as base_url:
        found = connect(base_url).scan(wanted)
    assert {*found.ids} == expected(library, wanted)
    assert found.report.window_size == 30


def test_a_search_that_the_service_does_not_sort_is_an_error(connect: Connect, serve: Serve) -> None:
    """What the page shows is delivered first; the error tells what was read."""
    hits = [
        asset(f"asset_{n:03}", createdAt=f"2025-01-{n * 7 % 28 + 1:02}T00:00:00.000Z") for n in range(150)
    ]

    def script(request: Arrived) -> Any:
        offset, limit = request.body["offset"], request.body["limit"]
        return {
            "hits": hits[offset : offset + limit],
            "offset": offset,
            "limit": limit,
            "estimatedTotalHits": 9,
        }

    server = serve(script)
    with pytest.raises(
        ScanIncompleteError, match=r"does not sort by createdAt.*100 hits were read in 1 request; go on with"
    ) as caught:
        connect(server.base_url).scan(ALL)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert again.report == caught.value.report
    assert again.report.hits == 100
    assert not again.report.complete
    assert "does not sort" in again.report.reason
    assert again.resume_token == caught.value.resume_token != ""


def test_an_attribute_that_cannot_be_sorted_by(connect: Connect, serve: Serve) -> None:
    """The service's own refusal, and what it means here."""
    server = serve(answers(Answer({"message": "Invalid sort field"}, status=400)))
    with pytest.raises(
        BadRequestError, match=r"Invalid sort field.*by 'created_at' filters and sorts by createdAt"
    ):
        connect(server.base_url).scan(WorkflowSearch(query=""))


def test_an_error_on_the_way_says_how_to_go_on(connect: Connect, serve: Serve) -> None:
    """And the iterator's token goes on."""
    server = serve(answers({"hits": [workflow()], "offset": 0, "limit": 1}, Answer({}, status=403)))
    with pytest.raises(PermissionDeniedError, match=r"resume it with the `resume_token`"):
        connect(server.base_url).scan(WorkflowSearch(query=""))


def test_a_deadline_bounds_each_page(connect: Connect, serve: Serve) -> None:
    """Also while a 429 is waited out."""
    server = serve(answers(Answer({}, status=429, headers={"retry-after": "60"})))
    with pytest.raises(APIError, match="deadline") as caught:
        connect(server.base_url, deadline=0.5).scan(ALL)
    assert getattr(caught.value, "retry_after", None) == pytest.approx(60, abs=5)


@pytest.mark.parametrize(
    ("size", "window", "wanted", "stopped"),
    [
        (1200, 1000, AssetSearch(query=""), "window"),
        (1200, 1000, AssetSearch(query="", limit=30), "window"),
        (1200, 1000, AssetSearch(query="", hits_per_page=50), "window"),
        (300, 1000, AssetSearch(query="", limit=20), "empty_page"),
        (250, 1000, AssetSearch(query=""), "exhausted"),
        (250, 1000, AssetSearch(query="", offset=1000), "empty_page"),
    ],
)
@pytest.mark.parametrize("prefetch", [0, 3])
def test_the_end_at_a_window_has_its_name(
    *,
    connect: Connect,
    serve: Serve,
    size: int,
    window: int,
    wanted: AssetSearch,
    stopped: str,
    prefetch: int,
) -> None:
    """A plain iteration that ends where engines stop to show hits says so, and warns; another end does not."""
    hits = [asset(f"asset_{number:05}") for number in range(size)]

    def script(request: Arrived) -> Any:
        body = request.body
        limit = body.get("limit") or body.get("hitsPerPage") or 20
        offset = (body["page"] - 1) * limit if "page" in body else body.get("offset", 0)
        place = (
            {"page": body["page"], "hitsPerPage": limit}
            if "page" in body
            else {"offset": min(offset, window), "limit": limit}
        )
        return {"hits": hits[:window][offset : offset + limit], **place}

    face = connect(serve(script).base_url)
    if stopped == "window":
        with pytest.warns(SearchWindowWarning, match=r"client\.search\.scan") as caught:
            found = face.hits(wanted, prefetch=prefetch)
        assert len(caught) == 1
    else:
        found = face.hits(wanted, prefetch=prefetch)
    assert found.stopped_because == stopped
    assert len(found.ids) == len({*found.ids}) == (0 if wanted.offset else min(size, window))


def test_an_estimate_tells_what_reading_costs(connect: Connect, library: Library) -> None:
    """One request of one hit for each search; the quota tells how long it takes."""
    served = Emulator(library)
    with served.running() as base_url:
        face = connect(base_url)
        few = AssetSearch(filter='kind = "3d" AND createdAt < "2025-06-01"')
        one = face.estimate(few)
        assert one.hits == len(face.hits(few).ids)
        assert (one.requests, one.at_least) == (one.hits // 100 + 1, False)
        assert one.seconds == pytest.approx(one.requests * 0.6)
        before = len(served.requests)
        several = face.derived(rate_limit=RateLimit(10, 1)).estimate(iter([few, ALL] + [few] * 9))
        assert len(served.requests) - before == 11
        assert [each.body["limit"] for each in [*served.requests][before:]] == [1] * 11
        assert (several.hits, several.at_least) == (one.hits * 10 + 1000, True)
        assert several.seconds == pytest.approx(several.requests / 10)
        assert face.estimate(AssetSearch(query="", hits_per_page=20, page=3)).requests == 49
        assert face.estimate([]).requests == 0


def test_a_scan_that_is_left_early_ends(emulator: Emulator) -> None:
    """Nothing of it is left under way, and it can be closed again."""

    async def read() -> set[Any]:
        async with AsyncScenario(
            api_key="emulator", api_secret="emulator", base_url=emulator.base_url
        ) as client:
            scan = client.search.scan(ALL, prefetch=1)
            assert "AsyncScan of AssetSearch" in repr(scan)
            async for _ in scan:
                break
            await scan.aclose()
            await scan.aclose()
            assert [hit async for hit in scan] == []
            assert scan.stopped_because is None
            return asyncio.all_tasks() - {asyncio.current_task()}

    assert not {task for task in asyncio.run(read()) if "_read" in repr(task)}


def test_a_blocking_scan_is_closed_by_with(emulator: Emulator) -> None:
    """And gives nothing any more."""
    with Scenario(api_key="emulator", api_secret="emulator", base_url=emulator.base_url) as client:
        with client.search.scan(ALL, prefetch=1) as scan:
            first = next(scan)
        assert list(scan) == []
        assert first.created_at <= "2025"
        assert (scan.stopped_because, scan.report.complete) == (None, False)
