"""Searches as values: their keywords, their rules, and where each parameter travels."""

from __future__ import annotations

import base64
import inspect
import json
import math
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest
from support.declarations import undeclared

import scenario_async
from scenario_async import (
    AssetHit,
    AssetSearch,
    F,
    Images,
    InvalidSearchError,
    ModelHit,
    ModelSearch,
    ScenarioError,
    Search,
    WorkflowHit,
    WorkflowSearch,
)
from scenario_async._endpoints import Searches
from scenario_async._http.request import PreparedSearch, Request
from scenario_async._paging.position import Position
from scenario_async._support import checks
from scenario_async.searches import ENDPOINTS, parameter
from scenario_async.settings import Settings

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
COMMON = {
    "query", "filter", "query_semantic_ratio", "limit", "offset", "page", "hits_per_page", "public", "sort_by",
    "original_assets", "project_id", "extra_headers", "extra_query", "extra_body", "timeout", "deadline",
}  # fmt: skip
PICTURED = COMMON | {"image", "images", "image_semantic_ratio"}
KEYWORDS: dict[type[Search[Any]], set[str]] = {
    AssetSearch: PICTURED,
    ModelSearch: PICTURED | {"original_models"},
    WorkflowSearch: COMMON,
}
KINDS = list(KEYWORDS)


