"""Plans against a small engine: whatever it does, each run has every hit that stood there the whole time, or says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from scan.engine import Doc, Engine, carried_out, planned

from scenario_async._scans.keyset import Keyset
from scenario_async._scans.plan import UnprovenError
from scenario_async._scans.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scan.engine import Change

MANY = settings(max_examples=150, deadline=None)
PLANS = {"keyset": Keyset, "windows": Windows}


def moment(day: int, hour: int) -> str:
    """Give a timestamp."""
    return f"2025-01-{day:02}T{hour:02}:00:00.000Z"


MOMENTS = st.builds(moment, st.integers(1, 5), st.integers(0, 6))


@st.composite
def libraries(draw: st.DrawFn, least: int = 0, most: int = 90) -> list[Doc]:
    """Make hits with ties of every size, in any order."""
    groups = draw(st.lists(st.tuples(MOMENTS, st.integers(1, 25)), max_size=12))
    values = [value for value, count in groups for _ in range(count)][:most]
    values = draw(st.permutations(values)) if draw(st.booleans()) else values
    kinds = draw(st.lists(st.sampled_from(["image", "video", None]), min_size=1, max_size=5))
    models = draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=7))
    ranks = draw(st.lists(st.integers(0, 9), min_size=1, max_size=9))
    return [
        Doc(
            f"{place}",
            value,
            kinds[place % len(kinds)],
            models[place % len(models)],
            ranks[place % len(ranks)],
        )
        for place, value in enumerate(values)
    ]


def _nothing(engine: Engine) -> None:
    """Leave it as it is."""


def _deletes(places: Sequence[int]) -> Change:
    return lambda engine: engine.delete(
        [engine.docs[place % len(engine.docs)] for place in places if engine.docs]
    )


def _deletes_the_boundary(engine: Engine) -> None:
    if engine.last:
        engine.delete([doc for doc in engine.docs if doc.value == engine.last[-1].value][:30])


def _deletes_what_was_last(engine: Engine) -> None:
    engine.delete(engine.last[-1:])


def _inserts(number: int, value: str, place: int) -> Change:
    return lambda engine: engine.insert(Doc(f"new {number}", value, "image", "a"), place)


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    """Make what happens after each request."""
    made: list[Change] = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["nothing", "delete", "boundary", "last", "insert"]))
        if kind == "delete":
            made.append(_deletes(draw(st.lists(st.integers(0, 100), min_size=1, max_size=4))))
        elif kind == "insert":
            made.append(_inserts(number, draw(MOMENTS), draw(st.integers(0, 100))))
        else:
            made.append(
                {"nothing": _nothing, "boundary": _deletes_the_boundary, "last": _deletes_what_was_last}[kind]
            )
    return made


def outcome(plan: Any, engine: Engine) -> str:
    """Carry out a plan; everything that stood there the whole time was delivered, or it says that it cannot prove it."""
    at_first = {doc.id for doc in engine.docs}
    try:
        delivered = carried_out(plan, engine)
    except UnprovenError:
        return "raised"
    assert not (at_first - engine.deleted) - {*delivered}
    return "complete"


@pytest.mark.long
@pytest.mark.parametrize("kind", PLANS)
@MANY
@given(
    docs=libraries(),
    window=st.integers(2, 50),
    page=st.integers(2, 10),
    changing=changes(),
    echoes=st.booleans(),
)
def test_nothing_is_lost_while_hits_come_and_go(
    *, kind: str, docs: list[Doc], window: int, page: int, changing: list[Change], echoes: bool
) -> None:
    """An engine that does right, whatever is deleted and inserted after each request."""
    window = window if echoes else max(window, page)
    engine = Engine(docs, window=window, page=page, echoes=echoes, ranks=kind == "windows", changes=changing)
    event(outcome(planned(PLANS[kind], page), engine))


@pytest.mark.parametrize("kind", PLANS)
@MANY
@given(docs=libraries(), window=st.integers(2, 50), page=st.integers(2, 10))
def test_an_engine_that_does_right_is_read_completely(
    kind: str, docs: list[Doc], window: int, page: int
) -> None:
    """Unless an instant has more hits alike than the engine shows, nothing keeps a run from its end.

    Those that have no value by which an instant could be parted may hide others, and are left out here.
    """
    docs = [attrs.evolve(doc, kind=doc.kind or "image", model=doc.model or "a") for doc in docs]
    alike = [(doc.value, doc.kind, doc.model) for doc in docs]
    engine = Engine(docs, window=window, page=page, ranks=kind == "windows")
    done = outcome(planned(PLANS[kind], page), engine)
    if max((alike.count(each) for each in alike), default=0) < window:
        assert done == "complete"


@pytest.mark.long
@pytest.mark.parametrize("kind", PLANS)
@pytest.mark.parametrize("compares", ["right", "by day", "always", "never", "strictly"])
@MANY
@given(
    docs=libraries(), window=st.integers(2, 50), page=st.integers(1, 10), changing=changes(), sorts=st.booleans(),
    echoes=st.booleans(),
)  # fmt: skip
def test_an_engine_that_does_wrong_is_found_out(
    *, kind: str, compares: Any, docs: list[Doc], window: int, page: int, changing: list[Change], sorts: bool,
    echoes: bool,
) -> None:  # fmt: skip
    """A sort that is ignored, a comparison that is wrong, a window smaller than a page: complete, or an error.

    What shows that the sort is ignored is that both orders begin with the same hit, so that one stays where it is.
    """
    changing = changing if sorts else []
    window = window if echoes else max(window, page)
    engine = Engine(
        docs, window=window, page=page, sorts=sorts, compares=compares, ranks=kind == "windows", changes=changing,
        echoes=echoes,
    )  # fmt: skip
    event(outcome(planned(PLANS[kind], page), engine))
