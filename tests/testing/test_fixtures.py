"""The fixtures: isolated emulators, clients on any kind of loop, retries without waits."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Suite = Callable[..., pytest.RunResult]

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.long


def test_each_test_has_its_own_emulator(suite: Suite) -> None:
    """What one test adds or asks for is gone in the next one, also where both are given one library."""
    done = suite("""
        import pytest
        from scenario_async.emulator import Library
        from scenario_async.testing import make_asset

        pytestmark = pytest.mark.parametrize("number", [1, 2, 3])
        SHARED = Library(assets=[make_asset().to_dict()])

        def check(scenario, emulator):
            assert emulator.requests == []
            before = len(emulator.library.records("assets"))
            emulator.library.add(make_asset(tags=["zebra"]).to_dict())
            assert len(scenario.search.asset_search(filter="tags = zebra").hits) == 1
            return before

        def test_of_the_sample(scenario, scenario_emulator, number):
            assert check(scenario, scenario_emulator) > 100

        @pytest.mark.scenario(library=SHARED)
        def test_of_one_library(scenario, scenario_emulator, number):
            assert check(scenario, scenario_emulator) == 1
    """)
    done.assert_outcomes(passed=6)


def test_the_environment_leads_to_the_emulator(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that builds its own client finds it, whatever the developer has set; afterwards all is as before."""
    monkeypatch.setenv("SCENARIO_SDK_JWT", "of the developer")
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "proj_developer")
    monkeypatch.setenv("SCENARIO_BASE_URL", "https://api.example/v1")
    before = dict(os.environ)
    done = suite("""
        import os
        import pytest
        from scenario_async import Scenario

        @pytest.fixture(autouse=True, scope="session")
        def restored():
            yield
            assert os.environ["SCENARIO_BASE_URL"] == "https://api.example/v1"
            assert os.environ["SCENARIO_PROJECT_ID"] == "proj_developer"

        def check(emulator, key, secret):
            assert {name: os.environ[name] for name in os.environ if name.startswith("SCENARIO_")} == {
                "SCENARIO_BASE_URL": emulator.base_url,
                "SCENARIO_SDK_API_KEY": key,
                "SCENARIO_SDK_API_SECRET": secret,
            }
            with Scenario() as client:
                assert client.search.asset_search(query="knight", limit=1).hits
            assert len(emulator.requests) == 1

        def test_usual(scenario_emulator):
            check(scenario_emulator, "emulator", "emulator")

        @pytest.mark.scenario(api_key="key", api_secret="secret")
        def test_own_keys(scenario_emulator):
            check(scenario_emulator, "key", "secret")
    """)
    done.assert_outcomes(passed=2)
    assert {k: v for k, v in os.environ.items() if k.startswith("SCENARIO")} == {
        k: v for k, v in before.items() if k.startswith("SCENARIO")
    }


def test_marks_choose_the_emulator(suite: Suite) -> None:
    """Keywords go to `Emulator`; those of a nearer mark win over those of a farther one, one by one."""
    done = suite("""
        import pytest
        from scenario_async import RateLimitError
        from scenario_async.emulator import Library
        from scenario_async.testing import make_asset

        pytestmark = pytest.mark.scenario(seed=1, max_total_hits=3)

        def ids(emulator):
            return [record["id"] for record in emulator.library.records("assets")]

        def found(scenario):
            return len(scenario.search.asset_search(query="", limit=50).hits)

        def test_far(scenario, scenario_emulator):
            assert ids(scenario_emulator) == [record["id"] for record in Library.sample(1).records("assets")]
            assert found(scenario) == 3

        @pytest.mark.scenario(seed=2)
        def test_near(scenario, scenario_emulator):
            assert ids(scenario_emulator) == [record["id"] for record in Library.sample(2).records("assets")]
            assert found(scenario) == 3

        @pytest.mark.scenario(library=Library([make_asset(id="asset_1").to_dict()]))
        class TestOwnLibrary:
            def test_library(self, scenario, scenario_emulator):
                assert ids(scenario_emulator) == ["asset_1"]

            @pytest.mark.scenario(size=100)
            def test_size(self, scenario_emulator):
                sample = Library.sample(1, size=100)
                assert ids(scenario_emulator) == [record["id"] for record in sample.records("assets")]

        @pytest.mark.scenario(size=100)
        class TestSize:
            @pytest.mark.scenario(library=Library([make_asset(id="asset_2").to_dict()]))
            def test_library(self, scenario_emulator):
                assert ids(scenario_emulator) == ["asset_2"]

        @pytest.mark.scenario(rate_limit=2)
        @pytest.mark.usefixtures("instant_retries")
        def test_quota(scenario, scenario_emulator):
            for _ in range(2):
                assert scenario.search.asset_search(query="knight").hits
            with pytest.raises(RateLimitError):
                scenario.search.asset_search(query="knight")
            assert [request.status for request in scenario_emulator.requests] == [200, 200, 429, 429, 429]
    """)
    done.assert_outcomes(passed=6)


