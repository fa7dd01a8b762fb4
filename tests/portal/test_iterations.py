"""Iterations of the blocking client, where something comes in between."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import paged, serving

from scenario_async import AssetSearch, Scenario, ScenarioError
from scenario_async._support.portal import portal

if TYPE_CHECKING:
    from collections.abc import Generator

SEARCH = AssetSearch(query="q", limit=10)


@pytest.fixture
def client() -> Generator[Scenario]:
    """Give a client of a server with sixty hits."""
    with (
        serving(paged(assets(60))) as server,
        Scenario(api_key="a", api_secret="b", base_url=server.base_url) as made,
    ):
        yield made


def test_an_interrupt_as_a_page_arrives_ends_the_iteration(
    client: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is lost, so no other follows it; the resume token stands before it."""
    hits = client.search.run(SEARCH).iter_hits()
    taken = [next(hits).id for _ in range(10)]
    run = portal.run

    def interrupted(make: Any, series: Any = None) -> Any:
        run(make, series)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(portal, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(hits)
    assert list(hits) == []
    assert hits.stopped_because is None
    taken += [hit.id for hit in client.search.resume(hits.resume_token, SEARCH)]
    assert taken == [hit["id"] for hit in assets(60)]


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there is no such signal here")
def test_a_handler_cannot_take_from_what_it_interrupts(client: Scenario) -> None:
    """It is an error, and no deadlock; the iteration goes on."""
    hits = client.search.run(SEARCH).iter_hits()
    told: list[str] = []

    def handler(*_: object) -> None:
        with pytest.raises(ScenarioError, match="being read already") as caught:
            next(hits)
        told.append(str(caught.value))

    before = signal.signal(signal.SIGUSR1, handler)
    search = client.search.run
    run = portal.run

    def signalled(make: Any, series: Any = None) -> Any:
        if not told:
            signal.raise_signal(signal.SIGUSR1)
        return run(make, series)

    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(portal, "run", signalled)
            assert len(list(hits)) == 60
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert told
    assert len(search(SEARCH).hits) == 10
