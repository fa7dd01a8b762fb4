"""Text search: SQLite's full-text index over the distinct texts of a table's records.

It splits and stores the texts and finds words and beginnings of words; its own ranking is not used, because
it knows neither of typos nor of beginnings, and costs four times as much as finding.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import Path, Record, value_at
from scenario_async.emulator.columns import Values
from scenario_async.emulator.words import WITH_TYPO, one_typo_away, plain, query_words

Relevance: TypeAlias = NDArray[np.float32]
Bundle: TypeAlias = tuple[str, ...]
"""The texts of one record, one for each searched field."""

# How much a word of the query counts that is there, that is only begun, and that is there but for a letter.
_WHOLE: Final = 1.0
_BEGUN: Final = 0.6
_MISTYPED: Final = 0.4
_REMEMBERED: Final = 64
# Bytes of new words that wait to be merged; with the usual 1 MiB, indexing takes half as long again.
_UNMERGED: Final = 32 * 2**20


@attrs.frozen
class Texts:
    """Reads the searched texts of a record."""

    paths: tuple[Path, ...]

    def __call__(self, record: Record) -> Bundle:
        """Read a record."""
        return tuple("\n".join(_texts(value_at(record, path))) for path in self.paths)


class TextIndex:
    """The words of bundles, by the bundles' codes; bundles that were added since are indexed by the next search."""

    def __init__(self, bundles: Values, weights: Sequence[float]) -> None:
        self._bundles = bundles
        self._weights = weights
        self._fields = [f"field{number}" for number in range(len(weights))]
        self._size = 0
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5({', '.join(self._fields)}, content='', detail='column', "
            "tokenize=\"unicode61 tokenchars '_'\")"
        )
        self._database.execute("INSERT INTO texts(texts, rank) VALUES ('hashsize', ?)", (_UNMERGED,))
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, 'row')")
        self._relevance_of = lru_cache(maxsize=_REMEMBERED)(self._rank)

    def search(self, query: str) -> Relevance | None:
        """Give each bundle its relevance, from 0 for none to 1, or None when the query holds no word.

        Every word must be met.
        """
        words = query_words(query)
        if not words:
            return None
        with self._lock:
            self._add_new()
            ranks = [self._relevance_of(word, self._size) for word in dict.fromkeys(words)]
        met = np.logical_and.reduce([rank > 0 for rank in ranks])
        return cast("Relevance", np.where(met, np.mean(ranks, axis=0, dtype=np.float32), np.float32(0)))

    def _add_new(self) -> None:
        new = cast("list[Bundle]", self._bundles.items[self._size :])
        if not new:
            return
        places = ", ".join("?" * (1 + len(self._fields)))
        self._database.executemany(
            f"INSERT INTO texts(rowid, {', '.join(self._fields)}) VALUES ({places})",  # noqa: S608 - no text of others
            ((code, *map(plain, bundle)) for code, bundle in enumerate(new, self._size)),
        )
        self._size += len(new)

    def _rank(self, word: str, size: int) -> Relevance:
        """Rank the bundles by one word: the best of its matches counts, by how well it fits and where it stands."""
        relevance = np.zeros(size, np.float32)
        best = max(self._weights)
        for quality, terms in (
            (_MISTYPED, self._mistyped(word)),
            (_BEGUN, f'"{word}"*'),
            (_WHOLE, f'"{word}"'),
        ):
            if not terms:
                continue
            for field, weight in zip(self._fields, self._weights, strict=True):
                codes = self._codes(f"{field} : ({terms})")
                relevance[codes] = np.maximum(relevance[codes], quality * weight / best)
        return relevance

    def _codes(self, expression: str) -> NDArray[np.int64]:
        # One text of all numbers is read three times as fast as a row for each.
        query = "SELECT group_concat(rowid) FROM texts WHERE texts MATCH ?"
        (found,) = self._database.execute(query, (expression,)).fetchone()
        return np.fromstring(found or "", np.int64, sep=",")

    def _mistyped(self, word: str) -> str:
        if len(word) not in WITH_TYPO:
            return ""
        pattern = one_typo_away(word)
        return " OR ".join(f'"{term}"' for term in self._terms(word[0]) if pattern.match(term))

    def _terms(self, beginning: str) -> Iterator[str]:
        found = self._database.execute(
            "SELECT term FROM words WHERE term >= ? AND term < ?", (beginning, beginning + "\U0010ffff")
        )
        return (term for (term,) in found)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return (item for item in cast("list[object]", value) if isinstance(item, str))
    return ()
