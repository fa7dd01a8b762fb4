"""Words: how texts and queries are split into them, and how far one may be from another."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_QUERY_WORDS: Final = 10
MAX_QUERY_LENGTH: Final = 4096
"""Characters of a query that are read; what follows them cannot be among its first ten words, or is no word."""

WITH_TYPO: Final = range(5, 33)
"""How many letters a word of a query has if one of them may be wrong."""

_WORD: Final = re.compile(r"\w+")
# Scripts without spaces between their words: each character stands for itself.
_UNSPACED: Final = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")


def plain(text: str) -> str:
    """Give a text without regard to case and accents, words that are written together apart."""
    if text.isascii():
        return text.lower()
    text = text.encode(errors="ignore").decode()  # without halves of characters
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _UNSPACED.sub(r" \1 ", bare.casefold())


def query_words(query: str) -> list[str]:
    """Give the words of a query that count: like the service's engine, the first ten only."""
    return words_of(query[:MAX_QUERY_LENGTH])[:MAX_QUERY_WORDS]


def words_of(text: str) -> list[str]:
    """Split a text into plain words."""
    return _WORD.findall(plain(text))


@lru_cache(maxsize=256)
def one_typo_away(word: str) -> re.Pattern[str]:
    """Make the pattern of what begins like a word but for one letter: another, missing, added or swapped.

    The first letter must be right, as in the service's engine, where a typo there counts twice.
    """
    variants: list[str] = []
    for place in range(1, len(word)):
        before, here, after = (re.escape(part) for part in (word[:place], word[place], word[place + 1 :]))
        variants += [f"{before}.{after}", f"{before}.{here}{after}", f"{before}{after or '(?!.)'}"]
        if after:
            variants.append(f"{before}{re.escape(word[place + 1])}{here}{re.escape(word[place + 2 :])}")
    return re.compile(f"(?!{re.escape(word)})(?:{'|'.join(variants)})")
