"""Files: every format and what is in it, the same bytes whatever the way, and no signature in any."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset
from support.programs import needs
from tables.kept import CLASSES, NEVER_WRITTEN, SIGNED, names_in, of, table, without

from scenario_async import AssetHit, InvalidSearchError
from scenario_async._tables import writing
from scenario_async._tables.formats import FORMATS, format_of
from scenario_async._tables.schema import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs("pyarrow", "polars")

FILES = [name for name, each in FORMATS.items() if not each.database]
SUFFIXES = [suffix for each in FORMATS.values() for suffix in each.suffixes]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("count", [0, 3])
def test_parquet_and_arrow_hold_the_declared_columns(tmp_path: Path, kind: str, count: int) -> None:
    """Read again, they are what the table gives."""
    pl: Any = import_module("polars")
    kept = table(kind, count)
    parquet = pl.read_parquet(kept.write(tmp_path / "x.parquet"))
    arrow = pl.read_ipc(kept.write(tmp_path / "x.arrow"))
    unsigned = [name for name in parquet.columns if not name.endswith("url")]
    assert parquet.schema == kept.to_polars().schema == arrow.schema
    assert parquet.equals(arrow)
    assert parquet.select(unsigned).equals(kept.to_polars().select(unsigned))


def test_json_is_that_of_the_service(tmp_path: Path) -> None:
    """A line for each hit, or one list; signatures are cut."""
    kept = of(url=SIGNED, later=[1], description="é\n")
    want = {**kept.to_dicts()[0], "url": SIGNED.partition("?")[0]}
    lines = kept.write(tmp_path / "x.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in lines.splitlines()] == [want]
    assert json.loads(kept.write(tmp_path / "x.json").read_text(encoding="utf-8")) == [want]
    assert AssetHit.from_dict(json.loads(lines)).id == "asset_1"
    assert table(count=0).write(tmp_path / "none.json").read_text(encoding="utf-8") == "[]\n"
    assert table(count=0).write(tmp_path / "none.jsonl").read_text(encoding="utf-8") == ""


def test_flat_json_has_every_column_and_timestamps_as_texts(tmp_path: Path) -> None:
    """With `flat=True`."""
    path = table().write(tmp_path / "x.ndjson", flat=True)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [list(each) for each in rows] == [[column.name for column in columns_of(AssetHit)]] * 3
    assert rows[0]["created_at"] == "2025-01-16T11:19:41.579000Z"
    assert rows[0]["tags"] == ["knight"]
    assert rows[0]["description"] is None
    listed = table().write(tmp_path / "x.json", flat=True).read_text(encoding="utf-8")
    assert json.loads(listed) == rows


@pytest.mark.parametrize("name", FILES)
def test_bytes_do_not_depend_on_how_hits_came(tmp_path: Path, name: str) -> None:
    """In a list or one by one, today or after the service has signed anew: the same file."""
    how = FORMATS[name]
    layout = how.layout(AssetHit)

    def hits(signature: str) -> Iterator[AssetHit]:
        for number in range(2503):
            url = f"https://cdn.example/{number}?Policy=p&Signature={signature}"
            yield AssetHit.from_dict(
                asset(f"asset_{number}", url=url, **({"later": 1} if number % 7 == 0 else {}))
            )

    one = writing.keep(tmp_path / "one", hits("a"), how, layout, overwrite=False)
    other = writing.keep(tmp_path / "other", list(hits("b")), how, layout, overwrite=False)
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 2000


@pytest.mark.parametrize("name", FORMATS)
def test_no_file_carries_a_signature(tmp_path: Path, name: str) -> None:
    """Neither of the hit's own URLs, nor of one in a text, a list or what the service adds later."""
    signed = {
        "previewUrl": SIGNED,
        "list": [{"deep": f"see {SIGNED} there"}],
        "url": "https://x.example/a?key=s3cr3t",
    }
    kept = of(
        url=SIGNED,
        thumbnail={"assetId": "a", "url": SIGNED, "largeUrl": "https://x.example/b?k=s3cr3t"},
        description=f"from {SIGNED}",
        tags=[SIGNED],
        metadata={"prompt": "https://s3.example/a?X-Amz-Signature=s3cr3t", "text": SIGNED},
        later=signed,
    )
    path = kept.write(tmp_path / f"x{FORMATS[name].suffixes[0]}")
    frame = import_module("polars").read_parquet(path) if name == "parquet" else None
    content = str(frame.to_dicts()).encode() if frame is not None else path.read_bytes()
    assert b"https://cdn.example/assets/a.png" in content
    assert NEVER_WRITTEN.encode() not in content
    assert kept.hits[0].url == SIGNED


