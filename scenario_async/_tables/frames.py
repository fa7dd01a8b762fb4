"""Hits as data frames, with the declared types and without a detour over Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scenario_async._tables.optional import needed
from scenario_async._tables.rows import cells, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenario_async._tables.schema import Column, ColumnKind
    from scenario_async.models import Hit

_FIRST_WITH_TEXTS = 3
"""The version of pandas whose texts are `str`; before, those that know missing values are called `string`."""


def pandas_frame(hits: Sequence[Hit], columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Give a `pandas.DataFrame`."""
    pd = needed("pandas", "to_pandas()")
    texts = "str" if int(pd.__version__.partition(".")[0]) >= _FIRST_WITH_TEXTS else "string"
    types = {"text": texts, "number": "float64", "texts": "object", "moment": "datetime64[us, UTC]"}
    series = {
        column.name: pd.Series(_values(column, found), dtype=types[column.kind])
        for column, found in zip(columns, cells(hits, columns), strict=True)
    }
    return pd.DataFrame(series, columns=list(series))


def polars_frame(hits: Sequence[Hit], columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Give a `polars.DataFrame`."""
    pl = needed("polars", "to_polars()")
    types: dict[ColumnKind, Any] = {
        "text": pl.String,
        "number": pl.Float64,
        "texts": pl.List(pl.String),
        "moment": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(
        [
            pl.Series(column.name, _values(column, found), dtype=types[column.kind])
            for column, found in zip(columns, cells(hits, columns), strict=True)
        ]
    )


def _values(column: Column, found: list[Any]) -> list[Any]:
    return numbers(found) if column.kind == "number" else found
