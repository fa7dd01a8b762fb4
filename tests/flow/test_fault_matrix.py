"""Every fault that the emulator knows, met by every use of both clients: what is delivered, or the one error."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest
from emulator.records import asset, model, workflow

from scenario_async import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AssetSearch,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FanOutError,
    FanOutHit,
    InternalServerError,
    ModelSearch,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    Search,
    UnprocessableEntityError,
    WorkflowSearch,
    testing,
)
from scenario_async.emulator import Emulator, Library
from scenario_async.emulator.faults import FAULTS, files
from scenario_async.emulator.faults.script import read_script

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from support.faces import Connect, Face

ASSETS = [f"asset_{number:02}" for number in range(25)]
MODELS = [f"model_{number:02}" for number in range(13)]
WORKFLOWS = ["workflow_00"]
ALL = 'privacy = "private"'
SEARCHES: list[Search[Any]] = [
    AssetSearch(filter=ALL, limit=10),
    ModelSearch(filter=ALL, limit=10),
    WorkflowSearch(filter=ALL, limit=10),
]
WHOLE = [*ASSETS, *MODELS, *WORKFLOWS]
USES = ("page", "hits", "fan_out")

Outcome: TypeAlias = "int | tuple[type[APIError], int] | Short"


@attrs.frozen
class Short:
    """An outcome: the hits end early, without an error, because the service says they do."""

    hits: int
    requests: int
    stopped_because: str = ""


@attrs.frozen
class Row:
    """A script, what comes of each use, and options of the client.

    A fault meets the last request for assets, and the only one of a first page; with `repeat`, it meets all
    requests of all kinds. An outcome is a number of requests after which every hit is there once, or an error and
    the requests that it took.
    """

    script: str
    page: Outcome
    hits: Outcome
    fan_out: Outcome
    options: dict[str, Any] = attrs.field(factory=dict[str, Any])


QUICK: dict[str, Any] = {"timeout": 0.1}
PATIENT: dict[str, Any] = {"timeout": 0.4}
SMALL: dict[str, Any] = {"max_response_bytes": 2**20}
KEEPING: dict[str, Any] = {"invalid_hits": "keep"}
TOKEN: dict[str, Any] = {"api_key": None, "api_secret": None, "bearer_auth": lambda: "token"}

Failed, Silent, Broken, Misshapen = (
    InternalServerError, APITimeoutError, APIConnectionError, APIResponseValidationError,
)  # fmt: skip
Refused, Denied, Unprocessable = BadRequestError, PermissionDeniedError, UnprocessableEntityError
Repeated = Short(10, 3, "repeated_page")

# fmt: off
TABLE = [
    # what goes wrong                        a first page           all hits               a fan-out of three
    Row("ok",                                1,                     3,                     6),
    Row("500",                               2,                     4,                     7),
    Row("500, repeat",                       (Failed, 3),           (Failed, 3),           (Failed, 9)),
    Row("503 retry-after=9 x2",              3,                     5,                     8),
    Row("503 retry-after=9, repeat",         (Failed, 3),           (Failed, 3),           (Failed, 9)),
    Row("429 retry-after=9",                 2,                     4,                     7),
    Row("429, repeat",                       (RateLimitError, 3),   (RateLimitError, 3),   (RateLimitError, 9)),
    Row("408",                               2,                     4,                     7),
    Row("409",                               2,                     4,                     7),
    Row("409, repeat",                       (ConflictError, 3),    (ConflictError, 3),    (ConflictError, 9)),
    Row("400",                               (Refused, 1),          (Refused, 3),          (Refused, 6)),
    Row("400 headers=x-should-retry:true",   2,                     4,                     7),
    Row("503 headers=x-should-retry:false",  (Failed, 1),           (Failed, 3),           (Failed, 6)),
    Row("401",                               (AuthenticationError, 1), (AuthenticationError, 3),
                                                                                           (AuthenticationError, 6)),
    Row("401",                               2,                     4,                     7,  TOKEN),
    Row("404",                               (NotFoundError, 1),    (NotFoundError, 3),    (NotFoundError, 6)),
    Row("422",                               (Unprocessable, 1),    (Unprocessable, 3),    (Unprocessable, 6)),
    Row("418, repeat",                       (APIStatusError, 1),   (APIStatusError, 1),   (APIStatusError, 3)),
    Row("204",                               (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("status code=502",                   2,                     4,                     7),
    Row("hang seconds=0.01, repeat",         1,                     3,                     6),
    Row("hang",                              2,                     4,                     7,  PATIENT),
    Row("hang, repeat",                      (Silent, 3),           (Silent, 3),           (Silent, 9),  QUICK),
    Row("drop",                              2,                     4,                     7),
    Row("drop x2",                           3,                     5,                     8),
    Row("drop, repeat",                      (Broken, 3),           (Broken, 3),           (Broken, 9)),
    Row("half",                              2,                     4,                     7),
    Row("half share=0, repeat",              (Broken, 3),           (Broken, 3),           (Broken, 9)),
    Row("half share=0.9, repeat",            (Broken, 3),           (Broken, 3),           (Broken, 9)),
    Row("truncated",                         (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("truncated share=0, repeat",         (Misshapen, 1),        (Misshapen, 1),        (Misshapen, 3)),
    Row("drip pause=0.001 size=64, repeat",  1,                     3,                     6),
    Row("drip pause=60 size=1",              2,                     4,                     7,  PATIENT),
    Row("drip pause=60 size=1, repeat",      (Silent, 3),           (Silent, 3),           (Silent, 9),  QUICK),
    Row("html",                              (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("html code=502",                     2,                     4,                     7),
    Row("html code=403, repeat",             (Denied, 1),           (Denied, 1),           (Denied, 3)),
    Row("not-json",                          (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("not-json body=[]",                  (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("error-body",                        (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("gzip-bomb mebibytes=2",             (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6),  SMALL),
    Row("redirect",                          (APIStatusError, 1),   (APIStatusError, 3),   (APIStatusError, 6)),
    Row("redirect code=307, repeat",         (APIStatusError, 1),   (APIStatusError, 1),   (APIStatusError, 3)),
    Row("expired-token",                     (Denied, 1),           (Denied, 3),           (Denied, 6)),
    Row("expired-token",                     2,                     4,                     7,  TOKEN),
    Row("expired-token, repeat",             (Denied, 2),           (Denied, 2),           (Denied, 6),  TOKEN),
    Row("plan-limit",                        (PlanLimitError, 1),   (PlanLimitError, 3),   (PlanLimitError, 6)),
    Row("plan-limit, repeat",                (PlanLimitError, 1),   (PlanLimitError, 1),   (PlanLimitError, 3)),
    # hits that come in front of the others while they are read cost none, and none comes twice
    Row("shift",                             1,                     3,                     6),
    Row("shift by=3, repeat",                1,                     4,                     7),
    Row("shift by=6, repeat",                1,                     5,                     8),
    # a page of them between any two pages: nothing new will ever come
    Row("shift by=10, repeat",               1,          Short(10, 6, "repeated_page"),    Short(21, 13)),
    # a page that is told in the place of another ends the hits, and `stopped_because` says so
    Row("repeated-page",                     1,          Short(20, 4, "empty_page"),       Short(34, 7)),
    Row("repeated-page, repeat",             1,          Repeated,                         Short(21, 7)),
    # totals are hints
    Row("total says=high, repeat",           1,                     3,                     6),
    Row("total says=low, repeat",            1,                     3,                     6),
    Row("total says=zero, repeat",           1,                     3,                     6),
    Row("missing-field",                     (Misshapen, 1),        (Misshapen, 3),        (Misshapen, 6)),
    Row("missing-field field=ownerId hit=2, repeat",
                                             (Misshapen, 1),        (Misshapen, 1),        (Misshapen, 3)),
    Row("missing-field field=no.such, repeat", 1,                   3,                     6),
    Row("unknown-fields, repeat",            1,                     3,                     6),
]
# fmt: on

instant_retries = testing.instant_retries


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Run an emulator for this file; each test says anew what its searches meet."""
    library = Library(list(map(asset, ASSETS)), list(map(model, MODELS)), list(map(workflow, WORKFLOWS)))
    emulator = Emulator(library, bearer_tokens=["token"])
    with emulator.running():
        yield emulator


