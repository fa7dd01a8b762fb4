"""Texts as files can hold them: whole characters, and JSON on one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scenario_async.errors import ScenarioError

if TYPE_CHECKING:
    from datetime import datetime


def mended(text: str) -> str:
    """Give a text with U+FFFD for every lone surrogate, which UTF-8 cannot carry."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def all_mended(texts: list[str]) -> list[str]:
    """Give the same for many: nearly all are plain ASCII, which is told fast."""
    return texts if "".join(texts).isascii() else [mended(text) for text in texts]


def json_text(value: object, indent: int | None = None) -> str:
    """Give JSON that UTF-8 can carry, compact unless it is indented."""
    separators = None if indent is not None else (",", ":")
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators, indent=indent)
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"a hit holds what JSON cannot carry: {error}"
    else:
        return text if _is_whole(text) else mended(text)
    raise ScenarioError(reason)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def moment_text(moment: datetime) -> str:
    """Give an instant of UTC as ISO 8601, always with microseconds, so that texts sort as instants do."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
