"""The positions of a table that a search matches, and their order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import Path, Record
from scenario_async.emulator.columns import Mask
from scenario_async.emulator.rules import Engine
from scenario_async.emulator.table import Table

if TYPE_CHECKING:
    from scenario_async.emulator.ranks import Ranks

_DECIMALS = 6


class Matches:
    """All positions of a scope at first, and fewer with each thing that is asked of them."""

    def __init__(self, table: Table, scope: Mask, engine: Engine) -> None:
        self._table = table
        self._engine = engine
        self._mask = scope
        self._rank: NDArray[np.float32] | None = None
        self._rankings = 0
        self._by_words: Ranks | None = None

    @property
    def mask(self) -> Mask:
        """The positions that match."""
        return self._mask

    @property
    def count(self) -> int:
        """How many positions match."""
        return int(np.count_nonzero(self._mask))

    def keep(self, mask: Mask) -> None:
        """Let only these positions match."""
        self._mask = self._mask & mask

    def rank_by_text(self, query: str, semantic_ratio: float) -> None:
        """Let only those match that a query finds by its words or, with a ratio, rank all by its meaning as well."""
        ranks = self._table.ranks(query, self._engine)
        if ranks is None:
            return
        if not semantic_ratio:
            self.keep(ranks.found)
            self._by_words = ranks
            self._add(ranks.score)
            return
        near = self._table.nearness(query)
        if (least := self._engine.semantic_threshold) is not None:
            self.keep((near >= least) if semantic_ratio == 1 else (near >= least) | ranks.found)
        by_words, by_meaning = np.float32(1 - semantic_ratio), np.float32(semantic_ratio)
        self._add((by_words * ranks.score + by_meaning * near).astype(np.float32))

    def rank_by_likeness(self, likeness: NDArray[np.float32]) -> None:
        """Let only those match that are like something, which is what minus infinity is not."""
        self.keep(np.isfinite(likeness))
        self._add(np.clip(likeness, -1, 1))

    def _add(self, rank: NDArray[np.float32]) -> None:
        self._rank = rank if self._rank is None else self._rank + rank
        self._rankings += 1

    def first(self, number: int, sorting: Sequence[tuple[Path, bool]]) -> list[int]:
        """Give the first positions by rank, and of the same rank sorted by attributes (with whether downwards).

        Engines rank before they sort, unless their rules say otherwise.
        """
        positions = np.flatnonzero(self._mask)
        if "sort" not in self._engine.ranking:
            sorting = ()
        by_attributes: list[NDArray[Any]] = [
            self._table.attribute(path).sort_keys(descending=descending)[positions]
            for path, descending in sorting
        ]
        before, after = self._by_rank(positions)
        keys = [*before, *by_attributes, *after, self._table.standing[positions]]
        chosen: list[int] = positions[_least(number, keys)].tolist()
        return chosen

    def _by_rank(self, positions: NDArray[np.int64]) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """Give what decides before the attributes that are sorted by, and behind them."""
        if self._rank is None:
            return [], []
        rules = self._engine.ranking
        sort = rules.index("sort") if "sort" in rules else len(rules)
        if self._by_words is None or self._rankings > 1:  # several rankings in one have no rules any more
            by_score = [-self._rank[positions]]
            return (by_score, []) if sort else ([], by_score)
        halves = rules[:sort], rules[sort + 1 :]
        before, after = ([self._by_words.key(half, positions)] if half else [] for half in halves)
        return before, after

    def record(self, position: int) -> Record:
        """Give the record at a position; where words or pictures ranked it, its score tells how well it fits."""
        record = self._table.shelf[position]
        if self._rank is None:
            return record
        rank = float(self._rank[position]) / self._rankings
        return {**record, "score": round(max(rank, 0.0), _DECIMALS)}


def _least(number: int, keys: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Give the places of the least ones in their order, the first key deciding first."""
    places = np.arange(len(keys[0]))
    if 0 < number < len(places) // 2:
        # What is behind the last one wanted by the first key alone need not be sorted.
        border = np.partition(keys[0], number - 1)[number - 1]
        places = np.flatnonzero(keys[0] <= border)
    order = np.lexsort([key[places] for key in reversed(keys)])[:number]
    return places[order]
