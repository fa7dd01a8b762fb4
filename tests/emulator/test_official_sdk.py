"""The official SDK, in both its forms, works against the emulator unchanged."""

from __future__ import annotations

import ssl
from base64 import b64encode
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import scenario_sdk
from PIL import Image
from scenario_sdk import AsyncScenario, DefaultAsyncHttpxClient, DefaultHttpxClient, Scenario

from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Call = Callable[..., Awaitable[Any]]

# Made once: it takes longer than any search, and each client would make its own.
tls = cache(ssl.create_default_context)

METHODS = {"assets": "asset_search", "models": "model_search", "workflows": "workflow_search"}


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of the sample library that also takes a token."""
    return Emulator(bearer_tokens=["token-1"])


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, base_url: str) -> Call:
    """Give a function that makes one search with either client of the SDK."""
    usual = {"api_key": "emulator", "api_secret": "emulator"}

    async def made(kind: str, credentials: dict[str, str] | None = None, /, **parameters: Any) -> Any:
        options: dict[str, Any] = {**(credentials or usual), "base_url": base_url, "max_retries": 0}
        if request.param == "sync":
            with Scenario(**options, http_client=DefaultHttpxClient(verify=tls())) as client:
                return getattr(client.search, METHODS[kind])(**parameters)
        async with AsyncScenario(**options, http_client=DefaultAsyncHttpxClient(verify=tls())) as client:
            return await getattr(client.search, METHODS[kind])(**parameters)

    return made


@pytest.fixture(scope="module")
def picture() -> str:
    """Give a data URL."""
    file = BytesIO()
    Image.new("RGB", (40, 30), "orange").save(file, "JPEG")
    return f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}"


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize(
    "parameters",
    [
        {"query": "knight"},
        {"query": ""},
        {"filter": 'createdAt >= "2024-01-01"'},
        {"query": "knight", "filter": "NOT privacy = unknown", "limit": 3},
        {"query": "", "limit": 5, "offset": 2},
        {"query": "", "page": 2, "hits_per_page": 3},
        {"query": "", "public": True},
        {"query": "", "public": False, "query_semantic_ratio": 0.5},
        {"query": "", "sort_by": ["createdAt:desc", "updatedAt:asc"]},
        {"query": "", "original_assets": True},
        {"query": "", "original_assets": False},
        {"query": "", "extra_body": {"limit": 1}, "extra_query": {"x": "y"}, "extra_headers": {"x-y": "z"}},
    ],
)
async def test_every_parameter_is_understood(call: Call, kind: str, parameters: dict[str, Any]) -> None:
    """Each search of the SDK is answered with hits that its own models read completely."""
    page = await call(kind, **parameters)
    assert page.hits
    for hit in page.hits:
        assert hit.id.startswith(f"{kind[:-1]}_")
        assert hit.model_fields_set >= {"author_id", "collection_ids", "created_at", "owner_id", "tags"}
        type(hit).model_validate(hit.to_dict())  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("kind", ["assets", "models"])
@pytest.mark.parametrize("ratio", [0, 0.5, 1])
@pytest.mark.parametrize("given", ["image", "like", "unlike", "data URL"])
async def test_pictures_are_understood(  # noqa: PLR0917
    call: Call, emulator: Emulator, picture: str, kind: str, ratio: float, given: str
) -> None:
    """Ids and data URLs, one or several, wanted or unwanted."""
    id_ = next(record["id"] for record in emulator.library.records("assets") if "image/png" in str(record))
    match given:
        case "image":
            subject: dict[str, Any] = {"image": id_}
        case "like":
            subject = {"images": {"like": [id_, picture]}}
        case "unlike":
            subject = {"images": {"like": [id_], "unlike": [picture]}}
        case _:
            subject = {"image": picture}
    page = await call(kind, **subject, image_semantic_ratio=ratio, limit=5)
    assert len(page.hits) == 5
    if kind == "assets" and given == "image":
        assert page.hits[0].id == id_


@pytest.mark.parametrize("kind", METHODS)
async def test_the_project_is_understood(call: Call, emulator: Emulator, kind: str) -> None:
    """The own project gives own hits, another one is forbidden."""
    own = emulator.library.project_id
    page = await call(kind, query="", project_id=own)
    assert {hit.owner_id for hit in page.hits} == {own}
    with pytest.raises(scenario_sdk.PermissionDeniedError, match="proj_other"):
        await call(kind, query="", project_id="proj_other")


@pytest.mark.parametrize("kind", METHODS)
async def test_the_envelope_of_a_page(call: Call, kind: str) -> None:
    """The SDK's page has the hits, the offset and the estimated total."""
    page = await call(kind, query="", limit=7, offset=3)
    assert (len(page.hits), page.offset) == (7, 3)
    assert page.estimated_total_hits >= 20
    assert page.model_extra["limit"] == 7
    assert page.has_next_page()


