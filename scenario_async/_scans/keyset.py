"""A walk in sorted order: each page is asked for from the last value of the one before, and begins with what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from scenario_async._scans.plan import TEXT, TRUTH, Ask, Plan, UnprovenError, of_type
from scenario_async._scans.through import read_apart, read_through

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from scenario_async._scans.plan import Got, Steps


@attrs.frozen(kw_only=True)
class Walk:
    """Where a walk stands: at a `bound`, which is still to be asked for, or `past` it.

    `behind` is the value before, to go back to where all hits of the bound were deleted, which happened if it is
    `recovering`. Without a bound, it stands at the beginning.
    """

    bound: str | None = attrs.field(default=None, validator=TEXT)
    behind: str | None = attrs.field(default=None, validator=TEXT)
    past: bool = attrs.field(default=False, validator=TRUTH)
    recovering: bool = attrs.field(default=False, validator=TRUTH)

    def to_json(self) -> dict[str, Any]:
        """Give what a token has of it."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read it from there; `TypeError` for what it cannot be."""
        return cls(**content)


class Keyset(Plan):
    """A plan that walks; `mark` tells where it stands, once it has begun."""

    mark: Walk | None = None
    top: str | None = None
    """The greatest value, once that was asked for."""

    def learned(self) -> dict[str, Any]:
        """Give what was found out, with the greatest value."""
        return {**super().learned(), "top": self.top}

    def know(self, learned: Mapping[str, Any]) -> None:
        """Take that over."""
        super().know(learned)
        self.top = of_type(str, learned.get("top"))

    def again_from(self, mark: Walk | None) -> Callable[[str], bool]:
        """Give what tells whether a hit of some value, which was delivered, may come again from a mark."""
        low = None if mark is None else mark.bound if mark.past or mark.behind is None else mark.behind
        return lambda value: low is None or self.order(value) >= self.order(low)

    def is_past(self, mark: Walk | None, last: str | None) -> bool:
        """Tell whether nothing can come again of hits up to some value."""
        if last is None or mark is None or mark.bound is None:
            return False
        low = mark.bound if mark.past or mark.behind is None else mark.behind
        return self.order(low) > self.order(last)

    def steps(self) -> Steps:
        """Walk on from the mark, or from the beginning."""
        if self.mark is None:
            begun = yield from self._begin()
            if begun is None:
                return
            self.mark = begun
        elif self.top is None:
            self.top = yield from self._top()
        while (onward := (yield from self._step(self.mark, self.top))) is not None:
            self.mark = onward

    def _begin(self) -> Generator[Ask, Got, Walk | None]:
        """Ask for the first page, and prove that the service sorts and compares; None if there is nothing else."""
        first = yield Ask(order="asc", size=self.size)
        if first.received == 0 and self.may_follow(first, 0):  # a mistake, as the total says more
            first = yield Ask(order="asc", size=self.size)
        self.count_window()
        if first.received == 0:
            return None
        self.check_order(first)
        values = [item.value for item in first.items]
        if not self.may_follow(first, first.received):
            self.top = yield from self._top()
            if values and self.top is not None and self.order(self.top) == self.order(values[-1]):
                return None
            if not (values and self.top is not None and self.order(self.top) > self.order(values[-1])):
                yield from self.look_for_window()
                if not self.is_edge(first.received):
                    if values and self.top is not None:
                        yield from self._check_sorting(values[0], self.top, self._onward(first, Walk()))
                    return None
        yield from self.compare(values)
        if self.top is None:
            self.top = yield from self._top()
        mark = self._onward(first, Walk())
        if self.top is not None:
            yield from self._check_sorting(values[0], self.top, mark)
        yield from self._check_first(first)
        return mark

    def _check_first(self, first: Got) -> Steps:
        """Raise `UnprovenError` unless the first page has all hits before its last: it may be cut before it is sorted."""
        last = self.order(first.items[-1].value)
        before = first.received - sum(self.order(item.value) == last for item in first.items)
        conditions = (self.below(self.key(first.items[-1].value)),)
        got = yield Ask(conditions=conditions, order="asc", offset=before, size=1, probes=True)
        if any(not item.known for item in got.items):
            raise UnprovenError(
                f"the service does not sort by {self.attribute}: hits that come before others are not on the first page"
            )

    def _step(self, walk: Walk, top: str | None) -> Generator[Ask, Got, Walk | None]:
        """Ask for a page from where the walk stands, and give where it stands then; None at the end."""
        conditions, holds = self._from(walk)
        got = yield Ask(conditions=conditions, order="asc", size=self.size)
        self.count_window()
        self.check(got, holds)
        self.check_order(got)
        if walk.bound is not None and not walk.past and not self._overlaps(got, walk.bound):
            if walk.recovering:
                raise UnprovenError(
                    f"nothing is left of what was read at {self.attribute} {walk.bound}, so hits may be missing"
                )
            return Walk(bound=walk.behind, recovering=True)
        if not self.may_follow(got, got.received):
            yield from self.look_for_window()
            if not self.is_edge(got.received):
                return (yield from self._end(self._last(got) or walk.bound, walk, top))
        last = self._last(got)
        if last is None:
            if got.received == 0:
                return (yield from self._end(walk.bound, walk, top))
            raise UnprovenError(
                "a whole page has hits that do not fit the schema, so there is no place to go on"
            )
        if walk.bound is None or walk.past or self.order(last) > self.order(walk.bound):
            return self._onward(got, walk)
        return (yield from self._through_ties(walk, conditions, holds, got, top))

    def _through_ties(
        self, walk: Walk, conditions: tuple[str, ...], holds: Callable[[str], bool], got: Got, top: str | None
    ) -> Generator[Ask, Got, Walk | None]:
        """Go on by offsets, as the page has the bound's own hits alone."""
        bound = walk.bound
        assert bound is not None  # noqa: S101 - it was asked for

        def enough(page: Got) -> bool:
            last = self._last(page)
            return last is not None and self.order(last) > self.order(bound)

        read = yield from read_through(self, conditions, holds, order="asc", first=got, enough=enough)
        if read.beyond is not None:
            self.check_order(read.beyond)
            return self._onward(read.beyond, walk)
        if not read.edge:
            return (yield from self._end(bound, walk, top))
        own = self.order(bound)
        yield from read_apart(self, self.instant(bound), lambda value: value == own, read.items, self.parts)
        return Walk(bound=bound, past=True)

    def _end(self, last: str | None, walk: Walk, top: str | None) -> Generator[Ask, Got, Walk | None]:
        """Check that the last hit of all was met, as far as it still stands there; if not, go on."""
        if top is None or (last is not None and self.order(top) <= self.order(last)):
            return None
        now = yield from self._top()
        if now is None or (last is not None and self.order(now) <= self.order(last)):
            return None
        onward = Walk(bound=last, behind=walk.behind, past=False)
        conditions, holds = self._from(onward)
        got = yield Ask(conditions=conditions, order="asc", size=self.size)
        self.check(got, holds)
        if all(item.known for item in got.items):
            raise UnprovenError(
                f"the walk ended at {self.attribute} {last}, but there is a hit of {now}: the service does not sort, or "
                "compares wrongly"
            )
        return onward

    def _from(self, walk: Walk) -> tuple[tuple[str, ...], Callable[[str], bool]]:
        if walk.bound is None:
            return (), lambda _: True
        border = self.order(walk.bound)
        if walk.past:
            return (self.beyond(walk.bound),), lambda value: value > border
        return (self.at_least(walk.bound),), lambda value: value >= border

    def _overlaps(self, got: Got, bound: str) -> bool:
        border = self.order(bound)
        return any(item.known and self.order(item.value) == border for item in got.items)

    def _last(self, got: Got) -> str | None:
        return self.key(got.items[-1].value) if got.items else None

    def _onward(self, got: Got, walk: Walk) -> Walk:
        """Give where to go on behind a page."""
        keys = list(dict.fromkeys(self.key(item.value) for item in got.items))
        if not keys:
            raise UnprovenError(
                "a whole page has hits that do not fit the schema, so there is no place to go on"
            )
        behind = keys[-2] if len(keys) > 1 else walk.bound
        return Walk(bound=keys[-1], behind=behind)

    def _top(self) -> Generator[Ask, Got, str | None]:
        """Give the greatest value."""
        got = yield Ask(order="desc", size=1, probes=True)
        return got.items[0].value if got.items else None

    def _check_sorting(self, lowest: str, top: str, walk: Walk) -> Steps:
        """Raise `UnprovenError` if both orders begin with the same hit, and not all have its value."""
        if self.order(lowest) < self.order(top):
            return
        alone = walk.bound is not None and self.order(walk.bound) == self.order(lowest)
        for others in (self.below, self.beyond):
            if alone:
                got = yield Ask(conditions=(others(self.key(lowest)),), size=1, probes=True)
                alone = not got.items
        if not alone:
            raise UnprovenError(
                f"the service does not sort by {self.attribute}: both orders begin with the same hit"
            )
