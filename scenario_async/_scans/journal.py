"""What a plan was told since its last mark, so that one which is cut short there need not ask for it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async._scans.plan import Got, Item, of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scenario_async._scans.plan import Part

_MOST: Final = 50_000
"""So many hits are kept; with more, what is cut short begins at its mark."""


class Journal:
    """The replies since a mark; a plan that is told them again comes to where it was."""

    def __init__(self, replies: Sequence[Got] = ()) -> None:
        self._replies = [*replies]

    def add(self, got: Got) -> None:
        """Take a reply down."""
        self._replies.append(got)

    def clear(self) -> None:
        """Begin anew, at another mark."""
        self._replies.clear()

    def to_json(self, parts: Sequence[Part]) -> list[Any]:
        """Give what a ledger keeps of it."""
        if sum(len(got.items) for got in self._replies) > _MOST:
            return []
        return [
            [got.received, got.limit, got.offset, got.total, [_of_item(item, parts) for item in got.items]]
            for got in self._replies
        ]


def replies_of(content: Any, parts: Sequence[Part]) -> list[Got]:  # noqa: ANN401 - whatever stands in a token
    """Read replies from there; `TypeError` or `ValueError` for what they cannot be."""
    return [_reply(each, parts) for each in content]


def told_apart(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Give attributes that can also be read from what a journal has of a hit."""
    return tuple((name, _reader(name, read)) for name, read in parts)


def _reader(name: str, read: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    def from_either(hit: Any) -> str | None:  # noqa: ANN401 - any hit
        return cast("Mapping[str, str | None]", hit)[name] if isinstance(hit, Mapping) else read(hit)

    return from_either


def _of_item(item: Item, parts: Sequence[Part]) -> list[Any]:
    return [item.id, item.value, item.known, *(read(item.hit) for _, read in parts)]


def _reply(content: Any, parts: Sequence[Part]) -> Got:  # noqa: ANN401 - as above
    *numbers, items = content
    received, limit, offset, total = (of_type(int, number) for number in numbers)
    items = [_item(each, parts) for each in items]
    return Got(items=items, received=received or 0, limit=limit, offset=offset, total=total)


def _item(content: Any, parts: Sequence[Part]) -> Item:  # noqa: ANN401 - as above
    id_, value, known, *told = content
    if not (isinstance(id_, str) and isinstance(value, str)):
        raise TypeError
    return Item(id_, value, bool(known), {name: each for (name, _), each in zip(parts, told, strict=True)})
