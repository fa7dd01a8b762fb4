"""What a forked child must begin anew: locks that another thread held, loops and sockets of its parent."""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet


class Forgetful(Protocol):
    """Something that can begin anew."""

    def forget(self) -> None:
        """Begin anew, in a child that was just forked."""
        ...


_FORGETFUL: Final[WeakSet[Forgetful]] = WeakSet()


def begins_anew(thing: Forgetful) -> None:
    """Let something forget in every child that is forked from now on."""
    _FORGETFUL.add(thing)


def _after_fork() -> None:
    for thing in list(_FORGETFUL):
        thing.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
