"""Importing, and building a client."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path

from sides import KEYS, Figure, Side, compared, timed

import scenario_async
from scenario_async import AsyncScenario

PYTHON = [sys.executable, "-P"]
"""Fresh processes, which import what is installed, and not what lies in the folder they are started in."""
PRELUDE = ""
"""What they run before the clock starts."""

# As pip does where it installs a package; an editable one may have been left as it is.
compileall.compile_dir(Path(scenario_async.__file__).parent, quiet=1)


def side(code: str) -> Side:
    """Time some code in a fresh process, beyond the start of Python."""
    measured = f"{PRELUDE}import time; b = time.perf_counter(); {code}; print(time.perf_counter() - b)"
    command = [*PYTHON, "-c", measured]
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


FIRST_HIT = "with {name}(api_key='a', api_secret='b', base_url={url!r}) as c: c.search.asset_search(query='q', limit=20{more}).hits[0]"


def first_hits(url: str) -> list[Figure]:
    """Compare a process from nothing to its first hit with the official SDK's, and with `import aiohttp`."""
    ours = FIRST_HIT.format(name="Scenario", url=url, more="")
    official = FIRST_HIT.format(name="Scenario", url=url, more=", offset=0")

    def within(module: str, statement: str) -> str:
        return f"exec({f'from {module} import Scenario' + chr(10) + statement!r})"

    taken = compared(
        {
            "ours": side(within("scenario_async", ours)),
            "official": side(within("scenario_sdk", official)),
            "floor": side("import aiohttp"),
        }
    )
    return [
        Figure(
            name=f"a process up to its first hit, to {name}",
            value=taken["ours"] / taken[against],
            goal=goal,
            reach=reach,
            at_least=False,
            sides=taken,
        )
        for name, against, goal, reach in (
            ("official", "official", 0.24, 0.2),
            ("import aiohttp", "floor", 1.3, 1.2),
        )
    ]


def whole(*arguments: str) -> Side:
    """Time a whole process."""
    command = [*PYTHON, *arguments]
    return timed(lambda: subprocess.run(command, check=True, capture_output=True))


def helping() -> list[Figure]:
    """Tell how much longer than Python itself the command line takes to show its help."""
    pages = {"--help": ["--help"], "search assets --help": ["search", "assets", "--help"]}
    taken = compared(
        {
            "floor": whole("-c", "pass"),
            **{name: whole("-m", "scenario_async", *words) for name, words in pages.items()},
        }
    )
    return [
        Figure(
            name=f"scenario-async {name}, beyond Python's start",
            value=taken[name] - taken["floor"],
            goal=60,
            unit="ms",
            at_least=False,
            sides={"ours": taken[name], "floor": taken["floor"]},
        )
        for name in pages
    ]


def building() -> list[Figure]:
    """Tell how long the constructors take."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415

    taken = compared(
        {"ours": timed(lambda: AsyncScenario(**KEYS), 50), "official": timed(lambda: Official(**KEYS), 3)}
    )
    return [
        Figure(name="build a client", value=taken["ours"], goal=1, unit="ms", at_least=False, sides=taken)
    ]