class Index:
    """A whole number of another library, as numpy has them."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __index__(self) -> int:
        return self.number


def request_of(search: Search[Any], **options: Any) -> Request:
    """Give the first request of a search, as `await` sends it."""
    settings = Settings(**cast("Any", {"api_key": "k", "api_secret": "s"} | options))
    return PreparedSearch.of(search, settings).at(Position.first(search, default_size=None).members())


def body_of(search: Search[Any], **options: Any) -> dict[str, Any]:
    """Give the JSON that a search sends."""
    body = request_of(search, **options).body
    assert body is not None
    return cast("dict[str, Any]", json.loads(body))


def query_of(search: Search[Any], **options: Any) -> dict[str, str]:
    """Give the URL's parameters of a search, each of which stands there once."""
    query = urlsplit(request_of(search, **options).url).query
    pairs = parse_qsl(query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def refused(build: Callable[[], object]) -> InvalidSearchError:
    """Give the error that building a search raises."""
    with pytest.raises(InvalidSearchError) as caught:
        build()
    return caught.value


@pytest.mark.parametrize("cls", KINDS)
def test_signature_names_every_parameter_as_keyword(cls: type[Search[Any]]) -> None:
    """`inspect` shows exactly the documented parameters, all optional and keyword-only."""
    parameters = inspect.signature(cls).parameters
    assert set(parameters) == KEYWORDS[cls]
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert {parameter.default for parameter in parameters.values()} == {None}


@pytest.mark.parametrize("cls", ENDPOINTS)
def test_every_parameter_is_declared_in_full(cls: type[Search[Any]]) -> None:
    """Each has words that the text shows, a way it travels, and a rule or a converter."""
    assert undeclared(cls, travels=True) == {}


def test_every_search_class_has_its_method() -> None:
    """A class that names its kind is an endpoint with a line in `Searches` and a public name; those of users are none."""

    @attrs.frozen(kw_only=True)
    class Own(WorkflowSearch):
        kind: ClassVar[str] = "own"

    methods = [each for each in vars(Searches).values() if hasattr(each, "search_class")]
    assert [each.search_class for each in methods] == ENDPOINTS
    assert [each.__name__ for each in methods] == [f"{cls.kind}_search" for cls in ENDPOINTS]
    assert Own not in ENDPOINTS
    assert set(KEYWORDS) == set(ENDPOINTS)  # above, what each takes
    for cls in ENDPOINTS:
        assert getattr(scenario_async, cls.__name__) is cls
        assert getattr(scenario_async, cls.hit_class.__name__) is cls.hit_class


def test_a_parameter_without_words_way_or_rule_is_noticed() -> None:
    """Such as one that the service gets, and that somebody adds."""

    @attrs.frozen(kw_only=True)
    class Wider(WorkflowSearch):
        bare: Any = None
        lawless: Any = attrs.field(default=None, metadata=parameter("anything.", None))
        stray: Any = attrs.field(default=None, metadata=checks.declared("anything.", checks.text))

    assert undeclared(Wider, travels=True) == {
        "bare": ["words", "rule", "way"], "lawless": ["rule"], "stray": ["way"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "name"), [(cls, field.name) for cls in ENDPOINTS for field in attrs.fields(cls)]
)
def test_every_parameter_refuses_what_is_nothing_to_it(cls: type[Search[Any]], name: str) -> None:
    """An object of no kind is refused by the parameter's name."""
    assert refused(lambda: cls(**cast("Any", {"query": "x"} | {name: object()}))).parameter == name


@pytest.mark.parametrize("cls", KINDS)
def test_unknown_and_positional_arguments_are_type_errors(cls: type[Search[Any]]) -> None:
    """A misspelt parameter is no silent nothing."""
    build = cast("Callable[..., object]", cls)
    with pytest.raises(TypeError, match="qurey"):
        build(query="x", qurey="y")
    with pytest.raises(TypeError, match="positional"):
        build("x")


@pytest.mark.parametrize(
    ("cls", "path", "hit_class"),
    [
        (AssetSearch, "/search/assets", AssetHit),
        (ModelSearch, "/search/models", ModelHit),
        (WorkflowSearch, "/search/workflows", WorkflowHit),
    ],
)
def test_each_kind_has_its_endpoint(cls: type[Search[Any]], path: str, hit_class: type) -> None:
    """Every request is a POST of JSON to the kind's path below the base URL."""
    request = request_of(cls(query="x"), base_url="https://api.example.com/v1/")
    assert (request.method, request.url) == ("POST", "https://api.example.com/v1" + path)
    assert request.headers["content-type"] == "application/json"
    assert cls.hit_class is hit_class


BODY_MEMBERS: list[tuple[str, Any, str, Any]] = [
    ("query", 'a "cat" \\ \n 🐈', "query", 'a "cat" \\ \n 🐈'),
    ("query", "", "query", ""),
    ("filter", "width >= 5", "filter", "width >= 5"),
    ("filter", F.created_at >= "2024-01-01", "filter", 'createdAt >= "2024-01-01"'),
    ("query_semantic_ratio", 0, "querySemanticRatio", 0),
    ("query_semantic_ratio", 0.25, "querySemanticRatio", 0.25),
    ("query_semantic_ratio", 1, "querySemanticRatio", 1),
    ("query_semantic_ratio", Fraction(1, 2), "querySemanticRatio", 0.5),
    ("public", True, "public", True),
    ("public", False, "public", False),
    ("sort_by", ["createdAt:desc", "a.b-c_d:asc"], "sortBy", ["createdAt:desc", "a.b-c_d:asc"]),
    ("sort_by", ("createdAt:asc",), "sortBy", ["createdAt:asc"]),
    ("sort_by", "createdAt:desc", "sortBy", ["createdAt:desc"]),
    ("sort_by", F.created_at.desc(), "sortBy", ["createdAt:desc"]),
    ("sort_by", [F.width.asc(), "createdAt:desc"], "sortBy", ["width:asc", "createdAt:desc"]),
    ("sort_by", F["a.b-c_d"].asc(), "sortBy", ["a.b-c_d:asc"]),
    ("image", "asset_1", "image", "asset_1"),
    ("image", PNG_URL, "image", PNG_URL),
    ("image", PNG, "image", PNG_URL),
    ("images", {"like": ["asset_1"]}, "images", {"like": ["asset_1"]}),
    ("images", {"unlike": [PNG]}, "images", {"unlike": [PNG_URL]}),
    ("images", Images(like=[PNG], unlike=["a", "b"]), "images", {"like": [PNG_URL], "unlike": ["a", "b"]}),
    ("image_semantic_ratio", 0, "imageSemanticRatio", 0),
    ("image_semantic_ratio", 0.75, "imageSemanticRatio", 0.75),
]


@pytest.mark.parametrize(("name", "value", "member", "sent"), BODY_MEMBERS)
def test_parameter_travels_in_the_body(name: str, value: Any, member: str, sent: Any) -> None:
    """A parameter is one member of the body, under the service's name, and nothing else is sent."""
    needed = {} if name in ("query", "filter", "image", "images") else {"query": "x"}
    search = AssetSearch(**cast("Any", needed | {name: value}))
    assert body_of(search) == needed | {member: sent}
    assert query_of(search) == {}


@pytest.mark.parametrize(
    ("name", "value", "wire", "sent"),
    [
        ("original_assets", True, "originalAssets", "true"),
        ("original_assets", False, "originalAssets", "false"),
        ("project_id", "proj_1 &=ä", "projectId", "proj_1 &=ä"),
    ],
)
def test_parameter_travels_in_the_url(name: str, value: Any, wire: str, sent: str) -> None:
    """Some parameters are the URL's, and not the body's."""
    search = WorkflowSearch(query="x", **cast("Any", {name: value}))
    assert query_of(search) == {wire: sent}
    assert body_of(search) == {"query": "x"}


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, "true"),
        (False, "false"),
        ("some text", "some text"),
        (0, "0"),
        (1.5, "1.5"),
        ([1, "a"], '[1,"a"]'),
        ({"a": True}, '{"a":true}'),
    ],
)
def test_original_models_travels_as_text_or_json(value: object, sent: str) -> None:
    """A bool is `true` or `false`, a text itself, anything else JSON."""
    search = ModelSearch(query="x", original_models=value)
    assert query_of(search) == {"originalModels": sent}
    assert body_of(search) == {"query": "x"}


