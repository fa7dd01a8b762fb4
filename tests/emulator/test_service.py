"""The service at its door: routes, authentication, refusals, and every parameter's rules."""

from __future__ import annotations

import asyncio
import logging
import sys
from base64 import b64encode
from gzip import compress, decompress
from io import BytesIO
from json import dumps, loads
from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import PROJECT, asset, model, workflow
from emulator.talk import Reply, Talk, basic

from scenario_async.emulator import Emulator, Library, replies
from scenario_async.emulator.replies import gzip_bomb

if TYPE_CHECKING:
    from collections.abc import Generator

    from aiohttp import ClientSession

KINDS = ["assets", "models", "workflows"]
WITH_PICTURES = ["assets", "models"]

RULES: list[tuple[dict[str, Any], str]] = [
    *(({"query": value}, '"query" must be a string') for value in (5, None, ["a"], True)),
    *(({"filter": value}, '"filter" must be a string') for value in (5, None, ["kind = image"], [])),
    *(({"public": value}, '"public" must be a boolean') for value in ("true", 1, None)),
    *(
        ({name: value}, f'"{name}" must be a number')
        for name in ("limit", "offset", "page", "hitsPerPage", "querySemanticRatio")
        for value in ("5", True, None, [1])
    ),
    *(({name: 1.5}, f'"{name}" must be an integer') for name in ("limit", "offset", "page", "hitsPerPage")),
    *(
        ({name: value}, f'"{name}" must be greater than or equal to 1')
        for name in ("limit", "page", "hitsPerPage")
        for value in (0, -1, 0.5, float("nan"), float("-inf"))
    ),
    ({"offset": -1}, '"offset" must be greater than or equal to 0'),
    *(
        ({name: value}, f'"{name}" must be less than or equal to 100')
        for name in ("limit", "hitsPerPage")
        for value in (101, 10**400, float("inf"))
    ),
    ({"offset": 10**30}, f'"offset" must be less than or equal to {2**53}'),
    ({"querySemanticRatio": -0.1}, '"querySemanticRatio" must be greater than or equal to 0'),
    ({"querySemanticRatio": 1.1}, '"querySemanticRatio" must be less than or equal to 1'),
    *(({"sortBy": value}, '"sortBy" must be an array') for value in ("createdAt:desc", None, {"a": 1})),
    ({"sortBy": ["createdAt:asc", 5]}, '"sortBy[1]" must be a string'),
    *(
        ({"sortBy": [value]}, "Invalid sort field")
        for value in ("createdAt", "createdAt:up", "createdAt:DESC", ":asc", "", "id:asc", "name:asc")
    ),
]
PICTURE_RULES: list[tuple[dict[str, Any], str]] = [
    *(({"image": value}, '"image" must be a string') for value in (5, None, ["asset_1"])),
    *(({"images": value}, '"images" must be of type object') for value in ("asset_1", None, ["x"])),
    ({"images": {}}, '"images" must contain at least one of [like, unlike]'),
    ({"images": {"like": [], "unlike": []}}, '"images" must contain at least one of [like, unlike]'),
    ({"images": {"alike": ["asset_1"]}}, '"images" must contain at least one of [like, unlike]'),
    ({"images": {"like": "asset_1"}}, '"images.like" must be an array'),
    ({"images": {"unlike": None}}, '"images.unlike" must be an array'),
    ({"images": {"like": ["asset_1", 5]}}, '"images.like[1]" must be a string'),
    ({"images": {"like": ["asset_1"], "unlike": [None]}}, '"images.unlike[0]" must be a string'),
    (
        {"image": "asset_1", "images": {"like": ["asset_1"]}},
        '"value" contains a conflict between exclusive peers [image, images]',
    ),
    ({"imageSemanticRatio": "1"}, '"imageSemanticRatio" must be a number'),
    ({"imageSemanticRatio": -1}, '"imageSemanticRatio" must be greater than or equal to 0'),
    ({"imageSemanticRatio": 1.01}, '"imageSemanticRatio" must be less than or equal to 1'),
]


