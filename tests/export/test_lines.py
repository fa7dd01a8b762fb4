"""Lines of JSON: the very bytes of the tables, with and without msgspec, and the same hits back."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hits import asset, model, workflow

from scenario_async import AssetHit, ModelHit, WorkflowHit
from scenario_async._exports import lines
from scenario_async._tables.formats import FORMATS
from scenario_async._tables.unsigned import unsigned

if TYPE_CHECKING:
    from collections.abc import Generator

    from scenario_async import Hit


@pytest.fixture(params=["msgspec", "standard library"], autouse=True, scope="module")
def codec(request: pytest.FixtureRequest) -> Generator[None]:
    """Write with msgspec, and without."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "msgspec":
            pytest.importorskip("msgspec")
        else:
            patch.setitem(sys.modules, "msgspec", None)
        lines.module.cache_clear()
        yield
    lines.module.cache_clear()


def written(hits: list[Hit]) -> bytes:
    """Give what the tables write."""
    file = io.BytesIO()
    how = FORMATS["jsonl"]
    how.write(file, hits, how.layout(type(hits[0])))
    return file.getvalue()


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text() | st.sampled_from(["https://x.example/a?Signature=b c", "a?b", "\ud83d", "\x7f\u2028"])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS, lambda each: st.lists(each) | st.dictionaries(TEXTS, each)
)


@given(
    score=st.none() | NUMBERS,
    width=NUMBERS,
    text=TEXTS,
    tags=st.lists(TEXTS),
    extra=st.dictionaries(st.just("new"), JSON),
)
def test_lines_are_those_of_the_tables(
    score: Any, width: Any, text: str, tags: list[str], extra: dict[str, Any]
) -> None:
    """Whatever a hit holds: odd numbers, signed URLs in texts, half characters, fields that nobody knows."""
    hit = AssetHit.from_dict(
        asset(
            "asset_1",
            score=score,
            metadata={"width": width, "prompt": text},
            description=text,
            tags=tags,
            **extra,
        )
    )
    expected = written([hit, hit])
    assert lines.lines_of([hit, hit]) == expected
    if "\\ud83d" not in hit.to_json().encode(errors="backslashreplace").decode():
        again = lines.hits_of(expected, AssetHit)
        assert [each.to_dict() for each in again] == [unsigned(hit).to_dict()] * 2
        assert written(list(again)) == expected


@pytest.mark.parametrize("number", [1e-5, 1e-7, -3e-5, 1e16, 1e22, -1e300, 5e-324, 0.0, -0.0, 0.0001, 2**70])
def test_numbers_are_spelt_alike(number: float) -> None:
    """The two encoders differ in some, which are left to one of them."""
    hit = AssetHit.from_dict(asset(score=number))
    assert lines.lines_of([hit]) == written([hit])


@pytest.mark.parametrize(
    ("hit_class", "content"),
    [
        (ModelHit, model(thumbnail={"assetId": "a", "url": "https://cdn.example/a?Signature=s3cr3t"})),
        (
            WorkflowHit,
            workflow(before={"assetId": "a", "url": "https://cdn.example/a?Signature=s3cr3t", "new": 1}),
        ),
    ],
)
def test_every_kind(hit_class: type[Hit], content: dict[str, Any]) -> None:
    """Models with concepts, workflows with pictures."""
    hit = hit_class.from_dict(content)
    found = lines.lines_of([hit])
    assert found == written([hit])
    assert b"s3cr3t" not in found
    assert lines.hits_of(found, hit_class) == [unsigned(hit)]


def test_nothing() -> None:
    """No hits are no lines."""
    assert lines.lines_of([]) == b""
    assert lines.hits_of(b"", AssetHit) == []
