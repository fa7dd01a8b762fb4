"""A process that exports in children of its own, which are quickly there: whoever runs it may kill them.

It reads a line of JSON for each: the keywords of the client, the path, and options. It prints the child's pid, and what
it ended with.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

import scenario_async
from scenario_async import AssetSearch, Scenario, SearchWindowWarning
from scenario_async._exports import kept, run, start, streamed

LOADED = (kept, run, start, streamed)


def export(told: dict[str, Any]) -> None:
    """Export as it is told."""
    with Scenario(api_key="emulator", api_secret="emulator", base_url=told["base_url"]) as client:
        client.search.export(AssetSearch(query="q"), told["path"], **told["options"])


def main() -> None:
    """Serve line after line."""
    warnings.simplefilter("ignore", SearchWindowWarning)  # of so many hits there may always be more
    scenario_async.preload()
    for module in ("pyarrow.parquet", "pyarrow.ipc", "scenario_async._tables.sqlite"):
        __import__(module)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                export(json.loads(line))
            except BaseException as error:  # noqa: BLE001 - it is told
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
