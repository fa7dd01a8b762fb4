"""Words and phrases as the engine behind the service has them: each row of the table in docs/emulator.md."""

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
NAMES = {
    "1": "night rider, red knight",
    "2": "knight rider of the night",
    "3": "hero_knight_v2.png",
    "4": "sun flower",
    "5": "Straße im Café",
    "6": "dragon 🐉. flower",
    "7": "wonderful C++ castle",
}

ROWS: dict[str, list[tuple[str, str]]] = {
    "Unwanted words": [
        ("knight -rider", "3"),
        ('knight -"night rider"', "23"),
        ("-knight", "4567"),
        ('-knight -"sun flower"', "567"),
    ],
    "Phrases": [
        ('"night rider"', "1"),
        ('"night ride"', ""),
        ('"nihgt rider"', ""),
        ('"knight rider', "2"),
        ('"rider" "red"', "1"),
        ('"rider" "nowhere"', ""),
        ('"hero knight"', "3"),
    ],
    "Beginnings": [("wond", "7"), ("wond ", ""), ("cast wonderful", ""), ("wonderful cast", "7")],
    "Where words end": [
        ("v2", "3"),
        ("png", "3"),
        ("c++", "7"),
        ("🐉", "6"),
        ('"dragon 🐉 flower"', ""),
        ("hero", "3"),
    ],
    "Typos": [
        ("knihgt ", "123"),
        ("kinghtt ", ""),
        ("wodnerfl ", ""),
        ("wodnerflu ", "7"),
        ("rdd ", ""),
        ("vnight ", ""),
        ("sunflower", "4"),
        ("won derful", "7"),
    ],
    "Missing words": [
        ("knight nowhere", "123"),
        ("nowhere knight", ""),
        ('"red knight" nowhere', "1"),
        ("rider red castle", "12"),
    ],
    "Folding": [("CAFE", "5"), ("cafe\u0301", "5"), ("STRASSE ", ""), ("straße", "5")],
    "Seeds": [
        ("4100000001", "1"),
        ("41000", "123"),
        ("41000 ", ""),
        ("rider 4100000002", "12"),
        ("-4100000002 rider", "1"),
        ('"4100000003"', "3"),
        ("4100000009", ""),
    ],
    "Semantic ratio above 0": [("knight", "1234567"), ("nowhere", "1234567")],
}
ORDERS = {
    "rider knight": "21",
    "night rider": "12",
    "rider red": "12",
    "flower": "46",
    "rider 4100000002": "21",
}


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Serve the names above, each of the first three with a seed."""
    seeds = {key: {"seed": f"410000000{key}"} for key in "123"}
    records = [asset(f"asset_{key}", {"name": name, **seeds.get(key, {})}) for key, name in NAMES.items()]
    return Emulator(Library(records, project_id=PROJECT))


@pytest.mark.parametrize(
    ("subject", "query", "expected"), [(subject, *case) for subject, cases in ROWS.items() for case in cases]
)
async def test_a_query_finds_what_the_engine_finds(
    talk: Talk, subject: str, query: str, expected: str
) -> None:
    """The names are chosen so that each row of the table can be counted by hand."""
    ratio = 0.5 if subject.startswith("Semantic") else 0
    found = await talk.ids(query=query, querySemanticRatio=ratio)
    assert "".join(sorted(id_.removeprefix("asset_") for id_ in found)) == expected


@pytest.mark.parametrize(("query", "expected"), ORDERS.items())
async def test_ranking(talk: Talk, query: str, expected: str) -> None:
    """More words, then fewer typos, then words that stand near to each other in their order, then `sortBy`."""
    found = "".join(
        id_.removeprefix("asset_") for id_ in await talk.ids(query=query, sortBy=["createdAt:asc"])
    )
    assert "".join(each for each in found if each in expected) == expected


def test_the_table_names_these_rows_and_the_ranking() -> None:
    """What is documented is tested, and the other way round."""
    section = PAGE.read_text(encoding="utf-8").partition("## Words and phrases\n")[2].partition("\n## ")[0]
    subjects = re.findall(r"^\| (?!subject|---)(.+?) \|", section, re.MULTILINE)
    assert sorted(subjects) == sorted([*ROWS, "Ranking"])
