"""Exports that are killed at random moments, a few times here; `nox -s kills` kills each format fifty times."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from export.killing import FORMATS, exporting

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked"),
]


def test_killed_exports_end_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """Byte for byte, in each format, killed while it reads and while it makes the file; few pages are asked for again."""
    pytest.importorskip("pyarrow")
    chance = random.Random(7)
    with exporting(tmp_path, hits=3000) as exporter:
        killed = [exporter.killed(each, 3, chance) for each in FORMATS]
    assert [breach for each in killed for breach in each.breaches] == []
    assert [each.kills for each in killed] == [3] * len(FORMATS)
    assert 0 < sum(each.in_the_last_pass for each in killed) < 3 * len(FORMATS)
