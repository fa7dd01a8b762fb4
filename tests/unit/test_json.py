"""Both codecs of JSON, which have to agree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.reading import reading

from scenario_async import InvalidSearchError
from scenario_async._http import json as json_room
from scenario_async._support.checks import jsonable

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=["untyped", "standard"], autouse=True)
def codec(request: pytest.FixtureRequest) -> Iterator[None]:
    """Use msgspec, and then the standard library."""
    if request.param == "untyped":
        pytest.importorskip("msgspec")
    with reading(request.param):
        yield


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"null", None),
        (b" [1, 2.5, true, false, null] ", [1, 2.5, True, False, None]),
        (b'{"a": {"b": "c"}}', {"a": {"b": "c"}}),
        ('"ü🐈"'.encode(), "ü🐈"),
        (b'"\\u00fc\\ud83d\\udc08\\n"', "ü🐈\n"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"-0.0", 0.0),
        (b"1e3", 1000.0),
        (b"9007199254740993", 2**53 + 1),
        (b"18446744073709551615", 2**64 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"18446744073709551616", 2**64),
        (b"-1" + b"0" * 40, -(10**40)),
    ],
)
def test_loads(content: bytes, value: object) -> None:
    """JSON is read the same by both."""
    found = json_room.loads(content)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b"nul",
        b"1 2",
        b"NaN",
        b"[NaN]",
        b'{"a": Infinity}',
        b"-Infinity",
        b"1e999",
        b"[-1e999]",
        b'"\xff"',
        b'\xff\xfe"\x00a\x00"\x00',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
)
def test_what_is_no_json_is_a_value_error(content: bytes) -> None:
    """NaN, infinities, other encodings and nesting beyond reason included."""
    with pytest.raises(ValueError, match=r".+"):
        json_room.loads(content)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, True, None, 'ü\n"\\']},
        (1, 2),
        2**64,
        -(2**70),
        {"big": [10**30], "small": 1},
        {1: "a"},
    ],
)
def test_dumps(value: Any) -> None:
    """What is written is UTF-8 without spaces, and reads back."""
    written = json_room.dumps(value)
    assert json.loads(written) == json.loads(json.dumps(value))
    assert written.decode("utf-8") == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", "\ud800", float("nan")])
def test_what_json_cannot_carry_is_an_error(value: Any) -> None:
    """Nothing is written in place of what cannot be: it is refused before it comes to that."""
    with pytest.raises(InvalidSearchError, match="json must be JSON"):
        jsonable({"a": value}, "json")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@QUICK
@given(value=JSON)
def test_any_json_is_written_and_read_by_the_standard(value: Any) -> None:
    """Whatever is written, any other reader reads as it was."""
    assert json.loads(json_room.dumps(value)) == value


@QUICK
@given(content=st.binary(max_size=20) | st.text(max_size=20).map(str.encode))
def test_any_bytes_are_json_or_a_value_error(content: bytes) -> None:
    """No bytes whatsoever raise anything else."""
    try:
        json_room.loads(content)
    except ValueError:
        return
    json.loads(content.decode("utf-8"))