def cases() -> list[Any]:
    """Give every row with each of its uses."""
    return [
        pytest.param(row, use, id=f"{use}: {' '.join([row.script, *row.options])}")
        for row in TABLE
        for use in USES
    ]


def test_no_fault_is_forgotten() -> None:
    """A fault that the emulator learns needs its row here; those of files meet downloads alone."""
    met = {entry.fault.name for row in TABLE for entry in read_script(row.script).entries}
    of_files = {name for name, fault in FAULTS.items() if fault.__module__ == files.__name__}
    assert met == set(FAULTS) - of_files


@pytest.mark.usefixtures("instant_retries")
@pytest.mark.parametrize(("row", "use"), cases())
def test_each_use_meets_each_fault(emulator: Emulator, connect: Connect, row: Row, use: str) -> None:
    """All hits come once, after so many requests, or one error of one class ends the search."""
    script = row.script
    if "repeat" not in script.split(", "):
        script += " kind=assets"
        script = script if use == "page" else f"ok x2 kind=assets, {script}"
    emulator.faults.clear()
    emulator.faults.add(script)
    emulator.requests.clear()
    outcome: Outcome = getattr(row, use)
    run = {"page": first_page, "hits": all_hits, "fan_out": fan_out}[use]
    run(connect(emulator.base_url, **row.options), outcome)
    expected = outcome.requests if isinstance(outcome, Short) else outcome
    assert len(emulator.requests) == (expected[1] if isinstance(expected, tuple) else expected)
    assert emulator.faults.pending == 0


