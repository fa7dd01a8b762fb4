"""JSON from and to bytes: msgspec where it is installed, the standard library elsewhere, loaded on first use."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from scenario_async._support.loading import LOADING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LEVELS: Final = 100
"""How deeply JSON may be nested to be kept: whatever walks it, as pickle does, needs a frame or more a level."""
_MOST_VALUES: Final = 1_000_000
_NEVER_TOO_MANY: Final = 1024 * 1024
_SIGNS_OF_VALUES: Final = (b",", b"[", b"{")
_SURROGATE: Final = re.compile(
    rb"\\u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|\\u[Dd][89A-Fa-f][0-9A-Fa-f]{2}|\\.",
    re.DOTALL,
)
_REPLACEMENT: Final = rb"\ufffd"


def loads(content: bytes) -> Any:  # noqa: ANN401
    """Read UTF-8 JSON; `ValueError` for what is none, NaN and nesting beyond reason included.

    Half a character (an escaped lone surrogate, as programs write that cut texts by UTF-16 units) becomes U+FFFD.
    More than a million values are refused: decoded, they would take thirty times the memory of their bytes.
    """
    if too_many_values(content):
        raise ValueError(f"it holds more than {_MOST_VALUES:,} values; a smaller page has less")
    return _codec()[0](content)


def too_many_values(content: bytes) -> bool:
    """Tell whether JSON holds more than a million values, or nearly."""
    return len(content) > _NEVER_TOO_MANY and sum(map(content.count, _SIGNS_OF_VALUES)) > _MOST_VALUES


def too_deep(value: object) -> bool:
    """Tell whether decoded JSON is nested more than `MOST_LEVELS` deep."""
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def dumps(value: object) -> bytes:
    """Write UTF-8 JSON."""
    try:
        return _codec()[1](value)
    except (TypeError, RecursionError):  # subclasses, depth: rare, and right in the standard library
        return _standard_dumps(value)


def _inside(value: object) -> list[object]:
    if type(value) is dict:
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if type(value) is list else []


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _standard_loads(content: bytes) -> Any:  # noqa: ANN401
    text = _whole_characters(content).decode("utf-8")
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _whole_characters(content: bytes) -> bytes | bytearray:
    escapes = content.count(rb"\ud") + content.count(rb"\uD")
    if not escapes:
        return content
    if escapes > _MOST_VALUES:
        raise ValueError(f"it holds more than {_MOST_VALUES:,} escaped surrogates")
    mended = bytearray(content)  # changed in place, as millions of pieces would take more than the whole
    for found in _SURROGATE.finditer(content):
        if found.end() - found.start() == len(_REPLACEMENT):
            mended[found.start() : found.end()] = _REPLACEMENT
    return mended


def _standard_dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


@cache
def _codec() -> tuple[Callable[[bytes], Any], Callable[[object], bytes]]:
    try:
        with LOADING:
            import msgspec  # noqa: PLC0415

            decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    except ImportError:
        return _standard_loads, _standard_dumps

    def loads(content: bytes) -> Any:  # noqa: ANN401
        try:
            return decode(content)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            mended = _whole_characters(content)
            reason = str(error)
        if mended is content:
            raise ValueError(reason)
        return _standard_loads(bytes(mended))

    return loads, encode
