"""What travels: errors from replies, waits that the service asks for, URLs, and pages from replies."""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from scenario_async import (
    APIResponseValidationError,
    APIStatusError,
    AssetHit,
    AssetSearch,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    InvalidSearchError,
    ModelSearch,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    Search,
    UnprocessableEntityError,
    WorkflowSearch,
)
from scenario_async._wire import (
    Reply,
    Request,
    free_request,
    read_page,
    request_id,
    retry_after,
    status_error,
)
from scenario_async.pages import Position, SearchPage
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
START = Position(by_page=False, number=0, size=None)


def reply(content: object, status: int = 200, **headers: Any) -> Reply:
    """Give a reply with JSON, text or bytes in it."""
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    raw = content.encode() if isinstance(content, str) else content
    own = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Reply(status=status, headers=own, request_id=request_id(own), content=raw)


def page_of(
    content: object, search: Search[Any] | None = None, *, keep: bool = False, **headers: Any
) -> SearchPage[Any]:
    """Read a reply as a page."""
    answered = reply(content, **headers)
    found: Search[Any] = search or AssetSearch(query="x")
    return read_page(answered, found, START, invalid_hits="keep" if keep else "raise")


def misshapen(content: object, **rest: Any) -> APIResponseValidationError:
    """Give the error that a reply with this content raises."""
    with pytest.raises(APIResponseValidationError) as caught:
        page_of(content, **rest)
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
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"oops", b"\xff\xfe", b"<html>oops</html>"])
def test_status_decides_the_class(status: int, cls: type[APIStatusError], content: bytes) -> None:
    """Whatever the body, a status has its class and is told."""
    error = status_error(reply(content, status))
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
@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_every_documented_shape_is_told(body: object, told: str, status: int) -> None:
    """The service's own words stand in the message, and the body in `body`."""
    error = status_error(reply(body, status))
    assert told in error.message
    assert error.body == body


def test_details_are_given() -> None:
    """The mapping that some errors carry is `details`."""
    details = {"actionLimit": 0, "actionName": "train", "actionValue": 1, "limitScope": "team"}
    body = {"reason": "Plan limit reached", "name": "PlanLimitReachedError", "details": details}
    error = status_error(reply(body, 429))
    assert type(error) is PlanLimitError
    assert error.details == details
    assert "Plan limit reached" in error.message


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
    assert type(status_error(reply(body, 429))) is (PlanLimitError if plan else RateLimitError)


def test_plan_limits_are_429_only() -> None:
    """The same body under another status is that status."""
    assert type(status_error(reply({"name": "PlanLimitReachedError"}, 403))) is PermissionDeniedError


def test_error_carries_what_the_headers_tell() -> None:
    """Request id, headers (whatever their case) and the wait asked for are attributes."""
    error = status_error(reply({}, 429, X_Request_Id="req_1", Retry_After="7"))
    assert error.request_id == "req_1"
    assert error.headers["x-REQUEST-id"] == "req_1"
    assert error.retry_after == 7
    assert "req_1" in str(error)


@pytest.mark.parametrize("name", ["x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid"])
def test_request_id_headers(name: str) -> None:
    """Each header that may carry the request's name is read."""
    assert request_id(CIMultiDict({name.title(): "req_2"})) == "req_2"
    assert request_id(CIMultiDict({"x-other": "req_2"})) is None


@pytest.mark.parametrize("status", [301, 308])
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
def test_redirects_are_refused_without_secrets(status: int, location: str) -> None:
    """A redirect is an error that tells where to, but no query string and no credentials."""
    error = status_error(reply("", status, location=location))
    assert type(error) is APIStatusError
    assert "redirect" in str(error)
    assert "s3cr3t" not in str(error)


def test_messages_hold_no_secrets_and_end() -> None:
    """The service's words are cut and cleaned."""
    picture = "data:image/png;base64," + "QUJD" * 50
    body = {"message": f"bad {picture} at https://x.example.com/a?Signature=s3cr3t " + "y" * 5000}
    error = status_error(reply(body, 400))
    assert "QUJD" not in str(error)
    assert "s3cr3t" not in str(error)
    assert len(str(error)) < 1000