@pytest.mark.parametrize("cls", KINDS)
def test_none_counts_as_not_given(cls: type[Search[Any]]) -> None:
    """Every parameter may be None, and then nothing of it is sent."""
    search = cls(**cast("Any", dict.fromkeys(KEYWORDS[cls]) | {"query": "x"}))
    assert search == cls(query="x")
    assert body_of(search) == {"query": "x"}
    assert query_of(search) == {}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"limit": 5}, {"limit": 5, "offset": 0}),
        ({"offset": 5}, {"limit": 100, "offset": 5}),
        ({"offset": 0}, {"limit": 100, "offset": 0}),
        ({"limit": 7, "offset": 14}, {"limit": 7, "offset": 14}),
        ({"hits_per_page": 5}, {"hitsPerPage": 5, "page": 1}),
        ({"page": 3}, {"hitsPerPage": 100, "page": 3}),
        ({"page": 3, "hits_per_page": 9}, {"hitsPerPage": 9, "page": 3}),
        ({"limit": 100_000}, {"limit": 100_000, "offset": 0}),
        ({"hits_per_page": 101}, {"hitsPerPage": 101, "page": 1}),
        ({"limit": Index(3), "offset": Index(0)}, {"limit": 3, "offset": 0}),
    ],
)
def test_paging_parameters_get_their_companions(given: dict[str, Any], sent: dict[str, int]) -> None:
    """A lone paging parameter travels with its companion, and there is no upper bound here."""
    assert body_of(AssetSearch(query="x", **given)) == {"query": "x"} | sent


@pytest.mark.parametrize("by_offset", ["limit", "offset"])
@pytest.mark.parametrize("by_page", ["page", "hits_per_page"])
def test_two_ways_of_paging_exclude_each_other(by_offset: str, by_page: str) -> None:
    """Mixing them names both parameters, both values and the rule."""
    error = refused(lambda: WorkflowSearch(query="x", **cast("Any", {by_offset: 11, by_page: 12})))
    assert error.parameter in (by_offset, by_page)
    for part in (by_offset, by_page, "11", "12", "exclude"):
        assert part in str(error)


@pytest.mark.parametrize(
    ("cls", "needed"),
    [
        (AssetSearch, ["query", "filter", "image", "images"]),
        (ModelSearch, ["query", "filter", "image", "images"]),
        (WorkflowSearch, ["query", "filter"]),
    ],
)
def test_a_search_for_nothing_is_refused(cls: type[Search[Any]], needed: list[str]) -> None:
    """A bare search, or one with side conditions only, names all that would do."""
    for given in ({}, {"limit": 5}, {"public": True}, {"project_id": "p"}, {"extra_query": {"a": 1}}):
        error = refused(partial(cls, **cast("Any", given)))
        assert all(name in str(error) for name in [*needed, "at least one"])
        assert ("image" in str(error)) == ("image" in needed)


