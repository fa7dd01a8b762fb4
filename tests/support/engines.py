"""A search engine of a few lines, for a server's script: it filters, sorts and pages, and may do each of them wrongly."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from support.hits import asset

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """An engine of some hits, which shows `window` of them and `page` at once; `sorts` tells what it sorts.

    `before` is called with each request, which has a number that begins with 1, and may change the hits or give the
    answer itself; `alter` may change what is shown.
    """

    hits: Hits
    window: int = 1000
    page: int = 100
    sorts: Literal["all", "window", "page", "never"] = "all"
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
        offset, limit = body.get("offset", 0), body.get("limit", 20)
        orders: list[str] = body.get("sortBy") or []
        total = min(len(found), self.window)
        if self.sorts == "all":
            _sort(found, orders)
        found = found[: self.window]
        if self.sorts == "window":
            _sort(found, orders)
        shown = found[offset : offset + min(limit, self.page)]
        if self.sorts == "page":
            _sort(shown, orders)
        return {
            "hits": self.alter(number, body, shown),
            "offset": min(offset, self.window),
            "limit": limit,
            "estimatedTotalHits": total,
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


def _sort(hits: Hits, orders: list[str]) -> None:
    for each in orders:
        name, _, order = each.partition(":")
        hits.sort(key=itemgetter(name), reverse=order == "desc")


def _compare(value: str, operator: str, bound: str) -> bool:
    return {">=": value >= bound, "<=": value <= bound, ">": value > bound, "<": value < bound}[operator]
