"""Measure this package beside the official SDK and the floor, in one run, and print one table.

The floor is bare aiohttp with orjson and no types. Ratios are what counts: the machine's own speed cancels out.

    python tests/benchmarks/run.py           the table; the figures go to build/bench.json
    python tests/benchmarks/run.py --docs    the same, and docs/performance.md with its chart made anew
    python tests/benchmarks/run.py --check   the steadiest ratios only; fails if one is 25 % worse than the baseline
    python tests/benchmarks/run.py --rebase  what --check measures becomes the baseline
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import blocking
import decoding
import downloading
import exporting
import fanning_out
import harvesting
import pacing
import regression
import remembering
import report
import scanning
import starting
import tabling
import way
from sides import Figure

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
FIGURES = HERE.parents[1] / "build" / "bench.json"
WITHOUT_SPEED = 0.6
"""What is left of a goal beside the official SDK where msgspec is not installed."""


@contextmanager
def serving() -> Generator[str]:
    """Run the server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "server.py"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        server.communicate()


def searching() -> list[Figure]:
    """Measure asynchronous searches."""
    with serving() as url:
        return fanning_out.figures(url)


def waiting() -> list[Figure]:
    """Measure how long the loop is held up."""
    with serving() as url:
        return fanning_out.blocks(url)


def searching_blocked() -> list[Figure]:
    """Measure synchronous searches."""
    with serving() as url:
        return blocking.figures(url)


def first_hits() -> list[Figure]:
    """Measure whole processes."""
    with serving() as url:
        return starting.first_hits(url)


def widths() -> list[Figure]:
    """Measure many searches at once beside few."""
    with serving() as url:
        return fanning_out.widths(url)


def downloads() -> list[Figure]:
    """Measure downloads of small pictures."""
    with serving() as url:
        return downloading.figures(url)


def exports() -> list[Figure]:
    """Measure exports beside iterations."""
    with serving() as url:
        return exporting.figures(url)


def harvests() -> list[Figure]:
    """Measure harvests beside iterations."""
    with serving() as url:
        return harvesting.figures(url)


def the_way() -> list[Figure]:
    """Count what a call goes through."""
    with serving() as url:
        return way.figures(url)


STEADY = (
    decoding.figures,
    searching,
    widths,
    searching_blocked,
    downloads,
    exports,
    harvests,
    starting.imports,
    first_hits,
    remembering.keeping,
    tabling.to_arrow,
)
OTHERS = (
    the_way,
    starting.building,
    starting.helping,
    remembering.iterating,
    pacing.figures,
    tabling.seconds,
    tabling.memory,
    scanning.figures,
)


def without_speed() -> list[Figure]:
    """Measure what is compared with the official SDK in a process where the client finds no msgspec."""
    command = [sys.executable, __file__, "--standard-json"]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured = [Figure(**each) for each in json.loads(told)]
    return [
        attrs.evolve(
            each,
            name=f"no msgspec: {each.name}",
            goal=each.goal * WITHOUT_SPEED if each.at_least else each.goal / WITHOUT_SPEED,
            reach=None,
        )
        for each in measured
        if each.name.endswith("to official")
    ]


def hide_msgspec() -> None:
    """Let the client find no msgspec."""
    sys.modules["msgspec"] = None  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
    starting.PRELUDE = "import sys; sys.modules['msgspec'] = None; "


def machine() -> str:
    """Tell where this was measured, and with what."""
    names = ("scenario-sdk", "aiohttp", "httpx-aiohttp", "msgspec", "orjson", "attrs", "cattrs")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} shared cores ({platform.system()}, {platform.machine()}), {python}, {versions}"


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--docs", action="store_true", help="write the docs' page and chart anew")
    parser.add_argument("--check", action="store_true", help="compare ratios with the baseline")
    parser.add_argument("--rebase", action="store_true", help="write the baseline")
    parser.add_argument("--standard-json", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.standard_json:
        hide_msgspec()
        print(json.dumps([attrs.asdict(each) for part in STEADY for each in part()]))
        return 0
    if given.rebase:
        return regression.rebase(STEADY)
    if given.check:
        return regression.check(STEADY, json.loads(regression.BASELINE.read_text(encoding="utf-8")))
    # First of all the loop's blocks, before the collector has the official SDK's modules to go through.
    figures = [figure for part in (waiting, *STEADY, *OTHERS, without_speed) for figure in part()]
    print(f"{machine()}\n{report.table(figures)}")
    FIGURES.parent.mkdir(exist_ok=True)
    told = {"machine": machine(), "figures": [attrs.asdict(each) for each in figures]}
    FIGURES.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if given.docs:
        report.write(figures, machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
