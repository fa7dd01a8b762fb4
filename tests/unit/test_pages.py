"""Pages: where they begin, whether another follows, and the tokens to go on with."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import AssetSearch, Images, InvalidSearchError, ModelSearch, Search, WorkflowSearch
from scenario_async.pages import Position, ResponseInfo, SearchPage, id_digest, make_token, read_token

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RESPONSE = ResponseInfo(status=200, headers={"set-cookie": "s3cr3t"}, request_id="req_1")
SEARCH = AssetSearch(query="s3cr3t words", image=b"\x89PNG\r\n\x1a\ns3cr3t", extra_headers={"x": "s3cr3t"})
OFFSET = Position(by_page=False, number=40, size=20)
NUMBERED = Position(by_page=True, number=3, size=20)


def page_at(position: Position, received: int, **members: Any) -> SearchPage[Any]:
    """Give a page of so many hits, which are left out."""
    return SearchPage(
        hits=[], response=RESPONSE, search=SEARCH, position=position, received=received, **members
    )


def opened(token: str) -> dict[str, Any]:
    """Give the JSON in a token."""
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return cast("dict[str, Any]", json.loads(text))


def closed(content: object) -> str:
    """Make a token of any JSON."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("given_", "default", "position"),
    [
        ({}, None, Position(by_page=False, number=0, size=None)),
        ({}, 100, Position(by_page=False, number=0, size=100)),
        ({"limit": 7}, 100, Position(by_page=False, number=0, size=7)),
        ({"limit": 7}, None, Position(by_page=False, number=0, size=7)),
        ({"offset": 30}, None, Position(by_page=False, number=30, size=100)),
        ({"limit": 7, "offset": 30}, 100, Position(by_page=False, number=30, size=7)),
        ({"page": 4}, None, Position(by_page=True, number=4, size=100)),
        ({"hits_per_page": 9}, 100, Position(by_page=True, number=1, size=9)),
        ({"page": 4, "hits_per_page": 9}, None, Position(by_page=True, number=4, size=9)),
    ],
)
def test_first_position(given_: dict[str, int], default: int | None, position: Position) -> None:
    """A search's own paging parameters say where it begins."""
    search: Search[Any] = AssetSearch(query="x", **cast("Any", given_))
    assert Position.first(search, default_size=default) == position


@pytest.mark.parametrize(
    ("position", "members"),
    [
        (Position(by_page=False, number=0, size=None), {}),
        (OFFSET, {"limit": 20, "offset": 40}),
        (NUMBERED, {"page": 3, "hitsPerPage": 20}),
    ],
)
def test_members_of_a_position(position: Position, members: dict[str, int]) -> None:
    """What travels is either pair, or nothing where no size is asked for."""
    assert position.members() == members


@pytest.mark.parametrize(
    ("position", "received", "following"),
    [
        (OFFSET, 20, Position(by_page=False, number=60, size=20)),
        (OFFSET, 13, Position(by_page=False, number=53, size=20)),
        (NUMBERED, 20, Position(by_page=True, number=4, size=20)),
        (NUMBERED, 1, Position(by_page=True, number=4, size=20)),
        (Position(by_page=False, number=0, size=None), 20, Position(by_page=False, number=20, size=100)),
    ],
)
def test_next_position(position: Position, received: int, following: Position) -> None:
    """The next offset counts the hits received, the next page is one more; both ask for a size."""
    assert page_at(position, received).next_position == following


@pytest.mark.parametrize(
    ("position", "members", "size"),
    [
        (OFFSET, {}, 20),
        (OFFSET, {"limit": 20}, 20),
        (OFFSET, {"limit": 5}, 5),
        (OFFSET, {"limit": 50}, 20),
        (OFFSET, {"limit": 0}, 20),
        (OFFSET, {"hits_per_page": 5}, 20),
        (NUMBERED, {"hits_per_page": 5}, 5),
        (NUMBERED, {"limit": 5}, 20),
        (Position(by_page=False, number=0, size=None), {}, 20),
        (Position(by_page=False, number=0, size=None), {"limit": 30}, 30),
    ],
)
def test_size_of_a_full_page(position: Position, members: dict[str, int], size: int) -> None:
    """A full page has what was asked for, or what the service says it gave, whichever is less."""
    assert page_at(position, 1, **members).size == size