def test_a_query_that_is_no_signature_stays_in_texts(tmp_path: Path) -> None:
    """A prompt is the user's own; the URL of an asset goes without its query in any case."""
    text = "like https://example.com/?q=knight&page=2, please"
    kept = of(description=text, later=text, url="https://cdn.example/a?v=2")
    [found] = json.loads(kept.write(tmp_path / "x.json").read_text(encoding="utf-8"))
    assert (found["description"], found["later"]) == (text, text)
    assert found["url"] == "https://cdn.example/a"


def test_write_gives_the_path_and_takes_texts_and_any_case(tmp_path: Path) -> None:
    """The suffix counts, or the format that is named."""
    assert table().write(str(tmp_path / "A.CSV")) == tmp_path / "A.CSV"
    named = table().write(tmp_path / "data.txt", "csv")
    assert named.read_bytes() == (tmp_path / "A.CSV").read_bytes()
    assert table().write(tmp_path / "other.bin", format=".jsonl").read_bytes().startswith(b'{"id"')


@pytest.mark.parametrize(
    ("path", "format", "told"),
    [
        ("x.cvs", None, "path is 'x.cvs', but its suffix names no format; did you mean '.csv'?"),
        ("x.parq", None, "did you mean '.parquet'?"),
        ("x", None, "its suffix names no format; there are .jsonl"),
        ("x.csv", "parkuet", "format is 'parkuet', but it is none; did you mean 'parquet'?"),
        ("x.csv", "", "format is '', but it is none; there are jsonl"),
        (b"x.csv", None, "path is b'x.csv', but it must be a str or a pathlib.Path"),
        (5, None, "path is 5, but it must be a str or a pathlib.Path"),
    ],
)
def test_an_unknown_format_is_refused_with_the_nearest(path: Any, format: str | None, told: str) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidSearchError) as caught:
        format_of(path, format)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("x.jsonl", {"fields": ["id"]}, "only flat rows have columns: pass flat=True as well"),
        ("x.sqlite", {"flat": True}, "sqlite has its flat columns in views"),
        ("x.sqlite", {"fields": ["id"]}, "sqlite keeps whole hits"),
        ("x.csv", {"fields": ["widht"]}, "did you mean"),
        ("x.csv", {"flat": 1}, "flat is 1, but it must be True or False"),
        ("x.csv", {"overwrite": "yes"}, "overwrite is 'yes', but it must be True or False"),
    ],
)
def test_what_a_format_cannot_do_is_refused(
    tmp_path: Path, name: str, options: dict[str, Any], told: str
) -> None:
    """And nothing is written."""
    with pytest.raises(InvalidSearchError, match=told):
        table().write(tmp_path / name, **options)
    assert names_in(tmp_path) == []


def test_fields_choose_the_columns_of_a_file(tmp_path: Path) -> None:
    """In their order, in each flat format."""
    fields = ["metadata.width", "id"]
    table().write(tmp_path / "x.csv", fields=fields)
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "metadata_width,id",
        "1024,asset_0",
    ]
    table().write(tmp_path / "x.parquet", fields=fields)
    assert import_module("polars").read_parquet(tmp_path / "x.parquet").columns == ["metadata_width", "id"]
    table().write(tmp_path / "x.jsonl", fields=fields, flat=True)
    assert json.loads((tmp_path / "x.jsonl").read_text("utf-8").splitlines()[0]) == {
        "metadata_width": 1024,
        "id": "asset_0",
    }


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_a_missing_extra_is_named_before_anything_is_written(tmp_path: Path, suffix: str) -> None:
    """With its install line."""
    with without("pyarrow"), pytest.raises(ImportError) as caught:
        table().write(tmp_path / f"x{suffix}")
    assert str(caught.value) == (
        f'writing {suffix} needs pyarrow, of the extra "export"; '
        "in a clone of the repository, run: pip install '.[export]'"
    )
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".sqlite"])
def test_other_formats_need_no_extra(tmp_path: Path, suffix: str) -> None:
    """The standard library is enough."""
    with without("pyarrow", "nanoarrow", "polars", "pandas"):
        assert table().write(tmp_path / f"x{suffix}").stat().st_size > 100


def test_timestamps_sort_as_texts() -> None:
    """Years before 1000 included."""
    from scenario_async._tables.texts import moment_text  # noqa: PLC0415 - this test alone needs it

    moments = [
        datetime(900, 1, 1, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
        datetime(2025, 1, 1, 0, 0, 0, 1, UTC),
    ]
    texts = [moment_text(each) for each in moments]
    assert texts == [
        "0900-01-01T00:00:00.000000Z",
        "2025-01-01T00:00:00.000000Z",
        "2025-01-01T00:00:00.000001Z",
    ]
    assert texts == sorted(texts)


def test_every_suffix_leads_to_its_format() -> None:
    """No suffix is claimed twice."""
    assert len(SUFFIXES) == len(set(SUFFIXES))
    assert all(format_of(f"x{suffix}").suffixes.count(suffix) == 1 for suffix in SUFFIXES)
