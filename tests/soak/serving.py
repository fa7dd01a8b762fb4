"""An emulator in a process of its own; after a first line on the standard input, a tenth of its searches go wrong."""

from __future__ import annotations

import sys
from random import Random
from typing import Final

from scenario_async.emulator import Emulator, Library

ASSETS: Final = 200
RATE: Final = 0.1
DRAWS: Final = 5000
FAULTS: Final = (
    "500",
    "503 headers=retry-after-ms:10",
    "503 headers=retry-after-ms:50",
    "429 headers=retry-after-ms:20",
    "429 headers=retry-after-ms:5",
    "drop",
    "half",
    "half share=0",
    "hang",
    "hang seconds=0.1",
    "drip pause=0.002 size=512",
    "drip pause=0.05 size=16",
    "html code=502",
    "html",
    "truncated",
    "not-json",
    "error-body",
    "unknown-fields",
    "total says=low",
)


def script(seed: int) -> str:
    """Write what the searches meet, one after the other."""
    chance = Random(seed)
    drawn = (chance.choice(FAULTS) if chance.random() < RATE else "ok" for _ in range(DRAWS))
    return ", ".join([*drawn, "repeat"])


def main(seed: int) -> None:
    """Print the base URL, and serve until the standard input ends."""
    emulator = Emulator(Library.sample(seed, size=ASSETS), seed=seed, jitter=0.01, requests_kept=0)
    with emulator.running() as base_url:
        print(base_url, flush=True)
        for _ in sys.stdin:
            emulator.faults.add(script(seed))
            print("faults", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
