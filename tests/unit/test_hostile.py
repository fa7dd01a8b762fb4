"""Replies made to hurt, read without a network: one typed error each, and nothing kept that breaks later."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset
from support.reading import answered, page_of, reading, replied

from scenario_async import APIResponseValidationError, PlanLimitError
from scenario_async._http.reply import status_error
from scenario_async._paging.page import received_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenario_async._paging.page import LinkedPage

MIB = 1024 * 1024


@pytest.fixture(params=["typed", "standard"], autouse=True)
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Read with msgspec, and without it."""
    if request.param == "typed":
        pytest.importorskip("msgspec")
    with reading(request.param):
        yield


def page(content: bytes, invalid_hits: str = "raise") -> LinkedPage[Any]:
    """Read a page of assets."""
    return page_of(replied(content), invalid_hits=invalid_hits)


def one_hit(unknown: bytes) -> bytes:
    """Give a page of one hit, whose field `x` holds what nobody expects."""
    return b'{"hits": [' + json.dumps(asset()).encode()[:-1] + b', "x": ' + unknown + b"}]}"


def lists(depth: int) -> bytes:
    """Give lists within lists."""
    return b"[" * depth + b"]" * depth


def objects(depth: int, name: bytes = b"error") -> bytes:
    """Give objects within objects."""
    return (b'{"' + name + b'": ') * depth + b'"x"' + b"}" * depth


@pytest.mark.parametrize(
    "content",
    [
        lists(100_000),
        objects(100_000),
        one_hit(b"1e400"),
        one_hit(b"-1e400"),
        one_hit(b"1" + b"0" * 5000),
        one_hit(b"NaN"),
        one_hit(b"Infinity"),
        one_hit('"é"'.encode("latin-1")),
        one_hit(b'"\0"'),
        one_hit(b'"\xed\xa0\x80"'),
        b'\xef\xbb\xbf{"hits": []}',
        '{"hits": []}'.encode("utf-16"),
        b'{"hits": []}\0',
        b"",
    ],
)
def test_what_is_no_json_is_said_to_be_none(content: bytes) -> None:
    """Whatever the codec, it is the same error, which pickles and stays short."""
    with pytest.raises(APIResponseValidationError, match="is not JSON") as caught:
        page(content)
    assert len(str(caught.value)) < 700
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"hits": [null]}', "$.hits[0] is null, but an object is expected"),
        (b'{"hits": [], "error": [1]}', "the service answered 200 with an error"),
        (b'{"hits": [], "error": {"message": "no"}}', "the service answered 200 with an error: no"),
        (b'{"statusCode": 500, "message": "no"}', "the service answered 200 with an error: no"),
        (objects(900), "the service answered 200 with an error"),
        (lists(900), "$ is no object"),
        (one_hit(lists(500)), "$.hits[0].x is nested more than 100 levels deep"),
        (one_hit(objects(101)), "$.hits[0].x is nested more than 100 levels deep"),
    ],
)
def test_what_is_misshapen_is_told_briefly(content: bytes, told: str) -> None:
    """The error says what is wrong, and pickles however deep the reply was nested."""
    with pytest.raises(APIResponseValidationError) as caught:
        page(content)
    assert caught.value.message == told
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert copy.body == caught.value.body


@pytest.mark.parametrize("unknown", [lists(500), objects(101)])
def test_what_is_nested_too_deeply_is_not_kept_either(unknown: bytes) -> None:
    """`invalid_hits="keep"` keeps what can be pickled and walked, and no more."""
    with pytest.raises(APIResponseValidationError, match="100 levels"):
        page(one_hit(unknown), invalid_hits="keep")
    kept = page(b'{"hits": [' + lists(90) + b"]}", invalid_hits="keep")
    assert json.loads(json.dumps(pickle.loads(pickle.dumps(kept)).invalid_hits)) == kept.invalid_hits  # noqa: S301


