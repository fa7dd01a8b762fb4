"""What reads a table: one object, read by each library, with pyarrow installed and with nanoarrow alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from support.hits import asset
from support.programs import needs
from tables.kept import CLASSES, table, without

from scenario_async import AssetHit, HitTable
from scenario_async._tables.schema import columns_of

pytestmark = needs("pyarrow", "nanoarrow", "polars", "pandas")

ARROW = {
    "text": "string",
    "number": "double",
    "texts": "list<item: string>",
    "moment": "timestamp[us, tz=UTC]",
}
SIZES = (0, 1, 3, 25_001)


def library(name: str) -> Any:
    """Give a library of the tests, which need not be there for others."""
    return import_module(name)


@pytest.fixture(params=["pyarrow", "nanoarrow"])
def made_with(request: pytest.FixtureRequest) -> str:
    """Name the library that makes the stream."""
    name: str = request.param
    return name


class Stream:
    """A stream that was made already, so that its maker may be hidden while that is done."""

    def __init__(self, kept: HitTable[Any], made_with: str) -> None:
        with without(*({"pyarrow", "nanoarrow"} - {made_with})):
            self._capsule = kept.__arrow_c_stream__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._capsule


@pytest.fixture(scope="module", params=SIZES)
def kept(request: pytest.FixtureRequest) -> HitTable[AssetHit]:
    """Give tables of several sizes, the largest of several batches."""
    count: int = request.param
    sent = [asset(f"asset_{number}", description=None if number % 3 else "é", tags=["a", "b"][: number % 3])
            for number in range(count)]  # fmt: skip
    return HitTable([AssetHit.from_dict(each) for each in sent], AssetHit)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("count", [0, 2])
def test_the_schema_is_the_declared_one(made_with: str, kind: str, count: int) -> None:
    """For each class, also where nothing was found."""
    schema = library("pyarrow").table(Stream(table(kind, count), made_with)).schema
    told = [(field.name, str(field.type)) for field in schema]
    assert told == [(column.name, ARROW[column.kind]) for column in columns_of(CLASSES[kind])]


def test_both_makers_give_the_same(kept: HitTable[AssetHit]) -> None:
    """Cell for cell, whatever the size."""
    pa = library("pyarrow")
    small, large = (pa.table(Stream(kept, each)) for each in ("nanoarrow", "pyarrow"))
    small.validate(full=True)
    assert small.equals(large)
    assert large.equals(kept.to_arrow())
    assert large.num_rows == len(kept)


def test_polars_reads_it(kept: HitTable[AssetHit], made_with: str) -> None:
    """As `to_polars` gives it."""
    pl = library("polars")
    found = pl.DataFrame(Stream(kept, made_with))
    assert found.equals(kept.to_polars())
    assert found.schema == kept.to_polars().schema
    assert found["id"].to_list() == [hit.id for hit in kept]
    assert pl.DataFrame(kept).equals(found)


@needs("duckdb")
def test_duckdb_reads_it_and_joins_it_with_itself() -> None:
    """A query that reads a table twice gets all of it both times, as each reading has a stream of its own."""
    duckdb = library("duckdb")
    hits = table(count=12_345)
    joined = "select count(*), count(distinct a.id) from hits a join hits b on a.id = b.id"
    for _ in range(2):
        assert duckdb.sql("select count(*) from hits").fetchall() == [(len(hits),)]
        assert duckdb.sql(joined).fetchall() == [(len(hits), len(hits))]
    [first] = duckdb.sql("from hits select metadata_width, tags, created_at limit 1").fetchall()
    assert first[:2] == (1024.0, ["knight"])
    assert first[2].isoformat().startswith("2025-01-16")


@needs("duckdb")
def test_duckdb_reads_what_nanoarrow_makes() -> None:
    """Where pyarrow is not installed, as often as a query asks for it."""
    duckdb = library("duckdb")
    hits = table(count=500)
    with without("pyarrow"):
        joined = "select count(*) from hits a join hits b on a.id = b.id"
        assert duckdb.sql(joined).fetchall() == [(len(hits),)]


def test_pandas_reads_it(kept: HitTable[AssetHit], made_with: str) -> None:
    """From version 3 on it has `from_arrow`."""
    pd = library("pandas")
    if not hasattr(pd.DataFrame, "from_arrow"):
        pytest.skip("pandas before 3 does not read Arrow streams")
    found = pd.DataFrame.from_arrow(Stream(kept, made_with))
    ours = kept.to_pandas()
    assert list(found.dtypes) == list(ours.dtypes)
    scalars = [name for name in found.columns if found[name].dtype != "object"]
    pd.testing.assert_frame_equal(found[scalars], ours[scalars])
    assert [list(each) for each in found["tags"]] == [list(each) for each in ours["tags"]]


@needs("narwhals")
def test_narwhals_reads_it(kept: HitTable[AssetHit], made_with: str) -> None:
    """Into whichever library it stands for."""
    narwhals = library("narwhals")
    found = narwhals.from_arrow(Stream(kept, made_with), backend="polars")
    assert found.to_native().equals(kept.to_polars())


def test_nanoarrow_reads_it(made_with: str) -> None:
    """Row for row."""
    found = library("nanoarrow").ArrayStream(Stream(table(), made_with)).read_all()
    assert [each["id"] for each in found.to_pylist()] == ["asset_0", "asset_1", "asset_2"]


def test_a_schema_may_be_asked_for() -> None:
    """Readers may ask for other types of the same columns; pyarrow makes them, nanoarrow gives its own."""
    pa = library("pyarrow")
    kept = table()
    asked = kept.to_arrow().schema.set(0, pa.field("id", pa.large_string()))
    assert pa.table(kept, schema=asked).schema.field("id").type == pa.large_string()
    with without("pyarrow"):
        capsule = kept.__arrow_c_stream__(asked.__arrow_c_schema__())
    assert capsule is not None


def test_data_frames_need_no_arrow() -> None:
    """`to_polars` and `to_pandas` work where neither library of Arrow is installed."""
    kept = table()
    with without("pyarrow", "nanoarrow"):
        assert kept.to_polars().shape == (3, len(columns_of(AssetHit)))
    assert kept.to_pandas().shape == kept.to_polars().shape


def test_an_error_on_the_way_is_an_exception() -> None:
    """A hit that cannot be read does not end the interpreter, but the reading."""
    kept = table(count=2)
    object.__setattr__(kept.hits[1], "created_at", 5)
    with pytest.raises(Exception, match="fromisoformat"):
        library("pyarrow").table(kept)
