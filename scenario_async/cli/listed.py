"""Searches from a file: CSV with a column for each parameter, JSON lines, or a query a line."""

from __future__ import annotations

import csv
import io
import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import click

from scenario_async.cli.options import picture, read_json
from scenario_async.cli.piped import NAME, Piped
from scenario_async.errors import InvalidSearchError
from scenario_async.images import Images
from scenario_async.searches import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scenario_async.searches import Search

_STDIN: Final = "-"
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")


@attrs.frozen
class Row:
    """A line of the file: the search that it is, or what is wrong with it."""

    line: int
    search: Search[Any] | None = None
    wrong: str = ""


def rows_of(source: str, search_class: type[Search[Any]]) -> list[Row]:
    """Give the searches of a file, by its suffix; `-` is JSON lines or queries from the standard input."""
    name = NAME if source == _STDIN else source
    try:
        text = Piped().text() if source == _STDIN else Path(source).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise click.UsageError(f"{source} cannot be read: {reason}") from None
    lines = io.StringIO(text).readlines()  # at \n alone: a cell may have any other end of a line
    suffix = Path(source).suffix.lower()
    if suffix == ".csv":
        given = _of_csv(lines, name, search_class)
    elif suffix in (".jsonl", ".ndjson") or text.lstrip()[:1] == "{":
        given = _of_json(lines)
    else:
        given = _of_text(lines)
    return [_row(number, each, search_class, name) for number, each in given]


def _of_text(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, {"query": line.strip()}


def _of_csv(
    lines: Iterable[str], name: str, search_class: type[Search[Any]]
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.reader(lines)
    try:
        header = [each.strip() for each in next(reader, list[str]())]
        for column in header:
            if wrong := _unknown(column, search_class):
                raise click.UsageError(f"{name}, line 1, column {column!r}: {wrong}")
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(header):
                yield reader.line_num, f"{len(cells)} cells for {len(header)} columns"
                continue
            pairs: list[tuple[str, str]] = list(zip(header, cells, strict=False))
            yield reader.line_num, {each: cell for each, cell in pairs if cell}
    except csv.Error as error:
        raise click.UsageError(f"{name}, line {reader.line_num}: {error}") from None


def _of_json(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "it is no JSON"
            continue
        if isinstance(value, str):
            yield number, {"query": value}
        elif isinstance(value, dict):
            yield number, cast("dict[str, Any]", value)
        else:
            yield number, "it is neither an object of parameters nor a query"


def _unknown(column: str, search_class: type[Search[Any]]) -> str:
    """Tell what is wrong with the name of a parameter, "" for one that is there."""
    names = list(attrs.fields_dict(search_class))
    if column in names:
        return ""
    near = get_close_matches(column, names, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    return f"{search_class.__name__} has no such parameter; {meant}"


def _row(number: int, given: dict[str, Any] | str, search_class: type[Search[Any]], name: str) -> Row:
    """Make a search of a line; what breaks a rule is told with its column."""
    where = f"{name}, line {number}"
    if isinstance(given, str):
        return Row(number, wrong=f"{where}: {given}")
    keywords: dict[str, Any] = {}
    for column, value in given.items():
        if wrong := _unknown(column, search_class):
            return Row(number, wrong=f"{where}, column {column!r}: {wrong}")
        try:
            keywords[column] = _value(column, value, search_class) if isinstance(value, str) else value
        except ValueError as error:
            return Row(number, wrong=f"{where}, column {column!r}: {value!r} {error}")
    try:
        return Row(number, search_class(**keywords))
    except (InvalidSearchError, OSError, TypeError) as error:
        parameter = getattr(error, "parameter", None)
        column = f", column {parameter!r}" if parameter in given else ""
        return Row(number, wrong=f"{where}{column}: {error}")


def _value(column: str, text: str, search_class: type[Search[Any]]) -> Any:  # noqa: ANN401
    """Read a cell as what its parameter takes."""
    kind = kind_of(attrs.fields_dict(search_class)[column])
    if column == "image":
        return picture(text)
    if kind is bool:
        if text.lower() in _TRUE + _FALSE:
            return text.lower() in _TRUE
        raise ValueError("is neither true nor false")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError("is no number") from None
    if kind is str or column == "sort_by":
        return text if not (column == "sort_by" and text.startswith("[")) else read_json(text)
    if kind is Images and not text.startswith("{"):
        raise ValueError('is no JSON object with "like" and "unlike"')
    return read_json(text)
