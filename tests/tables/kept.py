"""Hits that tables are tried with: usual ones, and those with values that a column cannot hold as they are."""

from __future__ import annotations

import csv
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from support.hits import asset, model, workflow

from scenario_async import AssetHit, Hit, HitTable, ModelHit, WorkflowHit

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

CLASSES: dict[str, type[Hit]] = {"asset": AssetHit, "model": ModelHit, "workflow": WorkflowHit}
JSON = {"asset": asset, "model": model, "workflow": workflow}
SIGNED = "https://cdn.example/assets/a.png?p=100&Policy=s3cr3t&Signature=s3cr3t&Key-Pair-Id=s3cr3t"
NEVER_WRITTEN = "s3cr3t"


def table(kind: str = "asset", count: int = 3) -> HitTable[Any]:
    """Give a table of usual hits."""
    made = [CLASSES[kind].from_dict(JSON[kind](f"{kind}_{number}")) for number in range(count)]
    return HitTable(made, CLASSES[kind])


def of(**fields: Any) -> HitTable[AssetHit]:
    """Give a table of one asset with some fields in place of the usual ones."""
    return HitTable([AssetHit.from_dict(asset(**fields))])


def row(kept: HitTable[Any]) -> dict[str, Any]:
    """Give the only flat row of a table."""
    [only] = kept.to_dicts(flat=True)
    return only


@contextmanager
def without(*modules: str) -> Generator[None]:
    """Let these libraries look as if they were not installed."""
    before = {name: sys.modules.get(name) for name in modules}
    for name in modules:
        sys.modules[name] = cast("Any", None)
    try:
        yield
    finally:
        for name, library in before.items():
            if library is None:
                del sys.modules[name]
            else:
                sys.modules[name] = library


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read CSV as the standard library does."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names_in(folder: Path) -> list[str]:
    """Give what is in a folder."""
    return [each.name for each in folder.iterdir()]
