"""Hits as lines of JSON and back, without signatures: the very bytes that `_tables.jsonlines` writes, several times as fast.

A page is written by code that is generated once for each class of hits. What that cannot do, or what might look
different (fields that this version does not know, signed URLs in texts, numbers that msgspec spells in its own way), is
left to the code of the tables.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from scenario_async._http import json as codec
from scenario_async._http import typed
from scenario_async._http.structure import shapes_of, structure_hits
from scenario_async._support.loading import LOADING
from scenario_async._tables.texts import json_text
from scenario_async._tables.unsigned import may_be_signed, unsigned
from scenario_async.models import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

_HitT = TypeVar("_HitT", bound=Hit)
_ODD: Final = "not 0.0001 <= abs(value) < 1e16 and value != 0"


class _OddError(ValueError):
    """A number that msgspec spells in its own way, or something nested that may hold one, or a signed URL."""


def lines_of(hits: Sequence[Hit]) -> bytes:
    """Give a line of JSON for each hit, none of them with a signature."""
    if not hits:
        return b""
    make, encode = _maker(cast("Hashable", type(hits[0]))), encoder()
    whole = _encoded_at_once(hits, make)
    if whole is not None and not may_be_signed(whole):
        return whole
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


def _encoded_at_once(hits: Sequence[Hit], make: Callable[[Any], dict[str, Any]]) -> bytes | None:
    """Give the lines of a page in which nothing is odd; None where one by one has to be tried."""
    encode = _encoder_of_lines()
    try:
        return None if encode is None else encode(list(map(make, hits)))
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
def _encoder_of_lines() -> Callable[[list[dict[str, Any]]], bytes] | None:
    try:
        with LOADING:
            import msgspec  # noqa: PLC0415 - of the extra `speed`
    except ImportError:
        return None
    return msgspec.json.Encoder().encode_lines


@cache
def encoder() -> Callable[[dict[str, Any]], bytes]:
    try:
        with LOADING:
            import msgspec  # noqa: PLC0415 - of the extra `speed`
    except ImportError:
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
        return lambda row: encode(row).encode()
    return msgspec.json.Encoder().encode


@cache
def _maker(cls: Any) -> Callable[[Any], dict[str, Any]]:  # noqa: ANN401 - mypy takes no class for a hashable
    """Generate the function that gives a record's JSON, in the order of `to_dict`, with bare URLs."""
    names: dict[str, Any] = {"plain": _plain, "OddError": _OddError}
    lines = ["def make(record):", "    made = {}"]
    for field in shapes_of(cls):
        taken, indent = "value", "        " if field.optional else "    "
        lines.append(f"    value = record.{field.name}")
        if field.optional:
            lines.append("    if value is not None:")
        if field.record is not None:
            made = f"make_{field.name}"
            names[made] = _maker(cast("Hashable", field.record))
            taken = f"[{made}(each) for each in value]" if field.shape == "records" else f"{made}(value)"
        elif field.shape == "number":
            lines.append(f"{indent}if type(value) is float and {_ODD}: raise OddError")
        elif field.wire == "url":
            taken = "value.partition('?')[0]"
        lines.append(f"{indent}made[{field.wire!r}] = {taken}")
    lines += ["    if record.extra: plain(record.extra, made)", "    return made"]
    exec("\n".join(lines), names)  # noqa: S102 - made of our own field names alone
    return cast("Callable[[Any], dict[str, Any]]", names["make"])
