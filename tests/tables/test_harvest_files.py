"""The file of a harvest, where several processes open it at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from scenario_async._harvests.tables import opened

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE = 8


def test_many_may_make_it_at_once(tmp_path: Path) -> None:
    """Whoever comes second waits, and is neither told that it is locked nor that it is a file of something else."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number in range(25):
            barrier = threading.Barrier(AT_ONCE)

            def opens(path: Path, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                opened(path).close()

            list(threads.map(opens, [tmp_path / f"{number}.sqlite"] * AT_ONCE))
