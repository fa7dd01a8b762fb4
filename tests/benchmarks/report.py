"""The table, the chart, and the page of the docs that shows them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sides import Figure

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"


def shown(value: float, unit: str) -> str:
    """Write a value with its unit."""
    digits = 0 if abs(value) >= 100 or float(value).is_integer() else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}{'' if unit == 'x' else ' '}{unit}".strip()


def rows(figures: list[Figure]) -> list[tuple[str, str, str, str, str]]:
    """Give what the table says of each figure."""
    return [
        (
            each.name,
            shown(each.value, each.unit),
            f"{'>=' if each.at_least else '<='} {shown(each.goal, each.unit)}",
            "yes" if each.met else f"no: {each.reached:.0%} of it",
            each.told,
        )
        for each in figures
    ]


def table(figures: list[Figure]) -> str:
    """Give the table for a terminal."""
    return "\n".join(
        f"{name:50} {value:>12} {goal:>14}  {met:14} {told}" for name, value, goal, met, told in rows(figures)
    )


def chart(figures: list[Figure], path: Path) -> None:
    """Draw how much of its goal each figure reaches, on a scale on which twice as much is one step."""
    mpl: Any = import_module("matplotlib")  # only the docs need it
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "scenario-async", "font.size": 9, "svg.fonttype": "none"})
    plt: Any = import_module("matplotlib.pyplot")
    drawn = list(reversed(figures))
    figure: Any
    axes: Any
    figure, axes = plt.subplots(figsize=(8, 0.28 * len(drawn) + 1))
    colours = ["#2a7f62" if each.met else "#c0582b" for each in drawn]
    lengths = [min(each.reached, 20) for each in drawn]
    axes.barh([each.name for each in drawn], [length - 1 for length in lengths], left=1, color=colours)
    axes.set_xscale("log", base=2)
    axes.axvline(1, color="#333333", linewidth=1)
    for place, (each, length) in enumerate(zip(drawn, lengths, strict=True)):
        axes.annotate(
            shown(each.value, each.unit),
            (max(length, 1), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    ticks = [0.5, 1, 2, 4, 8, 16]
    axes.set_xticks(ticks, ["half", "goal", "2x", "4x", "8x", "16x"])
    axes.set_xlim(0.5, 32)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write(figures: list[Figure], machine: str) -> None:
    """Make the chart and the table of docs/performance.md anew."""
    chart(figures, DOCS / "performance.svg")
    lines = ["", f"Measured on {machine}.", "", "| what | measured | goal | met |", "|---|---|---|---|"]
    for name, value, goal, met, told in rows(figures):
        note = f"<br><small>{told}</small>" if told else ""
        lines.append(
            f"| {name}{note} | {value} | {goal.replace('>=', 'at least').replace('<=', 'at most')} | {met} |"
        )
    page = DOCS / "performance.md"
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    block = "\n".join([BEGIN, *lines, "", END])
    page.write_text(between.sub(lambda _: block, page.read_text(encoding="utf-8")), encoding="utf-8")
