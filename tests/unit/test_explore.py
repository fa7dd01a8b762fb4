"""The rooms of the explorer by themselves: conditions, parameters, errors in words, the quota, code."""

from __future__ import annotations

import ast
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.hits import asset

from scenario_async import (
    AssetHit,
    AssetSearch,
    F,
    Filter,
    Images,
    InvalidSearchError,
    ModelSearch,
    RateLimit,
    WorkflowSearch,
)
from scenario_async.errors import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PlanLimitError,
    RateLimitError,
)
from scenario_async.events import RequestEvent, RetryEvent
from scenario_async.explore import conditions, page, parameters
from scenario_async.explore.asking import Question, paged
from scenario_async.explore.code import program_of_picks, programs_of
from scenario_async.explore.finds import Pictures
from scenario_async.explore.guard import Guard
from scenario_async.explore.meter import Meter
from scenario_async.explore.page import DESIGN
from scenario_async.explore.words import told
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from scenario_async.searches import Search

PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.mark.parametrize("search_class", ENDPOINTS)
def test_every_parameter_is_in_the_page(search_class: type[Search[Any]]) -> None:
    """By its class alone: each has a place of its own, or a row with words."""
    rows = {each.name: each for each in parameters.parameters_of(search_class)}
    assert rows.keys() | (parameters.BY_ITSELF & {each.name for each in attrs.fields(search_class)}) == {
        each.name for each in attrs.fields(search_class)
    }
    assert all("`" not in each.words and not each.words[0].islower() for each in rows.values())


def test_parameters_are_typed_into_what_fits() -> None:
    """Numbers, switches, lists, JSON, texts."""
    controls = {each.name: each.control for each in parameters.parameters_of(ModelSearch)}
    assert controls["query_semantic_ratio"] == controls["limit"] == controls["timeout"] == "number"
    assert controls["public"] == controls["original_assets"] == "switch"
    assert controls["sort_by"] == "list"
    assert controls["extra_body"] == controls["original_models"] == "json"
    assert controls["project_id"] == "text"


def test_what_is_typed_is_read() -> None:
    """Numbers, booleans and JSON are what they read as; texts stay texts; blanks count as nothing."""
    typed = {
        "limit": ["5"], "public": ["true"], "query_semantic_ratio": ["0.5"], "project_id": ["5"], "page": [" "],
        "sort_by": ["createdAt:desc, width:asc"], "extra_body": ['{"a": 1}'], "unknown": ["1"], "original_models": ["yes"],
    }  # fmt: skip
    assert parameters.keywords_of(ModelSearch, typed) == {
        "limit": 5, "public": True, "query_semantic_ratio": 0.5, "project_id": "5",
        "sort_by": ["createdAt:desc", "width:asc"], "extra_body": {"a": 1}, "original_models": "yes",
    }  # fmt: skip
    with pytest.raises(InvalidSearchError, match=r"extra_body .* must be JSON"):
        parameters.keywords_of(ModelSearch, {"extra_body": ["{a"]})


def test_attributes_are_those_of_the_hits() -> None:
    """Of what the service documents."""
    assert "capabilities" in parameters.attributes_of(ModelSearch)
    assert "capabilities" not in parameters.attributes_of(AssetSearch)
    assert {"kind", "width", "createdAt", "modelId"} <= {*parameters.attributes_of(AssetSearch)}


@pytest.mark.parametrize(
    ("what", "chosen", "expected"),
    [
        ("asset", {"kind": ["image"], "tag": ['a"b', "c"]}, 'kind = "image" AND (tags = "a\\"b" OR tags = "c")'),
        ("asset", {"kind": ["other"]}, "NOT kind EXISTS"),
        ("asset", {"model": ["m"]}, 'modelId = "m" OR baseModelId = "m"'),
        ("model", {"model": ["m"]}, 'parentModelId = "m"'),
        ("asset", {"size": ["more"]}, "width > 2048 OR height > 2048"),
        ("asset", {"size": ["1024"]}, "(width > 512 OR height > 512) AND width <= 1024 AND height <= 1024"),
        ("asset", {"date": ["2025-11"]}, 'createdAt >= "2025-11-01" AND createdAt < "2025-12-01"'),
        ("workflow", {"status": ["ready"], "unknown": ["x"], "tag": []}, 'status = "ready"'),
    ],
)  # fmt: skip
def test_facets(what: str, chosen: dict[str, list[str]], expected: str) -> None:
    """Each is a condition, joined with AND."""
    assert str(conditions.every(conditions.of_facets(what, chosen))) == expected


