"""What the records of a table look like."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import cast

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.columns import Column
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
        self, like: Sequence[Look], unlike: Sequence[Look], semantic_ratio: float
    ) -> NDArray[np.float32]:
        """Give each position its likeness, from -1 to 1, or minus infinity where there is no picture."""
        return self._index.search(like, unlike, semantic_ratio)[self.shown.codes]

    @cached_property
    def _index(self) -> LookIndex:
        shown = cast("list[AnyPicture | str | None]", self.shown.values.items[:])
        return LookIndex([self.picture_of(each) if isinstance(each, str) else each for each in shown])
