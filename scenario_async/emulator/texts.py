"""Text search: SQLite's full-text index over the distinct texts of a table's records.

It stores the words and finds them, beginnings of them, phrases, and where they stand; its own ranking is not used,
because it knows neither of typos nor of beginnings, and costs four times as much as finding.
"""

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final, TypeAlias, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import Path, Record, texts_at
from scenario_async.emulator.columns import Values
from scenario_async.emulator.proximity import Standing, distances
from scenario_async.emulator.queries import Phrase, Query
from scenario_async.emulator.ranks import ATTRIBUTE, INEXACT, NOT_THERE, TYPO, Costs, Ranks, ranked
from scenario_async.emulator.rules import Engine
from scenario_async.emulator.seeds import Seeds
from scenario_async.emulator.words import APART, Boundaries, typos_between, words_apart

Bundle: TypeAlias = tuple[str, ...]
"""The texts of one record, one for each searched field."""

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
class Form:
    """Words that stand for a word of the query, as an expression of the index: with how many typos, and how exactly."""

    typos: int
    inexact: int
    expression: str


class TextIndex:
    """The words of bundles, by the bundles' codes; they end where `boundaries` says."""

    def __init__(self, bundles: Values, weights: Sequence[float], boundaries: Boundaries) -> None:
        self.size: int = len(bundles.items)
        tiers = sorted({*weights}, reverse=True)
        self.last_tier: int = len(tiers) - 1
        self._fields = [(f"field{number}", tiers.index(weight)) for number, weight in enumerate(weights)]
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._database.close)
        names = ", ".join(name for name, _ in self._fields)
        self._database.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5({names}, content='', "
            "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co S* M*'\")"
        )
        self._database.execute("INSERT INTO texts(texts, rank) VALUES ('hashsize', ?)", (_UNMERGED,))
        self._database.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, 'row')")
        self._database.execute("CREATE VIRTUAL TABLE places USING fts5vocab(texts, 'instance')")
        places = ", ".join("?" * (1 + len(self._fields)))
        self._database.executemany(
            f"INSERT INTO texts(rowid, {names}) VALUES ({places})",  # noqa: S608 - no text of others
            (
                (code, *(" ".join(words_apart(boundaries.applied(text))) for text in bundle))
                for code, bundle in enumerate(cast("Sequence[Bundle]", bundles.items))
            ),
        )
        self.costs: Callable[[str, bool, int], Costs | None] = lru_cache(maxsize=_REMEMBERED)(self._cost_of)
        self.standing: Callable[[str, bool, int], Standing] = lru_cache(maxsize=_REMEMBERED)(self._where)

    def search(self, asked: Query, engine: Engine, seeds: Seeds | None = None) -> Ranks:
        """Rank the bundles by a query, or records with their seeds.

        All phrases must be there, and nothing unwanted. Of the words, those at the end may be missing; the first one
        may not, unless there is a phrase.
        """
        with self._lock:
            return _Search(self, asked, engine, seeds).ranks()

    def has(self, phrase: Phrase) -> NDArray[np.bool_]:
        """Tell which bundles have words that stand together."""
        there = np.zeros(self.size, np.bool_)
        there[self._codes(f'"{" ".join(phrase)}"')] = True
        return there

    def _cost_of(self, word: str, begins: bool, most: int) -> Costs | None:  # noqa: FBT001 - a key of what is remembered
        """Find a word, what is like it but for typos, and what it is when it is parted in two; None where nothing is."""
        costs = np.full(self.size, NOT_THERE, np.int32)
        anything = False
        for form in self._forms(word, most, begins=begins):
            for field, tier in self._fields:
                codes = self._codes(f"{field} : ({form.expression})")
                if len(codes):
                    anything = True
                    cost = np.int32(TYPO * form.typos + ATTRIBUTE * tier + INEXACT * form.inexact)
                    costs[codes] = np.minimum(costs[codes], cost)
        return costs if anything else None

    def _forms(self, word: str, most: int, *, begins: bool) -> Iterator[Form]:
        yield Form(0, 0, f'"{word}"')
        if begins:
            yield Form(0, 1, f'"{word}"*')
        for distance, terms in self._like(word, begins, most).items():
            yield Form(distance, 1, " OR ".join(f'"{term}"' for term in terms))
        if parted := self._parted(word):
            yield Form(1, 1, parted)

    def _like(self, word: str, begins: bool, most: int) -> dict[int, list[str]]:  # noqa: FBT001 - as above
        """Give the words of the index that are like a word, by the number of typos."""
        by_typos: dict[int, list[str]] = {}
        for term in self._terms_like(word, most, begins=begins):
            distance = typos_between(word, term, begins=begins, most=most)
            if 0 < distance <= most:
                by_typos.setdefault(distance, []).append(term)
        return by_typos

    def _parted(self, word: str) -> str:
        """Give the phrase of two words that most often stand for one."""
        best, phrase = 0, ""
        for place in range(1, len(word)):
            left, right = word[:place], word[place:]
            if left in self._known and right in self._known:
                each = f'"{left} {right}"'
                if (count := len(self._codes(each))) > best:
                    best, phrase = count, each
        return phrase

    def _codes(self, expression: str) -> NDArray[np.int64]:
        return self._numbers("SELECT group_concat(rowid) FROM texts WHERE texts MATCH ?", expression)

    def _where(self, word: str, begins: bool, most: int) -> Standing:  # noqa: FBT001 - a key of what is remembered
        """Give where a word stands, and what is like it."""
        if begins:
            found = [self._numbers(_PLACES.format("term >= ? AND term < ?"), word, f"{word}\U0010ffff")]
        else:
            found = [self._numbers(_PLACES.format("term = ?"), word)]
        for terms in self._like(word, begins, most).values():
            found += [self._numbers(_PLACES.format("term = ?"), term) for term in terms]
        return Standing.of(np.concatenate(found), self._apart_at)

    def _numbers(self, query: str, *values: str) -> NDArray[np.int64]:
        """Ask for a text of numbers, which is read three times as fast as a row for each."""
        (found,) = self._database.execute(query, values).fetchone()
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

    @cached_property
    def _apart_at(self) -> NDArray[np.int64]:
        return np.sort(self._numbers(_PLACES.format("term = ?"), APART))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(term for term, _ in self._vocabulary)


