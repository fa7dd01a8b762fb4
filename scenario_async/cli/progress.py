"""How far a command is: on the terminal of its standard error, and nowhere else."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from scenario_async._support.counting import counted
from scenario_async.cli.saying import say

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.progress import Progress as Bar

    from scenario_async.events import ResponseEvent, RetryEvent

_WINDOW: Final = 60.0
_REMAINING: Final = ("x-ratelimit-remaining", "ratelimit-remaining")
_WAIT_SHOWN: Final = 1.0


def is_terminal(stream: Any) -> bool:  # noqa: ANN401 - it may be None, or a replacement
    """Tell whether a standard stream is a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def hint(text: str) -> None:
    """Write a line that helps people, where people read: on the terminal of the standard error."""
    if is_terminal(sys.stderr):
        say(text)


class Progress:
    """Counts what comes, and shows it on a terminal; it steps aside while results are written to the same one."""

    def __init__(self, rate_limit: int, *, unit: str = "hits", prints: bool = True) -> None:
        self._prints = prints
        self._unit = unit
        self.hits: int = 0
        self.pages: int = 0
        self._rate_limit = rate_limit
        self._sent: deque[float] = deque()
        self._remaining: int | None = None
        self._note = ""
        self._bar: Bar | None = None
        self._total: int | None = None
        self._task: Any = None
        self._began = time.monotonic()

    @property
    def hooks(self) -> dict[str, Any]:
        """What a client is to call."""
        return {"on_response": self._replied, "on_retry": self._retried}

    @property
    def quota_left(self) -> int:
        """How many requests may go out within this minute: as the service says, else by our own count."""
        if self._remaining is not None:
            return self._remaining
        while self._sent and self._sent[0] < time.monotonic() - _WINDOW:
            self._sent.popleft()
        return max(self._rate_limit - len(self._sent), 0)

    @property
    def text(self) -> str:
        """What is shown."""
        seconds = max(time.monotonic() - self._began, 0.001)
        parts = [
            counted(self.hits, self._unit.removesuffix("s")),
            counted(self.pages, "page") if self._unit == "hits" else "",
            f"{self.hits / seconds:,.0f} {self._unit}/s",
            f"quota left {self.quota_left}",
        ]
        return " · ".join(filter(None, [*parts, self._note]))

    def begin(self, total: int | None) -> None:
        """Show what follows, of so many hits; nothing where the standard error is no terminal."""
        if not is_terminal(sys.stderr):
            return
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
        from rich.progress import Progress as Shown  # noqa: PLC0415

        columns = [TextColumn("{task.description}", markup=False)]
        self._total = total
        console = Console(stderr=True, markup=False, highlight=False)
        bar = [BarColumn(bar_width=20)] if total else []
        # Not redirected: before rich 15 what stands in for stdout does not tell that it is a terminal.
        self._bar = Shown(
            *bar, *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._task = self._bar.add_task(self.text, total=total)
        self._bar.start()

    def end(self) -> None:
        """Show nothing any more."""
        bar, self._bar = self._bar, None
        if bar is not None:
            with suppress(OSError):  # of a terminal that was closed
                bar.stop()

    @contextmanager
    def aside(self, *, always: bool = False) -> Generator[None]:
        """Leave the terminal to results for a while; `always` also where those go elsewhere."""
        bar = self._bar if always or (self._prints and is_terminal(sys.stdout)) else None
        if bar is not None:
            bar.stop()
        try:
            yield
        finally:
            if bar is not None and bar is self._bar:
                bar.start()

    def count(self, hits: int, pages: int = 1) -> None:
        """Take note of what came."""
        self.hits += hits
        self.pages += pages
        self.show()

    def stand(self, hits: int, pages: int, waiting: float) -> None:
        """Take note of how far it is in all, and how long it waits for the quota."""
        self.hits, self.pages = hits, pages
        self._note = f"429, going on in {waiting:.0f} s" if waiting else ""
        self.show()

    def show(self) -> None:
        """Bring up to date what is shown."""
        if self._bar is not None:
            done = self.hits if self._total is None else min(self.hits, self._total)
            self._bar.update(self._task, completed=done, description=self.text)

    def _replied(self, event: ResponseEvent) -> None:
        self._sent.append(time.monotonic())
        told = next((event.headers[name] for name in _REMAINING if name in event.headers), "")
        self._remaining = int(told) if told.isdecimal() else None
        self._note = ""
        self.show()

    def _retried(self, event: RetryEvent) -> None:
        if event.wait >= _WAIT_SHOWN:
            status = getattr(event.error, "status_code", "no connection")
            self._note = f"{status}, trying again in {event.wait:.0f} s"
            self.show()