def library() -> Library:
    """Give two records of each kind, of which the first has a picture."""
    shown = {"assetId": "asset_1", "url": "/assets-transform/asset_1?p=100&Signature=s"}
    return Library(
        [
            asset("asset_1", {"kind": "image", "width": 64, "height": 64}, tags=["knight"]),
            asset(
                "asset_2",
                mimeType="text/plain",
                url="https://elsewhere.example/assets-transform/asset_2",
                description="-" * 1000,
            ),
        ],
        [model("model_1", thumbnail=shown), model("model_2", thumbnail=None)],
        [workflow("workflow_1", before=shown, after=shown, thumbnail=shown), workflow("workflow_2")],
        project_id=PROJECT,
    )


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator that lets in unusual credentials."""
    return Emulator(library(), api_key="clé", api_secret="s:ë crét", bearer_tokens=["token-1", "token-2"])


@pytest.fixture
def talk(session: ClientSession, base_url: str) -> Talk:
    """Talk to it with a token."""
    return Talk(session, base_url, basic("clé", "s:ë crét"))


class TestRoutes:
    """What is served where."""

    @pytest.mark.parametrize("kind", KINDS)
    async def test_each_index_answers_a_post(self, talk: Talk, kind: str) -> None:
        """A search is a POST with a JSON body, answered in JSON."""
        reply = await talk.send("POST", f"search/{kind}", json={"query": ""})
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("application/json")
        assert reply.ids == [f"{kind[:-1]}_1", f"{kind[:-1]}_2"]

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_other_methods_are_refused_with_the_one_allowed(
        self, talk: Talk, kind: str, method: str
    ) -> None:
        """A 405 names the methods that would do."""
        reply = await talk.send(method, f"search/{kind}")
        assert reply.status == 405
        assert reply.headers["Allow"] == "POST"
        assert reply.body["name"] == "MethodNotAllowedError"

    @pytest.mark.parametrize("path", ["search", "search/jobs", "assets", "/search/assets", "/", "/assets/"])
    async def test_unknown_paths_are_not_found(self, talk: Talk, path: str) -> None:
        """A path that is none of the service's is a 404 in the service's shape."""
        reply = await talk.send("POST", path, json={"query": ""})
        assert reply.status == 404
        assert reply.body["name"] == "NotFoundError"
        assert reply.body["reason"] == "Not Found"

    async def test_a_picture_is_not_posted_to(self, talk: Talk) -> None:
        """Pictures are there to be read."""
        reply = await talk.send("POST", "/assets/asset_1")
        assert reply.status == 405
        assert "GET" in reply.headers["Allow"]

    async def test_a_body_just_below_six_megabytes_is_read(self, talk: Talk) -> None:
        """The largest body passes."""
        assert await talk.ids(query="knight", padding="x" * (6 * 2**20 - 100)) == ["asset_1"]

    async def test_a_larger_body_is_refused(self, talk: Talk) -> None:
        """One above six megabytes is a 413 in the service's shape."""
        reply = await talk.send("POST", "search/assets", json={"query": "x" * 6 * 2**20})
        assert reply.status == 413
        assert reply.body["name"] == "PayloadTooLargeError"
        assert reply.headers["x-request-id"] == reply.body["trace_id"]


