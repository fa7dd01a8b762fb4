"""Hits in notebooks: HTML that fetches nothing, runs nothing, and shows the texts of hits as texts."""

from __future__ import annotations

import inspect
import re
from html.parser import HTMLParser
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import pytest
from pictures.showing import RED, of_kind, table_of, thumbnail
from support.programs import environment, needs

from scenario_async import AssetHit, AssetSearch, HitTable
from scenario_async._looks.notebook import MOST
from scenario_async._looks.thumbnails import Missing
from scenario_async.emulator import Emulator
from scenario_async.testing import make_asset, make_page

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.faces import Connect

TAGS = {
    "div",
    "style",
    "p",
    "code",
    "ol",
    "li",
    "img",
    "span",
    "b",
    "small",
    "table",
    "tbody",
    "tr",
    "th",
    "td",
}
ATTRIBUTES = {"class", "title", "src", "width", "height", "alt"}


class Read(HTMLParser):
    """What a browser makes of HTML: its tags with their attributes, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.found.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold it to the one that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what can be read."""
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def pictures(self) -> list[str]:
        """The addresses of pictures."""
        return [attributes["src"] or "" for tag, attributes in self.found if tag == "img"]


def html_of(shown: Any) -> str:
    """Give what a notebook asks for."""
    html: str = shown._repr_html_()
    return html


def read(shown: Any) -> Read:
    """Read what a notebook shows, and hold it to what is allowed: no script, no request, no other markup."""
    html = html_of(shown)
    found = Read(html)
    assert {tag for tag, _ in found.found} <= TAGS
    assert {name for _, attributes in found.found for name in attributes} <= ATTRIBUTES
    assert all(src.startswith("data:image/webp;base64,") for src in found.pictures)
    assert not re.search(r"url\(|@import|https?:", html.partition("</style>")[0])
    return found


def test_a_table_shows_its_hits() -> None:
    """Thumbnails where there are some, else their place with the kind and the reason; captions and ids."""
    table = table_of([thumbnail(), Missing("expired"), Missing("none"), None])
    shown = read(table)
    assert shown.pictures == [thumbnail().data_url]
    assert shown.texts[0] == "4 assets; pictures come with "
    assert shown.texts[1] == "table.load_thumbnails(client)"
    assert shown.texts.count("a knight in the rain, oil on canvas") == 4
    assert [text for text in shown.texts if text.startswith("asset_")] == [f"asset_{n}" for n in range(4)]
    assert shown.texts.count("image") == 3
    assert shown.texts.count("its address has expired") == 1


def test_all_loaded_leaves_no_hint() -> None:
    """And a video's thumbnail says that it is one."""
    shown = read(table_of([thumbnail()], "video"))
    assert shown.texts == ["1 asset", "video", "a knight in the rain, oil on canvas", "asset_0"]
    assert read(table_of([], "model")).texts == ["0 models"]


HOSTILE = "</span><script>alert(1)</script>\" onload='x' <img src=//evil.example> &amp; \u202eevil\x00\ud83d"


def test_texts_are_texts() -> None:
    """Prompts, ids, kinds and tags with markup, bidi and control characters are shown, and change nothing else."""
    fields: dict[str, Any] = {
        "metadata": {"prompt": HOSTILE, "name": HOSTILE},
        "tags": [HOSTILE],
        "privacy": HOSTILE,
    }
    hit = AssetHit.from_dict({**of_kind("<i>x</i>", **fields).to_dict(), "id": HOSTILE})
    table = HitTable([hit])
    for look in (thumbnail(), Missing("none")):
        table.thumbnails.put(hit, look)
        for shown in (read(table), read(hit)):
            words = [text for text in shown.texts if "alert" in text]
            assert words
            assert all("<script>alert(1)</script>" in text for text in words)
            assert "\u202e" not in "".join(shown.texts)
            "".join(shown.texts).encode()


def test_many_hits_are_counted() -> None:
    """And the first of them shown, also where a prompt has 100,000 characters: the notebook stays small."""
    table = table_of([Missing("none")] * (MOST + 1), metadata={"prompt": "<" * 100_000})
    assert read(table).texts[0] == f"{MOST + 1} assets; the first {MOST} are shown"
    assert len(html_of(table)) < 200_000


