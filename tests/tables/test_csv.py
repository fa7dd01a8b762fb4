"""CSV: what is in the cells, and that no spreadsheet runs them."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset
from support.programs import needs
from tables.kept import of, read_csv

from scenario_async import AssetHit, HitTable

if TYPE_CHECKING:
    from pathlib import Path


def test_csv_tells_nothing_from_an_empty_text(tmp_path: Path) -> None:
    """Nothing is an empty cell, an empty text two quotes; lists are JSON, numbers as they were sent."""
    path = of(description="", metadata={"width": 1024, "height": 0.5}, tags=["a,b", 'c"']).write(
        tmp_path / "x.csv"
    )
    [found] = read_csv(path)
    assert (found["metadata_width"], found["metadata_height"]) == ("1024", "0.5")
    assert json.loads(found["tags"]) == ["a,b", 'c"']
    assert found["created_at"] == "2025-01-16T11:19:41.579000Z"
    three = of(description="").write(tmp_path / "three.csv", fields=["content", "description", "id"])
    assert three.read_text(encoding="utf-8").splitlines()[1] == ',"",asset_1'


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "=cmd|' /C calc'!A0",
        "\uff1d1",
        "'=1",
        "''=1",
    ],
)
def test_csv_cells_that_a_spreadsheet_would_run_are_defused(tmp_path: Path, text: str) -> None:
    """An apostrophe stands in front, and taking one away gives the text back."""
    [found] = read_csv(of(description=text, tags=[text]).write(tmp_path / "x.csv"))
    assert found["description"] == "'" + text
    assert json.loads(found["tags"]) == [text]


@pytest.mark.parametrize("text", ["a=1", "1-1", "'quoted'", "it's", "", "a\nb", 'say "x"', "a;=1", " a "])
def test_other_csv_cells_are_the_text(tmp_path: Path, text: str) -> None:
    """Nothing is put in front of what is no formula."""
    [found] = read_csv(of(description=text).write(tmp_path / "x.csv"))
    assert found["description"] == text


def test_negative_numbers_are_no_formulas(tmp_path: Path) -> None:
    """Only texts are defused."""
    [found] = read_csv(of(score=-1.5).write(tmp_path / "x.csv"))
    assert found["score"] == "-1.5"


def test_a_file_of_one_column_has_a_line_for_each_hit(tmp_path: Path) -> None:
    """Readers skip empty lines, so nothing is two quotes there."""
    hits = HitTable([AssetHit.from_dict(asset(description=text)) for text in ("x", None, "", None)])
    path = hits.write(tmp_path / "x.csv", fields=["description"])
    assert path.read_text(encoding="utf-8") == 'description\nx\n""\n""\n""\n'
    assert [found["description"] for found in read_csv(path)] == ["x", "", "", ""]


@needs("pandas", "duckdb")
def test_others_read_every_line_of_one_column(tmp_path: Path) -> None:
    """What pandas and DuckDB count is what there is."""
    pandas: Any = import_module("pandas")
    duckdb: Any = import_module("duckdb")
    hits = HitTable([AssetHit.from_dict(asset(metadata={"width": width})) for width in (1, None, 3, None)])
    path = hits.write(tmp_path / "x.csv", fields=["metadata_width"])
    assert pandas.read_csv(path)["metadata_width"].count() == 2
    assert len(pandas.read_csv(path)) == 4
    assert duckdb.sql(f"select count(*) from read_csv('{path}', header = true)").fetchall() == [(4,)]
