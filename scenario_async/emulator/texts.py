"""Text search: SQLite's full-text index over the distinct texts of a table's records.

It stores the words and finds them, beginnings of them, and phrases; its own ranking is not used, because it knows
neither of typos nor of beginnings, and costs four times as much as finding.
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final, TypeAlias, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import Path, Record, texts_at
from scenario_async.emulator.columns import Values
from scenario_async.emulator.queries import Phrase, Query, parsed
from scenario_async.emulator.words import APART, typos_allowed, typos_between, words_apart

Relevance: TypeAlias = NDArray[np.float32]
Bundle: TypeAlias = tuple[str, ...]
"""The texts of one record, one for each searched field."""

# How much a word of the query counts that is there, and that is only begun.
_WHOLE: Final = 1.0
_BEGUN: Final = 0.6
_NONE: Final = 99
"""The typos of what is not there."""
_LARGEST_NGRAM: Final = 3
_REMEMBERED: Final = 256
# Bytes of new words that wait to be merged; with the usual 1 MiB, indexing takes half as long again.
_UNMERGED: Final = 32 * 2**20


@attrs.frozen
class Texts:
    """Reads the searched texts of a record."""

    paths: tuple[Path, ...]

    def __call__(self, record: Record) -> Bundle:
        """Read a record."""
        return tuple("; ".join(texts_at(record, path)) for path in self.paths)


@attrs.frozen
class Found:
    """Where a word is, by the bundles' codes: with how many typos (`_NONE` where it is not), and how well it fits."""

    typos: NDArray[np.int16]
    fit: Relevance


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
            "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co S* M*'\")"
        )
        self._database.execute("INSERT INTO texts(texts, rank) VALUES ('hashsize', ?)", (_UNMERGED,))
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, 'row')")
        places = ", ".join("?" * (1 + len(self._fields)))
        self._database.executemany(
            f"INSERT INTO texts(rowid, {', '.join(self._fields)}) VALUES ({places})",  # noqa: S608 - no text of others
            (
                (code, *(" ".join(words_apart(text)) for text in bundle))
                for code, bundle in enumerate(cast("Sequence[Bundle]", bundles.items))
            ),
        )
        self._found = lru_cache(maxsize=_REMEMBERED)(self._find)

    def search(self, query: str) -> Relevance | None:
        """Give each bundle its relevance, from 0 for none to 1, or None when the query asks for nothing.

        All phrases must be there, and nothing unwanted. Of the words, those at the end may be missing; the first one
        may not, unless there is a phrase.
        """
        asked = parsed(query)
        if asked.is_empty:
            return None
        with self._lock:
            allowed = np.ones(self._size, np.bool_)
            for phrase in asked.phrases:
                allowed &= self._has(phrase)
            for phrase in asked.unwanted:
                allowed &= ~self._has(phrase)
            relevance = self._by_words(asked)
        return cast("Relevance", np.where(allowed, relevance, np.float32(0)))

    def _by_words(self, asked: Query) -> Relevance:
        """Rank by how many words are there from the first on, then by typos, then by where and how they stand."""
        count, also = len(asked.words), int(bool(asked.phrases))
        if not count:
            return np.ones(self._size, np.float32)
        relevance = np.full(self._size, also / (count + also), np.float32)
        typos = [np.zeros(self._size, np.int16)]
        fits = [np.zeros(self._size, np.float32)]
        for end in range(1, count + 1):
            best = np.full(self._size, _NONE, np.int16)
            fit = np.zeros(self._size, np.float32)
            for begin in range(max(0, end - _LARGEST_NGRAM), end):
                found = self._words(asked, begin, end)
                if found is None:
                    continue
                here = np.minimum(typos[begin] + found.typos, _NONE).astype(np.int16)
                total = fits[begin] + found.fit * (end - begin)
                better = (here < best) | ((here == best) & (total > fit))
                best, fit = np.where(better, here, best), np.where(better, total, fit)
            typos.append(best)
            fits.append(fit)
            most = 2 * end + 1  # no more typos than two a word
            quality = (np.maximum(most - 1 - best, 0) + fit / end) / most
            ranked = ((end - 1 + also + quality) / (count + also)).astype(np.float32)
            relevance = np.where(best < _NONE, np.maximum(relevance, ranked), relevance)
        return relevance

    def _words(self, asked: Query, begin: int, end: int) -> Found | None:
        """Find words that stand together in the query, written as one; None where nothing is like them."""
        begins = asked.begins and end == len(asked.words)
        word = "".join(asked.words[begin:end])
        return self._found(word, begins, end - begin - 1)

    def _find(self, word: str, begins: bool, joined: int) -> Found | None:  # noqa: FBT001 - a key of what is remembered
        """Find a word, what is like it but for typos, and what it is when it is parted in two.

        Each that is `joined` of several costs a typo.
        """
        most = max(0, typos_allowed(word) - joined)
        forms: list[tuple[int, float, str]] = [(0, _WHOLE, f'"{word}"')]
        if begins:
            forms.append((0, _BEGUN, f'"{word}"*'))
        by_typos: dict[int, list[str]] = {}
        for term in self._terms_like(word, most, begins=begins):
            distance = typos_between(word, term, begins=begins, most=most)
            if 0 < distance <= most:
                by_typos.setdefault(distance, []).append(f'"{term}"')
        forms += [(distance, _BEGUN, " OR ".join(terms)) for distance, terms in by_typos.items()]
        if parted := self._parted(word):
            forms.append((1, _BEGUN, parted))
        typos = np.full(self._size, _NONE, np.int16)
        fit = np.zeros(self._size, np.float32)
        best = max(self._weights)
        anything = False
        for wrong, quality, terms in sorted(forms, key=lambda form: (-form[0], form[1])):
            for field, weight in zip(self._fields, self._weights, strict=True):
                codes = self._codes(f"{field} : ({terms})")
                if not len(codes):
                    continue
                anything = True
                value = quality * weight / best
                fit[codes] = np.where(typos[codes] > wrong, value, np.maximum(fit[codes], value))
                typos[codes] = wrong
        if not anything:
            return None
        typos[typos < _NONE] += joined
        return Found(typos, fit)

    def _parted(self, word: str) -> str:
        """Give the phrase of two words that most often stand for one."""
        best, phrase = 0, ""
        for place in range(1, len(word)):
            left, right = word[:place], word[place:]
            if self._knows(left) and self._knows(right):
                each = f'"{left} {right}"'
                if (count := len(self._codes(each))) > best:
                    best, phrase = count, each
        return phrase

    def _has(self, phrase: Phrase) -> NDArray[np.bool_]:
        there = np.zeros(self._size, np.bool_)
        there[self._codes(f'"{" ".join(phrase)}"')] = True
        return there

    def _codes(self, expression: str) -> NDArray[np.int64]:
        # One text of all numbers is read three times as fast as a row for each.
        query = "SELECT group_concat(rowid) FROM texts WHERE texts MATCH ?"
        (found,) = self._database.execute(query, (expression,)).fetchone()
        return np.fromstring(found or "", np.int64, sep=",")

    def _terms_like(self, word: str, most: int, *, begins: bool) -> Iterator[str]:
        """Give the words of the index that may be within so many typos of a word."""
        if not most:
            return
        letters = _letters(word)
        for term, its in self._vocabulary:
            if begins:
                near = len(term) >= len(word) - most and (letters & ~its).bit_count() <= most
            else:
                near = abs(len(term) - len(word)) <= most and (letters ^ its).bit_count() <= 2 * most
            if near and (most > 1 or term[0] == word[0]):
                yield term

    @cached_property
    def _vocabulary(self) -> list[tuple[str, int]]:
        terms = self._database.execute("SELECT term FROM words").fetchall()
        return [(term, _letters(term)) for (term,) in terms if term != APART]

    def _knows(self, word: str) -> bool:
        return word in self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(term for term, _ in self._vocabulary)


def _letters(word: str) -> int:
    """Give which letters a word has, as bits."""
    found = 0
    for letter in word:
        found |= 1 << (ord(letter) % 61)
    return found
