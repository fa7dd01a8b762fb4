"""Replies, without a network: errors from statuses, waits that the service asks for, and pages."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from multidict import CIMultiDict
from support.reading import answered, page_of, replied

from scenario_async import (
    APIResponseValidationError,
    APIStatusError,
    AssetHit,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    ModelSearch,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    Search,
    UnprocessableEntityError,
    WorkflowSearch,
)
from scenario_async._http.reply import request_id, retry_after, status_error
from scenario_async._paging.page import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable

NEW_YEAR = 1767225600.0  # 2026-01-01T00:00:00Z


def misshapen(content: object, **headers: Any) -> APIResponseValidationError:
    """Give the error that a reply with this content raises."""
    with pytest.raises(APIResponseValidationError) as caught:
        page_of(replied(content, **headers))
    return caught.value


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (300, APIStatusError),
        (301, APIStatusError),
        (304, APIStatusError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIStatusError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, APIStatusError),
        (409, ConflictError),
        (410, APIStatusError),
        (413, APIStatusError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (499, APIStatusError),
        (500, InternalServerError),
        (502, InternalServerError),
        (503, InternalServerError),
        (599, InternalServerError),
        (600, InternalServerError),
        (999, InternalServerError),
    ],
)
def test_status_decides_the_class(status: int, cls: type[APIStatusError]) -> None:
    """Whatever the body, a status has its class and is told."""
    for content in (b"", b"{}", b"[]", b"null", b"oops", b"\xff\xfe", b"<html>oops</html>"):
        error = status_error(answered(content, status))
        assert type(error) is cls
        assert error.status_code == status
        assert str(status) in str(error)
        assert "<" not in str(error)
        assert error.details == {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"reason": "No such plan", "trace_id": "t"}, "No such plan"),
        ({"message": "Invalid sort field"}, "Invalid sort field"),
        ({"error": "Search quota exceeded", "code": "QUOTA_EXCEEDED"}, "Search quota exceeded"),
        (
            {"status": 400, "code": "bad", "message": '"modelId" must be a string'},
            '"modelId" must be a string',
        ),
        ({"statusCode": 404, "error": "Not Found", "message": "Job x not found"}, "Job x not found"),
        ({"error": "Not Found", "detail": "more"}, "Not Found"),
        ({"detail": "only this"}, "only this"),
        ({"reason": "first", "message": "second", "error": "third", "detail": "fourth"}, "first"),
        ({"reason": "", "message": None, "error": "third"}, "third"),
        ({"error": {"message": "nested"}}, "nested"),
        ({"error": {"code": 5}, "detail": "beside"}, "beside"),
        ("plain text", "plain text"),
    ],
)
def test_every_documented_shape_is_told(body: object, told: str) -> None:
    """The service's own words stand in the message, and the body in `body`."""
    error = status_error(answered(body, 404))
    assert told in error.message
    assert error.body == body


@pytest.mark.parametrize(
    ("body", "plan"),
    [
        ({"name": "PlanLimitReachedError"}, True),
        ({"reason": "PlanLimitReachedError"}, True),
        ({"code": "QUOTA_EXCEEDED", "error": "no more"}, True),
        ({"details": {"actionLimit": 0}}, True),
        ({"details": {"actionLimit": 5}}, True),
        ({"message": "slow down"}, False),
        ({"name": "TooManyRequests"}, False),
        ({"code": "RATE_LIMITED"}, False),
        ({"details": {"remainingSeconds": 3}}, False),
        ({"details": ["actionLimit"]}, False),
        ({"remainingSeconds": 3}, False),
        ("QUOTA_EXCEEDED", False),
        ([], False),
    ],
)
def test_plan_limits_are_told_from_haste(body: object, plan: bool) -> None:  # noqa: FBT001
    """A used-up quota is a `PlanLimitError`, any other 429 a `RateLimitError`."""
    assert type(status_error(answered(body, 429))) is (PlanLimitError if plan else RateLimitError)


def test_plan_limits_are_429_only() -> None:
    """The same body under another status is that status."""
    assert type(status_error(answered({"name": "PlanLimitReachedError"}, 403))) is PermissionDeniedError


def test_error_carries_what_the_headers_tell() -> None:
    """Request id, headers (whatever their case) and the wait asked for are attributes."""
    error = status_error(answered({}, 429, X_Request_Id="req_1", Retry_After="7"))
    assert error.request_id == "req_1"
    assert error.headers["x-REQUEST-id"] == "req_1"
    assert error.retry_after == 7
    assert "req_1" in str(error)


def test_request_id_headers() -> None:
    """Each header that may carry the request's name is read, whatever its case; what is no name is cut."""
    for name in ("x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid"):
        assert request_id(CIMultiDict({name.title(): "req_2"})) == "req_2"
    assert request_id(CIMultiDict({"x-other": "req_2"})) is None
    assert request_id(CIMultiDict({"x-request-id": "a" * 8000})) == "a" * 500 + "…"


