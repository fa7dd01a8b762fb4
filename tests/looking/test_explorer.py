"""The explorer as a person uses it: typing, choosing, pictures, picks, with a mouse or with keys alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from looking.browsing import picture
from looking.exploring import Explorer, explorer, wait_for_hits, wait_for_status

import scenario_async
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator

    from looking.browsing import Looking, Viewer

    from scenario_async.emulator.arrivals import RecordedRequest

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def emulator() -> Generator[Emulator]:
    """Run an emulator for the tests of this module."""
    emulator = Emulator()
    with emulator.running():
        yield emulator


@pytest.fixture
def exploring(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Explorer]:
    """Run an explorer over the emulator, which has heard of nothing yet."""
    for name in ("API_KEY", "API_SECRET"):
        monkeypatch.setenv(f"SCENARIO_SDK_{name}", "emulator")
    monkeypatch.setenv("SCENARIO_BASE_URL", emulator.base_url)
    emulator.requests.clear()
    emulator.faults.clear()
    with explorer(tmp_path / "explored") as running:
        yield running


def searches(emulator: Emulator) -> list[RecordedRequest]:
    """Give the searches that arrived."""
    return [each for each in emulator.requests if each.path.startswith("/v1/search/")]


def bodies(emulator: Emulator) -> list[Any]:
    """Give what was searched for."""
    return [each.body for each in searches(emulator)]


def paste(viewer: Viewer, content: bytes, kind: str, event: str = "paste") -> None:
    """Paste a file, or drop it."""
    viewer.page.evaluate(
        """([bytes, type, event]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], 'file', { type }));
          const made = event === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
          document.body.dispatchEvent(made);
        }""",
        [list(content), kind, event],
    )


def test_it_begins_with_the_newest(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """One request, whose filter and order are those that are shown."""
    viewer = exploring.visit(looking)
    wait_for_hits(viewer)
    (body,) = bodies(emulator)
    assert body == {
        "filter": 'createdAt >= "2000-01-01"', "sortBy": ["createdAt:desc"], "limit": 100, "offset": 0,
    }  # fmt: skip
    assert viewer.page.locator("#filter-sent-text").inner_text() == body["filter"]
    assert viewer.page.locator("#quota-words").inner_text() == "1 of 100,000 / minute"


def test_typing_searches(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """Letters in a row are one search; what was searched before costs nothing; the address keeps it."""
    viewer = exploring.visit(looking)
    wait_for_hits(viewer)
    emulator.requests.clear()
    viewer.page.evaluate(  # at once, however busy this machine is
        """() => [...'knight'].forEach((letter) => {
          document.querySelector('#query').value += letter;
          document.querySelector('#query').dispatchEvent(new Event('input', { bubbles: true }));
        })"""
    )
    wait_for_status(viewer, "58 assets")
    assert [body["query"] for body in bodies(emulator)] == ["knight"]
    assert viewer.ids[0] == "asset_QtNqmUn7SwNTBd6LLqf1gy"
    viewer.type("castle", "77 assets")
    viewer.type("knight", "58 assets")
    assert [body["query"] for body in bodies(emulator)] == ["knight", "castle"]
    assert viewer.fragment == "q=knight"
    viewer.type("xylophone zebra", "0 assets")
    assert viewer.page.get_by_text("No assets were found.").is_visible()


def test_a_search_that_nobody_waits_for_is_called_off(
    looking: Looking, exploring: Explorer, emulator: Emulator
) -> None:
    """Its request ends without an answer, and its hits never come."""
    viewer = exploring.visit(looking)
    wait_for_hits(viewer)
    emulator.requests.clear()
    emulator.faults.add("hang")
    viewer.page.locator("#query").fill("castle")
    viewer.page.wait_for_function("() => document.documentElement.dataset.busy === 'true'")
    while not bodies(emulator):
        viewer.page.wait_for_timeout(20)
    viewer.type("knight", "58 assets")
    first, second = searches(emulator)
    assert (first.body["query"], second.body["query"]) == ("castle", "knight")
    while not first.over:
        viewer.page.wait_for_timeout(20)
    assert first.status is None


def test_facets_are_conditions(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """Of the service, not of what is loaded: values of one are alternatives, and others stay within reach."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_status(viewer, "58 assets")
    viewer.choose("Kind", "audio")
    wait_for_status(viewer, "3 assets")
    viewer.choose("Kind", "3d")
    wait_for_status(viewer, "6 assets")
    assert bodies(emulator)[-1]["filter"] == 'kind = "audio" OR kind = "3d"'
    assert viewer.page.locator("#filter-sent-text").inner_text() == 'kind = "audio" OR kind = "3d"'
    assert viewer.fragment == "q=knight&kind=audio&kind=3d"
    viewer.page.locator("#clear").click()
    wait_for_hits(viewer)
    assert viewer.fragment == ""