class TestCompression:
    """Bodies in gzip, both ways."""

    async def send(self, talk: Talk, content: bytes, *, encoding: str = "gzip") -> Reply:
        """Search with a body in some encoding."""
        headers = {"Authorization": talk.authorization, "Content-Encoding": encoding}
        url = f"{talk.base_url}/search/assets"
        async with talk.session.post(url, data=BytesIO(content), headers=headers) as response:
            return Reply(response.status, response.headers, await response.read())

    @pytest.mark.parametrize(
        ("accepted", "encoding"),
        [
            ("gzip", "gzip"),
            ("deflate, GZip;q=0.5, br", "gzip"),
            ("identity", None),
            ("gzip;q=0, deflate", None),
            ("gzip; q=0.000", None),
            ("x-gzipped", None),
            ("", None),
        ],
    )
    async def test_a_large_reply_is_compressed_for_those_who_accept_it(
        self, talk: Talk, accepted: str, encoding: str | None
    ) -> None:
        """Its JSON is the same either way."""
        async with talk.session.post(
            f"{talk.base_url}/search/assets",
            json={"query": ""},
            headers={"Authorization": talk.authorization, "Accept-Encoding": accepted},
            auto_decompress=False,
        ) as response:
            content = await response.read()
        assert response.headers.get("Content-Encoding") == encoding
        assert int(response.headers["Content-Length"]) == len(content)
        page = loads(decompress(content) if encoding else content)
        assert [hit["id"] for hit in page["hits"]] == ["asset_1", "asset_2"]

    async def test_a_small_reply_is_not(self, talk: Talk) -> None:
        """Below a kilobyte it isn't worth it, and pictures are compressed already."""
        small = await talk.send("POST", "search/assets", json={"query": "nothing"})
        picture = await talk.picture("/assets/asset_1")
        assert "Content-Encoding" not in small.headers
        assert "Content-Encoding" not in picture.headers

    async def test_a_compressed_body_is_understood(self, talk: Talk, emulator: Emulator) -> None:
        """It is searched, and recorded decoded."""
        reply = await self.send(talk, compress(b'{"query": "knight"}'))
        assert reply.ids == ["asset_1"]
        assert emulator.requests[-1].body == {"query": "knight"}

    async def test_a_body_may_have_several_members(self, talk: Talk) -> None:
        """As any gzip file, with the limit for all together."""
        reply = await self.send(talk, compress(b'{"query": ') + compress(b'"knight"}'))
        assert reply.ids == ["asset_1"]
        reply = await self.send(talk, 2 * compress(b" " * (4 * 2**20)))
        assert reply.status == 413

    async def test_a_body_just_below_the_limit(self, talk: Talk) -> None:
        """The limit is that of the decoded body."""
        body = dumps({"query": "knight", "padding": "x" * (6 * 2**20 - 100)}).encode()
        assert (await self.send(talk, compress(body))).ids == ["asset_1"]

    async def test_a_bomb_is_refused(self, talk: Talk) -> None:
        """What decodes to more is a 413, and the connection serves on."""
        reply = await self.send(talk, gzip_bomb(100))
        assert (reply.status, reply.body["name"]) == (413, "PayloadTooLargeError")
        assert await talk.ids(query="knight") == ["asset_1"]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b'{"query": ""}', "The body is not gzip: Error -3"),
            (compress(b'{"query": ""}', mtime=0)[:-4], "The body is not gzip: it ends too early"),
            (b"", "The body is not gzip: it ends too early"),
            (compress(b'{"query": ""}', mtime=0) + b"zzz", "The body is not gzip: Error -3"),
            (
                compress(b'{"query"', mtime=0) + compress(b': ""}', mtime=0)[:-4],
                "The body is not gzip: it ends too early",
            ),
        ],
    )
    async def test_what_is_not_gzip_is_a_bad_request(
        self, talk: Talk, caplog: pytest.LogCaptureFixture, content: bytes, told: str
    ) -> None:
        """It says what is wrong, and is no fault of the emulator's."""
        reply = await self.send(talk, content)
        assert reply.status == 400
        assert reply.body["reason"].startswith(told)
        assert not caplog.records

    async def test_other_encodings_are_refused(self, talk: Talk) -> None:
        """A 415 names what was sent and what would do."""
        reply = await self.send(talk, b"{}", encoding="br")
        assert reply.status == 415
        assert reply.body["reason"] == "Content-Encoding br is not understood: it can be gzip"
        assert (await self.send(talk, b'{"query": "knight"}', encoding="identity")).ids == ["asset_1"]


