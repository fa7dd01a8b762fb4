"""Own records, and public ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.records import asset, model, workflow

from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from emulator.talk import Talk


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """Give own records of each privacy, and others' ones."""
    made: dict[str, list[Any]] = {
        prefix: [
            make(f"{prefix}_{owner}_{privacy}", ownerId=f"proj_{owner}", privacy=privacy, tags=[privacy])
            for owner in ("own", "other")
            for privacy in ("private", "public", "unlisted")
        ]
        for prefix, make in (("asset", asset), ("model", model), ("workflow", workflow))
    }
    return Emulator(Library(made["asset"], made["model"], made["workflow"]))


@pytest.mark.parametrize("kind", ["assets", "models", "workflows"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"own_private", "own_public", "own_unlisted"}),
        ({"public": False}, {"own_private", "own_public", "own_unlisted"}),
        ({"public": True}, {"own_public", "other_public"}),
        ({"public": True, "filter": "ownerId = proj_other"}, {"other_public"}),
        ({"public": True, "filter": "privacy = private"}, set[str]()),
        ({"filter": "ownerId != proj_own"}, set[str]()),
        ({"public": True, "query": "private"}, set[str]()),
        ({"query": "unlisted"}, {"own_unlisted"}),
    ],
)
async def test_a_search_sees_one_scope(
    talk: Talk, kind: str, body: dict[str, Any], expected: set[str]
) -> None:
    """Without `public` a search sees what the project owns, with it what anybody made public."""
    found = await talk.ids(kind, **{"query": "", **body})
    assert {id_.partition("_")[2] for id_ in found} == expected