@pytest.mark.parametrize("extra", [{}, {"query": "x"}, {"somethingNew": [1]}])
def test_extra_body_stands_in_for_what_to_search(extra: dict[str, Any]) -> None:
    """Whoever writes the body by hand may leave out the rest."""
    assert body_of(ModelSearch(extra_body=extra)) == extra


@pytest.mark.parametrize("cls", [AssetSearch, ModelSearch])
def test_image_and_images_exclude_each_other(cls: type[AssetSearch | ModelSearch]) -> None:
    """Both at once are refused, with both named and no picture shown."""
    error = refused(lambda: cls(image=PNG, images={"like": ["asset_7"]}))
    assert error.parameter in ("image", "images")
    for part in ("image", "images", "asset_7", "exclude"):
        assert part in str(error)
    assert base64.b64encode(PNG).decode() not in str(error)


NO_NUMBERS: list[object] = ["5", True, 2.5]
RATIOS = ["query_semantic_ratio", "image_semantic_ratio"]
REFUSALS: list[tuple[str, object, str]] = [
    *((name, value, "1 or more") for name in ("limit", "page", "hits_per_page") for value in (0, -3)),
    ("offset", -1, "0 or more"),
    *(
        (name, value, "must be an int")
        for name in ("limit", "offset", "page", "hits_per_page")
        for value in NO_NUMBERS
    ),
    *((name, value, "0 and 1") for name in RATIOS for value in (-0.1, 1.1, math.nan, math.inf)),
    *((name, value, "must be a number") for name in RATIOS for value in ("0.5", True)),
    *((name, value, "above 0") for name in ("timeout", "deadline") for value in (0, -1, math.inf, math.nan)),
    *((name, value, "must be a number") for name in ("timeout", "deadline") for value in ("1", True)),
    *((name, value, "True or False") for name in ("public", "original_assets") for value in (1, 0, "true")),
    *((name, value, "must be a str") for name in ("query", "project_id") for value in (5, b"x")),
    *((name, "a\ud800b", "surrogate") for name in ("query", "filter", "project_id")),
    *(
        ("sort_by", [value], "attribute:asc")
        for value in ("createdAt", "createdAt:down", ":asc", "a b:asc", "createdAt:DESC", "a:asc\n", 5, None)
    ),
    *(("sort_by", value, "attribute:asc") for value in ("", "createdAt", "a:asc,b:asc", "created_at")),
    ("sort_by", 5, "sequence"),
    ("sort_by", {"a:asc"}, "sequence"),
    *(("sort_by", value, "F.created_at.desc()") for value in (F.width, [F.width])),
    *(("sort_by", value, "'createdAt:desc'") for value in ("created_at:desc", ["a:asc", "created_at:desc"])),
    ("sort_by", F["training_images_number"].asc(), "'trainingImagesNumber:asc'"),
]


@pytest.mark.parametrize(("name", "value", "rule"), REFUSALS)
def test_refusal_names_parameter_value_and_rule(name: str, value: object, rule: str) -> None:
    """What breaks a rule is refused before any request, with all that is needed to mend it."""
    error = refused(lambda: ModelSearch(**cast("Any", {"query": "x"} | {name: value})))
    shown: object = value
    if name == "sort_by" and isinstance(value, list):
        shown = cast("list[object]", value)[-1]
    assert isinstance(error, ScenarioError)
    assert isinstance(error, ValueError)
    assert error.parameter == name
    assert name in str(error)
    assert rule in str(error)
    assert repr(shown) in str(error) or str(shown) in str(error)


def test_one_order_is_the_same_search_as_a_list_of_it() -> None:
    """So a token taken of the one goes on with the other, and either pickles as plain texts."""

    class Loud(str):
        """A text of a class of its own."""

        __slots__ = ()

    search = AssetSearch(query="x", sort_by="createdAt:desc")
    for same in (["createdAt:desc"], F.created_at.desc(), Loud("createdAt:desc"), [Loud("createdAt:desc")]):
        assert AssetSearch(query="x", sort_by=same) == search
        assert [type(order) for order in AssetSearch(query="x", sort_by=same).sort_by or ()] == [str]