@pytest.mark.parametrize("position", [OFFSET, NUMBERED])
@pytest.mark.parametrize(
    ("received", "follows"), [(0, False), (1, False), (19, False), (20, True), (25, True)]
)
@pytest.mark.parametrize("total", [None, 0, 10, 10_000])
def test_has_next_page_ignores_totals(
    position: Position,
    received: int,
    follows: bool,  # noqa: FBT001
    total: int | None,
) -> None:
    """A full page may have a follower, whatever the totals say."""
    page = page_at(position, received, estimated_total_hits=total, total_hits=total)
    assert page.has_next_page() is follows


@pytest.mark.parametrize(("position", "hint"), [(OFFSET, 7), (NUMBERED, 9)])
def test_the_hinted_total_is_that_of_the_mode(position: Position, hint: int) -> None:
    """Offset paging has an estimate, page paging a count."""
    assert page_at(position, 1, estimated_total_hits=7, total_hits=9).hinted_total == hint


def test_a_page_is_true_and_has_no_length() -> None:
    """An empty page is a page; its length would be a lie."""
    page = page_at(OFFSET, 0)
    assert bool(page) is True
    with pytest.raises(TypeError):
        len(cast("Any", page))


def test_page_repr_hides_what_is_secret() -> None:
    """Neither headers nor invalid hits nor the search's picture print."""
    page = page_at(OFFSET, 1, invalid_hits=[{"url": "https://x/?Signature=s3cr3t-1"}])
    text = repr(page).replace("s3cr3t words", "")
    assert "s3cr3t" not in text
    assert base64.b64encode(b"s3cr3t").decode()[:6] not in text


@pytest.mark.parametrize(
    "search",
    [
        AssetSearch(query="x"),
        AssetSearch(images=Images(like=["asset_1"])),
        ModelSearch(filter="a = 1", original_models={"a": 1}, limit=10),
        WorkflowSearch(extra_body={"a": [1]}, extra_query={"b": {"c": 2}}),
    ],
)
@pytest.mark.parametrize(
    "delivered", [[], ["asset_1"], [f"asset_{number}" for number in range(100)], ["\ud800ü"]]
)
def test_token_round_trip(search: Search[Any], delivered: list[str]) -> None:
    """A token gives back the position and tells the ids that were delivered."""
    token = make_token(search, Position(by_page=False, number=120, size=60), delivered)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    position, digests = read_token(token, search)
    assert position == Position(by_page=False, number=120, size=60)
    assert digests == {id_digest(each) for each in delivered}
    assert id_digest("asset_other") not in digests


def test_token_of_a_search_with_keys_of_several_kinds() -> None:
    """JSON takes numbers for keys beside texts, so a token does."""
    search = WorkflowSearch(extra_body={"a": {1: "x", "b": "y"}})
    assert read_token(make_token(search, OFFSET, []), search)[0] == OFFSET


def test_token_round_trip_by_page() -> None:
    """Page paging goes on with page paging."""
    search = AssetSearch(query="x", hits_per_page=20)
    assert read_token(make_token(search, NUMBERED, ["a"]), search)[0] == NUMBERED


def test_token_of_a_page_points_behind_it() -> None:
    """A page's token goes on where its follower begins."""
    page = page_at(OFFSET, 20)
    assert read_token(page.resume_token, SEARCH)[0] == Position(by_page=False, number=60, size=20)


