"""Text search beside the engine itself, where the package `milli` is installed: the same texts and queries, the same hits."""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import random
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async.emulator.queries import parsed
from scenario_async.emulator.rules import USUAL
from scenario_async.emulator.texts import TextIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

milli: Any = pytest.importorskip(
    "milli", reason="the engine's package milli is not installed: it is made for Python 3.11 and 3.12"
)
pytestmark = pytest.mark.long

LIBRARIES, QUERIES = 130, 16
WORDS = (
    "hero", "knight", "night", "rider", "sun", "flower", "sunflower", "dragon", "dragons", "castle", "cast", "wonderful",
    "wonderland", "adventure", "old", "the", "red", "café", "Straße", "ÉLAN", "xl", "🐉",
)  # fmt: skip
BETWEEN = (" ", " ", "_", "-", ". ", ", ", "/", "  ", "!", "'", " (")
LETTERS = "abcdeinorst"
DECIDED = ("words", "typo", "proximity")
"""The rules that the comparison is about: texts of one field have no order of attributes."""
FEW = ("hero", "knight", "rider", "dragon", "castle", "old", "red", "sun", "flower")
ASIDE = (*[" "] * 8, ". ", ", ", "-", "! ")


class Bundles:
    """Texts, as an index takes them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.items = [(text,) for text in texts]


@st.composite
def texts(draw: st.DrawFn) -> list[str]:
    """Make short texts."""
    made: list[str] = []
    for _ in range(draw(st.integers(3, 14))):
        words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
        text = words[0]
        for word in words[1:]:
            text += draw(st.sampled_from(BETWEEN)) + word
        made.append(text)
    return made


@st.composite
def typed(draw: st.DrawFn) -> str:
    """Make a word as somebody types it: right, begun, with a typo, split, joined, in capitals."""
    word = draw(st.sampled_from(WORDS))
    place, letter = draw(st.integers(0, len(word) - 1)), draw(st.sampled_from(LETTERS))
    return draw(
        st.sampled_from(
            [
                word, word, word, word.upper(), word[: place + 1],
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1 :] or word,
                word[:place] + letter + word[place:],
                word[:place] + word[place + 1 : place + 2] + word[place : place + 1] + word[place + 2 :],
                word + draw(st.sampled_from(WORDS)),
            ]
        )
    )  # fmt: skip


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Make a query: words, phrases, unwanted ones."""
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        word, form = draw(typed()), draw(st.integers(0, 9))
        if form == 0:
            word = f'"{word} {draw(typed())}"'
        elif form == 1:
            word = f"-{word}"
        elif form == 2:
            word = f'-"{word}"'
        parts.append(word)
    joined = draw(st.sampled_from([" ", " ", " ", "  ", "_", ", "])).join(parts)
    return joined + draw(st.sampled_from(["", "", " "]))


def sentence(chance: random.Random) -> list[str]:
    """Make words of a text, each with what stands behind it."""
    return [word + chance.choice(ASIDE) for word in chance.choices(FEW, k=chance.randint(2, 14))]


def judged(texts: Sequence[str]) -> Any:
    """Give the engine with these texts; their places are the documents' ids, in letters, which no query has."""
    index = milli.Index(tempfile.mkdtemp())
    index.add_documents([{"id": f"zz{'q' * place}", "text": text} for place, text in enumerate(texts)])
    return index


def same_hits(engine: Any, ours: TextIndex, library: Sequence[str], query: str) -> None:
    """Compare what both find, and their order as far as the rules decide it."""
    ranks = ours.search(parsed(query, USUAL.boundaries), USUAL)
    order = [int(each) for each in engine.search(query)]
    assert np.flatnonzero(ranks.found).tolist() == sorted(order), (query, library)
    keys = ranks.key(DECIDED, np.array(order, np.int64)).tolist()
    assert keys == sorted(keys), (query, [library[each] for each in order])


@settings(
    max_examples=LIBRARIES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(library=texts(), asked=st.lists(queries(), min_size=QUERIES, max_size=QUERIES))
def test_the_same_hits(library: list[str], asked: list[str]) -> None:
    """The sets are equal, whatever is asked, and no hit stands before one that ranks better."""
    engine, ours = judged(library), TextIndex(Bundles(library), [1.0], USUAL.boundaries)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    for query in asked:
        same_hits(engine, ours, library, query)


@pytest.mark.parametrize("seed", range(40))
def test_the_same_order_of_words_that_stand_apart(seed: int) -> None:
    """Words of a query that stand near to each other come first, in the order of the query before the other one."""
    chance = random.Random(seed)
    library = ["".join(sentence(chance)).strip(" .,-!") for _ in range(12)]
    engine, ours = judged(library), TextIndex(Bundles(library), [1.0], USUAL.boundaries)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    for _ in range(16):
        same_hits(engine, ours, library, " ".join(chance.choices(FEW, k=chance.randint(2, 3))))