@pytest.mark.parametrize(
    ("unknown", "read"),
    [
        (lists(100), json.loads(lists(100))),
        (rb'"\ud800"', "�"),
        (rb'"a\udc00\uD83Db"', "a��b"),
        (rb'"\ud83d\udc08"', "🐈"),
        (rb'"\\ud800"', r"\ud800"),
        (rb'"\\\ud800\u00e9"', "\\�é"),
        (rb'"\ud83d\ud83d\udc08"', "�🐈"),
        (rb'{"\ud800": 1}', {"�": 1}),
        (rb'"\u0000"', "\0"),
        (b"-0.0", -0.0),
        (b"9007199254740993", 9007199254740993),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_odd_values_can_be_used_like_any_other(unknown: bytes, read: object) -> None:
    """What is taken can be written, pickled, compared, shown and printed."""
    found = page(one_hit(unknown))
    hit = found.hits[0]
    assert hit.extra == {"x": read}
    assert hit.to_dict()["x"] == read
    assert pickle.loads(pickle.dumps(found)).hits == [hit]  # noqa: S301 - our own
    assert json.loads(json.dumps(hit.to_dict(), ensure_ascii=False).encode("utf-8"))["x"] == read
    repr(found).encode("utf-8")


def test_half_characters_in_ids() -> None:
    """An id of half a character has a digest, a token and a text like any other."""
    raw = json.dumps(asset(r"\ud800")).replace("\\\\", "\\").encode()
    found = page(b'{"hits": [' + raw + b'], "limit": 1}')
    assert found.hits[0].id == "�"
    assert found.resume_token.isascii()
    repr(found).encode("utf-8")


@pytest.mark.parametrize("identifier", ["", "a" * MIB, "\x1b[2J\0"])
def test_any_text_is_an_id(identifier: str) -> None:
    """Ids are the service's, whatever they look like."""
    found = page(json.dumps({"hits": [asset(identifier)], "limit": 1}).encode())
    assert received_ids(found) == [identifier]
    assert len(found.resume_token) < 250


@pytest.mark.parametrize(
    ("number", "read"),
    [(b"-5", -5), (b"-0", 0), (b"3.0", 3), (b"1e308", int(1e308)), (b"18446744073709551616", 2**64)],
)
def test_odd_counts_are_counts(number: bytes, read: int) -> None:
    """Totals are hints, and a hint may be as wrong as it likes."""
    found = page(b'{"hits": [], "offset": %b, "limit": %b, "estimatedTotalHits": %b}' % ((number,) * 3))
    assert (found.offset, found.limit, found.estimated_total_hits) == (read, read, read)
    assert not found.has_next_page()


@pytest.mark.parametrize("each", [b"{}", b"[]", b"0", b'""'])
def test_more_values_than_memory_is_for(each: bytes) -> None:
    """A few bytes make an object of a hundred: the number of values counts, and not their bytes alone."""
    with pytest.raises(APIResponseValidationError, match="more than 1,000,000 values"):
        page(b'{"hits": [' + (each + b",") * 1_100_000 + each + b"]}")


def test_more_half_characters_than_time_is_for() -> None:
    """Each has to be looked at, so there is an end to them too."""
    with pytest.raises(APIResponseValidationError, match="more than 1,000,000 escaped surrogates"):
        page(one_hit(b'"' + rb"\ud800" * 1_100_000 + b'"'))


def test_a_large_page_of_few_values() -> None:
    """A text may be as long as the reply, with as many commas as a table has."""
    found = page(json.dumps({"hits": [asset(content="1,2," * 200_000, prompt="ü" * MIB)]}).encode())
    assert found.hits[0].content == "1,2," * 200_000


@pytest.mark.parametrize(
    ("content", "message", "kind"),
    [
        (b"[1]", "400 Bad Request", list),
        (b"3", "400 Bad Request", int),
        (b'"plain"', "400 plain", str),
        (b'""', "400 Bad Request", str),
        (b"<html>" * 1000, "400 Bad Request", str),
        (b"caf\xe9", "400 caf�", str),
        (rb'{"error": "\ud800"}', "400 �", dict),
        (b'{"error": {"message": {"error": "deep"}}}', "400 deep", dict),
        (b'{"details": [1], "reason": 3}', "400 Bad Request", dict),
        (objects(500), "400 Bad Request", str),
        (objects(900), "400 Bad Request", str),
        (b'{"error": "x", "details": {"a": ' + lists(800) + b"}}", "400 x", str),
        (lists(100_000), "400 " + "[" * 500 + "…", str),
        (b'{"error": "' + b"x" * 5000 + b'"}', "400 " + "x" * 500 + "…", dict),
    ],
)
def test_errors_of_any_shape(content: bytes, message: str, kind: type[object]) -> None:
    """The message is short, the body decoded where it can be kept, and both pickle and print."""
    error = status_error(answered(content, 400))
    assert error.message == message
    assert type(error.body) is kind
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (copy.body, copy.details) == (error.body, error.details)
    str(error).encode("utf-8")


@pytest.mark.parametrize("content", [b"x" * 60 * MIB, b"\xff" * 60 * MIB, b"[" + b"[]," * 20 * MIB + b"1]"])
def test_errors_keep_the_beginning_of_a_huge_body(content: bytes) -> None:
    """Nobody waits for 60 MB of an error to be decoded, and no log keeps them."""
    error = status_error(answered(content, 502))
    assert isinstance(error.body, str)
    assert len(error.body) == MIB + 1
    assert error.body.endswith("…")
    assert len(error.message) < 520


def test_a_huge_misshapen_page_is_not_kept_whole() -> None:
    """The error of a page keeps as much as that of a status."""
    with pytest.raises(APIResponseValidationError) as caught:
        page(json.dumps({"hits": {}, "x": "y" * 2 * MIB}).encode())
    assert isinstance(caught.value.body, str)
    assert len(caught.value.body) == MIB + 1


def test_a_plan_limit_is_known_however_deep_its_details() -> None:
    """What cannot be kept still tells what the error is."""
    error = status_error(answered(b'{"details": {"actionLimit": ' + lists(500) + b"}}", 429))
    assert type(error) is PlanLimitError
    assert error.details == {}
