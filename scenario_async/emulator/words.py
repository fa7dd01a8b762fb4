"""Words: how texts and queries are split into them, and how far one may be from another."""

import re
import unicodedata
from typing import Final

MAX_QUERY_WORDS: Final = 10
MAX_QUERY_LENGTH: Final = 4096
"""Characters of a query that are read; what follows them cannot be among its first ten words, or is no word."""

ONE_TYPO: Final = 5
"""How many letters a word of a query has if one of them may be wrong."""
TWO_TYPOS: Final = 9
"""How many it has if two may."""
LONGEST: Final = 32

_WORD: Final = re.compile(r"(?:[^\W_]|[+<=>^|~$])+|[\u2600-\u27bf\U0001f000-\U0001faff]|\ue000")
# Punctuation across which words do not stand side by side.
_APART: Final = re.compile(r"[.,](?= )|[!;?\u2026\u3002\u3001\u00bf\u00a1]")
APART: Final = "\ue000"
"""Stands between words that are not side by side."""
# Scripts without spaces between their words: each character stands for itself.
_UNSPACED: Final = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


def plain(text: str) -> str:
    """Give a text without regard to case and accents, words that are written together apart."""
    if text.isascii():
        return text.lower()
    text = text.encode(errors="ignore").decode()  # without halves of characters
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _UNSPACED.sub(r" \1 ", bare.lower())


def words_of(text: str) -> list[str]:
    """Split a text into plain words."""
    return [word for word in _WORD.findall(plain(text)) if word != APART]


def words_apart(text: str) -> list[str]:
    """Split a text into plain words, with `APART` where two are not side by side."""
    return _WORD.findall(_APART.sub(f" {APART} ", plain(text.replace(APART, " "))))


def typos_allowed(word: str) -> int:
    """Give how many letters of a word may be wrong."""
    if not ONE_TYPO <= len(word) <= LONGEST:
        return 0
    return 1 if len(word) < TWO_TYPOS else 2


def typos_between(word: str, term: str, *, begins: bool, most: int) -> int:
    """Give how many letters are wrong: another, missing, added or swapped; a wrong first letter counts twice.

    With `begins` it is enough that the term begins like the word; of two typos, at most one may then be a letter that is
    missing. More than `most` is given as most + 1.
    """
    older: list[int] = []
    above = list(range(len(term) + 1))
    for place, letter in enumerate(word, 1):
        row = [place]
        for there, other in enumerate(term, 1):
            cost = min(above[there] + 1, row[-1] + 1, above[there - 1] + (letter != other))
            if place > 1 < there and letter == term[there - 2] and word[place - 2] == other:
                cost = min(cost, older[there - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        older, above = above, row
    found = above[-1]
    if begins:
        found = min([found, *(max(cost, 1) for cost in above if cost <= 1), *above[len(word) - 1 :]])
    if found and term[:1] != word[:1]:
        found += 1
    return min(found, most + 1)
