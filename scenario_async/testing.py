"""The pytest plugin `scenario`: a running emulator, clients pointed at it, retries without waits, and hits by hand.

pytest loads this module in every suite, so it imports nothing of the package: a fixture loads what it needs
when a test first asks for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from scenario_async._factories.clients import make_client, searches_of
    from scenario_async._factories.hits import make_asset, make_model, make_workflow
    from scenario_async._factories.pages import make_page
    from scenario_async.client import AsyncScenario
    from scenario_async.emulator import Emulator, Library
    from scenario_async.sync import Scenario

__all__ = ["make_asset", "make_client", "make_model", "make_page", "make_workflow", "searches_of"]

_ROOMS = {"make_client": "clients", "make_page": "pages", "searches_of": "clients"}

_MARKER = (
    "scenario(**keywords): keywords of Emulator(...) for the emulator of this test, seed=1 for instance, and "
    "size=... for a sample library of so many assets, or allow_unused_faults=True for a test that may leave faults "
    "unmet; the nearest mark wins"
)
_LEFT = (
    "this test passed, but no search met these faults: {0}\n"
    "Let it make the searches they are for, or end it with scenario_emulator.faults.clear(), or mark it "
    "scenario(allow_unused_faults=True)."
)
_OWN_KEYWORDS = ("size", "allow_unused_faults")
_PASSED = pytest.StashKey[bool]()
_KEYS = {"api_key": "emulator", "api_secret": "emulator"}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - what it loads here needs attrs, and some of it aiohttp

    return getattr(import_module(f"scenario_async._factories.{_ROOMS.get(name, 'hits')}"), name)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for suites that run with `--strict-markers`."""
    config.addinivalue_line("markers", _MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test passed, for what is to be looked at when it did."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def scenario_library() -> Library | None:
    """Choose the library of `scenario_emulator`: override this fixture; None is the sample library.

    Its scope may be wider than a test: each test gets a copy of its own.
    """
    return None


@pytest.fixture
def scenario_emulator(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, scenario_library: Library | None
) -> Generator[Emulator]:
    """Give an emulator that runs in a thread for this one test, and point the environment at it.

    Its library is the test's own: the sample, what the fixture `scenario_library` gives, or the `library` of
    the marker `scenario`, whose keywords are those of `Emulator`, and `size`. SCENARIO_BASE_URL,
    SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET are set, every other SCENARIO_ variable is gone until the
    test ends.

    A test that passes and leaves faults which no search has met is an error at its end, unless its mark says
    `allow_unused_faults=True`, or it says `scenario_emulator.faults.clear()`.
    """
    from scenario_async._factories import hits  # noqa: PLC0415
    from scenario_async.emulator import Emulator, Library  # noqa: PLC0415

    marked = _marked(request.node, Emulator)
    keywords: dict[str, Any] = {"library": scenario_library, **_KEYS, **marked}
    size = keywords.pop("size", None)
    allow_unused_faults = keywords.pop("allow_unused_faults", False)
    try:
        if size is not None:
            keywords["library"] = Library.sample(keywords.get("seed", 0), size=size)
        if isinstance(keywords["library"], Library):
            keywords["library"] = keywords["library"].copy()
        emulator = Emulator(**keywords)
    except (ImportError, TypeError, ValueError) as error:
        pytest.fail(f"the emulator of this test cannot be made: {error}", pytrace=False)
    monkeypatch.setattr(hits, "owner_id", emulator.library.project_id)
    with emulator.running() as base_url:
        for name in [name for name in os.environ if name.startswith("SCENARIO_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("SCENARIO_BASE_URL", base_url)
        monkeypatch.setenv("SCENARIO_SDK_API_KEY", keywords["api_key"])
        monkeypatch.setenv("SCENARIO_SDK_API_SECRET", keywords["api_secret"])
        yield emulator
    if emulator.faults.left and not allow_unused_faults and request.node.stash.get(_PASSED, False):
        pytest.fail(_LEFT.format(emulator.faults.left), pytrace=False)


@pytest.fixture
def async_scenario(scenario_emulator: Emulator) -> Generator[AsyncScenario]:
    """Give an `AsyncScenario` that talks to `scenario_emulator`; it is closed when the test ends.

    It is bound to no event loop, so it serves tests of pytest-asyncio, of anyio on asyncio, and plain tests
    that call `asyncio.run`.
    """
    from scenario_async._support.portal import portal  # noqa: PLC0415
    from scenario_async.client import AsyncScenario  # noqa: PLC0415

    client = AsyncScenario(base_url=scenario_emulator.base_url)
    yield client
    portal.run(client.aclose)  # on a loop of its own: here one may be running, or none


@pytest.fixture
def scenario(scenario_emulator: Emulator) -> Generator[Scenario]:
    """Give a `Scenario`, the blocking client, that talks to `scenario_emulator`; it is closed when the test ends."""
    from scenario_async.sync import Scenario  # noqa: PLC0415

    with Scenario(base_url=scenario_emulator.base_url) as client:
        yield client


@pytest.fixture
def instant_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every client of this test retry at once: no backoff, no `Retry-After`, no cool-down after a 429.

    How often is retried, and what, stays as it is; so does the quota of a `rate_limit`.
    """
    from scenario_async._calls.retries import Backoff  # noqa: PLC0415

    monkeypatch.setattr(Backoff, "instant", True)


def _marked(node: pytest.Item, emulator_class: type[Emulator]) -> dict[str, Any]:
    """Give the keywords of a test's `scenario` marks, the nearest mark's where several have one."""
    import inspect  # noqa: PLC0415 - pytest has it, but not every suite needs this

    known = [*inspect.signature(emulator_class).parameters, *_OWN_KEYWORDS]
    keywords: dict[str, Any] = {}
    for mark in node.iter_markers("scenario"):
        wrong = [repr(value) for value in mark.args] + [name for name in mark.kwargs if name not in known]
        if wrong:
            told = (
                f"pytest.mark.scenario does not take {', '.join(wrong)}: its keywords are {', '.join(known)}"
            )
            pytest.fail(told, pytrace=False)
        if {"size", "library"} <= mark.kwargs.keys():
            pytest.fail("pytest.mark.scenario takes a library, or the size of a sample one", pytrace=False)
        taken = {"size", "library"} if {"size", "library"} & keywords.keys() else set[str]()
        keywords = {name: value for name, value in mark.kwargs.items() if name not in taken} | keywords
    return keywords
