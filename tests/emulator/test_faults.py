"""Each fault as it arrives on the wire, and which request meets it."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import tracemalloc
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, ServerDisconnectedError
from emulator.records import asset, model, workflow
from emulator.talk import Talk, basic

from scenario_async.emulator import Emulator, Library, faults
from scenario_async.emulator.faults.chance import Chance

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from emulator.talk import Reply


def library(size: int = 50) -> Library:
    """Give so many assets with ids in order, a model and a workflow."""
    assets = [
        asset(f"asset_{number:02}", {"kind": "image", "width": 64, "height": 64}) for number in range(size)
    ]
    return Library(assets, [model("model_1")], [workflow("workflow_1")])


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    """Serve an emulator that knows no faults yet."""
    async with Emulator(library()) as emulator:
        yield emulator


@pytest.fixture
def talk(session: ClientSession, emulator: Emulator) -> Talk:
    """Talk to it."""
    return Talk(session, emulator.base_url)


async def ask(talk: Talk, kind: str = "assets", *, authorization: str | None = "usual", **body: Any) -> Reply:
    """Search for everything, and give whatever comes back."""
    searched = {"query": "", "limit": 5, **body}
    return await talk.send("POST", f"search/{kind}", json=searched, authorization=authorization)


async def raw(base_url: str, body: Mapping[str, Any], *headers: str) -> tuple[bytes, bytes]:
    """Send a search over a socket; give the head and the body of what arrives until the other side closes."""
    _, _, address = base_url.removesuffix("/v1").partition("//")
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    content = json.dumps(body).encode()
    head = [
        "POST /v1/search/assets HTTP/1.1",
        f"Host: {address}",
        f"Authorization: {basic()}",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *headers,
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + content)
    arrived = await reader.read()
    writer.close()
    await writer.wait_closed()
    top, _, rest = arrived.partition(b"\r\n\r\n")
    return top, rest


async def statuses(talk: Talk, *kinds: str) -> list[int]:
    """Search each of these kinds in turn, and give the statuses."""
    return [(await ask(talk, kind)).status for kind in kinds]


class TestInstead:
    """Answers that do not come from the service."""

    @pytest.mark.parametrize(
        ("code", "name"),
        [
            (429, "TooManyRequestsError"),
            (500, "InternalServerError"),
            (502, "BadGatewayError"),
            (503, "ServiceUnavailableError"),
            (599, "599Error"),
        ],
    )
    async def test_a_status_has_the_services_shape(
        self, emulator: Emulator, talk: Talk, code: int, name: str
    ) -> None:
        """It gives a reason, a name and the id of the request, and no header that it was not told."""
        emulator.faults.add(faults.Status(code))
        reply = await ask(talk)
        assert (reply.status, reply.body["name"]) == (code, name)
        assert set(reply.body) == {"reason", "name", "trace_id"}
        assert reply.headers["x-request-id"] == reply.body["trace_id"]
        assert "retry-after" not in reply.headers

    @pytest.mark.parametrize(
        ("given", "sent"),
        [(2, "2"), (0.5, "0.5"), ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT")],
    )
    async def test_a_status_may_say_when_to_come_back(
        self, emulator: Emulator, talk: Talk, given: Any, sent: str
    ) -> None:
        """`retry_after` is sent as it is given."""
        emulator.faults.add(faults.Status(503, retry_after=given))
        reply = await ask(talk)
        assert (reply.status, reply.headers["retry-after"]) == (503, sent)

    async def test_a_status_may_have_headers_and_a_body(self, emulator: Emulator, talk: Talk) -> None:
        """Both are as they are given."""
        emulator.faults.add(faults.Status(418, headers={"x-pot": "tea", "content-type": "text/x"}, body="é"))
        reply = await ask(talk)
        assert (reply.status, reply.content.decode()) == (418, "é")
        assert (reply.headers["x-pot"], reply.headers["content-type"]) == ("tea", "text/x")
        assert len(reply.headers["x-request-id"]) == 32

    async def test_a_status_without_a_body(self, emulator: Emulator, talk: Talk) -> None:
        """A 204 has none, as HTTP wants it."""
        emulator.faults.add(faults.Status(204))
        reply = await ask(talk)
        assert (reply.status, reply.content) == (204, b"")

    async def test_a_dropped_connection(self, emulator: Emulator, session: ClientSession) -> None:
        """Nothing arrives, and nothing is said to have been answered."""
        emulator.faults.add(faults.Drop(), times=2)
        with pytest.raises(ServerDisconnectedError):
            await ask(Talk(session, emulator.base_url))
        assert await raw(emulator.base_url, {"query": ""}) == (b"", b"")
        assert [(kept.status, kept.fault) for kept in emulator.requests] == [(None, "drop")] * 2

    async def test_a_page_of_html(self, emulator: Emulator, talk: Talk) -> None:
        """It comes with a 200, or with the status of choice."""
        emulator.faults.add("html, html code=502")
        for code in (200, 502):
            reply = await ask(talk)
            assert reply.status == code
            assert reply.headers["Content-Type"].startswith("text/html")
            assert reply.content.startswith(b"<!DOCTYPE html>")

    async def test_text_that_is_called_json(self, emulator: Emulator, talk: Talk) -> None:
        """The header says JSON, the body does not."""
        emulator.faults.add(faults.NotJson(body="OK"))
        reply = await ask(talk)
        assert (reply.status, reply.headers["Content-Type"], reply.content) == (
            200,
            "application/json",
            b"OK",
        )

    async def test_an_error_that_calls_itself_a_success(self, emulator: Emulator, talk: Talk) -> None:
        """A 200 whose body is a refusal."""
        emulator.faults.add(faults.ErrorBody())
        reply = await ask(talk)
        assert reply.status == 200
        assert reply.body == {"reason": "Internal server error", "name": "InternalServerError"}

    async def test_a_gzip_bomb(self, emulator: Emulator, session: ClientSession) -> None:
        """Little arrives, and it becomes much more than 64 MiB; the emulator never holds it whole."""
        emulator.faults.add(faults.GzipBomb())
        tracemalloc.start()
        try:
            async with session.post(
                f"{emulator.base_url}/search/assets", json={"query": ""}, auto_decompress=False
            ) as response:
                content = await response.read()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 8 * 2**20
        assert response.headers["Content-Encoding"] == "gzip"
        assert len(content) < 200_000
        decoded = gzip.decompress(content)
        assert 80 * 2**20 < len(decoded) < 81 * 2**20
        assert json.loads(decoded) == {"hits": [], "offset": 0, "limit": 20, "estimatedTotalHits": 0}

    async def test_the_size_of_a_gzip_bomb(self, emulator: Emulator, talk: Talk) -> None:
        """It is counted when it is decoded."""
        emulator.faults.add(faults.GzipBomb(mebibytes=1))
        assert len((await ask(talk)).content) == 2**20 + 63

    @pytest.mark.parametrize(
        ("fault", "code", "location"),
        [
            (faults.Redirect(), 302, "/login"),
            (faults.Redirect("https://elsewhere.example/a", code=307), 307, "https://elsewhere.example/a"),
        ],
    )
    async def test_a_redirection(
        self, emulator: Emulator, session: ClientSession, fault: faults.Fault, code: int, location: str
    ) -> None:
        """It says where to go, and has an id like every reply."""
        emulator.faults.add(fault)
        url = f"{emulator.base_url}/search/assets"
        async with session.post(url, json={"query": ""}, allow_redirects=False) as response:
            assert (response.status, response.headers["location"]) == (code, location)
            assert "x-request-id" in response.headers

    async def test_an_expired_token(self, emulator: Emulator, talk: Talk) -> None:
        """It is what an unknown token gets, whatever the request is signed with."""
        emulator.faults.add(faults.ExpiredToken())
        reply = await ask(talk)
        unknown = await ask(talk, authorization="Bearer unknown")
        assert reply.status == unknown.status == 403
        assert reply.headers["x-amzn-errortype"] == "AccessDeniedException"
        assert reply.body["reason"] == unknown.body["reason"]

    async def test_a_plan_limit(self, emulator: Emulator, talk: Talk) -> None:
        """The 429 as the live service was seen to send it."""
        emulator.faults.add(faults.PlanLimit(action="search", limit=3, value=4, scope="project"))
        reply = await ask(talk)
        assert reply.status == 429
        assert reply.body == {
            "reason": "The plan's limit of search is reached",
            "name": "PlanLimitReachedError",
            "details": {"actionLimit": 3, "actionName": "search", "actionValue": 4, "limitScope": "project"},
        }
        assert "retry-after" not in reply.headers


class TestAuthentication:
    """Which faults come before it."""

    @pytest.mark.parametrize(
        ("script", "status"), [("503", 503), ("html", 200), ("redirect", 404), ("expired-token", 403)]
    )
    async def test_what_stands_in_front_asks_nobody_who_he_is(
        self, emulator: Emulator, talk: Talk, script: str, status: int
    ) -> None:
        """Gateways fail for strangers too (and who follows the redirection finds nothing)."""
        emulator.faults.add(script)
        assert (await ask(talk, authorization=None)).status == status

    @pytest.mark.parametrize(
        "script",
        ["plan-limit", "half", "truncated", "drip", "shift", "total", "missing-field", "unknown-fields"],
    )
    async def test_the_services_own_faults_are_not_for_strangers(
        self, emulator: Emulator, talk: Talk, script: str
    ) -> None:
        """They get their refusal, and have met the fault all the same."""
        emulator.faults.add(script)
        reply = await ask(talk, authorization=None)
        assert (reply.status, reply.body["name"]) == (401, "UnauthorizedError")
        assert emulator.faults.pending == 0
        assert emulator.requests[-1].fault == script


class TestBroken:
    """Good answers that do not arrive well."""

    async def test_half_a_body(self, emulator: Emulator, session: ClientSession) -> None:
        """The length promises more than arrives before the connection closes."""
        emulator.faults.add(faults.Half(), times=2)
        with pytest.raises(ClientPayloadError):
            await ask(Talk(session, emulator.base_url))
        head, body = await raw(emulator.base_url, {"query": "", "limit": 5})
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"x-request-id" in head.lower()
        assert len(body) == length // 2 > 100

    @pytest.mark.parametrize("share", [0.0, 0.99])
    async def test_another_share_of_a_body(self, emulator: Emulator, share: float) -> None:
        """From nothing to nearly all of it."""
        emulator.faults.add(faults.Half(share))
        head, body = await raw(emulator.base_url, {"query": "", "limit": 5})
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        assert len(body) == int(length * share) < length

    async def test_half_of_a_large_body(self, emulator: Emulator) -> None:
        """What is sent arrives whole also when the network takes it slowly."""
        emulator.library.replace(asset("asset_00", description="x" * 8 * 2**20))
        emulator.faults.add(faults.Half())
        _, body = await raw(emulator.base_url, {"query": "", "limit": 1})
        assert 4 * 2**20 < len(body) < 4 * 2**20 + 1000

    @pytest.mark.parametrize("accepted", ["identity", "gzip"])
    async def test_truncated_json(self, emulator: Emulator, session: ClientSession, accepted: str) -> None:
        """HTTP is content, but the JSON ends too early."""
        whole = await ask(Talk(session, emulator.base_url))
        emulator.faults.add(faults.Truncated(0.9))
        async with session.post(
            f"{emulator.base_url}/search/assets",
            json={"query": "", "limit": 5},
            headers={"Authorization": basic(), "Accept-Encoding": accepted},
        ) as response:
            content = await response.read()
        assert response.status == 200
        assert content == whole.content[: int(len(whole.content) * 0.9)]
        assert response.headers.get("Content-Encoding", "identity") == accepted

    async def test_a_slow_drip(self, emulator: Emulator, session: ClientSession) -> None:
        """All of it arrives, a few bytes at a time."""
        emulator.faults.add(faults.Drip(pause=0.002, size=100))
        whole = (await raw(emulator.base_url, {"query": "", "limit": 1}))[1]
        emulator.faults.add(faults.Drip(pause=0.002, size=100))
        start = perf_counter()
        async with session.post(
            f"{emulator.base_url}/search/assets",
            json={"query": "", "limit": 1},
            headers={"Authorization": basic(), "Accept-Encoding": "identity"},
        ) as response:
            chunks = [chunk async for chunk in response.content.iter_any()]
        assert b"".join(chunks) == whole
        assert len(chunks) == -(-len(whole) // 100) > 3
        assert perf_counter() - start > 0.002 * (len(chunks) - 1)


class TestHanging:
    """Answers that do not come."""

    @pytest.mark.parametrize(("fault", "status"), [(faults.Hang(), None), (faults.Drip(pause=60), 200)])
    async def test_it_lasts_until_the_client_goes(
        self,
        emulator: Emulator,
        talk: Talk,
        caplog: pytest.LogCaptureFixture,
        fault: faults.Fault,
        status: int | None,
    ) -> None:
        """The request is counted at once, and leaves neither tasks nor words behind."""
        before = asyncio.all_tasks()
        emulator.faults.add(fault)
        asking = asyncio.create_task(ask(talk))
        while not emulator.requests or emulator.requests[0].status != status:
            await asyncio.sleep(0.001)
        assert not asking.done()
        assert emulator.requests[0].fault == fault.name
        asking.cancel()
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.001)
        assert emulator.requests[0].status == status
        assert (await ask(talk)).status == 200
        assert not caplog.records

    async def test_a_hang_for_a_while(self, emulator: Emulator, talk: Talk) -> None:
        """Afterwards the usual answer comes."""
        emulator.faults.add(faults.Hang(0.05))
        start = perf_counter()
        reply = await ask(talk)
        assert perf_counter() - start >= 0.05
        assert len(reply.ids) == 5

    @pytest.mark.parametrize("script", ["hang", "hang seconds=60", "drip pause=60"])
    @pytest.mark.parametrize("way", ["loop", "thread"])
    async def test_the_emulator_stops_at_once(
        self, session: ClientSession, caplog: pytest.LogCaptureFixture, script: str, way: str
    ) -> None:
        """What hangs or drips is cut off, without noise and without tasks or threads left over."""
        emulator = Emulator(library(), faults=f"{script} x3")
        before, threads = asyncio.all_tasks(), set(threading.enumerate())

        async def wait(base_url: str) -> list[asyncio.Task[Reply]]:
            asking = [asyncio.create_task(ask(Talk(session, base_url))) for _ in range(3)]
            while len(emulator.requests) < 3:
                await asyncio.sleep(0.001)
            return asking

        if way == "loop":
            async with emulator:
                asking = await wait(emulator.base_url)
                start = perf_counter()
        else:
            with emulator.running() as base_url:
                asking = await wait(base_url)
                start = perf_counter()
        assert perf_counter() - start < 10
        replies = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(reply, (ClientConnectionError, ClientPayloadError)) for reply in replies)
        async with asyncio.timeout(10):
            while asyncio.all_tasks() - before:  # the session may still be giving up what it wrote
                await asyncio.sleep(0.001)
        assert "scenario-emulator" not in {thread.name for thread in set(threading.enumerate()) - threads}
        assert not caplog.records

    async def test_a_latency_ends_with_the_emulator_too(self, session: ClientSession) -> None:
        """Nobody waits for an answer that is only late."""
        async with Emulator(library(), latency=60) as emulator:
            asking = asyncio.create_task(ask(Talk(session, emulator.base_url)))
            while not emulator.requests:
                await asyncio.sleep(0.001)
            start = perf_counter()
        assert perf_counter() - start < 10
        with pytest.raises(ClientConnectionError):
            await asking


class TestPages:
    """Pages that do not say the truth."""

    @pytest.mark.parametrize(("by", "starts"), [(1, [0, 9, 18, 27]), (3, [0, 7, 14, 21])])
    async def test_hits_shift_while_they_are_read(
        self, emulator: Emulator, talk: Talk, by: int, starts: list[int]
    ) -> None:
        """Each page begins with the last hits of the one before, and the total grows."""
        emulator.faults.repeat(faults.Shift(by))
        for number, start in enumerate(starts):
            page = (await ask(talk, limit=10, offset=number * 10)).body
            assert [hit["id"] for hit in page["hits"]] == [f"asset_{n:02}" for n in range(start, start + 10)]
            assert (page["offset"], page["estimatedTotalHits"]) == (number * 10, 50 + by * number)
        page = await talk.search(query="", page=2, hitsPerPage=10)
        assert [hit["id"] for hit in page["hits"]] == [
            f"asset_{n:02}" for n in range(starts[1], starts[1] + 10)
        ]
        assert (page["page"], page["totalHits"], page["totalPages"]) == (2, 50 + by, 6)

    async def test_a_page_that_repeats(self, emulator: Emulator, talk: Talk) -> None:
        """An earlier page's hits are told as those of whatever page was asked for."""
        emulator.faults.add("repeated-page, repeated-page page=2, repeated-page page=9")
        pages = [(await ask(talk, limit=10, offset=30)).body for _ in range(3)]
        assert [page["hits"][0]["id"] for page in pages] == ["asset_00", "asset_10", "asset_30"]
        assert [(page["offset"], page["estimatedTotalHits"]) for page in pages] == [(30, 50)] * 3

    @pytest.mark.parametrize(
        ("says", "total", "pages"), [("high", 1500, 75), ("low", 25, 2), ("zero", 0, 0), ("41", 41, 3)]
    )
    async def test_a_total_that_lies(
        self, emulator: Emulator, talk: Talk, says: str, total: int, pages: int
    ) -> None:
        """The hits are right, and how many there are is not."""
        emulator.faults.add(faults.Total(says), times=2)
        page = await talk.search(query="")
        assert (len(page["hits"]), page["estimatedTotalHits"]) == (20, total)
        page = await talk.search(query="", page=1)
        assert (len(page["hits"]), page["totalHits"], page["totalPages"]) == (20, total, pages)

    @pytest.mark.parametrize(
        ("fault", "place"),
        [
            (faults.MissingField(), 0),
            (faults.MissingField("id", hit=2), 2),
            (faults.MissingField("id", hit=99), 4),
        ],
    )
    async def test_a_hit_without_a_field(
        self, emulator: Emulator, talk: Talk, fault: faults.Fault, place: int
    ) -> None:
        """One hit lacks it, the others do not, and nor does the library."""
        emulator.faults.add(fault)
        hits = (await ask(talk)).body["hits"]
        assert [number for number, hit in enumerate(hits) if "id" not in hit] == [place]
        assert len((await ask(talk)).ids) == 5

    async def test_a_hit_without_an_inner_field(self, emulator: Emulator, talk: Talk) -> None:
        """Dots lead inside; a field that is not there is not missed."""
        emulator.faults.add("missing-field field=metadata.kind, missing-field field=no.such")
        hits = (await ask(talk)).body["hits"]
        assert hits[0]["metadata"] == {"width": 64, "height": 64}
        assert hits[1]["metadata"] == {"kind": "image", "width": 64, "height": 64}
        unhurt = (await ask(talk)).body["hits"]
        assert unhurt == (await ask(talk)).body["hits"]
        assert unhurt[0]["metadata"]["kind"] == "image"

    async def test_a_field_cannot_be_missed_where_nothing_is_found(
        self, emulator: Emulator, talk: Talk
    ) -> None:
        """An empty page stays as it is."""
        emulator.faults.add(faults.MissingField())
        assert (await ask(talk, offset=50)).ids == []

    async def test_fields_that_nobody_has_heard_of(self, emulator: Emulator, talk: Talk) -> None:
        """They are on the page, on each hit and in its metadata, and in the next reply they are gone."""
        emulator.faults.add(faults.UnknownFields())
        page, usual = (await ask(talk)).body, (await ask(talk)).body
        new = {"nested": [1, None, "new"]}
        assert page.pop("futureField") == new
        for hit in page["hits"]:
            assert (hit.pop("futureField"), hit["metadata"].pop("futureField")) == (new, new)
        assert page == usual