def test_facets_that_make_no_sense() -> None:
    """A month that is none is refused, and so is one that no calendar has or ends."""
    for month in ("2025-13", "0000-01", "9999-12", "2025-1", "2025-W01", "\u0662\u0660\u0662\u0665-12"):
        with pytest.raises(InvalidSearchError, match="it must be a month"):
            conditions.of_facets("asset", {"date": [month]})


def test_a_filter_that_reaches_out_is_refused_beside_choices() -> None:
    """As it is by itself: joined, it would say something else; the page shows that it is the filter."""
    typed = {"filter": ["kind = image) OR (kind = video"]}
    assert asked(given=typed).filter == typed["filter"][0]
    with pytest.raises(InvalidSearchError, match="character 13 closes none") as caught:
        asked(given=typed, facets={"kind": ["video"]})
    assert told(caught.value)["filter"] == {}


def test_the_page_knows_the_order() -> None:
    """Where nothing is asked for, the newest come first; what is asked for goes before."""

    def order(**given: Any) -> str | None:
        return Question({"what": "asset", **given}, Pictures().travelling).sort

    assert order() == order(query=" ", sort="found") == "newest"
    assert order(sort="oldest") == order(query="a", sort="oldest") == "oldest"
    assert order(query="a") is order(facets={"kind": ["image"]}) is order(query="a", sort=["newest"]) is None


@pytest.mark.parametrize(
    ("attribute", "sign", "value", "expected"),
    [
        ("width", ">=", "1024", "width >= 1024"),
        ("guidance", "<", "7.5", "guidance < 7.5"),
        ("seed", "=", "42", 'seed = "42"'),
        ("prompt", "CONTAINS", "a", 'prompt CONTAINS "a"'),
        ("name", "STARTS WITH", "a", 'name STARTS WITH "a"'),
        ("tags", "IS EMPTY", "", "tags IS EMPTY"),
        ("kind", "EXISTS", "", "kind EXISTS"),
        ("size", "=", "9" * 400, f'size = "{"9" * 400}"'),
    ],
)
def test_conditions_of_the_builder(attribute: str, sign: str, value: str, expected: str) -> None:
    """Numbers as numbers, but for seeds, and for what is larger than any number."""
    assert str(conditions.condition(attribute, sign, value)) == expected


@pytest.mark.parametrize(
    ("text", "join", "expected"),
    [
        ("", "and", "kind = 1"),
        (" ", "and not", "NOT kind = 1"),
        ("a = 1 AND b = 2", "and", "a = 1 AND b = 2 AND kind = 1"),
        ("a = 1 OR b = 2", "and", "(a = 1 OR b = 2) AND kind = 1"),
        ("a = 'x OR y'", "and not", "a = 'x OR y' AND NOT kind = 1"),
        ("a = 1", "or", "a = 1 OR kind = 1"),
    ],
)
def test_conditions_are_added(text: str, join: str, expected: str) -> None:
    """In parentheses only where they are needed."""
    assert conditions.added(text, F.kind == 1, join) == expected


def test_an_operator_that_there_is_not() -> None:
    """Is refused."""
    with pytest.raises(InvalidSearchError, match="operator"):
        conditions.condition("kind", "~", "x")


def asked(**given: Any) -> Search[Any]:
    """Give the search of a question."""
    return Question({"what": "asset", **given}, Pictures().travelling).search()