def first_page(face: Face, outcome: Outcome) -> None:
    """Fetch the first page."""
    if isinstance(outcome, tuple):
        error = failure_of(lambda: face.page(SEARCHES[0]))
        assert_fits(error, outcome[0])
        assert error.attempts == outcome[1]
    else:
        page = face.page(SEARCHES[0])
        assert [hit.id for hit in page.hits] == ASSETS[:10]
        assert page.response.attempts == outcome


def all_hits(face: Face, outcome: Outcome) -> None:
    """Iterate the hits of all pages."""
    if isinstance(outcome, tuple):
        assert_fits(failure_of(lambda: face.hits(SEARCHES[0])), outcome[0])
        return
    found = face.hits(SEARCHES[0])
    if isinstance(outcome, Short):
        assert (found.ids, found.stopped_because) == (ASSETS[: outcome.hits], outcome.stopped_because)
    else:
        assert (found.ids, found.stopped_because) == (ASSETS, "exhausted")


def fan_out(face: Face, outcome: Outcome) -> None:
    """Run three searches at once; one that fails leaves the others alone."""
    found = face.fan_out(SEARCHES, on_error="yield")
    ids = Counter(each.hit.id for each in found if isinstance(each, FanOutHit))
    errors = {each.index: each.error for each in found if isinstance(each, FanOutError)}
    assert set(ids.values()) <= {1}
    if isinstance(outcome, Short):
        assert (len(ids), errors) == (outcome.hits, {})
    elif isinstance(outcome, int):
        assert (sorted(ids), errors) == (WHOLE, {})
    else:
        assert len([each for each in found if isinstance(each, FanOutError)]) == len(errors)
        for error in errors.values():
            assert_fits(error, outcome[0])
        if ids:  # of the assets, what came before the error
            assert (sorted(ids), list(errors)) == ([*ASSETS[:20], *MODELS, *WORKFLOWS], [0])
        else:
            assert sorted(errors) == [0, 1, 2]


def failure_of(call: Callable[[], object]) -> APIError:
    """Give the error that a call ends with."""
    with pytest.raises(APIError) as caught:
        call()
    return caught.value


def assert_fits(error: object, expected: type[APIError]) -> None:
    """Check that an error is of this very class, and tells where it comes from and what it took."""
    assert type(error) is expected
    assert isinstance(error, APIError)
    assert error.method == "POST"
    assert "/v1/search/" in error.url
    assert error.elapsed > 0
    assert error.attempts >= 1
    assert len(error.attempt_seconds) == error.attempts
