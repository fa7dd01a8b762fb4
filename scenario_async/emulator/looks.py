"""What the records of a table look like."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.columns import Column, Mask
from scenario_async.emulator.features import Look, LookIndex
from scenario_async.emulator.rows import Shelf
from scenario_async.emulator.subjects import AnyPicture
from scenario_async.emulator.table import Table


@attrs.frozen(eq=False)
class Looks:
    """The looks of a table; `shown` holds pictures, ids of assets that are shown instead, or None."""

    table: Table
    assets: Shelf
    shown: Column
    picture_of: Callable[[str], AnyPicture | None]

    def search(
        self, like: Sequence[Look], unlike: Sequence[Look], semantic_ratio: float, *, among: Mask
    ) -> NDArray[np.float32]:
        """Give each position its likeness, from -1 to 1, or minus infinity where there is no picture.

        Only the pictures of some positions are compared closely: those that a search is `among`.
        """
        numbers, index = self._indexed
        wanted = np.zeros(index.size, np.bool_)
        wanted[numbers[among]] = True
        return index.search(like, unlike, semantic_ratio, among=wanted)[numbers]

    @cached_property
    def _indexed(self) -> tuple[NDArray[np.intp], LookIndex]:
        """Number the pictures that records which are not gone show, the first being none, and look at them."""
        pictures: list[AnyPicture | None] = [None]
        numbers: list[NDArray[np.intp]] = []
        there = np.split(self.table.there, np.cumsum([len(part.codes) for part in self.shown.parts])[:-1])
        for part, alive in zip(self.shown.parts, there, strict=True):
            known = np.zeros(len(part.values.items), np.intp)
            for code in np.unique(part.codes[alive]).tolist():
                known[code] = len(pictures)
                shown = cast("AnyPicture | str | None", part.values.items[code])
                pictures.append(self.picture_of(shown) if isinstance(shown, str) else shown)
            numbers.append(known[part.codes])
        return np.concatenate(numbers), LookIndex(pictures)