def test_token_without_a_size_goes_on_with_full_pages() -> None:
    """Where no size was asked for, what follows asks for the largest pages."""
    token = make_token(SEARCH, Position(by_page=False, number=20, size=None), [])
    assert read_token(token, SEARCH)[0].size == 100


def test_token_survives_a_rebuilt_search() -> None:
    """The same parameters are the same search; how a call is made does not matter."""
    token = make_token(AssetSearch(query="x", sort_by=["a:asc"]), OFFSET, [])
    again = AssetSearch(query="x", sort_by=("a:asc",), timeout=3, deadline=9, extra_headers={"a": "b"})
    assert read_token(token, again)[0] == OFFSET


@pytest.mark.parametrize(
    "other",
    [
        AssetSearch(query="y"),
        AssetSearch(query="x", filter="a = 1"),
        AssetSearch(query="x", public=True),
        AssetSearch(query="x", limit=5),
        AssetSearch(query="x", project_id="p"),
        AssetSearch(query="x", extra_body={"a": 1}),
        AssetSearch(query="x", images={"like": ["a"]}),
        AssetSearch(query="x", image="a"),
        ModelSearch(query="x"),
        WorkflowSearch(query="x"),
    ],
)
def test_token_of_another_search_is_refused(other: Search[Any]) -> None:
    """A token fits its own search only, and says so."""
    token = make_token(AssetSearch(query="x"), OFFSET, ["a"])
    with pytest.raises(InvalidSearchError, match="search") as caught:
        read_token(token, other)
    assert caught.value.parameter == "token"


def test_pictures_of_images_are_told_apart() -> None:
    """Liked and unliked pictures make different searches."""
    token = make_token(AssetSearch(images={"like": ["a"]}), OFFSET, [])
    with pytest.raises(InvalidSearchError, match="search"):
        read_token(token, AssetSearch(images={"unlike": ["a"]}))


@pytest.mark.parametrize("version", [0, 2, "1", None, [1]])
def test_token_of_another_version_is_refused(version: object) -> None:
    """A token of another version names it."""
    content = opened(make_token(SEARCH, OFFSET, []))
    with pytest.raises(InvalidSearchError, match="version"):
        read_token(closed(content | {"v": version}), SEARCH)


@pytest.mark.parametrize(
    "change",
    [
        {"next": -1},
        {"next": "40"},
        {"next": 1.5},
        {"next": None},
        {"next": True},
        {"size": 0},
        {"size": None},
        {"size": "x"},
        {"seen": None},
        {"seen": 5},
        {"seen": "%%%"},
        {"seen": "ä"},
        {"seen": []},
        {"seen": "QUJD"},
        {"search": None},
        {"kind": None},
        {"kind": {}},
    ],
)
def test_damaged_token_is_refused(change: dict[str, Any]) -> None:
    """A member of a wrong kind is damage, and not a crash."""
    content = opened(make_token(SEARCH, OFFSET, ["a"]))
    with pytest.raises(InvalidSearchError, match="token"):
        read_token(closed(content | change), SEARCH)


def test_page_zero_is_damage() -> None:
    """Pages count from 1, so a token that goes on at page 0 is none of ours."""
    search = AssetSearch(query="x", page=2)
    token = make_token(search, Position(by_page=True, number=0, size=10), [])
    with pytest.raises(InvalidSearchError, match="damaged"):
        read_token(token, search)


@pytest.mark.parametrize("token", ["", "x", "%", "ä", "====", "bnVsbA", "W10", None, 5, b"W10", [], {}])
def test_what_is_no_token_is_refused(token: object) -> None:
    """Anything else is refused by the parameter's name."""
    with pytest.raises(InvalidSearchError, match="token"):
        read_token(cast("Any", token), SEARCH)


