"""The congruence suite's own rules: what it runs against, and that it keeps its budget."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from congruence.assumptions import Assumption
from congruence.service import BUDGET, Budget, BudgetSpentError, Service, is_live
from emulator.talk import basic

from scenario_async import AssetSearch, AsyncScenario, Scenario
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

ROOT = Path(__file__).parents[2]
SUITE = Path(__file__).with_name("test_congruence.py")
KEYS = {"SCENARIO_SDK_API_KEY": "live-key", "SCENARIO_SDK_API_SECRET": "live-secret"}


class Watched(dict[str, str]):
    """An environment that remembers what was read of it."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Give a variable."""
        self.read.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        self.read |= set(self.keys())
        return super().__iter__()


@pytest.mark.parametrize(
    "switch", [{}, {"SCENARIO_LIVE": ""}, {"SCENARIO_LIVE": "0"}, {"SCENARIO_LIVE": "no"}]
)
def test_the_emulator_is_the_default(switch: dict[str, str]) -> None:
    """Whatever credentials there are, only the switch is looked at."""
    environ = Watched(KEYS | switch)
    assert is_live(environ) is False
    assert environ.read == {"SCENARIO_LIVE"}


@pytest.mark.parametrize("credentials", [KEYS, {"SCENARIO_SDK_JWT": "token"}])
def test_the_switch_and_credentials_choose_the_real_service(credentials: dict[str, str]) -> None:
    """Either sort of credentials will do."""
    assert is_live({"SCENARIO_LIVE": "1"} | credentials) is True


@pytest.mark.parametrize("credentials", [{}, {"SCENARIO_SDK_API_KEY": "k"}, dict.fromkeys(KEYS, "")])
def test_the_switch_without_credentials_is_a_mistake(credentials: dict[str, str]) -> None:
    """Nobody takes a run on the emulator for one on the real service."""
    with pytest.raises(pytest.UsageError, match="set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET"):
        is_live({"SCENARIO_LIVE": "1"} | credentials)


def test_several_processes_would_each_spend_a_budget() -> None:
    """So a live run has one."""
    with pytest.raises(pytest.UsageError, match="without -n"):
        is_live({"SCENARIO_LIVE": "1", "PYTEST_XDIST_WORKER": "gw0"} | KEYS)


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_no_request_leaves_beyond_the_budget(kind: str) -> None:
    """The client stops before the request that would be one too many, and derived clients with it."""
    emulator = Emulator()
    with emulator.running() as base_url:
        keywords: dict[str, Any] = {"base_url": base_url, "api_key": "emulator", "api_secret": "emulator"}
        keywords |= {"rate_limit": Budget(2), "max_retries": 0}
        search = AssetSearch(query="castle", limit=1)

        async def through_the_async_client() -> None:
            async with AsyncScenario(**keywords) as client:
                await client.search.run(search)
                await client.with_options(timeout=5.0).search.run(search)
                with pytest.raises(BudgetSpentError, match="its 2 requests"):
                    await client.search.run(search)

        if kind == "async":
            asyncio.run(through_the_async_client())
        else:
            with Scenario(**keywords) as client:
                client.search.run(search)
                client.with_options(timeout=5.0).search.run(search)
                with pytest.raises(BudgetSpentError, match="its 2 requests"):
                    client.search.run(search)
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("live", [False, True])
def test_an_unconfirmed_fact_fails_on_the_emulator_only(live: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """On the real service a difference is reported as expected, with what differs."""
    service = Service(face=None, live=live)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    outcome = pytest.xfail.Exception if live else AssertionError
    told = "two and two are five" if not live else "differs: values compare .*: two and two are five"
    with pytest.raises(outcome, match=told), service.unconfirmed(Assumption.CASE):
        assert 2 + 2 == 5, "two and two are five"
    with pytest.raises(BudgetSpentError), service.unconfirmed(Assumption.CASE):
        raise BudgetSpentError


def test_every_assumption_is_asked_or_says_why_not() -> None:
    """No two are the same, and none is asked that says why it is not."""
    facts = [each.fact for each in Assumption]
    assert len(set(facts)) == len(facts) == len(Assumption.__members__)
    asked = set(re.findall(r"Assumption\.([A-Z_]+)", SUITE.read_text(encoding="utf-8")))
    assert asked == {each.name for each in Assumption if not each.unasked}


def run(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the suite in a process of its own, with nothing of this one's choices."""
    inherited = {
        name: value for name, value in os.environ.items() if "SCENARIO" not in name and "PYTEST" not in name
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/congruence/test_congruence.py",
            "-v",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env=inherited | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_live_run_searches_and_keeps_the_budget() -> None:
    """With the environment pointed at an emulator, all facts hold within the budget, and all are searches."""
    emulator = Emulator(api_key="live-key", api_secret="live-secret", rate_limit=True)
    with emulator.running() as base_url:
        done = run({"SCENARIO_LIVE": "1", "SCENARIO_BASE_URL": base_url} | KEYS)
    assert done.returncode == 0, done.stdout
    assert "[async" in done.stdout
    assert "[sync" not in done.stdout
    requests = list(emulator.requests)
    assert 30 < len(requests) <= BUDGET
    assert {request.method for request in requests} == {"POST"}
    kinds = ("assets", "models", "workflows")
    assert {request.path for request in requests} == {f"/v1/search/{kind}" for kind in kinds}
    signed = [request.headers["Authorization"] for request in requests]
    assert signed.count(basic("live-key", "live-secret")) == len(requests) - 1


def test_a_usual_run_takes_nothing_from_the_environment() -> None:
    """Credentials and an address in the environment reach neither client."""
    emulator = Emulator()
    with emulator.running() as base_url:
        done = run({"SCENARIO_BASE_URL": base_url, "SCENARIO_PROJECT_ID": "proj_other"} | KEYS)
    assert done.returncode == 0, done.stdout
    assert "[async" in done.stdout
    assert "[sync" in done.stdout
    assert list(emulator.requests) == []
