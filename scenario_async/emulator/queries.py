"""What a query asks for: words, phrases, and what must not be there."""

import re
from functools import lru_cache
from typing import Final

import attrs

from scenario_async.emulator.words import MAX_QUERY_LENGTH, MAX_QUERY_WORDS, Boundaries, plain, words_of

_PART: Final = re.compile(r'(?P<not>(?<!\S)-)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<text>[^\s"]+))')

Phrase = tuple[str, ...]


@attrs.frozen
class Query:
    """A query in parts.

    `words` are wanted from the first on, the last ones least; `begins` tells that the last may be the beginning of one.
    Words of the same number in `runs` stand together in the query.
    All `phrases` are wanted, and none of the `unwanted`.
    """

    words: tuple[str, ...]
    runs: tuple[int, ...]
    phrases: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...]
    begins: bool

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.words or self.phrases or self.unwanted)


@lru_cache(maxsize=256)
def parsed(text: str, boundaries: Boundaries) -> Query:
    """Read a query; like the service's engine, its first ten words only."""
    words: list[str] = []
    runs: list[int] = []
    phrases: list[Phrase] = []
    unwanted: list[Phrase] = []
    left, begins, run = MAX_QUERY_WORDS, False, 0
    for part in _PART.finditer(text[:MAX_QUERY_LENGTH]):
        written = boundaries.applied(part["phrase"] if part["phrase"] is not None else part["text"])
        found = words_of(written)
        begins = False
        if not found:
            continue
        run += part["not"] is not None or part["phrase"] is not None
        if part["phrase"] is not None:
            if part["not"]:
                unwanted.append(tuple(found))
                continue
            phrases.append(tuple(found[:left]))
        else:
            if part["not"]:
                unwanted.append((found[0],))
                del found[0]
            words += found[:left]
            runs += [run] * len(found[:left])
            at_end = part.end() == len(text) and 0 < len(found) <= left
            begins = at_end and plain(written).rstrip().endswith(found[-1])
        left = max(0, left - len(found))
    return Query(tuple(words), tuple(runs), tuple(filter(None, phrases)), tuple(unwanted), begins)