def test_long_values_are_shown_in_part() -> None:
    """A refusal stays readable, whatever was given."""
    message = str(refused(lambda: WorkflowSearch(query="x", limit=cast("Any", "long" * 1000))))
    assert "limit is 'longlong" in message
    assert len(message) < 200


@pytest.mark.parametrize("value", [object(), {1, 2}, math.nan, b"x", {"a": math.inf}])
def test_original_models_must_be_json(value: object) -> None:
    """What JSON cannot carry is refused at the call."""
    error = refused(lambda: ModelSearch(query="x", original_models=value))
    assert error.parameter == "original_models"
    assert "JSON" in str(error)


@pytest.mark.parametrize("key", ["limit", "offset", "page", "hitsPerPage"])
def test_paging_keys_are_refused_in_extra_body(key: str) -> None:
    """Paging by hand would break paging."""
    error = refused(lambda: WorkflowSearch(query="x", extra_body={key: 1}))
    assert error.parameter == "extra_body"
    assert repr(key) in str(error)
    assert "paging" in str(error)


def nested(levels: int) -> list[Any]:
    """Give lists within lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extra_body", {"x": object()}),
        ("extra_body", {"x": math.nan}),
        ("extra_body", {"x": "\ud800"}),
        ("extra_body", [("x", 1)]),
        ("extra_body", {"x": iter("ab")}),
        ("extra_body", {"x": nested(700)}),
        ("extra_body", {"x": nested(5000)}),
        ("extra_query", "a=1"),
        ("extra_headers", {"a b": "x"}),
        ("extra_headers", {"a": "x\r\ny: z"}),
        ("extra_headers", {"a": 5}),
        ("extra_headers", {"a": "\ud800"}),
        ("extra_headers", ["a: b"]),
    ],
)
def test_extra_mappings_are_checked(name: str, value: object) -> None:
    """What cannot travel is refused under the parameter's name."""
    error = refused(lambda: WorkflowSearch(query="x", **cast("Any", {name: value})))
    assert error.parameter == name
    assert name in str(error)


def test_keys_of_extra_mappings_are_texts() -> None:
    """A key that is no text is refused by its mapping's name."""
    for name in ("extra_body", "extra_query", "extra_headers"):
        error = refused(partial(WorkflowSearch, query="x", **cast("Any", {name: {5: "x"}})))
        assert name in str(error)
        assert "5" in str(error)


def test_refused_header_value_is_not_shown() -> None:
    """A header may be a secret, so its value stands in no message."""
    error = refused(lambda: WorkflowSearch(query="x", extra_headers={"x-key": "s3cr3t\n"}))
    assert "x-key" in str(error)
    assert "s3cr3t" not in str(error)


def test_extras_are_merged_last_and_win() -> None:
    """Extra headers, parameters and members replace those of the search and of the client."""
    search = AssetSearch(
        query="x",
        public=True,
        project_id="own",
        extra_headers={"Content-Type": "application/vnd.new+json", "X-Both": "search"},
        extra_query={"projectId": "extra", "several": [1, "b", True], "both": "search", "gone": None},
        extra_body={"query": "y", "new": {"a": None}},
    )
    options: dict[str, Any] = {
        "default_headers": {"x-both": "client", "x-client": "1"},
        "default_query": {"both": "client", "gone": "client", "c": 1},
        "project_id": "client",
    }
    request = request_of(search, **options)
    assert body_of(search, **options) == {"query": "y", "public": True, "new": {"a": None}}
    assert query_of(search, **options) == {
        "projectId": "extra", "several": "1,b,true", "both": "search", "c": "1",
    }  # fmt: skip
    assert request.headers["content-type"] == "application/vnd.new+json"
    assert request.headers["x-both"] == "search"
    assert request.headers["x-client"] == "1"


@pytest.mark.parametrize(
    ("own", "client", "sent"),
    [(None, None, None), (None, "client", "client"), ("own", "client", "own"), ("own", None, "own")],
)
def test_own_project_beats_the_clients(own: str | None, client: str | None, sent: str | None) -> None:
    """`projectId` in the URL is the search's, else the client's, else absent."""
    assert query_of(WorkflowSearch(query="x", project_id=own), project_id=client).get("projectId") == sent


