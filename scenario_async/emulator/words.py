"""Text search over one index: every word of the query must begin a word of the record."""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from scenario_async.emulator.attributes import Path, Record, value_at

MAX_QUERY_WORDS: Final = 10

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Split a text into words, without regard to case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _WORD.findall(plain.casefold())


class WordIndex:
    """The words of an index's records, and where they stand; `searched` weighs the fields."""

    def __init__(self, records: Sequence[Record], searched: Mapping[Path, float]) -> None:
        places: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for position, record in enumerate(records):
            for path, weight in searched.items():
                for word in {word for text in _texts(value_at(record, path)) for word in words_of(text)}:
                    found = places[word]
                    found[position] = found.get(position, 0.0) + weight
        self._places: Mapping[str, Mapping[int, float]] = places
        self._words = sorted(places)

    def search(self, query: str) -> Mapping[int, float] | None:
        """Give the relevance of each matching position, or None when the query holds no word.

        Like the service's engine it reads the first ten words only. A word that is met in full counts
        more than one that is only begun.
        """
        words = words_of(query)[:MAX_QUERY_WORDS]
        if not words:
            return None
        first, *others = (self._beginning_with(word) for word in words)
        for other in others:
            first = {place: rank + other[place] for place, rank in first.items() if place in other}
        return first

    def _beginning_with(self, prefix: str) -> dict[int, float]:
        relevance: dict[int, float] = {}
        for word in self._range(prefix):
            share = len(prefix) / len(word)
            for position, weight in self._places[word].items():
                relevance[position] = max(relevance.get(position, 0.0), weight * share)
        return relevance

    def _range(self, prefix: str) -> Iterator[str]:
        for place in range(bisect_left(self._words, prefix), len(self._words)):
            word = self._words[place]
            if not word.startswith(prefix):
                return
            yield word


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return (item for item in cast("list[object]", value) if isinstance(item, str))
    return ()
