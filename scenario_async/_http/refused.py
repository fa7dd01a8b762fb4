"""What may be meant by an attribute that the service does not filter or sort by: one table of those that it documents.

It is loaded when a search was refused, and never by one that succeeds.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._http.structure import shapes_of
from scenario_async.models import wire_name
from scenario_async.searches import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from scenario_async.searches import Search

_SHARED: Final = "name tags collectionIds privacy authorId ownerId createdAt updatedAt"
FILTERABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "asset": tuple(
        "kind width height size aspectRatio mimeType prompt text negativePrompt seed modelId baseModelId modelType "
        f"numInferenceSteps guidance scheduler nsfw {_SHARED}".split()
    ),
    "model": tuple(
        "type source parentModelId capabilities concepts trainingImagesNumber exampleAssetIds "
        "complianceMetadata.subProcessor complianceMetadata.modelProvider complianceMetadata.maintainer "
        f"{_SHARED}".split()
    ),
    "workflow": tuple(f"status {_SHARED}".split()),
}
"""By kind of what is found; for workflows, which no page documents, the fields of their hits."""
SORTABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "asset": ("createdAt", "updatedAt", "width", "height"),
    "model": ("createdAt", "updatedAt", "score"),
    "workflow": ("createdAt", "updatedAt"),
}
_NEAR: Final = 0.7
_QUOTED: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)
_COMPARED: Final = re.compile(
    r"([A-Za-z_][\w.-]*)\s*(?:!=|[<>=]|(?<=\s)(?:IS|IN|NOT|EXISTS|CONTAINS|STARTS)\b|(?<=\s)\S+\s+TO\b)",
    re.ASCII,
)
_WORDS: Final = frozenset({"AND", "OR", "NOT"})


def meant(search: Search[Any], message: str) -> str:
    """Tell which attributes may be meant, or nothing where it is not they that the service's message speaks of."""
    sent: Mapping[str, Any] = search.extra_body or {}
    if re.search("sort", message, re.IGNORECASE):
        return _sorted(search, sent.get("sortBy", search.sort_by) or ())
    text = sent.get("filter", search.filter)
    if not isinstance(text, str):
        return ""
    names = dict.fromkeys(_compared(text))
    named = [each for each in names if re.search(rf"(?<![\w.-]){re.escape(each)}(?![\w-])", message)]
    if not named and not re.search("filter", message, re.IGNORECASE):
        return ""
    known = _known(search, FILTERABLE)
    wrong = next((each for each in named or names if each not in known), None)
    return "" if wrong is None else _filtered(search, wrong, known)


def _compared(text: str) -> Iterator[str]:
    """Give the attributes of a filter."""
    for found in _COMPARED.finditer(_QUOTED.sub('""', text)):
        if found[1] not in _WORDS:
            yield found[1]


def _filtered(search: Search[Any], name: str, known: Iterable[str]) -> str:
    if near := _nearest(name, known):
        return f"did you mean {near}?"
    others = [each for each, names in FILTERABLE.items() if name in names]
    if others:
        return f"{name} is an attribute of {' and '.join(f'{each}s' for each in others)}"
    kind = _documented(search)
    return f"{kind}s are filtered by {', '.join(known)}" if kind else ""


def _sorted(search: Search[Any], orders: object) -> str:
    listed = cast("Iterable[object]", orders if isinstance(orders, (list, tuple)) else [orders])
    names = [str(each).partition(":")[0] for each in listed]
    known = _known(search, SORTABLE)
    wrong = next((each for each in names if each not in known), None)
    if wrong is None:
        return ""
    near, kind = _nearest(wrong, known), _documented(search)
    told = [f"did you mean {near}?"] if near else []
    told += [f"{kind}s are sorted by {', '.join(known)}, each with :asc or :desc"] if kind else []
    return " ".join(told)


def _documented(search: Search[Any]) -> str:
    """Give the documented kind of what a search finds, whatever its own is; nothing for what is not in the table."""
    kinds = (each.kind for each in ENDPOINTS if issubclass(search.hit_class, each.hit_class))
    return next((kind for kind in kinds if kind in FILTERABLE), "")


def _known(search: Search[Any], table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Give the attributes that a table has for what a search finds, or else the fields of its hits."""
    shapes = shapes_of(cast("Hashable", search.hit_class))
    return table.get(_documented(search)) or tuple(each.wire for each in shapes if each.record is None)


def _nearest(name: str, known: Iterable[str]) -> str:
    """Give the attribute that is written almost so, in snake_case or with where it stands in a hit."""
    names = list(known)
    for each in (name, name.rpartition(".")[2]):
        near = get_close_matches(wire_name(each), names, 1, _NEAR)
        if near:
            return near[0]
    return ""
