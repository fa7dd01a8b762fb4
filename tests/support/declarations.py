"""Whether the fields of a class that callers fill are declared in full."""

from __future__ import annotations

import inspect
from typing import Any

import attrs

WAYS = frozenset({"body", "url", "page", "not"})


def undeclared(cls: type[Any], *, travels: bool = False) -> dict[str, list[str]]:
    """Give what each field's declaration lacks: its words, a rule or a converter, and the way it `travels`."""
    text = inspect.getdoc(cls) or ""
    lacking: dict[str, list[str]] = {}
    for field in attrs.fields(cls):
        declared = field.metadata
        words = declared.get("words", "")
        missing = {
            "words": not words.endswith(".") or f"{field.name}: {words}" not in text,
            "rule": not callable(declared.get("rule")) and field.converter is None,
            "way": travels and declared.get("travels") not in WAYS,
        }
        if any(missing.values()):
            lacking[field.name] = [what for what, lacks in missing.items() if lacks]
    return lacking
