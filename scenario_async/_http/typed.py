"""A page as msgspec reads it, where that is installed: straight into structs, and from those into hits.

It takes half the time of reading JSON first and hits then. Only pages that are all as documented are read here; a page
with anything else in it, an unknown field or a wrong type, is left to `structure`, which keeps the one and names the
other.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from scenario_async._http import json as codec
from scenario_async._http.structure import loose, shapes_of
from scenario_async._support.loading import LOADING
from scenario_async.models import NOTHING, Hit, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from scenario_async._http.structure import FieldShape

_HitT = TypeVar("_HitT", bound=Hit)
_OF_THE_ENGINE: Final = (
    "facetDistribution", "facetStats", "indexUid", "processingTimeMs", "query", "requestUid", "semanticHitCount",
)  # fmt: skip
"""What a search engine says of a search besides, and the service may pass on; it is kept as it comes."""
_FIELDS: Final = {"text": str, "number": int | float, "texts": list[str]}


def read(
    content: bytes, hit_class: type[_HitT], counts: Mapping[str, str]
) -> tuple[list[_HitT], dict[str, int], dict[str, Any]] | None:
    """Give the hits of a page, its counts under our names, and the rest; None if something is not as documented.

    `counts` maps our names to those on the wire.
    """
    reader = _reader(cast("Hashable", hit_class), tuple(counts.values()))
    if reader is None or codec.too_many_values(content):
        return None
    decode, make, misfit, blank = reader
    try:
        page: Any = decode(content)
    except misfit:
        return None
    hits: list[_HitT] = []
    before = blank
    for struct in page.hits:
        before = make(struct, before)
        hits.append(before)
    found = {name: value for name, wire in counts.items() if (value := getattr(page, wire)) is not None}
    return hits, found, {name: getattr(page, name) for name in _OF_THE_ENGINE}


@cache
def _reader(hit_class: Any, counts: tuple[str, ...]) -> tuple[Any, ...] | None:  # noqa: ANN401
    """Give the decoder of a page, the function that makes a hit, what a misfit raises, and what is before a first hit."""
    try:
        with LOADING:
            import msgspec  # noqa: PLC0415 - of the extra `speed`

            fields: list[Any] = [("hits", list.__class_getitem__(_struct(hit_class))), ("error", None, None)]
            fields += [(wire, int | None, None) for wire in counts]
            fields += [(wire, Any, None) for wire in _OF_THE_ENGINE]
            page = msgspec.defstruct("Page", fields, forbid_unknown_fields=True)
            decode = msgspec.json.Decoder(page).decode
            misfit = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
    except ImportError:
        return None
    return decode, _maker(hit_class), misfit, _blank(hit_class)


@cache
def _struct(cls: Any) -> Any:  # noqa: ANN401
    """Give the struct of a class of hits: the same fields, and no others."""
    import msgspec  # noqa: PLC0415

    fields = [
        (field.name, _type_of(field), None) if field.optional else (field.name, _type_of(field))
        for field in shapes_of(cls)
    ]
    return msgspec.defstruct(
        cls.__name__, fields, kw_only=True, rename="camel", forbid_unknown_fields=True, gc=False
    )


def _type_of(field: FieldShape) -> Any:  # noqa: ANN401
    if field.record is None:
        kind: Any = _FIELDS[field.shape]
    else:
        kind = _struct(cast("Hashable", field.record))
        kind = list.__class_getitem__(kind) if field.shape == "records" else kind
    return kind | None if field.optional else kind


@cache
def _maker(cls: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    """Generate the function that makes a record of its struct.

    A text that is equal to that of the record `before` is taken over from it, so that memory holds it once.
    """
    names: dict[str, Any] = {"cls": cls, "Loose": loose(cls), "NOTHING": NOTHING}
    lines = ["def make(struct, before):", "    made = Loose()", "    made.extra = NOTHING"]
    for field in shapes_of(cls):
        name = field.name
        lines.append(f"    value = struct.{name}")
        taken = "value"
        if field.record is not None:
            make, blank = f"make_{field.record.__name__}", f"no_{field.record.__name__}"
            names[make], names[blank] = _maker(cast("Hashable", field.record)), _blank(field.record)
            taken = (
                f"[{make}(each, {blank}) for each in value]"
                if field.shape == "records"
                else f"None if value is None else {make}(value, before.{name} or {blank})"
            )
        elif field.shape == "text" and name not in _DIFFER:
            lines.append(f"    same = before.{name}")
            taken = "same if value == same else value"
        lines.append(f"    made.{name} = {taken}")
    lines += ["    made.__class__ = cls", "    return made"]
    exec("\n".join(lines), names)  # noqa: S102 - made of our own field names alone
    return cast("Callable[[Any, Any], Any]", names["make"])


_DIFFER: Final = frozenset(
    {"id", "asset_id", "created_at", "name", "parent_job_id", "seed", "updated_at", "url"}
)
"""Texts that no two hits of a page have in common."""


def _blank(cls: type[Record]) -> Any:  # noqa: ANN401
    """Give what is before a first record: it has nothing in common with any."""
    made = loose(cls)()
    for field in attrs.fields(cls):
        setattr(made, field.name, None)
    return made
