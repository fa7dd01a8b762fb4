"""What a query asks for: words, phrases, and what must not be there."""

import re
from functools import lru_cache
from typing import Final

import attrs

from scenario_async.emulator.words import MAX_QUERY_LENGTH, MAX_QUERY_WORDS, plain, words_of

_PART: Final = re.compile(r'(?P<not>(?<!\S)-)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<text>[^\s"]+))')

Phrase = tuple[str, ...]


@attrs.frozen
class Query:
    """A query in parts.

    `words` are wanted from the first on, the last ones least; `begins` tells that the last may be the beginning of one.
    All `phrases` are wanted, and none of the `unwanted`.
    """

    words: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...]
    begins: bool

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.words or self.phrases or self.unwanted)


@lru_cache(maxsize=256)
def parsed(text: str) -> Query:
    """Read a query; like the service's engine, its first ten words only."""
    words: list[str] = []
    phrases: list[Phrase] = []
    unwanted: list[Phrase] = []
    left, begins = MAX_QUERY_WORDS, False
    for part in _PART.finditer(text[:MAX_QUERY_LENGTH]):
        found = words_of(part["phrase"] if part["phrase"] is not None else part["text"])
        begins = False
        if not found:
            continue
        if part["not"]:
            if part["phrase"] is not None:
                unwanted.append(tuple(found))
            else:
                unwanted.append((found[0],))
                words += found[1:][:left]
            continue
        if part["phrase"] is not None:
            phrases.append(tuple(found[:left]))
        else:
            words += found[:left]
            end = plain(part["text"]).rstrip()
            begins = part.end() == len(text) and end.endswith(found[-1]) and len(found) <= left
        left = max(0, left - len(found))
    return Query(tuple(words), tuple(filter(None, phrases)), tuple(unwanted), begins)
