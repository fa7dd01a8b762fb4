"""The gallery as a person uses it: typing, choosing, looking, comparing, picking, with a mouse or with keys alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from looking.browsing import Looking


def test_typing_narrows_down(looking: Looking, gallery: Path) -> None:
    """Words are found in any order, phrases as they stand, and what follows a minus is left out; the address keeps it."""
    viewer = looking.open(gallery)
    assert (viewer.status, viewer.page.title()) == ("120 assets", "Evenings")
    viewer.type("evening KNIGHT", "20 of 120 assets")
    assert viewer.fragment == "q=evening+KNIGHT"
    viewer.type("number -evén", "0 of 120 assets")  # folded, it is the beginning of every evening
    viewer.type('"knight number" -ODD', "20 of 120 assets")
    viewer.type('"number knight"', "0 of 120 assets")


def test_a_phrase_stands_as_it_is_written(looking: Looking, gallery: Path) -> None:
    """Nothing that fits is said in words, with the way back."""
    viewer = looking.open(gallery)
    viewer.type('"number 7 in"', "1 of 120 assets")
    assert viewer.ids == ["asset_00007"]
    viewer.type("nothing like it", "0 of 120 assets")
    assert viewer.page.get_by_text("Nothing fits all of this.").is_visible()
    viewer.page.locator("#clear-nothing").click()
    assert viewer.status == "120 assets"
    assert viewer.page.locator("#query").input_value() == ""


def test_facets_narrow_down_together(looking: Looking, gallery: Path) -> None:
    """Values of one are alternatives, facets add up, and numbers say what a choice would leave."""
    viewer = looking.open(gallery)
    viewer.choose("Kind", "video")
    assert viewer.status == "17 of 120 assets"
    viewer.choose("Kind", "audio")
    assert viewer.status == "34 of 120 assets"
    videos = [number for number in range(120) if number % 7 in (3, 4)]
    odd = [number for number in videos if number % 2]
    label = viewer.page.get_by_role("group", name="Tag", exact=True).locator("label", has_text="odd")
    assert label.locator(".number").inner_text() == str(len(odd))
    viewer.choose("Tag", "odd")
    viewer.choose("Model", "model_1")
    left = [number for number in odd if number % 4 == 1]
    assert viewer.status == f"{len(left)} of 120 assets"
    assert viewer.ids == [f"asset_{number:05}" for number in left][: len(viewer.ids)]
    assert viewer.fragment == "kind=video&kind=audio&model=model_1&tag=odd"
    viewer.page.locator("#clear").click()
    assert (viewer.status, viewer.fragment) == ("120 assets", "")


@pytest.mark.parametrize(
    ("facet", "value", "count"),
    [
        ("Longer side", "up to 512 px", 24),
        ("Longer side", "513 to 1024 px", 48),
        ("Longer side", "over 2048 px", 24),
        ("Created", "December 2025", 10),
    ],
)
def test_sizes_and_dates_are_facets(
    looking: Looking, gallery: Path, facet: str, value: str, count: int
) -> None:
    """By the longer side, and by month."""
    viewer = looking.open(gallery)
    viewer.choose(facet, value)
    assert viewer.status == f"{count} of 120 assets"


def test_all_values_of_a_facet_can_be_seen(looking: Looking, gallery: Path) -> None:
    """Few are shown at first; the focus stays where it was."""
    viewer = looking.open(gallery)
    months = viewer.page.get_by_role("group", name="Created", exact=True)
    assert months.get_by_role("checkbox").count() == 6
    months.get_by_role("button", name="Show all 12").click()
    assert months.get_by_role("checkbox").count() == 12
    assert viewer.page.evaluate("document.activeElement.textContent") == "Show fewer"


def test_sorting(looking: Looking, gallery: Path) -> None:
    """By date, by pixels, by words; equals stand as they were found."""
    viewer = looking.open(gallery)
    sort = viewer.page.get_by_label("Sort")
    sort.select_option(label="Newest first")
    assert viewer.ids[:2] == ["asset_00011", "asset_00023"]
    sort.select_option(label="Most pixels")
    assert viewer.ids[:2] == ["asset_00004", "asset_00009"]
    sort.select_option(label="Words, A to Z")
    assert viewer.ids[:2] == ["asset_00001", "asset_00007"]
    assert viewer.fragment == "sort=name"
    sort.select_option(label="Oldest first")
    assert viewer.ids[:2] == ["asset_00000", "asset_00012"]


def test_keys_alone_do_everything(looking: Looking, gallery: Path) -> None:
    """From the words to the pictures, into one and out again, picks and their comparison, without a mouse."""
    viewer = looking.open(gallery)
    keys = viewer.page.keyboard
    keys.press("/")
    keys.type("dragon")
    viewer.page.wait_for_function("() => document.querySelector('#status').textContent.startsWith('20 of')")
    keys.press("ArrowDown")
    assert viewer.focused == "asset_00002"
    keys.press("ArrowRight")
    assert viewer.focused == "asset_00008"
    keys.press("Space")
    keys.press("Enter")
    box = viewer.page.get_by_role("dialog")
    assert box.get_by_role("heading").inner_text() == "a dragon number 8 in the evening"
    assert "2 of 20" in box.inner_text()
    keys.press("ArrowRight")
    assert box.get_by_role("heading").inner_text() == "a dragon number 14 in the evening"
    keys.press("x")
    keys.press("Escape")
    viewer.wait_for_focus("asset_00014")
    assert box.count() == 0
    keys.press("c")
    assert box.get_by_role("heading", name="Compare").is_visible()
    keys.press("Escape")
    assert "pick=asset_00008&pick=asset_00014" in viewer.fragment
    keys.press("End")
    assert viewer.focused == "asset_00116"
    keys.press("Home")
    assert viewer.focused == "asset_00002"
    keys.press("ArrowDown")
    below = viewer.focused
    assert below not in ("", "asset_00002")
    keys.press("ArrowUp")
    assert viewer.focused == "asset_00002"


def test_the_keyboard_reaches_each_control_and_its_focus_is_seen(looking: Looking, gallery: Path) -> None:
    """One stop for all pictures; every stop has an outline."""
    viewer = looking.open(gallery)
    stops: list[str] = []
    for _ in range(80):
        viewer.page.keyboard.press("Tab")
        stop, outline = viewer.page.evaluate(
            "[(e => e.closest('.tile') ? 'tile' : e.id || e.dataset.key || e.tagName)(document.activeElement),"
            " getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            " || getComputedStyle(document.activeElement.parentElement).outlineStyle !== 'none']"
        )
        if stop in stops or stop == "BODY":
            break
        assert outline, f"{stop} does not show its focus"
        stops.append(stop)
    for each in ("query", "theme", "kind=video", "more=date", "sort", "size", "tile"):
        assert each in stops


def test_the_keys_go_on_at_both_ends(looking: Looking, gallery: Path) -> None:
    """Whoever steps beyond the last picture by a button can still step back by a key."""
    viewer = looking.open(gallery, "#open=asset_00001")
    heading = viewer.page.get_by_role("dialog").get_by_role("heading")
    before = viewer.page.get_by_role("button", name="Previous picture")
    for _ in range(3):
        before.click(force=True)
    assert heading.inner_text() == "a knight number 0 in the evening"
    assert before.get_attribute("aria-disabled") == "true"
    viewer.page.keyboard.press("ArrowRight")
    assert heading.inner_text() == "a castle number 1 in the evening"


def test_two_pictures_are_compared(looking: Looking, gallery: Path) -> None:
    """What differs is shown, words that only one has are marked, and what is the same on demand."""
    viewer = looking.open(gallery, "#pick=asset_00001&pick=asset_00007")
    viewer.page.get_by_role("button", name="Compare").click()
    rows = viewer.page.locator("#compare-rows tr")
    names = rows.locator("th").all_inner_texts()
    assert names == ["Id", "Prompt", "Model", "Pixels", "Seed", "Created"]
    prompt = rows.filter(has=viewer.page.get_by_role("rowheader", name="Prompt", exact=True))
    assert prompt.locator("mark").all_inner_texts() == ["1", "7"]
    assert prompt.locator("td").first.inner_text() == "a castle number 1 in the evening"
    viewer.page.get_by_label("What is the same, too").check()
    assert "Tags" in rows.locator("th").all_inner_texts()
    assert viewer.page.locator("#compare img").count() == 2


@pytest.mark.parametrize("what", ["ids", "JSON", "prompts"])
def test_picks_can_be_copied(looking: Looking, gallery: Path, what: str) -> None:
    """As ids, as the service's JSON without signatures, or as prompts."""
    viewer = looking.open(gallery)
    for place in (2, 0):
        viewer.tiles.nth(place).hover()
        viewer.tiles.nth(place).get_by_role("button", name="Pick").click()
    assert viewer.page.locator("#picks-count").inner_text() == "2 picked"
    viewer.page.get_by_role("button", name=what, exact=True).click()
    viewer.page.wait_for_selector("#toast.seen")
    copied = viewer.page.evaluate("navigator.clipboard.readText()")
    ids, prompts = (
        ["asset_00002", "asset_00000"],
        ["a dragon number 2 in the evening", "a knight number 0 in the evening"],
    )
    if what == "JSON":
        hits = json.loads(copied)
        assert [each["id"] for each in hits] == ids
        assert "s3cr3t" not in copied
    else:
        assert copied == ("\n".join(ids) if what == "ids" else "\n\n".join(prompts))