class TestJson:
    """How replies are encoded."""

    @pytest.fixture(params=["orjson", "json"])
    def encoder(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
        """Encode with orjson, or as if it were not there."""
        if request.param == "json":
            monkeypatch.setitem(sys.modules, "orjson", None)
        else:
            pytest.importorskip("orjson")
        replies.encoder.cache_clear()
        yield
        replies.encoder.cache_clear()

    @pytest.mark.usefixtures("encoder")
    @pytest.mark.parametrize("value", ["é☃", "\ud800", 2**80, [1.5, None, True], {"a": {"b": []}}])
    def test_every_value_is_encoded(self, value: Any) -> None:
        """Whatever encodes it, it can be read again."""
        assert loads(replies.encoded(value)) == value


class TestReplies:
    """What every reply has."""

    async def test_each_reply_has_an_id_of_its_own(self, talk: Talk) -> None:
        """No two requests share an id, whatever the answer is."""
        replies = [
            await talk.send("POST", "search/assets", json={"query": ""}),
            await talk.send("POST", "search/assets", json={}),
            await talk.send("GET", "nowhere"),
            await talk.picture("/assets/asset_1"),
        ]
        assert len({reply.headers["x-request-id"] for reply in replies}) == 4

    @pytest.mark.parametrize(
        ("body", "status", "name"),
        [
            ({}, 400, "BadRequestError"),
            ({"image": "asset_unknown"}, 404, "NotFoundError"),
            ({"filter": "kind ENDS WITH e"}, 500, "InternalServerError"),
        ],
    )
    async def test_a_refusal_has_the_services_shape(
        self, talk: Talk, body: Any, status: int, name: str
    ) -> None:
        """It gives a reason, a name and the id of the request, and nothing else."""
        reply = await talk.send("POST", "search/assets", json=body)
        assert (reply.status, reply.body["name"]) == (status, name)
        assert set(reply.body) == {"reason", "name", "trace_id"}
        assert reply.body["trace_id"] == reply.headers["x-request-id"]
        assert reply.body["reason"]

    async def test_a_fault_of_the_emulator_is_a_logged_500(
        self, session: ClientSession, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What nobody foresaw is answered, and told to whoever runs the emulator."""

        class Faulty(dict[str, Any]):
            def items(self) -> Any:
                raise LookupError("of the tests")

        emulator = Emulator(Library([Faulty(asset("asset_1"))]))
        with caplog.at_level(logging.ERROR, "scenario_async.emulator"):
            async with emulator:
                reply = await Talk(session, emulator.base_url).send(
                    "POST", "search/assets", json={"query": ""}
                )
        assert reply.status == 500
        assert reply.body["reason"] == "Internal server error"
        assert "LookupError: of the tests" in caplog.text


class TestAuthentication:
    """Who is let in."""

    @pytest.mark.parametrize(
        "authorization",
        [
            basic("clé", "s:ë crét"),
            basic("clé", "s:ë crét").replace("Basic", "basic"),
            basic("clé", "s:ë crét").replace("Basic ", "BASIC  "),
            "Bearer token-1",
            "bearer token-2",
        ],
    )
    async def test_the_key_pair_and_the_tokens_are_let_in(self, talk: Talk, authorization: str) -> None:
        """Key pairs are UTF-8, a secret may hold a colon, and schemes have no case."""
        reply = await talk.send("POST", "search/assets", json={"query": ""}, authorization=authorization)
        assert reply.status == 200

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "",
            "Basic",
            "Basic ",
            basic("clé", "wrong"),
            basic("wrong", "s:ë crét"),
            basic("", ""),
            basic(),
            "Basic not*base64",
            "Basic \xff\xff",
            "Basic " + b64encode("clé:s:ë crét".encode("latin-1")).decode(),
            "Basic " + b64encode(b"no colon").decode(),
            "Digest username=emulator",
            "public-auth-token",
            basic("clé", "s:ë crét").partition(" ")[2],
        ],
    )
    @pytest.mark.parametrize("kind", KINDS)
    async def test_others_are_unauthorised(self, talk: Talk, kind: str, authorization: str | None) -> None:
        """No credentials, wrong ones and misshapen ones are a 401."""
        reply = await talk.send("POST", f"search/{kind}", json={"query": ""}, authorization=authorization)
        assert reply.status == 401
        assert reply.body["name"] == "UnauthorizedError"
        assert reply.body["reason"] == "Unauthorized"
        assert "x-amzn-errortype" not in reply.headers

    @pytest.mark.parametrize("token", ["token-3", "TOKEN-1", "", "token-1 token-2"])
    async def test_an_unknown_token_is_refused_by_the_gateway(self, talk: Talk, token: str) -> None:
        """It is a 403 with the header by which clients know that they must renew it."""
        reply = await talk.send("POST", "search/assets", json={"query": ""}, authorization=f"Bearer {token}")
        assert reply.status == 403
        assert reply.headers["x-amzn-errortype"] == "AccessDeniedException"
        assert reply.body["name"] == "ForbiddenError"

    async def test_credentials_are_checked_before_the_search(self, talk: Talk) -> None:
        """A stranger doesn't learn what is wrong with the body."""
        reply = await talk.send("POST", "search/assets", data=b"{", authorization=None)
        assert reply.status == 401

    async def test_the_usual_key_pair(self, session: ClientSession) -> None:
        """An emulator that was told nothing lets `emulator` in, with the secret `emulator`."""
        async with Emulator(library()) as emulator:
            assert await Talk(session, emulator.base_url).ids(query="") == ["asset_1", "asset_2"]


class TestUrl:
    """The parameters that travel in the URL."""

    @pytest.mark.parametrize("kind", KINDS)
    async def test_the_own_project_may_be_named(self, talk: Talk, kind: str) -> None:
        """The project of the library is the one that the key belongs to."""
        reply = await talk.send("POST", f"search/{kind}", json={"query": ""}, params={"projectId": PROJECT})
        assert len(reply.ids) == 2

    @pytest.mark.parametrize("project", ["proj_2", ""])
    async def test_another_project_is_forbidden(self, talk: Talk, project: str) -> None:
        """A project that is not the key's is a 403 that names it, and no matter of tokens."""
        reply = await talk.send("POST", "search/assets", json={"query": ""}, params={"projectId": project})
        assert reply.status == 403
        assert reply.body["reason"] == f"No access to the project {project}"
        assert "x-amzn-errortype" not in reply.headers

    @pytest.mark.parametrize(
        ("given", "folder"),
        [
            ({"other": "x"}, "assets-transform"),
            ({"originalAssets": "false"}, "assets-transform"),
            ({"originalAssets": "true"}, "assets"),
        ],
    )
    async def test_original_assets_chooses_the_address(
        self, talk: Talk, given: dict[str, str], folder: str
    ) -> None:
        """With `originalAssets`, pictures are those that nothing transformed; other hosts' stay as they are."""
        origin = talk.base_url.removesuffix("/v1")
        assets, models, workflows = [
            (await talk.send("POST", f"search/{kind}", json={"query": ""}, params=given)).body["hits"]
            for kind in KINDS
        ]
        assert assets[0]["url"] == f"{origin}/{folder}/asset_1?p=100"
        assert assets[1]["url"] == "https://elsewhere.example/assets-transform/asset_2"
        shown = {"assetId": "asset_1", "url": f"{origin}/{folder}/asset_1?p=100&Signature=s"}
        assert models[0]["thumbnail"] == shown
        assert models[1]["thumbnail"] is None
        assert [workflows[0][name] for name in ("before", "after", "thumbnail")] == [shown] * 3

    @pytest.mark.parametrize("given", ["True", "1", "", "yes"])
    async def test_original_assets_is_true_or_false(self, talk: Talk, given: str) -> None:
        """Anything else is a 400 that names the parameter."""
        reply = await talk.send("POST", "search/assets", json={"query": ""}, params={"originalAssets": given})
        assert (reply.status, reply.body["reason"]) == (400, '"originalAssets" must be a boolean')

    async def test_what_is_unknown_is_ignored(self, talk: Talk) -> None:
        """Neither a parameter of the URL nor a key of the body has to be known."""
        reply = await talk.send(
            "POST", "search/models", json={"query": "", "colour": 5}, params={"originalModels": "x", "a": ""}
        )
        assert reply.status == 200


class TestBody:
    """The rules of a search's body."""

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"query=knight", b"\xff\xfe\xfa", b'{"query": "a" "b"}', b"[" * 200_000]
    )
    async def test_a_body_is_json(self, talk: Talk, content: bytes) -> None:
        """What is not JSON is a 400 that says so."""
        reply = await talk.send("POST", "search/assets", data=content)
        assert reply.status == 400
        assert reply.body["reason"].startswith("The body is not JSON")

    @pytest.mark.parametrize("content", [b"[]", b'"query"', b"null", b"5"])
    async def test_a_body_is_an_object(self, talk: Talk, content: bytes) -> None:
        """Other JSON is a 400."""
        reply = await talk.send("POST", "search/assets", data=content)
        assert (reply.status, reply.body["reason"]) == (400, '"value" must be of type object')

    @pytest.mark.parametrize(
        ("kind", "body", "needed"),
        [
            *((kind, {}, "query, filter, image, images") for kind in WITH_PICTURES),
            ("assets", {"limit": 5, "public": True}, "query, filter, image, images"),
            ("workflows", {}, "query, filter"),
            ("workflows", {"image": "asset_1", "images": {"like": ["asset_1"]}}, "query, filter"),
        ],
    )
    async def test_a_search_has_a_subject(
        self, talk: Talk, kind: str, body: dict[str, Any], needed: str
    ) -> None:
        """Something must be searched for."""
        assert await talk.refusal(kind, **body) == f'"value" must contain at least one of [{needed}]'

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("body", [{"query": ""}, {"query": "?!"}, {"filter": ""}])
    async def test_an_empty_subject_finds_everything(
        self, talk: Talk, kind: str, body: dict[str, Any]
    ) -> None:
        """A query without a word, and a filter without a condition, exclude nothing."""
        assert len(await talk.ids(kind, **body)) == 2

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        ("body", "told"),
        RULES,
    )
    async def test_a_parameter_that_breaks_its_rule_is_named(
        self, talk: Talk, kind: str, body: dict[str, Any], told: str
    ) -> None:
        """Each rule has its message, in every index."""
        searched: dict[str, Any] = {"query": "", **body}
        assert await talk.refusal(kind, **searched) == told

    @pytest.mark.parametrize("kind", WITH_PICTURES)
    @pytest.mark.parametrize(
        ("body", "told"),
        PICTURE_RULES,
    )
    async def test_a_parameter_for_pictures_that_breaks_its_rule_is_named(
        self, talk: Talk, kind: str, body: dict[str, Any], told: str
    ) -> None:
        """So have the parameters that only assets and models know."""
        searched: dict[str, Any] = {"query": "", **body}
        assert await talk.refusal(kind, **searched) == told

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        "body",
        [
            {"limit": 1, "offset": 0},
            {"limit": 100.0, "offset": 0.0},
            {"page": 1, "hitsPerPage": 100},
            {"querySemanticRatio": 0},
            {"querySemanticRatio": 1},
            {"querySemanticRatio": 0.7, "sortBy": ["createdAt:desc"]},
            {"sortBy": []},
            {"sortBy": ["updatedAt:asc", "createdAt:desc"]},
            {"public": False},
        ],
    )
    async def test_what_keeps_the_rules_is_answered(
        self, talk: Talk, kind: str, body: dict[str, Any]
    ) -> None:
        """The ends of each range are inside it."""
        assert await talk.ids(kind, **{"query": "", **body})

    async def test_workflows_do_not_know_pictures(self, talk: Talk) -> None:
        """What only other indexes know is unknown there, and ignored."""
        assert len(await talk.ids("workflows", query="", image=5, images=5, imageSemanticRatio=5)) == 2


