"""The table, the chart, and the page of the docs that shows them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sides import Figure

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"
COLUMNS = ("what", "ours", "official", "floor", "ratio", "goal", "met")
WIDTHS = (58, 9, 11, 9, 9, 18, 10)
LONGEST_BAR = 20


def shown(value: float | None, unit: str) -> str:
    """Write a value with its unit."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 or float(value).is_integer() else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}{'' if unit == 'x' else ' '}{unit}".strip()


def row(figure: Figure) -> tuple[str, ...]:
    """Give what the table says of a figure."""
    goal = f"{'≥' if figure.at_least else '≤'} {shown(figure.goal, figure.unit)}"
    if figure.reach is not None:
        goal += f" ({shown(figure.reach, figure.unit)})"
    return (
        figure.name,
        *(shown(figure.sides.get(side), figure.side_unit) for side in ("ours", "official", "floor")),
        shown(figure.value, figure.unit),
        goal,
        "yes" if figure.met else "NO",
    )


def table(figures: Sequence[Figure]) -> str:
    """Give the table for a terminal."""
    return "\n".join(
        " ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in cells)
        for cells in (
            enumerate(zip(each, WIDTHS, strict=True)) for each in (COLUMNS, *map(row, figures))
        )
    )  # fmt: skip


def chart(figures: Sequence[Figure], path: Path) -> None:
    """Draw how much of its goal each figure reaches, on a scale on which twice as much is one step.

    The same figures give the same file.
    """
    mpl: Any = import_module("matplotlib")  # only the docs need it
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "scenario-async", "font.size": 9, "svg.fonttype": "path"})
    plt: Any = import_module("matplotlib.pyplot")
    drawn = [each for each in reversed(figures) if each.goal]
    canvas: Any
    axes: Any
    canvas, axes = plt.subplots(figsize=(9, 0.27 * len(drawn) + 1))
    colours = ["#2a7f62" if each.met else "#c0582b" for each in drawn]
    ends = [min(each.reached, LONGEST_BAR) for each in drawn]
    axes.barh([each.name for each in drawn], [end - 1 for end in ends], left=1, color=colours)
    axes.set_xscale("log", base=2)
    axes.axvline(1, color="#333333", linewidth=1)
    for place, (each, end) in enumerate(zip(drawn, ends, strict=True)):
        label = f"{shown(each.value, each.unit)}{'' if each.met else '  (goal not met)'}"
        axes.annotate(label, (max(end, 1), place), xytext=(4, 0), textcoords="offset points", va="center")
    axes.set_xticks([0.5, 1, 2, 4, 8, 16], ["half", "goal", "2x", "4x", "8x", "16x"])
    axes.set_xlim(0.5, 40)
    axes.set_xlabel("how much of its goal each figure reaches")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    canvas.patch.set_facecolor("white")
    canvas.tight_layout()
    canvas.savefig(path, metadata={"Date": None})
    plt.close(canvas)


def write(figures: Sequence[Figure], machine: str) -> None:
    """Make the chart and the table of docs/performance.md anew."""
    chart(figures, DOCS / "performance.svg")
    lines = [BEGIN, "", f"Measured on {machine}.", ""]
    lines += [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += [f"| {' | '.join(row(each))} |" for each in figures]
    block = "\n".join([*lines, "", END])
    page = DOCS / "performance.md"
    text = page.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    page.write_text(between.sub(lambda _: block, text), encoding="utf-8")
