"""Where words stand, and how near two of them stand to each other in the same text."""

from typing import Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.int64]

FAR: Final = 4
"""The distance of words that stand further from each other, or in different texts."""
_CODE: Final = 24


@attrs.frozen
class Standing:
    """Where a word stands: the code of each text, and the places as steps, of which `FAR` and more are never near."""

    codes: Numbers
    steps: Numbers

    @classmethod
    def of(cls, places: Numbers, apart: Numbers) -> "Standing":
        """Read places, the numbers of text, field and word, all in one; `apart` are those that part sentences."""
        places = np.unique(places)
        return cls(places >> _CODE, places + np.searchsorted(apart, places) * (FAR - 1))


def distances(first: Standing, second: Standing, size: int) -> NDArray[np.int16]:
    """Give each code how far a word stands before another one, at the nearest; behind it counts one more."""
    nearest = np.full(size, FAR, np.int16)
    _approach(nearest, first, second, 0)
    _approach(nearest, second, first, 1)
    return nearest


def _approach(nearest: NDArray[np.int16], first: Standing, second: Standing, more: int) -> None:
    if not (len(first.steps) and len(second.steps)):
        return
    places = np.searchsorted(second.steps, first.steps, side="right")
    there = places < len(second.steps)
    steps = second.steps[places[there]] - first.steps[there] + more
    near = steps < FAR
    np.minimum.at(nearest, first.codes[there][near], steps[near].astype(np.int16))
