"""Words: how texts and queries are split into them, and how far one may be from another."""

import re
import unicodedata
from typing import Final

import attrs

MAX_QUERY_WORDS: Final = 10
MAX_QUERY_LENGTH: Final = 4096
"""Characters of a query that are read; what follows them cannot be among its first ten words, or is no word."""

LONGEST: Final = 32
"""Letters of a word that may have typos."""

_WORD: Final = re.compile(r"(?:[^\W_]|[+<=>^|~$\u2600-\u27bf\U0001f000-\U0001faff\ue001-\uf8ff])+|\ue000")
# Punctuation across which words do not stand side by side.
_APART: Final = re.compile(r"[.,](?= )|[!;?\u2026\u3002\u3001\u00bf\u00a1]")
APART: Final = "\ue000"
"""Stands between words that are not side by side."""
# Scripts without spaces between their words: each character stands for itself.
_UNSPACED: Final = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


_VARIANTS: Final = "\ufe0e\ufe0f"
"""What says how an emoji is drawn."""
_KEPT: Final = 0xE001
"""The first of the characters that stand for what is a part of words, as nothing else uses them."""


@attrs.frozen
class Boundaries:
    """What parts words, and what is a part of them, besides what is so anyway."""

    separators: tuple[str, ...] = ()
    non_separators: tuple[str, ...] = ()

    def applied(self, text: str) -> str:
        """Give a text whose words end where they are to end."""
        for number, each in enumerate(self.non_separators):
            text = text.replace(each, chr(_KEPT + number))
        for each in self.separators:
            text = text.replace(each, " ")
        return text


def plain(text: str) -> str:
    """Give a text without regard to case and accents, words that are written together apart."""
    if text.isascii():
        return text.lower()
    text = text.encode(errors="ignore").decode()  # without halves of characters
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not (unicodedata.combining(c) or c in _VARIANTS))
    return _UNSPACED.sub(r" \1 ", bare.lower())


def words_of(text: str) -> list[str]:
    """Split a text into plain words."""
    return [word for word in _WORD.findall(plain(text)) if word != APART]


def words_apart(text: str) -> list[str]:
    """Split a text into plain words, with `APART` where two are not side by side."""
    return _WORD.findall(_APART.sub(f" {APART} ", plain(text.replace(APART, " "))))


def typos_between(word: str, term: str, *, begins: bool, most: int) -> int:
    """Give how many letters are wrong: another, missing, added or swapped; a wrong first letter counts twice.

    With `begins` it is enough that the term begins like the word. More than `most` is given as most + 1.
    """
    found = _distance(word, term, begins=begins, most=most)
    if found and term[:1] != word[:1]:
        found += 1
    return min(found, most + 1)


def _distance(word: str, term: str, *, begins: bool, most: int) -> int:
    """Read the term letter by letter, as the engine's automaton does, with what each beginning of the word costs."""
    size = len(word)
    older: list[int] = []
    before = list(range(size + 1))
    for there, letter in enumerate(term, 1):
        costs = [there]
        for place, own in enumerate(word, 1):
            cost = min(before[place] + 1, costs[-1] + 1, before[place - 1] + (letter != own))
            if there > 1 < place and own == term[there - 2] and word[place - 2] == letter:
                cost = min(cost, older[place - 2] + 1)
            costs.append(cost)
        # What is left of the term does not matter once no shorter beginning of the word could come to a better end.
        if begins and costs[size] <= most and costs[size] <= min(costs[:size]):
            return costs[size]
        if min(costs) > most:
            return most + 1
        older, before = before, costs
    return before[size]
