"""The page on paper: dark letters on white, and every picture whole in a square of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from looking.browsing import hit, picture, table_of

from scenario_async._looks.notebook import hit_html

if TYPE_CHECKING:
    from pathlib import Path

    from looking.browsing import Looking, Viewer


def on_paper(viewer: Viewer) -> None:
    """Let the page be as a printer gets it."""
    viewer.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    viewer.page.emulate_media(media="print")


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_are_dark_on_white(looking: Looking, gallery: Path, theme: str, scheme: str) -> None:
    """Whatever colours the screen has, by the system or by the page's button."""
    viewer = looking.open(gallery, color_scheme=scheme)
    for _ in range(["system", "light", "dark"].index(theme)):
        viewer.page.locator("#theme").click()
    on_paper(viewer)
    colours: list[str] = viewer.page.evaluate(
        "['#title', '#status', '#sheet figcaption'].map(each => getComputedStyle(document.querySelector(each)).color)"
    )
    assert colours == ["rgb(29, 28, 26)"] * 3
    paper = viewer.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"


def test_every_picture_has_a_square(looking: Looking, tmp_path: Path) -> None:
    """Portraits and landscapes are whole within it, and rows are no higher for them."""
    table = table_of(hit(number) for number in range(10))
    for number, size in enumerate([(256, 144), (256, 455), (64, 256), (256, 768)]):
        table.thumbnails.put(table[number], picture(number, *size))
    viewer = looking.open(table.gallery(tmp_path / "x.html"))
    on_paper(viewer)
    boxes: list[list[float]] = viewer.page.evaluate(
        """() => [...document.querySelectorAll('#sheet .frame')].map(frame => {
          const [outer, inner] = [frame, frame.firstElementChild].map(each => each.getBoundingClientRect());
          return [outer.width, outer.height, inner.width, inner.height, inner.top - outer.top];
        })"""
    )
    assert len(boxes) == 10
    for width, *others, above in boxes:
        assert others == pytest.approx([width] * 3, abs=0.5)
        assert above == pytest.approx(0, abs=0.5)
    assert viewer.page.eval_on_selector("#sheet img", "each => getComputedStyle(each).objectFit") == "contain"


def test_a_square_in_a_notebook_stays_one(looking: Looking, tmp_path: Path) -> None:
    """Also beside a long text, where there is no picture to hold it open."""
    given = hit(0)
    prompt = {**given.to_dict()["metadata"], "prompt": "word" * 2000}
    long = type(given).from_dict({**given.to_dict(), "metadata": prompt})
    file = tmp_path / "x.html"
    file.write_text(f"<meta charset=utf-8>{hit_html(long)}", encoding="utf-8")
    page = looking.browser.new_page(viewport={"width": 600, "height": 600})
    page.goto(file.as_uri())
    box = page.locator(".look").bounding_box()
    page.close()
    assert box is not None
    assert (box["width"], box["height"]) == (172, 172)
