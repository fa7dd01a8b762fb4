"""What the tests of pages do: tables with pictures that needed no host, and a browser to look at their gallery."""

from __future__ import annotations

import os
import shutil
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from support.hits import asset

from scenario_async import AssetHit, HitTable
from scenario_async._looks.thumbnails import Missing, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
KINDS = ("image", "image", "image", "video", "audio", "3d", "text")
SUBJECTS = ("knight", "castle", "dragon", "forest", "potion", "ship")
BROKEN = b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\0\0\xff\0\0VP8 \x02\0\0\0\0\0"
"""A file whose head says that it is a WebP of 256 x 256, and that is damaged behind it."""
SIDES = ((512, 512), (768, 512), (576, 1024), (2048, 2048), (4096, 2048))


def browser_path() -> str | None:
    """Give where a browser is, by SCENARIO_CHROMIUM or on the path; None if there is none."""
    given = os.environ.get("SCENARIO_CHROMIUM")
    return given or next((found for each in BROWSERS if (found := shutil.which(each))), None)


def axe_path() -> Path | None:
    """Give where axe-core's script is, by SCENARIO_AXE; None if there is none."""
    given = os.environ.get("SCENARIO_AXE", "")
    folders = [Path(given), Path(given) / "node_modules" / "axe-core"] if given else []
    return next((folder / "axe.min.js" for folder in folders if (folder / "axe.min.js").is_file()), None)


@cache
def picture(number: int, width: int = 256, height: int = 256) -> Shown:
    """Give a thumbnail, as large in bytes as one of a detailed picture."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - a test without pictures has no need of it

    image = Image.effect_noise((width, height), 10 + number % 5).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse(
        (width // 6, height // 6, width * 5 // 6, height * 5 // 6),
        fill=((97 * number) % 256, (57 * number) % 256, 120),
    )
    file = BytesIO()
    image.save(file, "WEBP", quality=38)
    return Shown(file.getvalue(), width, height)


def hit(number: int, **fields: Any) -> AssetHit:
    """Give a hit whose every field follows from its number."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    width, height = SIDES[number % len(SIDES)]
    metadata = {
        "kind": KINDS[number % len(KINDS)],
        "prompt": f"a {subject} number {number} in the evening",
        "width": width,
        "height": height,
        "modelId": f"model_{number % 4}",
        "seed": str(number),
    }
    month = number % 12 + 1
    made = {
        "metadata": metadata,
        "tags": [subject, "even" if number % 2 == 0 else "odd"],
        "createdAt": f"2025-{month:02}-16T11:19:41.579Z",
    }
    return AssetHit.from_dict(asset(f"asset_{number:05}", **{**made, **fields}))


def table_of(
    hits: Iterable[AssetHit], looks: Mapping[int, Missing] | None = None, pictures: int = 12
) -> HitTable[AssetHit]:
    """Give a table of hits whose thumbnails are there, but for those given by place."""
    table = HitTable(list(hits), AssetHit)
    for place, each in enumerate(table):
        table.thumbnails.put(each, (looks or {}).get(place) or picture(place % pictures))
    return table


@attrs.frozen
class Viewer:
    """A page that is looked at, and what it did that it should not have done."""

    page: Page
    complaints: list[str] = attrs.field(factory=list[str])

    @property
    def tiles(self) -> Locator:
        """The pictures that are in the page."""
        return self.page.locator(".tile")

    @property
    def ids(self) -> list[str]:
        """The ids of the pictures that are in the page, in their order."""
        ids: list[str] = self.page.eval_on_selector_all(".tile", "all => all.map(each => each.dataset.id)")
        return ids

    @property
    def status(self) -> str:
        """How many pictures the page says there are."""
        return self.page.locator("#status").inner_text()

    @property
    def fragment(self) -> str:
        """What the address keeps."""
        fragment: str = self.page.evaluate("decodeURIComponent(location.hash.slice(1))")
        return fragment

    @property
    def focused(self) -> str:
        """The id of the picture that the keyboard is at."""
        focused: str = self.page.evaluate("document.activeElement.closest('.tile')?.dataset.id ?? ''")
        return focused

    def wait_for_focus(self, identifier: str) -> None:
        """Wait until the keyboard is at a picture: browsers tell a dialog's end a moment later."""
        at = "id => document.activeElement.closest('.tile')?.dataset.id === id"
        self.page.wait_for_function(at, arg=identifier)

    def wait_for_other_focus(self, identifier: str) -> str:
        """Wait until the keyboard is at a picture that is another one, and give its id."""
        at = """id => {
            const tile = document.activeElement.closest('.tile');
            return tile && tile.dataset.id !== id && tile.dataset.id;
        }"""
        found: str = self.page.wait_for_function(at, arg=identifier).json_value()
        return found

    def type(self, words: str, expect: str) -> None:
        """Filter by words, and wait for what the page says then."""
        self.page.locator("#query").fill(words)
        self.page.wait_for_function(
            "words => document.querySelector('#status').textContent === words", arg=expect
        )

    def choose(self, facet: str, value: str) -> None:
        """Flip a value of a facet."""
        self.page.get_by_role("group", name=facet, exact=True).get_by_label(value).click()

    def reload(self) -> None:
        """Load it again, with what its address keeps."""
        self.page.reload()
        self.page.wait_for_selector("html[data-ready]")


class Looking:
    """Opens files in a browser, each in a context of its own, and keeps what they complain about."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.viewers: list[Viewer] = []

    def open(self, file: Path, fragment: str = "", **options: Any) -> Viewer:
        """Open a file, and wait until it is ready; it may ask for nothing."""
        address = file.as_uri()
        return self._opened(
            address + fragment, lambda asked: asked.partition("#")[0] == address, options=options
        )

    def visit(self, address: str, fragment: str = "", **options: Any) -> Viewer:
        """Open a page of the explorer, and wait until it is ready; it may ask for what is below its address."""
        return self._opened(address + fragment, lambda asked: asked.startswith(address), options=options)

    def _opened(self, address: str, is_own: Callable[[str], bool], options: dict[str, Any]) -> Viewer:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self.browser.new_context(**options)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.contexts.append(context)
        viewer = Viewer(context.new_page())
        self.viewers.append(viewer)

        def asked(request: Request) -> None:
            if not is_own(request.url) and not request.url.startswith(("data:", "blob:")):
                viewer.complaints.append(f"asked for {request.url}")

        viewer.page.on("console", lambda message: viewer.complaints.append(message.text))
        viewer.page.on("pageerror", lambda error: viewer.complaints.append(str(error)))
        viewer.page.on("dialog", lambda dialog: viewer.complaints.append(dialog.message))
        viewer.page.on("request", asked)
        viewer.page.goto(address)
        viewer.page.wait_for_selector("html[data-ready]")
        return viewer

    def close(self) -> None:
        """Close what was opened."""
        for context in self.contexts:
            context.close()