def test_a_hit_shows_what_is_most_asked_for() -> None:
    """Its thumbnail wherever it was loaded, else its place."""
    before = of_kind("image", 77, metadata={"name": "K"}, tags=["a", "b"])
    assert read(before).texts == [
        "image", "id", "asset_77", "name", "K", "prompt", "a knight in the rain, oil on canvas", "kind", "image",
        "tags", "a, b", "created", "2025-01-16T11:19:41.579Z", "privacy", "private",
    ]  # fmt: skip
    table = HitTable([before])
    table.thumbnails.put(before, thumbnail(RED))
    assert read(before).pictures == [thumbnail(RED).data_url]
    del table
    assert read(of_kind("model")).texts[:7] == [
        "model",
        "id",
        "model_0",
        "name",
        "Knights",
        "kind",
        "model · custom",
    ]
    assert read(of_kind("workflow")).texts[:5] == ["workflow", "id", "workflow_0", "name", "Upscale"]


def test_a_page_says_how_many_there_are() -> None:
    """Where there are more than it has; pages made by hand are shown as well."""
    hits = [make_asset(id=f"asset_{number}") for number in range(3)]
    assert read(make_page(hits)).texts[0].startswith("3 assets")


def test_terminals_get_text() -> None:
    """The bundle has both, and the text is the repr."""
    table: Any = table_of([thumbnail()])
    bundle = table._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/plain": repr(table), "text/html": html_of(table)}
    assert "<" not in bundle["text/plain"][1:-1]


@pytest.fixture(scope="module")
def base_url() -> Generator[str]:
    """Give the address of a running emulator."""
    with Emulator().running() as url:
        yield url


def test_pages_tables_and_hits_share_what_was_loaded(connect: Connect, base_url: str) -> None:
    """With either client; until then the hint says what to type, and showing asks for nothing."""
    face = connect(base_url)
    page: Any = face.page(AssetSearch(query="knight", limit=5))
    waiting = "await " if hasattr(face, "runner") else ""
    shown = read(page)
    assert shown.texts[:2] == [
        "5 assets of about 58; pictures come with ",
        f"{waiting}page.table.load_thumbnails()",
    ]
    assert read(page.table).texts[1] == f"{waiting}table.load_thumbnails()"
    assert shown.pictures == []
    loading = page.table.load_thumbnails()
    if inspect.iscoroutine(loading):
        cast("Any", face).runner.run(loading)
    assert len(read(page).pictures) == len(read(page.table).pictures) == 5
    assert read(page).texts[0] == "5 assets of about 58"
    assert read(page.hits[0]).pictures == read(page).pictures[:1]
    assert len(read(page.table[:2]).pictures) == 2


SEARCHED = """\
from scenario_async import AsyncScenario
client = AsyncScenario()
page = await client.search.asset_search(query="knight", limit=4)
page"""
CELLS = [
    SEARCHED,
    "await page.table.load_thumbnails()",
    "page",
    "page.table",
    "page.hits[0]",
    "page.hits[:1]",
    "await client.aclose()",
]


@needs("nbclient", "ipykernel")
def test_in_a_kernel(base_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of Jupyter takes all of them: HTML beside the text, pictures once they were loaded."""
    nbclient: Any = import_module("nbclient")
    v4: Any = import_module("nbformat").v4
    for name, value in environment(base_url).items():
        monkeypatch.setenv(name, value)
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    first, told, page, table, hit, hits, _ = (
        [each.get("data", {}) for each in cell.outputs] for cell in book.cells
    )
    assert [data["text/html"].count("<img") for (data,) in (first, page, table, hit)] == [0, 4, 4, 1]
    assert "text/html" not in told[0]
    assert told[0]["text/plain"].startswith("Loaded(shown=4")
    assert page[0]["text/plain"].startswith("AsyncSearchPage(hits=<4: ")
    assert table[0]["text/plain"].startswith("<HitTable: 4 AssetHits: ")
    assert hit[0]["text/plain"].startswith("AssetHit(id=")
    assert "text/html" not in hits[0]