def test_picks_can_be_shown_alone_and_dropped(looking: Looking, gallery: Path) -> None:
    """With the last one, the bar goes."""
    viewer = looking.open(gallery, "#pick=asset_00001&pick=asset_00003")
    viewer.page.get_by_role("button", name="Only picks").click()
    assert (viewer.status, viewer.ids) == ("2 of 120 assets", ["asset_00001", "asset_00003"])
    viewer.page.get_by_role("button", name="Drop all picks").click()
    assert viewer.status == "120 assets"
    assert not viewer.page.locator("#picks").is_visible()
    assert viewer.page.evaluate("document.activeElement.id") == "query"


def test_the_address_keeps_what_was_chosen(looking: Looking, gallery: Path) -> None:
    """Loaded again, or changed by hand, the page shows that; what it does not know is no harm."""
    viewer = looking.open(
        gallery, "#q=dragon&sort=newest&tag=odd&tag=&kind=%00&open=asset_00004&zoom=huge&size="
    )
    assert (
        viewer.page.get_by_role("dialog").get_by_role("heading").inner_text().startswith("a potion number 4")
    )
    # The dialog's end changes the address as well, between the change by hand and the page's reading of it.
    viewer.page.evaluate(
        "document.querySelector('dialog[open]').close(); location.hash = 'q=castle&zoom=s&pick=asset_00001'"
    )
    viewer.page.wait_for_function("() => document.querySelector('#status').textContent.startsWith('20 of')")
    viewer.reload()
    assert viewer.status == "20 of 120 assets"
    assert viewer.page.locator("#query").input_value() == "castle"
    assert viewer.page.get_by_label("Size").input_value() == "s"
    assert viewer.page.locator(".tile.picked").count() == 1


