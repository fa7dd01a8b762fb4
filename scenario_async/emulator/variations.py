"""A large sample made of a small one: each asset over and over, as if generated again with other seeds.

Nothing is kept of a variation: its record, and the columns of all of them, follow from its number.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scenario_async.emulator.attributes import MISSING, Record
from scenario_async.emulator.columns import Attribute, Part, Reading, Values, parts_of
from scenario_async.emulator.rows import Records, every
from scenario_async.emulator.sample import FIRST_DAY, SECONDS, address_of

Numbers: TypeAlias = NDArray[np.uint64]

_MODULUS: Final = 2**64
# An odd factor has an inverse, which leads from an id back to its number.
_FACTOR: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_FACTOR, -1, _MODULUS)
_EPOCH: Final = np.datetime64(FIRST_DAY.replace(tzinfo=None), "ms")
_HOURS_LATER: Final = np.array([0, 0, 1, 30, 400], np.uint64)
_HOUR: Final = np.uint64(3_600_000)
_PREFIX: Final = "asset_"


class Variations:
    """So many assets made of `templates`: these first, then variations of them in turn."""

    def __init__(self, templates: Sequence[Record], size: int, seed: int) -> None:
        self._templates = Records(templates)
        self._size = size
        self._salt = int.from_bytes(blake2b(f"variations {seed}".encode(), digest_size=8).digest())
        # What differs between the variations of an asset; all else is the template's own.
        self._varied: Mapping[Attribute, Callable[[Numbers], list[Any]]] = {
            Attribute(("metadata", "seed")): self._seeds,
            Attribute(("createdAt",)): lambda numbers: _timestamps(self._created(numbers)),
            Attribute(("updatedAt",)): lambda numbers: _timestamps(self._updated(numbers)),
            Attribute(("score",)): self._scores,
        }

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, position: int) -> Record:
        template = self._templates[position % len(self._templates)]
        if position < len(self._templates):
            return template
        id_ = self._id(position)
        record: dict[str, Any] = {**template, "id": id_, "url": address_of("assets-transform", id_)}
        record["metadata"] = dict(record["metadata"])
        for attribute, make in self._varied.items():
            if attribute(template) is not MISSING:
                *above, name = attribute.path
                holder = record[above[0]] if above else record
                (holder[name],) = make(np.array([position], np.uint64))
        return record

    def find(self, id: str) -> int | None:
        """Give the position of the asset with this id."""
        if (position := self._templates.find(id)) is not None:
            return position
        try:
            head = urlsafe_b64decode(f"{id.removeprefix(_PREFIX)}==")[:8]
        except (Error, ValueError):
            return None
        position = (int.from_bytes(head) ^ self._salt) * _INVERSE % _MODULUS
        known = len(self._templates) <= position < self._size
        return position if known and self._id(position) == id else None

    def pictured(self, position: int) -> Record:
        """Give the asset that the one at a position is a variation of."""
        return self._templates[position % len(self._templates)]

    def part(self, reading: Reading) -> Part:
        """Read a column without making the records."""
        (templates,) = parts_of(every(self._templates), reading)
        number = len(self._templates)
        codes = np.tile(templates.codes, -(-self._size // number))[: self._size]
        make = self._varied.get(reading) if isinstance(reading, Attribute) else None
        if make is None:
            return Part(templates.values, codes)
        items, new = templates.values.items, np.arange(number, self._size)
        missing = np.array([value is MISSING for value in items], np.bool_)[codes[number:]]
        codes[number:] = np.where(missing, codes[number:], len(items) + new - number)
        return Part(Values([*items, *make(new.astype(np.uint64))]), codes)

    def _id(self, position: int) -> str:
        head = (position * _FACTOR % _MODULUS ^ self._salt).to_bytes(8)
        tail = blake2b(head, digest_size=8, key=b"tail").digest()
        return _PREFIX + urlsafe_b64encode(head + tail).decode()[:22]

    def _draw(self, numbers: Numbers, purpose: int) -> Numbers:
        """Give numbers that look drawn by chance, and are always the same ones."""
        mixed = (numbers ^ np.uint64(self._salt)) + np.uint64(purpose * _FACTOR % _MODULUS)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return mixed ^ (mixed >> np.uint64(31))

    def _seeds(self, numbers: Numbers) -> list[str]:
        return list(map(str, (self._draw(numbers, 1) >> np.uint64(32)).tolist()))

    def _scores(self, numbers: Numbers) -> list[float]:
        return [round(number / _MODULUS, 4) for number in self._draw(numbers, 2).tolist()]

    def _created(self, numbers: Numbers) -> Numbers:
        created: Numbers = self._draw(numbers, 3) % np.uint64(SECONDS * 1000)
        return created

    def _updated(self, numbers: Numbers) -> Numbers:
        updated: Numbers = (
            self._created(numbers) + _HOURS_LATER[self._draw(numbers, 4) % np.uint64(5)] * _HOUR
        )
        return updated


def _timestamps(milliseconds: Numbers) -> list[str]:
    moments = np.datetime_as_string(_EPOCH + milliseconds.astype("timedelta64[ms]"), unit="ms")
    return [f"{moment}Z" for moment in moments.tolist()]
