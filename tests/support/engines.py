"""A search engine of a few lines, for a server's script: it filters, sorts and pages, and may do each of them wrongly."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from support.hits import asset

if TYPE_CHECKING:
    from support.servers import Answer, Arrived

Hits: TypeAlias = list[dict[str, Any]]
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_CONDITION = re.compile(r'\(*(\w+) (>=|<=|!=|=|>|<) "?([^"]*?)"?\)*')


def at(minutes: float) -> str:
    """Give a moment so many minutes after the first, as the service writes it."""
    moment = BEGIN + timedelta(minutes=minutes)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def timed(count: int, *, apart: float = 60, name: str = "asset", start: float = 0, **fields: Any) -> Hits:
    """Give hits that were made and changed so many minutes apart."""
    moments = [at(start + number * apart) for number in range(count)]
    return [
        asset(f"{name}_{number:05}", createdAt=moment, updatedAt=moment, **fields)
        for number, moment in enumerate(moments)
    ]


@attrs.define(eq=False)
class TinyEngine:
    """An engine of some hits, which shows `window` of them and `page` at once.

    `before` is called with each request, which has a number that begins with 1, and may change the hits or give the
    answer itself; `alter` may change what is shown.
    """

    hits: Hits
    window: int = 1000
    page: int = 100
    sorts: bool = True
    before: Callable[[int, dict[str, Any]], Answer | None] = lambda _, __: None
    alter: Callable[[int, dict[str, Any], Hits], Hits] = lambda _, __, hits: hits
    compares: Callable[[str, str, str], bool] | None = None
    requests: int = 0

    def __call__(self, request: Arrived) -> Answer | dict[str, Any]:
        """Answer a request."""
        self.requests += 1
        number, body = self.requests, request.body
        given = self.before(number, body)
        if given is not None:
            return given
        found = [hit for hit in self.hits if self._meets(hit, body.get("filter"))]
        for each in (body.get("sortBy") or []) if self.sorts else []:
            name, _, order = each.partition(":")
            found.sort(key=lambda hit, name=name: hit[name], reverse=order == "desc")
        offset, limit = body.get("offset", 0), body.get("limit", 20)
        shown = found[: self.window][offset : offset + min(limit, self.page)]
        return {
            "hits": self.alter(number, body, shown),
            "offset": min(offset, self.window),
            "limit": limit,
            "estimatedTotalHits": min(len(found), self.window),
        }

    def _meets(self, hit: dict[str, Any], filter_: str | None) -> bool:
        for each in (filter_ or "").split(" AND "):
            condition = _CONDITION.fullmatch(each.strip())
            if condition is None:
                continue  # `width >= 0` and the like, which all hits meet
            name, operator, bound = condition.groups()
            value = hit.get(name, hit["metadata"].get(name))
            if isinstance(value, int | float):
                continue
            if operator in ("=", "!="):
                if (value == bound) != (operator == "="):
                    return False
            elif not (self.compares or _compare)(str(value), operator, bound):
                return False
        return True


def _compare(value: str, operator: str, bound: str) -> bool:
    return {">=": value >= bound, "<=": value <= bound, ">": value > bound, "<": value < bound}[operator]
