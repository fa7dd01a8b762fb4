"""The page on tables says which columns and formats there are.

`WRITE_OUTPUTS=1 pytest -n 0 tests/docs/test_tables.py` writes its list of columns anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from scenario_async import AssetHit, ModelHit, WorkflowHit
from scenario_async._tables.formats import FORMATS, OF_TABLES
from scenario_async._tables.optional import EXTRAS
from scenario_async._tables.schema import columns_of

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
CLASSES = (AssetHit, ModelHit, WorkflowHit)
BEGIN, END = "<!-- columns begin -->\n", "<!-- columns end -->\n"


def listed() -> str:
    """Give the table of all columns: its type, and which class has it."""
    types: dict[str, str] = {}
    owners: dict[str, list[type]] = {}
    for hit_class in CLASSES:
        for column in columns_of(hit_class):
            kind = "timestamp" if column.kind == "moment" else column.kind
            assert types.setdefault(column.name, kind) == kind
            owners.setdefault(column.name, []).append(hit_class)
    names = sorted(
        types, key=lambda name: (name == "extra", -len(owners[name]), CLASSES.index(owners[name][0]))
    )
    rows = ["| column | type | asset | model | workflow |", "|---|---|---|---|---|"]
    for name in names:
        marks = " | ".join("x" if each in owners[name] else "" for each in CLASSES)
        rows.append(f"| `{name}` | {types[name]} | {marks} |".replace("  ", " "))
    return "\n".join(rows) + "\n"


def test_the_list_of_columns_is_that_of_the_code() -> None:
    """Every column of every class, with its type."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    told, _, after = rest.partition(END)
    if "WRITE_OUTPUTS" in os.environ:
        PAGE.write_text(f"{before}{BEGIN}\n{listed()}\n{END}{after}", encoding="utf-8")
    else:
        assert told.strip("\n") == listed().strip("\n")


def test_every_suffix_is_on_the_page() -> None:
    """With what it needs."""
    files = PAGE.read_text(encoding="utf-8").partition("\n## Files\n")[2]
    rows = re.findall(r"^\| (`\..+?) \| .* \| (.*?) ?\|$", files, re.MULTILINE)
    every = [*FORMATS.values(), *OF_TABLES.values()]
    assert [re.findall(r"`(.+?)`", suffixes) for suffixes, _ in rows] == [
        list(each.suffixes) for each in every
    ]
    extras = [EXTRAS[each.needs.partition(".")[0]] if each.needs else "" for each in every]
    assert [needs.removeprefix("extra ").strip("`") for _, needs in rows] == extras
