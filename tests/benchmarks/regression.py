"""Whether a ratio got worse: what is measured against a baseline of ratios, never of times."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from sides import Figure

BASELINE = Path(__file__).with_name("baseline.json")
TOLERATED = 0.25
ATTEMPTS = 3
Part: TypeAlias = Callable[[], list[Figure]]


def worse(figure: Figure, baseline: Mapping[str, float]) -> bool:
    """Tell whether a ratio is worse than the baseline by more than a quarter."""
    before = baseline[figure.name]
    if figure.at_least:
        return figure.value < before * (1 - TOLERATED)
    return figure.value > before * (1 + TOLERATED)


def check(parts: Sequence[Part], baseline: Mapping[str, float]) -> int:
    """Measure each part up to three times, since machines are noisy; 1 if a ratio is worse every time."""
    bad: list[str] = []
    for part in parts:
        left: set[str] | None = None
        for _ in range(ATTEMPTS):
            measured = [each for each in part() if each.unit == "x"]
            unknown = [each.name for each in measured if each.name not in baseline]
            if unknown:
                print(f"the baseline lacks {unknown}: write it anew with --rebase")
                return 1
            wrong = {each.name for each in measured if worse(each, baseline)}
            left = wrong if left is None else left & wrong
            for each in measured:
                note = "  WORSE by more than 25 %" if each.name in left else ""
                print(
                    f"{each.name:45} {each.value:8.2f}x, baseline {baseline[each.name]:8.2f}x{note}",
                    flush=True,
                )
            if not left:
                break
        bad += sorted(left or ())
    print(f"regressed: {', '.join(bad)}" if bad else "no ratio is more than 25 % worse than the baseline")
    return 1 if bad else 0


def rebase(parts: Sequence[Part], path: Path = BASELINE) -> int:
    """Write what is measured now as the baseline."""
    ratios = {each.name: round(each.value, 3) for part in parts for each in part() if each.unit == "x"}
    path.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")
    return 0
