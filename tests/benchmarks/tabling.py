"""Tables: 100,000 hits to Arrow, beside pyarrow's own way from rows, and the memory that writing many hits takes."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from page import PAGE
from remembering import distinct
from sides import Figure, compared, timed

from scenario_async import AssetHit, HitTable, Reply
from scenario_async._http.reply import page_content
from scenario_async._tables.formats import FORMATS
from scenario_async._tables.writing import keep

if TYPE_CHECKING:
    from collections.abc import Iterator

HITS: Final = 100_000
WRITTEN: Final = 1_000_000
TO_PYARROW: Final = f"{HITS:,} hits to Arrow, to from_pylist"
SECONDS: Final = f"{HITS:,} hits to Arrow"
MOST: Final = {"csv": 150, "jsonl": 150, "arrow": 150, "parquet": 500}
"""Megabytes that a process takes in all while it writes a million hits."""


def hits(count: int) -> Iterator[AssetHit]:
    """Give so many hits as they are read from pages; no two have a long text in common."""
    for first in range(0, count, 100):
        page = {**PAGE, "hits": [distinct(number) for number in range(first, first + 100)]}
        reply = Reply(status=200, headers={}, request_id=None, content=json.dumps(page).encode())
        yield from page_content(reply, AssetHit, invalid_hits="raise")["hits"]


@cache
def measured() -> dict[str, float]:
    """Give the milliseconds of both ways to the same table."""
    pa: Any = import_module("pyarrow")
    table = HitTable(hits(HITS))
    part = table[: HITS // 10]
    rows = part.to_dicts(flat=True)
    schema = part.to_arrow().schema
    assert pa.Table.from_pylist(rows, schema=schema).equals(part.to_arrow())
    taken = compared(
        {
            "ours": timed(table.to_arrow),
            "floor": timed(lambda: pa.Table.from_pylist(rows, schema=schema)),
        },
        rounds=5,
    )
    return {**taken, "floor": taken["floor"] * 10}


def to_arrow() -> list[Figure]:
    """Compare with pyarrow, which is given the flat rows."""
    measured.cache_clear()
    taken = measured()
    return [
        Figure(name=TO_PYARROW, value=taken["ours"] / taken["floor"], goal=1.1, at_least=False, sides=taken)
    ]


def seconds() -> list[Figure]:
    """Tell how long it took."""
    return [Figure(name=SECONDS, value=measured()["ours"] / 1e3, goal=0.6, at_least=False, unit="s")]


def memory(count: int = WRITTEN) -> list[Figure]:
    """Write that many hits in a process each, and tell how much memory it took at most."""
    told = {
        name: subprocess.run(
            [sys.executable, __file__, name, str(count)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        for name in MOST
    }
    return [
        Figure(
            name=f"{count:,} hits to .{name}", value=float(told[name]), goal=most, at_least=False, unit="MB"
        )
        for name, most in MOST.items()
    ]


def write(name: str, count: int) -> float:
    """Write hits as they are made, and give the megabytes that this process has taken at most."""
    how = FORMATS[name]
    with TemporaryDirectory() as folder:
        keep(Path(folder) / "hits", hits(count), how, how.layout(AssetHit), overwrite=False)
    return most_memory()


def most_memory() -> float:
    """Give the megabytes that this process has taken at most; what its parent took before is not its own."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [
            each for each in status.read_text(encoding="utf-8").splitlines() if each.startswith("VmHWM")
        ]
        return int(line.split()[1]) / 1e3
    from resource import RUSAGE_SELF, getrusage  # noqa: PLC0415 - there is none on Windows

    return getrusage(RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    print(write(sys.argv[1], int(sys.argv[2])))
