"""Seeds, which a text search finds as it finds words: each record has its own, so they are no part of the text index."""

import attrs
import numpy as np

from scenario_async.emulator.columns import Codes, Mask, Part
from scenario_async.emulator.queries import Query


@attrs.frozen(eq=False)
class Seeds:
    """The seeds of records, whose texts have the codes `texts`."""

    part: Part
    texts: Codes

    def having(self, word: str, *, begins: bool) -> Mask:
        """Tell which records have a seed, or one that begins so."""
        seeds = (str(each) if isinstance(each, str | int) else "" for each in self.part.values.items)
        has = [each.startswith(word) for each in seeds] if begins else [each == word for each in seeds]
        return np.array(has, np.bool_)[self.part.codes]


def may_be_seeds(asked: Query) -> bool:
    """Tell whether a query holds a word that a seed could be."""
    words = (*asked.words, *(word for phrase in (*asked.phrases, *asked.unwanted) for word in phrase))
    return any(word.isdecimal() for word in words)