def test_questions_are_searches() -> None:
    """Whatever shape they have: what is none is refused, what is odd is left out."""
    assert asked(query=" knight ") == AssetSearch(query="knight")
    assert asked(like=["asset_1"]) == AssetSearch(image="asset_1")
    assert asked(like=["asset_1"], unlike=["asset_2"]) == AssetSearch(
        images=Images(like=["asset_1"], unlike=["asset_2"])
    )
    assert asked(what="workflow", query="a", like=["asset_1"]) == WorkflowSearch(query="a")
    assert asked(query="a", facets={"kind": "image"}, given=[], like="x", sort=["newest"]) == AssetSearch(
        query="a"
    )
    assert asked(sort="oldest") == AssetSearch(filter=str(conditions.EVERYTHING), sort_by=["createdAt:asc"])
    assert asked(query="a", given={"sort_by": ["width:asc"]}, sort="newest").sort_by == ("width:asc",)
    for what in ("assets", None, ["asset"]):
        with pytest.raises(InvalidSearchError, match="what"):
            asked(what=what)


def test_pages_of_a_question() -> None:
    """The first is as large as can be, unless it is said how large; then where the page before ended."""
    assert paged(AssetSearch(query="a"), None).limit == 100
    assert paged(AssetSearch(query="a", hits_per_page=5), None).limit is None
    assert paged(AssetSearch(query="a"), {"offset": 7, "limit": 7, "query": "b"}) == AssetSearch(
        query="a", offset=7, limit=7
    )


def test_pictures_are_kept_for_a_while() -> None:
    """By names that no id has; what is none is refused, and so is one that is gone."""
    pictures = Pictures()
    name = pictures.keep(PNG)
    assert pictures.travelling(name).startswith("data:image/png;base64,")
    assert pictures.travelling("asset_1") == "asset_1"
    for number in range(40):
        pictures.keep(PNG + str(number).encode())
    with pytest.raises(InvalidSearchError, match="drop it again"):
        pictures.travelling(name)
    with pytest.raises(InvalidSearchError, match="no image that we know"):
        pictures.keep(b"text")


FILTER = 'kind == "image" AND width > 5'


@pytest.mark.parametrize(
    ("reason", "place"),
    [
        ("Invalid filter: unexpected '=' at line 1, column 7", {"at": 6, "length": 1}),
        (f"Was expecting a value but instead got `=`.\n7:8 {FILTER}", {"at": 6, "length": 1}),
        (f"Invalid syntax for the filter parameter: `x`.\n17:30 {FILTER}", {"at": 16, "length": 13}),
        ("Invalid filter: unexpected end at line 1, column 900", {"at": len(FILTER), "length": 1}),
        ("Invalid filter: something else", {}),
    ],
)
def test_the_place_in_a_filter(reason: str, place: dict[str, int]) -> None:
    """As the emulator tells it, and as the service's engine does; without one, none."""
    error = BadRequestError(f"400 {reason}", status_code=400, body={"reason": reason})
    assert told(error, FILTER)["filter"] == {"text": FILTER, **place}


def test_places_in_lines() -> None:
    """Are counted over the lines before."""
    error = BadRequestError("Invalid filter: at line 2, column 3", status_code=400)
    assert told(error, "a = 1\nAND b")["filter"]["at"] == 8


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthenticationError("x", status_code=401), "does not know this key"),
        (PlanLimitError("x", status_code=429), "no more of this"),
        (RateLimitError("x", status_code=429, retry_after=5), "Too many requests"),
        (InternalServerError("x", status_code=503), "The service failed"),
        (NotFoundError("x", status_code=404), "does not know this"),
        (ConflictError("x", status_code=409), "refuses this"),
        (APIConnectionError("x"), "cannot be reached"),
        (InvalidSearchError("x", parameter="limit"), "cannot be searched for"),
    ],
)
def test_errors_in_words(error: Any, words: str) -> None:
    """Each kind has its own; no filter is blamed for what is none of it."""
    found = told(error, FILTER)
    assert words in found["what"]
    assert "filter" not in found
    assert found["parameter"] == getattr(error, "parameter", "")


def test_the_meter() -> None:
    """Counts what went out within the window, and knows of waits that the service asked for."""
    now = [100.0]
    meter = Meter(RateLimit(10, per=60), lambda: now[0])
    event = RequestEvent(method="POST", url="u", attempt=1)
    for _ in range(3):
        meter.hooks["on_request"](event)
    assert meter.state() == {"used": 3, "of": 10, "seconds": 60.0, "wait": 0.0}
    error = RateLimitError("x", status_code=429)
    meter.hooks["on_retry"](RetryEvent(method="POST", url="u", attempt=1, error=error, wait=7))
    meter.hooks["on_retry"](
        RetryEvent(method="POST", url="u", attempt=1, error=APIConnectionError("x"), wait=30)
    )
    assert meter.state()["wait"] == 7
    now[0] += 60
    assert meter.state() == {"used": 0, "of": 10, "seconds": 60.0, "wait": 0.0}


