"""Resume tokens: what they remember, what they tell nobody, and what is refused in the place of one."""

from __future__ import annotations

import base64
import json
import string
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import AssetSearch, Images, InvalidSearchError, ModelSearch, Search, WorkflowSearch
from scenario_async._paging.position import Position
from scenario_async._paging.token import id_digest, make_token, read_token

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEARCH = AssetSearch(query="s3cr3t words", image=b"\x89PNG\r\n\x1a\ns3cr3t", extra_headers={"x": "s3cr3t"})
OFFSET = Position(by_page=False, number=40, size=20)


def opened(token: str) -> dict[str, Any]:
    """Give the JSON in a token."""
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return cast("dict[str, Any]", json.loads(text))


def closed(content: object) -> str:
    """Make a token of any JSON."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@QUICK
@given(
    search=st.sampled_from(
        [
            AssetSearch(query="x"),
            AssetSearch(images=Images(like=["asset_1"]), hits_per_page=20),
            ModelSearch(filter="a = 1", original_models={"a": 1}, limit=10),
            WorkflowSearch(extra_body={"a": {1: "x", "b": "y"}}, extra_query={"b": {"c": 2}}),
        ]
    ),
    number=st.integers(1, 10_000),
    size=st.integers(1, 200),
    delivered=st.lists(st.text(st.characters(), max_size=12) | st.just("\ud800"), max_size=20),
)
def test_token_round_trip(search: Search[Any], number: int, size: int, delivered: list[str]) -> None:
    """A token gives back the position, in the search's way of paging, and tells the ids that were delivered."""
    by_page = search.hits_per_page is not None
    token = make_token(search, Position(by_page, number, size), delivered)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    position, digests = read_token(token, search)
    assert position == Position(by_page, number, size)
    assert digests == {id_digest(each) for each in delivered}
    assert id_digest("one that was not delivered") not in digests


def test_token_without_a_size_goes_on_with_full_pages() -> None:
    """Where no size was asked for, what follows asks for the largest pages."""
    token = make_token(SEARCH, Position(by_page=False, number=20, size=None), [])
    assert read_token(token, SEARCH)[0].size == 100


def test_token_survives_a_rebuilt_search() -> None:
    """The same parameters are the same search; how a call is made does not matter."""
    token = make_token(AssetSearch(query="x", sort_by=["a:asc"]), OFFSET, [])
    again = AssetSearch(query="x", sort_by=("a:asc",), timeout=3, deadline=9, extra_headers={"a": "b"})
    assert read_token(token, again)[0] == OFFSET


CHANGES: list[dict[str, Any]] = [
    {"filter": "a = 1"}, {"public": True}, {"limit": 5}, {"project_id": "p"}, {"extra_body": {"a": 1}},
]  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        AssetSearch(query="y", images={"like": ["a"]}),
        AssetSearch(query="x", images={"unlike": ["a"]}),
        *(AssetSearch(query="x", images={"like": ["a"]}, **more) for more in CHANGES),
        ModelSearch(query="x", images={"like": ["a"]}),
    ],
)
def test_token_of_another_search_is_refused(other: Search[Any]) -> None:
    """A token fits its own search only, and says so; liked and unliked pictures make different searches."""
    token = make_token(AssetSearch(query="x", images={"like": ["a"]}), OFFSET, ["a"])
    with pytest.raises(InvalidSearchError, match="search") as caught:
        read_token(token, other)
    assert caught.value.parameter == "token"


@pytest.mark.parametrize("version", [0, 2, "1", None, [1]])
def test_token_of_another_version_is_refused(version: object) -> None:
    """A token of another version names it."""
    content = opened(make_token(SEARCH, OFFSET, []))
    with pytest.raises(InvalidSearchError, match="version"):
        read_token(closed(content | {"v": version}), SEARCH)


@pytest.mark.parametrize(
    ("search", "change"),
    [
        (SEARCH, {"next": -1}),
        (AssetSearch(query="x", page=2), {"next": 0}),
        (SEARCH, {"next": True}),
        (SEARCH, {"size": 0}),
        (SEARCH, {"seen": "%%%"}),
        (SEARCH, {"seen": "QUJD"}),
    ],
)
def test_damaged_token_is_refused(search: Search[Any], change: dict[str, Any]) -> None:
    """A member that no token of ours has is damage, and not a crash; pages count from 1, offsets from 0."""
    content = opened(make_token(search, OFFSET, ["a"]))
    with pytest.raises(InvalidSearchError, match="damaged"):
        read_token(closed(content | change), search)


@pytest.mark.parametrize("token", ["", "====", "bnVsbA", "W10", None, 5, b"W10", []])
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
    assert (type(position.number), type(position.size)) == (int, int)
    assert position.number >= 0
    assert (position.size or 0) >= 1
    assert all(len(each) == len(id_digest("")) for each in digests)


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
