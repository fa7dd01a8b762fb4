"""Draw the picture of the page on sheets, `sheet.webp`: what a search finds in the emulator's library.

Run it anew with `python docs/sheet.py` where the package is installed with its extra `emulator`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from scenario_async import Scenario
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from PIL.Image import Image

OUTPUT: Final = Path(__file__).parent / "sheet.webp"


def drawn() -> Image:
    """Search, and draw the sheet of what was found."""
    with (
        Emulator().running() as base_url,
        Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client,  # noqa: S106 - no secret
    ):
        return client.search.asset_search(query="dragon", limit=12).table.sheet(columns=4)


if __name__ == "__main__":
    drawn().save(OUTPUT, quality=82, method=6)
