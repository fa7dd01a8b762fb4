"""What ends a command from outside, as an interruption, so that nothing half-done is left behind."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

_ENDS: Final = ("SIGTERM", "SIGHUP")
"""A request to end, and a terminal that was closed; Windows has not both."""


class EndedError(KeyboardInterrupt):
    """A signal ended the command; `code` is its exit code, as shells have it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code: int = 128 + number


def interruption(error: BaseException) -> KeyboardInterrupt | None:
    """Give what interrupted a command, also where an error came of that, on a terminal that is no longer there."""
    if isinstance(error, KeyboardInterrupt):
        return error
    before = error.__context__ if isinstance(error, OSError) else None
    while before is not None and not isinstance(before, EndedError):
        before = before.__context__
    return before


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise EndedError(number)


@contextmanager
def ending_well() -> Generator[None]:
    """Let these signals be an interruption for a while, where they would end the process; `nohup` stays in force."""
    taken: list[signal.Signals] = []
    for name in _ENDS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            try:
                signal.signal(number, _end)
            except ValueError:  # not in the main thread
                break
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
