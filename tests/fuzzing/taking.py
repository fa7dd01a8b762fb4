"""Values of every type, made of bytes: the same bytes give the same values, and no bytes are refused."""

from __future__ import annotations

import json
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from scenario_async import F

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")

NOWHERE: Final = PurePosixPath("/there-is-no-such-directory")
"""Where all paths lie, so that nothing of the machine is read."""

TEXTS: Final = (
    *("", "a", "knight", "asset_1", "é", "ß", "🐉", "\0", "\r\n", "x\r\nX-Evil: 1", "\u2028", "\x85"),
    *('"', "'", "\\", "\\n", "\\u{41}", "AND", "a = 1 OR b = 2", "_geoRadius", "createdAt:desc", "..", "%0d"),
    *("https://cdn.example/a?Signature=s3cr3t", "data:image/png;base64,AAAA", "data:image/svg+xml,<svg/>"),
)
SURROGATES: Final = ("\ud800", "\udfff\ud800", "a\udc80")
MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFFxxxxWEBP", b"xxxxftypavif", b"II*\0")


class Wide(IntEnum):
    """A number with a name."""

    WIDTH = 1024


class Kind(StrEnum):
    """A text with a name."""

    IMAGE = 'im"age'


class Odd(Enum):
    """A name for something else."""

    ONE = (1, 2)


class Vague(tzinfo):
    """A zone that does not know its offset, so that its moments are naive."""

    def utcoffset(self, dt: datetime | None, /) -> timedelta | None:
        """Not know."""
        return None

    dst = utcoffset

    def tzname(self, dt: datetime | None, /) -> str | None:
        """Have no name."""
        return None


class Taker:
    """What is left of some bytes; where they end, it goes on with zeros and nothings."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def chunk(self, most: int = 255) -> bytes:
        """Take some bytes, whose number the first one tells."""
        return self.take(min(self.byte(), most))

    def take(self, count: int) -> bytes:
        """Take so many bytes, or those that are left."""
        found = self._data[self._at : self._at + count]
        self._at += len(found)
        return found

    def rest(self) -> bytes:
        """Take all that is left."""
        return self.take(len(self._data))

    def byte(self) -> int:
        """Take one byte."""
        return int.from_bytes(self.take(1))

    def pick(self, options: Sequence[_T]) -> _T:
        """Take one of a few."""
        return options[self.byte() % len(options)]

    def integer(self) -> int:
        """Take a whole number, most often a small one."""
        kind = self.byte()
        if kind < 128:
            return kind - 8
        return int.from_bytes(self.take(kind % 17), signed=True)

    def floating(self) -> float:
        """Take any of the floats, NaN and the infinities included."""
        if self.byte() % 2:
            return self.integer() / 16
        return float(struct.unpack("<d", self.take(8).ljust(8, b"\0"))[0])

    def whole(self) -> str:
        """Take a text that UTF-8 can carry."""
        kind = self.byte()
        if kind < 128:
            return TEXTS[kind % len(TEXTS)]
        return self.chunk(40).decode("latin-1" if kind % 2 else "utf-8", "replace")

    def text(self) -> str:
        """Take any text at all, halves of characters included."""
        kind = self.byte()
        if kind < 192:
            return self.whole()
        return self.chunk(40).decode("utf-8", "surrogateescape") if kind % 2 else self.pick(SURROGATES)

    def moment(self) -> datetime:
        """Take a moment of any year, in any zone or in none."""
        day = self.pick((date.min, date.max, date(2024, 5, 6), date(999, 1, 1)))
        start = datetime.combine(
            day, time(self.pick((0, 7, 23)), 59, 59, self.pick((0, 1, 120_000, 999_999)))
        )
        hours = self.byte() % 24
        zone = self.pick(
            (None, UTC, timezone(timedelta(hours=hours)), timezone(timedelta(hours=-hours)), Vague())
        )
        return start.replace(tzinfo=zone)

    def literal(self) -> str | float | bool | date:
        """Take what a filter compares with."""
        kinds: tuple[Callable[[], Any], ...] = (
            *(self.text, self.integer, self.floating, self.moment, self.day, lambda: self.byte() % 2 == 0),
            *(lambda: Kind.IMAGE, lambda: Wide.WIDTH, lambda: 10 ** (self.byte() * 40)),
        )
        value: str | float | bool | date = self.pick(kinds)()
        return value

    def day(self) -> date:
        """Take a day of any year."""
        return date.fromordinal(1 + int.from_bytes(self.take(3)) % date.max.toordinal())

    def json(self, depth: int = 3) -> Any:
        """Take what JSON carries."""
        kinds: tuple[Callable[[], Any], ...] = (
            *(self.whole, self.integer, lambda: self.pick((None, True, False, 0.5))),
            *(lambda: self.array(depth - 1), lambda: self.object(depth - 1)),
        )
        return self.pick(kinds if depth else kinds[:3])()

    def array(self, depth: int = 0) -> list[Any]:
        """Take a few values."""
        return [self.json(depth) for _ in range(self.byte() % 4)]

    def object(self, depth: int = 0) -> dict[str, Any]:
        """Take a few names and their values."""
        return {self.whole(): self.json(depth) for _ in range(self.byte() % 4)}

    def picture(self) -> Any:
        """Take what may be a picture."""
        kinds: tuple[Callable[[], Any], ...] = (
            *(self.text, self.chunk, lambda: NOWHERE / self.text(), lambda: bytearray(self.chunk())),
            *(
                lambda: self.pick(MAGIC) + self.chunk(),
                lambda: memoryview(self.pick(MAGIC))[:: self.byte() % 3 + 1],
            ),
            *(lambda: "data:" + self.text() + self.text(), lambda: "data:image/png;base64," + self.text()),
            *(lambda: "data:image/svg+xml" + self.text() + "," + self.text(), self.anything),
        )
        return self.pick(kinds)()

    def anything(self, depth: int = 2) -> Any:
        """Take a value of any type."""
        kinds: tuple[Callable[[], Any], ...] = (
            *(lambda: None, self.text, self.integer, self.floating, self.chunk, self.json, self.literal),
            *(
                lambda: NOWHERE / self.text(),
                lambda: Fraction(self.integer(), 7),
                lambda: Decimal(self.integer()),
            ),
            *(object, lambda: Odd.ONE, lambda: Odd, lambda: print, lambda: (each for each in "ab")),
            *(lambda: range(self.byte()), lambda: F.width, lambda: F.width > self.integer(), lambda: 1j),
            *(lambda: memoryview(self.chunk()), lambda: json.dumps(self.json()), lambda: {self.text()}),
        )
        if depth and self.byte() % 4 == 0:
            several = [self.anything(depth - 1) for _ in range(self.byte() % 4)]
            return self.pick((several, tuple(several), dict(enumerate(several)), {self.text(): several}))
        return self.pick(kinds)()
