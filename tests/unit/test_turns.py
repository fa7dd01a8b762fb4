"""Decoding takes turns, so that many pages that arrive at once do not hold up the loop for all of their time."""

from __future__ import annotations

import asyncio

import pytest

from scenario_async import AsyncScenario


async def test_one_piece_of_work_in_each_round_of_the_loop() -> None:
    """Others on the loop get a word in between any two."""
    client = AsyncScenario(api_key="a", api_secret="b")
    told: list[str] = []

    async def others() -> None:
        for _ in range(20):
            told.append(".")
            await asyncio.sleep(0)

    async def one(number: int) -> None:
        await client._caller.in_turn(lambda: told.append(str(number)))  # pyright: ignore[reportPrivateUsage]

    await asyncio.gather(others(), *(one(number) for number in range(5)))
    text = "".join(told)
    assert [letter for letter in text if letter != "."] == list("01234")
    assert not any(f"{number}{number + 1}" in text for number in range(4))


async def test_a_turn_is_given_back_after_an_error() -> None:
    """And the error is the worker's."""
    client = AsyncScenario(api_key="a", api_secret="b")
    caller = client._caller  # pyright: ignore[reportPrivateUsage]

    def fail() -> None:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await caller.in_turn(fail)
    assert await caller.in_turn(lambda: 1) == 1