def test_a_tag_of_a_picture_narrows_down(looking: Looking, gallery: Path) -> None:
    """From beside the picture."""
    viewer = looking.open(gallery, "#open=asset_00003")
    viewer.page.get_by_role("button", name="Show only forest").click()
    assert (viewer.status, viewer.page.get_by_role("dialog").count()) == ("20 of 120 assets", 0)


def test_light_and_dark(looking: Looking, gallery: Path) -> None:
    """As the system is, or as the reader says, also after a reload."""

    def paper() -> str:
        colour: str = viewer.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour

    viewer = looking.open(gallery, color_scheme="dark")
    dark = paper()
    viewer.page.emulate_media(color_scheme="light")
    light = paper()
    assert light != dark
    button = viewer.page.locator("#theme")
    button.click()
    button.click()
    assert (button.get_attribute("aria-label"), paper()) == ("Colours: dark", dark)
    viewer.reload()
    assert paper() == dark


def test_on_paper_it_is_a_contact_sheet(looking: Looking, gallery: Path) -> None:
    """Every picture of the view, numbered, with its id; the screen is as before afterwards."""
    viewer = looking.open(gallery, "#kind=audio")
    viewer.page.evaluate(
        "addEventListener('beforeprint', () => { window.printed = document.querySelector('#sheet').textContent })"
    )
    assert viewer.page.pdf().startswith(b"%PDF")
    viewer.page.wait_for_function("() => document.querySelector('#sheet').children.length === 0")
    printed: str = viewer.page.evaluate("window.printed")
    assert printed.startswith("1 a potion number 4 in the eveningasset_000042 ")
    assert printed.count("asset_") == 17


def test_on_a_narrow_screen_filters_are_a_drawer(looking: Looking, gallery: Path) -> None:
    """Opened and closed by buttons or keys; the page itself is never wider than the screen."""
    viewer = looking.open(gallery, viewport={"width": 390, "height": 844}, has_touch=True)
    page = viewer.page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not page.locator("#side").is_visible()
    page.get_by_role("button", name="Filters").click()
    viewer.choose("Kind", "3d")
    page.keyboard.press("Escape")
    assert not page.locator("#side").is_visible()
    assert page.get_by_role("button", name="Filters (1)").is_visible()
    assert page.evaluate("document.activeElement.id") == "filters"
    assert viewer.status == "17 of 120 assets"
