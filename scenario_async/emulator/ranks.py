"""How well texts fit a query, rule by rule, and as one number."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Self, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.proximity import FAR

Relevance: TypeAlias = NDArray[np.float32]
Costs: TypeAlias = NDArray[np.int32]
"""What it costs to find words in texts: typos before the attribute before beginnings, in one number; less is better."""

INEXACT: Final = 1
ATTRIBUTE: Final = 2**5
TYPO: Final = 2**13
NOT_THERE: Final = np.int32(2**20)


_MOST_TIERS: Final = 7
_BITS: Final = 7
"""The bits that hold the rank by one rule."""


@attrs.frozen
class Ranks:
    """Which texts a query finds, and how they rank by each rule: less is better. `score` is all of it, from 0 to 1."""

    found: NDArray[np.bool_]
    words: NDArray[np.int16]
    typo: NDArray[np.int16]
    proximity: NDArray[np.int16]
    attribute: NDArray[np.int16]
    exactness: NDArray[np.int16]
    score: Relevance

    def at(self, codes: NDArray[np.int32]) -> Self:
        """Give the ranks of records, whose texts have these codes."""
        return type(self)(*(each[codes] for each in self._columns()))

    @classmethod
    def together(cls, several: Sequence[Self]) -> Self:
        """Put ranks behind one another."""
        if len(several) == 1:
            return several[0]
        columns = zip(*(each._columns() for each in several), strict=True)  # noqa: SLF001 - of this class
        return cls(*map(np.concatenate, columns))

    def key(self, rules: Iterable[str], positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give positions a number each that sorts them by rules, the first deciding first."""
        key = np.zeros(len(positions), np.int64)
        for rule in rules:
            key = (key << _BITS) | getattr(self, rule)[positions]
        return key

    def _columns(self) -> list[NDArray[Any]]:
        return [getattr(self, field.name) for field in attrs.fields(type(self))]


def ranked(
    found: NDArray[np.bool_],
    there: NDArray[np.int16],
    costs: Costs,
    apart: NDArray[np.int16],
    *,
    words: int,
    also: bool,
) -> Ranks:
    """Rank texts: by how many of the query's `words` are `there`, and what that costs.

    `also` says that the query has phrases as well.
    """
    costs = np.where(found, costs, 0)
    typo, attribute, exactness = costs // TYPO, costs % TYPO // ATTRIBUTE, costs % ATTRIBUTE
    # Each rule decides where those before it leave it open.
    quality = np.ones(len(found))
    for rank, most in (
        (exactness, there),
        (attribute, _MOST_TIERS * there),
        (apart, FAR * np.maximum(there - 1, 0)),
        (typo, 2 * there),
    ):
        quality = (most - rank + quality) / (most + 1)
    score = (
        np.where(there > 0, there + int(also) - 1 + quality, float(also)) / (words + int(also))
        if words
        else found
    )
    return Ranks(
        found=found,
        words=(words - there).astype(np.int16),
        typo=typo.astype(np.int16),
        proximity=apart,
        attribute=attribute.astype(np.int16),
        exactness=exactness.astype(np.int16),
        score=np.where(found, score, 0.0).astype(np.float32),
    )
