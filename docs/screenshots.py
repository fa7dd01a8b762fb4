"""Take the pictures of the pages: the gallery, the explorer and the command line, as they are with the emulator.

Take them anew with `nox -s screenshots`. It needs Chromium, on the path or named by SCENARIO_CHROMIUM.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager
from html import escape
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from scenario_async import Scenario
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser, Locator, Page
    from rich.style import Style

FOLDER: Final = Path(__file__).parent / "_static"
COLOURS: Final = ("light", "dark")
WIDTH: Final = 1280
HEIGHT: Final = 800
SCALE: Final = 1.5
QUALITY: Final = 80
COLUMNS: Final = 92
ROWS: Final = 60
COMMAND: Final = (sys.executable, "-m", "scenario_async")
SEARCH: Final = "scenario-async search assets knight --where kind=image --limit 6 --emulator --show"
_TERMINAL: Final = """<!doctype html><style>
  body { margin: 0; background: #16181d; color: #d8dae0; font: 20px/26px "DejaVu Sans Mono", monospace; }
  pre { margin: 0; padding: 24px 28px 22px; width: max-content; font: inherit; }
  i, span { display: inline-block; width: 12px; height: 26px; vertical-align: top; }
  span { overflow: visible; white-space: pre; }
</style><pre>"""
_CONSOLE: Final = Console()
_HALVES: Final = {"\u2580": "top", "\u2584": "bottom"}


def keep(shown: Page | Locator, name: str) -> None:
    """Save what a page, or a part of it, shows."""
    with Image.open(BytesIO(shown.screenshot())) as shot:
        shot.convert("RGB").save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


@contextmanager
def opened(browser: Browser, address: str, colours: str = "light", scale: float = SCALE) -> Generator[Page]:
    """Open a page, in light or dark."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme="dark" if colours == "dark" else "light",
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def pictures_are_there(page: Page) -> None:
    """Wait for the pictures that are seen."""
    page.wait_for_function(
        "() => document.querySelector('.tile') && [...document.querySelectorAll('.tile img')].every(each => each.complete)"
    )


def gallery(browser: Browser, folder: Path) -> None:
    """Show a gallery of castles, two of them picked."""
    with (
        Emulator().running() as base_url,
        Scenario(base_url=base_url, api_key="emulator", api_secret="emulator") as client,  # noqa: S106 - no secret
    ):
        table = client.search.asset_search(query="castle").collect()
        file = table.gallery(folder / "castles.html")
        picks = "&".join(f"pick={hit.id}" for hit in table[:2])
    for colours in COLOURS:
        with opened(browser, f"{file.as_uri()}#{picks}", colours) as page:
            pictures_are_there(page)
            keep(page, f"gallery-{colours}")


@contextmanager
def explorer(folder: Path) -> Generator[str]:
    """Run the explorer, and give its address."""
    command = [*COMMAND, "explore", "--emulator", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as running:
        try:
            yield re.findall(r"http://\S+", next(iter(running.stdout or ())))[0]
        finally:
            running.terminate()


def explored(browser: Browser, folder: Path) -> None:
    """Show the explorer: what looks like a picture and unlike another one, narrowed down."""
    for colours in COLOURS:
        with (
            explorer(folder) as address,
            opened(browser, f"{address}#q=dragon&kind=image", colours) as page,
        ):
            pictures_are_there(page)
            for place, key, requests in ((0, "m", 2), (4, "l", 3)):
                page.locator(".tile .open").nth(place).focus()
                page.keyboard.press(key)
                page.wait_for_function(
                    "words => document.querySelector('#quota-words').textContent.startsWith(words)",
                    arg=f"{requests} of",
                )
                pictures_are_there(page)
            page.wait_for_function("() => !document.querySelector('#toast.seen')")
            page.evaluate("document.activeElement.blur()")
            page.wait_for_load_state("networkidle")
            pictures_are_there(page)
            keep(page, f"explorer-{colours}")


def run(arguments: list[str]) -> str:
    """Run a command in a terminal that knows 24-bit colours, and give what it writes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"NO_COLOR", "TMUX", "COLUMNS", "LINES"}
    }
    environment = {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TERM_PROGRAM": ""}
    with subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    ) as running:
        os.close(theirs)
        content = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # as Linux tells the end of a terminal
                break
            content += piece
        running.wait()
    os.close(ours)
    return content.decode().replace("\r\n", "\n")


def _colours(style: Style, default: tuple[str, str]) -> tuple[str, str]:
    found = [default[0], default[1]]
    for place, colour in enumerate((style.color, style.bgcolor)):
        if colour is not None and not colour.is_default:
            found[place] = colour.get_truecolor().hex
    return found[0], found[1]


def _markup(line: str) -> Iterator[str]:
    """Give a line of a terminal as markup; half blocks are drawn, so that there is no seam between them."""
    text = Text.from_ansi(line)
    styles = [text.get_style_at_offset(_CONSOLE, place) for place in range(len(text))]
    for character, style in zip(text.plain, styles, strict=True):
        front, back = _colours(style, ("#d8dae0", "#16181d"))
        if half := _HALVES.get(character):
            first, second = (front, back) if half == "top" else (back, front)
            yield f'<i style="background:linear-gradient({first} 50%,{second} 50%)"></i>'
            continue
        weight = ";font-weight:700" if style.bold else ""
        faint = ";opacity:.65" if style.dim else ""
        shown = escape(character)
        yield f'<span style="color:{front};background:{back}{weight}{faint}">{shown}</span>'


def command_line(browser: Browser, folder: Path) -> None:
    """Show a search in a terminal, with its pictures."""
    output = run([*COMMAND, *SEARCH.split()[1:]])
    lines = ["".join(_markup(line)) for line in output.rstrip("\n").split("\n")]
    file = folder / "terminal.html"
    prompt = "".join(_markup(f"\x1b[92m$\x1b[0m {SEARCH}"))
    shown = "\n".join([prompt, *lines])
    file.write_text(f"{_TERMINAL}{shown}</pre>", encoding="utf-8")
    with opened(browser, file.as_uri(), scale=1) as page:
        keep(page.locator("pre"), "terminal")


def take() -> None:
    """Take all of them."""
    browsers = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("SCENARIO_CHROMIUM") or next(filter(None, map(shutil.which, browsers)), None)
    if path is None:
        sys.exit(
            f"there is no browser: none of {', '.join(browsers)} on the path, and SCENARIO_CHROMIUM names none"
        )
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for part in (gallery, explored, command_line):
            part(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    take()
