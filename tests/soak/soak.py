"""Search for a minute, 64 at a time, while a tenth of the service goes wrong, and look for what was lost or left over.

Prints a table. Exits with 1 and a sentence for each breach: a hit lost or delivered twice, an error of another
kind, a task, a socket, a slot or memory that nobody gave back, a warning.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
PATIENCE = 60


def main() -> int:
    """Run the soak and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to search")
    parser.add_argument("--seed", type=int, default=0, help="what happens by chance")
    given = parser.parse_args()
    faulthandler.enable()
    faulthandler.dump_traceback_later(
        given.seconds * 2 + PATIENCE, exit=True
    )  # what hangs would never be told
    sys.path[0] = str(TESTS)  # in place of this folder, where `soak` is this file
    from soak.running import soak  # noqa: PLC0415 - it is found only now

    with asyncio.Runner(debug=False) as runner:
        report = runner.run(soak(given.seconds, given.seed))
    for line in report.lines():
        print(line)
    for breach in report.breaches:
        print(f"BREACH: {breach}")
    return 1 if report.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