# --- waits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after-ms": "-1", "retry-after": "9"}, 9),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after": "99:99"}, None),
        ({"retry-after": "Mon, 99 Foo 2024 00:00:00 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds win, nonsense counts as absent."""
    assert retry_after(CIMultiDict(headers)) == seconds


def test_retry_after_as_date() -> None:
    """An HTTP date is the time until then, and one in the past no time at all."""
    now = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    later = {"retry-after": format_datetime(now + timedelta(seconds=90), usegmt=True)}
    assert retry_after(later, now.timestamp()) == pytest.approx(90)
    assert retry_after(later, now.timestamp() + 500) == 0


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


@QUICK
@given(
    milliseconds=st.none() | st.text(max_size=20) | st.floats().map(str) | st.integers().map(str),
    seconds=st.none() | st.text(max_size=40) | st.floats().map(str) | st.integers().map(str),
)
def test_any_retry_after_is_a_wait_or_none(milliseconds: str | None, seconds: str | None) -> None:
    """Whatever stands there, it is a finite wait of 0 or more, or no wait at all."""
    given_headers = {"retry-after-ms": milliseconds, "retry-after": seconds}
    wait = retry_after({name: value for name, value in given_headers.items() if value is not None})
    assert wait is None or (wait >= 0 and math.isfinite(wait))


@QUICK
@given(
    text=st.from_regex(r"(Mon, )?\d{1,2} (Jan|Dec) \d{1,6} \d{1,2}:\d{1,2}:\d{1,2} (GMT|[+-]\d{1,6}|-0000)?")
)
def test_any_date_is_a_wait_or_none(text: str) -> None:
    """Dates that are none, or lie beyond what a computer knows, break nothing."""
    wait = retry_after({"retry-after": text})
    assert wait is None or (wait >= 0 and math.isfinite(wait))


# --- URLs -----------------------------------------------------------------------------------------------


def request_to(
    path: str, method: str = "GET", base_url: str = "https://api.example.com/v1", **rest: Any
) -> Request:
    """Give a free request of a client."""
    own = {
        "default_query": rest.pop("default_query", None),
        "default_headers": rest.pop("default_headers", None),
    }
    client = Settings(api_key="k", api_secret="s", base_url=base_url, **own)
    given: dict[str, Any] = {"json": None, "query": None, "headers": None, "timeout": None}
    return free_request(client, method, path, **(given | rest))


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        ("text", "a=text"),
        ("ä &=#?/", "a=%C3%A4+%26%3D%23%3F%2F"),
        (5, "a=5"),
        (0, "a=0"),
        (1.5, "a=1.5"),
        (True, "a=true"),
        (False, "a=false"),
        (None, ""),
        ([1, "b", False], "a=1%2Cb%2Cfalse"),
        ((), ""),
        ([None], ""),
        ({"b": 1, "c": {"d": True}}, "a%5Bb%5D=1&a%5Bc%5D%5Bd%5D=true"),
        ({"b": [1, 2]}, "a%5Bb%5D=1%2C2"),
    ],
)
def test_query_spelling(value: object, spelt: str) -> None:
    """Lists, mappings, bools and nothing are spelt as the official SDK spells them."""
    assert urlsplit(request_to("/x", query={"a": value}).url).query == spelt


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/assets/asset_1", "https://api.example.com/v1/assets/asset_1"),
        ("assets/asset_1", "https://api.example.com/v1/assets/asset_1"),
        ("//assets", "https://api.example.com/v1/assets"),
        ("/a b/ä", "https://api.example.com/v1/a%20b/%C3%A4"),
        ("/a%20b", "https://api.example.com/v1/a%20b"),
        ("/a/../b", "https://api.example.com/v1/b"),
        ("/a#b", "https://api.example.com/v1/a%23b"),
        ("https://api.example.com/v1/assets", "https://api.example.com/v1/assets"),
        ("//evil.example.com/x", "https://api.example.com/v1/evil.example.com/x"),
        ("/jobs/a:b", "https://api.example.com/v1/jobs/a:b"),
        ("/job:cancel", "https://api.example.com/v1/job:cancel"),
        (
            "/assets?next=https://x.example.com/",
            "https://api.example.com/v1/assets?next=https://x.example.com/",
        ),
    ],
)
def test_paths_under_the_base_url(path: str, url: str) -> None:
    """A path is taken below the base URL, with or without a leading slash."""
    assert request_to(path).url == url


