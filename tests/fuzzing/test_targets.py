"""The fuzz targets, run with what hypothesis makes of their seeds, and with what once broke them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

import pytest
from fuzzing import asking, replies
from fuzzing.targets import REGRESSIONS, TARGETS, Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hits import asset, model, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_versions

SOME = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["\ud800", "\0", "https://a.example/b?Signature=c", "2024-05-06"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the machine reach a target."""
    for name in ("KEY", "SECRET"):
        monkeypatch.delenv(f"SCENARIO_SDK_API_{name}", raising=False)
    for name in ("SDK_JWT", "PROJECT_ID", "BASE_URL", "CUSTOM_HEADERS", "LOG"):
        monkeypatch.delenv(f"SCENARIO_{name}", raising=False)


@st.composite
def mutated(draw: st.DrawFn, target: Target) -> bytes:
    """Give a seed with a few of its pieces left out, or others put in."""
    data = bytearray(draw(st.sampled_from(target.seeds)))
    pieces = st.binary(max_size=4) | st.sampled_from(target.words or (b"",))
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 6))] = draw(pieces)
    return bytes(data)


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_what_comes_from_a_seed(name: str) -> None:
    """Inputs like those that are right, which reach deep, break no target."""
    target = TARGETS[name]

    @SOME
    @given(mutated(target))
    def run(data: bytes) -> None:
        target.run(data)

    run()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes(name: str) -> None:
    """Bytes without any order break no target."""
    target = TARGETS[name]

    @SOME
    @given(st.binary(max_size=120))
    def run(data: bytes) -> None:
        target.run(data)

    run()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    """Each seed passes as it is."""
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize(("name", "data"), REGRESSIONS)
def test_what_once_broke_a_target(name: str, data: bytes) -> None:
    """It breaks it no more."""
    TARGETS[name].run(data)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give all containers in some JSON with each of their keys."""
    keys = list(value.keys()) if hasattr(value, "keys") else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], list | dict):
            yield from places(value[key])


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """Give a page of any kind, of which a few values are others or are not there."""
    kind = draw(st.integers(0, 2))
    page: Any = {"hits": [(asset, model, workflow)[kind]() for _ in range(2)], "limit": 2, "offset": 0}
    for _ in range(draw(st.integers(0, 3))):
        container, key = draw(st.sampled_from(list(places(page))))
        if draw(st.booleans()):
            container[key] = draw(JSON)
        elif isinstance(container, dict):
            container[draw(TEXTS)] = cast("dict[str, Any]", container).pop(key)
        else:
            del container[key]
    return bytes([kind + 3 * draw(st.integers(0, 5))]) + json.dumps(deepcopy(page)).encode()


@SOME
@given(pages())
def test_pages_with_other_values(data: bytes) -> None:
    """A page in which something has another type is read, or refused with our own error."""
    replies.read_any_page(data)


@st.composite
def tokens(draw: st.DrawFn) -> bytes:
    """Give a token's JSON, of which a few values are others."""
    seed = draw(st.sampled_from(TARGETS["token"].seeds[len(replies.SEARCHES) :]))
    content = json.loads(seed[2:])
    for name in draw(st.lists(st.sampled_from(sorted(content)), max_size=2)):
        content[name] = draw(JSON | st.sampled_from(["AAAAAAAA", "AAAA", 0, 1, True, -1]))
    return seed[:2] + json.dumps(content).encode()


@SOME
@given(tokens())
def test_tokens_with_other_values(data: bytes) -> None:
    """A token in which something is another value leads to a position, or is refused."""
    asking.read_any_token(data)
