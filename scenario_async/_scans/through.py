"""To read hit after hit by offsets, and to part an instant that holds more hits than an engine shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from scenario_async._scans.plan import Ask, Got, Item, UnprovenError
from scenario_async._support.literals import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Literal

    from scenario_async._scans.plan import Part, Plan, Steps

_PATIENCE: Final = 8
"""How often pages may change under a reading that finds nothing new."""


@attrs.frozen(kw_only=True)
class Read:
    """What was read: the hits in their order, and whether they end at the `edge` of what the engine shows.

    `beyond` is the page at which there was enough.
    """

    items: list[Item]
    edge: bool = False
    beyond: Got | None = None


def read_through(
    plan: Plan,
    conditions: tuple[str, ...],
    holds: Callable[[str], bool],
    *,
    order: Literal["asc"] | None = None,
    first: Got | None = None,
    enough: Callable[[Got], bool] = lambda _: False,
) -> Generator[Ask, Got, Read]:
    """Read all that meets some conditions, beginning with the page `first` if that is there.

    Each page begins with a hit of the one before: as long as the order stays, nothing is lost between the two, whatever
    was inserted or deleted. Where it does not, hits were deleted, and the reading goes back. A short page may be a mistake,
    or a service's own limit: where a total says more, the reading goes on until a page brings nothing.
    """
    here: dict[str, Item] = {}
    offset = idle = 0
    deepest = -1
    got = first if first is not None else (yield Ask(conditions=conditions, order=order, size=plan.size))
    while True:
        plan.check(got, holds)
        if offset and not (got.items and got.items[0].id in here):
            idle = idle + 1 if all(item.known for item in got.items) else 0
            if idle > _PATIENCE:
                raise UnprovenError("the hits change their order from request to request")
            offset = max(0, offset - max(1, plan.size - 1))
        else:
            stuck = offset + got.received <= deepest or got.received == 0 == deepest
            nothing = all(item.id in here for item in got.items)
            here.update((item.id, item) for item in got.items)
            if enough(got):
                return Read(items=list(here.values()), beyond=got)
            depth = offset + got.received
            short = got.received < plan.full(got)
            if depth == plan.window or (short and ((stuck and nothing) or not plan.may_follow(got, depth))):
                yield from plan.look_for_window()
                edge = depth > 0 and plan.is_edge(depth)
                plan.reached = max(plan.reached, depth)
                return Read(items=list(here.values()), edge=edge)
            plan.reached = max(plan.reached, depth)
            idle = idle + 1 if nothing else 0
            if idle > _PATIENCE:
                raise UnprovenError("page after page repeats what came before")
            if got.received == 1 and not short:
                raise UnprovenError(
                    "the service gives one hit a page, and two are needed to see that none is lost"
                )
            deepest = max(deepest, depth)
            offset = max(0, depth - 1)
        got = yield Ask(conditions=conditions, order=order, offset=offset, size=plan.size)


def read_apart(
    plan: Plan,
    conditions: tuple[str, ...],
    holds: Callable[[str], bool],
    items: Sequence[Item],
    parts: Sequence[Part],
) -> Steps:
    """Read what is more than the engine shows, and cannot be parted by the scanned attribute, by other attributes.

    `items` are those that could be seen, and tell which values there are.
    """
    if not parts:
        each = f"{plan.window} or more" if plan.window is not None else f"{len(items)}, and maybe more"
        seen = items[0].value if items else "?"
        raise UnprovenError(
            f"{each} hits have {plan.key(seen)!r} as their {plan.attribute} and are alike in all that parts hits; "
            "scan several searches, with filters of yours that part them"
        )
    (name, read), *others = parts
    told: list[str] = []
    while True:
        new = sorted({value for item in items if (value := read(item.hit)) is not None} - {*told})
        rest = (*conditions, *(f"{name} != {literal(value, name)}" for value in [*told, *new]))
        for value in new:
            alone = (*conditions, f"{name} = {literal(value, name)}")
            found = yield from read_through(plan, alone, holds)
            if found.edge:
                yield from read_apart(plan, alone, holds, found.items, others)
        told += new
        found = yield from read_through(plan, rest, holds)
        if not found.edge:
            return
        items = found.items
        if not new:
            yield from read_apart(plan, rest, holds, items, others)
            return
