"""The site: its picture, its diagrams, its words."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from looking.browsing import browser_path
from PIL import Image, ImageChops, ImageStat

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("guides/*.md")])
DIAGRAMS = sorted((DOCS / "diagrams").glob("*.svg"))
SCRIPTS = ("picture", "sheet")
SVG = "{http://www.w3.org/2000/svg}"


def _script(name: str) -> Any:
    spec = spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_picture_is_what_a_search_finds(name: str) -> None:
    """The script draws it anew: it is the same, and small."""
    script = _script(name)
    assert script.OUTPUT.stat().st_size < 150_000
    with Image.open(script.OUTPUT) as shown:
        drawn = script.drawn().convert("RGB")
        assert shown.size == drawn.size
        difference = ImageStat.Stat(ImageChops.difference(shown.convert("RGB"), drawn))
    assert max(difference.mean) < 6


SHOTS = sorted((DOCS / "_static").glob("*.webp"))


def test_screenshots_are_small_and_shown() -> None:
    """Each has a place on a page or in the README; light ones have a dark twin of the same size."""
    names = [path.stem for path in SHOTS]
    assert names == ["explorer-dark", "explorer-light", "gallery-dark", "gallery-light", "terminal"]
    texts = "".join(page.read_text(encoding="utf-8") for page in [*PAGES, DOCS.parent / "README.md"])
    sizes = {}
    for path in SHOTS:
        assert path.stat().st_size < 150_000
        assert f"_static/{path.name}" in texts
        with Image.open(path) as shown:
            sizes[path.stem] = shown.size
    assert (
        sizes["explorer-dark"] == sizes["explorer-light"] == sizes["gallery-dark"] == sizes["gallery-light"]
    )


@pytest.mark.long
def test_screenshots_can_be_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script takes every one of them, as large as it is."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if browser_path() is None:
        pytest.skip("there is no browser")
    script = _script("screenshots")
    monkeypatch.setattr(script, "FOLDER", tmp_path)
    script.take()
    for path in SHOTS:
        with Image.open(path) as kept, Image.open(tmp_path / path.name) as taken:
            assert kept.size == taken.size, path.name


def test_every_picture_of_a_page_is_there_and_has_words() -> None:
    """Whoever cannot see a picture can read what it shows."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text):
            assert alt, page
            assert (page.parent / target).is_file(), page
        for target, options in re.findall(r"^```\{figure\} (\S+)\n((?::.*\n)*)", text, re.MULTILINE):
            assert ":alt: " in options, page
            assert (page.parent / target).is_file(), page


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_a_diagram_has_words_and_loads_nothing(path: Path) -> None:
    """It has a title and a description, stands on a page, follows the theme's colours, and names no other address."""
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314 - a file of ours
    title, words = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert words is not None
    assert len(words.text or "") > 80
    assert root.get("aria-labelledby") == f"{title.get('id')} {words.get('id')}"
    assert "var(--color-foreground-primary" in text
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert any(f":file: diagrams/{path.name}" in page.read_text(encoding="utf-8") for page in PAGES)


def test_there_are_diagrams_of_paging_fan_out_and_retries() -> None:
    """None has gone."""
    assert [path.stem for path in DIAGRAMS] == ["fan-out", "paging", "retries"]


def test_words_are_defined_once() -> None:
    """The glossary has the words that pages, parameters and messages share, and no other page defines them again."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    defined = re.findall(r"^([a-z][a-z -]*)\n  \S", text, re.MULTILINE)
    assert sorted({*defined}) == sorted(defined)
    assert {"rate limit", "quota", "queue", "cool-down", "slot", "window", "page", "token"} <= {*defined}
    for page in PAGES:
        for word in defined:
            assert f"- **{word.capitalize()}**: " not in page.read_text(encoding="utf-8"), page


@pytest.mark.parametrize(
    "stiff",
    [
        "does not mend",
        "to come near to",
        "What is not given is not sent",
        "othing to sign with",
        "is up to your program",
        "fail and lie",
    ],
)
def test_what_was_stiff_stays_away(stiff: str) -> None:
    """Phrases that readers stumbled over are on no page and in no text of the package."""
    package = DOCS.parent / "scenario_async"
    files = [*PAGES, DOCS.parent / "README.md", *package.rglob("*.py")]
    assert [str(path) for path in files if stiff in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_needs_no_more_than_the_extra(name: str) -> None:
    """What draws a picture loads nothing but the package, its extra `emulator` and the standard library."""
    text = (DOCS / f"{name}.py").read_text(encoding="utf-8")
    roots = {found.split(".")[0] for found in re.findall(r"^ *(?:from|import) ([\w.]+)", text, re.MULTILINE)}
    assert roots - {*sys.stdlib_module_names} == {"PIL", "scenario_async"}