@pytest.mark.parametrize(
    "location",
    [
        "https://login.example.com/in?token=s3cr3t",
        "HTTPS://login.example.com/in?token=s3cr3t",
        "/v1/search?Signature=s3cr3t",
        "//cdn.example.com/x?Policy=s3cr3t",
        "https://user:s3cr3t@example.com/",
    ],
)
def test_redirects_are_refused_without_secrets(location: str) -> None:
    """A redirect is an error that tells where to, but no query string and no credentials."""
    error = status_error(answered("", 308, location=location))
    assert type(error) is APIStatusError
    assert "redirect" in str(error)
    assert "s3cr3t" not in str(error)


# --- waits ----------------------------------------------------------------------------------------------


RETRY_AFTER = {
    "3": 3.0,
    " 3 ": 3.0,
    "0.5": 0.5,
    "0": 0.0,
    "1e309": None,
    "1e3": None,
    "-1": None,
    "+1": None,
    "nan": None,
    "inf": None,
    "1_000": None,
    "0x10": None,
    "٣": None,
    "": None,
    "3, 5": None,
    "9" * 400: None,
    "604800": 604800.0,
    "604801": None,
    "Thu, 01 Jan 2026 00:00:10 GMT": 10.0,
    "Thursday, 01-Jan-26 00:00:10 GMT": 10.0,
    "Thu Jan  1 00:00:10 2026": 10.0,
    "Thu, 01 Jan 1970 00:00:00 GMT": 0.0,
    "Fri, 31 Dec 9999 23:59:59 GMT": None,
    "Fri, 31 Dec 99999 23:59:59 GMT": None,
    "Thu, 01 Jan 2026 00:00:10 +9999": None,
    "Thu, 01 Jan 2026 00:00:10 " + "(" * 5000: 10.0,
    "0 Jan 0 0:0:0": None,
}


@pytest.mark.parametrize(("text", "wait"), RETRY_AFTER.items())
def test_waits_that_no_one_should_wait(text: str, wait: float | None) -> None:
    """A wait is a plain number of seconds or a date, of a week at most; all else is as if nothing was said."""
    assert retry_after(CIMultiDict({"retry-after": text}), now=NEW_YEAR) == wait


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ([("retry-after", "2"), ("retry-after", "9")], 2.0),
        ([("retry-after", "2"), ("Retry-After-Ms", "250")], 0.25),
        ([("retry-after", "2"), ("retry-after-ms", "nan")], 2.0),
        ([("retry-after", "2"), ("retry-after-ms", "-1")], 2.0),
        ([("retry-after-ms", "1_0")], None),
        ([], None),
    ],
)
def test_waits_told_twice(headers: list[tuple[str, str]], wait: float | None) -> None:
    """The first of two counts, and milliseconds before seconds where they make sense."""
    assert retry_after(CIMultiDict(headers)) == wait


@pytest.mark.parametrize(
    ("until", "date", "wait"),
    [
        ("Thu, 01 Jan 2026 00:10:01 GMT", "Thu, 01 Jan 2026 00:10:00 GMT", 1.0),
        ("Wed, 31 Dec 2025 23:50:01 GMT", "Wed, 31 Dec 2025 23:50:00 GMT", 1.0),
        ("Wed, 31 Dec 2025 23:50:00 GMT", "Wed, 31 Dec 2025 23:50:01 GMT", 0.0),
        ("Thu, 08 Jan 2026 00:10:01 GMT", "Thu, 01 Jan 2026 00:10:00 GMT", None),
        ("Thu, 01 Jan 2026 00:00:10 GMT", "soon", 10.0),
        ("Thu, 01 Jan 2026 00:00:10 GMT", "", 10.0),
        ("Thu, 01 Jan 2026 00:00:10 GMT", None, 10.0),
        ("7", "Thu, 01 Jan 2026 00:10:00 GMT", 7.0),
        ("soon", "Thu, 01 Jan 2026 00:10:00 GMT", None),
    ],
)
def test_a_date_to_wait_for_is_counted_from_the_date_of_the_reply(
    until: str, date: str | None, wait: float | None
) -> None:
    """This machine's clock counts where the reply has no date that can be read; ten minutes off, it changes nothing."""
    headers = {"Retry-After": until} | ({} if date is None else {"Date": date})
    assert retry_after(CIMultiDict(headers), now=NEW_YEAR) == wait


