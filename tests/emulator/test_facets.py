"""Filters and facets as the engine behind the service has them: each row of the table in docs/emulator.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from emulator.records import PROJECT, asset

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from emulator.talk import Talk

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"
LONG = "dragon " + "x" * 461
NBSP, WIDE = "\u00a0", "\u3000"
NAMES = {
    "1": "Crème brûlée",
    "2": "Cre\u0300me bru\u0302le\u0301e",
    "3": "STRASSE",
    "4": "Straße",
    "5": f"{WIDE} \ufb01ve \n",
    "6": "",
    "7": "  ",
    "8": LONG,
    "9": LONG + "x",
}
ALL = "123456789"

ROWS: dict[str, list[tuple[str, str | None]]] = {
    "Case and form": [
        ("name = 'CRÈME BRÛLÉE'", "12"),
        ("name = 'cre\u0300me brûle\u0301e'", "12"),
        ("name STARTS WITH 'crè'", "12"),
        ("name CONTAINS 'BRÛ'", "12"),
        ("name = five", "5"),
        ("name = 'strasse'", "3"),
        ("name = STRASSE OR name = 'straße'", "34"),
        ("name IN ['crème brûlée', FIVE]", "125"),
        ("name > 'STRAS' AND name < T", "34"),
    ],
    "Blanks around a text": [
        (f"name = '{NBSP}FIVE{WIDE}'", "5"),
        ("name STARTS WITH ' five'", "5"),
        ("name CONTAINS 'five '", "5"),
        ("name = '\u200bfive'", ""),
        ("name = '\x1cfive'", ""),
    ],
    "Texts of more than 468 bytes": [
        (f"name = '{LONG}'", "8"),
        (f"name = '{LONG}x'", ""),
        ("name STARTS WITH dragon", "8"),
        ("name CONTAINS dragon", "8"),
        ("name > dragon AND name < e", "8"),
        (f"name != '{LONG}x'", ALL),
        ("name EXISTS", ALL),
        ("name NOT CONTAINS dragon", "12345679"),
    ],
    "Empty texts": [
        ("name = ''", "7"),
        ("name != ''", "12345689"),
        ("tags = ''", ""),
        ("tags != ''", ALL),
        ("name IS EMPTY", "6"),
        ("name IS NOT EMPTY", "12345789"),
        ("name CONTAINS ''", "1234578"),
        ("name NOT CONTAINS ''", "69"),
        ("name EXISTS AND name IS EMPTY", "6"),
    ],
    "Numbers in texts": [
        ("width = 5", "1"),
        ("width = ' 5'", ""),
        ("width = '\uff15'", ""),
        ("height = '\uff15'", "2"),
        ("height = 5", "2"),
        ("width > 4", "1"),
    ],
    "Nesting": [
        ("(" * 36 + "name = five" + ")" * 36, "5"),
        ("(" * 37 + "name = five" + ")" * 37, None),
        ("NOT " * 146 + "name = five", "5"),
        ("NOT " * 148 + "name = five", None),
        (" OR ".join(["name = five"] * 20_000), "5"),
        (" AND ".join(["name = five"] * 20_000), "5"),
    ],
    "STARTS WITH": [
        ("name STARTS WITH five", "5"),
        ("name NOT  STARTS WITH five", "12346789"),
        ("name STARTS WITH  five", "5"),
        ("name STARTS  WITH five", None),
        ("name STARTS\nWITH five", None),
        (f"name STARTS{NBSP}WITH five", None),
        ("name NOT STARTS  WITH five", None),
    ],
    "White space of Unicode": [
        (f"{NBSP}name ={NBSP}five", "5"),
        (f"name = five AND{NBSP}name ={WIDE}five", "5"),
        (f"name IN [{NBSP}five,{NBSP}x]", "5"),
        (f"NOT{NBSP}name = five", "12346789"),
        (f"({NBSP}name = five)", "5"),
        (f"name{NBSP}= five", None),
        (f"name = five{NBSP}", None),
        (f"name = five{NBSP}AND name = five", None),
        (f"{NBSP}(name = five)", None),
        (f"name IN{NBSP}[five]", None),
        (f"name IN [five{NBSP}]", None),
        (f"name IS{NBSP}EMPTY", None),
        ("name = five\v", None),
    ],
    "Blanks that may be missing": [
        ("name CONTAINSfive", "5"),
        ("name STARTS WITHfive", "5"),
        ('"name"CONTAINS"five"', "5"),
        ("name IN[five]AND name=five", "5"),
        ("name = five ANDname = five", None),
        ("name ISEMPTY", None),
        ("width 1 TO5", None),
    ],
}


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give an emulator of assets with these names."""
    numbers: dict[str, dict[str, object]] = {"1": {"width": 5}, "2": {"height": "5"}}
    records = [
        asset(f"asset_{key}", {"name": name, **numbers.get(key, {})}, tags=[""])
        for key, name in NAMES.items()
    ]
    return Emulator(Library(records, project_id=PROJECT), max_total_hits=50)


@pytest.mark.parametrize(
    ("filter", "expected"), [case for cases in ROWS.values() for case in cases if case[1] is not None]
)
async def test_a_filter_finds_what_the_engine_finds(talk: Talk, filter: str, expected: str) -> None:
    """The names are chosen so that each row of the table can be counted by hand."""
    found = await talk.ids(filter=filter)
    assert "".join(sorted(id_.removeprefix("asset_") for id_ in found)) == expected


@pytest.mark.parametrize("filter", [case[0] for cases in ROWS.values() for case in cases if case[1] is None])
async def test_a_filter_is_refused_where_the_engine_refuses_it(talk: Talk, filter: str) -> None:
    """With a 400 that says where."""
    assert re.match(r"Invalid filter: .* at line \d, column \d", await talk.refusal(filter=filter))


@pytest.mark.parametrize(("offset", "shown"), [(9, 9), (50, 50), (51, 50), (1_000_000, 50)])
async def test_an_offset_beyond_the_window_is_echoed_as_its_end(talk: Talk, offset: int, shown: int) -> None:
    """The window is what one search gives at most; the limit is echoed as it was asked for."""
    page = await talk.search(filter="", offset=offset, limit=7)
    assert (page["offset"], page["limit"], page["hits"]) == (shown, 7, [])


async def test_pages_beyond_the_window_are_empty(talk: Talk) -> None:
    """They are echoed as they were asked for."""
    page = await talk.search(filter="", page=1000, hitsPerPage=7)
    assert (page["page"], page["hitsPerPage"], page["hits"], page["totalHits"]) == (1000, 7, [], 9)


def test_the_table_names_these_rows_and_the_window() -> None:
    """What is documented is tested, and the other way round."""
    section = PAGE.read_text(encoding="utf-8").partition("## Filters and facets\n")[2].partition("\n## ")[0]
    subjects = re.findall(r"^\| (?!subject|---)(.+?) \|", section, re.MULTILINE)
    assert subjects == [*ROWS, "Beyond the window"]