def test_token_tells_nothing_of_the_search() -> None:
    """Neither words nor pictures nor ids nor headers stand in a token, in no encoding."""
    token = make_token(SEARCH, OFFSET, ["asset_s3cr3t"])
    content = opened(token)
    raw = json.dumps(content).encode() + base64.b64decode(content["seen"])
    for secret in (
        b"s3cr3t",
        base64.b64encode(b"s3cr3t"),
        base64.b64encode(SEARCH.image.encode())[:16] if SEARCH.image else b"-",
    ):
        assert secret not in raw
        assert secret not in token.encode()


def test_token_is_short() -> None:
    """A token of a full page of 100 hits fits into a URL."""
    token = make_token(SEARCH, OFFSET, [f"asset_{number:030}" for number in range(100)])
    assert len(token) < 1500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def read_or_refused(token: str) -> None:
    """Read a token, and let nothing else happen than that it is read or refused."""
    try:
        position, digests = read_token(token, SEARCH)
    except InvalidSearchError:
        return
    assert isinstance(position.number, int)
    assert position.number >= 0
    assert position.size is not None
    assert position.size >= 1
    assert all(isinstance(each, bytes) for each in digests)


@QUICK
@given(
    text=st.text(max_size=50) | st.binary(max_size=50).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_any_text_is_a_token_or_refused(text: str) -> None:
    """Texts of any kind raise `InvalidSearchError` and nothing else."""
    read_or_refused(text)


@QUICK
@given(content=JSON)
def test_any_json_is_a_token_or_refused(content: object) -> None:
    """JSON of any shape in the place of a token's raises `InvalidSearchError` and nothing else."""
    read_or_refused(closed(content))


@QUICK
@given(name=st.sampled_from(["v", "kind", "search", "next", "size", "seen"]), value=JSON)
def test_any_member_is_taken_or_refused(name: str, value: object) -> None:
    """JSON of any shape in the place of one member raises `InvalidSearchError` and nothing else."""
    read_or_refused(closed(opened(make_token(SEARCH, OFFSET, ["a", "b"])) | {name: value}))


@QUICK
@given(place=st.integers(0, 200), byte=st.sampled_from(string.printable))
def test_any_changed_character_is_taken_or_refused(place: int, byte: str) -> None:
    """A token with another character in it raises `InvalidSearchError` and nothing else."""
    token = make_token(SEARCH, OFFSET, ["a", "b"])
    read_or_refused(token[: place % len(token)] + byte + token[place % len(token) + 1 :])


def test_deeply_nested_token_is_refused() -> None:
    """Nesting beyond reason is refused like other nonsense."""
    with pytest.raises(InvalidSearchError, match="token"):
        read_token(base64.urlsafe_b64encode(b"[" * 100_000).decode(), SEARCH)


@pytest.mark.parametrize("member", ["v", "kind"])
@pytest.mark.parametrize("value", ["x" * 100_000, [[[["x"] * 100] * 100] * 5]])
def test_refusals_of_tokens_are_short(member: str, value: object) -> None:
    """However much a token holds, the message is a line."""
    content = opened(make_token(SEARCH, OFFSET, []))
    with pytest.raises(InvalidSearchError, match="token") as caught:
        read_token(closed(content | {member: value}), SEARCH)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("extra", [{"a": {(1, 2): 3}}, {"a": {1: 2, "b": 3}}])
def test_what_no_json_has_can_be_resumed_too(extra: dict[str, Any]) -> None:
    """A URL's parameters may be of any types, and the token is of that search and of no other."""
    search = AssetSearch(query="x", extra_query=extra)
    token = make_token(search, OFFSET, [])
    assert read_token(token, AssetSearch(query="x", extra_query=extra)) == (OFFSET, frozenset())
    with pytest.raises(InvalidSearchError, match="other parameters"):
        read_token(token, AssetSearch(query="y", extra_query=extra))


def test_pages_keep_their_hits(raw_hit: Callable[..., dict[str, Any]]) -> None:
    """A page cannot be changed after the fact."""
    page = page_at(OFFSET, 1)
    with pytest.raises(AttributeError):
        cast("Any", page).hits = []
