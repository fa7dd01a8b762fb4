"""Hits and pages as tables that keep to the width of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from scenario_async.models import AssetHit, Hit, ModelHit, WorkflowHit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scenario_async import FanOutHit, Search, SearchPage

_COLUMNS: Final[Mapping[type[Hit], Sequence[str]]] = {
    AssetHit: ("asset", "kind", "size", "created", "name or prompt"),
    ModelHit: ("model", "type", "created", "name"),
    WorkflowHit: ("workflow", "status", "created", "name"),
}


def hits_table(hits: Sequence[Hit]) -> Table:
    """Make a row of each hit; they are all of one kind."""
    columns = _COLUMNS[type(hits[0])] if hits else ("nothing found",)
    return _table(columns, ((hit.id, *_facts(hit), title_of(hit)) for hit in hits))


def fan_out_table(found: Iterable[FanOutHit[Hit]]) -> Table:
    """Make a row of each hit, and tell which search it answers."""
    rows = ((each.hit.id, f"{each.index}: {_asked(each.search)}", title_of(each.hit)) for each in found)
    return _table(("hit", "answers search", "name or prompt"), rows)


def pages_table(pages: Iterable[SearchPage[Hit]]) -> Table:
    """Make a row of each page."""
    rows = (
        (page.hits[0].id, page.hits[-1].id, str(page.offset), str(len(page.hits)))
        for page in pages
        if page.hits
    )
    return _table(("first hit", "last hit", "offset", "hits"), rows)


def title_of(hit: Hit) -> str:
    """Give what a person would call a hit: its name, else the words that it was made of or holds."""
    if not isinstance(hit, AssetHit):
        return cast("ModelHit | WorkflowHit", hit).name
    titles = (hit.metadata.name, hit.metadata.prompt, hit.description, hit.content, ", ".join(hit.tags))
    return next(filter(None, titles), "")


def _facts(hit: Hit) -> tuple[str, ...]:
    created = hit.created_at[:10]
    if isinstance(hit, AssetHit):
        width, height = hit.metadata.width, hit.metadata.height
        size = f"{width:g}x{height:g}" if width and height else ""
        return hit.metadata.kind or "", size, created
    return hit.type if isinstance(hit, ModelHit) else cast("WorkflowHit", hit).status, created


def _asked(search: Search[Hit]) -> str:
    return search.query or search.filter or "a picture"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Lay out rows that begin with an id; where they are too wide, what stands last gives way first."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(_cell(column), no_wrap=column != columns[-1])
    table.columns[0].style = "cyan"
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(text: str) -> Text:
    """Keep a text to one line, and from giving orders to the terminal."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return Text(" ".join(plain.split()), no_wrap=True, overflow="ellipsis")
