"""The flat columns of each class of hits: declared once, by the classes in `models`, and never inferred from values."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import attrs

from scenario_async._http.structure import shapes_of
from scenario_async._support import checks
from scenario_async.models import Hit
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from scenario_async._http.structure import FieldShape
    from scenario_async.models import Record

ColumnKind: TypeAlias = Literal["text", "number", "texts", "moment"]
EXTRA: Final = "extra"
"""The last column of each class: JSON text of all that no other column holds."""
_UPPER: Final = re.compile(r"(?<=[a-z0-9])[A-Z]")


@attrs.frozen
class Column:
    """A flat column: `metadata_width` is a number, and stands in a hit at the path `metadata`, `width`.

    `wire` is the path in the service's JSON. Where it leads through a list of records, `many` is true, and a cell holds
    a text of each.
    """

    name: str
    kind: ColumnKind
    path: tuple[str, ...]
    wire: tuple[str, ...]
    many: bool = False


def is_moment(field: FieldShape) -> bool:
    """Tell whether a field is a timestamp, which the service sends as a text."""
    return field.shape == "text" and field.name.endswith("_at")


def columns_of(hit_class: type[Hit]) -> tuple[Column, ...]:
    """Give the columns of a class of hits, in their order."""
    return _columns_of(cast("Hashable", hit_class))


@cache
def _columns_of(hit_class: Any) -> tuple[Column, ...]:  # noqa: ANN401 - mypy takes no class for a hashable
    found = tuple(_columns(hit_class, (), (), many=False))
    return (*found, Column(EXTRA, "text", (EXTRA,), ()))


def _columns(
    cls: type[Record], path: tuple[str, ...], wire: tuple[str, ...], *, many: bool
) -> Iterator[Column]:
    for field in shapes_of(cast("Hashable", cls)):
        here, there = (*path, field.name), (*wire, field.wire)
        if field.record is not None:
            yield from _columns(field.record, here, there, many=many or field.shape == "records")
            continue
        kind = cast("ColumnKind", "moment" if is_moment(field) else field.shape)
        yield Column("_".join(here), "texts" if many else kind, here, there, many)


def kind_of(hit_class: type[Hit]) -> str:
    """Give the word for what a class of hits is: asset, model or workflow, or that in the name of a caller's own."""
    own = hit_class.__name__.removesuffix("Hit").lower() or "hit"
    return next((each.kind for each in ENDPOINTS if issubclass(hit_class, each.hit_class)), own)


def checked_class(hit_class: object, parameter: str) -> type[Hit]:
    """Give a class of hits that has columns, or refuse it."""
    if isinstance(hit_class, type) and issubclass(hit_class, Hit) and hit_class is not Hit:
        return hit_class
    shown: object = hit_class.__name__ if isinstance(hit_class, type) else hit_class
    names = ", ".join(each.hit_class.__name__ for each in ENDPOINTS)
    return checks.refuse(parameter, shown, f"a table has hits of one class, which is one of {names}")


def columns_named(hit_class: type[Hit], fields: Sequence[str] | None) -> tuple[Column, ...]:
    """Give the columns of these names, all for None; `metadata.width` and `createdAt` are understood as well."""
    columns = columns_of(hit_class)
    if fields is None:
        return columns
    if isinstance(fields, str) or not fields:
        checks.refuse("fields", fields, 'it must be a list of columns, such as ["id", "tags"]')
    by_name = {column.name: column for column in columns}
    return tuple(by_name[_name_of(field, by_name, hit_class)] for field in dict.fromkeys(fields))


def _name_of(field: object, known: dict[str, Column], hit_class: type[Hit]) -> str:
    if not isinstance(field, str):
        checks.refuse("fields", field, "it must be a str", part="a column")
    name = _UPPER.sub(lambda upper: "_" + upper[0].lower(), field).replace(".", "_")
    if name in known:
        return name
    near = sorted((each for each in known if each.endswith("_" + name)), key=len)[:1]  # width: metadata_width
    short = {each.removeprefix("metadata_"): each for each in reversed(known)} | {
        each: each for each in known
    }
    near = near or [short[each] for each in get_close_matches(name, short, n=1, cutoff=0.6)]
    meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    return checks.refuse(
        "fields", field, f"{hit_class.__name__} has no such column; {meant}", part="a column"
    )