def test_timeout_and_deadline_stay_at_home() -> None:
    """They direct the call and do not travel."""
    search = WorkflowSearch(query="x", timeout=5, deadline=7.5)
    request = request_of(search)
    assert (request.timeout, request.deadline) == (5, 7.5)
    assert body_of(search) == {"query": "x"}
    assert query_of(search) == {}


def test_later_pages_differ_in_their_place_only() -> None:
    """The body of another page has the same members and another position."""
    search = AssetSearch(query="x", extra_body={"new": 1})
    prepared = PreparedSearch.of(search, Settings(api_key="k", api_secret="s"))
    later = prepared.at({"limit": 100, "offset": 200})
    assert json.loads(later.body or b"") == {"query": "x", "new": 1, "limit": 100, "offset": 200}
    by_page = prepared.at({"page": 3, "hitsPerPage": 10})
    assert json.loads(by_page.body or b"") == {"query": "x", "new": 1, "page": 3, "hitsPerPage": 10}


@pytest.mark.parametrize("cls", KINDS)
def test_searches_are_frozen_values(cls: type[Search[Any]]) -> None:
    """Equal parameters make equal searches with equal hashes, and nothing changes afterwards."""
    search, other = cls(query="x", limit=5), cls(query="x", limit=5)
    assert search == other
    assert hash(search) == hash(other)
    assert search != cls(query="x", limit=6)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        cast("Any", search).query = "y"
    assert attrs.evolve(search, query="y") == cls(query="y", limit=5)


def test_a_mapping_given_is_copied() -> None:
    """What happens to the caller's mapping later does not reach the search."""
    extra = {"a": 1}
    search = WorkflowSearch(extra_body=extra)
    extra["b"] = 2
    assert body_of(search) == {"a": 1}


def test_a_file_is_read_once_and_at_once(tmp_path: pathlib.Path) -> None:
    """A picture's file is read when the search is built, and never again."""
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    search = AssetSearch(image=path, query="x")
    path.unlink()
    assert body_of(search)["image"] == PNG_URL
    assert attrs.evolve(search, query="y").image == PNG_URL


def test_repr_hides_pictures_and_extras() -> None:
    """A search prints what it looks for, but no picture and no value of the extras."""
    search = AssetSearch(
        query="find me", image=PNG,
        extra_headers={"x-key": "s3cr3t-1"}, extra_query={"token": "s3cr3t-2"}, extra_body={"b": "s3cr3t-3"},
    )  # fmt: skip
    several = AssetSearch(images={"like": [PNG, "asset_1"], "unlike": [PNG]})
    assert "find me" in repr(search)
    assert "x-key" in repr(search)
    assert "asset_1" in repr(several)
    for text in (repr(search), repr(several), str(search)):
        assert "s3cr3t" not in text
        assert base64.b64encode(PNG).decode() not in text
        assert "pixels" not in text


@pytest.mark.parametrize(
    "search",
    [
        AssetSearch(query="x", filter=F.width > 5, sort_by=["createdAt:asc"], limit=3, public=False),
        AssetSearch(images=Images(like=[PNG], unlike=["asset_1"]), image_semantic_ratio=0.5),
        ModelSearch(image=PNG, original_models={"a": [1]}, page=2),
        WorkflowSearch(extra_body={"a": {"b": 1}}, extra_headers={"x": "y"}, extra_query={"z": [1]}),
    ],
)
def test_searches_pickle(search: Search[Any], repickle: Callable[[Any], Any]) -> None:
    """A search sends the same after a pickle."""
    copied = repickle(search)
    assert copied == search
    assert request_of(copied) == request_of(search)


def test_truth_of_numpy_is_truth() -> None:
    """A boolean of a data frame is one; its numbers are not."""
    numpy: Any = pytest.importorskip("numpy")
    assert AssetSearch(query="a", public=numpy.bool_(1)).public is True
    assert AssetSearch(query="a", public=numpy.bool_(0)).public is False
    with pytest.raises(InvalidSearchError, match="public is 1, but it must be True or False"):
        AssetSearch(query="a", public=numpy.int64(1))