class _Search:
    """A query to an index: of its bundles, or of records with their seeds."""

    def __init__(self, index: TextIndex, asked: Query, engine: Engine, seeds: Seeds | None) -> None:
        self._index = index
        self._asked = asked
        self._engine = engine
        self._seeds = seeds
        self._size = index.size if seeds is None else len(seeds.texts)

    def ranks(self) -> Ranks:
        """Find how many words are there from the first on, in the way that costs least."""
        asked, count = self._asked, len(self._asked.words)
        least: list[Costs] = [np.zeros(self._size, np.int32)]
        there = np.zeros(self._size, np.int16)
        best = np.where(bool(asked.phrases) or not count, np.int32(0), np.full(self._size, NOT_THERE))
        for end in range(1, count + 1):
            costs = np.full(self._size, NOT_THERE, np.int32)
            for begin in range(max(0, end - _LARGEST_NGRAM), end):
                if asked.runs[begin] == asked.runs[end - 1]:
                    word_costs = self._costs(begin, end)
                    if word_costs is not None:
                        costs = np.minimum(costs, least[begin] + word_costs)
            least.append(np.minimum(costs, NOT_THERE))
            here = costs < NOT_THERE
            there[here] = end
            best = np.where(here, costs, best)
        found = self._allowed() & (best < NOT_THERE)
        if self._engine.matching == "all":
            found &= there == count
        return ranked(found, there, best, self._apart(there), words=count, also=bool(asked.phrases))

    def _allowed(self) -> NDArray[np.bool_]:
        """Tell what has all phrases, and nothing unwanted."""
        allowed = np.ones(self._size, np.bool_)
        for phrase in self._asked.phrases:
            allowed &= self._has(phrase)
        for phrase in self._asked.unwanted:
            allowed &= ~self._has(phrase)
        return allowed

    def _has(self, phrase: Phrase) -> NDArray[np.bool_]:
        there = self._index.has(phrase)
        if self._seeds is None:
            return there
        there = there[self._seeds.texts]
        return there | self._seeds.having(phrase[0], begins=False) if len(phrase) == 1 else there

    def _costs(self, begin: int, end: int) -> Costs | None:
        """Give what it costs to find words as one, None where nothing is like that; joining words costs typos."""
        word, joined = "".join(self._asked.words[begin:end]), end - begin - 1
        begins = self._begins(end - 1)
        costs = self._index.costs(word, begins, max(0, self._engine.typos_allowed(word) - joined))
        seeds = self._seeds
        if seeds is not None:
            costs = np.full(self._size, NOT_THERE) if costs is None else costs[seeds.texts]
            if word.isdecimal() and not joined:
                costs[seeds.having(word, begins=begins)] = ATTRIBUTE * self._index.last_tier
        return None if costs is None else costs + np.int32(TYPO * joined)

    def _begins(self, place: int) -> bool:
        return self._asked.begins and place == len(self._asked.words) - 1

    def _apart(self, there: NDArray[np.int16]) -> NDArray[np.int16]:
        """Give how far the words that are there stand from one another, from word to word of the query."""
        apart = np.zeros(self._size, np.int16)
        if "proximity" not in self._engine.ranking:
            return apart
        before: Standing | None = None
        for place, word in enumerate(self._asked.words):
            if not (there > place).any():
                break
            here = self._index.standing(word, self._begins(place), self._engine.typos_allowed(word))
            if before is not None:
                steps = distances(before, here, self._index.size)
                steps = steps if self._seeds is None else steps[self._seeds.texts]
                apart += np.where(there > place, steps, 0).astype(np.int16)
            before = here
        return apart


_PLACES: Final = (
    "SELECT group_concat((doc << 24) | (substr(col, 6) << 20) | min(offset, 1048575)) FROM places WHERE {}"
)


def _letters(word: str) -> int:
    """Give which letters a word has, as bits."""
    found = 0
    for letter in word:
        found |= 1 << (ord(letter) % 61)
    return found
