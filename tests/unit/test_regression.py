"""The check of ratios fails when one got worse, and only then."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Give the check, with a baseline of the test's own."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    spec = importlib.util.spec_from_file_location("regression", BENCHMARKS / "regression.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    baseline = tmp_path / "baseline.json"
    baseline.write_text(json.dumps({"fast": 10.0, "small": 2.0}))
    monkeypatch.setattr(module, "BASELINE", baseline)
    return module


def figures(fast: float, small: float) -> list[Any]:
    """Give made-up figures: one that should be large, one that should be small, and a time."""
    sides = sys.modules["sides"]
    return [
        sides.at_least("fast", fast, 12, "x"),
        sides.at_most("small", small, 3, "x"),
        sides.at_most("a time", 99, 1, "ms"),
    ]


@pytest.mark.parametrize(
    ("fast", "small", "worse"),
    [
        (10.0, 2.0, []),
        (7.6, 2.6, []),
        (30.0, 0.5, []),
        (7.4, 2.0, ["fast"]),
        (10.0, 2.7, ["small"]),
        (1.0, 9.0, ["fast", "small"]),
    ],
)
def test_a_quarter_is_tolerated(check: ModuleType, fast: float, small: float, worse: list[str]) -> None:
    """Of ratios that should be large and of those that should be small; times are not looked at."""
    told = check.regressed(figures(fast, small), {"fast": 10.0, "small": 2.0})
    assert [line.partition(":")[0] for line in told] == worse


def test_it_measures_again_before_it_fails(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A busy moment of the machine is no regression; three in a row are."""
    measured = [figures(1, 2), figures(10, 2)]
    assert check.check(lambda: measured.pop(0)) == 0
    assert check.check(lambda: figures(1, 2)) == 1
    assert "fast: 1.00x, but it was 10.00x" in capsys.readouterr().out


def test_the_committed_baseline_names_what_is_measured() -> None:
    """Every ratio of the check has its line."""
    baseline = json.loads((BENCHMARKS / "baseline.json").read_text())
    sources = "".join(
        (BENCHMARKS / f"{name}.py").read_text() for name in ("decoding", "fanning_out", "blocking")
    )
    assert len(baseline) == 6
    for name in baseline:
        assert f'"{name}"' in sources
