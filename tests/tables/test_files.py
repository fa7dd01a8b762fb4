"""Files: every format, the same bytes whatever the way, and no half of a file under any circumstances."""

from __future__ import annotations

import csv
import errno
import json
import os
import stat
import sys
import tracemalloc
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import pytest
from support.hits import asset
from support.programs import needs
from tables.kept import CLASSES, NEVER_WRITTEN, SIGNED, of, table, without

from scenario_async import AssetHit, InvalidSearchError, WriteError
from scenario_async._tables import writing
from scenario_async._tables.formats import FORMATS, format_of
from scenario_async._tables.schema import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("pyarrow", "polars")

FILES = [name for name, each in FORMATS.items() if not each.database]
SUFFIXES = [suffix for each in FORMATS.values() for suffix in each.suffixes]


def names_in(folder: Path) -> list[str]:
    """Give what is in a folder."""
    return [each.name for each in folder.iterdir()]


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


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read CSV as the standard library does."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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


@pytest.mark.parametrize("name", FILES)
def test_a_target_that_exists_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    """Unless it may be overwritten."""
    path = tmp_path / f"x{FORMATS[name].suffixes[0]}"
    path.write_bytes(b"mine")
    with pytest.raises(WriteError) as caught:
        table().write(path)
    assert (
        str(caught.value)
        == f"{path} is there already, and is left as it is: pass overwrite=True, or name another file"
    )
    assert caught.value.errno == errno.EEXIST
    assert path.read_bytes() == b"mine"
    table().write(path, overwrite=True)
    assert path.read_bytes() != b"mine"
    assert names_in(tmp_path) == [path.name]


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    """Also where files may be overwritten."""
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(WriteError, match=r"x\.csv is a folder"):
        table().write(tmp_path / "x.csv", overwrite=True)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """In one line that says how to go on."""
    with pytest.raises(WriteError) as caught:
        table().write(tmp_path / "missing" / "x.csv")
    assert str(caught.value).endswith(
        "No such file or directory; nothing was left there; make its folder first"
    )
    assert isinstance(caught.value, OSError)
    assert "\n" not in str(caught.value)


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, content: bytes) -> int:
        """Write, or fail as the system does."""
        self._room -= len(content)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(content)

    def writelines(self, lines: Any) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("there", [False, True])
def test_no_space_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, there: bool) -> None:
    """Nothing half-written is left, what stood there stands there, and the error says so in one line."""
    path = tmp_path / f"x{FORMATS[name].suffixes[0]}"
    if there:
        path.write_bytes(b"mine")
    opened: Any = Path.open

    def cramped(self: Path, mode: str) -> Full:
        return Full(opened(self, mode), 100)

    monkeypatch.setattr(Path, "open", cramped)
    with pytest.raises(WriteError) as caught:
        table(count=300).write(path, overwrite=True)
    monkeypatch.undo()
    kept = "what stood there is untouched" if there else "nothing was left there"
    way_out = "free some space, or write to another place"
    assert str(caught.value) == f"could not write {path}: No space left on device; {kept}; {way_out}"
    assert caught.value.errno == errno.ENOSPC
    assert names_in(tmp_path) == ([path.name] if there else [])
    assert not there or path.read_bytes() == b"mine"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("failure", [RuntimeError("mine"), KeyboardInterrupt()])
def test_an_error_or_an_interrupt_leaves_nothing(tmp_path: Path, name: str, failure: BaseException) -> None:
    """What the hits raise on their way is not changed."""
    how = FORMATS[name]

    def hits() -> Iterator[AssetHit]:
        yield from table(count=2000)
        raise failure

    with pytest.raises(type(failure)) as caught:
        writing.keep(tmp_path / "x", hits(), how, how.layout(AssetHit), overwrite=False)
    assert caught.value is failure
    assert names_in(tmp_path) == []


def test_what_somebody_writes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """The name is taken only if it is still free."""
    path = tmp_path / "x.csv"

    def hits() -> Iterator[AssetHit]:
        yield from table()
        path.write_bytes(b"theirs")

    how = FORMATS["csv"]
    with pytest.raises(WriteError, match="is there already"):
        writing.keep(path, hits(), how, how.layout(AssetHit), overwrite=False)
    assert path.read_bytes() == b"theirs"
    assert names_in(tmp_path) == ["x.csv"]


def test_where_there_are_no_links_a_file_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have none."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    path = table().write(tmp_path / "x.csv")
    assert len(read_csv(path)) == 3
    assert names_in(tmp_path) == ["x.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are those of POSIX")
def test_modes_and_links_are_kept(tmp_path: Path) -> None:
    """A new file has the usual mode, one that is overwritten keeps its own, and a link stays a link."""
    before = os.umask(0o027)
    try:
        new = table().write(tmp_path / "new.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    new.chmod(0o600)
    (tmp_path / "link.csv").symlink_to(new)
    table(count=1).write(tmp_path / "link.csv", overwrite=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    assert len(read_csv(new)) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_hits(tmp_path: Path, name: str) -> None:
    """Five times as many hits take no more of it than a few batches do."""
    how = FORMATS[name]
    layout = how.layout(AssetHit)

    def most(count: int) -> int:
        hits = (AssetHit.from_dict(asset(f"asset_{number}")) for number in range(count))
        tracemalloc.reset_peak()
        writing.keep(tmp_path / f"{count}", hits, how, layout, overwrite=False)
        return tracemalloc.get_traced_memory()[1]

    most(10)
    tracemalloc.start()
    try:
        few, many = most(1100), most(5500)
    finally:
        tracemalloc.stop()
    assert many < few * 1.5


def test_a_long_name_has_room_for_its_part(tmp_path: Path) -> None:
    """255 bytes are the most that a name may have."""
    path = tmp_path / ("é" * 125 + ".csv")
    assert len(read_csv(table().write(path))) == 3


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