def test_an_error_waits_by_the_clock_of_the_service() -> None:
    """The error of a reply that was made in the past, or in the future, says how long to wait all the same."""
    for hour in ("Thu, 01 Jan 1998 10:00", "Fri, 01 Jan 2100 10:00"):
        error = status_error(answered({}, 503, Date=f"{hour}:00 GMT", Retry_After=f"{hour}:02 GMT"))
        assert error.retry_after == 2


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs time.tzset")
@pytest.mark.parametrize("text", ["Sun Mar  1 12:01:30 2026", "Sunday, 01-Mar-26 12:01:30 GMT"])
def test_retry_after_as_an_old_date_is_gmt(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The two obsolete forms of HTTP dates mean GMT too, wherever the program runs."""
    now = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        wait = retry_after({"retry-after": text}, now)
    time.tzset()
    assert wait == pytest.approx(90)


# --- pages ----------------------------------------------------------------------------------------------


def test_offset_page(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """A page in offset mode has its hits, numbers and response."""
    content = {
        "hits": [raw_hit("asset"), raw_hit("asset", id="asset_2", score=0.5)],
        "limit": 20, "offset": 40, "estimatedTotalHits": 1000, "processingTimeMs": 3,
    }  # fmt: skip
    page = page_of(replied(content, X_Request_Id="req_1"))
    assert [hit.id for hit in page.hits] == ["asset_1", "asset_2"]
    assert isinstance(page.hits[0], AssetHit)
    assert (page.limit, page.offset, page.estimated_total_hits) == (20, 40, 1000)
    assert (page.page, page.hits_per_page, page.total_hits, page.total_pages) == (None,) * 4
    assert (page.response.status, page.response.request_id) == (200, "req_1")
    assert page.response.headers["x-request-id"] == "req_1"
    assert list(page.invalid_hits) == []


def test_numbered_page(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """A page in page mode has the other numbers; whole floats count as whole numbers."""
    content = {
        "hits": [raw_hit("workflow")],
        "page": 2,
        "hitsPerPage": 10.0,
        "totalHits": 11,
        "totalPages": 2,
    }
    page = page_of(replied(content), WorkflowSearch(query="x"))
    assert (page.page, page.hits_per_page, page.total_hits, page.total_pages) == (2, 10, 11, 2)
    assert (page.limit, page.offset, page.estimated_total_hits) == (None,) * 3


@pytest.mark.parametrize("kind", ["model", "workflow"])
def test_a_page_may_be_empty_and_bare(kind: str) -> None:
    """No hits and no numbers are no error."""
    search: Search[Any] = ModelSearch(query="x") if kind == "model" else WorkflowSearch(query="x")
    page = page_of(replied({"hits": [], "limit": None}), search)
    assert list(page.hits) == []
    assert page.limit is None


MISSHAPEN: list[tuple[object, str]] = [
    (b"", "JSON"),
    (b"{", "JSON"),
    (b"<html>gateway</html>", "JSON"),
    (b'{"hits": [NaN]}', "JSON"),
    (b'{"hits": ["\xff"]}', "JSON"),
    (b"[" * 100_000, "JSON"),
    ([], "$"),
    (None, "$"),
    ("text", "$"),
    ({}, "$.hits"),
    ({"hits": None}, "$.hits"),
    ({"hits": {}}, "$.hits"),
    ({"hits": [None]}, "$.hits[0]"),
    ({"hits": [[]]}, "$.hits[0]"),
    ({"message": "you may not"}, "you may not"),
    ({"error": {"message": "you may not"}}, "you may not"),
    ({"hits": None, "reason": "you may not"}, "you may not"),
]


@pytest.mark.parametrize(("content", "told"), MISSHAPEN)
def test_misshapen_replies(content: object, told: str) -> None:
    """A 200 that is no page is told with the place that does not fit, or with the service's words."""
    raw = json.dumps(content) if isinstance(content, str) else content
    error = misshapen(raw, X_Request_Id="req_1")
    assert told in str(error)
    assert error.request_id == "req_1"
    hits = cast("dict[str, Any]", content).get("hits") if isinstance(content, dict) else None
    if hits:
        assert page_of(replied(raw), invalid_hits="keep").invalid_hits == hits
        return
    with pytest.raises(APIResponseValidationError) as caught:
        page_of(replied(raw), invalid_hits="keep")
    assert told in str(caught.value)


def test_misfits_are_kept_beside_the_others(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """With `keep`, what does not fit is in `invalid_hits` as it came, and the rest arrive."""
    odd = raw_hit("asset", id="asset_2", tags="no list")
    content = {"hits": [raw_hit("asset"), odd, None, raw_hit("asset", id="asset_3")]}
    page = page_of(replied(content), invalid_hits="keep")
    assert [hit.id for hit in page.hits] == ["asset_1", "asset_3"]
    assert list(page.invalid_hits) == [odd, None]
    assert origin_of(page).received == 4
    error = misshapen(content)
    assert "$.hits[1].tags" in str(error)
    assert error.body == content


def test_content_type_stands_in_the_message() -> None:
    """A reply of another kind tells its content type and its length, not its content."""
    error = misshapen(b"<html>s3cr3t</html>", content_type="text/html")
    assert "text/html" in str(error)
    assert "s3cr3t" not in str(error)


def test_reply_decodes_its_body() -> None:
    """A reply gives its JSON, hides its content, and leaves it out of what a page keeps."""
    reply = replied({"a": "s3cr3t"})
    assert reply.json() == {"a": "s3cr3t"}
    assert "s3cr3t" not in repr(reply)
    assert not hasattr(reply.info, "content")
    with pytest.raises(APIResponseValidationError, match=r"0 bytes.*is not JSON"):
        replied(b"").json()
