"""What the tests of downloads do: hits, downloads over either client, and what is in a folder afterwards."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import attrs
from emulator.records import asset
from support.faces import AsyncFace

from scenario_async import AssetHit, AssetSearch, Download
from scenario_async.emulator import Library

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Face

    from scenario_async.emulator import Emulator

SUBJECTS = ("knight", "castle", "dragon", "forest", "potion", "ship")
"""What the pictures of a library show in turn."""


def library(count: int, side: int = 24) -> Library:
    """Give a library of so many pictures of these pixels."""
    sides = {"width": side, "height": side, "kind": "image"}
    return Library(
        [
            asset(f"asset_{number:05}", {**sides, "name": f"Picture {number}"}, tags=[SUBJECTS[number % 6]])
            for number in range(count)
        ]
    )


def download(face: Face, hits: Any, folder: Path, **options: Any) -> list[Download[Any]]:
    """Download to the end."""
    if isinstance(face, AsyncFace):

        async def collect() -> list[Download[Any]]:
            return [each async for each in face.client.download(hits, folder, **options)]

        return face.runner.run(collect())
    return list(face.client.download(hits, folder, **options))


@attrs.frozen
class Downloads:
    """A client, the emulator that it talks to, and a folder."""

    face: Face
    emulator: Emulator
    folder: Path

    def hits(self, **parameters: Any) -> list[AssetHit]:
        """Search, by id in their order."""
        search = AssetSearch(filter='kind = "image"', limit=100, **parameters)
        return sorted(self.face.page(search).hits, key=lambda hit: hit.id)

    def run(self, hits: Any = None, **options: Any) -> list[Download[Any]]:
        """Download, the hits of a search unless others are given."""
        return download(self.face, self.hits() if hits is None else hits, self.folder, **options)

    def requests(self, path: str = "/assets") -> list[Any]:
        """Give the requests for pictures, or for another path."""
        return [request for request in self.emulator.requests if request.path.startswith(path)]

    @property
    def files(self) -> dict[str, bytes]:
        """What is in the folder besides the manifest."""
        return {
            path.name: path.read_bytes()
            for path in sorted(self.folder.iterdir())
            if path.name != "manifest.jsonl"
        }

    @property
    def manifest(self) -> list[dict[str, Any]]:
        """The lines of the manifest."""
        lines = (self.folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line]


def statuses(downloads: list[Download[Any]]) -> dict[str, int]:
    """Count what became of them."""
    counts: dict[str, int] = {}
    for each in downloads:
        counts[each.status] = counts.get(each.status, 0) + 1
    return counts


def digest(content: bytes) -> str:
    """Give the SHA-256 of some bytes."""
    return sha256(content).hexdigest()
