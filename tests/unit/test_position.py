"""Positions: where a search begins, what travels of it, and where the next page begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from scenario_async import AssetSearch
from scenario_async._paging.position import Position

if TYPE_CHECKING:
    from scenario_async import Search


@pytest.mark.parametrize(
    ("named", "default", "position"),
    [
        ({}, None, Position(by_page=False, number=0, size=None)),
        ({}, 100, Position(by_page=False, number=0, size=100)),
        ({"limit": 7}, 100, Position(by_page=False, number=0, size=7)),
        ({"offset": 30}, None, Position(by_page=False, number=30, size=100)),
        ({"limit": 7, "offset": 30}, 100, Position(by_page=False, number=30, size=7)),
        ({"page": 4}, None, Position(by_page=True, number=4, size=100)),
        ({"hits_per_page": 9}, 100, Position(by_page=True, number=1, size=9)),
        ({"page": 4, "hits_per_page": 9}, None, Position(by_page=True, number=4, size=9)),
    ],
)
def test_first_position(named: dict[str, int], default: int | None, position: Position) -> None:
    """A search's own paging parameters say where it begins."""
    search: Search[Any] = AssetSearch(query="x", **cast("Any", named))
    assert Position.first(search, default_size=default) == position


@pytest.mark.parametrize(
    ("position", "members"),
    [
        (Position(by_page=False, number=0, size=None), {}),
        (Position(by_page=False, number=40, size=20), {"limit": 20, "offset": 40}),
        (Position(by_page=True, number=3, size=20), {"page": 3, "hitsPerPage": 20}),
    ],
)
def test_members_of_a_position(position: Position, members: dict[str, int]) -> None:
    """What travels is either pair, or nothing where no size is asked for."""
    assert position.members() == members


@pytest.mark.parametrize(
    ("position", "received", "after"),
    [
        (Position(by_page=False, number=40, size=20), 13, Position(by_page=False, number=53, size=20)),
        (Position(by_page=True, number=3, size=20), 13, Position(by_page=True, number=4, size=20)),
        (Position(by_page=False, number=0, size=None), 20, Position(by_page=False, number=20, size=100)),
    ],
)
def test_position_after_a_page(position: Position, received: int, after: Position) -> None:
    """The next offset counts the hits received, the next page is one more; both ask for a size."""
    assert position.after(received) == after
