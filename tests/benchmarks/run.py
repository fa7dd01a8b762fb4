"""Measure this package beside the official SDK and the floor, in one run, and print one table.

The floor is bare aiohttp with orjson and no types. Ratios are what counts: the machine's own speed cancels out.

    python tests/benchmarks/run.py           the table; bench.json beside it
    python tests/benchmarks/run.py --docs    the same, and docs/performance.md with its chart made anew
    python tests/benchmarks/run.py --check   the steadiest ratios only; fails if one is 25 % worse than the baseline
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
import fanning_out
import pacing
import regression
import remembering
import report
import starting
from sides import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

HERE = Path(__file__).parent
WITHOUT_SPEED = 0.6
"""What is left of a goal beside the official SDK where orjson is not installed."""


@contextmanager
def serving() -> Generator[str]:
    """Run the server in a process of its own."""
    command = [sys.executable, "server.py"]
    with subprocess.Popen(
        command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        server.communicate()


def beside_the_official() -> list[Figure]:
    """Measure what is compared with the official SDK and depends on the decoder."""
    with serving() as url:
        return [*decoding.figures(), *fanning_out.figures(url), *blocking.figures(url)]


def without_speed() -> list[Figure]:
    """Measure that on the standard library's JSON, in a process that has no orjson for us."""
    command = [sys.executable, __file__, "--standard-json"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured = [Figure(**each) for each in json.loads(told)]
    return [
        attrs.evolve(each, name=f"without speed: {each.name}", goal=each.goal * WITHOUT_SPEED)
        for each in measured
        if each.name.endswith("to official")
    ]


def hide_orjson() -> None:
    """Let the client choose its decoder where there is no orjson; the floor goes on with it."""
    orjson = sys.modules.pop("orjson")
    sys.modules["orjson"] = None  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
    from scenario_async import _json  # noqa: PLC0415

    _json.loads(b"null")
    sys.modules["orjson"] = orjson


def machine() -> str:
    """Tell where this was measured, and with what."""
    names = ("scenario-sdk", "aiohttp", "orjson", "attrs", "cattrs")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {versions}"


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rebase", action="store_true", help="write what --check measures as the baseline")
    parser.add_argument("--standard-json", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.standard_json:
        hide_orjson()
        print(json.dumps([attrs.asdict(each) for each in beside_the_official()]))
        return 0
    if given.check or given.rebase:
        return regression.check(beside_the_official, rebase=given.rebase)
    parts: Sequence[Callable[[], list[Figure]]] = (
        beside_the_official, starting.figures, remembering.figures, pacing.figures, without_speed,
    )  # fmt: skip
    figures = [figure for part in parts for figure in part()]
    print(report.table(figures))
    (HERE / "bench.json").write_text(json.dumps([attrs.asdict(each) for each in figures], indent=2) + "\n")
    if given.docs:
        report.write(figures, machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
