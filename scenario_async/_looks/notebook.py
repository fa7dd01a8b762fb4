"""Hits as HTML for notebooks: no script, and nothing that is fetched from anywhere.

Thumbnails that were loaded stand in it as data URLs, so that they are there in a saved notebook as well. Colours follow
the page around it, light or dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from scenario_async._looks.thumbnails import Missing, Shown, latest
from scenario_async._looks.words import caption_of, facts_of, is_shown_by_another, kind_of_hit, line
from scenario_async._support.counting import counted
from scenario_async.models import AssetHit, ModelHit, WorkflowHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.table import HitTable
    from scenario_async.models import Hit
    from scenario_async.pages import SearchPage

MOST: Final = 60
"""More hits than that are counted, and not shown: a notebook is a file that others open."""
_SIDE: Final = 172
_MOST_TAGS: Final = 12
_STYLE: Final = f"""<style>
.scenario-hits {{ font: 13px/1.4 system-ui, sans-serif; color: inherit; }}
.scenario-hits p {{ margin: 4px 0 10px; opacity: .72; }}
.scenario-hits p code {{ display: inline; font-size: 12px; opacity: 1; word-break: normal; }}
.scenario-hits ol {{ display: flex; flex-wrap: wrap; gap: 16px; margin: 0; padding: 0; list-style: none; }}
.scenario-hits li {{ width: {_SIDE}px; margin: 0; padding: 0; }}
.scenario-hits .look {{ position: relative; display: flex; flex-direction: column; align-items: center; justify-content: center;
  width: {_SIDE}px; height: {_SIDE}px; overflow: hidden; border-radius: 7px; background: rgba(128, 136, 150, .14);
  text-align: center; }}
.scenario-hits img {{ display: block; max-width: 100%; max-height: 100%; width: auto; height: auto; margin: 0; object-fit: contain; }}
.scenario-hits .look b {{ font-weight: 500; opacity: .8; }}
.scenario-hits .look small {{ padding: 2px 10px 0; opacity: .65; }}
.scenario-hits .kind {{ position: absolute; left: 6px; bottom: 6px; padding: 0 7px; border-radius: 5px; font-size: 11px;
  background: rgba(22, 27, 38, .8); color: #fff; }}
.scenario-hits .caption {{ display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; margin-top: 6px;
  unicode-bidi: plaintext; }}
.scenario-hits code {{ display: block; margin-top: 2px; padding: 0; background: none; color: inherit; font-size: 10px; opacity: .65;
  word-break: break-all; }}
.scenario-hits .one {{ display: flex; gap: 16px; align-items: flex-start; }}
.scenario-hits .one .look {{ flex: none; }}
.scenario-hits table {{ border-collapse: collapse; margin: 0; font-size: 13px; }}
.scenario-hits th, .scenario-hits td {{ padding: 2px 16px 2px 0; text-align: left; vertical-align: top; background: none;
  border: 0; overflow-wrap: anywhere; unicode-bidi: plaintext; }}
.scenario-hits tr:nth-child(n) {{ background: none; }}
.scenario-hits th {{ font-weight: 400; opacity: .65; white-space: nowrap; }}
</style>"""


def table_html(table: HitTable[Any], source: PageSource[Any] | None) -> str:
    """Give the HTML of a table: how many hits there are, and the first of them."""
    return _hits_html(table, _count(len(table), table.hit_class), _loading("table", source))


def page_html(page: SearchPage[Any], source: PageSource[Any] | None) -> str:
    """Give the HTML of a page: its hits, and how many the service says that there are."""
    table = page.table
    count = _count(len(table), table.hit_class)
    total = page.total_hits if page.estimated_total_hits is None else page.estimated_total_hits
    told = f"{count} of about {total:,}" if total is not None and page.has_next_page() else count
    return _hits_html(table, told, _loading("page.table", source))


def hit_html(hit: Hit) -> str:
    """Give the HTML of one hit: its thumbnail if any table loaded it, and what is most asked for."""
    rows = "".join(
        f"<tr><th>{name}</th><td>{escape(line(value))}</td></tr>" for name, value in _facts(hit) if value
    )
    return _framed(
        f'<div class="one">{_look_html(hit, latest(hit))}<table><tbody>{rows}</tbody></table></div>'
    )


def _count(count: int, hit_class: type[Hit]) -> str:
    word = hit_class.__name__.removesuffix("Hit").lower()
    return counted(count, word)


def _hits_html(table: HitTable[Any], told: str, loading: str) -> str:
    hits, thumbnails = table.hits[:MOST], table.thumbnails
    shown = "".join(f"<li>{_hit_html(hit, thumbnails.of(hit))}</li>" for hit in hits)
    hints: list[str] = []
    if len(table) > MOST:
        hints.append(f"the first {MOST} are shown")
    if thumbnails.never_loaded(hits):
        hints.append(f"pictures come with <code>{loading}</code>")
    hint = "".join(f"; {each}" for each in hints)
    return _framed(f"<p>{told}{hint}</p><ol>{shown}</ol>")


def _loading(name: str, source: PageSource[Any] | None) -> str:
    """Give what is to be typed for thumbnails."""
    if source is None:
        return f"{name}.load_thumbnails(client)"
    return f"{'await ' if source.page_class.wait is None else ''}{name}.load_thumbnails()"


def _framed(content: str) -> str:
    return f'<div class="scenario-hits">{_STYLE}{content}</div>'


def _hit_html(hit: Hit, look: Shown | Missing | None) -> str:
    caption = escape(caption_of(hit))
    return (
        f'{_look_html(hit, look)}<span class="caption" title="{caption}">{caption}</span>'
        f"<code>{escape(line(hit.id))}</code>"
    )


def _look_html(hit: Hit, look: Shown | Missing | None) -> str:
    kind = escape(kind_of_hit(hit))
    if isinstance(look, Shown):
        label = f'<span class="kind">{kind}</span>' if is_shown_by_another(hit) else ""
        shape = f'width="{look.width}" height="{look.height}"'
        picture = f'<img src="{escape(look.data_url)}" {shape} alt="{escape(caption_of(hit, 120))}">'
        return f'<div class="look">{picture}{label}</div>'
    reason = f"<small>{look.words}</small>" if isinstance(look, Missing) and look.reason != "none" else ""
    return f'<div class="look"><b>{kind}</b>{reason}</div>'


def _facts(hit: Hit) -> Iterator[tuple[str, str]]:
    """Give what is most asked for, by name; texts that are empty are left out."""
    yield "id", hit.id
    if isinstance(hit, AssetHit):
        yield "name", hit.metadata.name or ""
        yield "prompt", hit.metadata.prompt or ""
        yield "description", hit.description or ""
    elif isinstance(hit, (ModelHit, WorkflowHit)):
        yield "name", hit.name
        yield "description", hit.short_description or ""
    yield "kind", facts_of(hit)
    yield "tags", ", ".join(hit.tags[:_MOST_TAGS])
    yield "created", hit.created_at
    yield "privacy", hit.privacy
