"""Ids in little memory: what a set would say, at less than its price."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenario_async._paging import seen
from scenario_async._paging.seen import CompactIds


@given(st.lists(st.lists(st.text(max_size=3))), st.integers(0, 5))
def test_it_says_what_a_set_says(pages: list[list[str]], few: int) -> None:
    """Page by page, whether they are few or many: what is new, what was there, and how many there are."""
    ids, expected = CompactIds(), set[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "_FEW", few)
        for page in pages:
            assert ids.isdisjoint(set(page)) == expected.isdisjoint(page)
            assert [each in ids for each in page] == [each in expected for each in page]
            ids.update(page)
            expected.update(page)
            assert len(ids) == len(expected)
        ids.add("another one")
        assert "another one" in ids


def test_a_hundred_thousand_ids_take_less_than_three_megabytes() -> None:
    """A set takes more than ten."""
    tracemalloc.start()
    try:
        ids = CompactIds()
        for page in range(1000):
            ids.update(f"asset_{page:010}_{number:010}" for number in range(100))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(ids) == 100_000
    assert taken < 3_000_000
