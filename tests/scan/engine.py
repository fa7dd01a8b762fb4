"""A small engine in memory that a plan is carried out against: it may change meanwhile, and do wrong in several ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from scenario_async._scans.plan import Ask, Got, Item, Part, Plan

if TYPE_CHECKING:
    from scenario_async._scans.keyset import Keyset
    from scenario_async._scans.windows import Windows

Compares: TypeAlias = Literal["right", "by day", "always", "never", "strictly"]
CONDITION = re.compile(r'(\w+) (>=|<=|>|<|=|!=) "([^"]*)"')
PARTS: tuple[Part, ...] = (("kind", lambda hit: hit.kind), ("model", lambda hit: hit.model))


@attrs.frozen
class Doc:
    """A hit of the engine."""

    id: str
    value: str
    kind: str | None = None
    model: str | None = None
    rank: int = 0


Change: TypeAlias = Callable[["Engine"], None]


@attrs.define
class Engine:
    """Docs in the order in which they were laid down, and what is wrong with the engine.

    `changes` happen one after each request. A page has `page` hits at most, and all pages together `window`; `echoes`
    tells whether an offset beyond that is echoed as the window.
    """

    docs: list[Doc]
    window: int = 1000
    page: int = 100
    echoes: bool = True
    sorts: bool = True
    ranks: bool = False
    compares: Compares = "right"
    changes: Sequence[Change] = ()
    requests: int = 0
    deleted: set[str] = attrs.field(factory=set[str])
    last: list[Doc] = attrs.field(factory=list[Doc])

    def answer(self, ask: Ask) -> Got:
        """Answer a request, then change."""
        found = [doc for doc in self.docs if all(self._meets(doc, each) for each in ask.conditions)]
        if self.sorts and ask.order is not None:
            found.sort(key=lambda doc: doc.value.lower(), reverse=ask.order == "desc")
        if self.ranks:
            found.sort(key=lambda doc: doc.rank)
        limit = min(ask.size, self.page)
        shown = found[: self.window][ask.offset : ask.offset + limit]
        self.last = shown
        if self.requests < len(self.changes):
            self.changes[self.requests](self)
        self.requests += 1
        offset = min(ask.offset, self.window) if self.echoes else ask.offset
        items = [Item(doc.id, doc.value, known=False, hit=doc) for doc in shown]
        return Got(items=items, received=len(items), limit=limit, offset=offset)

    def delete(self, docs: Sequence[Doc]) -> None:
        """Delete some."""
        gone = {doc.id for doc in docs}
        self.deleted |= gone
        self.docs = [doc for doc in self.docs if doc.id not in gone]

    def insert(self, doc: Doc, place: int) -> None:
        """Lay one down before another."""
        self.docs.insert(min(place, len(self.docs)), doc)

    def _meets(self, doc: Doc, condition: str) -> bool:
        found = CONDITION.fullmatch(condition)
        assert found is not None, condition
        name, operator, bound = found.groups()
        if name != "createdAt":
            value = getattr(doc, name)
            same = value is not None and value.lower() == bound.lower()
            return same if operator == "=" else not same
        value = doc.value.lower()
        if self.compares in ("always", "never"):
            return self.compares == "always"
        if self.compares == "right":
            bound = bound.lower()
        if self.compares == "strictly":
            bound, operator = bound.lower(), operator[0]
        tests: dict[str, bool] = {
            ">=": value >= bound, "<=": value <= bound, ">": value > bound, "<": value < bound,
        }  # fmt: skip
        return tests[operator]


class EndlessError(Exception):
    """A plan does not come to its end."""


def carried_out(plan: Keyset | Windows, engine: Engine, most: int = 20_000) -> list[str]:
    """Carry a plan out, and give the ids that it delivers, each once."""
    delivered: dict[str, None] = {}
    steps = plan.steps()
    try:
        ask = next(steps)
        while True:
            if engine.requests > most:
                raise EndlessError
            got = engine.answer(ask)
            items = [attrs.evolve(item, known=item.id in delivered) for item in got.items]
            if not ask.probes:
                delivered |= dict.fromkeys(item.id for item in items)
            ask = steps.send(attrs.evolve(got, items=items))
    except StopIteration:
        return list(delivered)


def planned(kind: type[Any], size: int, parts: Sequence[Part] = PARTS) -> Any:
    """Make a plan."""
    plan: Plan = kind("createdAt", size, parts)
    return plan
