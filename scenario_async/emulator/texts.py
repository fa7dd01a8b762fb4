"""Text search: SQLite's full-text index over the distinct texts of a table's records.

It splits and stores the texts and finds words and beginnings of words; its own ranking is not used, because
it knows neither of typos nor of beginnings, and costs four times as much as finding.
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import Path, Record, texts_at
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
        return tuple("\n".join(texts_at(record, path)) for path in self.paths)


class TextIndex:
    """The words of bundles, by the bundles' codes."""

    def __init__(self, bundles: Values, weights: Sequence[float]) -> None:
        self._size = len(bundles.items)
        self._weights = weights
        self._fields = [f"field{number}" for number in range(len(weights))]
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._database.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5({', '.join(self._fields)}, content='', "
            "tokenize=\"unicode61 tokenchars '_'\")"
        )
        self._database.execute("INSERT INTO texts(texts, rank) VALUES ('hashsize', ?)", (_UNMERGED,))
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, 'row')")
        places = ", ".join("?" * (1 + len(self._fields)))
        self._database.executemany(
            f"INSERT INTO texts(rowid, {', '.join(self._fields)}) VALUES ({places})",  # noqa: S608 - no text of others
            (
                (code, *map(plain, bundle))
                for code, bundle in enumerate(cast("Sequence[Bundle]", bundles.items))
            ),
        )
        self._relevance_of = lru_cache(maxsize=_REMEMBERED)(self._rank)

    def search(self, query: str) -> Relevance | None:
        """Give each bundle its relevance, from 0 for none to 1, or None when the query holds no word.

        Every word must be met.
        """
        words = query_words(query)
        if not words:
            return None
        with self._lock:
            ranks = [self._relevance_of(word) for word in dict.fromkeys(words)]
        met = np.logical_and.reduce([rank > 0 for rank in ranks])
        return cast("Relevance", np.where(met, np.mean(ranks, axis=0, dtype=np.float32), np.float32(0)))

    def _rank(self, word: str) -> Relevance:
        """Rank the bundles by one word: the best of its matches counts, by how well it fits and where it stands."""
        relevance = np.zeros(self._size, np.float32)
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
        """Give the expression for what begins like a word but for one letter."""
        if len(word) not in WITH_TYPO:
            return ""
        pattern = one_typo_away(word)
        found = (pattern.match(term) for term in self._terms(word[0]))
        # However many terms there are, few beginnings of them are alike.
        return " OR ".join(sorted({f'"{match[0]}"*' for match in found if match}))

    def _terms(self, beginning: str) -> Iterator[str]:
        found = self._database.execute(
            "SELECT term FROM words WHERE term >= ? AND term < ?", (beginning, beginning + "\U0010ffff")
        )
        return (term for (term,) in found)
