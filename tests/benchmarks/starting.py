"""Importing, and building a client."""

from __future__ import annotations

import subprocess
import sys

from sides import KEYS, Figure, Side, compared, timed

from scenario_async import AsyncScenario

PRELUDE = ""
"""What the fresh processes run before the clock starts."""


def side(code: str) -> Side:
    """Time some code in a fresh process, beyond the start of Python."""
    measured = f"{PRELUDE}import time; b = time.perf_counter(); {code}; print(time.perf_counter() - b)"
    command = [sys.executable, "-c", measured]
    return lambda: float(subprocess.run(command, check=True, capture_output=True).stdout)


def imports() -> list[Figure]:
    """Compare `import` alone, and with all that a first use imports, with the others'."""
    taken = compared(
        {
            "alone": side("import scenario_async"),
            "used": side("import scenario_async; scenario_async.preload()"),
            "official": side(
                "import scenario_sdk; scenario_sdk.AsyncScenario(api_key='a', api_secret='b').search"
            ),
            "floor": side("import aiohttp"),
        }
    )
    figures: list[Figure] = []
    for name, ours in (("import", taken["alone"]), ("import and preload()", taken["used"])):
        for other, against, goal in (("official", "official", 0.25), ("floor", "aiohttp", 1.25)):
            value = ours / taken[other]
            sides = {"ours": ours, "official": taken["official"], "floor": taken["floor"]}
            figures.append(
                Figure(name=f"{name}, to {against}", value=value, goal=goal, at_least=False, sides=sides)
            )
    return figures


def building() -> list[Figure]:
    """Tell how long the constructors take."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415

    taken = compared(
        {"ours": timed(lambda: AsyncScenario(**KEYS), 50), "official": timed(lambda: Official(**KEYS), 3)}
    )
    return [
        Figure(name="build a client", value=taken["ours"], goal=1, unit="ms", at_least=False, sides=taken)
    ]
