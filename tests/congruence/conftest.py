"""The service under test, once for each client and run."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from congruence.service import Budget, Service, is_live
from emulator.records import asset
from support.faces import AsyncFace, Face, SyncFace

from scenario_async import AsyncScenario, Scenario
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each fact through both clients on the emulator, and through one on the real service."""
    if "client_kind" in metafunc.fixturenames:
        kinds = ["async"] if is_live(os.environ) else ["async", "sync"]
        metafunc.parametrize("client_kind", kinds, scope="session")


@pytest.fixture(scope="session")
def budget(client_kind: str) -> Budget:
    """Give the budget of one run of the suite."""
    return Budget()


@pytest.fixture(scope="session")
def service(client_kind: str, budget: Budget) -> Generator[Service]:
    """Give the emulator, or the real service if SCENARIO_LIVE is 1.

    On the emulator the client is told everything, and the environment holds nothing that it could read.
    """
    live = is_live(os.environ)
    with ExitStack() as stack:
        keywords: dict[str, Any] = {"rate_limit": budget, "max_retries": 0}
        if not live:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name in [name for name in os.environ if name.startswith("SCENARIO_")]:
                patch.delenv(name)
            emulator = Emulator(_library(), api_key="key", api_secret="secret", rate_limit=True)
            base_url = stack.enter_context(emulator.running())
            keywords |= {"base_url": base_url, "api_key": "key", "api_secret": "secret"}
        face: Face
        if client_kind == "sync":
            face = SyncFace(Scenario(**keywords))
        else:
            runner = stack.enter_context(asyncio.Runner())
            face = AsyncFace(AsyncScenario(**keywords), runner)
        stack.callback(face.close)
        yield Service(face, live)


def _library() -> Library:
    """Give the sample library with what its pictures are too small and too tame for."""
    library = Library.sample()
    owned = {"ownerId": library.project_id, "privacy": "public"}
    metadata = {"kind": "image", "width": 1920, "height": 1080, "name": "Wide Valley"}
    library.add(asset("asset_wide", metadata, tags=["landscape"], **owned))
    library.add(asset("asset_nsfw", metadata, tags=["landscape", "nsfw"], nsfw=["violence"], **owned))
    return library
