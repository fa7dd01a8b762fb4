"""Whether a ratio got worse: what is measured against a baseline of ratios, never of times."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from sides import Figure

BASELINE = Path(__file__).with_name("baseline.json")
TOLERATED = 0.25
ATTEMPTS = 3
Measure: TypeAlias = Callable[[], list[Figure]]


def regressed(figures: list[Figure], baseline: Mapping[str, float]) -> list[str]:
    """Tell which ratios are worse than the baseline by more than a quarter."""
    worse: list[str] = []
    for figure in figures:
        if figure.unit != "x":
            continue
        before = baseline[figure.name]
        bound = before * (1 - TOLERATED) if figure.at_least else before / (1 - TOLERATED)
        if figure.value < bound if figure.at_least else figure.value > bound:
            worse.append(f"{figure.name}: {figure.value:.2f}x, but it was {before:.2f}x ({figure.told})")
    return worse


def check(measure: Measure, *, rebase: bool = False) -> int:
    """Measure up to three times, since machines are noisy; 1 if something is worse each time."""
    if rebase:
        ratios = {each.name: round(each.value, 2) for each in measure() if each.unit == "x"}
        BASELINE.write_text(json.dumps(ratios, indent=2) + "\n")
        return 0
    baseline = json.loads(BASELINE.read_text())
    worse: list[str] = []
    for _ in range(ATTEMPTS):
        figures = measure()
        worse = regressed(figures, baseline)
        for figure in figures:
            print(f"{figure.name:45} {figure.value:8.2f} {figure.unit}")
        if not worse:
            print("no ratio is more than 25 % worse than the baseline")
            return 0
        print("\n".join(["worse:", *worse]))
    return 1
