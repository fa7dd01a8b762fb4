"""Hits as lines of JSON and back, without signatures: the very bytes that `_tables.jsonlines` writes, several times as fast.

A page is written by code that is generated once for each class of hits. What that cannot do, or what might look
different (fields that this version does not know, signed URLs in texts, numbers that msgspec spells in its own way), is
left to the code of the tables.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from scenario_async._http import json as codec
from scenario_async._http import typed
from scenario_async._http.structure import shapes_of, structure_hits
from scenario_async._support.loading import LOADING
from scenario_async._tables.texts import json_text
from scenario_async._tables.unsigned import may_be_signed, unsigned
from scenario_async.models import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from scenario_async._http.structure import FieldShape

_HitT = TypeVar("_HitT", bound=Hit)


class _OddError(ValueError):
    """A number that msgspec spells in its own way, or something nested that may hold one, or a signed URL."""


def lines_of(hits: Sequence[Hit]) -> bytes:
    """Give a line of JSON for each hit, none of them with a signature."""
    if not hits:
        return b""
    whole = _written_at_once(hits)
    if whole is not None and not may_be_signed(whole):
        return whole
    make, encode = _maker(cast("Hashable", type(hits[0]))), encoder()
    lines: list[bytes] = []
    for hit in hits:
        try:
            line = encode(make(hit))
        except (TypeError, ValueError, RecursionError):
            line = b""
        if not line or may_be_signed(line):
            line = json_text(unsigned(hit).to_dict()).encode()
        lines.append(line)
    lines.append(b"")
    return b"\n".join(lines)


def _written_at_once(hits: Sequence[Hit]) -> bytes | None:
    """Give the lines of a page in which nothing is odd; None where one by one has to be tried."""
    msgspec = module()
    if msgspec is None:
        return None
    pack = _packer(cast("Hashable", type(hits[0])))
    try:
        return cast("bytes", msgspec.json.Encoder().encode_lines([pack(hit) for hit in hits]))
    except (TypeError, ValueError, RecursionError):
        return None


def hits_of(lines: bytes, hit_class: type[_HitT]) -> list[_HitT]:
    """Give the hits that were written."""
    if not lines:
        return []
    content = b'{"hits":[' + lines[:-1].replace(b"\n", b",") + b"]}"
    found = typed.read(content, hit_class, {})
    return found[0] if found is not None else structure_hits(codec.loads(content)["hits"], hit_class)


def _plain(extra: Mapping[str, Any], made: dict[str, Any]) -> None:
    """Take over fields that this version does not know, if they are plain, as nearly all are."""
    for name, value in extra.items():
        plain = type(value) is str and "?" not in value and "%3" not in value
        if plain or type(value) is int or type(value) is bool:
            made[name] = value
        elif value is not None:
            raise _OddError


@cache
def module() -> Any | None:  # noqa: ANN401
    """Give msgspec, of the extra `speed`; None where it is not installed."""
    try:
        with LOADING:
            import msgspec  # noqa: PLC0415
    except ImportError:
        return None
    return msgspec


def encoder() -> Callable[[dict[str, Any]], bytes]:
    """Give what writes one line."""
    msgspec = module()
    if msgspec is not None:
        return cast("Callable[[dict[str, Any]], bytes]", msgspec.json.Encoder().encode)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    return lambda row: encode(row).encode()


@cache
def _maker(cls: Any) -> Callable[[Any], dict[str, Any]]:  # noqa: ANN401 - mypy takes no class for a hashable
    """Generate the function that gives a record's JSON, in the order of `to_dict`, with bare URLs."""
    names: dict[str, Any] = {"plain": _plain, "OddError": _OddError}
    lines = ["made = {}"]
    for field in shapes_of(cls):
        lines += _read(field)
        there = f"if its_{field.name} is not None: " if field.optional else ""
        lines.append(f"{there}made[{field.wire!r}] = {_taken(field, _maker, names)}")
    lines += ["if record.extra: plain(record.extra, made)", "return made"]
    return _made_of(lines, names)


@cache
def _packer(cls: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    """Generate the function that gives a record as a struct, which msgspec writes as the JSON of `_maker`.

    A struct takes half the time of a dict. A record with fields that this version does not know is a dict.
    """
    msgspec: Any = module()
    shapes = shapes_of(cls)
    fields = [(field.name, object, None if field.optional else msgspec.UNSET) for field in shapes]
    wires = {field.name: field.wire for field in shapes}
    struct = msgspec.defstruct(cls.__name__, fields, rename=wires, omit_defaults=True, gc=False)
    names: dict[str, Any] = {"Struct": struct, "as_dict": _maker(cls), "OddError": _OddError}
    lines = ["if record.extra: return as_dict(record)"]
    values: list[str] = []
    for field in shapes:
        lines += _read(field)
        its, taken = f"its_{field.name}", _taken(field, _packer, names)
        values.append(taken if taken == its else f"None if {its} is None else {taken}")
    return _made_of([*lines, f"return Struct({', '.join(values)})"], names)


def _read(field: FieldShape) -> list[str]:
    """Give the statements that read a field, and refuse an odd number."""
    its = f"its_{field.name}"
    lines = [f"{its} = record.{field.name}"]
    if field.shape == "number":
        odd = f"not 0.0001 <= abs({its}) < 1e16 and {its} != 0"
        lines.append(f"if type({its}) is float and {odd}: raise OddError")
    return lines


def _taken(field: FieldShape, maker: Callable[[Any], Any], names: dict[str, Any]) -> str:
    """Give the expression of what is written of a field that is there; `names` gets what it needs."""
    its = f"its_{field.name}"
    if field.record is None:
        return f"{its}.partition('?')[0]" if field.wire == "url" else its
    make = f"make_{field.name}"
    names[make] = maker(field.record)
    return f"[{make}(each) for each in {its}]" if field.shape == "records" else f"{make}({its})"


def _made_of(lines: Sequence[str], names: dict[str, Any]) -> Callable[[Any], Any]:
    exec("\n    ".join(("def make(record):", *lines)), names)  # noqa: S102 - made of our own field names alone
    return cast("Callable[[Any], Any]", names["make"])
