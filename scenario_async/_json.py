"""JSON from and to bytes: orjson where it is installed, the standard library elsewhere, loaded on first use."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def loads(content: bytes) -> Any:  # noqa: ANN401
    """Read UTF-8 JSON; `ValueError` for what is none, NaN and nesting beyond reason included.

    orjson gives the nearest float for a whole number beyond 64 bits, the standard library that number.
    """
    return _codec()[0](content)


def dumps(value: object) -> bytes:
    """Write UTF-8 JSON."""
    return _codec()[1](value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _standard_loads(content: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _standard_dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


@cache
def _codec() -> tuple[Callable[[bytes], Any], Callable[[object], bytes]]:
    try:
        import orjson  # noqa: PLC0415
    except ImportError:
        return _standard_loads, _standard_dumps

    def dumps(value: object) -> bytes:
        try:
            return orjson.dumps(value)
        except TypeError:  # integers beyond 64 bits, subclasses: rare, and right in the standard library
            return _standard_dumps(value)

    return orjson.loads, dumps