class TestPlan:
    """Which request meets which fault."""

    async def test_the_next_requests_meet_what_is_added(self, emulator: Emulator, talk: Talk) -> None:
        """So many of them, and then no more."""
        emulator.faults.add(faults.Status(503), times=2)
        emulator.faults.add("ok, 500")
        assert emulator.faults.pending == 4
        assert await statuses(talk, *["assets"] * 5) == [503, 503, 200, 500, 200]
        assert emulator.faults.pending == 0

    async def test_a_script_may_be_gone_through_again(self, emulator: Emulator, talk: Talk) -> None:
        """`times` counts the whole of it."""
        emulator.faults.add("503, ok", times=2)
        assert await statuses(talk, *["assets"] * 5) == [503, 200, 503, 200, 200]

    async def test_a_fault_may_be_for_one_kind(self, emulator: Emulator, talk: Talk) -> None:
        """Other kinds pass it by and meet what comes after."""
        emulator.faults.add("503 x2", kind="models")
        emulator.faults.add(faults.Status(500))
        kinds = ["assets", "workflows", "models", "models", "models"]
        assert await statuses(talk, *kinds) == [500, 200, 503, 503, 200]

    async def test_a_word_in_the_script_goes_before_the_kind_of_the_call(
        self, emulator: Emulator, talk: Talk
    ) -> None:
        """Entries that name their kind keep it."""
        emulator.faults.add("500 kind=workflows, 502", kind="models")
        assert await statuses(talk, "assets", "models", "workflows") == [200, 502, 500]

    async def test_a_schedule_begins_again(self, emulator: Emulator, talk: Talk) -> None:
        """What is added comes first, and what repeats is not pending."""
        emulator.faults.repeat("503, ok x2")
        emulator.faults.add(faults.Status(500))
        assert emulator.faults.pending == 1
        assert await statuses(talk, *["assets"] * 8) == [500, 503, 200, 200, 503, 200, 200, 503]

    async def test_a_schedule_of_a_kind_goes_before_the_one_of_all(
        self, emulator: Emulator, talk: Talk
    ) -> None:
        """Each kind has its own place in it; a new schedule takes the place of the old."""
        emulator.faults.repeat("500, 501")
        emulator.faults.repeat("418")
        emulator.faults.repeat("503, ok", kind="models")
        assert await statuses(talk, "models", "assets", "models", "models") == [503, 418, 200, 503]

    async def test_a_script_that_says_so_repeats(self, session: ClientSession) -> None:
        """A last word `repeat` makes a schedule, also for a new emulator."""
        async with Emulator(library(), faults="503, ok, repeat") as emulator:
            talk = Talk(session, emulator.base_url)
            assert await statuses(talk, *["assets"] * 5) == [503, 200, 503, 200, 503]
            assert emulator.faults.pending == 0

    async def test_all_can_be_forgotten(self, emulator: Emulator, talk: Talk) -> None:
        """What was added, and what repeats."""
        emulator.faults.add("503 x5")
        emulator.faults.repeat("500")
        emulator.faults.clear()
        assert emulator.faults.pending == 0
        assert await statuses(talk, "assets", "models") == [200, 200]

    async def test_only_searches_meet_faults(self, emulator: Emulator, talk: Talk) -> None:
        """Pictures, and what is not there, are answered as usual."""
        emulator.faults.repeat("503")
        assert (await talk.picture("/assets/asset_00")).status == 200
        assert (await talk.send("POST", "search/jobs", json={})).status == 404
        assert (await talk.send("GET", "search/assets")).status == 405
        assert (await ask(talk)).status == 503

    @pytest.mark.parametrize("times", [0, -1])
    def test_a_fault_is_met_at_least_once(self, times: int) -> None:
        """Less is a mistake."""
        with pytest.raises(ValueError, match=f"times must be 1 or more, not {times}"):
            faults.FaultPlan().add(faults.Drop(), times=times)

    def test_a_kind_has_to_be_known(self) -> None:
        """Another is named, with those that are."""
        kind: Any = "jobs"
        with pytest.raises(
            ValueError, match="'jobs' is no kind of request: it is one of assets, models, work"
        ):
            faults.FaultPlan().add(faults.Drop(), kind=kind)