@pytest.mark.parametrize(
    ("facet", "value", "words"),
    [
        ("Longer side", "up to 512 px", "width <= 512 AND height <= 512"),
        ("Created", "December 2025", 'createdAt >= "2025-12-01" AND createdAt < "2026-01-01"'),
    ],
)
def test_sizes_and_months_are_conditions(
    looking: Looking, exploring: Explorer, emulator: Emulator, *, facet: str, value: str, words: str
) -> None:
    """Every hit that comes is within the bounds."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_status(viewer, "58 assets")
    number = viewer.page.get_by_role("group", name=facet, exact=True).locator("label", has_text=value)
    expected = int(number.locator(".number").inner_text())
    viewer.choose(facet, value)
    wait_for_status(viewer, f"{expected} asset{'' if expected == 1 else 's'}")
    assert bodies(emulator)[-1]["filter"] == words


def test_models_and_workflows(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """By the same words, with their own facets and parameters; the address keeps which."""
    viewer = exploring.visit(looking, "#q=knight&kind=image")
    wait_for_hits(viewer)
    viewer.page.get_by_role("button", name="Models", exact=True).click()
    wait_for_status(viewer, "6 models")
    assert "kind" not in viewer.fragment
    assert viewer.page.get_by_role("group", name="Capability").is_visible()
    assert viewer.page.locator("#parameter-original_models").count() == 1
    viewer.reload()
    wait_for_status(viewer, "6 models")
    viewer.page.get_by_role("button", name="Workflows", exact=True).click()
    viewer.page.wait_for_function("() => document.querySelector('#status').textContent.endsWith('workflows')")
    assert searches(emulator)[-1].path == "/v1/search/workflows"
    assert viewer.page.locator("#parameter-original_models").count() == 0


def test_the_builder_writes_the_filter(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """Condition by condition, with the quoting that is needed; a name that cannot be is refused in words."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_status(viewer, "58 assets")
    builder = viewer.page.get_by_role("form", name="Add a condition")

    def add(attribute: str, sign: str, value: str, join: str | None = None) -> None:
        builder.get_by_label("Attribute").fill(attribute)
        builder.get_by_label("Comparison").select_option(sign)
        if join:
            builder.get_by_label("How it is added").select_option(join)
        if value:
            builder.get_by_label("Value").fill(value)
        builder.get_by_label("Attribute").press("Enter")

    box = viewer.page.locator("#filter")
    add("width", ">=", "1024")
    viewer.page.wait_for_function("() => document.querySelector('#filter').value === 'width >= 1024'")
    add("tags", "=", 'the "old" castle', "and not")
    expected = 'width >= 1024 AND NOT tags = "the \\"old\\" castle"'
    viewer.page.wait_for_function("text => document.querySelector('#filter').value === text", arg=expected)
    wait_for_hits(viewer)
    assert bodies(emulator)[-1]["filter"] == expected
    add("two words", "EXISTS", "")
    words = viewer.page.locator("#builder-words")
    words.wait_for()
    assert "'two words' may only have" in words.inner_text()
    assert box.input_value() == expected


