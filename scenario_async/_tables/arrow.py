"""Hits as Arrow: with pyarrow where it is installed, else with nanoarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scenario_async._tables.optional import found, needed
from scenario_async._tables.rows import batched, numbers, raw_cells, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from scenario_async._tables.formats import Layout
    from scenario_async._tables.schema import Column, ColumnKind
    from scenario_async.models import Hit

IN_FILES: Final = 1000
"""The rows of a record batch in a file: its bytes do not depend on how the hits came, and little memory is taken."""
_IN_MEMORY: Final = 2000


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


def record_batches(hits: Iterable[Hit], columns: Sequence[Column], rows: int) -> Iterator[Any]:
    """Give record batches of pyarrow of so many rows, made one at a time."""
    pa = needed("pyarrow", "a record batch of Arrow")
    declared = schema(columns)
    for batch in batched(hits, rows):
        each = zip(columns, declared.types, raw_cells(batch, columns), strict=True)
        yield pa.record_batch([_array(pa, *given) for given in each], schema=declared)


def _array(pa: Any, column: Column, kind: Any, found: list[Any]) -> Any:  # noqa: ANN401
    try:
        return pa.array(found, type=kind)
    except UnicodeEncodeError:
        return pa.array(whole(column, found), type=kind)
    except (pa.ArrowInvalid, OverflowError):  # of integers that no float64 is equal to
        return pa.array(numbers(found), type=kind)


def table(hits: Sequence[Hit], columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Give a `pyarrow.Table`."""
    pa = needed("pyarrow", "to_arrow()")
    return pa.Table.from_batches(record_batches(hits, columns, _IN_MEMORY), schema=schema(columns))


def stream(hits: Sequence[Hit], columns: Sequence[Column], requested_schema: object) -> object:
    """Give a capsule of a new Arrow stream, which is read once.

    It comes from a library that carries errors through it: a stream made by hand in ctypes ends the interpreter when
    reading from it fails.
    """
    pa = found("pyarrow")
    if pa is not None:
        reader = pa.RecordBatchReader.from_batches(schema(columns), record_batches(hits, columns, _IN_MEMORY))
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
        for batch in record_batches(hits, layout.columns, IN_FILES):
            writer.write_batch(batch)
