"""The shape of each subject: what `pictures` draws before the backdrop, read from `silhouettes.txt`."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

import attrs

Point: TypeAlias = tuple[float, float]

_FILE: Final = "silhouettes.txt"


@attrs.frozen
class Shape:
    """One shape; `width` is that of a line, and a disc's points are its middle and its radii."""

    colour: str
    form: str
    points: Sequence[Point]
    width: float = 0.0


def shapes_of(subject: str) -> Sequence[Shape]:
    """Give the shapes of a subject, the first one lowest."""
    return _silhouettes()[subject]


@cache
def _silhouettes() -> Mapping[str, Sequence[Shape]]:
    known: dict[str, list[Shape]] = {}
    shapes: list[Shape] = []
    for line in files("scenario_async.emulator").joinpath(_FILE).read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            shapes.append(_shape(line))
        elif line and not line.startswith("#"):
            shapes = known[line] = []
    return known


def _shape(line: str) -> Shape:
    colour, form, *numbers = line.split()
    width = float(numbers.pop(0)) if form == "line" else 0.0
    points = [(float(x), float(y)) for x, y in (pair.split(",") for pair in numbers)]
    return Shape(colour, form, points, width)
