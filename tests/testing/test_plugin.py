"""The plugin in somebody else's suite: how it gets there, and what it costs whoever does not use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Suite = Callable[..., pytest.RunResult]

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

pytest_plugins = ["pytester"]

LISTING = """
import json
import sys
from pathlib import Path

def test_nothing_of_scenario():
    Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""


def modules(pytester: pytest.Pytester) -> set[str]:
    """Give what the last run of `LISTING` had loaded."""
    return set(json.loads((pytester.path / "modules.json").read_text()))


def test_an_installed_package_brings_the_fixtures(installed_suite: Suite) -> None:
    """Nothing is to be imported or configured: a test names a fixture and has it."""
    done = installed_suite("""
        def test_knights(scenario, scenario_emulator):
            assert scenario.search.asset_search(query="knight", limit=2).hits
            assert len(scenario_emulator.requests) == 1

        async def test_castles(async_scenario):
            assert (await async_scenario.search.asset_search(query="castle")).hits
    """)
    done.assert_outcomes(passed=2)


def test_a_suite_that_does_not_use_it_loads_three_small_modules(
    installed_suite: Suite, pytester: pytest.Pytester
) -> None:
    """They are the plugin, the package that holds it and its version: no dependency, and no room of ours."""
    installed_suite(LISTING).assert_outcomes(passed=1)
    used = modules(pytester)
    installed_suite(LISTING, "-p", "no:scenario").assert_outcomes(passed=1)
    assert used - modules(pytester) == {"scenario_async", "scenario_async._version", "scenario_async.testing"}


def test_it_can_be_switched_off(installed_suite: Suite) -> None:
    """With `-p no:scenario` the fixtures are not there, and another suite's own ones can be."""
    source = """
        def test_knights(scenario):
            assert scenario
    """
    done = installed_suite(source, "-p", "no:scenario")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*fixture 'scenario' not found"])


def test_fixtures_of_the_same_name_win(suite: Suite) -> None:
    """A suite that has a fixture `scenario` keeps it."""
    done = suite("""
        import pytest

        @pytest.fixture
        def scenario():
            return "theirs"

        def test_theirs(scenario):
            assert scenario == "theirs"
    """)
    done.assert_outcomes(passed=1)


def test_it_is_listed(suite: Suite) -> None:
    """The lists of pytest tell of the marker and of each fixture."""
    done = suite("", "--markers")
    done.stdout.fnmatch_lines(["@pytest.mark.scenario(*keywords of Emulator(...)*"])
    done = suite("", "--fixtures")
    done.stdout.fnmatch_lines_random(
        [
            "scenario_library*",
            "scenario_emulator*",
            "async_scenario*",
            "scenario --*",
            "instant_retries*",
        ]
    )


@pytest.mark.long
def test_workers_of_xdist_have_their_own(installed_suite: Suite) -> None:
    """Tests that run at the same time in two processes know nothing of each other."""
    done = installed_suite(
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_alone(scenario, scenario_emulator, number):
            assert os.environ["SCENARIO_BASE_URL"] == scenario_emulator.base_url
            for _ in range(number):
                scenario.search.asset_search(query="knight", limit=1)
            assert len(scenario_emulator.requests) == number
        """,
        "-n2",
    )
    done.assert_outcomes(passed=8)


@pytest.mark.long
def test_coverage_of_a_program_is_what_it_was(installed_suite: Suite, pytester: pytest.Pytester) -> None:
    """pytest-cov measures the program under test, also lines that only run because a client asked."""
    pytester.makepyfile(
        program="""
        from scenario_async import Scenario

        def count(query):
            with Scenario() as client:
                return client.search.asset_search(query=query, limit=3).hits
        """
    )
    source = """
        import program

        def test_three(scenario_emulator):
            assert len(program.count("knight")) == 3
    """
    done = installed_suite(source, "--cov=program", "--cov-report=term")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["program.py *4 * 0 *100%"])
