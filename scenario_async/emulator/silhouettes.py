"""The shape of each subject, as data: what `pictures` draws before the backdrop.

A line is one shape on a grid of 100 by 100, later ones over earlier ones: a colour, then `poly` with its
corners, `disc` with its middle and two radii, or `line` with its width and its points.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, TypeAlias

import attrs

Point: TypeAlias = tuple[float, float]


@attrs.frozen
class Shape:
    """One shape; `width` is that of a line, and a disc's points are its middle and its radii."""

    colour: str
    form: str
    points: Sequence[Point]
    width: float = 0.0


@cache
def shapes_of(subject: str) -> Sequence[Shape]:
    """Give the shapes of a subject, the first one lowest."""
    return [_shape(line) for line in _SILHOUETTES[subject].strip().splitlines()]


def _shape(line: str) -> Shape:
    colour, form, *numbers = line.split()
    width = float(numbers.pop(0)) if form == "line" else 0.0
    points = [(float(x), float(y)) for x, y in (pair.split(",") for pair in numbers)]
    return Shape(colour, form, points, width)


_SILHOUETTES: Final[Mapping[str, str]] = {
    "knight": """
        accent poly 50,20 54,6 68,2 80,12 70,11 60,22
        shade poly 22,96 28,64 38,53 62,53 72,64 78,96
        main poly 36,96 38,58 62,58 64,96
        light poly 35,44 35,27 41,17 50,13 59,17 65,27 65,44 58,52 42,52
        dark poly 39,29 61,29 61,34 53,34 53,47 47,47 47,34 39,34
        light poly 79,92 79,36 81,30 83,36 83,92
        accent poly 72,72 90,72 90,76 72,76
        accent poly 10,56 40,56 40,76 25,95 10,76
        main poly 22,59 28,59 28,89 25,92 22,89
        main poly 12,67 38,67 38,73 12,73
    """,
    "castle": """
        shade poly 10,94 10,44 14,44 14,39 18,39 18,44 22,44 22,39 26,39 26,44 30,44 30,94
        shade poly 70,94 70,44 74,44 74,39 78,39 78,44 82,44 82,39 86,39 86,44 90,44 90,94
        main poly 26,94 26,60 32,60 32,54 38,54 38,60 62,60 62,54 68,54 68,60 74,60 74,94
        light poly 38,60 38,28 62,28 62,60
        main poly 50,28 62,28 62,60 50,60
        accent poly 34,28 50,4 66,28
        accent poly 8,39 20,20 32,39
        accent poly 68,39 80,20 92,39
        dark poly 42,94 42,78 45,72 50,69 55,72 58,78 58,94
        dark disc 50,42 3.5,5.5
        dark disc 20,58 2.5,5
        dark disc 80,58 2.5,5
    """,
    "dragon": """
        light poly 58,56 46,50 40,34 26,14 8,6 12,22 2,34 14,38 12,52 24,50 28,62 38,58 46,70
        shade line 1.8 54,58 40,40 8,6
        shade line 1.8 52,60 34,48 2,34
        shade line 1.8 50,62 34,56 12,52
        main poly 2,72 14,82 28,80 40,66 54,56 58,46 56,34 64,24 76,20 84,26 97,30 98,37 86,40 78,39 73,46
        main poly 70,44 76,58 78,72 72,86 58,94 38,95 18,92 2,72 16,80 30,80 42,64 56,52
        shade poly 2,72 0,58 12,66
        shade poly 61,92 61,97 75,97 74,82
        shade poly 36,92 36,97 50,97 50,92
        accent poly 58,40 50,36 58,32
        accent poly 58,52 49,49 57,44
        accent poly 70,23 58,6 79,20
        light poly 72,48 76,60 76,74 68,86 58,90 64,72
        dark line 1.6 84,36 97,33
        accent disc 77,27 2.6,2.6
        dark disc 77.5,27 1,2.2
    """,
    "forest": """
        dark poly 21,96 21,84 27,84 27,96
        shade poly 4,86 24,56 44,86
        shade poly 8,68 24,40 40,68
        shade poly 12,52 24,26 36,52
        dark poly 75,96 75,84 81,84 81,96
        shade poly 58,86 78,52 98,86
        shade poly 62,66 78,36 94,66
        shade poly 66,48 78,22 90,48
        dark poly 46,98 46,84 54,84 54,98
        main poly 24,88 50,50 76,88
        main poly 28,66 50,30 72,66
        main poly 33,44 50,6 67,44
        light poly 50,6 44,20 50,24 54,18
        light poly 50,30 40,46 50,50 56,42
    """,
    "potion": """
        dark poly 42,5 58,5 57,17 43,17
        light poly 39,17 61,17 61,23 57,23 57,40 43,40 43,23 39,23
        light disc 50,66 31,29
        accent poly 21,62 79,62 78,74 71,85 60,92 50,94 40,92 29,85 22,74
        main poly 23,68 36,64 50,68 64,64 77,68 76,76 70,84 60,90 50,92 40,90 30,84 24,76
        accent disc 41,78 4,4
        accent disc 57,83 3,3
        accent disc 60,73 2.5,2.5
        light line 2.5 30,52 35,46 41,43
    """,
    "spaceship": """
        accent poly 38,76 50,100 62,76
        light poly 44,76 50,90 56,76
        shade poly 34,50 14,78 17,88 35,76
        shade poly 66,50 86,78 83,88 65,76
        light poly 50,2 60,16 66,36 66,78 34,78 34,36 40,16
        main poly 50,2 60,16 66,36 66,78 50,78
        accent poly 50,2 57,12 60,17 40,17 43,12
        shade disc 50,40 10,10
        accent disc 50,40 7,7
        dark poly 38,78 62,78 60,83 40,83
        shade line 2 36,64 64,64
    """,
    "sword": """
        light poly 44,12 50,1 56,12 56,66 44,66
        main poly 50,1 56,12 56,66 50,66
        shade line 1.6 50,12 50,60
        accent poly 28,64 72,64 76,60 76,72 72,70 28,70 24,72 24,60
        dark poly 46,70 54,70 54,88 46,88
        accent line 1.6 46,75 54,78
        accent line 1.6 46,81 54,84
        accent disc 50,92 6,6
    """,
    "shield": """
        shade poly 12,14 50,4 88,14 86,50 74,76 50,97 26,76 14,50
        light poly 18,19 50,10 82,19 80,49 69,72 50,89 31,72 20,49
        main poly 50,10 82,19 80,49 69,72 50,89
        accent poly 46,14 54,14 54,84 50,88 46,84
        accent poly 20,38 80,38 80,47 20,47
        shade disc 50,42 11,11
        accent disc 50,42 7,7
    """,
    "mountain": """
        shade poly 50,92 76,40 100,92
        light poly 76,40 68,56 74,52 78,58 84,56
        main poly 0,92 40,14 78,92
        shade poly 40,14 78,92 44,92 50,66 42,46
        light poly 40,14 28,37 34,34 38,42 44,35 49,42 53,40
        dark poly 0,92 14,84 30,90 52,83 74,90 100,85 100,97 0,97
    """,
    "moon": """
        light disc 50,50 43,43
        accent disc 50,50 40,40
        light disc 38,34 10,9
        light disc 66,44 7,7
        light disc 46,66 12,10
        light disc 70,68 5,5
        main disc 40,35 7,6
        main disc 67,45 4.5,4.5
        main disc 48,67 8.5,7
        light disc 24,54 4,4
    """,
    "robot": """
        dark line 2.5 50,18 50,6
        accent disc 50,6 4.5,4.5
        light poly 26,18 74,18 78,24 78,46 74,50 26,50 22,46 22,24
        dark poly 30,25 70,25 70,43 30,43
        accent disc 40,34 5.5,5.5
        accent disc 60,34 5.5,5.5
        shade poly 42,50 58,50 58,55 42,55
        main poly 24,55 76,55 72,84 28,84
        light poly 38,61 62,61 62,75 38,75
        accent line 2 42,70 47,66 52,71 58,64
        shade line 6 22,58 10,74 14,86
        shade line 6 78,58 90,74 86,86
        dark poly 32,84 44,84 44,97 28,97
        dark poly 56,84 68,84 72,97 56,97
    """,
    "chest": """
        dark poly 8,92 8,50 92,50 92,92
        main poly 12,88 12,54 88,54 88,88
        accent poly 18,50 30,38 38,46 48,34 58,46 68,36 82,50
        shade poly 8,48 10,28 22,16 78,16 90,28 92,48
        main poly 14,44 16,30 25,21 75,21 84,30 86,44
        accent poly 26,16 32,16 32,92 26,92
        accent poly 68,16 74,16 74,92 68,92
        dark poly 8,47 92,47 92,53 8,53
        accent poly 42,44 58,44 58,64 42,64
        dark disc 50,52 3,3
        dark poly 49,53 51,53 52,60 48,60
    """,
    "mushroom": """
        light poly 38,50 62,50 66,88 62,94 38,94 34,88
        accent poly 54,52 62,50 66,88 62,94 56,94
        shade poly 6,54 94,54 84,60 16,60
        main poly 6,54 8,38 20,20 36,10 50,8 64,10 80,20 92,38 94,54
        light disc 30,30 8,7
        light disc 56,20 7,6
        light disc 73,38 8,7
        light disc 48,43 6,5
        light disc 20,46 4,4
    """,
    "crystal": """
        shade poly 14,92 8,56 18,40 30,58 34,92
        light poly 14,92 8,56 18,40 20,92
        shade poly 66,92 70,52 82,34 94,52 88,92
        main poly 66,92 70,52 82,34 80,92
        light poly 30,94 28,34 48,4 50,94
        main poly 48,4 70,34 68,94 50,94
        accent poly 28,34 48,4 50,40
        accent line 1.4 50,40 70,34
        dark poly 4,92 96,92 88,98 12,98
    """,
    "skull": """
        light poly 50,6 70,10 84,24 88,44 82,60 72,68 70,84 30,84 28,68 18,60 12,44 16,24 30,10
        main poly 50,6 70,10 84,24 88,44 82,60 72,68 70,84 60,84 66,60 76,44 70,20
        dark disc 35,46 10,11
        dark disc 65,46 10,11
        accent disc 36,47 3.5,3.5
        accent disc 64,47 3.5,3.5
        dark poly 50,56 56,68 44,68
        light poly 32,84 68,84 66,96 34,96
        dark line 1.8 42,80 42,95
        dark line 1.8 50,80 50,95
        dark line 1.8 58,80 58,95
    """,
    "crown": """
        main poly 10,80 6,26 28,52 50,12 72,52 94,26 90,80
        light poly 10,80 6,26 28,52 50,12 50,80
        accent disc 6,24 5.5,5.5
        accent disc 50,11 6.5,6.5
        accent disc 94,24 5.5,5.5
        shade poly 9,74 91,74 90,90 10,90
        accent disc 50,82 6,5
        light disc 28,82 4,4
        light disc 72,82 4,4
    """,
    "tower": """
        main poly 34,94 37,34 63,34 66,94
        shade poly 52,94 52,34 63,34 66,94
        light poly 30,38 30,22 36,22 36,28 44,28 44,22 56,22 56,28 64,28 64,22 70,22 70,38
        dark poly 49,22 49,2 51,2 51,22
        accent poly 51,2 72,8 51,14
        dark poly 44,94 44,80 50,75 56,80 56,94
        accent disc 50,50 4,6
        accent disc 50,66 3,4.5
        dark poly 20,94 80,94 84,98 16,98
    """,
    "ship": """
        dark poly 48,8 52,8 52,72 48,72
        accent poly 52,6 70,10 52,16
        light poly 46,18 46,62 14,62 24,44
        accent poly 54,20 54,62 84,62 78,38
        main poly 4,68 96,68 84,88 18,88
        shade poly 10,76 92,76 84,88 18,88
        light disc 32,74 2.5,2.5
        light disc 50,74 2.5,2.5
        light disc 68,74 2.5,2.5
        light line 2.5 0,92 14,89 28,93 42,89 56,93 70,89 84,93 100,90
    """,
    "planet": """
        shade line 4 2,62 18,68
        main disc 50,50 33,33
        light poly 20,38 30,27 70,24 80,38
        shade poly 18,56 82,56 78,67 22,67
        accent poly 24,44 62,42 76,46 40,48
        accent line 4 2,62 8,68 26,68 50,63 74,54 94,42 98,35 90,33 80,36
        light line 1.6 4,59 10,63 28,63 50,58 72,50 90,40
    """,
    "coin": """
        shade disc 54,52 40,42
        accent disc 48,50 40,42
        main disc 48,50 32,34
        accent poly 48,24 54,42 72,42 58,53 63,71 48,60 33,71 38,53 24,42 42,42
        light line 2.5 20,36 28,25 38,18
    """,
    "book": """
        dark poly 6,24 50,34 94,24 94,86 50,96 6,86
        light poly 12,18 32,17 50,26 50,88 32,80 12,80
        accent poly 88,18 68,17 50,26 50,88 68,80 88,80
        shade line 1.8 20,32 42,36
        shade line 1.8 20,43 42,47
        shade line 1.8 20,54 42,58
        shade line 1.8 20,65 42,69
        shade line 1.8 58,36 80,32
        shade line 1.8 58,47 80,43
        main poly 72,17 80,17 80,62 76,56 72,60
    """,
    "key": """
        accent disc 50,24 20,20
        shade disc 50,24 11,11
        light disc 50,24 7,7
        accent poly 46,43 54,43 54,95 46,95
        main poly 50,43 54,43 54,95 50,95
        accent poly 54,70 70,70 70,77 54,77
        accent poly 54,84 74,84 74,92 54,92
        light line 2 34,20 38,12 46,7
    """,
    "lantern": """
        dark line 3 36,22 36,10 50,3 64,10 64,22
        shade poly 30,28 50,16 70,28
        dark poly 26,28 74,28 74,34 26,34
        accent poly 31,34 69,34 73,80 27,80
        light disc 50,58 15,19
        main poly 50,40 58,58 56,69 50,73 44,69 42,58
        light poly 50,54 54,64 50,71 46,64
        dark line 2.5 40,34 38,80
        dark line 2.5 60,34 62,80
        shade poly 22,80 78,80 82,92 18,92
    """,
    "axe": """
        shade poly 46,6 54,6 54,97 46,97
        main poly 50,6 54,6 54,97 50,97
        light poly 54,20 70,18 90,6 96,28 94,48 86,60 70,42 54,40
        accent poly 90,6 96,28 94,48 86,60 90,44 91,28
        light poly 46,20 30,18 12,10 6,28 8,44 14,56 30,42 46,40
        accent poly 12,10 6,28 8,44 14,56 11,42 10,28
        accent poly 42,18 58,18 58,42 42,42
        dark line 2 46,74 54,78
        dark line 2 46,81 54,85
        dark line 2 46,88 54,92
    """,
    "ghost": """
        light poly 16,94 16,42 22,24 36,10 50,7 64,10 78,24 84,42 84,94 73,84 62,95 50,84 38,95 27,84
        accent poly 66,12 78,24 84,42 84,94 73,84 68,89 74,50
        dark disc 38,40 6.5,9
        dark disc 62,40 6.5,9
        light disc 40,37 2,2.5
        light disc 64,37 2,2.5
        dark disc 50,60 6,7
        main disc 28,54 5,3
        main disc 72,54 5,3
    """,
    "cat": """
        main poly 72,92 88,88 96,70 90,54 84,58 88,70 82,80 70,80
        main poly 30,96 28,70 34,52 66,52 74,70 74,96
        main poly 20,34 18,6 36,18 62,18 80,6 80,34 76,50 62,60 38,60 24,50
        shade poly 23,24 22,12 32,19
        shade poly 76,24 76,12 67,19
        accent disc 38,36 5.5,6.5
        accent disc 62,36 5.5,6.5
        dark disc 38,36 1.8,5.5
        dark disc 62,36 1.8,5.5
        dark poly 46,45 54,45 50,50
        light line 1.3 40,49 16,46
        light line 1.3 40,52 18,54
        light line 1.3 60,49 84,46
        light line 1.3 60,52 82,54
        light poly 42,96 42,74 58,74 58,96
        dark line 1.3 50,78 50,96
    """,
}