def test_a_wrong_mark_is_told(suite: Suite) -> None:
    """A keyword that `Emulator` does not have, or a value without one, is an error that names the right ones."""
    done = suite("""
        import pytest

        @pytest.mark.scenario(sed=1)
        def test_misspelt(scenario_emulator):
            pass

        @pytest.mark.scenario("library")
        def test_positional(scenario_emulator):
            pass

        @pytest.mark.scenario(library=None, size=100)
        def test_both(scenario_emulator):
            pass
    """)
    done.assert_outcomes(errors=3)
    done.stdout.fnmatch_lines(
        [
            "*pytest.mark.scenario does not take sed: its keywords are library, *seed*",
            "*pytest.mark.scenario does not take 'library': its keywords are library, *",
            "*pytest.mark.scenario takes a library, or the size of a sample one",
        ]
    )


def test_a_suite_chooses_its_library(suite: Suite) -> None:
    """The fixture `scenario_library` may be overridden, for a whole session too; a mark wins over it."""
    done = suite("""
        import pytest
        from scenario_async.emulator import Library
        from scenario_async.testing import make_asset, make_model

        @pytest.fixture(scope="session")
        def scenario_library():
            return Library([make_asset(id="asset_1").to_dict()], [make_model(id="model_1").to_dict()])

        @pytest.mark.parametrize("number", [1, 2])
        def test_own(scenario, scenario_emulator, number):
            assert [hit.id for hit in scenario.search.asset_search(filter="width > 0").hits] == ["asset_1"]
            assert [hit.id for hit in scenario.search.model_search(filter="type = custom").hits] == ["model_1"]
            scenario_emulator.library.remove("asset_1")
            assert scenario.search.asset_search(filter="width > 0").hits == []

        @pytest.mark.scenario(library=Library())
        def test_empty(scenario):
            assert scenario.search.asset_search(filter="width > 0").hits == []
    """)
    done.assert_outcomes(passed=3)


def test_made_hits_belong_to_the_emulators_project(suite: Suite) -> None:
    """They are found among one's own, whatever library is searched."""
    done = suite("""
        import pytest
        from scenario_async import F
        from scenario_async.emulator import Library
        from scenario_async.testing import make_asset

        def find(scenario, emulator):
            hit = make_asset(tags=["zebra"])
            assert hit.owner_id == emulator.library.project_id
            emulator.library.add(hit.to_dict())
            assert scenario.search.asset_search(filter=F.tags == "zebra").hits == [hit]

        @pytest.mark.scenario(seed=5)
        def test_sample(scenario, scenario_emulator):
            find(scenario, scenario_emulator)

        @pytest.mark.scenario(library=Library(project_id="proj_mine"))
        def test_own(scenario, scenario_emulator):
            find(scenario, scenario_emulator)

        def test_without_emulator():
            assert make_asset().owner_id == "proj_emulator"
    """)
    done.assert_outcomes(passed=3)


ASYNC_TESTS = """
    import asyncio
    import gc
    import pytest
    from scenario_async import ScenarioError

    {mark}

    CLIENTS = []

    async def test_awaited(async_scenario, scenario_emulator):
        page = await async_scenario.search.asset_search(query="knight", limit=2)
        assert len(page.hits) == 2
        assert len(scenario_emulator.requests) == 1
        CLIENTS.append(async_scenario)

    async def test_it_was_closed():
        client = CLIENTS.pop()
        assert client.is_closed
        with pytest.raises(ScenarioError, match="closed"):
            await client.search.asset_search(query="knight")
        del client
        gc.collect()

    async def test_both_clients_within_a_loop(async_scenario, scenario):
        awaited = await async_scenario.search.asset_search(query="knight", limit=5)
        assert scenario.search.asset_search(query="knight", limit=5).hits == awaited.hits

    async def test_asked_for_within_a_loop(request):
        client = request.getfixturevalue("async_scenario")
        assert len([hit async for hit in client.search.asset_search(query="knight").iter_hits(3)]) == 3
        assert request.getfixturevalue("scenario").search.asset_search(query="knight", limit=1).hits
"""


