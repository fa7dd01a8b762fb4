"""Draw the picture of the start page, `results.webp`: what searches find in the emulator's library.

Run it anew with `python docs/picture.py` where the package is installed with its extra `emulator`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from PIL import Image, ImageOps

from scenario_async import F, Scenario
from scenario_async.emulator import Emulator

OUTPUT: Final = Path(__file__).parent / "results.webp"
QUERIES: Final = ("knight", "castle", "dragon")
COLUMNS: Final = 8
SIDE: Final = 144
GAP: Final = 8


def downloaded(url: str) -> Image.Image:
    """Fetch a picture, cut to a square."""
    with urlopen(url) as reply:  # noqa: S310 - an address of the emulator
        picture = Image.open(BytesIO(reply.read())).convert("RGB")
    return ImageOps.fit(picture, (SIDE, SIDE))


def rows() -> list[list[Image.Image]]:
    """Search, and fetch what was found: a row of pictures for each query."""
    with (
        Emulator().running() as base_url,
        Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client,  # noqa: S106 - no secret
        ThreadPoolExecutor() as threads,
    ):
        pages = [
            client.search.asset_search(query=query, filter=F.kind == "image", limit=COLUMNS)
            for query in QUERIES
        ]
        return [list(threads.map(downloaded, [hit.url for hit in page.hits])) for page in pages]


def drawn() -> Image.Image:
    """Put the pictures side by side, on nothing, so that they suit a dark page and a light one."""
    width, height = (count * (SIDE + GAP) - GAP for count in (COLUMNS, len(QUERIES)))
    sheet = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    for row, pictures in enumerate(rows()):
        for column, picture in enumerate(pictures):
            sheet.paste(picture, (column * (SIDE + GAP), row * (SIDE + GAP)))
    return sheet


if __name__ == "__main__":
    drawn().save(OUTPUT, quality=80, method=6)
