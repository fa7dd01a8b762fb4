"""Hits as Parquet: row groups of one size, one compression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scenario_async._tables.arrow import IN_FILES, record_batches, schema
from scenario_async._tables.optional import needed
from scenario_async._tables.rows import batched

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from scenario_async._tables.formats import Layout
    from scenario_async.models import Hit

_BATCHES: Final = 20
"""The record batches of a row group."""


def write(file: BinaryIO, hits: Iterable[Hit], layout: Layout) -> None:
    """Write a Parquet file, a row group at a time."""
    pa = needed("pyarrow", "writing .parquet")
    parquet = needed("pyarrow.parquet", "writing .parquet")
    declared = schema(layout.columns)
    with parquet.ParquetWriter(file, declared, compression="zstd") as writer:
        for group in batched(record_batches(hits, layout.columns, IN_FILES), _BATCHES):
            table = pa.Table.from_batches(group, schema=declared)
            writer.write_table(table, row_group_size=table.num_rows)