class TestRecordedRequests:
    """What the emulator remembers."""

    async def test_requests_are_kept_in_their_order(self, session: ClientSession) -> None:
        """Each has its method, path, query, headers and decoded body, whatever the answer was."""
        async with Emulator(library()) as emulator:
            talk = Talk(session, emulator.base_url)
            await talk.send(
                "POST", "search/assets", json={"query": "é"}, params={"projectId": PROJECT, "x": "1 2"}
            )
            await talk.send("POST", "search/models", json=[1])
            await talk.send("POST", "search/models", data=b"no JSON", authorization=None)
            await talk.send("POST", "search/assets", json={"query": "x" * 7 * 2**20})
            await talk.send("GET", "/thumbnails/asset_1?a=b")
            await talk.send("GET", "nowhere")
        assert [(kept.method, kept.path, kept.body) for kept in emulator.requests] == [
            ("POST", "/v1/search/assets", {"query": "é"}),
            ("POST", "/v1/search/models", [1]),
            ("POST", "/v1/search/models", None),
            ("POST", "/v1/search/assets", None),
            ("GET", "/thumbnails/asset_1", None),
            ("GET", "/v1/nowhere", None),
        ]
        first, *_ = emulator.requests
        assert dict(first.query) == {"projectId": PROJECT, "x": "1 2"}
        assert first.headers["authorization"] == basic()
        assert dict(emulator.requests[4].query) == {"a": "b"}

    async def test_the_answer_is_recorded_too(self, session: ClientSession) -> None:
        """Each has the status that was answered, and the fault that was met."""
        async with Emulator(library(), faults="ok, 503") as emulator:
            talk = Talk(session, emulator.base_url)
            for body in ({"query": ""}, {"query": ""}, {}):
                await talk.send("POST", "search/assets", json=body)
            await talk.send("POST", "search/assets", data=b"x" * 7 * 2**20)
            await talk.send("GET", "nowhere")
            await talk.picture("/assets/asset_1")
        assert [(kept.status, kept.fault) for kept in emulator.requests] == [
            (200, None),
            (503, "status"),
            (400, None),
            (413, None),
            (404, None),
            (200, None),
        ]

    async def test_the_newest_requests_are_kept(self, session: ClientSession) -> None:
        """The oldest are forgotten; what is left is a list, and can be cleared."""
        async with Emulator(library(), requests_kept=3) as emulator:
            talk = Talk(session, emulator.base_url)
            for number in range(5):
                await talk.ids(query=str(number))
            assert [kept.body["query"] for kept in emulator.requests] == ["2", "3", "4"]
            assert emulator.requests[-1].body == {"query": "4"}
            emulator.requests.clear()
            await talk.ids(query="5")
        assert [kept.body["query"] for kept in emulator.requests] == ["5"]

    async def test_none_need_be_kept(self, session: ClientSession) -> None:
        """Nought is a number too, and less is a mistake."""
        async with Emulator(library(), requests_kept=0) as emulator:
            await Talk(session, emulator.base_url).ids(query="")
        assert emulator.requests == []
        with pytest.raises(ValueError, match="requests_kept must be a number of requests from 0 up, not -1"):
            Emulator(library(), requests_kept=-1)

    async def test_a_record_is_changed_by_nobody(self, session: ClientSession) -> None:
        """What arrived stays as it was."""
        async with Emulator(library()) as emulator:
            await Talk(session, emulator.base_url).ids(query="")
        with pytest.raises(AttributeError):
            emulator.requests[0].path = "/elsewhere"

    async def test_a_recorded_request_does_not_show_credentials(self, session: ClientSession) -> None:
        """Its repr leaves the headers out."""
        async with Emulator(library()) as emulator:
            await Talk(session, emulator.base_url).ids(query="")
        assert basic() not in repr(emulator.requests)
        assert "'query': ''" in repr(emulator.requests)

    async def test_many_searches_at_once_are_all_answered(self, session: ClientSession) -> None:
        """Each is answered with its own, and all are remembered."""
        async with Emulator(library()) as emulator:
            talk = Talk(session, emulator.base_url)
            limits = [1 + number % 2 for number in range(60)]
            found = await asyncio.gather(*(talk.ids(query="", limit=limit) for limit in limits))
        assert [len(ids) for ids in found] == limits
        assert sorted(kept.body["limit"] for kept in emulator.requests) == sorted(limits)
