"""Faults in what a page says."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import attrs
from attrs.validators import matches_re

from scenario_async.emulator.faults.base import Fault, between, whole
from scenario_async.emulator.parameters import SearchRequest

_NEW = {"futureField": {"nested": [1, None, "new"]}}
_LARGEST = 2**53


@attrs.frozen
class Shift(Fault):
    """Hits are added in front of the ranking while it is read: each later page repeats `by` of the last one's.

    So many are added between one page and the next; the total grows with them.
    """

    name: ClassVar[str] = "shift"
    by: int = attrs.field(default=1, converter=whole, validator=between(1, 1000))

    def asking(self, asked: SearchRequest) -> SearchRequest:
        """Search where the hits of the page were before the others came."""
        window = asked.window
        return _at(asked, max(0, window.offset - self.by * (window.offset // window.size)))

    def telling(self, page: dict[str, Any]) -> dict[str, Any]:
        """Count those that came."""
        read = page["offset"] // page["limit"] if "offset" in page else page["page"] - 1
        return _counted(page, _total(page) + self.by * read)


@attrs.frozen
class RepeatedPage(Fault):
    """The hits of an earlier `page`, counted from 1, whatever is asked for."""

    name: ClassVar[str] = "repeated-page"
    page: int = attrs.field(default=1, converter=whole, validator=between(1, _LARGEST))

    def asking(self, asked: SearchRequest) -> SearchRequest:
        """Search for the earlier page."""
        return _at(asked, min(asked.window.offset, (self.page - 1) * asked.window.size))


@attrs.frozen
class Total(Fault):
    """A total that lies: `says` is high, low, zero or a number."""

    name: ClassVar[str] = "total"
    says: str = attrs.field(default="high", converter=str, validator=matches_re(r"high|low|zero|\d{1,15}"))

    def telling(self, page: dict[str, Any]) -> dict[str, Any]:
        """Tell another total, and as many pages as follow from it."""
        true = _total(page)
        lies = {"high": true * 10 + 1000, "low": true // 2, "zero": 0}
        return _counted(page, lies[self.says] if self.says in lies else int(self.says))


@attrs.frozen
class MissingField(Fault):
    """One hit, the `hit`-th from 0 or else the last, lacks a `field`; dots lead inside: `metadata.kind`."""

    name: ClassVar[str] = "missing-field"
    field: str = attrs.field(default="id", validator=matches_re(r"[^.\s]+(\.[^.\s]+)*"))
    hit: int = attrs.field(default=0, converter=whole, validator=between(0, _LARGEST))

    def telling(self, page: dict[str, Any]) -> dict[str, Any]:
        """Take the field away."""
        hits = list(page["hits"])
        if hits:
            place = min(self.hit, len(hits) - 1)
            hits[place] = _without(hits[place], self.field.split("."))
        return {**page, "hits": hits}


@attrs.frozen
class UnknownFields(Fault):
    """Fields that nobody has heard of, on the page, on every hit and in its metadata."""

    name: ClassVar[str] = "unknown-fields"

    def telling(self, page: dict[str, Any]) -> dict[str, Any]:
        """Add the fields."""
        return {**page, **_NEW, "hits": [_with_more(hit) for hit in page["hits"]]}


def _at(asked: SearchRequest, offset: int) -> SearchRequest:
    return attrs.evolve(asked, window=attrs.evolve(asked.window, offset=offset))


def _total(page: dict[str, Any]) -> int:
    total: int = page["estimatedTotalHits" if "estimatedTotalHits" in page else "totalHits"]
    return total


def _counted(page: dict[str, Any], total: int) -> dict[str, Any]:
    if "estimatedTotalHits" in page:
        return {**page, "estimatedTotalHits": total}
    return {**page, "totalHits": total, "totalPages": -(-total // page["hitsPerPage"])}


def _without(fields: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    key, *inner = path
    if not inner:
        return {name: held for name, held in fields.items() if name != key}
    held = fields.get(key)
    return (
        {**fields, key: _without(cast("dict[str, Any]", held), inner)} if isinstance(held, dict) else fields
    )


def _with_more(hit: dict[str, Any]) -> dict[str, Any]:
    metadata = {"metadata": {**hit["metadata"], **_NEW}} if isinstance(hit.get("metadata"), dict) else {}
    return {**hit, **metadata, **_NEW}