def test_a_faulty_filter_is_shown_with_a_caret(looking: Looking, exploring: Explorer) -> None:
    """Below the character that the service means, also where the facets add to the filter; mended, it goes."""
    viewer = exploring.visit(looking, "#q=knight&kind=image")
    wait_for_hits(viewer)
    box = viewer.page.locator("#filter")
    box.fill("width == 5")
    box.press("Enter")
    caret = viewer.page.locator("#filter-caret")
    caret.wait_for()
    text, sign = caret.inner_text().split("\n")
    assert text.startswith("(width == 5) AND kind")
    assert sign.index("^") == text.index("==") + 1
    assert "unexpected '='" in viewer.page.locator("#filter-words").inner_text()
    assert viewer.page.locator("#trouble").is_visible()
    assert box.get_attribute("aria-invalid") == "true"
    box.fill("width = 640")
    box.press("Enter")
    caret.wait_for(state="hidden")
    wait_for_hits(viewer)
    assert not viewer.page.locator("#trouble").is_visible()


def test_every_parameter_travels(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """As it was typed; one that breaks a rule says so, and where it stands."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_hits(viewer)
    page = viewer.page
    page.get_by_text("All parameters").click()
    for name, value in (
        ("query_semantic_ratio", "0.5"),
        ("limit", "7"),
        ("extra_body", '{"matching": "all"}'),
    ):
        page.locator(f"#parameter-{name}").fill(value)
        page.locator(f"#parameter-{name}").press("Enter")
    page.locator("#parameter-public").select_option("true")
    page.wait_for_function(
        "() => document.querySelector('#parameters summary').textContent === 'All parameters (4 set)'"
    )
    wait_for_hits(viewer)
    body = bodies(emulator)[-1]
    assert (body["querySemanticRatio"], body["limit"], body["public"], body["matching"]) == (
        0.5,
        7,
        True,
        "all",
    )
    page.locator("#parameter-query_semantic_ratio").fill("1.5")
    page.locator("#parameter-query_semantic_ratio").press("Enter")
    page.locator("#trouble").wait_for()
    assert "query_semantic_ratio is 1.5" in page.locator("#trouble").inner_text()
    assert page.locator("#parameter-query_semantic_ratio").get_attribute("aria-invalid") == "true"


def test_sorting_is_the_services(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """Newest first, over all hits and not those that are loaded."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_hits(viewer)
    viewer.page.locator("#sort").select_option(label="Newest first")
    wait_for_hits(viewer)
    assert bodies(emulator)[-1]["sortBy"] == ["createdAt:desc"]


@pytest.mark.parametrize("event", ["paste", "drop"])
def test_a_picture_is_searched_with(
    looking: Looking, exploring: Explorer, emulator: Emulator, event: str
) -> None:
    """Pasted or dropped; it stays after a reload; turned round, it is what hits should not look like."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_hits(viewer)
    paste(viewer, picture(1).data, "image/webp", event)
    viewer.page.get_by_role("button", name="like this", exact=True).wait_for()
    wait_for_hits(viewer)
    body = bodies(emulator)[-1]
    assert body["image"].startswith("data:image/webp;base64,")
    assert "query" not in body
    viewer.page.wait_for_function("() => document.querySelector('.likeness img').naturalWidth > 0")
    viewer.reload()
    wait_for_hits(viewer)
    viewer.page.get_by_role("button", name="like this", exact=True).click()
    viewer.page.get_by_role("button", name="not like this").wait_for()
    wait_for_hits(viewer)
    assert list(bodies(emulator)[-1]["images"]) == ["unlike"]
    viewer.page.get_by_role("button", name="Search without this picture").click()
    viewer.page.locator("#pictures").wait_for(state="hidden")


def test_what_is_no_picture_is_refused(looking: Looking, exploring: Explorer, tmp_path: Path) -> None:
    """In words, and nothing is searched."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_hits(viewer)
    paste(viewer, b"plain text", "image/png")
    viewer.page.wait_for_selector("#toast.seen")
    assert "no image that we know" in viewer.page.locator("#toast").inner_text()
    file = tmp_path / "picture.webp"
    file.write_bytes(picture(1).data)
    viewer.page.locator("#picture-file").set_input_files(file)
    viewer.page.get_by_role("button", name="like this", exact=True).wait_for()


def test_more_and_less_like_a_picture(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """From beside it and by keys; a model is searched by the picture that shows it."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_status(viewer, "58 assets")
    viewer.tiles.first.locator(".open").click()
    viewer.page.get_by_role("button", name="More like this").click()
    viewer.page.get_by_role("button", name="like this", exact=True).wait_for()
    wait_for_hits(viewer)
    assert viewer.page.get_by_role("dialog").count() == 0
    assert bodies(emulator)[-1]["image"] == "asset_QtNqmUn7SwNTBd6LLqf1gy"
    assert viewer.page.locator("#query").input_value() == ""
    other = viewer.page.locator(".tile:has(img)").nth(2)
    identifier = other.get_attribute("data-id")
    other.locator(".open").focus()
    viewer.page.keyboard.press("l")
    viewer.page.get_by_role("button", name="not like this").wait_for()
    wait_for_hits(viewer)
    images = bodies(emulator)[-1]["images"]
    assert images == {"like": ["asset_QtNqmUn7SwNTBd6LLqf1gy"], "unlike": [identifier]}
    viewer.page.goto(f"{exploring.address}#in=model&q=knight")
    viewer.reload()
    wait_for_status(viewer, "6 models")
    viewer.tiles.first.locator(".open").focus()
    viewer.page.keyboard.press("m")
    viewer.page.get_by_role("button", name="like this", exact=True).wait_for()
    wait_for_hits(viewer)
    assert bodies(emulator)[-1]["image"].startswith("asset_")


def test_keys_alone_do_everything(looking: Looking, exploring: Explorer) -> None:
    """From the words to the pictures, into one, picks, their comparison, similar ones, and the code."""
    viewer = exploring.visit(looking)
    wait_for_hits(viewer)
    keys = viewer.page.keyboard
    keys.press("/")
    keys.type("castle")
    keys.press("Enter")
    wait_for_status(viewer, "77 assets")
    keys.press("ArrowDown")
    first = viewer.focused
    keys.press("Space")
    keys.press("Enter")
    viewer.page.get_by_role("dialog").wait_for()
    keys.press("ArrowRight")
    keys.press("x")
    keys.press("Escape")
    viewer.page.get_by_role("dialog").wait_for(state="hidden")
    second = viewer.wait_for_other_focus(first)
    keys.press("c")
    assert viewer.page.get_by_role("heading", name="Compare").is_visible()
    assert viewer.page.locator("#compare-rows tr").count() > 3
    keys.press("Escape")
    assert f"pick={first}&pick={second}" in viewer.fragment
    keys.press("p")
    viewer.page.get_by_role("tab", name="Python", exact=True).wait_for()
    keys.press("Escape")


def test_picks_outlive_the_search(looking: Looking, exploring: Explorer) -> None:
    """Found by one search, shown and compared during another, and after a reload."""
    viewer = exploring.visit(looking, "#q=knight")
    wait_for_status(viewer, "58 assets")
    picked = viewer.ids[0]
    viewer.tiles.first.hover()
    viewer.tiles.first.get_by_role("button", name="Pick").click()
    viewer.type("castle", "77 assets")
    viewer.reload()
    wait_for_status(viewer, "77 assets")
    viewer.page.get_by_text("1 picked").wait_for()
    viewer.page.get_by_role("button", name="Only picks").click()
    wait_for_status(viewer, "1 picked")
    assert viewer.ids == [picked]


def with_two_picks(viewer: Viewer) -> list[str]:
    """Pick the first two."""
    wait_for_status(viewer, "58 assets")
    for place in range(2):
        viewer.tiles.nth(place).hover()
        viewer.tiles.nth(place).get_by_role("button", name="Pick").click()
    return viewer.ids[:2]


def test_picks_are_exported(looking: Looking, exploring: Explorer, tmp_path: Path) -> None:
    """In the formats of the package, a gallery among them, without signatures."""
    viewer = exploring.visit(looking, "#q=knight")
    picked = with_two_picks(viewer)
    for value, name in (("jsonl", "picks.jsonl"), ("html", "picks.html"), ("png", "picks.png")):
        with viewer.page.expect_download() as told:
            viewer.page.locator("#picks-export").select_option(value)
        assert told.value.suggested_filename == name
        told.value.save_as(tmp_path / name)
    hits = [json.loads(line) for line in (tmp_path / "picks.jsonl").read_text().splitlines()]
    assert [each["id"] for each in hits] == picked
    gallery = looking.open(tmp_path / "picks.html")
    assert (gallery.status, gallery.page.locator(".tile img").count()) == ("2 assets", 2)
    assert (tmp_path / "picks.png").read_bytes().startswith(b"\x89PNG")


def test_picks_are_downloaded(looking: Looking, exploring: Explorer, emulator: Emulator) -> None:
    """Into the folder that the command line names; what failed says so."""
    viewer = exploring.visit(looking, "#q=knight")
    picked = with_two_picks(viewer)
    viewer.page.get_by_role("button", name="Download").click()
    words = viewer.page.locator("#saving-words")
    viewer.page.wait_for_function(
        "() => document.querySelector('#saving-words').textContent.includes('2 saved, in')"
    )
    assert str(exploring.folder) in words.inner_text()
    assert sorted(each.stem for each in exploring.folder.glob("asset_*")) == sorted(picked)
    viewer.page.keyboard.press("Escape")
    viewer.page.get_by_role("button", name="Download").click()
    viewer.page.wait_for_function(
        "() => document.querySelector('#saving-words').textContent.includes('2 there already')"
    )


def run(program: str, emulator: Emulator, folder: Path) -> str:
    """Run a program, or a line of a shell, in a folder of its own."""
    environment = {
        **os.environ,
        "SCENARIO_BASE_URL": emulator.base_url,
        "PYTHONPATH": str(Path(scenario_async.__file__).parents[1]),
    }
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", program]
    if program.startswith("scenario-async"):
        line = program.replace("scenario-async", f"{sys.executable} -m scenario_async", 1)
        command = ["sh", "-c", f"{line.strip()} --max-hits 100 --ids"]
    made = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=folder, timeout=60
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.mark.parametrize("language", ["Python", "Python, async", "Shell"])
def test_the_search_as_code(
    looking: Looking, exploring: Explorer, emulator: Emulator, tmp_path: Path, language: str
) -> None:
    """It runs, and finds what the page shows."""
    filters = 'NOT tags = "it\'s \\"old\\""'
    viewer = exploring.visit(
        looking, f"#q=knight&sort=newest&kind=image&filter={filters}&query_semantic_ratio=0.25"
    )
    wait_for_hits(viewer)
    shown: list[str] = viewer.ids
    viewer.page.get_by_role("button", name="As code").click()
    viewer.page.get_by_role("tab", name=language, exact=True).click()
    program = viewer.page.locator("#code-text").inner_text()
    viewer.page.get_by_role("button", name="Copy", exact=True).click()
    viewer.page.wait_for_selector("#toast.seen")
    assert viewer.page.evaluate("navigator.clipboard.readText()").strip() == program.strip()
    found = [line.split()[0] for line in run(program, emulator, tmp_path / "code").splitlines()]
    assert found[: len(shown)] == shown
    assert len(found) > 20


def test_picks_as_python(looking: Looking, exploring: Explorer, emulator: Emulator, tmp_path: Path) -> None:
    """A program that downloads them."""
    viewer = exploring.visit(looking, "#q=knight")
    picked = with_two_picks(viewer)
    viewer.page.get_by_role("button", name="Python").click()
    viewer.page.get_by_role("tab").wait_for()
    run(viewer.page.locator("#code-text").inner_text(), emulator, tmp_path / "code")
    assert sorted(each.stem for each in (tmp_path / "code" / "picks").glob("asset_*")) == sorted(picked)
