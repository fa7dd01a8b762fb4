"""Hits as a stream of Arrow made with nanoarrow, buffer by buffer: it has no builder for lists and no need of one."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from scenario_async._tables.optional import needed
from scenario_async._tables.rows import batched, cells, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenario_async._tables.schema import Column, ColumnKind
    from scenario_async.models import Hit

_BATCH: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def stream(hits: Sequence[Hit], columns: Sequence[Column]) -> object:
    """Give a capsule of a new stream; all of it is made here, so that reading from it cannot fail."""
    na: Any = needed("nanoarrow", "handing hits over as Arrow")
    streams: Any = needed("nanoarrow.c_array_stream", "handing hits over as Arrow")
    batches = [_batch(na, batch, columns) for batch in batched(hits, _BATCH)]
    declared = na.c_schema(schema(na, columns))
    return streams.CArrayStream.from_c_arrays(batches, declared, move=True).__arrow_c_stream__()


def schema(na: Any, columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Give the declared schema, of nanoarrow."""
    types: dict[ColumnKind, Any] = {
        "text": na.string(),
        "number": na.float64(),
        "texts": na.list_(na.string()),
        "moment": na.timestamp("us", "UTC"),
    }
    return na.struct({column.name: types[column.kind] for column in columns}, nullable=False)


def _batch(na: Any, hits: Sequence[Hit], columns: Sequence[Column]) -> Any:  # noqa: ANN401
    children = [
        _array(na, column.kind, found) for column, found in zip(columns, cells(hits, columns), strict=True)
    ]
    return na.c_array_from_buffers(schema(na, columns), len(hits), [None], null_count=0, children=children)


def _array(na: Any, kind: ColumnKind, found: list[Any]) -> Any:  # noqa: ANN401
    if kind == "text":
        return _texts(na, found)
    if kind == "texts":
        inner = _texts(na, [text for texts in found for text in texts or ()])
        offsets = _offsets([len(texts or ()) for texts in found])
        kind_of_list = na.list_(na.string())
        return na.c_array_from_buffers(
            kind_of_list, len(found), [_validity(found), offsets], children=[inner]
        )
    if kind == "number":
        found = numbers(found)
        values = array("d", [0.0 if value is None else value for value in found])
        return na.c_array_from_buffers(na.float64(), len(found), [_validity(found), values])
    ticks = array("q", [0 if value is None else (value - _EPOCH) // _MICROSECOND for value in found])
    return na.c_array_from_buffers(na.timestamp("us", "UTC"), len(found), [_validity(found), ticks])


def _texts(na: Any, found: list[str | None]) -> Any:  # noqa: ANN401
    encoded = [(text or "").encode() for text in found]
    buffers = [_validity(found), _offsets(list(map(len, encoded))), b"".join(encoded)]
    return na.c_array_from_buffers(na.string(), len(found), buffers)


def _offsets(lengths: list[int]) -> array[int]:
    return array("i", accumulate(lengths, initial=0))


def _validity(found: list[Any]) -> bytes | None:
    """Give a bit for each cell, set where it is not None; None where all are set."""
    if None not in found:
        return None
    bits = "".join("0" if value is None else "1" for value in reversed(found))
    return int(bits, 2).to_bytes((len(found) + 7) // 8, "little")