@pytest.mark.parametrize("query", [{"query": {"b": 2}}, {"default_query": {"b": 2}}])
def test_a_path_may_bring_parameters(query: dict[str, Any]) -> None:
    """Parameters of the path and those given apart arrive together."""
    parts = urlsplit(request_to("/assets?a=1", **query).url)
    assert parts.path == "/v1/assets"
    assert parse_qs(parts.query) == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example.com/v1/assets",
        "http://api.example.com/v1/assets",
        "https://api.example.com:444/v1/assets",
        "https://api.example.com@evil.example.com/v1/assets",
        "https://api.example.com.evil.example.com/v1/assets",
        "https://user:s3cr3t@api.example.com/v1/assets",
        "ftp://api.example.com/v1/assets",
        "javascript:alert(1)//://",
        "/../v2/assets",
        "../../etc",
        "https://api.example.com/v2/assets",
        "https://api.example.com/v1evil",
        "https://evil.example.com/?token=s3cr3t",
    ],
)
def test_other_origins_are_refused(path: str) -> None:
    """Nothing signed leaves for another place, and the refusal holds no secret."""
    with pytest.raises(InvalidSearchError, match="path") as caught:
        request_to(path)
    assert "s3cr3t" not in str(caught.value)


@QUICK
@given(path=st.text(max_size=30) | st.from_regex(r"[a-z]{0,5}:?/{0,4}[@:\\.a-z/%]{0,20}", fullmatch=True))
def test_no_path_leaves_the_base_url(path: str) -> None:
    """Any text is a place under the base URL, or refused."""
    try:
        url = request_to(path).url
    except InvalidSearchError:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "api.example.com")
    assert parts.path.startswith("/v1/")
    assert "\n" not in url
    assert " " not in url


@pytest.mark.parametrize("method", ["GE T", "", "G\r\nX", "PÖST", "GET "])
def test_methods_are_words(method: str) -> None:
    """A method that is none is refused by name."""
    with pytest.raises(InvalidSearchError, match="method"):
        request_to("/x", method)


def test_free_request_carries_what_it_is_given() -> None:
    """Method, body, headers and timeout are those asked for."""
    request = request_to(
        "/x", "put", json={"a": [None, "ä"]}, headers={"X-Both": "own"}, timeout=3,
        default_headers={"x-both": "client", "x-client": "1"}, default_query={"c": 1}, query={"c": 2, "q": "x"},
    )  # fmt: skip
    assert request.method == "PUT"
    assert json.loads(request.body or b"") == {"a": [None, "ä"]}
    assert request.headers["content-type"] == "application/json"
    assert (request.headers["x-both"], request.headers["x-client"]) == ("own", "1")
    assert parse_qs(urlsplit(request.url).query) == {"c": ["2"], "q": ["x"]}
    assert request.timeout == 3


def test_a_request_without_json_has_no_body() -> None:
    """Without JSON there is neither body nor content type."""
    request = request_to("/x")
    assert request.body is None
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [("json", object()), ("json", {"a": math.nan}), ("headers", {"a b": "c"}), ("timeout", 0)],
)
def test_free_request_checks_what_it_is_given(name: str, value: object) -> None:
    """What cannot travel is refused by its name."""
    with pytest.raises(InvalidSearchError, match=name):
        request_to("/x", **cast("Any", {name: value}))