@pytest.mark.parametrize("scope", ["function", "module", "session"])
@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_with_pytest_asyncio(suite: Suite, mode: str, scope: str) -> None:
    """In both modes, with loops that end with the test or later, and without a warning."""
    mark = f'pytestmark = pytest.mark.asyncio(loop_scope="{scope}")'
    done = suite(ASYNC_TESTS.format(mark=mark), mode=mode)
    done.assert_outcomes(passed=4)


def test_with_anyio(suite: Suite) -> None:
    """The plugin of anyio runs the tests, and pytest-asyncio is not there."""
    mark = "pytestmark = pytest.mark.anyio\n    anyio_backend = pytest.fixture(lambda: 'asyncio')"
    done = suite(ASYNC_TESTS.format(mark=mark), mode=None)
    done.assert_outcomes(passed=4)


def test_without_any_plugin_for_loops(suite: Suite) -> None:
    """A plain test runs its own loops, one after another or one that outlives the client."""
    done = suite(
        """
        import asyncio
        import gc
        import pytest

        @pytest.fixture
        def earlier():
            with asyncio.Runner() as runner:
                yield runner

        @pytest.fixture
        def later(async_scenario):
            with asyncio.Runner() as runner:
                yield runner

        async def count(client):
            return len((await client.search.asset_search(query="knight", limit=2)).hits)

        def test_loops_that_end(async_scenario):
            assert asyncio.run(count(async_scenario)) == 2
            assert asyncio.run(count(async_scenario)) == 2

        def test_a_loop_that_ends_after_the_client(earlier, async_scenario):
            assert earlier.run(count(async_scenario)) == 2

        def test_a_loop_that_ends_before_the_client(later, async_scenario):
            assert later.run(count(async_scenario)) == 2

        def test_nothing_was_left_open():
            gc.collect()
        """,
        mode=None,
    )
    done.assert_outcomes(passed=4)


def test_where_pytest_itself_runs_in_a_loop(suite: Suite) -> None:
    """As in a notebook: a loop runs in the thread in which the fixtures come and go."""
    source = """
        import asyncio

        def test_client(async_scenario, scenario):
            assert asyncio.get_running_loop().is_running()
            assert scenario.search.asset_search(query="knight", limit=1).hits
    """

    async def notebook() -> pytest.RunResult:
        return suite(source, mode=None)

    asyncio.run(notebook()).assert_outcomes(passed=1)


def test_with_unittest(suite: Suite) -> None:
    """Test cases name the fixture by `usefixtures`, and find the emulator through the environment or a fixture."""
    done = suite("""
        import unittest
        import pytest
        from scenario_async import AsyncScenario, Scenario

        @pytest.mark.usefixtures("scenario_emulator")
        class Blocking(unittest.TestCase):
            def test_knights(self):
                with Scenario() as client:
                    self.assertEqual(len(client.search.asset_search(query="knight", limit=2).hits), 2)

        @pytest.mark.scenario(max_total_hits=1)
        class Awaiting(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def take(self, scenario_emulator, async_scenario):
                self.emulator, self.client = scenario_emulator, async_scenario

            async def test_knights(self):
                async with AsyncScenario() as client:
                    self.assertEqual(len((await client.search.asset_search(query="knight")).hits), 1)
                self.assertEqual(len((await self.client.search.asset_search(query="knight")).hits), 1)
                self.assertEqual(len(self.emulator.requests), 2)
    """)
    done.assert_outcomes(passed=2)


def test_retries_at_once(suite: Suite) -> None:
    """What asks for minutes of waiting takes no time, on every client, and the number of attempts stays."""
    done = suite("""
        import time
        import pytest
        from scenario_async import AsyncScenario, RateLimitError, Scenario
        from support.hits import assets
        from support.servers import Answer, answers, paged, serving

        SLOW = {"retry-after": "90"}
        GOOD = {"hits": assets(1), "offset": 0, "limit": 20, "estimatedTotalHits": 1}
        KEYS = {"api_key": "k", "api_secret": "s"}

        @pytest.fixture(autouse=True)
        def quick():
            before = time.monotonic()
            yield
            assert time.monotonic() - before < 30

        @pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
        def test_blocking(instant_retries, status):
            with serving(answers(Answer({}, status, SLOW), Answer({}, status, SLOW), GOOD)) as server:
                with Scenario(base_url=server.base_url, **KEYS) as client:
                    assert client.search.asset_search(query="x").response.attempts == 3
                    assert client.search.asset_search(query="x").response.attempts == 1

        async def test_awaiting(instant_retries):
            with serving(answers(Answer({}, 429, SLOW), Answer({}, 503), GOOD)) as server:
                async with AsyncScenario(base_url=server.base_url, **KEYS, deadline=20) as client:
                    assert (await client.search.asset_search(query="x")).response.attempts == 3

        def test_it_gives_up_as_ever(instant_retries):
            with serving(answers(Answer({}, 429, SLOW))) as server:
                with Scenario(base_url=server.base_url, **KEYS, max_retries=4) as client:
                    with pytest.raises(RateLimitError) as caught:
                        client.search.asset_search(query="x")
            assert caught.value.attempts == len(server.requests) == 5

        def test_waits_are_back_in_the_next_test():
            with serving(answers(Answer({}, 503, SLOW), GOOD)) as server:
                with Scenario(base_url=server.base_url, **KEYS, deadline=5) as client:
                    with pytest.raises(Exception) as caught:
                        client.search.asset_search(query="x")
            assert caught.value.attempts == 1
    """)
    done.assert_outcomes(passed=8)


