"""Importing, and building a client."""

from __future__ import annotations

import subprocess
import sys

from sides import KEYS, Figure, Side, at_most, compared, milliseconds, timed

from scenario_async import AsyncScenario


def side(code: str) -> Side:
    """Time some code in a fresh process, beyond the start of Python."""
    measured = f"import time; b = time.perf_counter(); {code}; print(time.perf_counter() - b)"
    command = [sys.executable, "-c", measured]
    return lambda: float(subprocess.run(command, check=True, capture_output=True).stdout)


def figures() -> list[Figure]:
    """Compare `import`, with all that a first call would import, and the constructors."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415

    imported = compared(
        {
            "ours": side("import scenario_async"),
            "ours, all": side("import scenario_async; scenario_async.preload()"),
            "official": side(
                "import scenario_sdk; scenario_sdk.AsyncScenario(api_key='a', api_secret='b').search"
            ),
            "aiohttp": side("import aiohttp"),
        }
    )
    built = compared(
        {"ours": timed(lambda: AsyncScenario(**KEYS), 50), "official": timed(lambda: Official(**KEYS), 3)}
    )
    told = milliseconds(imported)
    return [
        at_most("import, to official", imported["ours"] / imported["official"], 0.25, "x", told),
        at_most("import, to aiohttp", imported["ours"] / imported["aiohttp"], 1.25, "x", told),
        at_most("import of all, to official", imported["ours, all"] / imported["official"], 0.35, "x", told),
        at_most("build a client", built["ours"] * 1e3, 1, "ms", milliseconds(built)),
    ]
