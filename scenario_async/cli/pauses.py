"""Where the demo waits for its reader."""

from __future__ import annotations

import sys
import time


class Pauses:
    """Waits for Enter, or for some seconds, or not at all.

    Where the input has ended (Ctrl-D, or no input at all) it waits no longer.
    """

    def __init__(self, *, enter: bool = False, seconds: float | None = None) -> None:
        self.enter: bool = enter
        self._seconds = seconds or 0.0

    def __bool__(self) -> bool:
        return self.enter or self._seconds > 0

    def wait(self) -> None:
        """Wait for what is agreed on."""
        if self.enter:
            sys.stdout.flush()
            self.enter = bool(sys.stdin.readline())
        else:
            time.sleep(self._seconds)
