"""The distinct values of a column as comparisons see them, and the tests that are put to them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import MISSING
from scenario_async.emulator.conditions import Condition, Facet, facets_of, fold, number_of

_Mask: TypeAlias = NDArray[np.bool_]
_Codes: TypeAlias = NDArray[np.int32]
_Stretch: TypeAlias = tuple[int, int]

# Where a sorted list is parted for an ordering, and whether what is above is meant.
_BISECTIONS: Final[Mapping[str, tuple[Callable[[Sequence[Any], Any], int], bool]]] = {
    "<": (bisect_left, False),
    "<=": (bisect_right, False),
    ">=": (bisect_left, True),
    ">": (bisect_right, True),
}
_STATES: Final = frozenset({"EXISTS", "NULL", "EMPTY"})


@attrs.frozen(eq=False, kw_only=True, slots=False)
class Facets:
    """Sorted texts and numbers, and which values have them.

    `owners` and `members` go in pairs: the value `owners[i]` has the facet `members[i]`, texts being
    numbered before numbers, as `places` says.
    """

    texts: Sequence[str]
    numbers: Sequence[float]
    places: Mapping[Facet, int]
    owners: _Codes
    members: _Codes
    missing: _Mask
    null: _Mask
    empty: _Mask

    @classmethod
    def of(cls, values: Sequence[object]) -> "Facets":
        """Read the facets of values."""
        pairs = [(facet, owner) for owner, value in enumerate(values) for facet in facets_of(value)]
        texts = sorted({facet for facet, _ in pairs if isinstance(facet, str)})
        numbers = sorted({facet for facet, _ in pairs if not isinstance(facet, str)})
        facets: list[Facet] = [*texts, *numbers]
        places = {facet: place for place, facet in enumerate(facets)}
        return cls(
            texts=texts,
            numbers=numbers,
            places=places,
            owners=np.fromiter((owner for _, owner in pairs), np.int32, len(pairs)),
            members=np.fromiter((places[facet] for facet, _ in pairs), np.int32, len(pairs)),
            missing=_mask(value is MISSING for value in values),
            null=_mask(value is None for value in values),
            empty=_mask(value in ("", [], {}) for value in values),
        )

    def passing(self, conditions: Sequence[Condition], *, every: bool) -> _Mask:
        """Tell of each value whether it passes all of some conditions (`every`), or one of them."""
        # The same condition may be asked again and again.
        asked = dict.fromkeys((condition.test, condition.values) for condition in conditions)
        if every:
            passed = np.ones(len(self.missing), np.bool_)
            for test, values in asked:
                passed &= self._state(test) if test in _STATES else self._having([(test, values)])
                if not passed.any():
                    break
            return passed
        compared = [(test, values) for test, values in asked if test not in _STATES]
        passed = self._having(compared) if compared else np.zeros(len(self.missing), np.bool_)
        for test, _ in asked:
            if test in _STATES:
                passed |= self._state(test)
        return passed

    def _state(self, test: str) -> _Mask:
        match test:
            case "EXISTS":
                return ~self.missing
            case "NULL":
                return self.null
            case _:
                return self.empty

    def _having(self, asked: Iterable[tuple[str, tuple[str, ...]]]) -> _Mask:
        """Tell of each value whether it has a facet that one of some tests asks for."""
        chosen = np.zeros(len(self.texts) + len(self.numbers), np.bool_)
        equal: list[int] = []
        for test, values in asked:
            match test:
                case "=" | "IN":
                    equal.extend(place for value in values for place in self._equal(value))
                case "CONTAINS":
                    self._choose_holding(fold(values[0]), chosen)
                case _:
                    for first, last in self._stretches(test, values):
                        chosen[first:last] = True
        chosen[equal] = True
        passed = np.zeros(len(self.missing), np.bool_)
        passed[self.owners[chosen[self.members]]] = True
        return passed

    def _equal(self, value: str) -> Iterator[int]:
        """Give the places of what a value is equal to: a text, and a number if it reads as one."""
        for facet in (fold(value), number_of(value)):
            if facet is not None and (place := self.places.get(facet)) is not None:
                yield place

    def _choose_holding(self, part: str, chosen: _Mask) -> None:
        if part in self._all_texts:
            chosen[: len(self.texts)] |= _mask(part in text for text in self.texts)

    @cached_property
    def _all_texts(self) -> str:
        """All texts in one, which says at once that none of them has something."""
        return "\n".join(self.texts)

    def _stretches(self, test: str, values: tuple[str, ...]) -> Iterator[_Stretch]:
        """Give the stretches of facets that a test asks for."""
        match test:
            case "STARTS":
                part = fold(values[0])
                first = bisect_left(self.texts, part)
                yield first, bisect_right(self.texts, part, first, key=lambda text: text[: len(part)])
            case "TO":
                borders = zip(self._borders(">=", values[0]), self._borders("<=", values[1]), strict=True)
                yield from ((max(least[0], most[0]), min(least[1], most[1])) for least, most in borders)
            case ordering:
                yield from self._borders(ordering, values[0])

    def _borders(self, ordering: str, bound: str) -> tuple[_Stretch, _Stretch]:
        """Give the stretches of texts and of numbers on one side of a bound: numbers only if it reads as one."""
        bisect, upwards = _BISECTIONS[ordering]
        texts, end = len(self.texts), len(self.texts) + len(self.numbers)
        border = bisect(self.texts, fold(bound))
        number = number_of(bound)
        if number is None:
            return (border, texts) if upwards else (0, border), (texts, texts)
        middle = texts + bisect(self.numbers, number)
        return (border, texts) if upwards else (0, border), (middle, end) if upwards else (texts, middle)


def _mask(answers: Iterable[bool]) -> _Mask:
    return np.fromiter(answers, np.bool_)