def test_the_guard_keeps_its_token_to_itself() -> None:
    """It does not print, and each has another."""
    one, other = Guard(80), Guard(80)
    assert one.address != other.address
    assert one.address.split("/")[3] not in repr(one)
    assert one.admitted(f"/{one.address.split('/')[3]}", lambda _: ["127.0.0.1:80"]) is None


SEARCHES = [
    AssetSearch(
        query="-it's", filter='a = "\'"', image=PNG, public=True, extra_headers={"x-a": "b"}, limit=3
    ),
    AssetSearch(
        images=Images(like=["asset_1", PNG], unlike=["asset_2"]),
        sort_by=["createdAt:desc"],
        original_assets=False,
    ),
    ModelSearch(
        query="a\nb", original_models={"a": [1]}, extra_body={"n": {"m": None}}, query_semantic_ratio=0.5
    ),
    WorkflowSearch(filter=Filter("status = ready"), page=2, hits_per_page=5),
]


@pytest.mark.parametrize("search", SEARCHES)
def test_programs_say_what_the_search_says(search: Search[Any]) -> None:
    """Read back, the keywords make the same search, but for a picture that was dropped, which is a file then."""
    programs = programs_of(search)
    for language in ("Python", "Python, async"):
        tree = ast.parse(programs[language])
        (call,) = (
            node for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_search")
        )  # fmt: skip
        written = {each.arg: each.value for each in call.keywords}
        for name in written.keys() - {"image", "images"}:
            value = ast.literal_eval(written[name])
            kept: Any = getattr(search, str(name))
            assert value == ([*kept] if name == "sort_by" else kept)
        assert {*written} == {
            each.name for each in attrs.fields(type(search)) if getattr(search, each.name) is not None
        }
        assert "base64" not in programs[language]
    line = shlex.split(programs["Shell"])
    assert line[:3] == ["scenario-async", "search", f"{search.kind}s"]
    assert "base64" not in programs["Shell"]


def test_lines_for_a_shell() -> None:
    """Words that begin with a minus stand at the end, where they are no option."""
    assert shlex.split(programs_of(SEARCHES[0])["Shell"]) == [
        "scenario-async", "search", "assets", "--filter", 'a = "\'"', "--limit", "3", "--public", "--extra-headers", "x-a=b",
        "--image", "picture.png", "--", "-it's",
    ]  # fmt: skip
    assert "--like asset_1 --like picture.png --unlike asset_2" in programs_of(SEARCHES[1])["Shell"]
    assert "--original-models '{\"a\": [1]}'" in programs_of(SEARCHES[2])["Shell"]


def test_programs_of_picks() -> None:
    """Assets are downloaded, other hits named."""
    hit = AssetHit.from_dict(asset("asset_1"))
    assert "client.download(ids" in program_of_picks([hit], "asset")
    assert ast.literal_eval(program_of_picks([hit, hit], "model").partition("ids = ")[2]) == [
        "asset_1",
        "asset_1",
    ]


def test_every_file_of_the_page_is_used() -> None:
    """None lies there that nobody sees, and each is short enough to read."""
    files = {each.name: each for each in (Path(page.__file__).parent / "page").iterdir()}
    used = [*DESIGN.scripts, *DESIGN.styles, *(f"{name}.html" for name in DESIGN.places)]
    assert sorted(files) == sorted(used)
    assert all(len(each.read_text(encoding="utf-8").splitlines()) < 400 for each in files.values())


def test_the_page_is_as_the_policy_says() -> None:
    """Its one style and one script are those of the hashes; it names no other address."""
    made = page.page_of(Path("x"), emulator=False)
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", made, re.DOTALL)
        assert f"{tag}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in page.policy()
        assert not re.findall(r"(?<!xmlns=')https?://", text)
    assert not re.search(r"\{\{\w+\}\}", made)