async def test_the_last_page_has_no_next(call: Call) -> None:
    """The SDK sees the end by the total."""
    page = await call("workflows", query="", limit=100)
    assert len(page.hits) == page.estimated_total_hits
    assert not page.has_next_page()


async def test_the_envelope_in_page_mode(call: Call) -> None:
    """There the SDK keeps the totals as extras."""
    page = await call("assets", query="", page=2, hits_per_page=30)
    assert len(page.hits) == 30
    total = page.model_extra["totalHits"]
    assert page.model_extra == {
        "page": 2,
        "hitsPerPage": 30,
        "totalHits": total,
        "totalPages": -(-total // 30),
    }


async def test_a_token_is_understood(call: Call) -> None:
    """A bearer token signs in, too."""
    assert (await call("assets", {"bearer_auth": "token-1"}, query="knight")).hits


@pytest.mark.parametrize(
    ("credentials", "parameters", "error", "told"),
    [
        (None, {}, scenario_sdk.BadRequestError, "at least one of"),
        (None, {"query": "", "limit": 101}, scenario_sdk.BadRequestError, "less than or equal to 100"),
        (None, {"filter": "kind =="}, scenario_sdk.BadRequestError, "line 1, column 7"),
        (None, {"query": "", "sort_by": ["score:desc"]}, scenario_sdk.BadRequestError, "Invalid sort field"),
        (None, {"image": "asset_unknown"}, scenario_sdk.NotFoundError, "asset_unknown not found"),
        (None, {"image": "data:image/png;base64,"}, scenario_sdk.BadRequestError, "image"),
        (None, {"filter": "name ENDS WITH e"}, scenario_sdk.InternalServerError, "Internal server error"),
        (
            {"api_key": "a", "api_secret": "b"},
            {"query": ""},
            scenario_sdk.AuthenticationError,
            "Unauthorized",
        ),
        ({"bearer_auth": "old"}, {"query": ""}, scenario_sdk.PermissionDeniedError, "expired"),
    ],
)
async def test_refusals_arrive_as_typed_errors(
    call: Call,
    credentials: dict[str, str] | None,
    parameters: dict[str, Any],
    error: type[scenario_sdk.APIStatusError],
    told: str,
) -> None:
    """Each status has its exception, with the reason in its text and its body."""
    with pytest.raises(error, match=told) as caught:
        await call("assets", credentials, **parameters)
    body: Any = caught.value.body
    assert set(body) == {"reason", "name", "trace_id"}
    assert caught.value.response.headers["x-request-id"] == body["trace_id"]


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("429 retry-after=7", scenario_sdk.RateLimitError, "429"),
        ("plan-limit", scenario_sdk.RateLimitError, "PlanLimitReachedError"),
        ("409", scenario_sdk.ConflictError, "409"),
        ("422", scenario_sdk.UnprocessableEntityError, "422"),
        ("503", scenario_sdk.InternalServerError, "503"),
        ("expired-token", scenario_sdk.PermissionDeniedError, "403"),
        ("drop", scenario_sdk.APIConnectionError, "Connection error"),
    ],
)
@pytest.mark.parametrize("kind", METHODS)
async def test_faults_arrive_as_typed_errors(  # noqa: PLR0917
    call: Call, emulator: Emulator, kind: str, fault: str, error: type[scenario_sdk.APIError], told: str
) -> None:
    """What goes wrong on demand is what the SDK says it is."""
    emulator.faults.add(fault)
    with pytest.raises(error) as caught:
        await call(kind, query="knight")
    assert told in f"{caught.value} {getattr(caught.value, 'status_code', '')}"
    name = fault.split(maxsplit=1)[0]
    assert emulator.requests[-1].fault == ("status" if name.isdecimal() else name)


async def test_a_rate_limit_is_understood(call: Call, emulator: Emulator) -> None:
    """The SDK sees the 429 and how long to wait."""
    emulator.faults.add("429 retry-after=7")
    with pytest.raises(scenario_sdk.RateLimitError) as caught:
        await call("assets", query="knight")
    assert caught.value.response.headers["retry-after"] == "7"


async def test_a_body_that_is_too_large(call: Call) -> None:
    """Is refused with a 413, of which the SDK makes its general error."""
    with pytest.raises(scenario_sdk.APIStatusError) as caught:
        await call("assets", query="x" * (6 * 2**20 + 1))
    assert caught.value.status_code == 413
    body: Any = caught.value.body
    assert set(body) == {"reason", "name", "trace_id"}


def test_the_sdks_own_retries_work(base_url: str, emulator: Emulator) -> None:
    """It tries twice more, as it would at the service."""
    emulator.faults.add("503 x2")
    before = len(emulator.requests)
    with Scenario(
        api_key="emulator",
        api_secret="emulator",
        base_url=base_url,
        http_client=DefaultHttpxClient(verify=tls()),
    ) as client:
        assert client.search.asset_search(query="knight").hits
    assert [request.status for request in emulator.requests[before:]] == [503, 503, 200]
