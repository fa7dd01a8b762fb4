"""What texts mean, roughly: which of the things that people search for they speak of, whatever the word.

A word stands for the concepts that the thesaurus gives it, and these for what they have to do with. A word
that it does not know is known by its letters, so that forms of one word are near to each other.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.columns import Values
from scenario_async.emulator.thesaurus import CONCEPTS, STOP_WORDS, THEMES
from scenario_async.emulator.words import MAX_QUERY_LENGTH, MAX_QUERY_WORDS, words_of

if TYPE_CHECKING:
    from scenario_async.emulator.texts import Bundle

Vector: TypeAlias = NDArray[np.float32]

_LETTERS: Final = 96
_SIZE: Final = len(CONCEPTS) + len(THEMES) + _LETTERS
_THEME_SHARE: Final = 0.35


class MeaningIndex:
    """The meanings of bundles of texts, by the bundles' codes; `weights` has that of each text of a bundle."""

    def __init__(self, bundles: Values, weights: Sequence[float]) -> None:
        meanings = [
            _meaning(zip(bundle, weights, strict=True)) for bundle in cast("Sequence[Bundle]", bundles.items)
        ]
        self._vectors = np.array(meanings, np.float32).reshape(-1, _SIZE)

    def search(self, query: str) -> Vector:
        """Give each bundle its likeness to a query, from 0 to 1."""
        words = words_of(query[:MAX_QUERY_LENGTH])[:MAX_QUERY_WORDS]
        wanted = _meaning([(" ".join(words), 1.0)])
        likeness: Vector = np.clip(self._vectors @ wanted, 0.0, 1.0)
        return likeness


def _meaning(texts: Iterable[tuple[str, float]]) -> Vector:
    """Give the meaning of weighed texts, a vector of length one, or of zeros when there is no word."""
    vector = np.zeros(_SIZE, np.float32)
    for text, weight in texts:
        for word in dict.fromkeys(words_of(text)):
            if word not in STOP_WORDS:
                vector += np.float32(weight) * _word(word)
    return _unit(vector)


@lru_cache(maxsize=50_000)
def _word(word: str) -> Vector:
    vector = np.zeros(_SIZE, np.float32)
    concept = _concepts().get(word) or _concepts().get(word.removesuffix("s"))
    if concept is None:
        for letters in _trigrams(word):
            vector[_SIZE - 1 - _drawn(letters) % _LETTERS] += 1.0
        return _unit(vector)
    vector[list(CONCEPTS).index(concept)] = 1.0
    for theme in THEMES:
        if concept in THEMES[theme]:
            vector[len(CONCEPTS) + list(THEMES).index(theme)] = _THEME_SHARE
    return _unit(vector)


@cache
def _concepts() -> dict[str, str]:
    return {word: concept for concept, words in CONCEPTS.items() for word in (concept, *words.split())}


def _trigrams(word: str) -> list[str]:
    return re.findall("(?=(...))", f"^{word}$")


def _drawn(letters: str) -> int:
    return int.from_bytes(blake2b(letters.encode(), digest_size=4).digest())


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return cast("Vector", vector / np.float32(length)) if length else vector
