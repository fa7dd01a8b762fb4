"""That the check of the ratios fails when it should, on made-up figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).parent
BASELINE = {"decode": 20.0, "import": 0.8}


@pytest.fixture
def regression(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Give the module, which finds its siblings as a script's modules do."""
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])
    import regression  # noqa: PLC0415 - it is found only now

    return regression


def measured(decode: float, imported: float) -> list[object]:
    """Give figures as a benchmark does."""
    from sides import Figure  # noqa: PLC0415 - it is found only now

    return [
        Figure(name="decode", value=decode, goal=12, at_least=True),
        Figure(name="import", value=imported, goal=1.25, at_least=False),
        Figure(name="seconds are never checked", value=99, goal=1, unit="ms", at_least=False),
    ]


@pytest.mark.parametrize(
    ("decode", "imported", "regressed"),
    [
        (20.0, 0.8, ""),
        (15.1, 0.99, ""),
        (40.0, 0.1, ""),
        (14.9, 0.8, "decode"),
        (20.0, 1.01, "import"),
        (14.9, 1.01, "decode, import"),
    ],
)
def test_more_than_a_quarter_worse_fails(
    regression: ModuleType, capsys: pytest.CaptureFixture[str], decode: float, imported: float, regressed: str
) -> None:
    """The exit code is 1, and the ratio is named, beyond a quarter in the direction that is worse."""
    assert regression.check([lambda: measured(decode, imported)], BASELINE) == (1 if regressed else 0)
    last = capsys.readouterr().out.splitlines()[-1]
    expected = (
        f"regressed: {regressed}" if regressed else "no ratio is more than 25 % worse than the baseline"
    )
    assert last == expected


def test_a_doctored_baseline_fails(regression: ModuleType) -> None:
    """What passes against the true baseline fails against one that claims more."""
    assert regression.check([lambda: measured(20.0, 0.8)], BASELINE) == 0
    assert regression.check([lambda: measured(20.0, 0.8)], {**BASELINE, "decode": 27.0}) == 1
    assert regression.check([lambda: measured(20.0, 0.8)], {**BASELINE, "import": 0.6}) == 1


def test_noise_is_measured_again(regression: ModuleType) -> None:
    """A ratio counts as worse only if it is so three times, whatever else is worse meanwhile."""
    noisy = [measured(5.0, 0.8), measured(20.0, 2.0), measured(5.0, 2.0)]
    assert regression.check([lambda: noisy.pop(0)], BASELINE) == 0
    assert len(noisy) == 1
    steady = [measured(5.0, 0.8), measured(5.0, 2.0), measured(5.0, 0.8), measured(20.0, 0.8)]
    assert regression.check([lambda: steady.pop(0)], BASELINE) == 1
    assert len(steady) == 1


def test_a_figure_without_a_baseline_fails(
    regression: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new ratio is not let through unseen."""
    assert regression.check([lambda: measured(20.0, 0.8)], {"decode": 20.0}) == 1
    assert capsys.readouterr().out == "the baseline lacks ['import']: write it anew with --rebase\n"