class TestChance:
    """What goes wrong by chance."""

    async def outcomes(self, session: ClientSession, **options: Any) -> list[Any]:
        """Search thirty times, and give what came."""
        async with Emulator(library(1), **options) as emulator:
            for _ in range(30):
                try:
                    await ask(Talk(session, emulator.base_url))
                except ServerDisconnectedError:
                    continue
        return [kept.status for kept in emulator.requests]

    async def test_a_share_of_the_searches_fails(self, session: ClientSession) -> None:
        """The same ones with the same seed, others with another, whatever the latency."""
        first = await self.outcomes(session, failure_rate=0.5, seed=1)
        assert first == await self.outcomes(session, failure_rate=0.5, seed=1, latency=0.001, jitter=0.001)
        assert first != await self.outcomes(session, failure_rate=0.5, seed=2)
        assert set(first) <= {200, 429, 500, 502, 503, None}
        assert 5 < first.count(200) < 25

    async def test_all_of_them_may_fail(self, session: ClientSession) -> None:
        """In every way that a random failure has."""
        assert set(await self.outcomes(session, failure_rate=1)) == {429, 500, 502, 503, None}

    async def test_a_script_goes_before_chance(self, session: ClientSession) -> None:
        """An `ok` in it is an answer, however bad the chances are."""
        async with Emulator(library(1), failure_rate=1, faults="ok, 418") as emulator:
            assert await statuses(Talk(session, emulator.base_url), "assets", "assets") == [200, 418]

    async def test_answers_take_their_time(self, session: ClientSession) -> None:
        """At least the latency, also when they are failures."""
        async with Emulator(library(1), latency=0.05, faults="ok, 503") as emulator:
            start = perf_counter()
            assert await statuses(Talk(session, emulator.base_url), "assets", "assets") == [200, 503]
        assert perf_counter() - start >= 0.1

    def test_delays_lie_between_the_latency_and_the_jitter_more(self) -> None:
        """And are the same with the same seed."""
        first, second = (Chance(7, latency=1, jitter=2) for _ in range(2))
        delays = [first.delay() for _ in range(100)]
        assert delays == [second.delay() for _ in range(100)]
        assert 1 <= min(delays) < 1.2
        assert 2.8 < max(delays) <= 3

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"latency": -1}, "latency must be a number of seconds from 0 to 86400, not -1"),
            ({"jitter": float("nan")}, "jitter must be a number of seconds from 0 to 86400, not nan"),
            ({"failure_rate": 1.5}, "failure_rate must be a share from 0 to 1, not 1.5"),
            ({"failure_rate": -0.1}, "failure_rate must be a share from 0 to 1, not -0.1"),
        ],
    )
    def test_what_cannot_be_is_refused(self, options: dict[str, Any], told: str) -> None:
        """The message names the parameter, the rule and the value."""
        with pytest.raises(ValueError, match=told):
            Emulator(Library(), **options)
