"""Hits with thumbnails made here, and streams that say that they are terminals."""

from __future__ import annotations

import io
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image
from support.hits import asset, model, workflow

from scenario_async import AssetHit, Hit, HitTable, ModelHit, WorkflowHit
from scenario_async._looks.thumbnails import Missing, Shown

if TYPE_CHECKING:
    from collections.abc import Iterable

RED, GREEN, BLUE = (200, 30, 40), (30, 160, 60), (40, 60, 200)
PROMPT = "a knight in the rain, oil on canvas"
_SGR = re.compile(r"\x1b\[([\d;]*)m|(.)", re.DOTALL)


def thumbnail(colour: tuple[int, ...] = RED, size: tuple[int, int] = (64, 64)) -> Shown:
    """Give a thumbnail of one colour."""
    file = BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(file, "WEBP", lossless=True)
    return Shown(file.getvalue(), *size)


def of_kind(kind: str, number: int = 0, **fields: Any) -> Hit:
    """Give a hit of a kind, with some fields in place of the usual ones."""
    if kind == "model":
        return ModelHit.from_dict(model(f"model_{number}", **fields))
    if kind == "workflow":
        return WorkflowHit.from_dict(workflow(f"workflow_{number}", **fields))
    about = {"kind": kind, "prompt": PROMPT, **fields.pop("metadata", {})}
    return AssetHit.from_dict(asset(f"asset_{number}", metadata=about, **fields))


def table_of(looks: Iterable[Shown | Missing | None], kind: str = "image", **fields: Any) -> HitTable[Any]:
    """Give a table of as many hits, each with its thumbnail, or with why it has none, or with nothing loaded."""
    looks = list(looks)
    hits = [of_kind(kind, number, **fields) for number in range(len(looks))]
    table: HitTable[Any] = HitTable(hits, type(of_kind(kind)))
    for hit, look in zip(hits, looks, strict=True):
        if look is not None:
            table.thumbnails.put(hit, look)
    return table


class Screen(io.StringIO):
    """A stream that is a terminal, or says so."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self.terminal = terminal
        self.encoding = encoding

    def isatty(self) -> bool:
        """Tell what it was told to, unless it is closed."""
        super().isatty()
        return self.terminal


def cells_of(line: str) -> list[tuple[str, str, str]]:
    """Read a line as a terminal does: each letter, with its colour and its ground as the parameters say them."""
    front = back = ""
    cells: list[tuple[str, str, str]] = []
    for found in _SGR.finditer(line):
        given, letter = found[1], found[2]
        if letter is not None:
            cells.append((letter, front, back))
        elif given == "0":
            front = back = ""
        elif given == "49":
            back = ""
        elif given.startswith("38;"):
            front = given[3:]
        elif given.startswith("48;"):
            back = given[3:]
    assert (front, back) == ("", ""), "a line ends in the terminal's own colours"
    return cells


def pixels_of(text: str) -> list[list[str]]:
    """Give the pixels of half blocks, two rows a line; nothing where the terminal's own ground shows."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        pairs = [
            {"▀": (front, back), "▄": (back, front), " ": (back, back)}[letter]
            for letter, front, back in cells_of(line)
        ]
        rows += [[above for above, _ in pairs], [below for _, below in pairs]]
    return rows
