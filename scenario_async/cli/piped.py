"""The standard input: lines as they come, and all of its text."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "the standard input"
_CHUNK: Final = 65536
_MARK: Final = b"\xef\xbb\xbf"


class Piped:
    """The standard input, in UTF-8 with or without a mark of that; `waits` tells that its next line is not there yet."""

    def __init__(self) -> None:
        if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - it is where a shell has closed it
            raise click.UsageError(f"{NAME} is closed: lead something into it, or name a file")
        self._file: int | None = None
        with suppress(OSError, ValueError, AttributeError):  # of what stands in for it
            self._file = sys.stdin.fileno()
        self._content = b""
        self._ended = False
        self._begun = False

    def __iter__(self) -> Iterator[str]:
        while (line := self._line()) is not None:
            try:
                text = line.decode()
            except UnicodeDecodeError:
                raise click.UsageError(f"{NAME} cannot be read: it is not UTF-8") from None
            yield text

    def text(self) -> str:
        """Give all of it."""
        return "".join(self)

    def waits(self) -> bool:
        """Tell whether asking for a line would take until somebody writes one."""
        if self._file is None or self._ended or b"\n" in self._content:
            return False
        try:
            return not select.select([self._file], [], [], 0)[0]
        except (OSError, ValueError):  # as Windows tells of pipes
            return False

    def _line(self) -> bytes | None:
        while b"\n" not in self._content and not self._ended:
            self._read()
        line, end, self._content = self._content.partition(b"\n")
        return line + end or None

    def _read(self) -> None:
        try:
            if self._file is not None:
                more = os.read(self._file, _CHUNK)
            else:
                more = sys.stdin.read().encode(errors="surrogateescape")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise click.UsageError(f"{NAME} cannot be read: {reason}") from None
        self._ended = not more or self._file is None
        self._content += more
        if not self._begun and len(self._content) >= len(_MARK):
            self._begun, self._content = True, self._content.removeprefix(_MARK)
