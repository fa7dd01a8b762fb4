"""The programs of the page on moving run with both packages, and print the same with both."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.programs import EXAMPLES, ROOT, environment
from support.servers import Answer, Arrived, paged, serving

from scenario_async._support.moved import ATTRIBUTES
from scenario_async.cli.emulating import make_emulator
from scenario_async.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = [pytest.mark.any_versions, pytest.mark.long]

PROGRAMS = sorted((EXAMPLES / "moving").glob("*.py"))
PAGE = (ROOT / "docs" / "guides" / "moving.md").read_text(encoding="utf-8")
IMPORT = re.compile(r"^((?:from|import) )scenario_async", re.MULTILINE)


@pytest.fixture(scope="module")
def emulator() -> Generator[str]:
    """Give the address of an emulator that takes a token."""
    with Emulator(bearer_tokens=["token"]).running() as url:
        yield url


@pytest.fixture(scope="module")
def by_url() -> Generator[str]:
    """Give the address of a server that takes the offset from the URL as well, where the official SDK puts it."""
    by_body = paged(assets(38))

    def script(request: Arrived) -> Answer | dict[str, Any]:
        request.body["offset"] = max(int(place.get("offset", 0)) for place in (request.query, request.body))
        return by_body(request)

    with serving(script) as server:
        yield server.base_url


def printed(program: str, base_url: str) -> str:
    """Run a program to its end; it says nothing on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(base_url, SCENARIO_SDK_JWT="token"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", [path.stem for path in PROGRAMS])
def test_program_prints_the_same_with_both_packages(name: str, emulator: str, by_url: str) -> None:
    """Only its import is changed."""
    program = (EXAMPLES / "moving" / f"{name}.py").read_text(encoding="utf-8")
    official, changed = IMPORT.subn(r"\1scenario_sdk", program)
    assert changed
    assert "scenario_async" not in official
    base_url = by_url if name.startswith("paging") else emulator
    ours = printed(program, base_url)
    assert ours.strip()
    assert ours == printed(official, base_url)


def test_programs_run_with_the_variables_of_the_readme() -> None:
    """The emulator of the command line takes a token too, so no program needs a variable besides."""
    program = (EXAMPLES / "moving" / "bearer.py").read_text(encoding="utf-8")
    with make_emulator().running() as url:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True, text=True, check=False, timeout=60, env=environment(url),
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("403 AccessDeniedException\n")


def test_the_page_shows_every_program() -> None:
    """Each once."""
    shown = re.findall(r"^```\{literalinclude\} \.\./examples/moving/(\w+)\.py$", PAGE, re.MULTILINE)
    assert sorted(shown) == [path.stem for path in PROGRAMS]
    assert len(shown) == 12


@pytest.mark.parametrize("word", ["http_client", "httpx.Timeout", "cast_to", "omit", "set_default_headers"])
def test_the_page_names_the_keywords(word: str) -> None:
    """Each that an error has a hint for and many programs use."""
    assert word in PAGE


def test_the_page_names_what_hits_had() -> None:
    """Pydantic's names are on the page."""
    names = [name for name in ATTRIBUTES["Record"] if name.startswith("model_")]
    assert len(names) > 3
    assert [name for name in names if name not in PAGE] == []
