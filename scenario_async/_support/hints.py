"""What people forget, answered with what to write instead: only at run time, so that type checkers go on refusing it."""

from __future__ import annotations

from typing import Any


def instead(hint: str) -> Any:  # noqa: ANN401 - it stands where a method would
    """Make a method that is not there for use: it raises `TypeError` with the way out."""

    def refuse(self: object, *_: object) -> None:
        raise TypeError(f"{type(self).__name__}: {hint}")

    return refuse
