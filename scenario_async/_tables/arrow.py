"""Hits as Arrow: with pyarrow where it is installed, else with nanoarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scenario_async._tables.optional import found, needed
from scenario_async._tables.rows import batched, cells, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from scenario_async._tables.formats import Layout
    from scenario_async._tables.schema import Column, ColumnKind
    from scenario_async.models import Hit

BATCH: Final = 10_000
"""The rows of a record batch, so that the bytes of a file do not depend on how the hits came."""


def schema(columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Give the declared schema, of pyarrow."""
    pa = needed("pyarrow", "a schema of Arrow")
    types: dict[ColumnKind, Any] = {
        "text": pa.string(),
        "number": pa.float64(),
        "texts": pa.list_(pa.string()),
        "moment": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(column.name, types[column.kind]) for column in columns])


def record_batches(hits: Iterable[Hit], columns: Sequence[Column]) -> Iterator[Any]:
    """Give record batches of pyarrow of one size, made one at a time."""
    pa = needed("pyarrow", "a record batch of Arrow")
    declared = schema(columns)
    for batch in batched(hits, BATCH):
        arrays = [
            pa.array(numbers(column) if field.type == pa.float64() else column, type=field.type)
            for field, column in zip(declared, cells(batch, columns), strict=True)
        ]
        yield pa.record_batch(arrays, schema=declared)


def table(hits: Sequence[Hit], columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Give a `pyarrow.Table`."""
    pa = needed("pyarrow", "to_arrow()")
    return pa.Table.from_batches(record_batches(hits, columns), schema=schema(columns))


def stream(hits: Sequence[Hit], columns: Sequence[Column], requested_schema: object) -> object:
    """Give a capsule of a new Arrow stream, which is read once.

    It comes from a library that carries errors through it: a stream made by hand in ctypes ends the interpreter when
    reading from it fails.
    """
    pa = found("pyarrow")
    if pa is not None:
        reader = pa.RecordBatchReader.from_batches(schema(columns), record_batches(hits, columns))
        return reader.__arrow_c_stream__(requested_schema)
    if found("nanoarrow") is None:
        needed("nanoarrow", "handing hits over as Arrow")
    from scenario_async._tables import nano  # noqa: PLC0415 - where pyarrow is not installed

    return nano.stream(hits, columns)


def write(file: BinaryIO, hits: Iterable[Hit], layout: Layout) -> None:
    """Write an Arrow file, uncompressed so that readers may map it."""
    pa = needed("pyarrow", "writing .arrow")
    from_pyarrow = needed("pyarrow.ipc", "writing .arrow")
    with from_pyarrow.new_file(pa.PythonFile(file, mode="w"), schema(layout.columns)) as writer:
        for batch in record_batches(hits, layout.columns):
            writer.write_batch(batch)