def test_request_repr_shows_no_secrets() -> None:
    """Neither query string nor headers nor body print."""
    request = request_to("/x", "POST", query={"t": "s3cr3t"}, headers={"x": "s3cr3t"}, json="s3cr3t")
    assert "s3cr3t" not in repr(request)
    assert request.place == "https://api.example.com/v1/x"


def test_usual_headers_name_the_package() -> None:
    """The service learns who asks, unless the user says otherwise."""
    assert request_to("/x").headers["user-agent"].startswith("scenario-async/")
    assert request_to("/x").headers["accept"] == "application/json"
    assert request_to("/x", headers={"User-Agent": "mine"}).headers["user-agent"] == "mine"


# --- pages ----------------------------------------------------------------------------------------------


def test_offset_page(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """A page in offset mode has its hits, numbers and response."""
    content = {
        "hits": [raw_hit("asset"), raw_hit("asset", id="asset_2", score=0.5)],
        "limit": 20, "offset": 40, "estimatedTotalHits": 1000, "processingTimeMs": 3,
    }  # fmt: skip
    page = page_of(content, X_Request_Id="req_1")
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
    page = page_of(content, WorkflowSearch(query="x"))
    assert (page.page, page.hits_per_page, page.total_hits, page.total_pages) == (2, 10, 11, 2)
    assert (page.limit, page.offset, page.estimated_total_hits) == (None,) * 3


@pytest.mark.parametrize("kind", ["model", "workflow"])
def test_a_page_may_be_empty_and_bare(kind: str) -> None:
    """No hits and no numbers are no error."""
    search: Search[Any] = ModelSearch(query="x") if kind == "model" else WorkflowSearch(query="x")
    page = page_of({"hits": [], "limit": None}, search)
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
    ({"hits": "x"}, "$.hits"),
    ({"hits": [None]}, "$.hits[0]"),
    ({"hits": [[]]}, "$.hits[0]"),
    ({"hits": [], "limit": "20"}, "$.limit"),
    ({"hits": [], "offset": 1.5}, "$.offset"),
    ({"hits": [], "estimatedTotalHits": True}, "$.estimatedTotalHits"),
    ({"hits": [], "page": [1]}, "$.page"),
    ({"hits": [], "totalPages": {}}, "$.totalPages"),
    ({"message": "you may not"}, "you may not"),
    ({"error": {"message": "you may not"}}, "you may not"),
    ({"hits": None, "reason": "you may not"}, "you may not"),
]


@pytest.mark.parametrize(("content", "told"), MISSHAPEN)
@pytest.mark.parametrize("keep", [False, True])
def test_misshapen_replies(content: object, told: str, keep: bool) -> None:  # noqa: FBT001
    """A 200 that is no page is told with the place that does not fit, or with the service's words."""
    raw = json.dumps(content) if content is None or isinstance(content, str) else content
    if content in ({"hits": [None]}, {"hits": [[]]}) and keep:
        assert page_of(raw, keep=True).invalid_hits == cast("dict[str, Any]", content)["hits"]
        return
    error = misshapen(raw, keep=keep, X_Request_Id="req_1")
    assert told in str(error)
    assert error.request_id == "req_1"


def test_misfits_are_kept_beside_the_others(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """With `keep`, what does not fit is in `invalid_hits` as it came, and the rest arrive."""
    odd = raw_hit("asset", id="asset_2", tags="no list")
    content = {"hits": [raw_hit("asset"), odd, None, raw_hit("asset", id="asset_3")]}
    page = page_of(content, keep=True)
    assert [hit.id for hit in page.hits] == ["asset_1", "asset_3"]
    assert list(page.invalid_hits) == [odd, None]
    assert page.received == 4
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
    answered = reply({"a": "s3cr3t"})
    assert answered.json() == {"a": "s3cr3t"}
    assert "s3cr3t" not in repr(answered)
    assert not hasattr(answered.info, "content")
    with pytest.raises(APIResponseValidationError, match=r"0 bytes.*is not JSON"):
        reply(b"").json()
