"""Which request meets which fault."""

import threading
from collections import deque
from collections.abc import Iterable

import attrs

from scenario_async.emulator.faults.base import Fault, Ok
from scenario_async.emulator.faults.script import Entry, Script, Target, read_kind, read_script, write_script


@attrs.define
class _Waiting:
    """An entry, and how many requests are still to meet it."""

    entry: Entry
    left: int


class FaultPlan:
    """The faults that the next requests meet, in the order of arrival; safe to change from any thread.

    Faults are values of `scenario_async.emulator.faults`, or a script: `"503 retry-after=2 x3, ok, hang"`.
    With a `kind`, they are for that kind of search, or for "get-bulk" or "pictures", and others pass them by; without
    one, they are for searches.
    """

    def __init__(self, faults: Fault | str = "") -> None:
        self._lock = threading.Lock()
        self._once: deque[_Waiting] = deque()
        self._rounds: dict[Target | None, deque[_Waiting]] = {}
        if faults:
            self.add(faults)

    @property
    def pending(self) -> int:
        """How many searches are still to meet what was added; what repeats does not count."""
        with self._lock:
            return sum(waiting.left for waiting in self._once)

    @property
    def left(self) -> str:
        """What was added and is still to be met, as a script; empty when nothing is, or nothing but `ok`."""
        with self._lock:
            entries = [attrs.evolve(waiting.entry, times=waiting.left) for waiting in self._once]
        return write_script(entries) if any(not isinstance(entry.fault, Ok) for entry in entries) else ""

    def add(self, faults: Fault | str, *, times: int = 1, kind: Target | None = None) -> None:
        """Let so many of the next searches meet a fault, after those of earlier calls.

        A script is gone through so many times; one that ends in `repeat` is what `repeat` takes.
        """
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times!r}")
        script = _script(faults, kind)
        if script.repeats:
            self.repeat(faults, kind=kind)
            return
        entries = script.entries
        if len(entries) == 1:
            entries, times = [attrs.evolve(entries[0], times=entries[0].times * times)], 1
        with self._lock:
            self._once.extend(_waiting([*entries] * times))

    def repeat(self, faults: Fault | str, *, kind: Target | None = None) -> None:
        """Let all searches meet these in turn, again and again, once those that were added are used up.

        It takes the place of what repeated before, for this kind or for all.
        """
        entries = _script(faults, kind).entries
        with self._lock:
            self._rounds[kind] = deque(_waiting(entries))

    def clear(self) -> None:
        """Forget everything: the next searches meet nothing."""
        with self._lock:
            self._once.clear()
            self._rounds.clear()

    def take(self, kind: Target) -> Fault | None:
        """Give the fault of a request that has arrived; None if nothing is planned for it."""
        with self._lock:
            if (fault := _next(self._once, kind, again=False)) is not None:
                return fault
            for rounds in (self._rounds.get(kind), self._rounds.get(None)):
                if rounds is not None and (fault := _next(rounds, kind, again=True)) is not None:
                    return fault
            return None


def _next(queue: deque[_Waiting], kind: Target, *, again: bool) -> Fault | None:
    """Use the first entry that is for this kind; one that is used up goes, or comes `again` at the end."""
    for place, waiting in enumerate(queue):
        if waiting.entry.meets(kind):
            waiting.left -= 1
            if not waiting.left:
                del queue[place]
                queue.extend(_waiting([waiting.entry] if again else []))
            return waiting.entry.fault
    return None


def _waiting(entries: Iterable[Entry]) -> list[_Waiting]:
    return [_Waiting(entry, entry.times) for entry in entries]


def _script(faults: Fault | str, kind: Target | None) -> Script:
    """Give the entries, those that name no kind for this one."""
    if not isinstance(faults, Fault | str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"faults must be a fault, such as faults.Status(503), or a script, not {faults!r}")
    script = Script([Entry(faults)]) if isinstance(faults, Fault) else read_script(faults)
    if kind is None:
        return script
    read_kind(kind)
    entries = [attrs.evolve(entry, kind=entry.kind or kind) for entry in script.entries]
    return attrs.evolve(script, entries=entries)