def test_faults_that_no_search_met_fail_the_test(suite: Suite) -> None:
    """A test that passes without them did not test what it says, and the error names what is left."""
    done = suite("""
        import pytest

        @pytest.mark.scenario(faults="503 retry-after=2 x3, ok, drop kind=models")
        def test_mark(scenario, scenario_emulator, instant_retries):
            with pytest.raises(Exception):
                scenario.with_options(max_retries=1).search.asset_search(query="knight")

        def test_added(scenario_emulator):
            scenario_emulator.faults.add("hang")
    """)
    done.assert_outcomes(passed=2, errors=2)
    done.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_mark*",
            "this test passed, but no search met these faults: 503 retry-after=2, ok, drop kind=models",
            "Let it make the searches they are for, or end it with scenario_emulator.faults.clear(), or mark it *",
            "*ERROR at teardown of test_added*",
            "this test passed, but no search met these faults: hang",
        ]
    )
    done.stdout.no_fnmatch_line("*testing.py*")


def test_faults_that_may_be_left(suite: Suite) -> None:
    """What is used up, repeats, is none, is cleared or allowed is no failure."""
    done = suite("""
        import pytest

        @pytest.mark.scenario(faults="503, ok x5")
        def test_used_up(scenario, scenario_emulator, instant_retries):
            assert scenario.search.asset_search(query="knight", limit=1).response.attempts == 2
            assert scenario_emulator.faults.pending == 4

        @pytest.mark.scenario(faults="503, repeat")
        def test_repeated(scenario_emulator):
            pass

        @pytest.mark.scenario(faults="503")
        def test_cleared(scenario_emulator):
            scenario_emulator.faults.clear()

        @pytest.mark.scenario(allow_unused_faults=True)
        class TestAllowed:
            @pytest.mark.scenario(faults="503")
            def test_allowed(self, scenario_emulator):
                assert scenario_emulator.faults.left == "503"
    """)
    done.assert_outcomes(passed=4)


def test_a_test_that_fails_anyway_is_told_of_once(suite: Suite) -> None:
    """One that fails, is skipped or is expected to fail had no chance to meet its faults."""
    done = suite("""
        import unittest
        import pytest

        pytestmark = pytest.mark.scenario(faults="503")

        def test_failing(scenario_emulator):
            assert False

        def test_skipped(scenario_emulator):
            pytest.skip()

        @pytest.mark.xfail(strict=True)
        def test_expected(scenario_emulator):
            assert False

        @pytest.mark.usefixtures("scenario_emulator")
        class Case(unittest.TestCase):
            def test_failing(self):
                self.fail()
    """)
    done.assert_outcomes(failed=2, skipped=1, xfailed=1)


def test_an_emulator_that_cannot_be_made_is_told_of_in_a_line(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong values, and a missing extra, whose message says how to install it; no traceback through the plugin."""
    source = """
        import pytest

        @pytest.mark.scenario({})
        def test_it(scenario_emulator):
            pass
    """
    for keywords, told in (
        ("size=5", "size is 5: a sample has 100 to 1,000,000 assets"),
        ("faults='nope'", "there is no fault 'nope'*"),
        ("library=[]", "library must be a Library*"),
    ):
        done = suite(source.format(keywords))
        done.assert_outcomes(errors=1)
        done.stdout.fnmatch_lines([f"the emulator of this test cannot be made: {told}"])
        done.stdout.no_fnmatch_line("*testing.py*")

    def nothing(_name: str) -> None:
        return None

    monkeypatch.setattr("scenario_async.emulator.server.find_spec", nothing)
    done = suite(source.format("seed=1"))
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*cannot be made: *pip install '.[[]emulator]'"])
