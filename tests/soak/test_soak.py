"""The soak, for a few seconds: it works, and finds nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

SCRIPT = Path(__file__).with_name("soak.py")


def test_a_short_soak_finds_nothing() -> None:
    """Many searches end in every way there is, and nothing is lost, delivered twice or left over."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--seconds", "3", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert "BREACH" not in done.stdout
    rows = {
        name: int(count.replace(",", ""))
        for name, count in re.findall(r"^ *(\w[\w ]*?)  +([\d,]+)", done.stdout, re.MULTILINE)
    }
    assert rows["searches"] > 64
    assert rows["requests"] > rows["searches"]
    assert min(rows[each] for each in ("retries", "answered", "left early", "cancelled")) > 0
