"""Many pictures: what is open and what is kept at a time does not grow with them."""

from __future__ import annotations

import gc
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from support.faces import AsyncFace
from support.servers import Answer, Arrived, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faces import Connect, Face

COUNTS = {"async": 10_000, "sync": 3_000}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 2000


@pytest.mark.long
def test_ten_thousand_pictures(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few files are open at once, and what is kept of each is little; thousands will do for the blocking client."""
    monkeypatch.setattr(os, "fsync", int)  # the disk of a test machine is not what is measured
    most_open = 0
    kept: list[int] = []

    def answer(request: Arrived) -> Answer:
        return Answer(PNG + request.path.encode(), headers={"content-type": "image/png"})

    def look(progress: Any) -> None:
        nonlocal most_open
        if progress.done % 500 == 0:
            most_open = max(most_open, len(os.listdir("/dev/fd")))  # noqa: PTH208
        if progress.done in (count // 5, count):
            server.requests.clear()  # what the server keeps of each is not ours
            gc.collect()
            kept.append(tracemalloc.get_traced_memory()[0])

    def hits() -> Iterator[dict[str, str]]:
        for number in range(count):
            yield {"id": f"asset_{number:05}", "url": f"{origin}/assets-transform/{number}"}

    with serving(answer) as server:
        face = connect(server.base_url)
        count = COUNTS["async" if isinstance(face, AsyncFace) else "sync"]
        origin = server.base_url.removesuffix("/v1")
        before = len(os.listdir("/dev/fd"))  # noqa: PTH208
        tracemalloc.start()
        try:
            statuses = _counted(face, hits(), tmp_path / "pictures", look)
        finally:
            tracemalloc.stop()
    assert statuses == {"saved": count}
    assert len(os.listdir(tmp_path / "pictures")) == count + 1  # noqa: PTH208
    # Both ends of eight connections, a file for each, and some of the servers' that are about to be closed.
    assert most_open - before <= 64
    assert (kept[1] - kept[0]) / (count * 4 / 5) < 1500


def _counted(face: Face, hits: Iterator[Any], folder: Path, look: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    client = face.client
    if isinstance(face, AsyncFace):

        async def consume() -> None:
            async for item in client.download(hits, folder, on_progress=look):
                counts[item.status] = counts.get(item.status, 0) + 1

        face.runner.run(consume())
    else:
        for item in client.download(hits, folder, on_progress=look):
            counts[item.status] = counts.get(item.status, 0) + 1
    return counts
